//! Rooms of every kind: who may know of them, who hears what, and who does no longer.

use serde_json::json;

use super::server::{LOBBY, Server};

#[tokio::test]
async fn a_public_room_is_found_joined_and_left() {
    let server = Server::start("public");
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    let room = ann
        .ok(json!({"type": "create_room", "visibility": "public", "name": "Gardening", "topic": "Green things"}))
        .await["room"]
        .clone();
    let listed = bob.ok(json!({"type": "public_rooms"})).await["rooms"].clone();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|room| room["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"Gardening"), "{names:?}");
    let found = bob.ok(json!({"type": "public_rooms", "prefix": "gard"})).await["rooms"].clone();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["room"]), (1, &room));
    let post = json!({"type": "post", "room": room, "text": "hello"});
    assert_eq!(bob.refused(post.clone()).await, "not-a-member");
    // Everybody reads a public room; who is no member reads only.
    ann.ok(post.clone()).await;
    assert_eq!(bob.ok(json!({"type": "history", "room": room})).await["messages"][0]["text"], "hello");
    bob.ok(json!({"type": "join", "room": room})).await;
    assert_eq!(bob.event_of("joined").await["person"], json!(bob.id()), "also where nobody watches the room");
    bob.ok(post).await;
    let members = ann.ok(json!({"type": "members", "room": room})).await;
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
    assert_eq!(ann.refused(json!({"type": "leave", "room": room})).await, "last-owner");
    ann.ok(json!({"type": "set_role", "room": room, "person": bob.id(), "role": "owner"})).await;
    ann.ok(json!({"type": "leave", "room": room})).await;
    assert_eq!(ann.ok(json!({"type": "rooms"})).await["rooms"].as_array().unwrap().len(), 1);
    bob.ok(json!({"type": "rename_room", "room": room, "name": "Weeds"})).await;
    bob.ok(json!({"type": "set_topic", "room": room, "topic": ""})).await;
    bob.ok(json!({"type": "set_retention", "room": room, "retention": {"milliseconds": 86_400_000}})).await;
}

#[tokio::test]
async fn a_private_room_is_invisible_to_others_and_silent_to_those_who_left() {
    let server = Server::start("private");
    let (mut ann, mut bob, mut eve) = (server.client().await, server.client().await, server.client().await);
    let room = ann.ok(json!({"type": "create_room", "visibility": "private", "name": "plans"})).await["room"]
        .clone();
    let of = |kind: &str| json!({"type": kind, "room": room});
    for kind in ["history", "subscribe", "members", "pins", "present", "join"] {
        assert_eq!(eve.refused(of(kind)).await, "no-such-room", "{kind}");
    }
    eve.ok(of("typing")).await;
    assert_eq!(eve.refused(json!({"type": "message", "room": room, "message": 1})).await, "no-such-room");
    ann.ok(json!({"type": "invite", "room": room, "person": bob.id()})).await;
    let joined = bob.event_of("joined").await;
    assert_eq!((&joined["room"], &joined["person"]), (&room, &json!(bob.id())));
    bob.ok(of("subscribe")).await;
    ann.ok(json!({"type": "post", "room": room, "text": "for two"})).await;
    assert_eq!(bob.event_of("posted").await["text"], "for two");
    ann.ok(json!({"type": "remove", "room": room, "person": bob.id()})).await;
    assert_eq!(bob.event_of("left").await["person"], json!(bob.id()));
    ann.ok(json!({"type": "post", "room": room, "text": "for one"})).await;
    assert_eq!(bob.refused(of("history")).await, "no-such-room");
    // Nothing of it reaches him: what he hears next is of the lobby.
    bob.ok(json!({"type": "subscribe", "room": LOBBY})).await;
    ann.ok(json!({"type": "post", "text": "for all"})).await;
    assert_eq!(bob.event_of("posted").await["text"], "for all");
}

#[tokio::test]
async fn a_direct_conversation_is_one_between_the_same_people() {
    let server = Server::start("direct");
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    let room = ann.ok(json!({"type": "open_direct", "with": [bob.id()]})).await["room"].clone();
    let opened = bob.event_of("room_created").await;
    assert_eq!((&opened["room"], &opened["visibility"]), (&room, &json!("direct")));
    let found = bob.ok(json!({"type": "open_direct", "with": [ann.id()], "key": "k"})).await;
    assert_eq!(found["room"], room);
    bob.ok(json!({"type": "post", "room": room, "text": "psst"})).await;
    let rooms = ann.ok(json!({"type": "rooms"})).await;
    let direct = &rooms["rooms"][1];
    assert_eq!((&direct["with"], &direct["unread"]["messages"]), (&json!([bob.id()]), &json!(1)));
    assert_eq!(rooms["people"][bob.id()], json!(bob.name()));
}

#[tokio::test]
async fn who_reads_on_one_device_has_read_on_all() {
    let server = Server::start("read");
    let mut ann = server.client().await;
    let mut phone = server.back(&ann.token).await;
    let mut bob = server.client().await;
    assert_eq!(phone.id(), ann.id());
    for _ in 0..3 {
        bob.ok(json!({"type": "post", "text": "news", "mentions": [ann.id()]})).await;
    }
    // She watches no room, and is told of what mentions her.
    assert_eq!(phone.event_of("posted").await["mentions"], json!([ann.id()]));
    let unread = |rooms: serde_json::Value| rooms["rooms"][0]["unread"].clone();
    let expected = json!({"messages": 3, "mentions": 3, "more": false});
    assert_eq!(unread(ann.ok(json!({"type": "rooms"})).await), expected);
    ann.ok(json!({"type": "read", "room": LOBBY, "up_to": 2})).await;
    assert_eq!(phone.event_of("read").await["up_to"], 2);
    let expected = json!({"messages": 1, "mentions": 1, "more": false});
    assert_eq!(unread(phone.ok(json!({"type": "rooms"})).await), expected);
    assert_eq!(ann.refused(json!({"type": "read", "room": LOBBY, "up_to": 99})).await, "not-there-yet");
}
