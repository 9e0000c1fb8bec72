//! Rooms: they are opened, found, joined and left, have addresses, and say where something is unread.

use parlor_tests::browser::Browser;
use parlor_tests::client::Client;
use serde_json::{Value, json};

use super::room::{COMPOSER, DESK, Guest, PHONE, Room, SOON, STANDS_IN_FOR_NOTIFICATIONS};

impl Guest {
    /// Opens a room and is in it.
    pub(crate) async fn opens_room(&self, name: &str, is_private: bool) {
        // The list of rooms may still be coming, and would push the button away from under a mouse.
        self.ask("[data-testid=browse]", "element.click()").await;
        self.shows("dialog input").await;
        self.tab.insert(name).await;
        let offered =
            format!("document.querySelector('.choices')?.textContent.includes({})", Value::from(name));
        self.tab.wait_for(&offered, SOON).await;
        self.tab.press("Enter").await;
        self.tab.wait_for("document.querySelector('dialog h2')?.textContent === 'Open a room'", SOON).await;
        if is_private {
            self.tab.click("dialog input[type=checkbox]").await;
        }
        self.tab.evaluate("document.querySelector('dialog form').requestSubmit()").await;
        self.is_in(name).await;
    }

    pub(crate) async fn is_in(&self, name: &str) {
        let name = Value::from(name);
        self.tab
            .wait_for(&format!("document.querySelector('[data-testid=room]').textContent === {name}"), SOON)
            .await;
    }

    pub(crate) async fn goes_to(&self, name: &str) {
        let index = self.rooms().await.iter().position(|room| room == name).expect("it is in the sidebar");
        self.tab.evaluate(&format!("document.querySelectorAll('.side .place')[{index}].click()")).await;
        self.is_in(name).await;
    }

    async fn rooms(&self) -> Vec<String> {
        self.texts(".side .place .name").await
    }
}

#[tokio::test]
async fn a_public_room_has_an_address_where_others_look_in_and_join() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.opens_room("garden", false).await;
    assert_eq!(ann.tab.evaluate("location.pathname").await, "/room/garden");
    ann.say("only roses here").await;
    ann.sees(&ann.name, "only roses here").await;

    let origin = bob.tab.evaluate("location.origin").await;
    bob.tab.navigate(&format!("{}/room/Garden", origin.as_str().expect("an address"))).await;
    bob.is_in("garden").await;
    bob.sees(&ann.name, "only roses here").await;
    assert_eq!(bob.ask(COMPOSER, "element.checkVisibility()").await, false, "who looks in cannot talk");
    bob.tab.click("[data-testid=join]").await;
    bob.tab.wait_for("document.querySelector('[data-testid=composer]').checkVisibility()", SOON).await;
    bob.say("and tulips").await;
    ann.sees(&bob.name, "and tulips").await;
    assert_eq!(bob.rooms().await, ["lobby", "garden"]);

    bob.tab.click("[data-testid=leave]").await;
    bob.shows("[data-testid=join]").await;
    for guest in [&ann, &bob] {
        guest.is_content();
    }
}

#[tokio::test]
async fn whoever_speaks_on_the_way_to_a_room_gets_there_all_the_same() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.opens_room("garden", false).await;
    room.pause();
    let go = "(history.pushState(null, '', '/room/garden'), dispatchEvent(new PopStateEvent('popstate')), 0)";
    bob.tab.evaluate(go).await;
    bob.say("still in the lobby").await;
    room.go_on();
    bob.is_in("garden").await;
    bob.goes_to("lobby").await;
    bob.sees(&bob.name, "still in the lobby").await;
    bob.is_content();
}

#[tokio::test]
async fn the_sidebar_tells_where_something_is_unread_and_who_asks_for_one() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.say("hello").await;
    bob.sees(&ann.name, "hello").await;
    ann.opens_room("away", false).await;
    bob.say("nobody in particular").await;
    let first = "document.querySelector('.side .place')";
    ann.tab.wait_for(&format!("{first}.classList.contains('unread')"), SOON).await;
    assert_eq!(ann.texts(".side .badge").await, [""; 0]);
    bob.say(&format!("@{} are you there?", ann.name)).await;
    ann.tab.wait_for(&format!("{first}.querySelector('.badge')?.textContent === '1'"), SOON).await;

    ann.goes_to("lobby").await;
    ann.sees(&bob.name, "nobody in particular").await;
    ann.shows(".new").await;
    let after_line = "document.querySelector('.new').nextElementSibling.querySelector('.text').textContent";
    assert_eq!(ann.tab.evaluate(after_line).await, "nobody in particular");
    assert_eq!(ann.texts(".mention.you").await, [format!("@{}", ann.name)]);
    ann.tab.wait_for(&format!("!{first}.classList.contains('unread')"), SOON).await;
    // It stays read, on every device.
    ann.tab.evaluate("new Promise((done) => setTimeout(done, 300))").await;
    let other = ann.tab.beside().await;
    other.navigate(ann.tab.evaluate("location.href").await.as_str().unwrap()).await;
    other.wait_for("document.querySelectorAll('.side .place').length === 2", SOON).await;
    assert_eq!(other.evaluate("document.querySelectorAll('.side .unread').length").await, 0);
    ann.is_content();
}

