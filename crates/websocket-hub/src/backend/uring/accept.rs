//! Threads, rings and listeners, and what is said where there is no io_uring.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use super::ring::Ring;
use super::wake::Inbox;
use super::worker::{BUFFER_LEN, BUFFERS, Worker};
use crate::backend::Start;
use crate::backend::aside::Aside;
use crate::backend::http::alpn::without_http2;
use crate::listener::Socket;

/// Starts the workers. The first accepts, too, and hands connections out in turn, so that they spread evenly.
pub(crate) fn start(mut start: Start) -> io::Result<Vec<JoinHandle<()>>> {
    start.tls = start.tls.map(|config| without_http2(config, "uring")).transpose()?;
    let listeners = start.listeners.iter().map(Socket::try_clone);
    let mut listeners = listeners.collect::<io::Result<Vec<_>>>()?;
    // A port is listened on while anybody holds its listener: from here on that is the one who accepts.
    start.listeners = Arc::default();
    let aside = Aside::start()?;
    let inboxes = (0..start.workers).map(|_| Inbox::new()).collect::<io::Result<Vec<_>>>()?;
    let all: Vec<_> = inboxes.iter().map(|(inbox, _)| Arc::clone(inbox)).collect();
    let (begun, begins) = mpsc::channel();
    let mut threads = Vec::new();
    for (index, inbox) in inboxes.into_iter().enumerate() {
        let listeners = std::mem::take(&mut listeners);
        let (start, all, aside, begun) = (start.clone(), all.clone(), aside.clone(), begun.clone());
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
                Worker::new(ring, start, inbox, all, listeners).run();
            }
        })?);
    }
    drop(begun);
    // Those that have begun end when the caller drops what would stop them.
    begins.iter().collect::<io::Result<()>>()?;
    Ok(threads)
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
