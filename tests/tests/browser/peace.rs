//! Keeping the peace at the page: what people see when somebody is muted, sent away, shut out, reported, held back.

use std::sync::Arc;

use parlor_tests::browser::{Browser, Screen};
use serde_json::{Value, json};

use super::account::press;
use super::room::{COMPOSER, DESK, Guest, PATIENCE, Room, SOON};

pub(crate) const LOBBY: &str = "0000000000001";

/// Somebody comes by the link that the server printed, and owns it.
pub(crate) async fn owner(room: &Room, browser: &Arc<Browser>, screen: Screen) -> Guest {
    let line = room.printed("#own=");
    let (_, link) = line.split_once(": ").expect("it is said what the link is for");
    let ann = room.enter_at(browser, screen, link).await;
    ann.keeps("[data-testid=moderation]:not([hidden])").await;
    ann
}

impl Guest {
    /// Waits until there is such an element, whether or not it can be seen.
    pub(crate) async fn keeps(&self, selector: &str) {
        let selector = Value::from(selector);
        self.tab.wait_for(&format!("document.querySelector({selector}) !== null"), SOON).await;
    }

    /// Waits until an element says something with these words in it.
    pub(crate) async fn says(&self, selector: &str, words: &str) {
        let (selector, words) = (Value::from(selector), Value::from(words));
        let said = format!("document.querySelector({selector})?.textContent.includes({words})");
        self.tab.wait_for(&said, PATIENCE).await;
    }

    /// Presses what an element is called in a menu of the message with this text.
    pub(crate) async fn does_with(&self, text: &str, item: &str) {
        let text = Value::from(text);
        let open = format!(
            "(() => {{
                const row = [...document.querySelectorAll('.stage .message.settled')].find((one) =>
                    one.querySelector('[data-testid=text]').textContent === {text});
                row.dispatchEvent(new PointerEvent('pointerover', {{ bubbles: true }}));
                row.querySelector('[data-testid=more]').click();
                return 0;
            }})()"
        );
        self.tab.evaluate(&open).await;
        press(self, item).await;
    }

    /// Opens the card of whoever said this.
    pub(crate) async fn looks_at_who_said(&self, text: &str) {
        self.does_with(text, "about-them").await;
        self.shows(".about-person").await;
    }

    /// Chooses in the card.
    pub(crate) async fn picks(&self, name: &str, value: &str) {
        let selector = format!("dialog select[name={name}]");
        self.shows(&selector).await;
        let value = Value::from(value);
        let choose =
            format!("(element.value = {value}, element.dispatchEvent(new Event('change')), element.value)");
        assert_eq!(self.ask(&selector, &choose).await, value);
    }

    /// Fills a box of the card.
    pub(crate) async fn fills(&self, name: &str, text: &str) {
        let selector = format!("dialog input[name={name}]");
        self.shows(&selector).await;
        let text = Value::from(text);
        self.ask(&selector, &format!("element.value = {text}")).await;
    }

    /// Opens a part of what there is for moderators.
    pub(crate) async fn opens_desk(&self, part: &str) {
        let is_open = self.tab.evaluate("document.querySelector('dialog[open] .desk') !== null").await;
        if is_open == json!(false) {
            self.ask("[data-testid=moderation]", "element.click()").await;
        }
        press(self, &format!("desk-{part}")).await;
        self.tab
            .wait_for(
                &format!("document.querySelector('[data-testid=desk-{part}]').ariaCurrent === 'page'"),
                SOON,
            )
            .await;
    }

    /// Waits until these are all messages of the room, in this order.
    pub(crate) async fn reads(&self, texts: &[&str]) {
        let texts = json!(texts).to_string();
        let read = "JSON.stringify(Array.from(document.querySelectorAll('.stage [data-testid=text]'), (one) => one.textContent))";
        self.tab.wait_for(&format!("{read} === {}", json!(texts)), PATIENCE).await;
    }

    /// Presses a key until the focus is where it should be.
    async fn walks_to(&self, key: &str, selector: &str) {
        for _ in 0..40 {
            let is_there = format!("document.activeElement?.matches({}) ?? false", json!(selector));
            if self.tab.evaluate(&is_there).await == json!(true) {
                return;
            }
            self.tab.press(key).await;
        }
        panic!("the key {key} does not lead to {selector}");
    }

    /// Orders something beside the page, as a program of the same person would.
    pub(crate) async fn orders(&self, request: &Value) {
        let order = format!(
            "new Promise((done) => {{
                const socket = new WebSocket(location.origin.replace('http', 'ws') + '/chat', 'parlor.v1');
                socket.onmessage = ({{ data }}) => {{
                    const line = JSON.parse(data);
                    if (line.type === 'welcome') socket.send(JSON.stringify({{ ...{request}, id: 1 }}));
                    if (line.id === 1) {{ socket.close(); done(line.message ?? line.type); }}
                }};
            }})"
        );
        assert_eq!(self.tab.evaluate(&order).await, "ok", "{request}");
    }

    pub(crate) async fn closes_the_card(&self) {
        self.ask("dialog", "element.close()").await;
    }
}

