//! While the servers of the log are away, what is said waits; reading goes on.

use parlor_tests::broker::Broker;
use serde_json::json;

use crate::node::{LOBBY, Node, post};

#[tokio::test]
async fn what_is_said_while_the_broker_is_away_goes_out_once_when_it_is_back() {
    let mut broker = Broker::start();
    let [one, other] = [Node::join(&broker), Node::join(&broker)];
    let (mut ann, mut bob) = (one.client().await, other.listener().await);
    ann.ok(post("before")).await;
    bob.said_up_to("before").await;
    broker.kill();
    let waiting = ann.send(post("meanwhile")).await;
    // Both nodes read as if nothing had happened.
    for client in [&mut one.back(&ann.token).await, &mut bob.client] {
        let history = client.ok(json!({"type": "history", "room": LOBBY})).await;
        assert_eq!(history["messages"].as_array().map(Vec::len), Some(1), "{history}");
    }
    broker.start_again();
    // Who was asked to try again does, under the same key.
    let mut answer = ann.answer(waiting).await;
    while answer["code"] == "try-again" {
        answer = ann.ask(post("meanwhile")).await;
    }
    assert_eq!(answer["type"], "ok", "{answer}");
    ann.ok(post("after")).await;
    assert_eq!(bob.said_up_to("after").await, ["meanwhile", "after"]);
}

#[tokio::test]
async fn a_node_is_not_succeeded_while_its_successor_could_not_join() {
    let mut broker = Broker::start();
    let node = Node::join(&broker);
    let mut ann = node.client().await;
    ann.ok(post("before")).await;
    broker.kill();
    let output = node.upgrade();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the server was not succeeded"), "{said}");
    // It goes on as before: reading, and taking what is said once that can be.
    let history = ann.ok(json!({"type": "history", "room": LOBBY})).await;
    assert_eq!(history["messages"].as_array().map(Vec::len), Some(1), "{history}");
    broker.start_again();
    let mut answer = ann.ask(post("after")).await;
    while answer["code"] == "try-again" {
        answer = ann.ask(post("after")).await;
    }
    assert_eq!(answer["type"], "ok", "{answer}");
}
