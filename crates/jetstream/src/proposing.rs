//! Proposals on their way to the stream: many at a time, and nobody's words in another order.
//!
//! Of each author one is on its way at a time. A server that ends in the middle of many may take the later ones and lose
//! the earlier, which then come after them: nobody's own words are turned round by that if the next of them waits for
//! the first to be acknowledged.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, Sender, channel};

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::Context;
use async_nats::{HeaderMap, Subject};
use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use parlor_chat::{PersonId, Position, Trouble};
use tokio::select;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::arrivals::Arrivals;
use crate::connection::Connection;
use crate::gate::Gate;
use crate::publish::{Outgoing, Publishing};
use crate::space::Space;

/// A proposal, and when it is given up.
#[derive(Debug)]
pub(crate) struct Proposed {
    /// By which its author's node knows it.
    pub(crate) number: u64,
    pub(crate) by: PersonId,
    pub(crate) payload: Bytes,
    pub(crate) deadline: Instant,
}

/// What became of a proposal's way.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) number: u64,
    /// The place that it was given. With an error, it may have one all the same.
    pub(crate) result: Result<Position, Trouble>,
}

/// What publishes proposals.
pub(crate) struct Proposing {
    outgoing: UnboundedSender<Vec<Proposed>>,
    reports: Receiver<Report>,
    /// The connection at which the stream was looked at last. On any other nothing is published.
    looked_at: watch::Sender<Option<u64>>,
    task: JoinHandle<()>,
}

/// Where they go.
struct Route {
    context: Context,
    stream: String,
    subject: Subject,
    /// What the servers know them by, before their numbers.
    name: String,
    gate: Gate,
}

impl Proposing {
    pub(crate) fn start(connection: &Connection, space: &Space, name: &str, arrivals: &Arrivals) -> Self {
        let (outgoing, waiting) = unbounded_channel();
        let (report, reports) = channel();
        let (looked_at, looked) = watch::channel(None);
        let route = Route {
            context: connection.publishing.clone(),
            stream: space.stream(),
            subject: space.proposals().into(),
            name: name.to_owned(),
            gate: Gate { client: connection.client(), looked_at: looked, arrivals: arrivals.clone() },
        };
        let task = connection.runtime().spawn(async move { publish(&route, waiting, &report).await });
        Proposing { outgoing, reports, looked_at, task }
    }

    /// Publishes them, each author's in this order.
    pub(crate) fn propose(&self, proposed: Vec<Proposed>) {
        // The other end is there as long as this value.
        let _ = self.outgoing.send(proposed);
    }

    /// What became of the next of which that is known.
    pub(crate) fn report(&self) -> Option<Report> {
        self.reports.try_recv().ok()
    }

    /// The connection at which the stream was looked at last.
    pub(crate) fn looked_at(&self) -> Option<u64> {
        *self.looked_at.borrow()
    }

    /// Publishes on this connection from now on, because the stream was found as it should be.
    pub(crate) fn look(&self, at: Option<u64>) {
        self.looked_at.send_replace(at);
    }
}

impl Drop for Proposing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn publish(route: &Route, mut waiting: UnboundedReceiver<Vec<Proposed>>, reports: &Sender<Report>) {
    let mut under_way = FuturesUnordered::new();
    // Of who has one under way, what comes after that.
    let mut later: HashMap<PersonId, VecDeque<Proposed>> = HashMap::new();
    loop {
        select! {
            some = waiting.recv() => {
                let Some(some) = some else { return };
                for proposed in some {
                    if let Some(later) = later.get_mut(&proposed.by) {
                        later.push_back(proposed);
                    } else {
                        later.insert(proposed.by, VecDeque::new());
                        under_way.push(route.publish(proposed));
                    }
                }
            }
            Some((by, report)) = under_way.next() => {
                let mut ended = Some((by, report));
                while let Some((by, report)) = ended {
                    if let Some(next) = route.end(by, report, &mut later, reports) {
                        under_way.push(route.publish(next));
                    }
                    ended = under_way.next().now_or_never().flatten();
                }
            }
        }
    }
}

impl Route {
    async fn publish(&self, proposed: Proposed) -> (PersonId, Report) {
        let Proposed { number, by, payload, deadline } = proposed;
        let message = Outgoing { id: id(&self.name, number), payload, after: None };
        let publishing = Publishing {
            context: &self.context,
            stream: &self.stream,
            subject: self.subject.clone(),
            gate: Some(&self.gate),
        };
        let result = publishing.until_acknowledged(&message, deadline).await;
        (by, Report { number, result })
    }

    /// Reports, and returns what comes next of this author. If one fails, what its author said after it does, too.
    fn end(
        &self,
        by: PersonId,
        report: Report,
        later: &mut HashMap<PersonId, VecDeque<Proposed>>,
        reports: &Sender<Report>,
    ) -> Option<Proposed> {
        let failed = report.result.clone().err();
        // Nobody listens any more if that does not work.
        let _ = reports.send(report);
        if let Some(trouble) = failed {
            for Proposed { number, .. } in later.remove(&by).unwrap_or_default() {
                let _ = reports.send(Report { number, result: Err(trouble.clone()) });
            }
            self.gate.arrivals.tell();
            return None;
        }
        let next = later.get_mut(&by).and_then(VecDeque::pop_front);
        if next.is_none() {
            later.remove(&by);
        }
        next
    }
}

/// What the servers know a proposal by.
fn id(name: &str, number: u64) -> String {
    format!("{name}-{number}")
}

/// The number of a message's proposal, if it was published under this name.
pub(crate) fn own(name: &str, headers: Option<&HeaderMap>) -> Option<u64> {
    number(name, headers?.get(NATS_MESSAGE_ID)?.as_str())
}

fn number(name: &str, id: &str) -> Option<u64> {
    id.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_known_again_by_its_own_node_alone() {
        assert_eq!(number("ab", &id("ab", 17)), Some(17));
        for other in ["ab", "ab-", "ab-x", "abc-17", "b-17", "17", ""] {
            assert_eq!(number("ab", other), None, "{other}");
        }
    }
}
