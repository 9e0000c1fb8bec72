//! Threads, rings and listeners, and what is said where there is no io_uring.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use super::bell::Bell;
use super::ring::Ring;
use crate::backend::Start;
use crate::backend::aside::Aside;
use crate::backend::http::alpn::without_http2;
use crate::backend::reactor::wake::Inbox;
use crate::backend::reactor::{Rest, Worker};
use crate::listener::Socket;
use crate::resumption::Resumption;

/// Buffers to receive into, and the octets in each, for all connections of a ring: one that is idle has none. When
/// all are in use, whoever else has sent something waits for the next turn. What is received in small pieces is
/// acknowledged in small pieces, which costs more than the memory; of that only what was ever filled is resident.
const BUFFERS: u16 = 64;
const BUFFER_LEN: usize = 32 * 1024;

/// Starts the workers. The first accepts, too, and hands connections out in turn, so that they spread evenly.
pub(crate) fn start(mut start: Start, resumptions: Vec<Resumption>) -> io::Result<Vec<JoinHandle<()>>> {
    start.tls = start.tls.map(|config| without_http2(config, "uring")).transpose()?;
    let listeners = start.listeners.iter().map(Socket::try_clone);
    let mut listeners = listeners.collect::<io::Result<Vec<_>>>()?;
    // A port is listened on while anybody holds its listener: from here on that is the one who accepts.
    start.listeners = Arc::default();
    let aside = Aside::start()?;
    let inboxes: Vec<Arc<Inbox>> = (0..start.workers).map(|_| Arc::default()).collect();
    for (resumption, inbox) in resumptions.into_iter().zip(inboxes.iter().cycle()) {
        inbox.resume(resumption);
    }
    let (begun, begins) = mpsc::channel();
    let mut threads = Vec::new();
    for (index, inbox) in inboxes.iter().enumerate() {
        let (bell, heard) = Bell::pair()?;
        inbox.set_bell(&bell);
        let (inbox, all) = (Arc::clone(inbox), inboxes.clone());
        let listeners = std::mem::take(&mut listeners);
        let (start, aside, begun) = (start.clone(), aside.clone(), begun.clone());
        let thread = std::thread::Builder::new().name(format!("websocket-hub-{index}"));
        threads.push(thread.spawn(move || {
            let _entered = aside.enter();
            // A ring belongs to the thread that makes it.
            let ring = Ring::new(BUFFERS, BUFFER_LEN);
            let (ring, result) = match ring {
                Ok(ring) => (Some(ring), Ok(())),
                Err(error) => (None, Err(explain(&error))),
            };
            // Who starts the server waits for it.
            let _ = begun.send(result);
            drop(begun);
            if let Some(ring) = ring {
                run(Worker::new(ring, start, inbox, all, listeners).with_bell(heard));
            }
        })?);
    }
    drop(begun);
    // Those that have begun end when the caller drops what would stop them.
    begins.iter().collect::<io::Result<()>>()?;
    Ok(threads)
}

/// Serves until the server has stopped.
///
/// # Panics
///
/// When the kernel lets the ring down, after which nothing can be served.
fn run(mut worker: Worker<Ring>) {
    worker.begin();
    loop {
        let time = match worker.step() {
            Rest::Over => return,
            Rest::None => Some(Duration::ZERO),
            Rest::Until(time) => time,
        };
        worker.engine.wait(time).expect("a ring that worked goes on working");
        worker.complete_all();
    }
}

/// Why there is no ring, and what to do about it.
fn explain(error: &io::Error) -> io::Error {
    let reason = match error.raw_os_error() {
        Some(libc::ENOSYS) => "this kernel has no io_uring",
        Some(libc::EPERM | libc::EACCES) => {
            "io_uring is forbidden here, by the setting kernel.io_uring_disabled or by a container's seccomp profile"
        }
        Some(libc::EINVAL) | None => "this kernel's io_uring is too old: Linux 6.1 is needed",
        Some(libc::ENOMEM) => "memory for io_uring is short, or what may be locked of it (ulimit -l)",
        Some(libc::EMFILE | libc::ENFILE) => "there are no file descriptors left (ulimit -n)",
        Some(_) => "io_uring does not work here",
    };
    let message = format!("the backend uring cannot start: {reason}; use the backend tokio ({error})");
    io::Error::new(error.kind(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_io_uring_the_error_says_so_and_what_to_use() {
        for (code, reason) in [
            (libc::ENOSYS, "has no io_uring"),
            (libc::EPERM, "kernel.io_uring_disabled"),
            (libc::EINVAL, "Linux 6.1"),
            (libc::ENOMEM, "ulimit -l"),
            (libc::EMFILE, "ulimit -n"),
            (libc::EIO, "does not work"),
        ] {
            let error = explain(&io::Error::from_raw_os_error(code)).to_string();
            assert!(error.contains(reason) && error.contains("use the backend tokio"), "{error}");
        }
    }
}
