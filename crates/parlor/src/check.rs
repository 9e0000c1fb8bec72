//! `parlor check`: clients that talk, break off and come back, and a verdict on what the server kept of it.
//!
//! What was acknowledged is written down (`evidence.rs`), and what everybody is told is compared as it comes. At the
//! end what must be there (`expected.rs`) is compared with what everybody reads, and every place of every room is
//! accounted for (`accounts.rs`). Those parts know no network, so each way of being wrong is a test of theirs.

mod accounts;
mod asking;
mod chance;
mod clocks;
mod cluster_course;
mod cluster_faults;
mod compare;
mod counts;
mod course;
mod evidence;
mod expected;
mod faults;
mod frames;
mod healing;
mod hearing;
mod line;
mod options;
mod own_broker;
mod own_cluster;
mod own_server;
mod passage;
mod problems;
mod process;
mod proxy;
mod requests;
mod route;
mod severing;
mod shared;
mod talk;
mod text;
mod verdict;
mod wish;
mod worker;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};

pub(crate) use options::Options;

/// Why there is no verdict.
#[derive(Debug)]
pub(crate) enum CheckError {
    /// It is none of a server.
    Address(String),
    /// Nobody can come, and why.
    Unreachable(String, String),
    /// The server of our own, or the network before it, does not run.
    Server(io::Error),
    /// What is to be filled up is large, or has something in it.
    NoSmallDisk(PathBuf),
    /// There is no program that could hold the log of a cluster.
    NoBroker,
    /// The server failed the check.
    Failed,
    Interrupted,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckError::Address(address) => {
                write!(f, "{address} is no address of a server; give one like ws://127.0.0.1:8080")
            }
            CheckError::Unreachable(server, why) => {
                write!(f, "the clients cannot come to {server}: {why}. Is the server running there?")
            }
            CheckError::Server(error) => write!(f, "the check cannot go on: {error}"),
            CheckError::NoSmallDisk(folder) => write!(
                f,
                "{} is not empty, or on a disk of more than 1 GiB. Mount a small one there, such as with: \
                 mount -t tmpfs -o size=64m tmpfs {0}",
                folder.display()
            ),
            CheckError::NoBroker => f.write_str(
                "the check of a cluster needs nats-server; on Debian: apt-get install nats-server",
            ),
            CheckError::Failed => f.write_str("the server does not keep what it acknowledges; see above"),
            CheckError::Interrupted => f.write_str("interrupted before there was a verdict"),
        }
    }
}

impl std::error::Error for CheckError {}

/// Checks a server and prints the verdict.
///
/// # Errors
///
/// Why there is no verdict, or that it is a bad one.
pub(crate) fn run(options: &Options) -> Result<(), CheckError> {
    let seed = options.seed.unwrap_or_else(|| crate::identity::random() >> 32);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let verdict = runtime.map_err(CheckError::Server)?.block_on(async {
        say(&format!("checking for {:?}, seed {seed}", options.duration()));
        let label = format!("{:010x}", crate::identity::random() >> 24);
        let course = async {
            match options.cluster {
                true => cluster_course::run(options, seed, label).await,
                false => course::run(options, seed, label).await,
            }
        };
        tokio::select! {
            verdict = course => verdict,
            // What was started ends with its values.
            ended = told_to_end() => Err(ended.map_or_else(CheckError::Server, |()| CheckError::Interrupted)),
        }
    })?;
    say(&verdict.to_string());
    if verdict.is_good() { Ok(()) } else { Err(CheckError::Failed) }
}

/// Waits until somebody wants it to end, or the terminal is gone.
async fn told_to_end() -> io::Result<()> {
    let (mut interrupt, mut terminate, mut hangup) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

fn say(text: &str) {
    // Whoever started us may have stopped reading; the exit code says it, too.
    let _ = writeln!(io::stdout(), "{text}");
}
