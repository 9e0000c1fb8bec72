//! Every kind of caller for both routes of files, in every kind of room.

use serde_json::json;

use crate::server::{Server, refusal_of};
use crate::shared::{LOBBY, name, room};

#[tokio::test]
async fn a_file_is_had_by_whoever_may_read_its_room_and_brought_by_whoever_may_speak_there() {
    let server = Server::start("files-whose");
    let mut owner = server.owner().await;
    let (mut ann, mut member) = (server.guest().await, server.guest().await);
    let (stranger, banned, mut left) = (server.guest().await, server.guest().await, server.guest().await);
    let (_, signed_out) = server.claimed("gone").await;
    server.ok("POST /session/end", &signed_out, &json!({}));
    let private = room(&mut ann, "attic", "private").await;
    let direct = ann.ok(json!({"type": "open_direct", "with": [member.id()]})).await;
    let direct = direct["room"].as_str().unwrap().to_owned();
    let public = room(&mut ann, "garden", "public").await;
    let open = room(&mut ann, "window", "public").await;
    ann.ok(json!({"type": "set_web_access", "room": open, "open": true})).await;
    for person in [member.id(), left.id()] {
        ann.ok(json!({"type": "invite", "room": private, "person": person})).await;
    }
    for room in [&public, &open] {
        member.ok(json!({"type": "join", "room": room})).await;
    }
    left.ok(json!({"type": "leave", "room": private})).await;
    owner.ok(json!({"type": "ban", "person": banned.id(), "reason": "for the test"})).await;
    let (said, last) = ann.token.split_at(ann.token.len() - 1);
    let forged = format!("{said}{}", if last == "0" { 1 } else { 0 });
    let own = ann.token.clone();
    let callers = [
        ("nobody", ""),
        ("a forger", &*forged),
        ("who was signed out", &signed_out),
        ("who is banned", &banned.token),
        ("a stranger", &stranger.token),
        ("who has left", &left.token),
        ("the server's owner", &owner.token),
        ("a member", &member.token),
        ("who brought it", &own),
    ];
    // Who has it: of `callers`, and who may bring one.
    let (none, others, all) = ("000000000", "000011111", "111111111");
    for (room, has, brings) in [
        (private.as_str(), "000000011", "000000011"),
        (&direct, "000000011", "000000011"),
        (&public, others, "000000011"),
        (&open, all, "000000011"),
        (LOBBY, others, others),
        ("0000000000009", none, none),
    ] {
        let path = if has == none { "/files/0/a.png".into() } else { server.picture(&own, room) };
        for (caller, token) in callers.iter().filter(|(caller, _)| *caller != "who brought it") {
            assert!(!server.has(token, &path), "{caller} before a message names it");
        }
        if has != none {
            name(&mut ann, room, &path).await;
        }
        for (index, (caller, token)) in callers.iter().enumerate() {
            let expected = has.as_bytes()[index] == b'1';
            assert_eq!(server.has(token, &path), expected, "{caller} in {room}");
            let answer = server.bring(token, &format!("room={room}&name=a.txt"), "", b"octets");
            let (status, code) = refusal_of(&answer);
            let expected = brings.as_bytes()[index] == b'1';
            assert_eq!(status == 201, expected, "{caller} in {room}: {status} {code}");
            assert_eq!((status, &*code) == (401, "not-signed-in"), index < 3, "{caller}: {status} {code}");
        }
    }
}

#[tokio::test]
async fn who_leaves_a_room_or_is_shut_out_of_it_has_its_files_no_longer() {
    let server = Server::start("files-left");
    let (mut ann, mut bob) = (server.guest().await, server.guest().await);
    let attic = room(&mut ann, "attic", "private").await;
    ann.ok(json!({"type": "invite", "room": attic, "person": bob.id()})).await;
    let path = server.picture(&bob.token, &attic);
    name(&mut bob, &attic, &path).await;
    assert!(server.has(&ann.token, &path) && server.has(&bob.token, &path));
    ann.ok(json!({"type": "remove", "room": attic, "person": bob.id()})).await;
    assert!(server.has(&ann.token, &path) && !server.has(&bob.token, &path), "who brought it, too");
    let open = room(&mut ann, "window", "public").await;
    let path = server.picture(&ann.token, &open);
    name(&mut ann, &open, &path).await;
    for is_open in [true, false] {
        ann.ok(json!({"type": "set_web_access", "room": open, "open": is_open})).await;
        assert_eq!(server.has("", &path), is_open);
    }
}
