//! What people expect of any chat page, where no other file has it; docs/page.md says which test shows what.

use parlor_tests::browser::Browser;
use serde_json::{Value, json};

use super::restart::NO_SERVER;
use super::room::{COMPOSER, PATIENCE, Room, SOON};

#[tokio::test]
async fn escape_closes_a_menu_first_then_leaves_an_answer() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.say("one").await;
    ann.sees(&ann.name, "one").await;
    ann.does("reply").await;
    ann.shows("[data-testid=about]").await;
    ann.does("more").await;
    ann.shows(".menu button").await;
    ann.tab.press("Escape").await;
    ann.tab.wait_for("!document.querySelector('.menu button')", SOON).await;
    assert_eq!(ann.ask("[data-testid=about]", "element.hidden").await, false);
    ann.tab.press("Escape").await;
    ann.tab.wait_for("document.querySelector('[data-testid=about]').hidden", SOON).await;
    ann.is_content();
}

#[tokio::test]
async fn the_box_grows_to_a_third_of_the_screen_and_scrolls_from_there() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let height = "element.getBoundingClientRect().height";
    let one = ann.ask(COMPOSER, height).await.as_f64().expect("a height");
    ann.tab.insert("one\ntwo\nthree\nfour").await;
    let four = ann.ask(COMPOSER, height).await.as_f64().expect("a height");
    assert!(four > one * 1.5, "{one} {four}");
    ann.tab.insert(&"\nand more".repeat(100)).await;
    let most = ann.ask(COMPOSER, height).await.as_f64().expect("a height");
    let screen = ann.tab.evaluate("innerHeight").await.as_f64().expect("a height");
    assert!(most > four && most < screen * 0.4, "{most} of {screen}");
    assert_eq!(ann.ask(COMPOSER, "element.scrollHeight > element.clientHeight").await, true);
    ann.is_content();
}

#[tokio::test]
async fn a_thread_keeps_a_draft_of_its_own() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.say("shall we go?").await;
    ann.tab.insert("for the room").await;
    for _ in 0..2 {
        ann.does("thread").await;
        ann.shows("[data-testid=thread-box]").await;
        ann.ask("[data-testid=thread-box]", "element.focus()").await;
        ann.tab.wait_for("document.querySelector('#composer').value === 'for the room'", SOON).await;
        if ann.ask("[data-testid=thread-box]", "element.value").await == "" {
            ann.tab.insert("for the thread").await;
        }
        assert_eq!(ann.ask("[data-testid=thread-box]", "element.value").await, "for the thread");
        ann.tab.reload().await;
        ann.is("connected", PATIENCE).await;
        ann.sees(&ann.name, "shall we go?").await;
    }
    ann.does("thread").await;
    ann.shows("[data-testid=thread-box]").await;
    assert_eq!(ann.ask("[data-testid=thread-box]", "element.value").await, "for the thread");
    ann.is_content();
}

#[tokio::test]
async fn an_edit_without_a_connection_keeps_its_text() {
    let browser = Browser::shared().await;
    let mut room = Room::open();
    let ann = room.enter(&browser).await;
    ann.say("helo").await;
    ann.sees(&ann.name, "helo").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    ann.tab.press("ArrowUp").await;
    // Before the next frame is drawn it is clear already what is changed.
    assert_eq!(ann.draft().await, "helo");
    room.kill();
    ann.is("reconnecting", SOON).await;
    ann.ask(COMPOSER, "element.select()").await;
    ann.say("hello").await;
    ann.tab
        .wait_for("document.querySelector('[data-testid=toast]').textContent.includes('connection')", SOON)
        .await;
    assert_eq!(ann.draft().await, "hello");
    room.open_again();
    ann.is("connected", PATIENCE).await;
    ann.tab.press("Enter").await;
    ann.sees(&ann.name, "hello").await;
    assert_eq!(ann.messages().await, ["hello"]);
    ann.is_content_except(&NO_SERVER);
}

