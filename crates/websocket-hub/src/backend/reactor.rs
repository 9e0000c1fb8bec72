//! The loop of one thread that serves many connections at a time, over whatever carries out its I/O: an io_uring, or
//! epoll on a tokio runtime.

pub(super) mod engine;
mod fanning;
mod peer;
mod slab;
mod speech;
mod timers;
mod tls;
pub(super) mod wake;
mod worker;
mod writing;

pub(super) use peer::Stranger;
pub(super) use worker::{Outside, Rest, Worker};
