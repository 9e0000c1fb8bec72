//! The timeline: the newest message stays in view, and what is being read stays where it is.

use std::time::Duration;

use parlor_tests::browser::Browser;

use super::room::{COMPOSER, DESK, Guest, NEWER, PHONE, Room, SOON, TIMELINE};

const AT_END: &str = "((t) => t.scrollHeight - t.scrollTop - t.clientHeight < 2)\
    (document.querySelector('[data-testid=timeline]'))";

/// Fills the room from a program, and waits until the page shows all of it.
async fn fill(room: &Room, guest: &Guest, count: usize) -> websocket_client::WebSocket {
    let mut program = room.connect("/chat").await;
    for number in 1..=count {
        program.send(format!("line {number}")).await.expect("the connection is open");
    }
    let shown = format!("document.querySelectorAll('[data-testid=message]').length === {count}");
    guest.tab.wait_for(&shown, SOON).await;
    program
}

#[tokio::test]
async fn the_newest_message_stays_in_view_until_one_scrolls_up() {
    let browser = Browser::shared().await;
    for screen in [DESK, PHONE] {
        let room = Room::open();
        let ann = room.enter_with(&browser, screen).await;
        let mut program = fill(&room, &ann, 120).await;
        ann.tab.wait_for(AT_END, SOON).await;
        assert_eq!(ann.ask(NEWER, "element.hidden").await, true);

        ann.tab.wheel(TIMELINE, -700).await;
        ann.tab.wait_for(&format!("!{AT_END}"), SOON).await;
        // Scrolling is smooth; it is over when the place is the same for a while.
        ann.tab.evaluate("new Promise((settled) => setTimeout(settled, 400))").await;
        let place = ann.ask(TIMELINE, "element.scrollTop").await;
        program.send("late").await.expect("the connection is open");
        ann.tab
            .wait_for("document.querySelector('[data-testid=newer]').textContent === '1 new message'", SOON)
            .await;
        program.send("later").await.expect("the connection is open");
        ann.tab
            .wait_for("document.querySelector('[data-testid=newer]').textContent === '2 new messages'", SOON)
            .await;
        assert_eq!(ann.ask(TIMELINE, "element.scrollTop").await, place);

        if screen.phone {
            ann.tab.tap(NEWER).await
        } else {
            ann.tab.click(NEWER).await
        }
        ann.tab.wait_for(AT_END, SOON).await;
        ann.tab.wait_for("document.querySelector('[data-testid=newer]').hidden", SOON).await;
        let focused = ann.ask(COMPOSER, "document.activeElement === element").await;
        assert_eq!(focused, !screen.phone, "a phone's keyboard opens only when asked for");
        ann.is_content();
    }
}

#[tokio::test]
async fn whoever_speaks_sees_it_said() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let _program = fill(&room, &ann, 100).await;
    ann.tab.wheel(TIMELINE, -700).await;
    ann.tab.wait_for(&format!("!{AT_END}"), SOON).await;
    ann.say("my word").await;
    ann.sees(&ann.name, "my word").await;
    ann.tab.wait_for(AT_END, Duration::from_secs(2)).await;
}

#[tokio::test]
async fn a_long_evening_keeps_the_page_small() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let mut program = room.connect("/chat").await;
    // Once it is heard it is somebody, and may say as much as it likes.
    program.send("line 0").await.expect("the connection is open");
    program.recv().await.expect("it hears itself");
    for number in 1..=1500 {
        program.send(format!("line {number}")).await.expect("the connection is open");
    }
    let last =
        "Array.from(document.querySelectorAll('[data-testid=text]')).at(-1)?.textContent === 'line 1500'";
    ann.tab.wait_for(last, SOON).await;
    ann.tab.wait_for(AT_END, SOON).await;
    // The newest are drawn first, the others a few at a time.
    let rows = "document.querySelector('.rows').children.length";
    ann.tab.wait_for(&format!("{rows} >= 400"), SOON).await;
    let rows = ann.tab.evaluate(rows).await.as_u64().expect("a number");
    assert!(rows <= 410, "{rows} rows");
    ann.is_content();
}
