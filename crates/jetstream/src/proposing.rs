//! Proposals on their way to the stream: several messages at a time, and in each whatever waited when it went out.

use std::sync::mpsc::{Receiver, Sender, channel};

use async_nats::jetstream::Context;
use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use parlor_chat::{PersonId, Trouble};
use tokio::select;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::arrivals::Arrivals;
use crate::connection::Connection;
use crate::gate::Gate;
use crate::layout::StreamSequence;
use crate::message;
use crate::publish::{Outgoing, Publishing};
use crate::queue::{Proposed, Queue};
use crate::space::Space;

/// Messages that are on their way at a time. What comes meanwhile waits for one of them, and goes out together.
const UNDER_WAY: usize = 2;

/// What became of proposals' way.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) numbers: Vec<u64>,
    /// The message that they stand in. With an error, they may stand in one all the same.
    pub(crate) result: Result<StreamSequence, Trouble>,
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
    space: Space,
    stream: String,
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
            space: space.clone(),
            stream: space.stream(),
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
    let mut queue = Queue::default();
    let mut under_way = FuturesUnordered::new();
    loop {
        while under_way.len() < UNDER_WAY
            && let Some(batch) = queue.next()
        {
            under_way.push(route.publish(batch));
        }
        select! {
            some = waiting.recv() => {
                let Some(some) = some else { return };
                some.into_iter().for_each(|proposed| queue.push(proposed));
                while let Ok(more) = waiting.try_recv() {
                    more.into_iter().for_each(|proposed| queue.push(proposed));
                }
            }
            Some(ended) = under_way.next() => {
                let mut next = Some(ended);
                while let Some((people, report)) = next {
                    route.end(&people, report, &mut queue, reports);
                    next = under_way.next().now_or_never().flatten();
                }
            }
        }
    }
}

impl Route {
    async fn publish(&self, batch: Vec<Proposed>) -> (Vec<PersonId>, Report) {
        let numbers: Vec<u64> = batch.iter().map(|proposed| proposed.number).collect();
        let mut people: Vec<PersonId> = batch.iter().map(|proposed| proposed.by).collect();
        people.sort_unstable();
        people.dedup();
        // Nobody waits longer than they were told.
        let deadline = batch.iter().map(|proposed| proposed.deadline).min().unwrap_or_else(Instant::now);
        let proposals: Vec<(u64, Bytes)> =
            batch.into_iter().map(|proposed| (proposed.number, proposed.payload)).collect();
        let (subject, payload) = message::of_proposals(&self.space, &proposals);
        let id = message::id(&self.name, numbers.first().copied().unwrap_or_default());
        let message = Outgoing { id, subject: subject.into(), payload, after: None };
        let publishing = Publishing { context: &self.context, stream: &self.stream, gate: Some(&self.gate) };
        let result = publishing.until_acknowledged(&message, deadline).await;
        (people, Report { numbers, result })
    }

    /// Reports. If something fails, what its authors said after it does, too.
    fn end(&self, people: &[PersonId], report: Report, queue: &mut Queue, reports: &Sender<Report>) {
        let failed = report.result.clone().err();
        // Nobody listens any more if that does not work.
        let _ = reports.send(report);
        let Some(trouble) = failed else { return queue.acknowledged(people) };
        let numbers = queue.failed(people);
        if !numbers.is_empty() {
            let _ = reports.send(Report { numbers, result: Err(trouble) });
        }
        self.gate.arrivals.tell();
    }
}