#[tokio::test]
async fn whoever_is_muted_reads_until_when_and_why_and_keeps_what_they_typed() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let bob = room.enter(&browser).await;
    bob.say("shouting").await;
    ann.sees(&bob.name, "shouting").await;
    ann.looks_at_who_said("shouting").await;
    press(&ann, "mute").await;
    ann.picks("where", "").await;
    ann.fills("reason", "calm down").await;
    press(&ann, "moderation-send").await;
    ann.says("[data-testid=term]", "calm down").await;
    bob.says(".hint", "You are muted here until").await;
    bob.says(".hint", "calm down").await;
    bob.ask(COMPOSER, "element.focus()").await;
    bob.say("but I").await;
    assert_eq!(bob.draft().await, "but I");
    // Who comes back is told the same.
    bob.tab.reload().await;
    bob.is("connected", PATIENCE).await;
    bob.says(".hint", "calm down").await;
    assert_eq!(bob.draft().await, "but I");
    press(&ann, "unmute").await;
    bob.tab.wait_for("!document.querySelector('.hint').textContent.includes('muted')", SOON).await;
    bob.tab.press("Enter").await;
    ann.sees(&bob.name, "but I").await;
    for guest in [&ann, &bob] {
        guest.is_content();
    }
}

#[tokio::test]
async fn whoever_is_sent_away_reads_why_at_once_and_comes_back_when_they_wish() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let bob = room.enter(&browser).await;
    bob.say("rude words").await;
    ann.sees(&bob.name, "rude words").await;
    ann.looks_at_who_said("rude words").await;
    press(&ann, "kick").await;
    ann.fills("reason", "not like this").await;
    press(&ann, "moderation-send").await;
    bob.says(".trouble", "A moderator has disconnected you").await;
    bob.says(".trouble", "not like this").await;
    bob.shows("[data-testid=retry]").await;
    bob.ask("[data-testid=retry]", "element.click()").await;
    bob.is("connected", PATIENCE).await;
    // The same for a ban, which coming back does not end.
    press(&ann, "ban").await;
    ann.fills("reason", "enough").await;
    press(&ann, "moderation-send").await;
    bob.says(".trouble", "You are shut out of this server. The reason given: enough").await;
    ann.says("[data-testid=term]", "Banned until").await;
    bob.ask("[data-testid=retry]", "element.click()").await;
    bob.says(".trouble", "The reason given: enough").await;
    press(&ann, "unban").await;
    ann.tab.wait_for("!document.querySelector('[data-testid=term]')", SOON).await;
    bob.is("connected", PATIENCE).await;
    for guest in [&ann, &bob] {
        guest.is_content();
    }
}

#[tokio::test]
async fn in_slow_mode_the_button_counts_down_and_what_one_types_stays() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let bob = room.enter(&browser).await;
    let set = |seconds: u64| json!({"type": "set_slow_mode", "room": LOBBY, "seconds": seconds});
    ann.orders(&set(3600)).await;
    bob.say("first").await;
    ann.sees(&bob.name, "first").await;
    bob.says(".hint", "Slow mode: one message every 1 hour").await;
    let counts = "/^5?\\d:\\d\\d$/.test(document.querySelector('[data-testid=send]').textContent)";
    bob.tab.wait_for(counts, SOON).await;
    bob.say("second").await;
    assert_eq!(bob.draft().await, "second");
    // Whoever keeps the peace is not slowed down, and its end is told at once.
    ann.ask(COMPOSER, "element.focus()").await;
    for text in ["one", "two"] {
        ann.say(text).await;
        bob.sees(&ann.name, text).await;
    }
    ann.orders(&set(0)).await;
    bob.tab.wait_for("document.querySelector('[data-testid=send]').textContent === 'Send'", SOON).await;
    bob.tab.press("Enter").await;
    ann.sees(&bob.name, "second").await;
    for guest in [&ann, &bob] {
        guest.is_content();
    }
}

