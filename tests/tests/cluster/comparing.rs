//! Nodes that have decided alike are never said to differ, whatever happens to them; one that has not is.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use parlor_tests::broker::Broker;
use parlor_tests::client::Client;
use parlor_tests::http1::{exchange, request};
use parlor_tests::process::Folder;
use serde_json::json;

use crate::node::{LOBBY, Node, post};

/// How long anything may take on a busy machine.
const SOON: Duration = Duration::from_secs(120);
/// What is said of nodes that differ.
const DIFFERENT: &str = "have decided differently on what stands at ";
/// How often a node has compared what it decided with what another did.
const COMPARISONS: &str = "parlor_node_comparisons_total";

fn node(broker: &Broker) -> Node {
    let folder = Folder::new("comparing");
    let counts = format!("--metrics=unix:{}", folder.path().join("counts").display());
    Node::join_with(broker, folder, &[&counts])
}

/// What a node counts under these names.
fn counts<const NAMES: usize>(node: &Node, names: [&str; NAMES]) -> [u64; NAMES] {
    let counts = UnixStream::connect(node.folder().path().join("counts")).expect("it listens there");
    let text = exchange(counts, &request("node", "GET /metrics", &[], b"")).text();
    let of = |name: &str| {
        let count = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        count.unwrap_or_else(|| panic!("{name}: {text}"))
    };
    names.map(of)
}

/// Says something so many times, all under way together, and one of them twice.
async fn talk(client: &mut Client, round: &str, times: usize) {
    let mut asked = Vec::new();
    for number in 0..times {
        asked.push(client.send(post(&format!("{round} {number}"))).await);
    }
    asked.push(client.send(post(&format!("{round} 0"))).await);
    for id in asked {
        assert_eq!(client.answer(id).await["type"], "ok");
    }
}

#[tokio::test]
async fn nodes_that_have_decided_alike_are_not_said_to_differ_whatever_happens_to_them() {
    let broker = Broker::start();
    let (one, other, mut third) = (node(&broker), node(&broker), node(&broker));
    let (mut ann, mut bob) = (one.client().await, other.client().await);
    tokio::join!(talk(&mut ann, "a first", 130), talk(&mut bob, "b first", 130));
    // In the middle of a hundred, and of what is said.
    let killed = async {
        third.kill();
        let said = bob.ok(post("not for long")).await;
        bob.ok(json!({"type": "delete", "room": LOBBY, "message": said["sequence"]})).await;
        talk(&mut bob, "b second", 130).await;
    };
    tokio::join!(talk(&mut ann, "a second", 130), killed);
    let deadline = Instant::now() + SOON;
    third.start_again();
    third.end_and_start_again(&mut []).await;
    let late = node(&broker);
    for round in 0.. {
        let (ann_says, bob_says) = (format!("a {round}"), format!("b {round}"));
        tokio::join!(talk(&mut ann, &ann_says, 60), talk(&mut bob, &bob_says, 60));
        let nodes = [&one, &other, &third, &late];
        let compared = nodes.map(|node| counts(node, [COMPARISONS, "parlor_nodes_differing"]));
        for (node, [_, differing]) in nodes.iter().zip(compared) {
            assert_eq!((differing, node.said().contains(DIFFERENT)), (0, false), "{}", node.said());
        }
        // With each of the others, of those that were there all the time more than once.
        if compared.iter().zip([8, 8, 3, 3]).all(|([count, _], least)| *count >= least) {
            break;
        }
        assert!(Instant::now() < deadline, "{compared:?}");
    }
}

/// Says something to all nodes beside the log, as a node does.
fn tell(broker: &Broker, message: &[u8]) {
    let address = broker.address().replace("nats://", "");
    let mut server = TcpStream::connect(address).expect("it runs");
    let head = format!("CONNECT {{\"verbose\":false}}\r\nPUB parlor.main.beside {}\r\n", message.len());
    server.write_all(&[head.as_bytes(), message, b"\r\nPING\r\n"].concat()).expect("it listens");
    let mut answer = String::new();
    while !answer.contains("PONG") {
        let mut octets = [0; 1_024];
        let length = server.read(&mut octets).expect("it answers");
        assert!(length > 0, "it ended: {answer}");
        answer += &String::from_utf8_lossy(&octets[..length]);
    }
}

#[tokio::test]
async fn a_node_that_has_decided_otherwise_is_told_of_once_with_what_to_do() {
    let broker = Broker::start();
    let node = node(&broker);
    talk(&mut node.client().await, "hello", 220).await;
    // The message of the node 7 that began at 1: of two times a hundred places it has other hashes.
    let numbers = [0_u64, 0, 1, 0].map(u64::to_le_bytes);
    let life = [7_u64, 1].map(u64::to_le_bytes);
    tell(&broker, &[&[1, 9], life.as_flattened(), &2_u32.to_le_bytes(), numbers.as_flattened()].concat());
    let deadline = Instant::now() + SOON;
    loop {
        let [comparisons, differing] = counts(&node, [COMPARISONS, "parlor_nodes_differing"]);
        if comparisons == 2 && node.said().contains(DIFFERENT) {
            assert_eq!(differing, 1);
            break;
        }
        assert!(Instant::now() < deadline, "{}", node.said());
        thread::sleep(Duration::from_millis(20));
    }
    let said = node.said();
    assert_eq!(said.matches("have decided differently").count(), 1, "{said}");
    assert!(
        said.contains("(this one) and 0000000000000007") && said.contains("\"Nodes that differ\""),
        "{said}"
    );
}
