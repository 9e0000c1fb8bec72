//! Files as a stranger would bring and have them, and what is on the server's disk.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use parlor_tests::client::Client;
use parlor_tests::http1::{Answer, ask_with};
use serde_json::{Value, json};

use crate::server::Server;

pub(crate) const LOBBY: &str = "0000000000001";

/// The beginning of a picture, and a little more.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and what else a picture has";

/// How long what should happen by itself may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

impl Server {
    /// Brings a file into a room; `asked` is such as `room=…&name=…`.
    pub(crate) fn bring(&self, token: &str, asked: &str, kind: &str, octets: &[u8]) -> Answer {
        let (bearer, kind) = (format!("Authorization: Bearer {token}"), format!("Content-Type: {kind}"));
        let mut lines = vec!["X-Parlor: 1", &kind];
        if !token.is_empty() {
            lines.push(&bearer);
        }
        ask_with(&self.address, &format!("POST /files?{asked}"), &lines, octets)
    }

    /// What is told of a file that is taken.
    pub(crate) fn brought(&self, token: &str, asked: &str, kind: &str, octets: &[u8]) -> Value {
        let answer = self.bring(token, asked, kind, octets);
        assert_eq!(answer.status, 201, "{asked}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// The address of a picture that is taken.
    pub(crate) fn picture(&self, token: &str, room: &str) -> String {
        let brought = self.brought(token, &format!("room={room}&name=cat.png"), "image/png", PNG);
        brought["path"].as_str().unwrap().to_owned()
    }

    /// Asks for a file.
    pub(crate) fn have(&self, token: &str, path: &str, lines: &[&str]) -> Answer {
        let bearer = format!("Authorization: Bearer {token}");
        let mut all = lines.to_vec();
        if !token.is_empty() {
            all.push(&bearer);
        }
        let first = if path.starts_with('/') { format!("GET {path}") } else { path.to_owned() };
        ask_with(&self.address, &first, &all, b"")
    }

    /// Whether somebody is handed a file.
    pub(crate) fn has(&self, token: &str, path: &str) -> bool {
        let answer = self.have(token, path, &[]);
        assert!([200, 404].contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
        answer.status == 200
    }

    /// The names in the folder of files.
    pub(crate) fn stored(&self) -> BTreeSet<String> {
        let folder = self.folder.path().join("parlor-data").join("files");
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    /// Waits until so many files are on the disk, finished or not.
    pub(crate) fn wait_until_stored(&self, count: usize) {
        let deadline = Instant::now() + SOON;
        while self.stored().len() != count {
            assert!(Instant::now() < deadline, "{:?} are there instead of {count}", self.stored());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Says something, and returns its place.
pub(crate) async fn post(client: &mut Client, room: &str, text: &str) -> u64 {
    client.ok(json!({"type": "post", "room": room, "text": text})).await["sequence"].as_u64().unwrap()
}

/// Names a file in a message, and returns its place.
pub(crate) async fn name(client: &mut Client, room: &str, path: &str) -> u64 {
    post(client, room, &format!("see\n[a cat]({path}?w=800&h=600)")).await
}

/// A new room of somebody, named so.
pub(crate) async fn room(client: &mut Client, name: &str, visibility: &str) -> String {
    let room = client.ok(json!({"type": "create_room", "name": name, "visibility": visibility})).await;
    room["room"].as_str().unwrap().to_owned()
}