#[tokio::test]
async fn a_report_reaches_the_moderators_who_see_what_was_said_around_it_and_remove_it() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let (bob, eve) = (room.enter(&browser).await, room.enter(&browser).await);
    for text in ["good morning", "buy my pills"] {
        eve.say(text).await;
        bob.sees(&eve.name, text).await;
    }
    bob.does_with("buy my pills", "report").await;
    bob.fills("note", "an advertisement").await;
    press(&bob, "moderation-send").await;
    bob.says("[data-testid=toast]", "Reported").await;
    // Whoever keeps the peace is told that something waits; whoever wrote it is not.
    ann.says("[data-testid=moderation] .badge", "1").await;
    assert_eq!(eve.ask("[data-testid=moderation]", "element.hidden").await, true);
    ann.opens_desk("reports").await;
    ann.says(".waiting .said", "an advertisement").await;
    ann.says(".waiting .context", "good morning").await;
    ann.says(".waiting .reported", "buy my pills").await;
    press(&ann, "remove-reported").await;
    let gone = "![...document.querySelectorAll('[data-testid=text]')].some((one) => one.textContent === 'buy my pills')";
    for guest in [&ann, &bob, &eve] {
        guest.tab.wait_for(gone, SOON).await;
    }
    press(&ann, "settle").await;
    ann.says(".desk .nothing", "No report waits").await;
    ann.tab.wait_for("!document.querySelector('[data-testid=moderation] .badge')", PATIENCE).await;
    for guest in [&ann, &bob, &eve] {
        guest.is_content();
    }
}

#[tokio::test]
async fn what_a_filter_holds_back_is_seen_by_its_author_and_the_moderators_until_it_is_let_through() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let (bob, eve) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.orders(&json!({"type": "set_filter", "kind": "word", "pattern": "pills", "action": "hold"})).await;
    eve.say("about pills").await;
    eve.says(".message.held", "Held back: a moderator looks at it").await;
    ann.says(".message.held", "Held back by a filter").await;
    eve.say("after it").await;
    bob.sees(&eve.name, "after it").await;
    bob.reads(&["after it"]).await;
    // Its author sees it wherever and whenever they come back.
    eve.tab.reload().await;
    eve.is("connected", PATIENCE).await;
    eve.says(".message.held", "about pills").await;
    press(&ann, "let-through").await;
    for guest in [&ann, &bob, &eve] {
        guest.tab.wait_for("!document.querySelector('.message.held')", SOON).await;
        // At its place, as if it had never been held back.
        guest.reads(&["about pills", "after it"]).await;
    }
    // What is erased instead nobody sees.
    eve.say("more pills").await;
    ann.opens_desk("withheld").await;
    ann.says(".waiting .context", "more pills").await;
    press(&ann, "purge").await;
    ann.says(".desk .nothing", "Nothing is held back").await;
    ann.tab.wait_for("!document.querySelector('.message.held')", PATIENCE).await;
    for guest in [&ann, &bob, &eve] {
        guest.is_content();
    }
}

#[tokio::test]
async fn an_owner_makes_somebody_a_moderator_who_finds_what_that_is_for_at_once() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let (bob, eve) = (room.enter(&browser).await, room.enter(&browser).await);
    bob.say("here to help").await;
    ann.sees(&bob.name, "here to help").await;
    ann.looks_at_who_said("here to help").await;
    ann.picks("server-role", "moderator").await;
    ann.says("[data-testid=toast]", "has another role: Moderator").await;
    bob.keeps("[data-testid=moderation]:not([hidden])").await;
    eve.say("oh no").await;
    bob.sees(&eve.name, "oh no").await;
    bob.does_with("oh no", "delete").await;
    eve.tab.wait_for("document.querySelectorAll('.stage .message').length === 1", PATIENCE).await;
    // A moderator does nothing to an owner.
    ann.closes_the_card().await;
    ann.say("well done").await;
    bob.sees(&ann.name, "well done").await;
    bob.looks_at_who_said("well done").await;
    assert_eq!(bob.texts("dialog .choice button").await, ["Write to them"]);
    for guest in [&ann, &bob, &eve] {
        guest.is_content();
    }
}

