//! A door into the running server for whoever may look into its data folder: a Unix socket that takes one line and
//! answers with one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::reset::link_for;
use crate::space::Space;

/// How long whoever came in may take to say something.
const PATIENCE: Duration = Duration::from_secs(5);
/// Octets of a line at most.
const LONGEST: u64 = 4_096;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// Make a link for whoever is called this.
    Reset(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Report {
    Link(String),
    Error(String),
}

/// Listens at a path in the data folder, whose permissions keep others away, until the process ends.
pub(crate) fn listen(path: &Path, space: &Arc<Space>) -> io::Result<()> {
    // Left by a server that was killed; this one holds the folder's lock.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    let space = Arc::downgrade(space);
    std::thread::Builder::new().name("control".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever went away needs no answer.
            let _ = answer(&stream, &space);
        }
    })?;
    Ok(())
}

fn answer(stream: &UnixStream, space: &Weak<Space>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
    let report = match (serde_json::from_str(&line), space.upgrade()) {
        (Ok(Order::Reset(name)), Some(space)) => match link_for(space.chat(), &name) {
            Ok(link) => Report::Link(link),
            Err(error) => Report::Error(error.to_string()),
        },
        (Err(error), _) => Report::Error(format!("this server does not understand the command: {error}")),
        (_, None) => Report::Error("the server is stopping".to_owned()),
    };
    send(stream, &report)
}

fn send(mut stream: &UnixStream, value: &impl Serialize) -> io::Result<()> {
    let line = serde_json::to_string(value).expect("these types have a JSON form");
    stream.write_all(line.as_bytes())?;
    stream.write_all(b"\n")
}

/// Has the server that listens at this path make a link. What it says against it is the inner error.
pub(crate) fn reset(path: &Path, name: &str) -> io::Result<Result<String, String>> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(2 * PATIENCE))?;
    send(&stream, &Order::Reset(name.to_owned()))?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
    Ok(match serde_json::from_str(&line)? {
        Report::Link(link) => Ok(link),
        Report::Error(error) => Err(error),
    })
}
