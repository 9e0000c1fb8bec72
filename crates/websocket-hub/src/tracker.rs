//! What a server has running: its tasks, counted until they are gone, and its connections, to say goodbye to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;
use websocket_driver::CloseCode;

use crate::websocket::WebSocket;

/// Shared by a server's threads and by every request that it handles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracker(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    tasks: AtomicUsize,
    cut_off: AtomicUsize,
    ended: Notify,
    connections: Mutex<Connections>,
}

#[derive(Debug, Default)]
struct Connections {
    open: HashMap<u64, WebSocket>,
    stopping: bool,
}

impl Tracker {
    /// Counts a task until the guard is dropped.
    pub(crate) fn task(&self) -> TaskGuard {
        self.0.tasks.fetch_add(1, Ordering::Relaxed);
        TaskGuard(self.clone())
    }

    /// Counts a connection, too; one that comes while the server stops is told goodbye at once.
    pub(crate) fn connection(&self, ws: &WebSocket) -> ConnectionGuard {
        let mut connections = self.lock();
        connections.open.insert(ws.id(), ws.clone());
        if connections.stopping {
            say_goodbye(ws);
        }
        ConnectionGuard { id: ws.id(), task: self.task() }
    }

    /// Says goodbye to every connection, now and from now on.
    pub(crate) fn stop(&self) {
        let mut connections = self.lock();
        connections.stopping = true;
        connections.open.values().for_each(say_goodbye);
    }

    /// How many tasks there are.
    pub(crate) fn tasks(&self) -> usize {
        self.0.tasks.load(Ordering::Acquire)
    }

    /// Gives up on the tasks that are left. Each worker says so before it drops its own, so the first one knows
    /// them all.
    pub(crate) fn give_up(&self) {
        self.0.cut_off.fetch_max(self.tasks(), Ordering::AcqRel);
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

fn say_goodbye(ws: &WebSocket) {
    // A connection that is closing already needs no other goodbye.
    let _ = ws.close(CloseCode::GOING_AWAY, "the server is going away");
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

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.task.0.lock().open.remove(&self.id);
    }
}
