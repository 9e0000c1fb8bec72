//! The page without a network and without a server: it opens, is read, searched and written in, and catches up.

use std::time::Duration;

use parlor_tests::browser::{Browser, Tab};
use serde_json::{Value, json};
use websocket_hub::{Request, Response, serve};

use super::restart::NO_SERVER;
use super::room::{COMPOSER, Guest, PATIENCE, Room};

/// Fewer than a page of history.
const MISSED: usize = 24;
/// Writes down each state of the list that a reader could see.
const WATCH: &str = "globalThis.states = [];
    const look = () => {
        const shown = document.querySelectorAll('[data-testid=text]').length;
        const state = `${shown} ${document.querySelector('.rows .new') ? 'with' : 'without'} a line`;
        if (shown > 0 && states.at(-1) !== state) states.push(state);
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);";

/// Waits until the browser keeps the page, and the page has kept what was said.
pub(crate) async fn is_kept(guest: &Guest, last: &str) {
    guest
        .tab
        .wait_for(
            "navigator.serviceWorker.getRegistration().then((one) => one?.active?.state === 'activated')",
            PATIENCE,
        )
        .await;
    let last = Value::from(last);
    let kept = format!(
        "new Promise((done) => {{
            const opening = indexedDB.open('parlor');
            opening.onsuccess = () => {{
                const asked = opening.result.transaction('rooms').objectStore('rooms').getAll();
                asked.onsuccess = () => {{
                    opening.result.close();
                    done(asked.result.some((room) => room.span?.messages.at(-1)?.text === {last}));
                }};
            }};
        }})"
    );
    guest.tab.wait_for(&kept, PATIENCE).await;
}

/// The same person at a new tab.
async fn beside(room: &Room, guest: &Guest) -> Guest {
    let tab: Tab = guest.tab.beside().await;
    tab.navigate(&room.page("/")).await;
    Guest { tab, name: guest.name.clone() }
}

#[tokio::test]
async fn without_a_server_a_new_tab_opens_is_read_searched_and_written_in_and_all_arrives_once() {
    let browser = Browser::shared().await;
    let mut room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    bob.say("the cake is in the oven").await;
    ann.sees(&bob.name, "the cake is in the oven").await;
    is_kept(&ann, "the cake is in the oven").await;
    room.kill();
    let anew = beside(&room, &ann).await;
    ann.tab.close().await;
    // Read.
    anew.sees_within(&bob.name, "the cake is in the oven", PATIENCE).await;
    assert_eq!(anew.text("[data-testid=you]").await, anew.name);
    // Searched.
    anew.tab.click("[data-testid=search]").await;
    anew.tab.wait_for("document.activeElement.dataset.testid === 'search-box'", PATIENCE).await;
    anew.tab.insert("CAKE").await;
    anew.tab
        .wait_for("document.querySelector('[data-testid=result] mark')?.textContent === 'cake'", PATIENCE)
        .await;
    anew.ask(COMPOSER, "element.focus()").await;
    // Written in; what is typed and not sent survives, too.
    for text in ["I smell it", "Is there some left?"] {
        anew.say(text).await;
        anew.sees(&anew.name, text).await;
    }
    anew.tab.insert("half a thought").await;
    anew.tab.reload().await;
    anew.sees_within(&anew.name, "Is there some left?", PATIENCE).await;
    anew.tab
        .wait_for("document.querySelector('[data-testid=composer]').value === 'half a thought'", PATIENCE)
        .await;

    room.open_again();
    let said = ["the cake is in the oven", "I smell it", "Is there some left?"];
    for guest in [&anew, &bob] {
        guest.is("connected", PATIENCE).await;
        guest.sees(&anew.name, "Is there some left?").await;
        guest.tab.wait_for("document.querySelectorAll('.sending').length === 0", PATIENCE).await;
        assert_eq!(guest.messages().await, said);
    }
    anew.tab.reload().await;
    anew.is("connected", PATIENCE).await;
    anew.sees(&anew.name, "Is there some left?").await;
    assert_eq!(anew.messages().await, said);
    anew.is_content_except(&NO_SERVER);
}

