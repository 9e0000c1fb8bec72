//! Files in a cluster: any node takes them and any serves them, by the same rules, and what is erased is nowhere.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use parlor_tests::broker::Broker;
use parlor_tests::client::Client;
use parlor_tests::files::{PNG, bring, brought, has, have, picture, stored};
use parlor_tests::http1::Answer;
use parlor_tests::process::{Folder, Process};
use serde_json::{Value, json};

use crate::node::{LOBBY, Node, SOON, parlor, post};

/// How long what happens by itself may take on a busy machine.
const LATER: Duration = Duration::from_secs(60);

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + LATER;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Names a file in a message, which a listener at another node hears, and returns its place.
async fn name(client: &mut Client, room: &str, path: &str) -> Value {
    let text = format!("see [a cat]({path})");
    client.ok(json!({"type": "post", "room": room, "text": text})).await["sequence"].clone()
}

fn files_of(node: &Node) -> usize {
    stored(node.folder().path()).len()
}

/// The code and the sentence of what was not done.
fn refusal(answer: &Answer) -> (u16, String) {
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, problem["code"].as_str().unwrap_or_default().to_owned())
}

/// Waits until a node has heard of everything that was said up to now, by saying something.
async fn until_heard(from: &mut Client, node: &Node, text: &str) -> Client {
    let mut listener = node.listener().await;
    from.ok(post(text)).await;
    listener.said_up_to(text).await;
    listener.client
}

#[tokio::test]
async fn a_file_that_one_node_was_brought_every_node_serves_in_full_and_in_part() {
    let broker = Broker::start();
    let (mut one, other) = (Node::join(&broker), Node::join(&broker));
    let mut ann = one.client().await;
    assert_eq!(ann.welcome["limits"]["file_octets"], 26_214_400);
    // More than one piece of what is sent between nodes and servers.
    let octets: Vec<u8> = (0..400_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    let told = brought(&one.address, &ann.token, &format!("room={LOBBY}&name=a.dat"), "", &octets);
    let path = told["path"].as_str().expect("it has an address");
    let bob = until_heard(&mut ann, &other, "I am Ann").await;
    assert!(has(&other.address, &ann.token, path), "its owner has it before it is named");
    assert!(!has(&other.address, &bob.token, path), "until a message names it, it is its owner's alone");
    name(&mut ann, LOBBY, path).await;
    until_heard(&mut ann, &other, "it is named").await;
    let part = have(&other.address, &bob.token, path, &["Range: bytes=131071-262144"]);
    assert_eq!((part.status, &part.body[..]), (206, &octets[131_071..=262_144]));
    // A node with an empty folder, while the one that was brought it is away.
    one.kill();
    let third = Node::join(&broker);
    let mut carl = third.client().await;
    until_heard(&mut carl, &other, "I am Carl").await;
    for node in [&other, &third] {
        let answer = have(&node.address, &carl.token, path, &[]);
        assert_eq!((answer.status, answer.body == octets), (200, true));
        assert_eq!(answer.header("cache-control"), Some("private, max-age=31536000, immutable"));
        assert_eq!(files_of(node), 1, "it has a copy of its own");
    }
    let export = have(&third.address, &ann.token, "/me/export", &[]).text();
    assert!(export.contains(path), "{export}");
}

#[tokio::test]
async fn what_many_ask_for_at_once_is_fetched_and_kept_once() {
    let broker = Broker::start();
    let [one, other] = [Node::join(&broker), Node::join(&broker)];
    let mut ann = one.client().await;
    let octets = vec![7; 3_000_000];
    let told = brought(&one.address, &ann.token, &format!("room={LOBBY}&name=a.dat"), "", &octets);
    let path = told["path"].as_str().expect("it has an address");
    name(&mut ann, LOBBY, path).await;
    let bob = until_heard(&mut ann, &other, "it is named").await;
    let (address, token) = (&other.address, &bob.token);
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let answer = have(address, token, path, &[]);
                assert_eq!((answer.status, answer.body == octets), (200, true));
            });
        }
    });
    let id = told["id"].as_str().expect("it has an id").to_owned();
    assert_eq!(stored(other.folder().path()), [id].into());
}

