//! From a server that is alone into a cluster and back, and putting back what servers have lost.

use std::fs;

use parlor_tests::broker::Broker;
use parlor_tests::client::Client;
use parlor_tests::process::{Folder, Process};

use crate::node::{Node, SOON, parlor, post};

/// What a command that must succeed prints.
#[track_caller]
fn said(folder: &Folder, arguments: &[&str]) -> String {
    let output = parlor(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
}

/// The state that a command has come to.
fn state(said: &str) -> &str {
    let (_, rest) = said.split_once("to the state ").unwrap_or_else(|| panic!("{said}"));
    &rest[..64]
}

/// A server that is alone, with an address for clients.
fn alone(folder: &Folder) -> (Process, String) {
    let server = Process::start("parlor", &["--listen", "127.0.0.1:0"], folder);
    let line = server.line_with("listening on http://", SOON);
    (server, line.replace("listening on http://", "ws://"))
}

#[tokio::test]
async fn a_server_moves_into_a_cluster_and_back_with_the_same_state() {
    let (broker, folder) = (Broker::start(), Folder::new("moving"));
    let (mut server, address) = alone(&folder);
    Client::new(&address).await.ok(post("alone")).await;
    assert!(server.terminate(SOON).success());
    said(&folder, &["log", "export", "out.jsonl"]);
    let exported = fs::read_to_string(folder.path().join("out.jsonl")).expect("it was written");

    let address = broker.address();
    let cluster = ["--cluster", address.as_str(), "--cluster-replicas", "1"];
    let replay = [&["log", "replay", "out.jsonl", "--data", "node"][..], &cluster[..]].concat();
    let replayed = said(&folder, &replay);
    assert!(exported.trim_end().ends_with(&format!("{:?}}}", state(&replayed))), "{replayed}");
    let node = Node::join(&broker);
    assert_eq!(node.listener().await.said_up_to("alone").await, ["alone"], "a new node has it");
    node.client().await.ok(post("together")).await;

    let folder = node.stop();
    said(&folder, &["log", "export", "out.jsonl"]);
    let replayed = said(&folder, &["log", "replay", "out.jsonl", "--data", "back"]);
    let exported = fs::read_to_string(folder.path().join("out.jsonl")).expect("it was written");
    assert!(exported.trim_end().ends_with(&format!("{:?}}}", state(&replayed))), "{replayed}");
    assert!(exported.contains("together"));
    let back = Process::start("parlor", &["--listen", "127.0.0.1:0", "--data", "back"], &folder);
    back.line_with("listening on http://", SOON);
}

#[tokio::test]
async fn what_the_servers_have_lost_is_put_back_from_a_nodes_folder() {
    let (lost, healthy) = (Broker::start(), Broker::start());
    let node = Node::join(&lost);
    node.client().await.ok(post("kept")).await;
    let folder = node.stop();
    // Servers that have nothing of what they acknowledged.
    let address = healthy.address();
    let cluster = ["--cluster", address.as_str(), "--cluster-replicas", "1"];
    let start = parlor(&folder, &[&["--listen", "127.0.0.1:0"], &cluster[..]].concat());
    let error = String::from_utf8_lossy(&start.stderr).into_owned();
    assert!(error.contains("servers have lost what they") && error.contains("`parlor log heal`"), "{error}");
    let healed = said(&folder, &[&["log", "heal"], &cluster[..]].concat());
    assert!(healed.starts_with("put back "), "{healed}");
    let again = said(&folder, &[&["log", "heal"], &cluster[..]].concat());
    assert!(again.starts_with("put back 0 entries"), "{again}");
    assert_eq!(state(&healed), state(&again));
    let new = Node::join(&healthy);
    assert_eq!(new.listener().await.said_up_to("kept").await, ["kept"]);
}
