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

#[tokio::test]
async fn what_was_said_before_comes_while_one_scrolls_up_and_nothing_moves() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let mut program = room.connect("/chat").await;
    program.send("the first word").await.expect("the connection is open");
    program.recv().await.expect("it hears itself");
    for number in 1..=240 {
        program.send(format!("line {number} {}", "and more ".repeat(number % 30))).await.expect("it is open");
    }
    let last = "document.querySelector('.rows').textContent.includes('line 240')";
    ann.tab.wait_for(last, SOON).await;
    ann.tab.reload().await;
    ann.tab.wait_for(last, SOON).await;
    ann.tab.wait_for(AT_END, SOON).await;
    // A row in view, and how far it is from where it was, after what the wheel did and more rows have come.
    let watch = "(() => { const top = document.querySelector('[data-testid=timeline]').getBoundingClientRect().top; \
         const row = [...document.querySelectorAll('.message')] \
             .find((one) => one.getBoundingClientRect().bottom > top + 100); \
         const before = row.getBoundingClientRect().top; \
         return new Promise((done) => setTimeout(() => done( \
             Math.abs(document.querySelector(`[data-key=\"${row.dataset.key}\"]`).getBoundingClientRect().top - before)), 150)); })()";
    for turn in 0.. {
        if ann.messages().await.first().is_some_and(|first| first == "the first word") {
            break;
        }
        assert!(turn < 60, "the beginning does not come");
        ann.tab.wheel(TIMELINE, -2_000).await;
        ann.tab.evaluate("new Promise((settled) => setTimeout(settled, 250))").await;
        let moved = ann.tab.evaluate(watch).await.as_f64().expect("a number");
        assert!(moved < 2.0, "what is read moved by {moved} pixels");
    }
    ann.is_content();
}

#[tokio::test]
async fn the_list_is_one_stop_in_which_the_arrows_walk() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    for text in ["one", "two", "three"] {
        ann.say(text).await;
    }
    ann.tab.wait_for("document.querySelectorAll('.settled').length === 3", SOON).await;
    ann.ask(TIMELINE, "element.focus()").await;
    let focused = "document.activeElement.querySelector('.text')?.textContent";
    for (key, text) in [("ArrowUp", "three"), ("ArrowUp", "two"), ("ArrowDown", "three")] {
        ann.tab.press(key).await;
        assert_eq!(ann.tab.evaluate(focused).await, text);
    }
    // What can be done with it is the next stop.
    ann.tab.press("Tab").await;
    assert_eq!(ann.tab.evaluate("document.activeElement.dataset.does").await, "pick");
    ann.tab.press("F6").await;
    assert_eq!(ann.ask(COMPOSER, "document.activeElement === element").await, true);
    ann.is_content();
}
