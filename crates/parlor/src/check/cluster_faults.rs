//! What is done to a cluster of our own while clients talk: to its nodes and to the servers of its log, at the same time.

use std::io;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use super::chance::Chance;
use super::healing;
use super::own_broker::OwnBroker;
use super::own_cluster::{BROKERS, NODES, OwnCluster, Passages, STREAM, misses_something, start_again};
use super::own_server::OwnServer;
use super::passage::Passage;
use super::shared::Shared;

/// Who draws what is done to nodes, and what to the servers of the log.
const NODES_DRAW: u64 = (1 << 50) + 1;
const BROKERS_DRAW: u64 = (1 << 50) + 2;
/// Milliseconds between two faults of nodes, and of the servers of the log, which need some to find a leader.
const BETWEEN_NODES: (usize, usize) = (1_000, 5_000);
const BETWEEN_BROKERS: (usize, usize) = (4_000, 12_000);
/// Milliseconds that something is away that is started again.
const AWAY: (usize, usize) = (0, 4_000);
/// Milliseconds that something does nothing, or is cut off, or slow; in a check of some minutes up to a minute.
const HELD_UP: (usize, usize) = (1_000, 10_000);
const HELD_UP_LONG: (usize, usize) = (1_000, 60_000);
const LONG: Duration = Duration::from_secs(300);
/// Who does nothing for so long is taken out by the balancer, which nobody answers.
const HEALTH: Duration = Duration::from_secs(5);
/// How long a piece takes on a slow way.
const SLOW: Duration = Duration::from_millis(150);

/// Harms nodes and servers of the log until the time is over, one of each at a time, and leaves all of them running and
/// unharmed.
pub(super) async fn run(
    cluster: &mut OwnCluster,
    shared: &Shared,
    talked: Duration,
    are_brokers_spared: bool,
) -> io::Result<()> {
    let until = Instant::now() + talked;
    let held_up = if talked >= LONG { HELD_UP_LONG } else { HELD_UP };
    let OwnCluster { brokers, nodes, passages, .. } = cluster;
    let hand = |who| Hand {
        shared,
        passages,
        chance: Chance::new(shared.seed, who),
        held_up,
        until,
        are_brokers_spared,
    };
    let (mut at_nodes, mut at_brokers) = (hand(NODES_DRAW), hand(BROKERS_DRAW));
    let brokers = Mutex::new(brokers.as_mut_slice());
    tokio::try_join!(at_nodes.harm_nodes(nodes, &brokers), at_brokers.harm_brokers(&brokers))?;
    Ok(())
}

/// The servers of the log, which one hand has at a time.
type Brokers<'a> = Mutex<&'a mut [OwnBroker]>;

/// Who does it, one thing after the other.
struct Hand<'a> {
    shared: &'a Shared,
    passages: &'a Passages,
    chance: Chance,
    held_up: (usize, usize),
    until: Instant,
    are_brokers_spared: bool,
}

