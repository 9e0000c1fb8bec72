//! A cluster of our own: three servers of the log, three nodes, and ways between all of them that can be cut.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};

use super::asking::ask;
use super::clocks::{self, Clock};
use super::own_broker::{OwnBroker, Version};
use super::own_server::OwnServer;
use super::passage::Passage;

/// How many servers of the log there are: three stand the loss of one.
pub(super) const BROKERS: usize = 3;
/// How many nodes there are.
pub(super) const NODES: usize = clocks::AHEAD.len();
/// The stream that is the log.
pub(super) const STREAM: &str = "parlor-main";
/// How long starting may take while servers look for each other, and everybody may take to have everything.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often it is looked for that.
const LOOK: Duration = Duration::from_millis(100);
/// The name of the socket, beside a node's data, under which its counts can be read.
const COUNTS: &str = "counts";
/// What is counted there: the entries of the log that the node has.
const ENTRIES: &str = "parlor_log_entries_total ";
/// What a node says of servers that have forgotten something, and what it says when they have it again.
const FORGOTTEN: &str = "servers have lost what they acknowledged";
const TAKES_AGAIN: &str = "the log takes everything again";

/// Everything that runs, and what lies between.
#[derive(Debug)]
pub(super) struct OwnCluster {
    pub(super) brokers: Vec<OwnBroker>,
    pub(super) nodes: Vec<OwnServer>,
    pub(super) passages: Passages,
    folder: PathBuf,
}

/// The ways between all of them.
#[derive(Debug)]
pub(super) struct Passages {
    /// From each server of the log to each other one; nothing to itself.
    routes: Vec<Vec<Option<Passage>>>,
    /// From each node to each server of the log.
    doors: Vec<Vec<Passage>>,
}

impl Passages {
    async fn open() -> io::Result<Self> {
        let (mut routes, mut doors) = (Vec::new(), Vec::new());
        for from in 0..BROKERS {
            let mut row = Vec::new();
            for to in 0..BROKERS {
                row.push(if from == to { None } else { Some(Passage::open().await?) });
            }
            routes.push(row);
        }
        for _ in 0..NODES {
            let mut row = Vec::new();
            for _ in 0..BROKERS {
                row.push(Passage::open().await?);
            }
            doors.push(row);
        }
        Ok(Passages { routes, doors })
    }

    /// The servers of the log, as a node reaches them.
    pub(super) fn to_servers(&self, node: usize) -> String {
        let servers = self.of_node(node).map(|door| format!("nats://{}", door.address()));
        servers.collect::<Vec<String>>().join(",")
    }

    /// All lead to where a server of the log listens now.
    pub(super) fn lead_to(&self, number: usize, broker: &OwnBroker) {
        let routes = self.routes.iter().filter_map(|row| row[number].as_ref());
        routes.zip(std::iter::repeat(broker.listens.others)).for_each(lead);
        let doors = self.doors.iter().map(|row| &row[number]);
        doors.zip(std::iter::repeat(broker.listens.nodes)).for_each(lead);
    }

    /// All that begin or end at a server of the log.
    pub(super) fn of_broker(&self, number: usize) -> impl Iterator<Item = &Passage> {
        let there = self.routes.iter().filter_map(move |row| row[number].as_ref());
        let back = self.routes[number].iter().flatten();
        there.chain(back).chain(self.doors.iter().map(move |row| &row[number]))
    }

    /// All that begin at a node.
    pub(super) fn of_node(&self, number: usize) -> impl Iterator<Item = &Passage> {
        self.doors[number].iter()
    }
}

fn lead((passage, to): (&Passage, Option<SocketAddr>)) {
    if let Some(to) = to {
        passage.lead_to(to);
    }
}

