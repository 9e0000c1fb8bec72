//! Who is there and who is writing is told over all nodes as if there were one.

use std::time::{Duration, Instant};

use parlor_tests::broker::Broker;
use parlor_tests::client::Client;
use parlor_tests::crowd::arrive;
use serde_json::{Value, json};

use crate::node::{LOBBY, Node, post};

/// Who is back within this time was never away, as far as other nodes know.
const KEPT: Duration = Duration::from_secs(12);

/// Wants to hear of a room, and returns how many are there.
async fn watch(client: &mut Client, room: &str) -> u64 {
    let answer = client.ok(json!({"type": "subscribe", "room": room})).await;
    answer["present"].as_u64().expect("it is a number")
}

/// Reads on until so many are there; returns whom it was told of as come and as gone.
async fn until_present(client: &mut Client, present: u64) -> (Vec<String>, Vec<String>) {
    let (mut came, mut left) = (Vec::new(), Vec::new());
    loop {
        let line = client.event_of("presence").await;
        came.extend(ids(&line["joined"]));
        left.extend(ids(&line["left"]));
        if line["present"] == present {
            return (came, left);
        }
    }
}

fn ids(people: &Value) -> Vec<String> {
    let people = people.as_array().expect("it is a list");
    people.iter().map(|one| one["id"].as_str().expect("it is an id").to_owned()).collect()
}

/// Asks until so many are there, also where nobody watches.
async fn until_asked(client: &mut Client, room: &str, present: usize) {
    while client.ok(json!({"type": "present", "room": room})).await["present"].as_array().map(Vec::len)
        != Some(present)
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_is_at_one_node_is_seen_at_the_other_until_they_have_left_both() {
    let broker = Broker::start();
    let [one, other] = [Node::join(&broker), Node::join(&broker)];
    let (mut ann, mut bob) = (one.client().await, other.client().await);
    watch(&mut ann, LOBBY).await;
    until_present(&mut ann, 1).await;
    // Before somebody watches there, it is known there.
    until_asked(&mut bob, LOBBY, 1).await;
    assert_eq!(watch(&mut bob, LOBBY).await, 1);
    let (came, _) = until_present(&mut ann, 2).await;
    assert_eq!(came, [bob.id()]);
    let mut both = one.back(&bob.token).await;
    watch(&mut both, LOBBY).await;
    let gone = bob.id().to_owned();
    drop(bob);
    // Carl's coming is told behind what there is to tell of that.
    let mut carl = other.client().await;
    watch(&mut carl, LOBBY).await;
    let (came, left) = until_present(&mut ann, 3).await;
    assert_eq!((came, left), (vec![carl.id().to_owned()], vec![]));
    drop(both);
    let (_, left) = until_present(&mut ann, 2).await;
    assert_eq!(left, [gone]);
}

#[tokio::test]
async fn who_writes_at_one_node_is_seen_at_the_other_by_those_in_the_room() {
    let broker = Broker::start();
    let [one, other] = [Node::join(&broker), Node::join(&broker)];
    let (mut ann, mut bob, mut eve) = (one.client().await, other.client().await, other.client().await);
    // People are known at every node once they are in the log.
    let mut listener = one.listener().await;
    for (client, text) in [(&mut bob, "I am Bob"), (&mut eve, "I am Eve")] {
        client.ok(post(text)).await;
        listener.said_up_to(text).await;
    }
    let create = json!({"type": "create_room", "name": "secret", "visibility": "private", "key": "room"});
    let room = ann.ok(create).await["room"].as_str().expect("it has an id").to_owned();
    ann.ok(json!({"type": "invite", "room": room, "person": bob.id(), "key": "invite"})).await;
    while bob.ask(json!({"type": "subscribe", "room": room})).await["type"] != "ok" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_ne!(eve.ask(json!({"type": "subscribe", "room": room})).await["type"], "ok");
    watch(&mut ann, &room).await;
    watch(&mut eve, LOBBY).await;
    watch(&mut ann, LOBBY).await;
    // What is not kept is heard once the nodes hear each other.
    until_asked(&mut bob, &room, 2).await;
    ann.ok(json!({"type": "typing", "room": room})).await;
    let typing = bob.event_of("typing").await;
    assert_eq!((&typing["room"], &typing["people"][0]["id"]), (&json!(room), &json!(ann.id())));
    ann.ok(json!({"type": "post", "room": room, "text": "said", "key": "said"})).await;
    assert_eq!(bob.event_of("typing").await["count"], 0, "who has said it writes no longer");
    // Eve hears of the lobby what comes behind it, and nothing of the room.
    ann.ok(json!({"type": "typing", "room": LOBBY})).await;
    loop {
        let line = eve.event().await;
        assert_ne!(line["room"], json!(room), "{line}");
        if line["type"] == "typing" {
            assert_eq!(line["people"][0]["id"], json!(ann.id()));
            break;
        }
    }
}

#[tokio::test]
async fn the_people_of_a_killed_node_leave() {
    let broker = Broker::start();
    let (mut one, other) = (Node::join(&broker), Node::join(&broker));
    let (mut ann, mut bob) = (one.client().await, other.client().await);
    watch(&mut bob, LOBBY).await;
    watch(&mut ann, LOBBY).await;
    until_present(&mut bob, 2).await;
    one.kill();
    let (_, left) = until_present(&mut bob, 1).await;
    assert_eq!(left, [ann.id()]);
}

#[tokio::test]
async fn a_node_that_starts_again_makes_no_storm_at_the_others() {
    let broker = Broker::start();
    let (mut one, other) = (Node::join(&broker), Node::join(&broker));
    let mut people = Vec::new();
    for _ in 0..20 {
        let mut client = one.client().await;
        watch(&mut client, LOBBY).await;
        people.push(client);
    }
    // On a busy machine people may be back too late.
    for _ in 0..5 {
        let mut bob = other.client().await;
        until_asked(&mut bob, LOBBY, people.len()).await;
        watch(&mut bob, LOBBY).await;
        let started = Instant::now();
        one.end_and_start_again(&mut people).await;
        // One stays away: that is told once they are not expected to come back any more.
        let away = people.pop().expect("there are some left");
        for client in &mut people {
            *client = one.back(&client.token).await;
            watch(client, LOBBY).await;
        }
        let is_quick = started.elapsed() < KEPT;
        let (came, left) = until_present(&mut bob, people.len() as u64 + 1).await;
        if is_quick {
            let came: Vec<String> = came.into_iter().filter(|id| id != bob.id()).collect();
            assert_eq!((came, left), (vec![], vec![away.id().to_owned()]));
            return;
        }
    }
    panic!("it took longer than {KEPT:?} each time");
}

#[tokio::test]
async fn plain_text_is_told_who_has_left_another_node() {
    let broker = Broker::start();
    let [one, other] = [Node::join(&broker), Node::join(&broker)];
    let mut bob = other.client().await;
    watch(&mut bob, LOBBY).await;
    until_present(&mut bob, 1).await;
    let mut listener = arrive(&other.address).await;
    until_present(&mut bob, 2).await;
    let silent = arrive(&one.address).await;
    let came = bob.event_of("presence").await;
    let name = came["joined"][0]["name"].as_str().expect("the name came along").to_owned();
    assert!(name.starts_with("user-"), "{came}");
    drop(silent);
    let line = listener.recv().await.expect("something is said");
    assert_eq!(line.as_text(), Some(&*format!(" .... {name} has left.")));
}