#[tokio::test]
async fn who_may_not_read_a_room_has_its_files_at_no_node() {
    let broker = Broker::start();
    let nodes = [Node::join(&broker), Node::join(&broker)];
    let [one, other] = &nodes;
    let mut ann = one.client().await;
    let create = json!({"type": "create_room", "name": "attic", "visibility": "private", "key": "room"});
    let room = ann.ok(create).await["room"].as_str().expect("it has an id").to_owned();
    let path = picture(&one.address, &ann.token, &room);
    name(&mut ann, &room, &path).await;
    let mut eve = until_heard(&mut ann, other, "the attic is there").await;
    until_heard(&mut eve, one, "I am Eve").await;
    for node in &nodes {
        assert!(!has(&node.address, &eve.token, &path));
        assert!(!has(&node.address, "", &path));
        let asked = format!("room={room}&name=a.txt");
        let answer = bring(&node.address, &eve.token, &asked, "", b"octets");
        assert_eq!(refusal(&answer).1, "no-such-room");
    }
    // Nor by naming it elsewhere.
    name(&mut eve, LOBBY, &path).await;
    until_heard(&mut eve, one, "it is named by Eve").await;
    assert!(nodes.iter().all(|node| !has(&node.address, &eve.token, &path)));
    assert_eq!(files_of(other), 0, "what nobody may have is not fetched");
    ann.ok(json!({"type": "invite", "room": room, "person": eve.id(), "key": "invite"})).await;
    until_heard(&mut ann, other, "Eve is invited").await;
    assert!(nodes.iter().all(|node| has(&node.address, &eve.token, &path)));
}

#[tokio::test]
async fn what_is_deleted_at_one_node_is_gone_from_all_of_them_and_from_the_servers() {
    let broker = Broker::start();
    let nodes = [Node::join(&broker), Node::join(&broker)];
    let mut away = Node::join(&broker);
    let (mut ann, bob) = (nodes[0].client().await, nodes[0].client().await);
    let secret = b"what nobody may read any more";
    let asked = format!("room={LOBBY}&name=secret-name.dat");
    let told = brought(&nodes[0].address, &ann.token, &asked, "", secret);
    let path = told["path"].as_str().expect("it has an address");
    let kept = picture(&nodes[1].address, &ann.token, LOBBY);
    let message = name(&mut ann, LOBBY, path).await;
    name(&mut ann, LOBBY, &kept).await;
    for node in nodes.iter().chain([&away]) {
        until_heard(&mut ann, node, &format!("named, {}", node.address)).await;
        assert!(has(&node.address, &bob.token, path) && has(&node.address, &bob.token, &kept));
        assert_eq!(files_of(node), 2);
    }
    assert!(broker.holds(secret) && broker.holds(b"secret-name"));
    away.kill();
    let mut elsewhere = nodes[1].back(&ann.token).await;
    elsewhere.ok(json!({"type": "delete", "room": LOBBY, "message": message})).await;
    until_heard(&mut elsewhere, &nodes[0], "deleted").await;
    assert!(nodes.iter().all(|node| !has(&node.address, &bob.token, path)));
    for node in &nodes {
        wait_until("the octets stay at a node", || files_of(node) == 1);
    }
    wait_until("the octets stay at the server", || !broker.holds(secret) && !broker.holds(b"secret-name"));
    // Who was away learns it from the log.
    away.start_again();
    assert!(!has(&away.address, &bob.token, path));
    assert_eq!(files_of(&away), 1);
    for node in nodes.iter().chain([&away]) {
        assert!(has(&node.address, &bob.token, &kept), "the other one is still there");
    }
}

