//! The backend on Linux' io_uring: one ring per core; what many sockets are to be sent goes out in one system call.

mod accept;
mod entry;
mod fanning;
mod peer;
mod pool;
mod ring;
mod slab;
mod slots;
mod speech;
mod timers;
mod tls;
mod wake;
mod worker;
mod writing;

pub(crate) use accept::start;
