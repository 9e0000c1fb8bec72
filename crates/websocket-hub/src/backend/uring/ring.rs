//! io_uring behind an interface that cannot be misused: the one module of this crate with unsafe code.
//!
//! The kernel works on memory that it was told of, whenever it likes. Two kinds of it are given away:
//!
//! 1. *The octets of a [`send`](Ring::send)* are borrowed. The call returns when each of its entries has its
//!    completion, so the borrow outlives the kernel's use, whatever the kernel does. It does not wait, either: a
//!    send with `MSG_DONTWAIT` is carried out while it is submitted and never kept for later.
//! 2. *Buffers to receive into* belong to the kernel from when they are offered until a completion names them.
//!    From then on a [`Buffer`](super::pool::Buffer) owns them; dropping it, which can happen once, offers them
//!    again. Their memory goes back to the allocator after the kernel was made to forget it, or never.
//!
//! Every other [`Entry`] names descriptors and points nowhere.

#![allow(unsafe_code, reason = "what is shared with the kernel is beyond the borrow checker; see above")]

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use io_uring::types::{CancelBuilder, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, Probe, cqueue, opcode, squeue};

use super::entry::{self, ACCEPT, Completion, Entry, KIND, Outcome, POLL, RECEIVE, SEND};
use super::pool::{GROUP, Pool};
use crate::backend::reactor::engine::Send;

/// Entries that can wait to be submitted; when there are more, they are submitted.
const QUEUE_LEN: u32 = 512;
/// Completions that can wait to be looked at; beyond it the kernel keeps them in a list of its own.
const COMPLETIONS_LEN: u32 = 4096;
/// Sends that one system call carries out.
const BATCH: usize = 256;

/// An io_uring of one thread.
pub(super) struct Ring {
    io: IoUring,
    pool: Rc<Pool>,
    /// Completed and not looked at.
    completed: VecDeque<Completion>,
    /// How many listeners the kernel accepts from: it holds each of them until it says that it has stopped.
    accepting: usize,
    /// What the entries of a batch are made of; empty in between.
    entries: Vec<squeue::Entry>,
    headers: Vec<libc::msghdr>,
}

impl Ring {
    /// A ring with `count` buffers of `len` octets each to receive into; `count` is a power of two.
    pub(super) fn new(count: u16, len: usize) -> io::Result<Ring> {
        let io = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_coop_taskrun()
            .setup_taskrun_flag()
            .setup_submit_all()
            .setup_cqsize(COMPLETIONS_LEN)
            .build(QUEUE_LEN)?;
        let mut probe = Probe::new();
        io.submitter().register_probe(&mut probe)?;
        if !entry::CODES.iter().all(|code| probe.is_supported(*code)) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let pool = Rc::new(Pool::new(count, len));
        let address = pool.slots.address();
        // SAFETY: at the address are `count` slots that begin at a page, and do not move. `Drop` has the kernel
        // forget them and the buffers in them before they are freed.
        unsafe { io.submitter().register_buf_ring_with_flags(address, count, GROUP, 0) }?;
        let headers = Vec::with_capacity(BATCH);
        Ok(Ring {
            io,
            pool,
            completed: VecDeque::new(),
            accepting: 0,
            entries: Vec::with_capacity(BATCH),
            headers,
        })
    }

    /// Accepts connections until it fails or is cancelled.
    pub(super) fn accept(&mut self, listener: BorrowedFd<'_>, token: u64) {
        self.push(Entry::accept(listener, token));
        self.accepting += 1;
    }

    /// Has something begun, at the next system call.
    pub(super) fn push(&mut self, entry: Entry) {
        self.make_room(1);
        // SAFETY: an `Entry` points nowhere, and its descriptor is checked by the kernel.
        unsafe { self.io.submission().push(&entry.0) }.expect("there is room for one");
    }