impl Hand<'_> {
    /// Waits for the next time to do something; false if the time is over.
    async fn pause(&mut self, between: (usize, usize)) -> bool {
        let next = Instant::now() + self.chance.milliseconds(between.0, between.1);
        sleep_until(next.min(self.until)).await;
        next < self.until
    }

    fn hold_up(&mut self) -> Duration {
        self.chance.milliseconds(self.held_up.0, self.held_up.1)
    }

    fn away(&mut self) -> Duration {
        self.chance.milliseconds(AWAY.0, AWAY.1)
    }

    fn count(&self, fault: &'static str) {
        self.shared.count(|counts| *counts.faults.entry(fault).or_default() += 1);
    }

    async fn harm_nodes(&mut self, nodes: &mut [OwnServer], brokers: &Brokers<'_>) -> io::Result<()> {
        while self.pause(BETWEEN_NODES).await {
            if nodes.iter().any(misses_something) {
                healing::heal(nodes, &brokers.lock().await, self.passages, self.shared).await?;
                continue;
            }
            let number = self.chance.below(NODES);
            let node = &mut nodes[number];
            if !node.is_running() {
                return Err(io::Error::other(format!("node {number} ended by itself")));
            }
            match self.chance.below(4) {
                0 => {
                    node.kill().await?;
                    self.count("node killed");
                    self.bring_back(node, number).await?;
                }
                1 => {
                    node.stop().await?;
                    self.count("node stopped");
                    self.bring_back(node, number).await?;
                }
                2 => {
                    self.count("node paused");
                    let hold_up = self.hold_up();
                    self.hold_up_node(node, number, hold_up).await?;
                }
                _ => {
                    self.count("node cut off");
                    self.passages.of_node(number).for_each(Passage::cut);
                    let hold_up = self.hold_up();
                    sleep(hold_up).await;
                    self.passages.of_node(number).for_each(Passage::mend);
                }
            }
        }
        Ok(())
    }

    async fn bring_back(&mut self, node: &mut OwnServer, number: usize) -> io::Result<()> {
        self.shared.route.is_away(number);
        let away = self.away();
        sleep(away).await;
        match start_again(node).await {
            Ok(address) => self.shared.route.is_at(number, address),
            Err(_) if misses_something(node) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn hold_up_node(
        &mut self,
        node: &mut OwnServer,
        number: usize,
        hold_up: Duration,
    ) -> io::Result<()> {
        node.pause(true)?;
        sleep(hold_up.min(HEALTH)).await;
        let is_long = hold_up > HEALTH;
        let address = is_long.then(|| self.shared.route.is_away(number)).flatten();
        sleep(hold_up.saturating_sub(HEALTH)).await;
        node.pause(false)?;
        if let Some(address) = address {
            self.shared.route.is_at(number, address);
        }
        Ok(())
    }

    async fn harm_brokers(&mut self, brokers: &Brokers<'_>) -> io::Result<()> {
        while self.pause(BETWEEN_BROKERS).await {
            let mut brokers = brokers.lock().await;
            for broker in brokers.iter_mut() {
                if !broker.is_running() {
                    return Err(io::Error::other(format!(
                        "the nats-server {} ended by itself",
                        broker.name()
                    )));
                }
            }
            let number = self.chance.below(BROKERS);
            if self.are_brokers_spared {
                self.slow_down(number).await;
            } else {
                self.harm_broker(&mut brokers, number).await?;
            }
        }
        Ok(())
    }

    /// Harms a server of the log, or in half of the cases the one that leads.
    async fn harm_broker(&mut self, brokers: &mut [OwnBroker], drawn: usize) -> io::Result<()> {
        let leader = brokers[drawn].leader_of(STREAM).await;
        let leads = |broker: &OwnBroker| leader.as_deref() == Some(broker.name());
        let number = match self.chance.once_in(2) {
            true => brokers.iter().position(leads).unwrap_or(drawn),
            false => drawn,
        };
        let is_leader = leads(&brokers[number]);
        match self.chance.below(5) {
            0 => {
                self.count(if is_leader { "leader killed" } else { "broker killed" });
                self.kill(brokers, &[number]).await
            }
            1 => {
                self.count("majority lost");
                self.kill(brokers, &[number, (number + 1) % BROKERS]).await
            }
            2 => {
                self.count(if is_leader { "leader paused" } else { "broker paused" });
                brokers[number].pause(true)?;
                let hold_up = self.hold_up();
                sleep(hold_up).await;
                brokers[number].pause(false)
            }
            3 => {
                self.count(if is_leader { "leader cut off" } else { "broker cut off" });
                self.passages.of_broker(number).for_each(Passage::cut);
                let hold_up = self.hold_up();
                sleep(hold_up).await;
                self.passages.of_broker(number).for_each(Passage::mend);
                Ok(())
            }
            _ => {
                self.slow_down(number).await;
                Ok(())
            }
        }
    }

    async fn slow_down(&mut self, number: usize) {
        self.count("broker slow");
        self.passages.of_broker(number).for_each(|passage| passage.take(SLOW));
        let hold_up = self.hold_up();
        sleep(hold_up).await;
        self.passages.of_broker(number).for_each(|passage| passage.take(Duration::ZERO));
    }

    /// Kills some at the same time, and starts them again.
    async fn kill(&mut self, brokers: &mut [OwnBroker], numbers: &[usize]) -> io::Result<()> {
        for number in numbers {
            brokers[*number].kill().await?;
        }
        let away = self.away();
        sleep(away).await;
        for number in numbers {
            brokers[*number].start().await?;
            self.passages.lead_to(*number, &brokers[*number]);
        }
        Ok(())
    }
}
