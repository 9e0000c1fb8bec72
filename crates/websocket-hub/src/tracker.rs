//! What a server has running: its tasks, counted until they are gone, and its connections, to say goodbye to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::drain::Drain;
use crate::leaving::Leaving;
use crate::metrics::Metrics;
use crate::websocket::WebSocket;

/// Shared by a server's threads and by every request that it handles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracker(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    is_stopping: AtomicBool,
    tasks: AtomicUsize,
    cut_off: AtomicUsize,
    ended: Notify,
    given_up: watch::Sender<bool>,
    metrics: Metrics,
    connections: Mutex<Connections>,
    leaving: Arc<Leaving>,
}

#[derive(Debug, Default)]
struct Connections {
    open: HashMap<u64, WebSocket>,
    /// How goodbye is said from now on, and how many were told.
    stopping: Option<(Drain, usize)>,
}

impl Tracker {
    /// What is counted of the connections.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Counts a task until the guard is dropped.
    pub(crate) fn task(&self) -> TaskGuard {
        self.0.tasks.fetch_add(1, Ordering::Relaxed);
        TaskGuard(self.clone())
    }

    /// Counts a connection, too; one that comes while the server stops is told goodbye at once.
    pub(crate) fn connection(&self, ws: &WebSocket) -> ConnectionGuard {
        let mut connections = self.lock();
        connections.open.insert(ws.id(), ws.clone());
        if let Some((drain, told)) = &mut connections.stopping {
            drain.say_goodbye(ws, *told);
            *told += 1;
        }
        ConnectionGuard { id: ws.id(), task: self.task() }
    }

    /// Where connections pause and leave.
    pub(crate) fn leaving(&self) -> &Arc<Leaving> {
        &self.0.leaving
    }

    /// The connections that are there.
    pub(crate) fn open(&self) -> Vec<WebSocket> {
        self.lock().open.values().cloned().collect()
    }

    /// Whether a connection is there.
    pub(crate) fn is_open(&self, id: u64) -> bool {
        self.lock().open.contains_key(&id)
    }

    /// Connections that come from now on are told goodbye at once; those that are there and have not paused, as the
    /// caller goes through them.
    pub(crate) fn stop(&self, drain: Drain) -> Goodbyes {
        self.0.is_stopping.store(true, Ordering::Release);
        let paused = self.0.leaving.paused();
        let mut connections = self.lock();
        let open = connections.open.values().filter(|ws| !paused.contains(&ws.id()));
        let open: Vec<WebSocket> = open.cloned().collect();
        connections.stopping = Some((drain.clone(), open.len()));
        Goodbyes { drain, open, told: 0 }
    }

    /// Whether the server stops. True before its listeners close, whatever each worker has heard of it.
    pub(crate) fn is_stopping(&self) -> bool {
        self.0.is_stopping.load(Ordering::Acquire)
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.lock().open.len()
    }

    /// How many tasks there are.
    pub(crate) fn tasks(&self) -> usize {
        self.0.tasks.load(Ordering::Acquire)
    }

    /// Gives up on the tasks that are left. Each worker says so before it drops its own, so the first one knows
    /// them all.
    pub(crate) fn give_up(&self) {
        self.0.cut_off.fetch_max(self.tasks(), Ordering::AcqRel);
        self.0.given_up.send_replace(true);
    }

    /// Waits until the tasks that are left are given up, for those that nobody else ends.
    pub(crate) async fn given_up(&self) {
        // It cannot fail: the sender is borrowed.
        let _ = self.0.given_up.subscribe().wait_for(|given_up| *given_up).await;
    }

    /// How many tasks were given up.
    pub(crate) fn cut_off(&self) -> usize {
        self.0.cut_off.load(Ordering::Acquire)
    }

    /// Waits until no task is left.
    pub(crate) async fn idle(&self) {
        loop {
            let ended = self.0.ended.notified();
            tokio::pin!(ended);
            // From here on no end is missed.
            ended.as_mut().enable();
            if self.tasks() == 0 {
                return;
            }
            ended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.0.connections.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The connections of a server that stops, to be told goodbye batch by batch.
#[derive(Debug)]
pub(crate) struct Goodbyes {
    drain: Drain,
    open: Vec<WebSocket>,
    told: usize,
}

impl Goodbyes {
    /// Tells the next batch, and says how long to rest then, when stopping may take no longer than `limit`. `None`
    /// once everybody was told.
    pub(crate) fn next_batch(&mut self, limit: Duration) -> Option<Duration> {
        let (batch, pause) = self.drain.pace(self.open.len(), limit);
        let rest = &self.open[self.told..];
        for (place, ws) in (self.told..).zip(rest.iter().take(batch)) {
            self.drain.say_goodbye(ws, place);
        }
        self.told += rest.len().min(batch);
        (self.told < self.open.len()).then_some(pause)
    }

    /// Tells everybody at once.
    pub(crate) fn all(mut self) {
        while self.next_batch(Duration::ZERO).is_some() {}
    }
}

#[derive(Debug)]
pub(crate) struct TaskGuard(Tracker);

impl Drop for TaskGuard {
    fn drop(&mut self) {
        if self.0.0.tasks.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.0.ended.notify_waiters();
        }
    }
}

#[derive(Debug)]
pub(crate) struct ConnectionGuard {
    id: u64,
    task: TaskGuard,
}

impl ConnectionGuard {
    /// What is counted of the connections of its server.
    pub(crate) fn metrics(&self) -> &Metrics {
        self.task.0.metrics()
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.task.0.lock().open.remove(&self.id);
    }
}
