//! Sockets that systemd listens on for us (`systemd.socket(5)`, `sd_listen_fds(3)`).

use std::io;

use listenfd::ListenFd;

use crate::listener::Listener;

impl Listener {
    /// The sockets that whoever started this process has handed over, in their order; none if nobody has. systemd
    /// does so for a service with a socket unit: it listens before the service runs and while it is started
    /// again, so that nobody is turned away. Each can be had once.
    ///
    /// To be called before there are other threads, since it takes variables from the environment.
    ///
    /// # Errors
    ///
    /// When one of them is neither a TCP nor a Unix stream socket.
    pub fn from_systemd() -> io::Result<Vec<Listener>> {
        let mut handed_over = ListenFd::from_env();
        (0..handed_over.len()).filter_map(|index| take(&mut handed_over, index).transpose()).collect()
    }
}

fn take(handed_over: &mut ListenFd, index: usize) -> io::Result<Option<Listener>> {
    // One that is of the other kind stays where it is.
    if let Ok(listener) = handed_over.take_tcp_listener(index) {
        return Ok(listener.map(Listener::from));
    }
    handed_over.take_unix_listener(index).map(|listener| listener.map(Listener::from)).map_err(|error| {
        let message = format!(
            "of the sockets handed over (LISTEN_FDS), number {} is neither TCP nor a Unix stream: {error}",
            index + 1
        );
        io::Error::new(error.kind(), message)
    })
}