#[tokio::test]
async fn who_spoke_last_is_suggested_first_and_the_list_is_walked_taken_from_and_closed_with_keys() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let (bob, eve) = (room.enter(&browser).await, room.enter(&browser).await);
    for (guest, name) in [(&bob, "Xaver"), (&eve, "Xenia")] {
        guest.say(&format!("/nick {name}")).await;
        guest
            .tab
            .wait_for(&format!("document.querySelector('[data-testid=you]').textContent === '{name}'"), SOON)
            .await;
        guest.say("hello").await;
        ann.sees(name, "hello").await;
    }
    ann.ask(COMPOSER, "element.focus()").await;
    for (first, second) in [("Xenia", "Xaver"), ("Xaver", "Xenia")] {
        ann.tab.insert("@x").await;
        ann.tab.wait_for("document.querySelectorAll('.completion li').length === 2", SOON).await;
        assert_eq!(ann.texts(".completion li bdi").await, [first, second]);
        ann.tab.press("Escape").await;
        ann.tab.wait_for("document.querySelector('.completion').hidden", SOON).await;
        assert_eq!(ann.draft().await, "@x", "Escape takes nothing and loses nothing");
        ann.ask(COMPOSER, "element.select()").await;
        ann.tab.press("Backspace").await;
        bob.say("me again").await;
        ann.sees("Xaver", "me again").await;
    }
    ann.tab.insert("@x").await;
    ann.shows(".completion li").await;
    ann.tab.press("ArrowDown").await;
    let active = "document.getElementById(element.getAttribute('aria-activedescendant'))?.textContent";
    assert_eq!(ann.ask(COMPOSER, active).await, "@Xenia", "what reads the page aloud is told of the choice");
    ann.tab.press("Tab").await;
    assert_eq!(ann.draft().await, "@Xenia ");
    ann.tab.insert(":rock").await;
    ann.shows(".completion li").await;
    ann.tab.press("Enter").await;
    assert_eq!(ann.draft().await, "@Xenia 🚀 ");
    ann.is_content();
}

#[tokio::test]
async fn enter_between_fences_begins_a_line() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.tab.insert("```rust").await;
    ann.tab.press("Enter").await;
    ann.tab.insert("let x = 1;").await;
    ann.tab.press("Enter").await;
    assert_eq!(ann.draft().await, "```rust\nlet x = 1;\n");
    ann.tab.insert("```").await;
    ann.tab.press("Enter").await;
    ann.shows(".text pre[data-language=rust]").await;
    assert_eq!(ann.draft().await, "");
    ann.is_content();
}

#[tokio::test]
async fn what_is_said_stands_in_its_place_at_once_and_settles_without_moving() {
    let browser = Browser::shared().await;
    let room = Room::open();
    // Alone: that somebody has come may be told at any time, and would stand in between.
    let ann = room.enter(&browser).await;
    ann.say("first").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    room.pause();
    ann.say("second").await;
    ann.shows(".message.sending").await;
    let place = "(() => { const { x, y, width, height } = [...document.querySelectorAll('.message')].at(-1)
        .getBoundingClientRect(); return [x, y, width, height]; })()";
    let before = ann.tab.evaluate(place).await;
    room.go_on();
    ann.tab.wait_for("!document.querySelector('.sending')", PATIENCE).await;
    assert_eq!(ann.tab.evaluate(place).await, before);
    let bob = room.enter(&browser).await;
    bob.sees(&ann.name, "second").await;
    assert_eq!(ann.messages().await, ["first", "second"]);
    ann.is_content();
}

