//! Who people are, who is there, who is writing, and the plain text beside all that.

use parlor_tests::crowd::arrive;
use serde_json::json;
use websocket_client::Message;

use super::server::{LOBBY, Server};

#[tokio::test]
async fn a_token_brings_the_same_person_back_and_a_forged_one_somebody_new() {
    let mut server = Server::start("token");
    let mut ann = server.client().await;
    ann.ok(json!({"type": "rename", "nickname": "Ann"})).await;
    let (id, token) = (ann.id().to_owned(), ann.vanish());
    server.kill_and_start();
    let again = server.back(&token).await;
    assert_eq!((again.id(), again.name()), (id.as_str(), "Ann"));
    let last = if token.ends_with('0') { '1' } else { '0' };
    let forged = format!("{}{last}", &token[..token.len() - 1]);
    for text in [forged.as_str(), "nonsense"] {
        let other = server.back(text).await;
        assert_ne!(other.id(), id, "{text}");
        assert_ne!(other.token, text);
    }
}

#[tokio::test]
async fn a_name_belongs_to_one_and_a_new_one_is_told_to_everybody() {
    let server = Server::start("names");
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    ann.ok(json!({"type": "rename", "nickname": "Ann"})).await;
    let renamed = bob.event_of("renamed").await;
    assert_eq!((&renamed["by"], &renamed["nickname"]), (&json!(ann.id()), &json!("Ann")));
    assert_eq!(bob.refused(json!({"type": "rename", "nickname": "ANN"})).await, "nickname-taken");
    let found = bob.ok(json!({"type": "person", "nickname": "ann"})).await;
    assert_eq!(found["person"], json!({"id": ann.id(), "name": "Ann"}));
    let people = bob.ok(json!({"type": "people", "people": [ann.id(), bob.id()]})).await;
    assert_eq!(people["people"][ann.id()], "Ann");
}

#[tokio::test]
async fn who_erases_themselves_is_gone_with_all_they_said() {
    let server = Server::start("erased");
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    bob.ok(json!({"type": "subscribe", "room": LOBBY})).await;
    ann.ok(json!({"type": "post", "text": "forget me"})).await;
    let (id, token) = (ann.id().to_owned(), ann.token.clone());
    ann.ok(json!({"type": "erase_me"})).await;
    assert_eq!(ann.ended().await, 1008);
    assert_eq!(bob.event_of("person_erased").await["by"], json!(id));
    assert_eq!(bob.ok(json!({"type": "history", "room": LOBBY})).await["messages"], json!([]));
    assert_ne!(server.back(&token).await.id(), id, "the token is nobody's any more");
}

#[tokio::test]
async fn who_is_there_and_who_is_writing_is_told_to_those_who_watch() {
    let server = Server::start_with("presence", &["--presence-interval", "50"]);
    let (mut ann, mut bob) = (server.client().await, server.client().await);
    ann.ok(json!({"type": "subscribe", "room": LOBBY})).await;
    ann.event_of("presence").await;
    assert_eq!(bob.ok(json!({"type": "subscribe", "room": LOBBY})).await["present"], 1);
    let came = ann.event_of("presence").await;
    assert_eq!(
        (&came["present"], &came["joined"]),
        (&json!(2), &json!([{"id": bob.id(), "name": bob.name()}]))
    );
    let present = bob.ok(json!({"type": "present", "room": LOBBY})).await;
    assert_eq!(present["present"].as_array().unwrap().len(), 2);
    bob.ok(json!({"type": "typing", "room": LOBBY})).await;
    let typing = ann.event_of("typing").await;
    assert_eq!((&typing["count"], &typing["people"][0]["name"]), (&json!(1), &json!(bob.name())));
    bob.ok(json!({"type": "post", "text": "done"})).await;
    assert_eq!(ann.event_of("typing").await["count"], 0);
    let name = bob.name().to_owned();
    drop(bob);
    let left = ann.event_of("presence").await;
    assert_eq!((&left["present"], &left["left"][0]["name"]), (&json!(1), &json!(name)));
}

#[tokio::test]
async fn the_tutorials_plain_text_takes_the_same_way() {
    let mut server = Server::start("plain");
    let mut ann = server.client().await;
    ann.ok(json!({"type": "subscribe", "room": LOBBY})).await;
    let mut program = arrive(&server.address).await;
    let mut listener = arrive(&server.address).await;
    program.send("hello from a program").await.unwrap();
    let line = listener.recv().await.unwrap().as_text().unwrap().to_owned();
    let (name, text) = line.split_once(": ").unwrap();
    assert!(name.starts_with("user-"), "{line}");
    assert_eq!(text, "hello from a program");
    let posted = ann.event_of("posted").await;
    assert_eq!((&posted["text"], &posted["by_name"]), (&json!(text), &json!(name)));
    ann.ok(json!({"type": "post", "text": "hello to a program"})).await;
    let heard = listener.recv().await.unwrap();
    assert_eq!(heard.as_text().unwrap(), format!("{}: hello to a program", ann.name()));
    let gone = format!(" .... {name} has left.");
    drop(program);
    assert_eq!(listener.recv().await.unwrap().as_text().unwrap(), gone);
    let token = ann.vanish();
    server.kill_and_start();
    let mut ann = server.back(&token).await;
    let history = ann.ok(json!({"type": "history", "room": LOBBY})).await;
    assert_eq!(history["messages"][0]["text"], "hello from a program", "it went through the log");
    assert_eq!(history["people"][history["messages"][0]["by"].as_str().unwrap()], json!(name));
}

#[tokio::test]
async fn binary_messages_are_not_understood() {
    let server = Server::start("binary");
    let mut program = arrive(&server.address).await;
    program.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    while program.recv().await.is_some() {}
    assert_eq!(program.closed().unwrap().code.get(), 1003);
}

#[tokio::test]
async fn a_server_that_stops_says_when_to_come_back_and_has_everything_then() {
    let mut server = Server::start("stop");
    let mut ann = server.client().await;
    ann.ok(json!({"type": "post", "text": "before"})).await;
    server.stop();
    assert_eq!(ann.ended().await, 1012);
    server.kill_and_start();
    let mut ann = server.back(&ann.token).await;
    assert_eq!(ann.ok(json!({"type": "history", "room": LOBBY})).await["messages"][0]["text"], "before");
}

#[tokio::test]
async fn a_program_that_says_one_thing_and_goes_is_heard_before_it_has_left() {
    let server = Server::start("hasty");
    let mut listener = arrive(&server.address).await;
    for number in 0..20 {
        let mut program = websocket_client::connect(&server.address).await.unwrap();
        program.send(number.to_string().as_str()).await.unwrap();
        drop(program);
        let line = listener.recv().await.unwrap().as_text().unwrap().to_owned();
        let (name, text) = line.split_once(": ").unwrap_or_else(|| panic!("{number} was lost: {line}"));
        assert_eq!(text, number.to_string());
        let left = listener.recv().await.unwrap();
        assert_eq!(left.as_text().unwrap(), format!(" .... {name} has left."));
    }
}

#[tokio::test]
async fn whoever_goes_on_asking_too_fast_is_sent_away() {
    let server = Server::start_with("flood", &["--requests-per-second", "1", "--request-burst", "1"]);
    let mut ann = server.client().await;
    for _ in 0..300 {
        ann.send_text("{}").await;
    }
    assert_eq!(ann.ended().await, 1008);
}
