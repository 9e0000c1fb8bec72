//! A nats-server of our own: one of the servers of the log, which can be killed, paused and started again.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::asking::ask;
use super::process;

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);
/// How often it is looked whether it has started.
const LOOK: Duration = Duration::from_millis(10);

/// What it is called.
const PROGRAM: &str = "nats-server";
/// The first version that can be told to acknowledge only what it has written.
const KEEPS: (u64, u64) = (2, 10);

/// Which one is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version(String);

impl Version {
    /// Asks it.
    pub(super) async fn installed() -> io::Result<Self> {
        let output = Command::new(PROGRAM).arg("--version").output().await?;
        Ok(Version::read(&String::from_utf8_lossy(&output.stdout)))
    }

    /// That of `nats-server: v2.15.1`.
    fn read(said: &str) -> Self {
        Version(said.trim().rsplit(['v', ' ']).next().unwrap_or_default().to_owned())
    }

    /// Whether it can be told to acknowledge only what it has written.
    pub(super) fn keeps(&self) -> bool {
        let mut numbers = self.0.split('.').map(|number| number.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= KEEPS
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of the servers that are one cluster.
#[derive(Debug)]
pub(super) struct OwnBroker {
    child: Option<Child>,
    name: String,
    folder: PathBuf,
    /// Where it listens: other ports each time.
    pub(super) listens: Listens,
}

/// Where a server listens, as it writes it down.
#[derive(Clone, Debug, Default)]
pub(super) struct Listens {
    /// For nodes.
    pub(super) nodes: Option<SocketAddr>,
    /// For the other servers.
    pub(super) others: Option<SocketAddr>,
    /// For who asks how it is.
    pub(super) questions: Option<SocketAddr>,
}

/// The file of its ports.
#[derive(Debug, Deserialize)]
struct Ports {
    nats: Vec<String>,
    monitoring: Vec<String>,
    cluster: Vec<String>,
}

/// Whom it knows as the leader of a stream.
#[derive(Debug, Deserialize)]
struct Streams {
    #[serde(default)]
    account_details: Vec<Account>,
}

#[derive(Debug, Deserialize)]
struct Account {
    #[serde(default)]
    stream_detail: Vec<Stream>,
}

#[derive(Debug, Deserialize)]
struct Stream {
    name: String,
    cluster: Option<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    leader: Option<String>,
}

impl OwnBroker {
    /// One with its data in a folder, that reaches the others through `routes`. It does not run yet.
    pub(super) fn new(
        folder: PathBuf,
        number: usize,
        routes: &[SocketAddr],
        version: &Version,
    ) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let name = format!("n{number}");
        let routes: Vec<String> = routes.iter().map(|route| format!("\"nats://{route}\"")).collect();
        // It tells nobody where it really listens, so that all connections take the ways that are made for them.
        let text = format!(
            "server_name: {name}\nlisten: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\nports_file_dir: {folder:?}\n\
             jetstream {{ store_dir: {folder:?}{} }}\n\
             cluster {{ name: check, listen: \"127.0.0.1:-1\", advertise: \"127.0.0.1:{}\", no_advertise: true, \
             routes: [{}] }}\n",
            if version.keeps() { ", sync_interval: always" } else { "" },
            number + 1,
            routes.join(", ")
        );
        fs::write(folder.join("server.conf"), text)?;
        Ok(OwnBroker { child: None, name, folder, listens: Listens::default() })
    }

    /// What the others know it by.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Starts it with its data, and waits until it listens.
    pub(super) async fn start(&mut self) -> io::Result<()> {
        let path = |name: &str| self.folder.join(name);
        let mut command = process::command(PROGRAM);
        command.arg("-c").arg(path("server.conf")).arg("-l").arg(path("server.log"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let ports = path(&format!("nats-server_{}.ports", child.id().unwrap_or_default()));
        let listens = async {
            loop {
                if let Some(listens) = read(&ports) {
                    return Ok(listens);
                }
                if child.try_wait()?.is_some() {
                    let said = fs::read_to_string(path("server.log")).unwrap_or_default();
                    let last = said.lines().next_back().unwrap_or_default().to_owned();
                    return Err(io::Error::other(format!("nats-server did not start: {last}")));
                }
                sleep(LOOK).await;
            }
        };
        let listens = timeout(START, listens).await;
        self.listens = listens.map_err(|_| io::Error::from(ErrorKind::TimedOut))??;
        self.child = Some(child);
        Ok(())
    }

    /// Kills it with SIGKILL, at once.
    pub(super) async fn kill(&mut self) -> io::Result<()> {
        match self.child.take() {
            Some(mut child) => child.kill().await,
            None => Ok(()),
        }
    }

    /// Lets it do nothing, or go on.
    pub(super) fn pause(&self, is_paused: bool) -> io::Result<()> {
        process::pause(process::of(self.child.as_ref()), is_paused)
    }

    /// Whether it runs.
    pub(super) fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Whether it says that it is part of a cluster that works, and has everything.
    pub(super) async fn is_well(&self) -> bool {
        self.ask("/healthz").await.is_some_and(|(status, _)| status == 200)
    }

    /// Who leads a stream, by what it knows.
    pub(super) async fn leader_of(&self, stream: &str) -> Option<String> {
        let (_, body) = self.ask("/jsz?accounts=1&streams=1").await?;
        let streams: Streams = serde_json::from_str(&body).ok()?;
        let mut streams = streams.account_details.into_iter().flat_map(|account| account.stream_detail);
        streams.find(|found| found.name == stream)?.cluster?.leader
    }

    async fn ask(&self, path: &str) -> Option<(u16, String)> {
        let address = self.listens.questions?;
        ask(TcpStream::connect(address), path).await
    }
}

/// Where it listens, once all of that is written down.
fn read(ports: &Path) -> Option<Listens> {
    let ports: Ports = serde_json::from_str(&fs::read_to_string(ports).ok()?).ok()?;
    let address = |urls: &[String]| urls.first()?.rsplit('/').next()?.parse().ok();
    let (nodes, others, questions) =
        (address(&ports.nats), address(&ports.cluster), address(&ports.monitoring));
    (nodes.is_some() && others.is_some()).then_some(Listens { nodes, others, questions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_2_10_on_it_can_be_told_to_write_first() {
        for (said, keeps) in [
            ("nats-server: v2.9.10\n", false),
            ("nats-server: v2.10.0\n", true),
            ("nats-server: v2.15.1\n", true),
            ("nats-server: v3.0.0-beta.1\n", true),
            ("something else", false),
            ("", false),
        ] {
            assert_eq!(Version::read(said).keeps(), keeps, "{said}");
        }
        assert_eq!(Version::read("nats-server: v2.9.10\n").to_string(), "2.9.10");
    }
}