#[tokio::test]
async fn days_and_authors_are_set_apart() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    // Who says something at which minute, and what stands in the timeline: a day, somebody's first message, a further one.
    for (said, stands) in [
        (json!([["a", 0], ["a", 4]]), "day first next"),
        (json!([["a", 0], ["a", 6]]), "day first first"),
        (json!([["a", 0], ["b", 1], ["a", 2]]), "day first first first"),
        (json!([["a", 0], ["a", 1440]]), "day first day first"),
    ] {
        let rows = format!(
            "import('/web/state/rows.js').then(({{ rowsOfMessages }}) => {{
                const state = {{ people: {{ a: 'A', b: 'B' }}, you: {{ id: 'c', name: 'C' }} }};
                const messages = {said}.map(([by, minute], index) => ({{ key: `k${{index}}`, by, text: 'x', mentions: [],
                    sequence: index + 1, at: new Date(2026, 2, 4, 12, minute).getTime(), replyTo: 0, reactions: [] }}));
                return rowsOfMessages(state, messages)
                    .map((row) => (row.kind === 'message' ? (row.opens ? 'first' : 'next') : row.kind)).join(' ');
            }})"
        );
        assert_eq!(ann.tab.evaluate(&rows).await, stands, "{said}");
    }
    // Whoever points at a time is told all of it.
    ann.say("now").await;
    ann.sees(&ann.name, "now").await;
    let year = ann.tab.evaluate("String(new Date().getFullYear())").await;
    let title = ann.ask(".message time", "element.title").await;
    assert!(title.as_str().unwrap().contains(year.as_str().unwrap()), "{title}");
    ann.is_content();
}

#[tokio::test]
async fn an_answer_to_what_was_deleted_still_says_that_it_answers_something() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.say("shall we?").await;
    bob.sees(&ann.name, "shall we?").await;
    bob.does("reply").await;
    bob.say("yes").await;
    ann.sees(&bob.name, "yes").await;
    ann.tab.wait_for("!document.querySelector('.sending')", SOON).await;
    let first = "document.querySelector('.stage .message')";
    ann.tab
        .evaluate(&format!("{first}.dispatchEvent(new PointerEvent('pointerover', {{ bubbles: true }}))"))
        .await;
    ann.tab.evaluate(&format!("{first}.querySelector('[data-does=more]').click()")).await;
    ann.tab.click(".menu [data-testid=delete]").await;
    for guest in [&ann, &bob] {
        guest.tab.wait_for("document.querySelectorAll('.message').length === 1", PATIENCE).await;
        guest
            .tab
            .wait_for("document.querySelector('.answers').textContent === 'An earlier message'", SOON)
            .await;
        guest.is_content();
    }
}

#[tokio::test]
async fn nothing_is_read_before_it_is_seen() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    bob.say("one").await;
    ann.sees(&bob.name, "one").await;
    // What the server tells another device of theirs.
    let unread = "new Promise((done) => {
        const socket = new WebSocket(`ws://${location.host}/chat`, 'parlor.v1');
        socket.onmessage = ({ data }) => {
            const line = JSON.parse(data);
            if (line.type === 'welcome') { socket.close(); done(line.rooms[0].unread?.messages ?? 0); }
        };
    })";
    ann.tab.wait_for(&format!("({unread}).then((count) => count === 0)"), PATIENCE).await;
    let hide = |hidden: bool| {
        format!(
            "(Object.defineProperty(document, 'hidden', {{ configurable: true, get: () => {hidden} }}), \
             document.dispatchEvent(new Event('visibilitychange')), 0)"
        )
    };
    ann.tab.evaluate(&hide(true)).await;
    bob.say("two").await;
    ann.sees(&bob.name, "two").await;
    ann.shows(".rows .new").await;
    ann.tab.wait_for("document.title.startsWith('(1)')", SOON).await;
    let icon = "document.querySelector('link[rel=icon]').getAttribute('href').endsWith('icon-news.svg')";
    ann.tab.wait_for(icon, SOON).await;
    assert_eq!(ann.tab.evaluate(unread).await, 1);
    ann.tab.evaluate(&hide(false)).await;
    ann.tab.wait_for(&format!("({unread}).then((count) => count === 0)"), PATIENCE).await;
    ann.tab.wait_for(&format!("!({icon})"), SOON).await;
    ann.is_content();
}

