//! How the page looks: nothing sticks out, by day and by night, at a desk and on a phone; pictures for people to see.

use std::path::PathBuf;

use parlor_tests::browser::{Browser, Screen};
use websocket_client::WebSocket;

use super::room::{COMPOSER, DESK, Guest, NEWER, PHONE, Room, SOON, TIMELINE};

/// What a page meets in an evening, by speaker.
const EVENING: [(usize, &str); 16] = [
    (0, "Has anybody tried the new bakery at the corner?"),
    (1, "Yes! Go early, the rye is gone by nine."),
    (1, "And they take cards now."),
    (2, "Finally"),
    (0, "I will go tomorrow then. Does anybody want something brought along? I pass the office anyway."),
    (2, "Two rolls with poppy seeds, please 🙏"),
    (
        3,
        "https://example.org/a/very/long/address/that/nobody/reads/but/everybody/pastes?with=parameters&and=more%20of%20them",
    ),
    (
        3,
        "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
    ),
    (1, "שלום לכולם, מה שלומכם היום?"),
    (2, "日本語も大丈夫ですか。はい、大丈夫です。"),
    (0, "A list:\n  1. flour\n  2. water\n  3. salt"),
    (4, "I can bring the coffee."),
    (4, "Nine o'clock?"),
    (1, "Nine it is."),
    (0, "<b>Nobody</b> be late & bring a friend"),
    (2, "😀"),
];

const UNFINISHED: &str = "A longer thought that is not finished, and so long that it does not fit on one line of \
    the box, wherever one looks at it; and nobody wants to lose it.";

pub(crate) fn picture(name: &str) -> PathBuf {
    let executable = std::env::current_exe().expect("a test knows its own path");
    let target = executable.ancestors().nth(3).expect("cargo puts tests in target/<profile>/deps");
    target.join("screenshots").join(format!("{name}.png"))
}

/// By day or by night, and without animations, which a picture would catch at any moment.
async fn prefer(guest: &Guest, scheme: &str) {
    let preferences = [("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")];
    guest.tab.set_preferences(&preferences).await;
}

/// The whole evening, told by the guest and four programs, who stay.
async fn tell_evening(room: &Room, ann: &Guest) -> Vec<WebSocket> {
    let mut programs = Vec::new();
    for _ in 0..4 {
        programs.push(room.connect("/chat").await);
    }
    for (speaker, text) in EVENING {
        match speaker.checked_sub(1) {
            Some(program) => programs[program].send(text).await.expect("the connection is open"),
            None => {
                ann.tab.evaluate("document.querySelector('[data-testid=composer]').focus()").await;
                ann.tab.insert(text).await;
                ann.tab.evaluate("document.querySelector('form').requestSubmit()").await;
            }
        }
        // In this order: what one says oneself is shown before it has its place.
        let last = serde_json::Value::from(text);
        let said = "Array.from(document.querySelectorAll('[data-testid=text]')).at(-1)?.textContent";
        let is_safe = "!document.querySelector('.sending')";
        ann.tab.wait_for(&format!("{said} === {last} && {is_safe}"), SOON).await;
    }
    programs
}

/// What reaches beyond the page's sides, and what can be scrolled sideways.
pub(crate) const STICKING_OUT: &str = "Array.from(document.querySelectorAll('body *'))
        .filter((each) => each.checkVisibility({ visibilityProperty: true }))
    .filter((each) => each.checkVisibility() && !each.closest('.unseen'))
    .filter((each) => each.getBoundingClientRect().left < -1 || each.getBoundingClientRect().right > innerWidth + 1)
    .map((each) => each.outerHTML.slice(0, 120))
    .concat([document.documentElement, document.querySelector('[data-testid=timeline]')]
        .filter((each) => each.scrollWidth > each.clientWidth)
        .map((each) => `${each.tagName} scrolls sideways`))";

/// Everything that has been asked for is drawn after two frames.
const DRAWN: &str = "document.fonts.ready.then(() => new Promise((drawn) =>
    requestAnimationFrame(() => requestAnimationFrame(() => drawn()))))";

/// Takes a picture, in which nothing may stick out.
async fn look(guest: &Guest, name: &str) {
    guest.tab.evaluate(DRAWN).await;
    assert_eq!(guest.tab.evaluate(STICKING_OUT).await, serde_json::json!([]), "{name}");
    guest.tab.screenshot(&picture(name)).await;
}

