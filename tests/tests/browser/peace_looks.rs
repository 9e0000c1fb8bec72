//! What keeping the peace looks like: for everybody, on every screen, in both themes and both directions.

use std::sync::Arc;

use parlor_tests::browser::{Browser, Screen};
use serde_json::json;

use super::access::axe;
use super::account::press;
use super::peace::{LOBBY, owner};
use super::room::{DESK, Guest, PATIENCE, PHONE, Room, SOON};

/// A server where everything waits that can wait: a report, something held back, somebody at the door.
async fn busy(room: &Room, browser: &Arc<Browser>, screen: Screen) -> (Guest, Guest) {
    let ann = owner(room, browser, screen).await;
    let eve = room.enter(browser).await;
    ann.orders(&json!({"type": "set_filter", "kind": "word", "pattern": "pills", "action": "hold"})).await;
    for text in
        ["Has anybody tried the new bakery?", "I know something better than bread", "Go away, all of you"]
    {
        eve.say(text).await;
        ann.sees(&eve.name, text).await;
    }
    eve.say("Cheap pills at https://example.org/pills").await;
    eve.says(".message.held", "Held back").await;
    ann.says(".message.held", "Held back").await;
    let report = json!({"type": "report", "room": LOBBY, "message": 3, "note": "Rude to everybody"});
    ann.orders(&report).await;
    ann.orders(&json!({"type": "set_door", "door": "invite"})).await;
    ann.orders(&json!({"type": "make_invite", "seconds": 604_800, "uses": 10})).await;
    let range = json!({"type": "ban_range", "range": "192.0.2.0/24", "seconds": 3600, "reason": "A raid"});
    ann.orders(&range).await;
    let bob = Guest { tab: browser.tab(&room.page("/")).await, name: String::new() };
    bob.says(".trouble", "lets in by invitation").await;
    press(&bob, "ask-in").await;
    bob.tab.wait_for("document.querySelector('dialog[open] input') !== null", SOON).await;
    bob.ask("dialog input", "element.value = 'Bob, I sing in the choir with Ann'").await;
    bob.ask("dialog form", "element.requestSubmit()").await;
    bob.says(".trouble", "You have asked to be let in").await;
    ann.says("[data-testid=moderation] .badge", "3").await;
    (ann, eve)
}

async fn views(screen: Screen, size: &str) {
    let (browser, room) = (Browser::shared().await, Room::open());
    let (ann, eve) = busy(&room, &browser, screen).await;
    ann.tab.evaluate(&axe()).await;
    ann.is_accessible(&format!("moderation-{size}-talk")).await;
    ann.looks_at_who_said("Go away, all of you").await;
    ann.is_accessible(&format!("moderation-{size}-person")).await;
    for act in ["mute", "kick", "ban"] {
        press(&ann, act).await;
        ann.shows("[data-testid=moderation-send]").await;
        ann.is_accessible(&format!("moderation-{size}-{act}")).await;
        press(&ann, "back").await;
        ann.shows(".about-person").await;
    }
    ann.closes_the_card().await;
    ann.does_with("Go away, all of you", "report").await;
    ann.shows("[data-testid=moderation-send]").await;
    ann.is_accessible(&format!("moderation-{size}-report")).await;
    ann.closes_the_card().await;
    ann.shows_every_part(size).await;
    // Whom it is about.
    eve.tab.set_screen(screen).await;
    eve.tab.evaluate(&axe()).await;
    ann.orders(&json!({"type": "set_slow_mode", "room": LOBBY, "seconds": 60})).await;
    eve.says(".hint", "Slow mode").await;
    eve.is_accessible(&format!("moderation-{size}-slow")).await;
    let person = ann.who(&eve.name).await;
    ann.orders(&json!({"type": "mute", "person": person, "seconds": 3600, "reason": "Calm down, please"}))
        .await;
    eve.says(".hint", "muted").await;
    eve.is_accessible(&format!("moderation-{size}-muted")).await;
    ann.orders(&json!({"type": "kick", "person": person, "reason": "Take a walk"})).await;
    eve.says(".trouble", "Take a walk").await;
    eve.is_accessible(&format!("moderation-{size}-kicked")).await;
    for guest in [&ann, &eve] {
        guest.is_content();
    }
}

impl Guest {
    /// Every part of the desk is looked at, with something in it.
    async fn shows_every_part(&self, size: &str) {
        for part in
            ["reports", "withheld", "door", "invites", "restraints", "filters", "rooms", "undo", "audit"]
        {
            self.opens_desk(part).await;
            if part == "undo" {
                self.ask("dialog select[name=reach]", "element.value = 'typed'").await;
                self.fills("who", "127.0.0.0/24").await;
                press(self, "part-send").await;
                self.shows("[data-testid=review]").await;
            } else {
                self.shows(".desk .waiting > li").await;
            }
            if part == "invites" {
                press(self, "part-send").await;
                self.shows("[data-testid=invite-link]").await;
            }
            self.is_accessible(&format!("moderation-{size}-{part}")).await;
        }
        self.closes_the_card().await;
    }

    /// The id of somebody whom this page knows.
    async fn who(&self, name: &str) -> String {
        let ask = format!(
            "new Promise((done) => {{
                const socket = new WebSocket(location.origin.replace('http', 'ws') + '/chat', 'parlor.v1');
                socket.onmessage = ({{ data }}) => {{
                    const line = JSON.parse(data);
                    if (line.type === 'welcome') {{
                        socket.send(JSON.stringify({{ type: 'person', nickname: {}, id: 1 }}));
                    }}
                    if (line.id === 1) {{ socket.close(); done(line.person.id); }}
                }};
            }})",
            json!(name)
        );
        self.tab.evaluate(&ask).await.as_str().expect("an id").to_owned()
    }
}

#[tokio::test]
async fn axe_finds_nothing_in_any_view_of_moderation_at_a_desk() {
    views(DESK, "wide").await;
}

#[tokio::test]
async fn axe_finds_nothing_in_any_view_of_moderation_on_a_phone() {
    views(PHONE, "phone").await;
}

#[tokio::test]
async fn moderation_reads_from_right_to_left_and_fits_the_narrowest_screen() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let (ann, _eve) = busy(&room, &browser, DESK).await;
    let set = "import('/web/settings.js').then(({ set }) => set('language', 'ar'))";
    ann.tab.evaluate(set).await;
    ann.tab.reload().await;
    ann.is("connected", PATIENCE).await;
    ann.tab.evaluate(&axe()).await;
    for (screen, size) in [(DESK, "rtl"), (Screen { width: 320, height: 640, phone: false }, "rtl-narrowest")]
    {
        ann.tab.set_screen(screen).await;
        ann.keeps("[data-testid=moderation]:not([hidden])").await;
        ann.shows_every_part(size).await;
        ann.looks_at_who_said("Go away, all of you").await;
        press(&ann, "ban").await;
        ann.shows("[data-testid=moderation-send]").await;
        ann.is_accessible(&format!("moderation-{size}-ban")).await;
        ann.closes_the_card().await;
    }
    ann.is_content();
}
