//! The page for everybody: axe-core finds nothing in any view, and keys alone do everything.

use parlor_tests::browser::Browser;
use parlor_tests::tools::tool;
use serde_json::{Value, json};

use super::looks::{STICKING_OUT, picture};
use super::room::{COMPOSER, DESK, Guest, PATIENCE, PHONE, Room, SOON};

/// axe-core, which `./test install` puts beside the other tools.
pub(crate) fn axe() -> String {
    std::fs::read_to_string(tool("node_modules/axe-core/axe.min.js")).expect("it is text")
}

/// What axe finds, and where.
const FOUND: &str =
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 200)).join(' ')}`))";

impl Guest {
    /// axe finds nothing in what is shown, by day and by night; a picture is left of each.
    pub(crate) async fn is_accessible(&self, view: &str) {
        for scheme in ["light", "dark"] {
            let preferences = [("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")];
            self.tab.set_preferences(&preferences).await;
            let scheme_is = format!("matchMedia('(prefers-color-scheme: {scheme})').matches");
            self.tab.wait_for(&scheme_is, SOON).await;
            assert_eq!(self.tab.evaluate(FOUND).await, json!([]), "{view} {scheme}");
            self.tab.screenshot(&picture(&format!("view-{view}-{scheme}"))).await;
        }
        assert_eq!(self.tab.evaluate(STICKING_OUT).await, json!([]), "{view}");
    }

    pub(crate) async fn focuses(&self, selector: &str) {
        let selector = Value::from(selector);
        self.tab.wait_for(&format!("document.activeElement?.matches({selector})"), SOON).await;
    }
}

#[tokio::test]
async fn axe_finds_nothing_in_any_view_by_day_and_by_night() {
    let browser = Browser::shared().await;
    let room = Room::open();
    for (screen, size) in [(DESK, "wide"), (PHONE, "narrow")] {
        let (ann, bob) = (room.enter_with(&browser, screen).await, room.enter(&browser).await);
        ann.tab.evaluate(&axe()).await;
        if size == "wide" {
            ann.is_accessible("wide-empty").await;
        }
        for text in ["**bold** and `code` for https://example.org", "> said\n```rust\nlet x = 1;\n```"] {
            bob.say(text).await;
        }
        bob.say(&format!("@{} look", ann.name)).await;
        ann.tab.wait_for("document.querySelector('.mention.you')", SOON).await;
        ann.is_accessible(&format!("{size}-talk")).await;
        for (button, shown, view) in [
            ("search", "[data-testid=search-box]", "search"),
            ("pins", ".pane .nothing", "pins"),
            ("present", ".pane .person", "people"),
        ] {
            ann.ask(&format!("[data-testid={button}]"), "element.click()").await;
            ann.shows(shown).await;
            ann.is_accessible(&format!("{size}-{view}")).await;
            ann.ask("[data-testid=close-pane]", "element.click()").await;
            ann.tab.wait_for("document.querySelector('.pane').hidden", SOON).await;
        }
        for (button, view) in [
            ("settings", "settings"),
            ("shortcuts", "keys"),
            ("jump", "switcher"),
            ("browse", "rooms"),
            ("account", "account"),
        ] {
            ann.ask(&format!("[data-testid={button}]"), "element.click()").await;
            ann.shows("dialog[open] h2").await;
            ann.is_accessible(&format!("{size}-{view}")).await;
            ann.tab.press("Escape").await;
            ann.tab.wait_for("!document.querySelector('dialog[open]')", SOON).await;
        }
        ann.is_content();
    }
}

#[tokio::test]
async fn axe_finds_what_is_wrong() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.tab.evaluate(&axe()).await;
    assert_eq!(ann.tab.evaluate(FOUND).await, json!([]));
    for (kind, wrong, rule) in [
        ("img", "one.src = '/web/icon.svg'", "image-alt"),
        ("button", "one.textContent = ''", "button-name"),
        (
            "p",
            "one.textContent = 'faint'; one.style.color = '#aaa'; one.style.background = '#fff'",
            "color-contrast",
        ),
        ("input", "one.type = 'text'", "label"),
    ] {
        let add = format!("((one) => {{ {wrong}; element.append(one); }})(document.createElement('{kind}'))");
        ann.ask(".hint", &add).await;
        let found = ann.tab.evaluate(FOUND).await;
        let found = found.as_array().expect("a list").iter().filter_map(Value::as_str);
        let found: Vec<&str> = found.collect();
        assert!(found.iter().any(|found| found.starts_with(&format!("{rule}:"))), "{rule}: {found:?}");
        ann.ask(".hint", "element.replaceChildren()").await;
    }
}

#[tokio::test]
async fn axe_finds_nothing_in_high_contrast_in_arabic_and_on_the_narrowest_screen() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.say("hello there").await;
    ann.sees(&ann.name, "hello there").await;
    let set =
        "import('/web/settings.js').then(({ set }) => { set('language', 'ar'); set('contrast', true); })";
    ann.tab.evaluate(set).await;
    ann.tab.reload().await;
    ann.is("connected", PATIENCE).await;
    ann.sees(&ann.name, "hello there").await;
    ann.tab.evaluate(&axe()).await;
    ann.is_accessible("arabic-contrast").await;
    ann.tab.set_screen(parlor_tests::browser::Screen { width: 320, height: 480, phone: false }).await;
    ann.is_accessible("arabic-narrowest").await;
    ann.tab.set_preferences(&[("forced-colors", "active")]).await;
    ann.tab.wait_for("matchMedia('(forced-colors: active)').matches", SOON).await;
    assert_eq!(ann.tab.evaluate(STICKING_OUT).await, json!([]));
    ann.tab.screenshot(&picture("view-forced-colours")).await;
    ann.is_content();
}

#[tokio::test]
async fn keys_alone_talk_react_answer_search_and_go_elsewhere() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    bob.say("lunch?").await;
    ann.sees(&bob.name, "lunch?").await;
    ann.focuses(COMPOSER).await;
    // F6 goes round the parts of the page.
    for part in [".side", ".timeline", "[data-testid=composer]"] {
        ann.tab.press("F6").await;
        ann.focuses(part).await;
    }
    ann.tab.press_with_shift("F6").await;
    ann.focuses(".timeline").await;
    // From message to message with arrows, and into what can be done with one.
    ann.tab.press("ArrowUp").await;
    ann.focuses(".message").await;
    ann.tab.press("Tab").await;
    ann.focuses(".toolbar [data-does=pick]").await;
    ann.tab.press("Enter").await;
    ann.focuses(".picker input").await;
    ann.tab.insert("rocket").await;
    ann.tab.wait_for("document.querySelectorAll('.picker .grid button').length === 1", SOON).await;
    ann.tab.press("Enter").await;
    bob.shows("[data-testid=reaction]").await;
    // A command, completed.
    ann.ask(COMPOSER, "element.focus()").await;
    ann.tab.insert("/ni").await;
    ann.shows(".completion li").await;
    ann.tab.press("Enter").await;
    ann.tab.insert("Anna").await;
    assert_eq!(ann.draft().await, "/nick Anna");
    ann.tab.press("Enter").await;
    ann.tab.wait_for("document.querySelector('[data-testid=you]').textContent === 'Anna'", SOON).await;
    // What one hears of it is a sentence.
    bob.say("nice name").await;
    ann.tab
        .wait_for(
            "document.querySelector('[data-testid=announcer]').textContent.includes('nice name')",
            PATIENCE,
        )
        .await;
    ann.tab.press_with_control("k").await;
    ann.focuses("dialog input").await;
    ann.tab.press("Escape").await;
    ann.focuses(COMPOSER).await;
    ann.is_content();
}
