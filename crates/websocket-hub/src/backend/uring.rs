//! The backend on Linux' io_uring: one ring per core; what many sockets are to be sent goes out in one system call.

mod accept;
mod bell;
mod engine;
mod entry;
mod pool;
mod ring;
mod slots;

pub(crate) use accept::start;
