//! A room that is open to the web: read without a script, and taken over by the page where there is one.

use parlor_tests::browser::{Browser, Screen};
use parlor_tests::client::Client;
use serde_json::json;

use super::access::axe;
use super::room::{DESK, Guest, PATIENCE, PHONE, Room, SOON};

/// What people write, plain and hostile.
const TEXTS: [&str; 21] = [
    "[a *cat*](/files/0123456789abcdefghjkmnpqrs/cat.png?w=800&h=600)",
    "[](/files/0123456789abcdefghjkmnpqrs/%C3%A9t%C3%A9.pdf) [x](/files/0123456789abcdefghjkmnpqrs/a.png)",
    "[x](/files/0123456789abcdefghjkmnpqru/a.png) [x](/files/../a) [x](/files/0123456789abcdefghjkmnpqrs/a.png?w=0&h=1)",
    "[\"><img src=x>](/files/0123456789abcdefghjkmnpqrs/\"onclick=.svg?w=1&h=1)",
    "**bold**, *slanted*, ~~gone~~, _so_ and `code` of snake_case_names * with stars *",
    "> somebody said\n> two lines\nand I answer",
    "before\n```rust\nfn main() {\n    println!(\"<b>\");\n}\n```\nafter",
    "```\nnever ends",
    "https://example.org/a_b/(c)?d=e&f=*g*. And [words](https://example.org/x?y=\"z\")!",
    "[x](javascript:alert(1)) javascript:alert(1)",
    "<script>document.title = 'broken'</script>",
    "<img src=x onerror=\"document.title = 'broken'\">",
    "`</code><svg onload=alert(1)>`",
    "**nested *deeper ~~deepest~~* back**",
    "https://example.org/\"onmouseover=\"alert(1)",
    "[<i>](https://example.org/'onclick='alert(1))",
    "***x*** **_y_** _*z*_ **unfinished",
    "עברית *מודגש* and 日本語 **太字** 🙂",
    "&lt;b&gt; &amp; &#60;",
    "\n\nlines\n\n\nbetween\n\n",
    "@nobody me@example.org @",
];

/// The texts of the messages as markup, those of a room in their order.
const DRAWN: &str = "[...document.querySelectorAll('.message .text')].map((one) => {
    const copy = one.cloneNode(true);
    // Only a script colours code.
    copy.querySelectorAll('pre span').forEach((part) => part.replaceWith(...part.childNodes));
    copy.normalize();
    return copy.innerHTML;
})";

/// Somebody whose browser runs no script.
async fn reader(browser: &Browser, screen: Screen) -> Guest {
    let tab = browser.tab("about:blank").await;
    tab.set_scripts(false).await;
    tab.set_screen(screen).await;
    Guest { tab, name: String::new() }
}

/// A room that is open to the web, with this said in it.
async fn garden(room: &Room, texts: &[&str]) -> Client {
    let mut ann = Client::new(&format!("ws://{}/chat", room.address())).await;
    ann.ok(json!({"type": "rename", "nickname": "Ann"})).await;
    let wish =
        json!({"type": "create_room", "visibility": "public", "name": "garden", "topic": "Flowers, mostly"});
    let garden = ann.ok(wish).await["room"].clone();
    ann.ok(json!({"type": "set_web_access", "room": garden, "open": true})).await;
    for text in texts {
        ann.ok(json!({"type": "post", "room": garden, "text": text})).await;
    }
    ann
}

