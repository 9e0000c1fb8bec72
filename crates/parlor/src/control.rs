//! A door into the running server for whoever may look into its data folder: a Unix socket that takes one line and
//! answers with one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use crate::reset::link_for;
use crate::space::Space;

/// How long whoever came in may take to say something.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long being succeeded may take: starting the new one, taking leave, opening the data, and once more if that fails.
const UPGRADE: Duration = Duration::from_secs(900);
/// Octets of a line at most.
const LONGEST: u64 = 4_096;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// Make a link for whoever is called this.
    Reset(String),
    /// Be succeeded by this program, or by the one that stands now where this one was started from.
    Upgrade(Option<PathBuf>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Report {
    Link(String),
    /// The number of the process that serves from now on.
    Succeeded(u32),
    Error(String),
}

/// Somebody wants the server to be succeeded, and waits for an answer.
#[derive(Debug)]
pub(crate) struct Upgrade {
    /// By this program, if they named one.
    pub(crate) program: Option<PathBuf>,
    stream: UnixStream,
}

impl Upgrade {
    /// Tells which process serves from now on, or why none but this one does.
    pub(crate) fn answer(self, result: Result<u32, String>) {
        // Whoever went away needs no answer.
        let _ = send(&self.stream, &result.map_or_else(Report::Error, Report::Succeeded));
    }
}

/// Listens at a path in the data folder, whose permissions keep others away, until the process ends.
pub(crate) fn listen(path: &Path, space: &Arc<Space>, upgrades: Sender<Upgrade>) -> io::Result<()> {
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
            let _ = answer(stream, &space, &upgrades);
        }
    })?;
    Ok(())
}

fn answer(stream: UnixStream, space: &Weak<Space>, upgrades: &Sender<Upgrade>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new((&stream).take(LONGEST)).read_line(&mut line)?;
    let report = match (serde_json::from_str(&line), space.upgrade()) {
        (Ok(Order::Upgrade(program)), _) => match upgrades.try_send(Upgrade { program, stream }) {
            Ok(()) => return Ok(()),
            Err(refused) => {
                refused
                    .into_inner()
                    .answer(Err("the server is being succeeded or stopped already".to_owned()));
                return Ok(());
            }
        },
        (Ok(Order::Reset(name)), Some(space)) => match link_for(space.chat(), &name) {
            Ok(link) => Report::Link(link),
            Err(error) => Report::Error(error.to_string()),
        },
        (Err(error), _) => Report::Error(format!("this server does not understand the command: {error}")),
        (_, None) => Report::Error("the server is stopping".to_owned()),
    };
    send(&stream, &report)
}

fn send(mut stream: &UnixStream, value: &impl Serialize) -> io::Result<()> {
    let line = serde_json::to_string(value).expect("these types have a JSON form");
    stream.write_all(line.as_bytes())?;
    stream.write_all(b"\n")
}

/// Has the server that listens at this path make a link. What it says against it is the inner error.
pub(crate) fn reset(path: &Path, name: &str) -> io::Result<Result<String, String>> {
    Ok(match ask(path, &Order::Reset(name.to_owned()), 2 * PATIENCE)? {
        Report::Link(link) => Ok(link),
        Report::Error(error) => Err(error),
        Report::Succeeded(_) => return Err(out_of_turn()),
    })
}

/// Has the server that listens at this path be succeeded, by this program if one is named. Says which process serves
/// then. Why it did not happen is the inner error.
pub(crate) fn upgrade(path: &Path, program: Option<PathBuf>) -> io::Result<Result<u32, String>> {
    Ok(match ask(path, &Order::Upgrade(program), UPGRADE)? {
        Report::Succeeded(process) => Ok(process),
        Report::Error(error) => Err(error),
        Report::Link(_) => return Err(out_of_turn()),
    })
}

fn ask(path: &Path, order: &Order, patience: Duration) -> io::Result<Report> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(patience))?;
    send(&stream, order)?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line)?;
    if line.is_empty() {
        let message = "the server ended before it answered; look whether another one runs by now";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
    }
    Ok(serde_json::from_str(&line)?)
}

fn out_of_turn() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the server answered something else")
}
