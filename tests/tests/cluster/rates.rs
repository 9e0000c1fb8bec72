//! Whoever goes to several nodes may do no more than at one. Nothing here fills up again while a test runs, so a node refuses
//! too early only for what it was told by the other.

use std::time::Duration;

use parlor_tests::broker::Broker;
use parlor_tests::http1::{Answer, ask_with};
use parlor_tests::process::Folder;
use serde_json::json;
use websocket_client::Connector;

use crate::node::{LOBBY, Node};

fn nodes(broker: &Broker, settings: &[&str]) -> [Node; 2] {
    ["one", "other"].map(|name| Node::join_limited(broker, Folder::new(name), settings))
}

/// A while in which a node may hear of the other.
async fn wait() {
    tokio::time::sleep(Duration::from_millis(250)).await;
}

#[tokio::test]
async fn what_somebody_asks_at_one_node_they_cannot_ask_at_the_other() {
    let broker = Broker::start();
    let [one, other] = nodes(&broker, &["--requests-per-second=1", "--request-burst=1000"]);
    let mut here = one.client().await;
    let mut there = other.back(&here.token).await;
    let request = || json!({"type": "present", "room": LOBBY});
    while here.ask(request()).await["type"] == "ok" {}
    let mut asked = 0;
    loop {
        let answer = there.ask(request()).await;
        if answer["type"] == "error" {
            assert_eq!(answer["code"], "too-fast", "{answer}");
            break;
        }
        asked += 1;
        assert!(asked < 500, "half of it has passed at the other node");
        wait().await;
    }
    // Somebody else is asked to wait for nothing.
    other.client().await.ok(request()).await;
}

/// Whether somebody new is let in from an address, which a proxy says.
async fn comes(node: &Node, address: &str) -> bool {
    let connector = Connector::new().subprotocols(["parlor.v1"]);
    let name = http::HeaderName::from_static("x-forwarded-for");
    let connector = connector.header(name, address.parse().expect("it is visible ASCII"));
    let mut ws = connector.connect(&node.address).await.expect("it is a WebSocket");
    if ws.recv().await.is_some() {
        return true;
    }
    assert_eq!(ws.closed().map(|closed| closed.code.get()), Some(1013));
    false
}

#[tokio::test]
async fn guests_of_one_address_are_counted_at_whichever_node_they_come_to() {
    let broker = Broker::start();
    let [one, other] = nodes(&broker, &["--guests-at-once=80", "--trusted-proxies=127.0.0.1"]);
    while comes(&one, "192.0.2.7").await {}
    let mut come = 0;
    while comes(&other, "192.0.2.7").await {
        come += 1;
        assert!(come < 80, "as many as if nobody had come to the first node");
        wait().await;
    }
    assert!(comes(&other, "192.0.2.8").await, "another address");
}

/// Tries a wrong password.
fn guess(node: &Node) -> Answer {
    let guess = json!({"name": "Ada", "password": "hunter2 hunter2"}).to_string();
    ask_with(
        &node.address,
        "POST /session",
        &["Content-Type: application/json", "X-Parlor: test"],
        guess.as_bytes(),
    )
}

#[tokio::test]
async fn guessing_at_several_nodes_is_as_slow_as_at_one() {
    let broker = Broker::start();
    let [one, other] = nodes(&broker, &[]);
    while guess(&one).status == 401 {}
    let mut guessed = 0_u32;
    loop {
        let answer = guess(&other);
        if answer.status == 401 {
            guessed += 1;
            continue;
        }
        assert_eq!(answer.status, 429, "{}", answer.text());
        let seconds = answer.header("retry-after").and_then(|wait| wait.parse::<u64>().ok());
        // Five are free; each further one doubles the wait, which is a second at first.
        let alone = 1 << guessed.saturating_sub(6);
        if seconds.expect("it is said when to try again") > alone {
            break;
        }
        assert!(guessed < 12, "the first node's guesses are not known at the other");
        wait().await;
    }
}
