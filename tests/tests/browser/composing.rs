//! The box one writes in: what sends, what does not, and that nothing is lost.

use parlor_tests::browser::Browser;

use super::offline::is_kept;
use super::restart::NO_SERVER;
use super::room::{COMPOSER, PATIENCE, PHONE, Room, SOON};

#[tokio::test]
async fn enter_sends_and_shift_enter_begins_a_line() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.tab.insert("one").await;
    ann.tab.press_with_shift("Enter").await;
    ann.tab.insert("two").await;
    assert_eq!(ann.draft().await, "one\ntwo");
    ann.tab.press("Enter").await;
    ann.sees(&ann.name, "one\ntwo").await;
    // Nothing is nothing to say.
    for nothing in ["", "   ", "\u{a0}"] {
        ann.say(nothing).await;
        ann.ask(COMPOSER, "element.value = ''").await;
    }
    ann.tab.insert("three").await;
    ann.tab.click("[data-testid=send]").await;
    ann.sees(&ann.name, "three").await;
    assert_eq!(ann.messages().await, ["one\ntwo", "three"]);
    assert_eq!(ann.draft().await, "");
    ann.is_content();
}

#[tokio::test]
async fn enter_that_ends_a_composition_does_not_send() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.tab.compose("にほ").await;
    ann.tab.compose("日本").await;
    assert_eq!(ann.draft().await, "日本");
    ann.tab.press_while_composing("Enter").await;
    assert_eq!(ann.draft().await, "日本");
    // The input method hands over what was chosen.
    ann.tab.insert("日本語").await;
    assert_eq!(ann.draft().await, "日本語");
    // Safari says only with the old key code that the Enter was the input method's.
    ann.tab.press_while_composing("Enter").await;
    assert_eq!(ann.draft().await, "日本語");
    ann.tab.press("Enter").await;
    ann.sees(&ann.name, "日本語").await;
    assert_eq!(ann.messages().await, ["日本語"]);
    ann.is_content();
}

#[tokio::test]
async fn who_types_anywhere_means_the_box() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.tab.click("[data-testid=room]").await;
    assert_eq!(ann.ask(COMPOSER, "document.activeElement === element").await, false);
    for key in ["h", "i"] {
        ann.tab.press(key).await;
    }
    assert_eq!(ann.draft().await, "hi");
    ann.tab.press("Enter").await;
    ann.sees(&ann.name, "hi").await;
}

#[tokio::test]
async fn what_was_typed_survives_a_reload() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.tab.insert("half a thought").await;
    ann.tab.reload().await;
    ann.is("connected", SOON).await;
    assert_eq!(ann.draft().await, "half a thought");
    ann.tab.press("Enter").await;
    ann.sees(&ann.text("[data-testid=you]").await, "half a thought").await;
    ann.tab.reload().await;
    ann.is("connected", SOON).await;
    assert_eq!(ann.draft().await, "");
    ann.is_content();
}

#[tokio::test]
async fn on_a_phone_enter_begins_a_line_and_the_button_sends() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter_with(&browser, PHONE).await;
    // A keyboard that nobody asked for would cover half the page.
    assert_eq!(ann.ask(COMPOSER, "document.activeElement === element").await, false);
    ann.tab.tap(COMPOSER).await;
    ann.tab.wait_for("document.activeElement.dataset.testid === 'composer'", SOON).await;
    ann.tab.insert("one").await;
    ann.tab.press("Enter").await;
    ann.tab.insert("two").await;
    ann.tab.tap("[data-testid=send]").await;
    ann.sees(&ann.name, "one\ntwo").await;
    // The keyboard stays open for what is said next.
    assert_eq!(ann.ask(COMPOSER, "document.activeElement === element").await, true);
    ann.is_content();
}

#[tokio::test]
async fn what_is_refused_stays_with_its_reason_to_be_sent_again_changed_or_dropped() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let long = "x".repeat(20_000);
    for does in ["drop", "edit-unsent"] {
        ann.say(&long).await;
        ann.shows(".failed .failure").await;
        ann.tab.reload().await;
        ann.shows(".failed .failure").await;
        let reason = ann.text(".failure span").await;
        assert!(reason.starts_with("This is too long"), "{reason}");
        ann.tab.click(&format!("[data-does={does}]")).await;
        ann.tab.wait_for("document.querySelectorAll('.message').length === 0", SOON).await;
    }
    assert_eq!(ann.draft().await, long);
    ann.ask(COMPOSER, "element.select()").await;
    ann.say("shorter").await;
    ann.sees(&ann.name, "shorter").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    ann.tab.reload().await;
    ann.sees(&ann.name, "shorter").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    assert_eq!(ann.messages().await, ["shorter"]);
    ann.is_content();
}

#[tokio::test]
async fn a_page_that_goes_leaves_to_the_next_one_what_is_not_written_yet() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.say("before").await;
    is_kept(&ann, "before").await;
    ann.tab.reload().await;
    ann.is("connected", PATIENCE).await;
    ann.tab.set_offline(true).await;
    ann.is("reconnecting", SOON).await;
    // A slow disk: what is begun now is dropped when the page goes.
    let slow = "(IDBDatabase.prototype.transaction = () => ({ addEventListener() {}, commit() {},
        objectStore: () => ({ put() {}, delete() {} }) }), 0)";
    ann.tab.evaluate(slow).await;
    ann.say("at the last moment").await;
    ann.tab.insert("half a thought").await;
    ann.tab.reload().await;
    ann.tab.wait_for("document.querySelector('#composer').value === 'half a thought'", PATIENCE).await;
    ann.tab.set_offline(false).await;
    for guest in [&ann, &bob] {
        guest.sees_within(&ann.name, "at the last moment", PATIENCE).await;
        guest.tab.wait_for("!document.querySelector('.sending')", PATIENCE).await;
        assert_eq!(guest.messages().await, ["before", "at the last moment"]);
    }
    // It was said, so it stands in no box any more.
    ann.tab.evaluate(slow).await;
    ann.tab.press("Enter").await;
    bob.sees(&ann.name, "half a thought").await;
    ann.tab.reload().await;
    ann.is("connected", PATIENCE).await;
    ann.sees(&ann.name, "half a thought").await;
    assert_eq!(ann.draft().await, "");
    ann.is_content_except(&NO_SERVER);
}
