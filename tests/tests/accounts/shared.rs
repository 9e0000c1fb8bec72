//! Files as a stranger would bring and have them, and what is on the server's disk.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use parlor_tests::client::Client;
use parlor_tests::files;
use parlor_tests::http1::Answer;
use serde_json::{Value, json};

use crate::server::Server;

pub(crate) use parlor_tests::files::PNG;

pub(crate) const LOBBY: &str = "0000000000001";

/// How long what should happen by itself may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

impl Server {
    /// Brings a file into a room; `asked` is such as `room=…&name=…`.
    pub(crate) fn bring(&self, token: &str, asked: &str, kind: &str, octets: &[u8]) -> Answer {
        files::bring(&self.address, token, asked, kind, octets)
    }

    /// What is told of a file that is taken.
    pub(crate) fn brought(&self, token: &str, asked: &str, kind: &str, octets: &[u8]) -> Value {
        files::brought(&self.address, token, asked, kind, octets)
    }

    /// The address of a picture that is taken.
    pub(crate) fn picture(&self, token: &str, room: &str) -> String {
        files::picture(&self.address, token, room)
    }

    /// Asks for a file.
    pub(crate) fn have(&self, token: &str, path: &str, lines: &[&str]) -> Answer {
        files::have(&self.address, token, path, lines)
    }

    /// Whether somebody is handed a file.
    pub(crate) fn has(&self, token: &str, path: &str) -> bool {
        files::has(&self.address, token, path)
    }

    /// The names in the folder of files.
    pub(crate) fn stored(&self) -> BTreeSet<String> {
        files::stored(self.folder.path())
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