#[tokio::test]
async fn what_was_brought_and_never_named_is_removed_everywhere_in_its_time() {
    let broker = Broker::start();
    let join = || Node::join_with(&broker, Folder::new("node"), &["--keep-unclaimed=1"]);
    let mut one = join();
    let ann = one.client().await;
    let secret = b"what nobody has said anything of";
    brought(&one.address, &ann.token, &format!("room={LOBBY}&name=a.dat"), "", secret);
    // Whoever was brought it is gone for good.
    one.kill();
    let other = join();
    let mut bob = other.client().await;
    // It is looked for what has had its time whenever something is said, and once a minute.
    let deadline = Instant::now() + LATER;
    for number in 0.. {
        bob.ok(post(&format!("{number}"))).await;
        if !broker.holds(secret) {
            break;
        }
        assert!(Instant::now() < deadline, "the octets stay at the server");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn while_the_servers_are_away_what_a_node_has_is_served_and_the_rest_waits() {
    let mut broker = Broker::start();
    let [one, other] = [Node::join(&broker), Node::join(&broker)];
    let mut ann = one.client().await;
    let [seen, unseen] = [(); 2].map(|()| picture(&one.address, &ann.token, LOBBY));
    for path in [&seen, &unseen] {
        name(&mut ann, LOBBY, path).await;
    }
    let bob = until_heard(&mut ann, &other, "they are named").await;
    assert!(has(&other.address, &bob.token, &seen));
    broker.kill();
    assert!(has(&other.address, &bob.token, &seen));
    assert!(has(&one.address, &bob.token, &unseen));
    let missing = have(&other.address, &bob.token, &unseen, &[]);
    assert_eq!(refusal(&missing), (503, "try-again".into()));
    assert_eq!(missing.header("cache-control"), Some("no-store"));
    assert!(missing.header("retry-after").is_some());
    // It may be there, as far as this node knows.
    let unknown = format!("/files/{}/a.txt", "0".repeat(26));
    assert_eq!(have(&other.address, &bob.token, &unknown, &[]).status, 503);
    let asked = format!("room={LOBBY}&name=a.txt");
    let answer = bring(&one.address, &ann.token, &asked, "", b"meanwhile");
    assert_eq!(refusal(&answer), (503, "try-again".into()));
    assert!(answer.header("retry-after").is_some());
    assert_eq!(files_of(&one), 2, "nothing is left of what was not taken");
    broker.start_again();
    wait_until("it is not served again", || have(&other.address, &bob.token, &unseen, &[]).body == PNG);
    wait_until("nothing is taken again", || {
        bring(&one.address, &ann.token, &asked, "", b"afterwards").status == 201
    });
    assert!(!has(&other.address, &bob.token, &unknown));
    wait_until("what was not taken stays", || !broker.holds(b"meanwhile"));
}

#[tokio::test]
async fn what_a_node_was_bringing_to_the_servers_when_it_was_killed_leaves_nothing() {
    let mut broker = Broker::start();
    let mut node = Node::join(&broker);
    let ann = node.client().await;
    broker.kill();
    let (address, token) = (node.address.clone(), ann.token.clone());
    let bringing = thread::spawn(move || {
        // It is answered only if this machine is very slow; that the connection breaks off is as good.
        let bring = || bring(&address, &token, &format!("room={LOBBY}&name=a.dat"), "", b"unfinished");
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(bring)).is_ok_and(|answer| answer.status == 201)
    });
    wait_until("nothing comes", || files_of(&node) == 1);
    node.kill();
    assert!(!bringing.join().expect("it ends"), "nobody was told that it is there");
    assert_eq!(files_of(&node), 1);
    broker.start_again();
    node.start_again();
    assert_eq!(files_of(&node), 0);
    let export = have(&node.address, &ann.token, "/me/export", &[]).text();
    assert!(!export.contains("a.dat"), "{export}");
    assert!(has(&node.address, &ann.token, &picture(&node.address, &ann.token, LOBBY)), "it goes on");
    wait_until("something of it stays", || !broker.holds(b"unfinished"));
}

#[tokio::test]
async fn two_nodes_are_brought_the_same_at_the_same_time() {
    let broker = Broker::start();
    let nodes = [Node::join(&broker), Node::join(&broker)];
    let (mut ann, mut bob) = (nodes[0].client().await, nodes[1].client().await);
    let paths = thread::scope(|scope| {
        let bringing = [(&nodes[0].address, &ann.token), (&nodes[1].address, &bob.token)];
        let bringing = bringing.map(|(address, token)| scope.spawn(|| picture(address, token, LOBBY)));
        bringing.map(|each| each.join().expect("it is taken"))
    });
    assert_ne!(paths[0], paths[1], "each has an address of its own");
    let message = name(&mut ann, LOBBY, &paths[0]).await;
    name(&mut bob, LOBBY, &paths[1]).await;
    until_heard(&mut ann, &nodes[1], "Ann has named hers").await;
    until_heard(&mut bob, &nodes[0], "Bob has named his").await;
    for path in &paths {
        assert!(nodes.iter().all(|node| has(&node.address, &bob.token, path)));
    }
    ann.ok(json!({"type": "delete", "room": LOBBY, "message": message})).await;
    until_heard(&mut ann, &nodes[1], "hers is deleted").await;
    for node in &nodes {
        wait_until("it stays", || files_of(node) == 1);
        assert!(!has(&node.address, &bob.token, &paths[0]) && has(&node.address, &bob.token, &paths[1]));
    }
}

#[tokio::test]
async fn the_files_of_a_server_that_moves_in_are_taken_along() {
    let (broker, folder) = (Broker::start(), Folder::new("moving"));
    let (mut server, address) = Process::parlor(&folder, &[], SOON);
    let mut ann = Client::new(&address).await;
    let path = picture(&address, &ann.token, LOBBY);
    name(&mut ann, LOBBY, &path).await;
    assert!(server.terminate(SOON).success());
    let export = parlor(&folder, &["log", "export", "out.jsonl"]);
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    let files = folder.path().join("parlor-data").join("files");
    let kept = folder.path().join("kept");
    fs::rename(&files, &kept).expect("it is the test's own");
    fs::remove_dir_all(folder.path().join("parlor-data")).expect("it is the test's own");
    let cluster = ["--cluster", &broker.address(), "--cluster-replicas", "1"];
    let replay = [&["log", "replay", "out.jsonl", "--data", "parlor-data"][..], &cluster[..]].concat();
    let replayed = parlor(&folder, &replay);
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
    fs::rename(&kept, &files).expect("it is the test's own");
    let _first = Node::join_with(&broker, folder, &[]);
    let other = Node::join(&broker);
    let bob = other.client().await;
    wait_until("it is not there", || have(&other.address, &bob.token, &path, &[]).body == PNG);
}