impl OwnCluster {
    /// Starts everything, with its data in a temporary folder, and says where the nodes listen.
    pub(super) async fn start(label: &str, version: &Version) -> io::Result<(Self, Vec<String>)> {
        let folder = std::env::temp_dir().join(format!("parlor-check-{label}"));
        let passages = Passages::open().await?;
        let mut brokers = Vec::new();
        for (number, routes) in passages.routes.iter().enumerate() {
            let routes: Vec<SocketAddr> = routes.iter().flatten().map(Passage::address).collect();
            brokers.push(OwnBroker::new(folder.join(format!("broker-{number}")), number, &routes, version)?);
        }
        let mut nodes = Vec::new();
        for (number, ahead) in clocks::AHEAD.into_iter().enumerate() {
            let folder = folder.join(format!("node-{number}"));
            nodes.push(node(&folder, passages.to_servers(number), Clock::ahead(ahead))?);
        }
        let mut cluster = OwnCluster { brokers, nodes, passages, folder };
        for (number, broker) in cluster.brokers.iter_mut().enumerate() {
            broker.start().await?;
            cluster.passages.lead_to(number, broker);
        }
        wait_for_brokers(&cluster.brokers).await?;
        let mut addresses = Vec::new();
        for node in &mut cluster.nodes {
            addresses.push(start_again(node).await?);
        }
        Ok((cluster, addresses))
    }

    /// Waits until all nodes have the same; says whether they have, or how far each is.
    pub(super) async fn wait_for_nodes(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut entries = Vec::new();
            for node in &self.nodes {
                entries.push(entries_of(node).await);
            }
            if entries.iter().all(|count| count.is_some() && *count == entries[0]) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let counts: Vec<String> = entries
                    .iter()
                    .map(|count| count.map_or("nothing".to_owned(), |count| count.to_string()))
                    .collect();
                return Err(format!("the nodes do not come to the same entry: {}", counts.join(", ")));
            }
            sleep(LOOK).await;
        }
    }

    /// Ends it and removes its data, unless there is something to look at; says where that is.
    pub(super) async fn end(mut self, is_kept: bool) -> Option<PathBuf> {
        for node in &mut self.nodes {
            // It may have ended by itself.
            let _ = node.kill().await;
        }
        for broker in &mut self.brokers {
            let _ = broker.kill().await;
        }
        is_kept.then(|| std::mem::take(&mut self.folder))
    }
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        // They write as long as they run.
        self.nodes.clear();
        self.brokers.clear();
        if !self.folder.as_os_str().is_empty() {
            // What is left in a temporary folder harms nobody.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Waits until all servers of the log are one cluster, and each has everything.
pub(super) async fn wait_for_brokers(brokers: &[OwnBroker]) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    for broker in brokers {
        while !broker.is_well().await {
            if Instant::now() >= deadline {
                let name = broker.name();
                return Err(io::Error::other(format!("the nats-server {name} does not become well")));
            }
            sleep(LOOK).await;
        }
    }
    Ok(())
}

/// A node that reaches the servers of the log in this way, and goes by this clock.
fn node(folder: &Path, servers: String, clock: Option<Clock>) -> io::Result<OwnServer> {
    let data = folder.join("data");
    let arguments = vec![
        "--cluster".to_owned(),
        servers,
        "--metrics".to_owned(),
        format!("unix:{}", folder.join(COUNTS).display()),
    ];
    OwnServer::new(data, folder.join("server.log"), arguments, clock)
}

/// Starts a node. As long as the servers of the log cannot be asked it does not start, and then it is started again, unless
/// they lack what it has.
pub(super) async fn start_again(node: &mut OwnServer) -> io::Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match node.start_again().await {
            Err(error)
                if error.kind() == ErrorKind::Other
                    && Instant::now() < deadline
                    && !misses_something(node) =>
            {
                sleep(LOOK).await;
            }
            result => return result,
        }
    }
}

/// Whether a node says that the servers have forgotten something: while it runs, or because it did not start.
pub(super) fn misses_something(node: &OwnServer) -> bool {
    let said = node.said();
    let forgotten = said.rfind(FORGOTTEN);
    forgotten.is_some() && forgotten > said.rfind(TAKES_AGAIN)
}

async fn entries_of(node: &OwnServer) -> Option<u64> {
    let socket = node.folder().with_file_name(COUNTS);
    let (_, text) = ask(UnixStream::connect(socket), "/metrics").await?;
    text.lines().find_map(|line| line.strip_prefix(ENTRIES)?.parse().ok())
}
