//! What the connections of one thread share: its core's fan-out, and who sits where.
//!
//! All connections of a worker live on its thread, one at work at a time, so a thread-local variable serves them without
//! a lock. It is never borrowed while code of the user's runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Waker;

use crate::connection::Connection;
use crate::fanout::{Fanout, Plan, Seat};
use crate::metrics::Metrics;

thread_local! {
    static LOCAL: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

/// As the loop of the thread and its tasks share it.
pub(crate) type Shared = Rc<RefCell<Local>>;

/// A thread's part of the server.
#[derive(Debug, Default)]
pub(crate) struct Local {
    pub(crate) fanout: Fanout,
    pub(crate) plan: Plan,
    pub(crate) seats: Seats,
}

/// Who sits where.
#[derive(Debug, Default)]
pub(crate) struct Seats(Vec<Sitter>);

/// How the connection in a seat is reached.
#[derive(Debug, Default)]
pub(crate) enum Sitter {
    #[default]
    Nobody,
    /// The loop drives it, under this key.
    Looped(u64),
    /// It has a stream that only its task can write to.
    Task(Waker),
}

impl Seats {
    pub(crate) fn take(&mut self, seat: Seat, sitter: Sitter) {
        let index = seat.index as usize;
        if self.0.len() <= index {
            self.0.resize_with(index + 1, Sitter::default);
        }
        self.0[index] = sitter;
    }

    pub(crate) fn get(&self, index: u32) -> &Sitter {
        self.0.get(index as usize).unwrap_or(&Sitter::Nobody)
    }
}

impl Local {
    pub(crate) fn shared(metrics: Metrics) -> Shared {
        Rc::new(RefCell::new(Local { fanout: Fanout::new(metrics), ..Local::default() }))
    }
}

/// Makes this thread a worker.
pub(crate) fn begin(local: &Shared) {
    LOCAL.set(Some(Rc::clone(local)));
}

/// Ends this thread's being a worker.
pub(crate) fn end() {
    LOCAL.take();
}

/// Wakes the tasks that have something to write, for as long as it is polled, where there is no loop that does so. It
/// ends never.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn sweep() {
    use crate::fanout::{Straight, Visit};
    use std::task::Poll;

    std::future::poll_fn(|cx| {
        let rests = with(|local| {
            let Local { fanout, seats, .. } = local;
            fanout.collect();
            while let Some(Visit::Turn(seat) | Visit::Straight(Straight { seat, .. })) = fanout.next() {
                fanout.woken(seat);
                if let Sitter::Task(waker) = seats.get(seat) {
                    waker.wake_by_ref();
                }
            }
            fanout.sleep(cx.waker())
        });
        if rests == Some(false) {
            cx.waker().wake_by_ref();
        }
        Poll::<()>::Pending
    })
    .await;
}

fn with<R>(work: impl FnOnce(&mut Local) -> R) -> Option<R> {
    LOCAL.with_borrow(|local| local.as_ref().map(|local| work(&mut local.borrow_mut())))
}

/// Gives a connection a seat; `None` on a thread that is no worker's.
pub(crate) fn enter(connection: &mut Connection) -> Option<Seat> {
    with(|local| {
        let seat = connection.enter(&mut local.fanout);
        local.seats.take(seat, Sitter::Nobody);
        seat
    })
}

/// Gives a seat back.
pub(crate) fn leave(seat: Seat) {
    with(|local| {
        local.fanout.leave(seat);
        local.seats.take(seat, Sitter::Nobody);
    });
}

/// Leaves a way to wake the task of a stream.
pub(crate) fn put_waker(seat: Seat, waker: &Waker) {
    with(|local| match &mut local.seats.0[seat.index as usize] {
        Sitter::Task(old) => old.clone_from(waker),
        sitter => *sitter = Sitter::Task(waker.clone()),
    });
}

/// Lends the fan-out of this thread, if it has one, to whoever writes a connection's output.
pub(crate) fn with_fanout<R>(work: impl FnOnce(Option<&mut Fanout>, &mut Plan) -> R) -> R {
    LOCAL.with_borrow(|local| match local {
        Some(local) => {
            let Local { fanout, plan, .. } = &mut *local.borrow_mut();
            work(Some(fanout), plan)
        }
        None => work(None, &mut Plan::default()),
    })
}

/// Whether this receiver is left to its task.
pub(crate) fn is_held(seat: Seat) -> bool {
    with(|local| local.fanout.is_held(seat.index)) == Some(true)
}
