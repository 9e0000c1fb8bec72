//! What a loop has done for it by the kernel, and what comes of it.

use std::io::{self, IoSlice};
use std::ops::DerefMut;
use std::os::fd::{BorrowedFd, OwnedFd};

/// One socket and what to write to it.
#[derive(Clone, Copy, Debug)]
pub(in crate::backend) struct Send<'a> {
    pub(in crate::backend) socket: BorrowedFd<'a>,
    /// At most 1,024.
    pub(in crate::backend) pieces: &'a [IoSlice<'a>],
}

/// What something that was begun has come to.
#[derive(Debug)]
pub(in crate::backend) struct Completion<Buffer> {
    /// The number under which it was begun.
    pub(in crate::backend) token: u64,
    pub(in crate::backend) outcome: Outcome<Buffer>,
    /// It goes on and will complete again.
    pub(in crate::backend) more: bool,
}

#[derive(Debug)]
pub(in crate::backend) enum Outcome<Buffer> {
    Accepted(io::Result<OwnedFd>),
    /// `None` at the end of the input.
    Received(io::Result<Option<Buffer>>),
    /// Or broken, which the next write finds out.
    Writable,
}

/// Carries out I/O. What it begins is named by a token below 2^61, whose lower half no two have at a time.
pub(in crate::backend) trait Engine {
    /// Octets that were received.
    type Buffer: DerefMut<Target = [u8]>;

    /// Whether sockets have to be non-blocking, or must not be.
    const NONBLOCKING: bool;

    /// Accepts connections until it fails or is cancelled.
    fn accept(&mut self, listener: BorrowedFd<'_>, token: u64);

    /// Ends what [`accept`](Engine::accept) began. It may complete a few times before.
    fn cancel_accept(&mut self, listener: OwnedFd, token: u64);

    /// Receives until the input ends, it fails or is cancelled, or there is no memory for now (`ENOBUFS`).
    fn receive(&mut self, socket: BorrowedFd<'_>, token: u64);

    /// Ends what [`receive`](Engine::receive) began. It may complete a few times before.
    fn cancel_receive(&mut self, token: u64);

    /// Completes once: when the socket, which took less than it was to take, takes octets again, or is broken.
    fn await_room(&mut self, socket: BorrowedFd<'_>, token: u64);

    /// Ends what [`await_room`](Engine::await_room) began.
    fn cancel_await_room(&mut self, token: u64);

    /// Closes a socket. What still runs on it was cancelled before.
    fn close(&mut self, socket: OwnedFd, token: u64);

    /// Knows nothing any more of a socket that is driven elsewhere from here on.
    fn release(&mut self, socket: BorrowedFd<'_>, token: u64);

    /// Writes to many sockets, as much as each takes now, and puts into `written`, in the same order, how much that
    /// was; `WouldBlock` is nothing.
    fn send(&mut self, sends: &[Send<'_>], written: &mut Vec<io::Result<usize>>);

    /// How many completions to look at before something else is done.
    fn completed(&self) -> usize;

    /// The next of what has completed; `find` knows the socket of a token.
    fn next<'a>(&mut self, find: impl Fn(u64) -> Option<BorrowedFd<'a>>) -> Option<Completion<Self::Buffer>>;
}
