//! `parlor upgrade`: a server is succeeded by another process while people talk.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use parlor_tests::client::Client;
use parlor_tests::http1::ask;
use parlor_tests::process::{Folder, Process, built};
use parlor_tests::successor::Successor;
use serde_json::json;

use crate::server::{SOON, Server};

const LOBBY: &str = "0000000000001";

/// Ends what waits for it, also when a test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn upgrade(folder: &Folder, arguments: &[&str]) -> Output {
    let mut command = Command::new(built("parlor"));
    command.arg("upgrade").args(arguments).current_dir(folder.path()).output().unwrap()
}

/// Has it succeeded by the same program.
fn succeed(folder: &Folder) -> Successor {
    let output = upgrade(folder, &[]);
    assert!(output.status.success(), "{output:?}");
    successor_of(&output, folder)
}

/// The process that it said to have started.
fn successor_of(output: &Output, folder: &Folder) -> Successor {
    Successor::said(str::from_utf8(&output.stdout).unwrap(), folder)
}

/// Why it was not succeeded.
fn refusal(folder: &Folder, arguments: &[&str]) -> String {
    let output = upgrade(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// This program does not serve, and the process that serves again is that of the version before.
fn refused_for_the_version_before(folder: &Folder, program: &str) -> Successor {
    let refusal = refusal(folder, &["--program", program]);
    assert!(refusal.contains("The version that ran before serves again, as process "), "{refusal}");
    let process = refusal.trim().rsplit(' ').next().unwrap().parse().unwrap();
    Successor::new(process, folder)
}

fn is_served(address: &str) -> bool {
    ask(address, "GET /healthz", &[]).status == 200
}

/// How many people watch the lobby.
async fn present(client: &mut Client) -> usize {
    let answer = client.ok(json!({"type": "present", "room": LOBBY})).await;
    answer["present"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn whoever_is_there_stays_and_nobody_is_turned_away_meanwhile() {
    let mut server = Server::start("succession", &[]);
    let address = format!("ws://{}", server.address);
    let mut text = websocket_client::connect(&address).await.unwrap();
    let mut anna = Client::new(&address).await;
    let mut bob = Client::new(&address).await;
    bob.ok(json!({"type": "subscribe", "room": LOBBY})).await;
    // And who speaks plain text, as soon as they are somebody.
    while present(&mut bob).await != 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anna.ok(json!({"type": "post", "room": LOBBY, "text": "before"})).await;

    let ends = AtomicBool::new(false);
    let successor = thread::scope(|threads| {
        let (address, ends) = (server.address.as_str(), &ends);
        let visitor = threads.spawn(move || {
            let mut visits = 0;
            while !ends.load(Ordering::Relaxed) || visits == 0 {
                // A connection that has not asked anything yet may be cut off; refused is none.
                let mut stream = TcpStream::connect(address).expect("somebody listens at any time");
                stream.set_read_timeout(Some(SOON)).unwrap();
                let request =
                    format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
                let mut answer = String::new();
                let asked =
                    stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
                if asked.is_ok() && !answer.is_empty() {
                    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
                    visits += 1;
                }
            }
        });
        let successor = {
            let _ends = Ends(ends);
            succeed(&server.folder)
        };
        visitor.join().unwrap();
        successor
    });
    assert_ne!(successor.id(), server.process.id());
    assert!(server.process.wait(SOON).success(), "the one before has ended");
    let end = async { while text.recv().await.is_some() {} };
    tokio::time::timeout(SOON, end).await.expect("who speaks plain text comes back as somebody else");
    assert_eq!(text.closed().map(|closed| closed.code.get()), Some(1012));

    // On the connections that they had.
    assert_eq!(bob.event_of("posted").await["text"], "before");
    anna.ok(json!({"type": "post", "room": LOBBY, "text": "after"})).await;
    assert_eq!(bob.event_of("posted").await["text"], "after");
    assert_eq!(present(&mut bob).await, 1, "who has gone is not counted");
    let history = anna.ok(json!({"type": "history", "room": LOBBY})).await;
    let texts: Vec<&str> =
        history["messages"].as_array().unwrap().iter().filter_map(|said| said["text"].as_str()).collect();
    assert_eq!(texts, ["before", "after"]);

    let second = succeed(&server.folder);
    assert_ne!(second.id(), successor.id());
    assert!(is_served(&server.address));
    // Nobody waits for somebody who does not listen.
    drop((anna, bob));
    second.terminate(SOON);
    assert!(TcpStream::connect(&server.address).is_err(), "nobody listens any more");
}

#[test]
fn whoever_cannot_succeed_it_leaves_everything_as_it_is() {
    let server = Server::start("succession", &[]);
    let script = |name, lines| script(server.folder.path(), name, lines);
    for (program, sentence) in [
        ("/nowhere/parlor".to_owned(), "/nowhere/parlor cannot be started: No such file or directory"),
        (script("mute", "exit 7"), "the new server ended without a word (exit status: 7)"),
        (script("babbler", "echo here I am >&0; exec sleep 60"), "the new server is not understood"),
        (script("early", "echo '\"serving\"' >&0; exec sleep 60"), "the new server speaks out of turn"),
        (script("honest", "echo '{\"failed\":\"I am ill\"}' >&0"), "not succeeded: I am ill"),
    ] {
        let refusal = refusal(&server.folder, &["--program", &program]);
        assert!(refusal.contains(sentence), "{refusal}");
        assert!(is_served(&server.address));
    }
    fs::write(server.folder.path().join("parlor.toml"), "[server]\nmetrics = \"127.0.0.1:0\"\n").unwrap();
    let refusal = refusal(&server.folder, &[]);
    let sentence =
        "--metrics was nothing and is 127.0.0.1:0; what is listened on changes by stopping and starting";
    assert!(refusal.contains(sentence), "{refusal}");
    assert!(is_served(&server.address));
}

#[test]
fn where_no_server_runs_there_is_nobody_to_succeed() {
    let folder = Folder::new("succession");
    assert!(refusal(&folder, &[]).contains("no server runs with the data folder parlor-data"));
}

/// A program that a shell runs, and whose standard input is the way to its predecessor.
fn script(folder: &Path, name: &str, lines: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_successor_that_gives_up_is_succeeded_by_the_version_before() {
    let mut server = Server::start("succession", &[]);
    let mut anna = Client::new(&format!("ws://{}", server.address)).await;
    anna.ok(json!({"type": "post", "room": LOBBY, "text": "kept"})).await;
    let lines = "echo '\"prepared\"' >&0; read -r place; read -r yours; exit 3";
    let program = script(server.folder.path(), "gives-up", lines);
    let again = refused_for_the_version_before(&server.folder, &program);
    assert!(server.process.wait(SOON).success());
    let mut anna = Client::back(&format!("ws://{}", server.address), &anna.vanish()).await;
    let history = anna.ok(json!({"type": "history", "room": LOBBY})).await;
    assert_eq!(history["messages"][0]["text"], "kept");
    drop(anna);
    again.terminate(SOON);
}

#[tokio::test]
async fn connections_that_a_successor_does_not_go_on_with_are_handed_back() {
    let mut server = Server::start("succession", &[]);
    let mut anna = Client::new(&format!("ws://{}", server.address)).await;
    anna.ok(json!({"type": "post", "room": LOBBY, "text": "kept"})).await;
    let lines = "echo '\"prepared_for_people\"' >&0; read -r place; read -r yours; read -r people; exit 3";
    let program = script(server.folder.path(), "drops-people", lines);
    let again = refused_for_the_version_before(&server.folder, &program);
    assert!(server.process.wait(SOON).success());
    let history = anna.ok(json!({"type": "history", "room": LOBBY})).await;
    assert_eq!(history["messages"][0]["text"], "kept", "on the connection that she had");
    drop(anna);
    again.terminate(SOON);
}

#[tokio::test]
async fn connections_that_a_successor_took_up_before_it_failed_come_back() {
    let mut server = Server::start("succession", &[]);
    let mut anna = Client::new(&format!("ws://{}", server.address)).await;
    anna.ok(json!({"type": "post", "room": LOBBY, "text": "kept"})).await;
    // What it has read of them and written to them is not known to anybody.
    let lines = "echo '\"prepared_for_people\"' >&0; read -r place; read -r yours; read -r people
                 echo '\"taken_up\"' >&0; exit 3";
    let program = script(server.folder.path(), "takes-up-people", lines);
    let again = refused_for_the_version_before(&server.folder, &program);
    assert!(server.process.wait(SOON).success());
    assert_eq!(anna.ended().await, 1006, "nobody has her connection");
    let mut anna = Client::back(&format!("ws://{}", server.address), &anna.vanish()).await;
    let history = anna.ok(json!({"type": "history", "room": LOBBY})).await;
    assert_eq!(history["messages"][0]["text"], "kept");
    drop(anna);
    again.terminate(SOON);
}

#[test]
fn a_unix_socket_and_what_is_listened_on_beside_change_hands_with_their_names() {
    let folder = Folder::new("succession");
    let arguments = ["--listen", "unix:parlor.sock", "--metrics", "127.0.0.1:0"];
    let mut process = Process::start("parlor", &arguments, &folder);
    let line = process.line_with("counting on", SOON);
    let counts = line.split("://").last().unwrap().to_owned();
    let path = folder.path().join("parlor.sock");
    let successor = succeed(&folder);
    assert!(process.wait(SOON).success());
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(ask(&counts, "GET /metrics", &[]).status, 200);
    successor.terminate(SOON);
    assert!(!path.exists(), "the last one removes it");
}

/// Says one thing after the other in the lobby until it is time to end, and how many they were. Each is answered once.
async fn talk(mut client: Client, name: &str, ends: &AtomicBool) -> usize {
    let mut said = 0;
    let mut behind = 0;
    while !ends.load(Ordering::Relaxed) || behind < 20 {
        behind += usize::from(ends.load(Ordering::Relaxed));
        // Two at a time, so that often one is under way.
        let text = |number: usize| format!("{name} {number} {}", "and so on ".repeat(20));
        let first = client.send(json!({"type": "post", "room": LOBBY, "text": text(said)})).await;
        let second = client.send(json!({"type": "post", "room": LOBBY, "text": text(said + 1)})).await;
        for id in [first, second] {
            let answer = client.answer(id).await;
            assert_eq!(answer["type"], "ok", "{answer}");
        }
        said += 2;
    }
    said
}

#[tokio::test]
async fn what_is_said_meanwhile_is_heard_once_in_one_order_on_the_connections_that_there_are() {
    let arguments = ["--requests-per-second", "100000", "--request-burst", "100000"];
    let mut server = Server::start("succession", &arguments);
    let address = format!("ws://{}", server.address);
    let mut listeners = [Client::new(&address).await, Client::compressing(&address).await];
    for listener in &mut listeners {
        listener.ok(json!({"type": "subscribe", "room": LOBBY})).await;
    }
    let talkers = [Client::new(&address).await, Client::compressing(&address).await];
    let (ends, folder) = (AtomicBool::new(false), server.folder.path().to_owned());
    let [anna, ben] = talkers;
    let upgrading = async {
        let mut processes = Vec::new();
        for _ in 0..2 {
            let folder = folder.clone();
            let run =
                move || Command::new(built("parlor")).arg("upgrade").current_dir(folder).output().unwrap();
            let output = tokio::task::spawn_blocking(run).await.unwrap();
            assert!(output.status.success(), "{output:?}");
            processes.push(successor_of(&output, &server.folder));
        }
        ends.store(true, Ordering::Relaxed);
        processes
    };
    let (anna, ben, mut processes) =
        tokio::join!(talk(anna, "anna", &ends), talk(ben, "ben", &ends), upgrading);
    assert!(server.process.wait(SOON).success());
    for listener in &mut listeners {
        let (mut next, mut heard) = (None, [0, 0]);
        while heard != [anna, ben] {
            let event = listener.event_of("posted").await;
            let sequence = event["sequence"].as_u64().unwrap();
            assert_eq!(next.unwrap_or(sequence), sequence, "nothing is missing and nothing comes twice");
            next = Some(sequence + 1);
            let mut words = event["text"].as_str().unwrap().split(' ');
            let place = usize::from(words.next() == Some("ben"));
            assert_eq!(words.next().unwrap().parse(), Ok(heard[place]), "each is heard in their order");
            heard[place] += 1;
        }
    }
    // Nobody waits for somebody who does not listen.
    drop(listeners);
    processes.pop().unwrap().terminate(SOON);
}

#[tokio::test]
async fn where_connections_cannot_be_handed_over_everybody_comes_back() {
    let mut server = Server::start("succession", &["--backend", "threads"]);
    let address = format!("ws://{}", server.address);
    let mut anna = Client::new(&address).await;
    anna.ok(json!({"type": "post", "room": LOBBY, "text": "before"})).await;
    let successor = succeed(&server.folder);
    assert_eq!(anna.ended().await, 1012);
    assert!(server.process.wait(SOON).success());
    let mut anna = Client::back(&address, &anna.vanish()).await;
    anna.ok(json!({"type": "post", "room": LOBBY, "text": "after"})).await;
    drop(anna);
    successor.terminate(SOON);
}