#[tokio::test]
async fn two_tabs_of_one_person_send_what_waits_once_and_a_closed_one_leaves_it_to_the_other() {
    let browser = Browser::shared().await;
    let mut room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    let other = beside(&room, &ann).await;
    other.is("connected", PATIENCE).await;
    room.kill();
    for guest in [&ann, &other] {
        guest.is("reconnecting", PATIENCE).await;
    }
    ann.say("from the first tab").await;
    other.say("from the second tab").await;
    ann.sees(&ann.name, "from the first tab").await;
    other.sees(&ann.name, "from the second tab").await;
    // The first tab is gone before there is a server.
    ann.tab.close().await;
    room.open_again();
    for guest in [&other, &bob] {
        guest.is("connected", PATIENCE).await;
        guest.sees(&ann.name, "from the first tab").await;
        guest.sees(&ann.name, "from the second tab").await;
        guest.tab.wait_for("document.querySelectorAll('.sending').length === 0", PATIENCE).await;
        let mut said = guest.messages().await;
        said.sort();
        assert_eq!(said, ["from the first tab", "from the second tab"]);
    }
    other.is_content_except(&NO_SERVER);
}

#[tokio::test]
async fn what_was_missed_is_drawn_in_one_paint_behind_a_line_with_the_right_count() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    bob.say("before").await;
    ann.sees(&bob.name, "before").await;
    is_kept(&ann, "before").await;
    ann.tab.wait_for("!document.querySelector('.side .unread')", PATIENCE).await;
    ann.tab.navigate("about:blank").await;
    for number in 0..MISSED {
        bob.say(&format!("meanwhile {number}")).await;
    }
    bob.sees(&bob.name, &format!("meanwhile {}", MISSED - 1)).await;
    ann.tab.before_each_page(WATCH).await;
    ann.tab.navigate(&room.page("/")).await;
    ann.is("connected", PATIENCE).await;
    ann.sees(&bob.name, &format!("meanwhile {}", MISSED - 1)).await;
    let all = format!("{} with a line", MISSED + 1);
    ann.tab.wait_for(&format!("states.at(-1) === '{all}'"), PATIENCE).await;
    // What was kept, if the disk is quicker than the server; then, with the next paint, all that was missed.
    let states = ann.tab.evaluate("states").await;
    assert!([json!(["1 without a line", all]), json!([all])].contains(&states), "{states}");
    let after_line =
        "document.querySelector('.rows .new').nextElementSibling.querySelector('[data-testid=text]')";
    assert_eq!(ann.tab.evaluate(&format!("{after_line}.textContent")).await, "meanwhile 0");
    let place = "document.querySelector('.rows .new').getBoundingClientRect().top";
    ann.tab.wait_for(&format!("{place} > 0 && {place} < innerHeight"), PATIENCE).await;
    ann.is_content();
}

#[tokio::test]
async fn a_new_version_is_offered_and_taken_when_people_wish() {
    let browser = Browser::shared().await;
    let mut room = Room::open();
    let ann = room.enter(&browser).await;
    ann.say("said").await;
    is_kept(&ann, "said").await;
    // From now on the worker serves the page.
    ann.tab.reload().await;
    ann.is("connected", PATIENCE).await;
    ann.tab.insert("in the middle of a").await;
    room.stop();
    let newer = serve(newer_site).bind(room.address()).expect("the address is free again");
    let registered = "navigator.serviceWorker.getRegistration()";
    ann.tab.evaluate(&format!("{registered}.then((one) => one.update()).then(() => {{}})")).await;
    ann.tab.wait_for("document.querySelector('[data-testid=offer]').checkVisibility()", PATIENCE).await;
    assert_eq!(ann.draft().await, "in the middle of a");
    ann.tab.click("[data-testid=offer] [data-does=renew]").await;
    ann.tab.wait_for("document.title === 'The next one'", PATIENCE).await;
    ann.tab.wait_for("caches.keys().then((names) => names.join() === 'parlor next')", PATIENCE).await;
    tokio::task::spawn_blocking(move || newer.stop_within(Duration::from_secs(5))).await.expect("it stops");
}

/// What the server after this one would say.
fn newer_site(request: Request) -> Response {
    let worker = include_str!("../../../web/service-worker.js");
    let (kind, body) = match request.uri().path() {
        "/service-worker.js" => (
            "text/javascript",
            format!("self.VERSION = 'next'; self.FILES = ['/web/next/index.html'];\n{worker}"),
        ),
        "/web/next/index.html" => ("text/html", "<!doctype html><title>The next one</title>".to_owned()),
        _ => ("text/plain", String::new()),
    };
    let mut response = Response::new(body.into());
    response.headers_mut().insert("content-type", kind.parse().expect("it is ASCII"));
    response
}
