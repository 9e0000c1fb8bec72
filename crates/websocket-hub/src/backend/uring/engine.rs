//! The loop's I/O by a ring.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use super::entry::Entry;
use super::pool::Buffer;
use super::ring::Ring;
use crate::backend::reactor::engine::{Completion, Engine, Send};

impl Engine for Ring {
    type Buffer = Buffer;
    const NONBLOCKING: bool = false;

    fn accept(&mut self, listener: BorrowedFd<'_>, token: u64) {
        self.accept(listener, token);
    }

    fn cancel_accept(&mut self, listener: OwnedFd, token: u64) {
        self.push(Entry::cancel_accept(token));
        self.push(Entry::close(listener));
    }

    fn receive(&mut self, socket: BorrowedFd<'_>, token: u64) {
        self.push(Entry::receive(socket, token));
    }

    fn cancel_receive(&mut self, token: u64) {
        self.push(Entry::cancel_receive(token));
    }

    fn await_room(&mut self, socket: BorrowedFd<'_>, token: u64) {
        self.push(Entry::poll_writable(socket, token));
    }

    fn cancel_await_room(&mut self, token: u64) {
        self.push(Entry::cancel_poll(token));
    }

    fn close(&mut self, socket: OwnedFd, _token: u64) {
        self.push(Entry::close(socket));
    }

    /// What ran on it was cancelled.
    fn release(&mut self, _socket: BorrowedFd<'_>, _token: u64) {}

    fn send(&mut self, sends: &[Send<'_>], written: &mut Vec<io::Result<usize>>) {
        self.send(sends, written);
    }

    fn completed(&self) -> usize {
        self.completed()
    }

    fn next<'a>(&mut self, _find: impl Fn(u64) -> Option<BorrowedFd<'a>>) -> Option<Completion<Buffer>> {
        self.next()
    }
}
