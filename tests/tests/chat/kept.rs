//! What was acknowledged is kept: after a kill, in a backup, and for who looks into the log with the command.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use parlor_tests::client::Client;
use parlor_tests::process::{Folder, Process, built};
use serde_json::{Value, json};

use super::server::{LOBBY, Server};

/// How long starting or stopping may take on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// Sequences in the lobby with the texts that were acknowledged there.
type Acknowledged = Arc<Mutex<Vec<(u64, String)>>>;

/// What a command prints that must succeed. Whoever posts goes on meanwhile.
async fn said(folder: &Folder, arguments: &[&str]) -> String {
    let mut command = Command::new(built("parlor"));
    command.args(arguments).current_dir(folder.path());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Posts until the connection breaks.
async fn post_for_ever(mut client: Client, name: String, acknowledged: Acknowledged) {
    for number in 0_u64.. {
        let text = format!("{name} says {number}");
        let answer = client.ok(json!({"type": "post", "room": LOBBY, "text": text, "key": text})).await;
        let sequence = answer["sequence"].as_u64().unwrap();
        acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push((sequence, text));
    }
}

fn known(acknowledged: &Acknowledged) -> Vec<(u64, String)> {
    acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn until(acknowledged: &Acknowledged, count: usize) {
    while known(acknowledged).len() < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The texts of the lobby by their places, as an exported log has them.
fn posted(exported: &str) -> Vec<(u64, String)> {
    let entries = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let posted = entries.filter(|entry| entry["event"]["what"]["type"] == "posted");
    let post = |entry: Value| {
        let event = &entry["event"];
        (event["place"]["sequence"].as_u64().unwrap(), event["what"]["text"].as_str().unwrap().to_owned())
    };
    posted.map(post).collect()
}

#[tokio::test]
async fn what_was_acknowledged_is_in_the_log_of_a_server_that_was_killed() {
    let mut server = Server::start("killed");
    let acknowledged = Acknowledged::default();
    for round in 1..=3 {
        for number in 0..8 {
            let name = format!("{round}-{number}");
            tokio::spawn(post_for_ever(server.client().await, name, Arc::clone(&acknowledged)));
        }
        until(&acknowledged, 400 * round).await;
        server.kill();
        // Answers that were on their way count, too.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let verdict = said(&server.folder, &["log", "verify"]).await;
        assert!(verdict.contains("comes to the state that is stored"), "{verdict}");
        let kept = posted(&said(&server.folder, &["log", "export"]).await);
        for (sequence, text) in known(&acknowledged) {
            let times = kept.iter().filter(|(_, one)| *one == text).count();
            assert!(
                times == 1 && kept.contains(&(sequence, text.clone())),
                "{text} at {sequence}: {times} times"
            );
        }
        server.start_again();
    }
    server.stop();
}

#[tokio::test]
async fn a_backup_that_is_made_while_people_post_brings_back_them_and_what_they_said() {
    let mut server = Server::start("backup-live");
    let ann = server.client().await;
    let (id, token) = (ann.id().to_owned(), ann.token.clone());
    let acknowledged = Acknowledged::default();
    tokio::spawn(post_for_ever(ann, "ann".into(), Arc::clone(&acknowledged)));
    until(&acknowledged, 50).await;
    let before = known(&acknowledged);
    said(&server.folder, &["backup", "backup"]).await;
    until(&acknowledged, before.len() + 50).await;
    said(&server.folder, &["log", "verify"]).await;
    server.kill();

    said(&server.folder, &["restore", "backup", "--data", "restored"]).await;
    said(&server.folder, &["log", "verify", "--data", "restored"]).await;
    let kept = posted(&said(&server.folder, &["log", "export", "--data", "restored"]).await);
    assert!(before.iter().all(|one| kept.contains(one)), "what was acknowledged before is in it");
    let arguments = ["--listen", "127.0.0.1:0", "--data", "restored"];
    let mut restored = Process::start("parlor", &arguments, &server.folder);
    let address = restored.line_with("listening on http://", SOON).replace("listening on http://", "ws://");
    let mut ann = Client::back(&address, &token).await;
    assert_eq!(ann.id(), id, "the secret came back, too");
    let last = ann.ok(json!({"type": "history", "room": LOBBY})).await;
    let newest = last["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(newest["sequence"].as_u64(), kept.last().map(|(sequence, _)| *sequence));
    assert!(restored.terminate(SOON).success());
}
