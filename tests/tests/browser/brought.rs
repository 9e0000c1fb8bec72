//! Links that are good once: what they are for happens when the page is opened by them.

use parlor_tests::browser::Browser;
use parlor_tests::client::Client;
use serde_json::{Value, json};

use super::room::{DESK, Guest, Room, SOON};

impl Guest {
    async fn is_told(&self, words: &str) {
        let words = Value::from(words);
        let told = format!("document.querySelector('[data-testid=toast]').textContent.includes({words})");
        self.tab.wait_for(&told, SOON).await;
    }

    async fn has_nothing_in_the_address(&self) {
        self.tab.wait_for("location.hash === '' && location.search === ''", SOON).await;
    }
}

#[tokio::test]
async fn who_opens_the_link_that_the_server_printed_owns_it() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let line = room.printed("#own=");
    let (_, link) = line.split_once(": ").expect("it is said what the link is for");
    let ann = room.enter_at(&browser, DESK, link).await;
    ann.is_told("yours now").await;
    ann.has_nothing_in_the_address().await;
    let bob = room.enter(&browser).await;
    let (_, hash) = link.split_once('#').expect("what is secret is never sent to a server");
    bob.tab.evaluate(&format!("location.hash = {}; 0", Value::from(hash))).await;
    bob.is_told("has been used").await;
    bob.has_nothing_in_the_address().await;
}

#[tokio::test]
async fn who_opens_an_invitation_comes_in_where_nobody_else_does() {
    let (browser, room) = (Browser::shared().await, Room::open());
    let known = room.enter(&browser).await;
    let mut owner = Client::new(&format!("ws://{}/chat", room.address())).await;
    let line = room.printed("#own=");
    let (_, secret) = line.split_once("#own=").expect("it is in the line");
    owner.ok(json!({"type": "claim_ownership", "secret": secret})).await;
    owner.ok(json!({"type": "set_door", "door": "invite"})).await;
    let stranger = browser.tab(&room.page("/")).await;
    stranger.wait_for("document.querySelector('.trouble').textContent.includes('invitation')", SOON).await;
    let made = owner.ok(json!({"type": "make_invite", "uses": 2, "role": "member"})).await;
    let invite = made["invite"].as_str().expect("the answer has it");
    let ann = room.enter_at(&browser, DESK, &room.page(&format!("/?invite={invite}"))).await;
    ann.has_nothing_in_the_address().await;
    ann.say("hello from outside").await;
    known.sees(&ann.name, "hello from outside").await;
    known.tab.navigate(&room.page(&format!("/?invite={invite}"))).await;
    known.is("connected", SOON).await;
    known.has_nothing_in_the_address().await;
    let said = owner.ok(json!({"type": "history", "room": "0000000000001", "limit": 1})).await;
    owner.ok(json!({"type": "ban", "person": said["messages"][0]["by"], "reason": "rude"})).await;
    let shut_out = "document.querySelector('.trouble').textContent.includes('shut out')";
    ann.tab.wait_for(shut_out, SOON).await;
    let invites = owner.ok(json!({"type": "invites"})).await;
    assert_eq!(invites["invites"][0]["used"], json!(2), "{invites}");
}
