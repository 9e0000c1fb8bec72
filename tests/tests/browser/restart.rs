//! The server goes and comes back; the page says so, keeps what was typed, and goes on.

use std::time::Duration;

use parlor_tests::browser::Browser;

use super::room::{PATIENCE, Room, SOON};

/// What the browser itself says of connections that cannot be made.
pub(crate) const NO_SERVER: [&str; 3] = ["WebSocket connection to", "net::ERR_", "when fetching the script"];

#[tokio::test]
async fn what_is_opened_beside_the_talk_without_a_connection_is_filled_when_there_is_one() {
    let browser = Browser::shared().await;
    let mut room = Room::open();
    let ann = room.enter(&browser).await;
    ann.say("the door code is 4711").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    ann.chooses("Pin for everybody").await;
    ann.shows(".mark").await;
    room.kill();
    ann.is("reconnecting", PATIENCE).await;
    ann.tab.click("[data-testid=pins]").await;
    ann.shows(".pane .nothing").await;
    room.open_again();
    ann.tab.wait_for("document.querySelector('.pane').textContent.includes('4711')", PATIENCE).await;
    ann.is_content_except(&NO_SERVER);
}

#[tokio::test]
async fn a_restart_is_announced_survived_and_loses_nothing() {
    let browser = Browser::shared().await;
    let mut room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.say("before").await;
    bob.sees(&ann.name, "before").await;

    room.stop();
    ann.is("reconnecting", SOON).await;
    assert_eq!(ann.text("[data-testid=status]").await, "Reconnecting…");
    ann.say("meanwhile").await;
    ann.tab
        .wait_for("document.querySelector('.hint').textContent.startsWith('There is no connection')", SOON)
        .await;
    ann.tab.insert("half a thought").await;
    ann.tab.wait_for("document.querySelector('[data-testid=retry]').checkVisibility()", SOON).await;
    assert_eq!(ann.text(".trouble").await, "The server is restarting. Reconnecting…");
    assert_eq!(ann.messages().await, ["before", "meanwhile"]);
    assert_eq!(ann.texts(".sending [data-testid=text]").await, ["meanwhile"]);

    room.open_again();
    for guest in [&ann, &bob] {
        guest.is("connected", PATIENCE).await;
        assert_eq!(guest.ask("[data-testid=retry]", "element.checkVisibility()").await, false);
    }
    assert_eq!(ann.draft().await, "half a thought");
    ann.tab.press("Enter").await;
    assert_eq!(ann.text("[data-testid=you]").await, ann.name, "who comes back is the same person");
    for guest in [&ann, &bob] {
        guest.sees(&ann.name, "half a thought").await;
        assert_eq!(guest.messages().await, ["before", "meanwhile", "half a thought"]);
        guest.tab.wait_for("document.querySelectorAll('.sending').length === 0", SOON).await;
        guest.is_content_except(&NO_SERVER);
    }
}

#[tokio::test]
async fn a_killed_server_is_missed_and_retry_now_finds_it() {
    let browser = Browser::shared().await;
    let mut room = Room::open();
    let ann = room.enter(&browser).await;
    room.kill();
    ann.is("reconnecting", SOON).await;
    ann.tab.wait_for("document.querySelector('[data-testid=retry]').checkVisibility()", SOON).await;
    assert_eq!(ann.text(".trouble").await, "The connection is lost. Reconnecting…");
    room.open_again();
    // It may have come back by itself in the meantime.
    if ann.ask("[data-testid=status]", "element.dataset.state").await == "reconnecting" {
        ann.tab.evaluate("document.querySelector('[data-testid=retry]').click()").await;
    }
    ann.is("connected", Duration::from_secs(3)).await;
    ann.say("still here").await;
    ann.sees(&ann.text("[data-testid=you]").await, "still here").await;
    ann.is_content_except(&NO_SERVER);
}

#[tokio::test]
async fn what_was_said_while_one_was_away_is_there_on_return() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.say("one").await;
    bob.sees(&ann.name, "one").await;
    ann.tab.set_offline(true).await;
    ann.is("reconnecting", SOON).await;
    bob.say("two").await;
    bob.say("three").await;
    bob.sees(&bob.name, "three").await;
    assert_eq!(ann.messages().await, ["one"]);
    ann.tab.set_offline(false).await;
    ann.sees(&bob.name, "three").await;
    assert_eq!(ann.messages().await, ["one", "two", "three"]);
    bob.is_content();
}

#[tokio::test]
async fn what_is_not_sent_yet_survives_a_reload_and_is_sent_once() {
    let browser = Browser::shared().await;
    let mut room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    room.kill();
    ann.is("reconnecting", SOON).await;
    ann.say("from the dark").await;
    ann.tab.wait_for("document.querySelectorAll('.sending').length === 1", SOON).await;
    room.open_again();
    ann.tab.reload().await;
    for guest in [&ann, &bob] {
        guest.is("connected", PATIENCE).await;
        guest.sees(&ann.name, "from the dark").await;
        assert_eq!(guest.messages().await, ["from the dark"]);
    }
    ann.tab.reload().await;
    ann.sees(&ann.name, "from the dark").await;
    assert_eq!(ann.messages().await, ["from the dark"]);
    ann.is_content_except(&NO_SERVER);
}

#[tokio::test]
async fn a_network_that_goes_and_returns_is_noticed_at_once() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.tab.set_offline(true).await;
    ann.is("reconnecting", Duration::from_secs(3)).await;
    ann.tab.insert("from the tunnel").await;
    ann.tab
        .wait_for("document.querySelector('.trouble').textContent.startsWith('You are offline')", SOON)
        .await;
    ann.tab.press("Enter").await;
    ann.tab.set_offline(false).await;
    ann.is("connected", Duration::from_secs(3)).await;
    ann.sees(&ann.name, "from the tunnel").await;
    ann.is_content_except(&["WebSocket connection to", "net::ERR_INTERNET_DISCONNECTED"]);
}