#[tokio::test]
async fn without_a_script_an_open_room_is_read_as_the_page_draws_it() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let _ann = garden(&room, &TEXTS).await;
    let reader = reader(&browser, DESK).await;
    reader.tab.navigate(&room.page("/room/garden")).await;
    assert_eq!(reader.texts(".plain h1").await.first().map(String::as_str), Some("garden"));
    assert_eq!(reader.text(".author").await, "Ann");
    reader.shows(".plain .message time").await;
    let plain = reader.tab.evaluate(DRAWN).await;
    // With a script, the page takes over at the same address.
    let guest = room.enter(&browser).await;
    guest.tab.navigate(&room.page("/room/garden")).await;
    let all = format!("document.querySelectorAll('[data-testid=message]').length === {}", TEXTS.len());
    guest.tab.wait_for(&all, SOON).await;
    assert_eq!(guest.tab.evaluate("Boolean(document.querySelector('.plain'))").await, false);
    assert_eq!(guest.tab.evaluate(DRAWN).await, plain);
    assert_eq!(reader.tab.evaluate("document.title").await, "garden · Parlor");
    reader.is_content_except(&["404"]);
    guest.is_content_except(&["404"]);
}

#[tokio::test]
async fn who_comes_by_a_link_with_a_script_is_in_the_room_at_that_message() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let said: Vec<String> = (0..80).map(|number| format!("flower {number}")).collect();
    let _ann = garden(&room, &said.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let reader = reader(&browser, DESK).await;
    reader.tab.navigate(&room.page("/room/garden")).await;
    // The way back and to one message, by links alone.
    reader.ask(".plain nav a[rel=prev]", "element.scrollIntoView()").await;
    reader.tab.click(".plain nav a[rel=prev]").await;
    reader.tab.wait_for("document.querySelector('.text')?.textContent === 'flower 0'", PATIENCE).await;
    reader.tab.click(".plain .message a.when").await;
    reader.tab.wait_for("document.title.startsWith('Ann: flower 0 · garden')", PATIENCE).await;
    let path = reader.tab.evaluate("location.pathname").await;
    let path = path.as_str().expect("an address");
    // Somebody new, who has a script.
    let tab = browser.tab(&room.page(path)).await;
    let guest = Guest { tab, name: String::new() };
    guest.is("connected", PATIENCE).await;
    guest
        .tab
        .wait_for("document.querySelector('.message.wanted .text')?.textContent === 'flower 0'", PATIENCE)
        .await;
    guest.shows("[data-testid=open-to-web]").await;
    guest.is_content();
}

#[tokio::test]
async fn a_room_is_opened_to_the_web_where_its_topic_is_set() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.opens_room("garden", false).await;
    ann.say("roses").await;
    ann.sees(&ann.name, "roses").await;
    bob.tab.navigate(&room.page("/room/garden")).await;
    bob.is("connected", PATIENCE).await;
    bob.sees(&ann.name, "roses").await;
    let reader = reader(&browser, DESK).await;
    for is_open in [true, false] {
        ann.tab.click("[data-testid=topic]").await;
        ann.shows("dialog input[name=web]").await;
        ann.tab.click("dialog input[name=web]").await;
        ann.tab.evaluate("document.querySelector('dialog form').requestSubmit()").await;
        for guest in [&ann, &bob] {
            let told = "document.querySelector('[data-testid=open-to-web]').checkVisibility()";
            guest.tab.wait_for(&format!("{told} === {is_open}"), SOON).await;
        }
        reader.tab.navigate(&room.page("/room/garden")).await;
        let shown = reader.texts(".plain .text").await;
        assert_eq!(shown, if is_open { vec!["roses"] } else { vec![] });
    }
    ann.is_content();
    bob.is_content();
}

#[tokio::test]
async fn axe_finds_nothing_in_a_room_without_a_script() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let _ann = garden(&room, &TEXTS).await;
    for (screen, size) in [(DESK, "wide"), (PHONE, "narrow")] {
        let reader = reader(&browser, screen).await;
        reader.tab.navigate(&room.page("/room/garden")).await;
        // What is on the page stays as it is; axe needs timers.
        reader.tab.set_scripts(true).await;
        reader.tab.evaluate(&axe()).await;
        reader.is_accessible(&format!("{size}-plain")).await;
        reader.is_content_except(&["404"]);
    }
}
