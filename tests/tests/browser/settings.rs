//! What people set for themselves: it holds at once, survives a reload, and nothing is disturbed that is not to be.

use parlor_tests::browser::Browser;
use serde_json::json;

use super::room::{Guest, PATIENCE, Room, SOON, STANDS_IN_FOR_NOTIFICATIONS};

impl Guest {
    /// Chooses something on the settings' card, which is opened and closed for that.
    pub(crate) async fn sets(&self, name: &str, value: &str) {
        self.tab.click("[data-testid=settings]").await;
        let place = format!("[data-testid=set-{name}]");
        self.shows(&place).await;
        let change = format!(
            "(element.type === 'checkbox' ? element.click() : (element.value = '{value}', \
             element.dispatchEvent(new Event('change'))), document.querySelector('dialog').close())"
        );
        self.ask(&place, &change).await;
    }

    async fn has_page_colour(&self, colour: &str) {
        let shown = "getComputedStyle(document.body).backgroundColor";
        self.tab.wait_for(&format!("{shown} === '{colour}'"), SOON).await;
    }
}

const LIGHT: &str = "rgb(251, 248, 250)";
const DARK: &str = "rgb(23, 17, 20)";

#[tokio::test]
async fn colours_follow_the_system_until_somebody_chooses_and_stay_chosen() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    for (scheme, colour) in [("dark", DARK), ("light", LIGHT)] {
        ann.tab.set_preferences(&[("prefers-color-scheme", scheme)]).await;
        ann.has_page_colour(colour).await;
    }
    ann.sets("theme", "dark").await;
    ann.has_page_colour(DARK).await;
    ann.tab.reload().await;
    ann.has_page_colour(DARK).await;
    ann.is("connected", PATIENCE).await;
    ann.sets("theme", "system").await;
    ann.has_page_colour(LIGHT).await;
    let faded = "getComputedStyle(document.documentElement).getPropertyValue('--ink-faded')";
    let before = ann.tab.evaluate(faded).await;
    ann.sets("contrast", "").await;
    ann.tab.wait_for(&format!("{faded} !== {before}"), SOON).await;
    ann.sets("density", "compact").await;
    ann.tab.wait_for("document.documentElement.dataset.density === 'compact'", SOON).await;
    ann.is_content();
}

#[tokio::test]
async fn who_does_not_want_enter_to_send_sends_with_control_and_enter() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.sets("enter", "").await;
    ann.ask("[data-testid=composer]", "element.focus()").await;
    ann.tab.insert("one").await;
    ann.tab.press("Enter").await;
    ann.tab.insert("two").await;
    assert_eq!(ann.draft().await, "one\ntwo");
    ann.tab.press_with_control("Enter").await;
    ann.sees(&ann.name, "one\ntwo").await;
    ann.is_content();
}

#[tokio::test]
async fn each_room_tells_of_all_of_mentions_or_of_nothing_and_a_muted_one_stands_back() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.tab.evaluate(STANDS_IN_FOR_NOTIFICATIONS).await;
    ann.tab.click("[data-testid=notify]").await;
    ann.tab.wait_for("document.querySelector('[data-testid=toast]').checkVisibility()", SOON).await;
    // The card has a section for the room that is shown, so the settings are made before leaving it.
    let mut told = Vec::new();
    for (level, hears) in [("all", true), ("nothing", false), ("", false)] {
        ann.sets("room-level", level).await;
        let away = format!("away from {}", if level.is_empty() { "the usual" } else { level });
        ann.opens_room(&away, false).await;
        let text = format!("with the level {level:?}");
        bob.say(&text).await;
        if hears {
            told.push(format!("{} in lobby: {text}", bob.name));
        }
        ann.tab.wait_for("document.querySelector('.side .unread, .side .muted')", SOON).await;
        ann.tab.click(".side [data-room='0000000000001']").await;
        ann.sees(&bob.name, &text).await;
    }
    assert_eq!(ann.tab.evaluate("window.told").await, json!(told));
    ann.sets("mute", "").await;
    ann.tab.wait_for("document.querySelector('.side .muted')?.dataset.room === '0000000000001'", SOON).await;
    ann.opens_room("elsewhere", false).await;
    let call = format!("@{} hello?", ann.name);
    bob.say(&call).await;
    bob.sees(&bob.name, &call).await;
    ann.tab.click(".side [data-room='0000000000001']").await;
    ann.sees(&bob.name, &call).await;
    assert_eq!(ann.tab.evaluate("window.told").await, json!(told), "a muted room tells nothing");
    ann.is_content();
}

#[tokio::test]
async fn nobody_is_disturbed_in_the_hours_that_they_named() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    // From, until, and what holds at which time.
    for (from, until, at, quiet) in [
        ("22:00", "07:00", "23:30", true),
        ("22:00", "07:00", "06:59", true),
        ("22:00", "07:00", "07:00", false),
        ("22:00", "07:00", "12:00", false),
        ("09:00", "17:00", "12:00", true),
        ("09:00", "17:00", "17:00", false),
        ("09:00", "17:00", "08:59", false),
    ] {
        let asked = format!(
            "import('/web/settings.js').then(({{ isQuiet, set }}) => {{ set('quietHours', true); \
             set('quietFrom', '{from}'); set('quietUntil', '{until}'); \
             return isQuiet(new Date('2026-03-04T{at}')); }})"
        );
        assert_eq!(ann.tab.evaluate(&asked).await, quiet, "{at} between {from} and {until}");
    }
    ann.is_content();
}
