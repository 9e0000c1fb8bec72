//! What whoever runs a cluster is told to do once the servers of its log have forgotten what they acknowledged: all nodes
//! stop, each puts back what it has (`parlor log heal`), and all start again.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::own_broker::OwnBroker;
use super::own_cluster::{Passages, misses_something, start_again, wait_for_brokers};
use super::own_server::OwnServer;
use super::say;
use super::shared::Shared;

/// What `parlor log heal` says before how many entries it has put back.
const PUT_BACK: &str = "put back ";
/// How long nodes have to say so while nothing is harmed: servers that came back may find the rest in a moment.
const SURE: Duration = Duration::from_secs(10);
/// How often it is looked whether they still do, and for how long healing is tried while the servers have no leader.
const LOOK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(180);

/// Heals the log if the nodes go on saying that it is short while nobody harms the servers, which are not used meanwhile.
pub(super) async fn heal(
    nodes: &mut [OwnServer],
    brokers: &[OwnBroker],
    passages: &Passages,
    shared: &Shared,
) -> io::Result<()> {
    wait_for_brokers(brokers).await?;
    let sure = Instant::now() + SURE;
    while Instant::now() < sure {
        if !nodes.iter().any(misses_something) {
            return Ok(());
        }
        sleep(LOOK).await;
    }
    for (number, node) in nodes.iter_mut().enumerate() {
        shared.route.is_away(number);
        node.stop().await?;
    }
    let mut entries = 0;
    for (number, node) in nodes.iter().enumerate() {
        entries += put_back(node, &passages.to_servers(number)).await?;
    }
    for (number, node) in nodes.iter_mut().enumerate() {
        shared.route.is_at(number, start_again(node).await?);
    }
    say(&format!("the servers of the log had forgotten {entries} entries, which the nodes put back"));
    shared.count(|counts| {
        counts.healed += 1;
        counts.put_back += entries;
    });
    Ok(())
}

/// Has a node that does not run put back what it has and the servers have not; returns how many entries.
async fn put_back(node: &OwnServer, servers: &str) -> io::Result<u64> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let output = node.run(&["log", "heal", "--cluster", servers]).await?;
        let said = String::from_utf8_lossy(&output.stdout);
        let entries = said.strip_prefix(PUT_BACK).and_then(|rest| rest.split(' ').next()?.parse().ok());
        match entries {
            Some(entries) if output.status.success() => return Ok(entries),
            _ if Instant::now() < deadline => sleep(LOOK).await,
            _ => {
                let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                return Err(io::Error::other(format!("the log cannot be healed: {why}")));
            }
        }
    }
}