#[tokio::test]
async fn where_one_needs_an_invitation_one_asks_and_waits_until_a_moderator_lets_one_in() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    ann.opens_desk("door").await;
    ann.picks("door", "invite").await;
    ann.says("[data-testid=toast]", "The door is set").await;
    let tab = browser.tab(&room.page("/")).await;
    let eve = Guest { tab, name: String::new() };
    eve.says(".trouble", "lets in by invitation").await;
    press(&eve, "ask-in").await;
    eve.tab.wait_for("document.querySelector('dialog[open] input') !== null", SOON).await;
    eve.ask("dialog input", "element.value = 'Eve, from the choir'").await;
    eve.ask("dialog form", "element.requestSubmit()").await;
    eve.says(".trouble", "You have asked to be let in").await;
    ann.says("[data-testid=moderation] .badge", "1").await;
    ann.says(".waiting .said", "Eve, from the choir").await;
    press(&ann, "admit").await;
    ann.says(".desk .nothing", "Nobody waits at the door").await;
    eve.ask("[data-testid=retry]", "element.click()").await;
    eve.is("connected", PATIENCE).await;
    eve.ask(COMPOSER, "element.focus()").await;
    eve.say("thank you").await;
    ann.says(".stage .rows", "thank you").await;
    ann.is_content();
    // Who asks gives up an attempt that may be on its way already.
    eve.is_content_except(&["WebSocket is closed before the connection is established"]);
}

#[tokio::test]
async fn keys_alone_report_a_message_settle_the_report_and_ban_its_author() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let ann = owner(&room, &browser, DESK).await;
    let eve = room.enter(&browser).await;
    eve.say("buy my pills").await;
    ann.sees(&eve.name, "buy my pills").await;
    // The menu of the message: up to what reports it.
    ann.ask("[data-testid=timeline]", "element.focus()").await;
    ann.tab.press("ArrowUp").await;
    ann.focuses(".message").await;
    ann.walks_to("Tab", "[data-testid=more]").await;
    ann.tab.press("Enter").await;
    ann.walks_to("ArrowDown", "[data-testid=report]").await;
    ann.tab.press("Enter").await;
    ann.focuses("dialog input[name=note]").await;
    ann.tab.insert("an advertisement").await;
    ann.tab.press("Enter").await;
    ann.says("[data-testid=moderation] .badge", "1").await;
    ann.focuses(COMPOSER).await;
    // What waits: from the box to the side with F6, and into the card.
    ann.tab.press("F6").await;
    ann.focuses(".side").await;
    ann.walks_to("Tab", "[data-testid=moderation]").await;
    ann.tab.press("Enter").await;
    ann.walks_to("Tab", "[data-testid=desk-reports]").await;
    ann.tab.press("Enter").await;
    ann.shows(".waiting .reported").await;
    ann.walks_to("Tab", "[data-testid=settle]").await;
    ann.walks_to("Tab", "[data-testid=author]").await;
    ann.tab.press("Enter").await;
    ann.shows(".about-person").await;
    ann.walks_to("Tab", "[data-testid=ban]").await;
    ann.tab.press("Enter").await;
    ann.walks_to("Tab", "dialog input[name=reason]").await;
    ann.tab.insert("pills").await;
    ann.tab.press("Enter").await;
    eve.says(".trouble", "The reason given: pills").await;
    ann.says("[data-testid=term]", "Banned until").await;
    ann.walks_to("Tab", "[data-testid=back]").await;
    ann.tab.press("Enter").await;
    ann.shows(".waiting .reported").await;
    ann.walks_to("Tab", "[data-testid=settle]").await;
    ann.tab.press("Enter").await;
    ann.says(".desk .nothing", "No report waits").await;
    ann.tab.press("Escape").await;
    ann.focuses(COMPOSER).await;
    ann.is_content();
    eve.is_content();
}
