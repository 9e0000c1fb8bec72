//! Keeping the peace on open connections: whoever is shut out hears nothing more, on none of them.

use parlor_tests::client::Client;
use serde_json::{Value, json};
use websocket_client::Connector;

use super::server::{LOBBY, Server};

/// The server's owner, and somebody.
async fn house(name: &str) -> (Server, Client, Client) {
    let server = Server::start(name);
    let (mut ann, bob) = (server.client().await, server.client().await);
    let secret = server.ownership();
    ann.ok(json!({"type": "claim_ownership", "secret": secret})).await;
    (server, ann, bob)
}

/// What a connection that is not let in is told.
async fn refused_at(address: &str, token: Option<&str>) -> (Value, u16) {
    let mut connector = Connector::new().subprotocols(["parlor.v1"]);
    if let Some(token) = token {
        let bearer = format!("Bearer {token}").parse().expect("a token is visible ASCII");
        connector = connector.header(http::header::AUTHORIZATION, bearer);
    }
    let mut ws = connector.connect(address).await.expect("it is a WebSocket");
    let line = ws.recv().await.expect("something comes");
    let line = serde_json::from_str(line.as_text().expect("it is text")).expect("it is JSON");
    while ws.recv().await.is_some() {}
    (line, ws.closed().expect("it ended").code.get())
}

#[tokio::test]
async fn the_secret_that_is_printed_makes_one_owner_and_is_never_good_again() {
    let server = Server::start("owner");
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    let secret = server.ownership();
    let claim = |secret: &str| json!({"type": "claim_ownership", "secret": secret});
    assert_eq!(ann.refused(claim("guessed")).await, "offer-invalid");
    let (first, second) = (ann.send(claim(&secret)).await, bob.send(claim(&secret)).await);
    let kinds = [ann.answer(first).await["type"].clone(), bob.answer(second).await["type"].clone()];
    assert_eq!(kinds.iter().filter(|kind| *kind == "ok").count(), 1, "{kinds:?}");
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.refused(claim(&secret)).await, "offer-invalid");
    }
}

#[tokio::test]
async fn a_ban_closes_every_connection_at_once_and_lets_nobody_back_in() {
    let (server, mut ann, mut bob) = house("ban").await;
    let mut other = server.back(&bob.token).await;
    bob.ok(json!({"type": "subscribe", "room": LOBBY, "after": 0})).await;
    ann.ok(json!({"type": "ban", "person": bob.id(), "reason": "spam"})).await;
    assert_eq!((bob.ended().await, other.ended().await), (1008, 1008));
    let (told, code) = refused_at(&server.address, Some(&bob.token)).await;
    assert_eq!((&told["code"], code), (&json!("banned"), 1008));
    ann.ok(json!({"type": "unban", "person": bob.id()})).await;
    let mut back = server.back(&bob.token).await;
    assert_eq!(back.id(), bob.id());
    // Who is disconnected may come back at once.
    ann.ok(json!({"type": "kick", "person": bob.id()})).await;
    assert_eq!(back.ended().await, 1008);
    server.back(&bob.token).await;
}

#[tokio::test]
async fn behind_a_closed_door_nobody_new_hears_anything_in_whatever_language() {
    let (server, mut ann, bob) = house("door").await;
    let mut listener = Connector::new().connect(&server.address).await.expect("plain text is open");
    // It is sure to listen once it hears something.
    ann.ok(json!({"type": "post", "text": "hello"})).await;
    assert!(listener.recv().await.is_some());
    ann.ok(json!({"type": "set_door", "door": "closed"})).await;
    while listener.recv().await.is_some() {}
    assert_eq!(listener.closed().expect("it ended").code.get(), 1008);
    let mut late = Connector::new().connect(&server.address).await.expect("it is a WebSocket");
    assert!(late.recv().await.is_none(), "nothing is told");
    let (told, code) = refused_at(&server.address, None).await;
    assert_eq!((&told["code"], code), (&json!("not-invited"), 1008));
    let guessed = format!("{}/chat?invite=0000000000007.guessed", server.address);
    assert_eq!(refused_at(&guessed, None).await.0["code"], "invite-invalid");
    // Who was inside comes back.
    server.back(&bob.token).await;
    let made = ann.ok(json!({"type": "make_invite", "uses": 1})).await;
    let invited = format!("{}/chat?invite={}", server.address, made["invite"].as_str().expect("it is told"));
    let carl = Client::new(&invited).await;
    assert_eq!(carl.welcome["role"], "member");
    assert_eq!(refused_at(&invited, None).await.0["code"], "invite-invalid", "it was for one");
}

#[tokio::test]
async fn who_watches_is_told_what_is_undone_and_who_did_it_is_sent_away() {
    let (server, mut ann, mut bob) = house("undo").await;
    ann.ok(json!({"type": "subscribe", "room": LOBBY})).await;
    let spam = bob.ok(json!({"type": "post", "text": "spam"})).await["sequence"].clone();
    let undo = json!({"type": "undo", "people": [bob.id()], "minutes": 5});
    let undone = ann.ok(undo).await["position"].clone();
    let hidden = ann.event_of("hidden").await;
    assert_eq!((&hidden["messages"], &hidden["room"]), (&json!([spam]), &json!(LOBBY)));
    assert_eq!(bob.ended().await, 1008, "that they came is undone, too");
    let history = |ann: Value| ann["messages"].as_array().map(Vec::len);
    assert_eq!(history(ann.ok(json!({"type": "history", "room": LOBBY})).await), Some(0));
    ann.ok(json!({"type": "restore", "withheld": undone})).await;
    assert_eq!(ann.event_of("shown").await["messages"], json!([spam]));
    assert_eq!(history(ann.ok(json!({"type": "history", "room": LOBBY})).await), Some(1));
    assert_eq!(server.back(&bob.token).await.id(), bob.id());
}

#[tokio::test]
async fn whoever_keeps_the_peace_hears_that_somebody_asks_to_be_let_in_and_nobody_else_does() {
    let (server, mut ann, mut bob) = house("asks").await;
    ann.ok(json!({"type": "set_door", "door": "invite"})).await;
    let address = format!("{}/chat?ask=I+am+Carl", server.address);
    let (line, code) = refused_at(&address, None).await;
    assert_eq!((&line["type"], code), (&json!("waiting"), 1013), "{line}");
    let arrived = ann.event_of("arrived").await;
    assert!(arrived["asks"].is_null() && arrived["ranges"].is_null(), "queries tell the rest: {arrived}");
    ann.ok(json!({"type": "post", "text": "there is somebody"})).await;
    bob.ok(json!({"type": "subscribe", "room": LOBBY, "after": 0})).await;
    let waiting = ann.ok(json!({"type": "waiting"})).await;
    assert_eq!(waiting["waiting"][0]["person"], arrived["by"]);
    assert_eq!(waiting["waiting"][0]["note"], "I am Carl");
    ann.ok(json!({"type": "rename", "nickname": "Ann"})).await;
    // Everybody is told of the name; what came before it would have come before it.
    loop {
        let event = bob.event().await;
        assert_ne!(event["type"], "arrived", "{event}");
        if event["type"] == "renamed" {
            break;
        }
    }
}