#[tokio::test]
async fn whoever_points_at_a_reaction_is_told_whose_it_is() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.say("cake?").await;
    bob.sees(&ann.name, "cake?").await;
    bob.does("pick").await;
    bob.shows(".picker button").await;
    bob.tab.insert("party").await;
    bob.tab.press("Enter").await;
    ann.shows("[data-testid=reaction]").await;
    ann.ask(
        "[data-testid=reaction]",
        "element.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))",
    )
    .await;
    let name = Value::from(bob.name.as_str());
    ann.tab
        .wait_for(&format!("document.querySelector('[data-testid=reaction]').title === {name}"), SOON)
        .await;
    ann.is_content();
}

#[tokio::test]
async fn alt_and_the_arrows_go_from_room_to_room_and_with_shift_to_where_something_is_unread() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    for name in ["apples", "bread", "cake"] {
        ann.opens_room(name, false).await;
    }
    ann.goes_to("lobby").await;
    for (key, name) in [("ArrowDown", "apples"), ("ArrowDown", "bread"), ("ArrowUp", "apples")] {
        ann.tab.press_with_alt(key).await;
        ann.is_in(name).await;
    }
    bob.tab.navigate(&room.page("/room/cake")).await;
    bob.is_in("cake").await;
    bob.tab.click("[data-testid=join]").await;
    bob.tab.wait_for("document.querySelector('[data-testid=composer]').checkVisibility()", SOON).await;
    bob.say("is there some left?").await;
    ann.shows(".side .unread").await;
    ann.tab.press_with_alt_and_shift("ArrowDown").await;
    ann.is_in("cake").await;
    ann.tab.press_with_control("/").await;
    ann.shows("dialog[open] .shortcuts").await;
    ann.is_content();
}

#[tokio::test]
async fn one_message_is_announced_as_a_sentence_and_many_as_a_number() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    bob.say("number 0").await;
    let said = "document.querySelector('[data-testid=announcer]').textContent";
    let sentence = Value::from(format!("{}: number 0", bob.name));
    ann.tab.wait_for(&format!("{said} === {sentence}"), SOON).await;
    // Six at one moment, which no network brings.
    let spoken = "import('/web/views/announcer.js').then(({ Announcer }) => new Promise((done) => {
        const region = document.createElement('div');
        const spoken = [];
        new MutationObserver(() => {
            spoken.push(region.textContent);
            if (spoken.length === 2) done(spoken);
        }).observe(region, { childList: true });
        const announcer = new Announcer(region);
        announcer.heard('Bob', 'number 1');
        // An observer hears of it when all of this is done.
        setTimeout(() => { for (let number = 2; number <= 6; number += 1) announcer.heard('Bob', `number ${number}`); });
    }))";
    assert_eq!(ann.tab.evaluate(spoken).await, json!(["Bob: number 1", "5 new messages"]));
    ann.is_content();
}

#[tokio::test]
async fn pauses_before_another_attempt_grow_to_half_a_minute_and_differ_by_chance() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    let pauses = "import('/web/wire/connection.js').then(({ pauseBefore }) => \
         [0, 1, 2, 3, 20].map((attempt) => [pauseBefore(attempt, 0), pauseBefore(attempt, 1)]))";
    let wanted = json!([[250, 500], [500, 1000], [1000, 2000], [2000, 4000], [15_000, 30_000]]);
    assert_eq!(ann.tab.evaluate(pauses).await, wanted);
}

#[tokio::test]
async fn a_page_whose_frames_stall_shows_what_comes_all_the_same() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.tab.evaluate("void (window.requestAnimationFrame = () => 0)").await;
    for text in ["one", "two"] {
        bob.say(text).await;
        ann.sees(&bob.name, text).await;
    }
    ann.is_content();
}
