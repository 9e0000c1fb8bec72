//! People at the page, and programs without a page, talk to each other.

use parlor_tests::browser::Browser;

use super::room::{COMPOSER, Room, SOON, hears};

#[tokio::test]
async fn two_tabs_talk_and_know_who_and_where_they_are() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let bob = room.enter(&browser).await;
    assert!(ann.name.starts_with("user-") && bob.name.starts_with("user-"), "{} {}", ann.name, bob.name);
    assert_ne!(ann.name, bob.name);
    ann.notices(&format!("{} joined", bob.name)).await;
    for guest in [&ann, &bob] {
        assert_eq!(guest.text("[data-testid=room]").await, "lobby");
        assert_eq!(guest.tab.evaluate("document.title").await, "lobby · Parlor");
        guest
            .tab
            .wait_for("document.querySelector('[data-testid=present]').textContent === '2 here'", SOON)
            .await;
        assert_eq!(guest.ask(COMPOSER, "document.activeElement === element").await, true);
    }
    ann.say("good morning").await;
    bob.sees(&ann.name, "good morning").await;
    bob.say("and to you").await;
    for guest in [&ann, &bob] {
        guest.sees(&bob.name, "and to you").await;
        assert_eq!(guest.messages().await, ["good morning", "and to you"]);
        guest.is_content();
    }
    assert_eq!(ann.draft().await, "");
    assert_eq!(ann.texts("[data-testid=message].own [data-testid=text]").await, ["good morning"]);
}

#[tokio::test]
async fn what_is_said_is_never_html() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    let said = [
        "<b>x</b>",
        "<img src=x onerror=\"document.title='owned'\">",
        "<script>document.title = 'owned'</script>",
        "&lt;i&gt; &amp;amp;",
        "{\"type\":\"left\",\"who\":\"all\"}",
        "שלום \u{202e}evil\u{202c} 👋🏽",
        "  two  spaces\u{a0}and\ttabs",
    ];
    for text in said {
        ann.say(text).await;
        for guest in [&ann, &bob] {
            guest.sees(&ann.name, text).await;
        }
    }
    for guest in [&ann, &bob] {
        assert_eq!(guest.messages().await, said);
        assert_eq!(guest.tab.evaluate("document.querySelectorAll('[data-testid=text] *').length").await, 0);
        assert_eq!(guest.tab.evaluate("document.title").await, "lobby · Parlor");
        guest.is_content();
    }
}

#[tokio::test]
async fn programs_without_a_subprotocol_and_the_page_hear_each_other() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    for path in ["/", "/chat"] {
        let mut program = room.connect(path).await;
        assert_eq!(program.subprotocol(), None);
        let text = format!("from {path}");
        // Its name is in what it hears of itself; the page's lines say it, too.
        program.send(text.as_str()).await.expect("the connection is open");
        let line = program.recv().await.expect("it hears itself");
        let (name, _) = line.as_text().and_then(|line| line.split_once(": ")).expect("who and what");
        ann.notices(&format!("{name} joined")).await;
        ann.sees(name, &text).await;
        ann.say(&format!("to {path}")).await;
        hears(&mut program, &format!("{}: to {path}", ann.name)).await;
        drop(program);
        ann.notices(&format!("{name} left")).await;
    }
    ann.is_content();
}

#[tokio::test]
async fn whoever_closes_the_page_is_gone_at_once_and_whoever_reloads_it_is_the_same_person() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let closes = room.enter(&browser).await;
    let name = closes.name.clone();
    // Who comes and goes between two looks of the server is not told of.
    ann.notices(&format!("{name} joined")).await;
    closes.tab.close().await;
    ann.notices(&format!("{name} left")).await;
    // Between comings and goings something is said, or the page would put them together.
    ann.say("next").await;
    let reloads = room.enter(&browser).await;
    ann.say("next").await;
    reloads.tab.reload().await;
    reloads.is("connected", SOON).await;
    assert_eq!(reloads.text("[data-testid=you]").await, reloads.name);
    reloads.say("again").await;
    ann.sees(&reloads.name, "again").await;
    ann.is_content();
}

/// Chromium keeps the page for the way back, and keeps its connection open unless the page closes it itself.
#[tokio::test]
async fn whoever_goes_elsewhere_is_gone_at_once_and_comes_back_as_easily() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.notices(&format!("{} joined", bob.name)).await;
    bob.tab.navigate("about:blank").await;
    ann.notices(&format!("{} left", bob.name)).await;
    ann.say("he is gone").await;
    bob.tab.evaluate("void setTimeout(() => history.back())").await;
    bob.is("connected", SOON).await;
    bob.say("back again").await;
    ann.sees(&bob.text("[data-testid=you]").await, "back again").await;
    ann.is_content();
    bob.is_content();
}
