//! Files as a stranger would bring and have them, and what is on a server's disk.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::http1::{Answer, ask_with};

/// The beginning of a picture, and a little more.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and what else a picture has";

/// Brings a file into a room; `asked` is such as `room=…&name=…`. Without a token it is nobody who does.
///
/// # Panics
///
/// When there is no answer; so does everything else here.
pub fn bring(address: &str, token: &str, asked: &str, kind: &str, octets: &[u8]) -> Answer {
    let (bearer, kind) = (format!("Authorization: Bearer {token}"), format!("Content-Type: {kind}"));
    let mut lines = vec!["X-Parlor: 1", &kind];
    if !token.is_empty() {
        lines.push(&bearer);
    }
    ask_with(address, &format!("POST /files?{asked}"), &lines, octets)
}

/// What is told of a file that is taken.
pub fn brought(address: &str, token: &str, asked: &str, kind: &str, octets: &[u8]) -> Value {
    let answer = bring(address, token, asked, kind, octets);
    assert_eq!(answer.status, 201, "{asked}: {}", answer.text());
    serde_json::from_slice(&answer.body).expect("it is JSON")
}

/// The address of a picture that is taken.
pub fn picture(address: &str, token: &str, room: &str) -> String {
    let brought = brought(address, token, &format!("room={room}&name=cat.png"), "image/png", PNG);
    brought["path"].as_str().expect("it has an address").to_owned()
}

/// Asks for a file by its path, or by a method and its path.
pub fn have(address: &str, token: &str, path: &str, lines: &[&str]) -> Answer {
    let bearer = format!("Authorization: Bearer {token}");
    let mut all = lines.to_vec();
    if !token.is_empty() {
        all.push(&bearer);
    }
    let first = if path.starts_with('/') { format!("GET {path}") } else { path.to_owned() };
    ask_with(address, &first, &all, b"")
}

/// Whether somebody is handed a file.
pub fn has(address: &str, token: &str, path: &str) -> bool {
    let answer = have(address, token, path, &[]);
    assert!([200, 404].contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    answer.status == 200
}

/// The names in the folder of files of the server that was started in a folder.
pub fn stored(folder: &Path) -> BTreeSet<String> {
    let folder = folder.join("parlor-data").join("files");
    let names = std::fs::read_dir(folder).expect("a server has one").map(|entry| {
        let name = entry.expect("it can be read").file_name();
        name.into_string().expect("it is UTF-8")
    });
    names.collect()
}