    /// Writes to many sockets at once, as much as each takes now, and puts into `written`, in the same order, how
    /// much that was; `WouldBlock` is nothing.
    pub(super) fn send(&mut self, sends: &[Send<'_>], written: &mut Vec<io::Result<usize>>) {
        written.clear();
        for batch in sends.chunks(BATCH) {
            self.headers.clear();
            self.entries.clear();
            for send in batch {
                let entry = self.send_entry(send).user_data(SEND | written.len() as u64);
                self.entries.push(entry);
                written.push(Err(io::ErrorKind::WouldBlock.into()));
            }
            self.make_room(batch.len());
            // SAFETY: the entries point to what `sends` borrows, and to `self.headers`, which has room for a batch
            // and so did not move. Both stay as they are until `complete_sends` has seen each entry completed. If
            // there is no room, none of them is pushed.
            unsafe { self.io.submission().push_multiple(&self.entries) }.expect("there is room for a batch");
            self.complete_sends(batch.len(), written);
        }
    }

    fn send_entry(&mut self, send: &Send<'_>) -> squeue::Entry {
        const FLAGS: i32 = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        let socket = Fd(send.socket.as_raw_fd());
        if let [piece] = send.pieces {
            let len = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            return opcode::Send::new(socket, piece.as_ptr(), len).flags(FLAGS).build();
        }
        // SAFETY: all zeros is a header without address, pieces and control data.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        // An `IoSlice` has the layout of an `iovec`, and the kernel only reads it.
        header.msg_iov = send.pieces.as_ptr().cast::<libc::iovec>().cast_mut();
        header.msg_iovlen = send.pieces.len();
        self.headers.push(header);
        let header = self.headers.last().expect("it was just pushed");
        opcode::SendMsg::new(socket, header).flags(FLAGS.cast_unsigned()).build()
    }

    /// Submits, and comes back when `missing` sends are complete: not before, and by no panic.
    fn complete_sends(&mut self, mut missing: usize, written: &mut [io::Result<usize>]) {
        let if_incomplete = AbortOnDrop;
        while missing > 0 {
            if self.io.submit_and_wait(missing).is_err_and(|error| !is_transient(&error)) {
                return;
            }
            self.reap(|index, result| {
                missing -= 1;
                written[index] = result;
            });
        }
        std::mem::forget(if_incomplete);
    }

    /// Submits what waits, and waits until something is complete or the time has passed; `None` is for ever.
    pub(super) fn wait(&mut self, time: Option<Duration>) -> io::Result<()> {
        self.reap(|_, _| {});
        let entered = if !self.completed.is_empty() || time == Some(Duration::ZERO) {
            let queue = self.io.submission();
            if queue.is_empty() && !queue.taskrun() && !queue.cq_overflow() {
                return Ok(());
            }
            drop(queue);
            self.io.submit()
        } else if let Some(time) = time {
            let time = Timespec::from(time);
            self.io.submitter().submit_with_args(1, &SubmitArgs::new().timespec(&time))
        } else {
            self.io.submit_and_wait(1)
        };
        self.reap(|_, _| {});
        match entered {
            Err(error) if error.raw_os_error() != Some(libc::ETIME) && !is_transient(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// How much has completed and was not looked at.
    pub(super) fn completed(&self) -> usize {
        self.completed.len()
    }

    /// The next of what has completed.
    pub(super) fn next(&mut self) -> Option<Completion> {
        self.completed.pop_front()
    }

    fn make_room(&mut self, count: usize) {
        loop {
            let queue = self.io.submission();
            if queue.capacity() - queue.len() >= count {
                return;
            }
            drop(queue);
            // The kernel may be short of memory for a moment; what is wrong for good `wait` will tell.
            let _ = self.io.submit();
            self.reap(|_, _| {});
        }
    }

    /// Takes what has completed, and tells how sends went.
    fn reap(&mut self, mut sent: impl FnMut(usize, io::Result<usize>)) {
        for entry in self.io.completion() {
            let (kind, token) = (entry.user_data() & KIND, entry.user_data() & !KIND);
            let result = usize::try_from(entry.result())
                .map_err(|_| io::Error::from_raw_os_error(entry.result().wrapping_neg()));
            let more = cqueue::more(entry.flags());
            let outcome = match kind {
                SEND => {
                    sent(usize::try_from(token).expect("it was an index"), result);
                    continue;
                }
                ACCEPT => {
                    self.accepting -= usize::from(!more);
                    Outcome::Accepted(result.map(|_| {
                        // SAFETY: the kernel has made this descriptor for this completion alone.
                        unsafe { OwnedFd::from_raw_fd(entry.result()) }
                    }))
                }
                RECEIVE => {
                    let len = *result.as_ref().unwrap_or(&0);
                    let id = cqueue::buffer_select(entry.flags());
                    let buffer = id.map(|id| self.pool.take(id, len)).filter(|buffer| !buffer.is_empty());
                    Outcome::Received(result.map(|_| buffer))
                }
                POLL => Outcome::Writable,
                _ => continue,
            };
            self.completed.push_back(Completion { token, outcome, more });
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // What is to be closed is closed now, and what still runs ends here instead of some time later.
        let _ = self.io.submit();
        let second = Timespec::new().sec(1);
        let _ = self.io.submitter().register_sync_cancel(Some(second), CancelBuilder::any());
        // A cancelled accept lets go of its listener with its last completion. Until then the address is taken, and
        // whoever connects waits for an answer that nobody gives.
        while self.accepting > 0 {
            let waited = self.io.submitter().submit_with_args(1, &SubmitArgs::new().timespec(&second));
            if waited.is_err_and(|error| !is_transient(&error)) {
                break;
            }
            self.reap(|_, _| {});
        }
        if self.io.submitter().unregister_buf_ring(GROUP).is_err() {
            // The kernel knows the memory still: nobody else may ever have it.
            std::mem::forget(Rc::clone(&self.pool));
        }
    }
}

/// For what cannot be left half done: the kernel might read what the caller would free.
struct AbortOnDrop;

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        std::process::abort();
    }
}

/// Whether the same call can succeed a moment later.
fn is_transient(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY))
}

#[cfg(test)]
mod tests;
