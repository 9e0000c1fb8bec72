//! The backend on Linux' io_uring: one ring per core, sends in batches, no system call per socket.

mod entry;
mod pool;
mod ring;
mod slab;
mod slots;
mod timers;
mod wake;
