//! Threads, runtimes and listeners, and the loop of each thread.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::negotiate;
use super::poller::Poller;
use crate::backend::Start;
use crate::backend::reactor::wake::Inbox;
use crate::backend::reactor::{Outside, Rest, Stranger, Worker};
use crate::deadline::Deadline;
use crate::resumption::Resumption;
use crate::worker;

/// How often the loop goes round before tasks have their turn. They have it each time where they carry connections.
const ROUNDS: usize = 8;

/// Starts the workers. The first accepts, too, and hands connections out in turn, so that they spread evenly.
pub(crate) fn start(mut start: Start, resumptions: Vec<Resumption>) -> io::Result<Vec<JoinHandle<()>>> {
    let mut listeners = Vec::new();
    for listener in start.listeners.iter() {
        let listener = listener.try_clone()?;
        listener.set_nonblocking()?;
        listeners.push(listener);
    }
    // A port is listened on while anybody holds its listener: from here on that is the one who accepts.
    start.listeners = Arc::default();
    let inboxes: Vec<Arc<Inbox>> = (0..start.workers).map(|_| Arc::default()).collect();
    for (resumption, inbox) in resumptions.into_iter().zip(inboxes.iter().cycle()) {
        inbox.resume(resumption);
    }
    let mut seats = Vec::new();
    for inbox in &inboxes {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let epoll = Poller::epoll()?;
        seats.push((runtime, epoll.try_clone()?, epoll, Arc::clone(inbox)));
    }
    let mut threads = Vec::new();
    for (index, (runtime, heard, epoll, inbox)) in seats.into_iter().enumerate() {
        let (start, inboxes) = (start.clone(), inboxes.clone());
        let listeners = std::mem::take(&mut listeners);
        let thread = std::thread::Builder::new().name(format!("websocket-hub-{index}"));
        threads.push(thread.spawn(move || {
            let outside = outside(start.clone());
            let rounds = if start.tls.is_some() { 1 } else { ROUNDS };
            let poller = Poller::new(epoll);
            let worker = Worker::new(poller, start, Arc::clone(&inbox), inboxes, listeners);
            work(runtime, worker.with_outside(outside), inbox, heard, rounds);
        })?);
    }
    Ok(threads)
}

/// Connections that are tasks.
fn outside(start: Start) -> Outside {
    Box::new(move |stranger| {
        let Stranger { socket, source, early } = stranger;
        let Ok(stream) = TcpStream::from_std(socket) else { return };
        let (guard, start) = (start.tracker.task(), start.clone());
        tokio::spawn(async move {
            let opened = Box::pin(negotiate::serve(stream, early, source, &start)).await;
            // A WebSocket counts by itself and needs nothing of this any more.
            drop((guard, start));
            if let Some(opened) = opened {
                opened.await;
            }
        });
    })
}

/// Serves until the server has stopped.
///
/// # Panics
///
/// When the kernel lets epoll down, after which nothing can be served.
fn work(runtime: Runtime, mut worker: Worker<Poller>, inbox: Arc<Inbox>, epoll: OwnedFd, rounds: usize) {
    worker::begin(worker.local());
    runtime.block_on(async {
        #[expect(
            deprecated,
            reason = "its successor is unsafe, which this is not: an OwnedFd stays what it is"
        )]
        let epoll = AsyncFd::with_interest(epoll, Interest::READABLE).expect("epoll can be waited for");
        worker.begin();
        let mut driver = Driver { worker, inbox, epoll, deadline: Deadline::default(), rounds };
        std::future::poll_fn(|cx| driver.poll(cx)).await;
    });
    // What is left has had its time. Dropping it tells the handlers.
    runtime.shutdown_background();
    worker::end();
}

/// A loop as a future.
struct Driver {
    worker: Worker<Poller>,
    inbox: Arc<Inbox>,
    /// Readable when something has become ready.
    epoll: AsyncFd<OwnedFd>,
    deadline: Deadline,
    rounds: usize,
}

impl Driver {
    /// Goes round a few times, or until there is nothing to do. Ready when the server has stopped.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inbox.set_bell(cx.waker());
        for _ in 0..self.rounds {
            let rest = self.worker.step();
            if rest == Rest::Over {
                return Poll::Ready(());
            }
            let is_ready = self.worker.engine.look().expect("epoll that worked goes on working");
            match rest {
                Rest::Until(time) if !is_ready => {
                    let deadline = time.map(|time| Instant::now() + time);
                    if !self.deadline.has_passed(cx, deadline) {
                        // The next time it is known whether there was more.
                        ready!(self.epoll.poll_read_ready(cx)).expect("the runtime lives").clear_ready();
                    }
                }
                _ => self.worker.complete_all(),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
