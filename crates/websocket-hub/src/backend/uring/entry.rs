//! What a ring is asked to do, and what comes of it. No entry made here points to memory: [`Ring`](super::ring::Ring)
//! relies on it.

use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};

use io_uring::types::Fd;
use io_uring::{opcode, squeue};

use super::pool::{Buffer, GROUP};
use crate::backend::reactor::engine;

/// What an entry is: the topmost bits of its user data. The token is below.
pub(super) const KIND: u64 = 7 << 61;
pub(super) const ACCEPT: u64 = 1 << 61;
pub(super) const RECEIVE: u64 = 2 << 61;
pub(super) const POLL: u64 = 3 << 61;
pub(super) const SEND: u64 = 4 << 61;
/// Nobody waits for its completion.
const UNHEARD: u64 = 5 << 61;

/// What a kernel has to know.
pub(super) const CODES: [u8; 7] = [
    opcode::AcceptMulti::CODE,
    opcode::AsyncCancel::CODE,
    opcode::Close::CODE,
    opcode::PollAdd::CODE,
    opcode::RecvMulti::CODE,
    opcode::Send::CODE,
    opcode::SendMsg::CODE,
];

/// Something to begin. The token, below 2^61, comes back with each of its completions.
///
/// An entry names a descriptor by its number: it has to be open until it is submitted. [`Entry::close`] keeps to
/// that, since it comes behind the others.
#[derive(Debug)]
pub(super) struct Entry(pub(super) squeue::Entry);

impl Entry {
    /// Accepts connections until it fails or is cancelled.
    pub(super) fn accept(listener: BorrowedFd<'_>, token: u64) -> Entry {
        let accept = opcode::AcceptMulti::new(Fd(listener.as_raw_fd())).flags(libc::SOCK_CLOEXEC);
        Entry::new(accept.build(), ACCEPT, token)
    }

    /// Receives until the input ends, it fails, is cancelled, or no buffer is left (`ENOBUFS`).
    pub(super) fn receive(socket: BorrowedFd<'_>, token: u64) -> Entry {
        Entry::new(opcode::RecvMulti::new(Fd(socket.as_raw_fd()), GROUP).build(), RECEIVE, token)
    }

    /// Completes once: when the socket takes octets again, or is broken.
    pub(super) fn poll_writable(socket: BorrowedFd<'_>, token: u64) -> Entry {
        let poll = opcode::PollAdd::new(Fd(socket.as_raw_fd()), libc::POLLOUT.cast_unsigned().into());
        Entry::new(poll.build(), POLL, token)
    }

    /// Ends what [`accept`](Entry::accept) began. It may complete a few times before.
    pub(super) fn cancel_accept(token: u64) -> Entry {
        Entry::new(opcode::AsyncCancel::new(ACCEPT | token).build(), UNHEARD, 0)
    }

    /// Ends what [`receive`](Entry::receive) began. It may complete a few times before.
    pub(super) fn cancel_receive(token: u64) -> Entry {
        Entry::new(opcode::AsyncCancel::new(RECEIVE | token).build(), UNHEARD, 0)
    }

    /// Ends what [`poll_writable`](Entry::poll_writable) began.
    pub(super) fn cancel_poll(token: u64) -> Entry {
        Entry::new(opcode::AsyncCancel::new(POLL | token).build(), UNHEARD, 0)
    }

    /// Closes a descriptor. What still runs on it has to be cancelled before: it would keep the connection open.
    pub(super) fn close(descriptor: OwnedFd) -> Entry {
        Entry::new(opcode::Close::new(Fd(descriptor.into_raw_fd())).build(), UNHEARD, 0)
    }

    fn new(entry: squeue::Entry, kind: u64, token: u64) -> Entry {
        assert!(token & KIND == 0, "the topmost bits of a token are not the caller's");
        Entry(entry.user_data(kind | token))
    }
}

/// What an entry has come to.
pub(super) type Completion = engine::Completion<Buffer>;
pub(super) type Outcome = engine::Outcome<Buffer>;
