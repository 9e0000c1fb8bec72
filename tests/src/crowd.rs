//! Many people at once: connections to one server, read side by side.

use std::time::Duration;

use tokio::task::JoinSet;
use websocket_client::{WebSocket, connect};

/// How many connections are being opened at a time.
const OPENING: usize = 200;

/// How long anything may take that thousands of connections do together.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Connects, and comes back once the server's program knows of it: a handshake is answered before.
///
/// # Panics
///
/// When that cannot be.
pub async fn arrive(address: &str) -> WebSocket {
    let mut ws = connect(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    let answered = ws.ping().await.expect("nobody has closed it");
    assert!(answered.is_some(), "{address} ended at once: {:?}", ws.closed());
    ws
}

/// Opens `count` connections to `address`.
///
/// # Panics
///
/// When one cannot be opened.
pub async fn gather(address: &str, count: usize) -> Vec<WebSocket> {
    let mut opening = JoinSet::new();
    let mut crowd = Vec::with_capacity(count);
    for _ in 0..count {
        if opening.len() == OPENING {
            crowd.extend(opening.join_next().await.map(|ws| ws.expect("opening does not panic")));
        }
        let address = address.to_owned();
        opening.spawn(async move { arrive(&address).await });
    }
    crowd.extend(opening.join_all().await);
    crowd
}

/// Reads `count` lines on every connection, all at the same time, and gives connections and lines back in the
/// same order as before.
///
/// # Panics
///
/// When a connection ends, or the lines do not come in time.
pub async fn read_everywhere(crowd: Vec<WebSocket>, count: usize) -> (Vec<WebSocket>, Vec<Vec<String>>) {
    let mut readers = Vec::with_capacity(crowd.len());
    for mut ws in crowd {
        readers.push(tokio::spawn(async move {
            let lines = read(&mut ws, count).await;
            (ws, lines)
        }));
    }
    let mut read = (Vec::new(), Vec::new());
    for reader in readers {
        let (ws, lines) = reader.await.expect("every reader gets its lines");
        read.0.push(ws);
        read.1.push(lines);
    }
    read
}

/// Reads `count` lines.
///
/// # Panics
///
/// When the connection ends, or the lines do not come in time.
pub async fn read(ws: &mut WebSocket, count: usize) -> Vec<String> {
    let mut lines = Vec::with_capacity(count);
    let all = async {
        while lines.len() < count {
            let Some(message) = ws.recv().await else {
                panic!("over after {} of {count} lines: {:?}", lines.len(), ws.closed());
            };
            lines.push(message.as_text().expect("everything here is text").to_owned());
        }
    };
    if tokio::time::timeout(PATIENCE, all).await.is_err() {
        panic!("only {} of {count} lines came within {PATIENCE:?}", lines.len());
    }
    lines
}

/// Memory of a process in KiB, as the system counts it.
///
/// # Panics
///
/// When there is no such process.
pub fn resident_kib(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a running process has memory");
    let number = line.split_ascii_whitespace().nth(1).and_then(|number| number.parse().ok());
    number.expect("VmRSS is a number of kB")
}