async fn looks(screen: Screen, size: &str) {
    let browser = Browser::shared().await;
    let mut room = Room::open();
    let ann = room.enter_with(&browser, screen).await;
    prefer(&ann, "light").await;
    look(&ann, &format!("{size}-empty")).await;
    let mut programs = tell_evening(&room, &ann).await;
    for scheme in ["dark", "light"] {
        prefer(&ann, scheme).await;
        let name = if scheme == "dark" { format!("{size}-dark") } else { size.to_string() };
        look(&ann, &name).await;
    }

    for number in 0..60 {
        let text = format!("busy {number} {}", "and more ".repeat(number % 9));
        programs[number / 3 % 4].send(text).await.expect("the connection is open");
    }
    ann.tab.wait_for("document.querySelectorAll('[data-testid=message]').length === 76", SOON).await;
    ann.tab.wheel(TIMELINE, -500).await;
    // Scrolling is smooth, and has no end that could be waited for.
    ann.tab.evaluate("new Promise((settled) => setTimeout(settled, 400))").await;
    programs[0].send("something new").await.expect("the connection is open");
    ann.tab
        .wait_for("document.querySelector('[data-testid=newer]').textContent === '1 new message'", SOON)
        .await;
    look(&ann, &format!("{size}-busy")).await;
    ann.ask(NEWER, "element.click()").await;

    ann.ask(COMPOSER, "element.focus()").await;
    ann.tab.insert(UNFINISHED).await;
    room.stop();
    ann.tab.wait_for("document.querySelector('[data-testid=retry]').checkVisibility()", SOON).await;
    ann.tab.evaluate("document.querySelector('form').requestSubmit()").await;
    ann.tab.wait_for("document.querySelector('.hint').textContent.startsWith('There is no')", SOON).await;
    look(&ann, &format!("{size}-reconnecting")).await;
    prefer(&ann, "dark").await;
    look(&ann, &format!("{size}-reconnecting-dark")).await;
}

#[tokio::test]
async fn nothing_sticks_out_at_a_desk() {
    looks(DESK, "wide").await;
}

#[tokio::test]
async fn nothing_sticks_out_on_a_phone() {
    looks(PHONE, "narrow").await;
}

#[tokio::test]
async fn nothing_sticks_out_on_the_narrowest_screen_with_the_largest_type() {
    let browser = Browser::shared().await;
    let room = Room::open();
    // 320 pixels are a phone of 1280 at 400 %, which WCAG 2.2 asks for (1.4.10).
    let ann = room.enter_with(&browser, Screen { width: 320, height: 256, phone: false }).await;
    let _programs = tell_evening(&room, &ann).await;
    look(&ann, "narrowest").await;
}

/// Words that somebody has cut off: what does not fit and can neither be scrolled to nor ends in an ellipsis.
const CUT: &str = "Array.from(document.querySelectorAll('body *'))
    .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest('.unseen, svg'))
    // What is for ears only is a single pixel.
    .filter((each) => each.clientWidth > 1)
    .filter((each) => {
        const { overflowX, overflowY, textOverflow } = getComputedStyle(each);
        const hides = (overflow) => overflow === 'hidden' || overflow === 'clip';
        return (hides(overflowX) && textOverflow !== 'ellipsis' && each.scrollWidth > each.clientWidth + 1)
            || (hides(overflowY) && textOverflow !== 'ellipsis' && each.scrollHeight > each.clientHeight + 1);
    })
    .map((each) => each.outerHTML.slice(0, 120))";

#[tokio::test]
async fn nothing_is_cut_and_nothing_scrolls_sideways_at_200_percent_and_at_320_pixels() {
    let browser = Browser::shared().await;
    let room = Room::open();
    // A desk of 1280 pixels at 200 % has 640, and one at 400 % has 320 (WCAG 2.2, 1.4.4 and 1.4.10).
    for (screen, name) in [
        (Screen { width: 640, height: 400, phone: false }, "zoom-200"),
        (Screen { width: 320, height: 640, phone: false }, "zoom-400"),
    ] {
        let ann = room.enter_with(&browser, screen).await;
        prefer(&ann, "light").await;
        let _programs = tell_evening(&room, &ann).await;
        let mut cut = Vec::new();
        for (button, shown, view) in [
            ("", ".message", "talk"),
            ("search", "[data-testid=search-box]", "search"),
            ("present", ".pane .person", "people"),
            ("menu", ".side", "side"),
            ("settings", "dialog[open] h2", "settings"),
            ("shortcuts", "dialog[open] h2", "keys"),
            ("jump", "dialog[open] input", "switcher"),
            ("account", "dialog[open] input", "account"),
        ] {
            if !button.is_empty() {
                ann.ask(&format!("[data-testid={button}]"), "element.click()").await;
            }
            ann.shows(shown).await;
            look(&ann, &format!("{name}-{view}")).await;
            let found = ann.tab.evaluate(CUT).await;
            cut.extend(found.as_array().expect("a list").iter().map(|each| format!("{view}: {each}")));
            ann.ask("dialog", "element.open && element.close()").await;
            ann.tab.evaluate("document.querySelector('[data-testid=close-pane]')?.click()").await;
            if view == "side" {
                ann.ask(".veil", "element.click()").await;
            }
        }
        assert!(cut.is_empty(), "{name}: {cut:#?}");
        ann.is_content();
    }
}
