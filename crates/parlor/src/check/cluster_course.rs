//! The course of a check of a cluster, which ends with a look at what each node has kept.

use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;

use tokio::time::{Duration, sleep};

use super::course::{COMING, Course, SETTLING, is_good};
use super::options::Options;
use super::own_broker::Version;
use super::own_cluster::{OwnCluster, misses_something, wait_for_brokers};
use super::problems::Kind;
use super::route::Route;
use super::shared::Phase;
use super::verdict::Verdict;
use super::{CheckError, clocks, cluster_faults, healing, say};

/// How long it may take at the end until everything is acknowledged, beside what a single server has: who waits for a
/// leader waits, and is told to try again.
const SETTLING_OF_CLUSTER: Duration = SETTLING.saturating_add(Duration::from_secs(60));

/// How often it is looked meanwhile whether the log is to be healed.
const LOOK: Duration = Duration::from_secs(1);

/// Checks a cluster of our own, and harms it.
pub(super) async fn run(options: &Options, seed: u64, label: String) -> Result<Verdict, CheckError> {
    let version = Version::installed().await.map_err(|error| match error.kind() {
        ErrorKind::NotFound => CheckError::NoBroker,
        _ => CheckError::Server(error),
    })?;
    if !options.spare_brokers && !version.keeps() {
        say(&format!(
            "nats-server {version} does not keep what it acknowledges when it is killed, so that this may fail; 2.10 \
             and later can, or leave it unharmed with --spare-brokers"
        ));
    }
    let (mut cluster, addresses) = OwnCluster::start(&label, &version).await.map_err(CheckError::Server)?;
    let apart = clocks::apart(&addresses).await.unwrap_or(0);
    if !clocks::are_set(apart) {
        say(
            "the clocks of the nodes are not set apart; that needs libfaketime (on Debian: apt-get install libfaketime)",
        );
    }
    let mut course = Course::start(options, seed, label, Route::to_nodes(addresses)).await?;
    course.shared.count(|counts| counts.clocks_apart = apart);
    let went = course.with_cluster(options, &mut cluster).await;
    let mut verdict = course.finish(went, seed).await;
    let kept = cluster.end(!is_good(&verdict)).await;
    match (&mut verdict, kept) {
        (Ok(verdict), kept) => verdict.kept = kept,
        (Err(_), Some(kept)) => say(&format!("the data of the cluster is left in {}", kept.display())),
        (Err(_), None) => {}
    }
    verdict
}

impl Course {
    async fn with_cluster(&mut self, options: &Options, cluster: &mut OwnCluster) -> Result<(), CheckError> {
        for phase in [Phase::Gather, Phase::Join] {
            if !self.phase(phase, COMING).await {
                return Err(self.nobody_comes());
            }
            // Everybody may come to another node next.
            self.have_nodes_the_same(cluster).await;
        }
        self.shared.set_stormy(true);
        self.shared.phase.send_replace(Phase::Talk);
        let (shared, talked) = (&self.shared, options.duration());
        let harmed = cluster_faults::run(cluster, shared, talked, options.spare_brokers).await;
        harmed.map_err(CheckError::Server)?;
        self.shared.set_stormy(false);
        self.settle(cluster).await.map_err(CheckError::Server)?;
        // What clients read from nodes that differ says no more than that they do.
        if self.have_nodes_the_same(cluster).await {
            self.phase(Phase::Mark, SETTLING_OF_CLUSTER).await;
            self.have_nodes_the_same(cluster).await;
            self.compare(talked).await;
            self.have_nodes_the_same(cluster).await;
        }
        self.compare_nodes(cluster).await.map_err(CheckError::Server)
    }

    /// Waits until everything is acknowledged, and heals the log if the servers have forgotten something.
    async fn settle(&mut self, cluster: &mut OwnCluster) -> io::Result<()> {
        wait_for_brokers(&cluster.brokers).await?;
        let OwnCluster { brokers, nodes, passages, .. } = cluster;
        let shared = Arc::clone(&self.shared);
        let mut settling = pin!(self.phase(Phase::Settle, SETTLING_OF_CLUSTER));
        loop {
            tokio::select! {
                _ = &mut settling => return Ok(()),
                () = sleep(LOOK) => {
                    if nodes.iter().any(misses_something) {
                        healing::heal(nodes, brokers, passages, &shared).await?;
                    }
                }
            }
        }
    }

    /// Whether all nodes come to the same entry.
    async fn have_nodes_the_same(&self, cluster: &OwnCluster) -> bool {
        let same = cluster.wait_for_nodes().await;
        same.map_err(|wrong| self.shared.evidence().problems.add(Kind::Unsettled, || wrong)).is_ok()
    }

    /// Stops all nodes, and compares what each has: the log of each is whole, and all come to the same state.
    async fn compare_nodes(&self, cluster: &mut OwnCluster) -> io::Result<()> {
        let mut states = Vec::new();
        for (number, node) in cluster.nodes.iter_mut().enumerate() {
            node.stop().await?;
            if let Err(wrong) = node.verify().await? {
                self.shared.evidence().problems.add(Kind::Lost, || format!("node {number}: {wrong}"));
            }
            states.push(node.state().await?);
        }
        if states.iter().any(|state| *state != states[0]) {
            let states = states.join(", ");
            self.shared.evidence().problems.add(Kind::Reordered, || format!("the nodes differ: {states}"));
        }
        Ok(())
    }
}