#[tokio::test]
async fn sections_fold_down_to_what_is_open_or_unread_and_stand_in_the_order_one_likes() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    for name in ["apples", "bread"] {
        ann.opens_room(name, false).await;
    }
    let fold = ".side [data-section=rooms]";
    ann.tab.click(fold).await;
    ann.tab.wait_for("document.querySelectorAll('.side .place').length === 1", SOON).await;
    assert_eq!(ann.rooms().await, ["bread"]);
    assert_eq!(ann.ask(fold, "element.ariaExpanded").await, "false");
    assert_eq!(
        ann.ask(fold, "document.activeElement === element").await,
        true,
        "drawn anew, it is focused still"
    );
    bob.say("anybody?").await;
    ann.tab.wait_for("document.querySelectorAll('.side .place').length === 2", SOON).await;
    assert_eq!(ann.rooms().await, ["lobby", "bread"]);
    ann.tab.reload().await;
    ann.is("connected", SOON).await;
    ann.tab.wait_for("document.querySelectorAll('.side .place').length === 2", SOON).await;
    ann.tab.click(fold).await;
    ann.tab.wait_for("document.querySelectorAll('.side .place').length === 3", SOON).await;
    ann.sets("direct-first", "").await;
    ann.tab.wait_for("document.querySelector('.side .fold').dataset.section === 'direct'", SOON).await;
    ann.is_content();
}

#[tokio::test]
async fn what_is_pressed_in_the_sidebar_stays_while_messages_come() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.opens_room("garden", false).await;
    ann.tab.evaluate("(globalThis.pressed = document.querySelector('[data-testid=browse]'), 0)").await;
    bob.say("anybody?").await;
    ann.shows(".side .unread").await;
    assert_eq!(ann.tab.evaluate("pressed.isConnected").await, true);
    ann.is_content();
}

#[tokio::test]
async fn people_write_to_each_other_alone() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.tab.click("[data-testid=present]").await;
    ann.shows("[data-does=write]").await;
    ann.tab.click("[data-does=write]").await;
    ann.is_in(&bob.name).await;
    ann.say("psst").await;
    ann.sees(&ann.name, "psst").await;
    bob.tab.wait_for("document.querySelector('.place.direct .badge')?.textContent === '1'", SOON).await;
    bob.goes_to(&ann.name).await;
    bob.sees(&ann.name, "psst").await;
    let path = bob.tab.evaluate("location.pathname").await;
    assert!(path.as_str().unwrap().starts_with("/direct/"), "{path}");
    bob.tab.reload().await;
    bob.is_in(&ann.name).await;
    bob.sees(&ann.name, "psst").await;
    for guest in [&ann, &bob] {
        guest.is_content();
    }
}

#[tokio::test]
async fn every_room_keeps_its_own_draft_and_the_way_back() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.tab.insert("for the lobby").await;
    ann.opens_room("garden", true).await;
    assert_eq!(ann.draft().await, "");
    ann.tab.insert("for the garden").await;
    ann.tab.evaluate("void setTimeout(() => history.back())").await;
    ann.is_in("lobby").await;
    assert_eq!(ann.draft().await, "for the lobby");
    ann.tab.reload().await;
    ann.tab
        .wait_for("document.querySelector('[data-testid=composer]').value === 'for the lobby'", SOON)
        .await;
    ann.tab.wait_for("document.querySelectorAll('.side .place').length === 2", SOON).await;
    ann.goes_to("garden").await;
    assert_eq!(ann.draft().await, "for the garden");
    ann.is_content();
}

#[tokio::test]
async fn the_rooms_are_a_press_away_on_a_phone_and_a_key_away_at_a_desk() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter_with(&browser, DESK).await;
    ann.opens_room("garden", false).await;
    ann.tab.press_with_control("k").await;
    ann.shows("dialog .choices button").await;
    ann.tab.insert("lob").await;
    ann.tab.wait_for("document.querySelector('.choices').children.length === 1", SOON).await;
    ann.tab.press("Enter").await;
    ann.is_in("lobby").await;

    let bob = room.enter_with(&browser, PHONE).await;
    assert_eq!(bob.ask(".side", "element.checkVisibility({ visibilityProperty: true })").await, false);
    bob.tab.tap("[data-testid=menu]").await;
    bob.tab
        .wait_for("document.querySelector('.side').checkVisibility({ visibilityProperty: true })", SOON)
        .await;
    bob.is_content();
    ann.is_content();
}

