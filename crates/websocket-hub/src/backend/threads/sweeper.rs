//! The thread that brings the receivers of a group up to date.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::thread::{Builder, JoinHandle};

use super::alarm::Alarm;
use super::group::Group;
use crate::metrics::Metrics;

#[derive(Debug)]
pub(super) struct Sweeper {
    pub(super) group: Arc<Group>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    alarm: Arc<Alarm>,
    ends: AtomicBool,
}

impl Sweeper {
    /// Starts the thread of group number `number`. It ends when this is dropped.
    pub(super) fn start(number: usize, metrics: &Metrics) -> io::Result<(Sweeper, JoinHandle<()>)> {
        let shared = Arc::new(Shared { alarm: Alarm::new()?, ends: AtomicBool::new(false) });
        let sweeper = Sweeper { group: Group::new(metrics.clone()), shared: Arc::clone(&shared) };
        let group = Arc::clone(&sweeper.group);
        let thread = Builder::new().name(format!("websocket-hub-sweep-{number}"));
        let thread = thread.spawn(move || sweep(&group, &shared))?;
        Ok((sweeper, thread))
    }
}

fn sweep(group: &Group, shared: &Shared) {
    let (alarm, waker) = (&shared.alarm, Waker::from(Arc::clone(&shared.alarm)));
    while !shared.ends.load(Ordering::Acquire) {
        if group.slice() {
            group.give_way();
        } else if let Ok(until) = group.sleep(&waker) {
            alarm.sleep(&mut [alarm.fd()], until);
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Release);
        self.shared.alarm.ring();
    }
}
