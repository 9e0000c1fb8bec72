//! Whoever is served by one node meets everybody who is served by another, as if there were one.

use parlor_tests::broker::Broker;
use parlor_tests::client::Client;
use serde_json::json;
use websocket_client::Connector;

use crate::node::{Node, post};

#[tokio::test]
async fn what_is_said_on_either_node_is_heard_on_both_in_one_order() {
    let broker = Broker::start();
    let nodes = [Node::join(&broker), Node::join(&broker)];
    let [mut ann, mut bob] = [nodes[0].listener().await, nodes[1].listener().await];
    for number in 0..20 {
        ann.client.send(post(&format!("ann {number}"))).await;
        bob.client.send(post(&format!("bob {number}"))).await;
    }
    for listener in [&mut ann, &mut bob] {
        listener.client.ok(post("over")).await;
    }
    let mut heard = Vec::new();
    for listener in [&mut ann, &mut bob] {
        let mut said = listener.said_up_to("over").await;
        said.extend(listener.said_up_to("over").await);
        heard.push(said);
    }
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[0].len(), 42);
    for who in ["ann", "bob"] {
        let said: Vec<&String> = heard[0].iter().filter(|text| text.starts_with(who)).collect();
        let expected: Vec<String> = (0..20).map(|number| format!("{who} {number}")).collect();
        assert_eq!(said, expected.iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_name_and_a_session_and_a_key_are_known_on_every_node() {
    let broker = Broker::start();
    let [one, other] = [Node::join(&broker), Node::join(&broker)];
    let (mut ann, mut bob) = (one.client().await, other.listener().await);
    ann.ok(json!({"type": "rename", "nickname": "Ann"})).await;
    ann.ok(post("hello")).await;
    bob.said_up_to("hello").await;
    assert_eq!(bob.client.refused(json!({"type": "rename", "nickname": "Ann"})).await, "nickname-taken");
    // The token that one node signed is good on the other.
    let mut moved = other.back(&ann.token).await;
    assert_eq!((moved.id(), moved.name()), (ann.id(), "Ann"));
    moved.ok(post("hello")).await;
    moved.ok(post("moved")).await;
    assert_eq!(bob.said_up_to("moved").await, ["moved"], "what came again is said once");
}

#[tokio::test]
async fn who_is_banned_on_one_node_is_sent_away_from_all_of_them() {
    let broker = Broker::start();
    let [one, other] = [Node::join(&broker), Node::join(&broker)];
    let (mut ann, mut bob) = (one.client().await, other.client().await);
    ann.ok(json!({"type": "claim_ownership", "secret": other.ownership()})).await;
    // Once a node has said something of Bob, it knows him.
    let mut carl = one.listener().await;
    bob.ok(post("I am here")).await;
    carl.said_up_to("I am here").await;
    ann.ok(json!({"type": "ban", "person": bob.id(), "reason": "spam"})).await;
    assert_eq!(bob.ended().await, 1008, "he is connected to the other node");
    for node in [&one, &other] {
        assert_eq!(refused_at(node, &bob.token).await, "banned");
    }
}

/// Why a connection is not let in.
async fn refused_at(node: &Node, token: &str) -> String {
    let bearer = format!("Bearer {token}").parse().expect("a token is visible ASCII");
    let connector = Connector::new().subprotocols(["parlor.v1"]);
    let connector = connector.header(http::header::AUTHORIZATION, bearer);
    let mut ws = connector.connect(&node.address).await.expect("it is a WebSocket");
    let line = ws.recv().await.expect("something comes");
    let line: serde_json::Value =
        serde_json::from_str(line.as_text().expect("it is text")).expect("it is JSON");
    line["code"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned()
}

#[tokio::test]
async fn a_node_that_was_killed_catches_up_and_a_new_one_has_everything() {
    let broker = Broker::start();
    let (one, mut other) = (Node::join(&broker), Node::join(&broker));
    let mut ann = one.client().await;
    ann.ok(post("before")).await;
    other.kill();
    ann.ok(post("meanwhile")).await;
    other.start_again();
    let third = Node::join(&broker);
    for node in [&other, &third] {
        let back: Client = node.back(&ann.token).await;
        assert_eq!(back.id(), ann.id());
        let mut listener = node.listener().await;
        let said = listener.said_up_to("meanwhile").await;
        assert_eq!(said, ["before", "meanwhile"]);
        let new = format!("to {}", node.address);
        ann.ok(post(&new)).await;
        assert_eq!(listener.said_up_to(&new).await.last(), Some(&new), "it goes on");
    }
}