#[tokio::test]
async fn who_wishes_it_is_notified_when_somebody_means_them_and_only_then() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.tab.evaluate(STANDS_IN_FOR_NOTIFICATIONS).await;
    ann.opens_room("away", false).await;
    let call = format!("@{} hello", ann.name);
    bob.say(&call).await;
    ann.shows(".side .badge").await;
    assert_eq!(ann.tab.evaluate("window.told").await, serde_json::json!([]), "nobody asked for it");
    ann.tab.click("[data-testid=notify]").await;
    ann.tab
        .wait_for("document.querySelector('[data-testid=toast]').textContent.includes('notified')", SOON)
        .await;
    bob.say("to nobody").await;
    bob.say(&call).await;
    ann.tab.wait_for("document.querySelector('.side .badge').textContent === '2'", SOON).await;
    assert_eq!(
        ann.tab.evaluate("window.told").await,
        serde_json::json!([format!("{} in lobby: {call}", bob.name)])
    );
    ann.is_content();
}

#[tokio::test]
async fn a_notification_goes_away_once_the_message_is_read_on_another_device() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    ann.tab.evaluate(STANDS_IN_FOR_NOTIFICATIONS).await;
    ann.opens_room("away", false).await;
    ann.tab.click("[data-testid=notify]").await;
    ann.tab
        .wait_for("document.querySelector('[data-testid=toast]').textContent.includes('notified')", SOON)
        .await;
    let call = format!("@{} hello", ann.name);
    bob.say(&call).await;
    ann.tab.wait_for("window.told.length === 1", SOON).await;
    assert_eq!(ann.tab.evaluate("window.untold").await, json!([]));
    let beside = Guest { tab: ann.tab.beside().await, name: ann.name.clone() };
    beside.tab.navigate(&room.page("/")).await;
    beside.sees(&bob.name, &call).await;
    ann.tab.wait_for("window.untold.length === 1", SOON).await;
    assert_eq!(ann.tab.evaluate("window.untold").await, json!([call]));
    ann.tab.wait_for("!document.querySelector('.side .badge')", SOON).await;
    ann.is_content();
}

#[tokio::test]
async fn whoever_is_mentioned_and_not_in_the_room_is_said_to_be_elsewhere() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let (ann, bob) = (room.enter(&browser).await, room.enter(&browser).await);
    bob.say("/nick Xaver").await;
    bob.say("hello").await;
    ann.sees("Xaver", "hello").await;
    ann.tab.insert("@xa").await;
    ann.shows(".completion li").await;
    assert_eq!(ann.texts(".completion li").await, ["@Xaver"], "everybody is in the lobby");
    ann.ask(COMPOSER, "element.select()").await;
    ann.tab.press("Backspace").await;
    ann.opens_room("tea", false).await;
    ann.tab.insert("@xa").await;
    let hint = "document.querySelector('.completion .hint')?.textContent";
    ann.tab.wait_for(&format!("{hint} === 'not in this room'"), SOON).await;
    bob.say("/join tea").await;
    bob.is_in("tea").await;
    bob.shows("[data-testid=joining]").await;
    bob.tab.click("[data-testid=joining] button").await;
    ann.notices("Xaver joined").await;
    ann.tab.insert("v").await;
    ann.tab
        .wait_for(&format!("document.querySelector('.completion li') && {hint} === undefined"), SOON)
        .await;
    for guest in [&ann, &bob] {
        guest.is_content();
    }
}

#[tokio::test]
async fn private_rooms_of_one_name_have_addresses_of_their_own() {
    let browser = Browser::shared().await;
    let room = Room::open();
    let ann = room.enter(&browser).await;
    ann.say("here I am").await;
    ann.sees(&ann.name, "here I am").await;
    let mut bob = Client::new(&format!("ws://{}/chat", room.address())).await;
    let history = bob.ok(json!({"type": "history", "room": "0000000000001"})).await;
    let person = history["messages"][0]["by"].clone();
    let mut plans = Vec::new();
    for _ in 0..2 {
        let wish = json!({"type": "create_room", "visibility": "private", "name": "plans", "topic": ""});
        let made = bob.ok(wish).await["room"].clone();
        bob.ok(json!({"type": "invite", "room": made, "person": person})).await;
        plans.push(made.as_str().expect("an id").to_owned());
    }
    for plan in plans {
        let place = format!("[data-room='{plan}']");
        ann.shows(&place).await;
        ann.tab.click(&place).await;
        let is_there = format!("document.querySelector('{COMPOSER}').dataset.place === '{plan}'");
        ann.tab.wait_for(&is_there, SOON).await;
        assert_eq!(ann.tab.evaluate("location.pathname").await, format!("/private/{plan}"));
        ann.tab.reload().await;
        ann.tab.wait_for(&is_there, SOON).await;
    }
    ann.is_content();
}
