//! What wakes a ring's thread: an octet on a socket that it receives from.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Wake, Waker};

#[derive(Debug)]
pub(super) struct Bell(UnixStream);

impl Bell {
    /// A bell, and the socket on which it is heard.
    pub(super) fn pair() -> io::Result<(Waker, UnixStream)> {
        let (bell, heard) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        Ok((Waker::from(Arc::new(Bell(bell))), heard))
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // It fails when the ring's thread is gone, or when so many octets lie there that it will wake anyway.
        let _ = (&self.0).write(&[1]);
    }
}
