//! A connection that never blocks, with TLS around it or without.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection};

use crate::proxy_protocol::{Header, Progress};

#[derive(Debug)]
pub(super) enum Socket {
    /// Shared with who fans out to it.
    Tcp(Arc<TcpStream>),
    /// Boxed: it is large, and most of what holds one holds TCP.
    Tls(Box<TlsSocket>),
}

#[derive(Debug)]
pub(super) struct TlsSocket {
    tcp: TcpStream,
    tls: ServerConnection,
}

/// What came of trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    Done,
    /// There is nothing to be had, or no room, for the moment.
    Blocked,
}

impl Socket {
    /// # Errors
    ///
    /// When the system or rustls refuses.
    pub(super) fn new(tcp: TcpStream, tls: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        tcp.set_nonblocking(true)?;
        let Some(config) = tls else { return Ok(Socket::Tcp(Arc::new(tcp))) };
        let tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        Ok(Socket::Tls(Box::new(TlsSocket { tcp, tls })))
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Socket::Tcp(tcp) => tcp,
            Socket::Tls(socket) => &socket.tcp,
        }
    }

    /// Reads a proxy's header to its end and nothing behind it, and says which client it names.
    ///
    /// # Errors
    ///
    /// `WouldBlock` while there is more to come; when the proxy has left or there is no header.
    pub(super) fn read_proxy_header(&self, header: &mut Header) -> io::Result<Option<SocketAddr>> {
        let mut seen = [0; 512];
        loop {
            let len = self.tcp().peek(&mut seen)?;
            if len == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let (taken, client) = match header.receive(&seen[..len]) {
                Progress::Unfinished => (len, None),
                Progress::Complete { taken, client } => (taken, Some(client)),
                Progress::Malformed => return Err(ErrorKind::InvalidData.into()),
            };
            self.tcp().read_exact(&mut seen[..taken])?;
            if let Some(client) = client {
                return Ok(client);
            }
        }
    }

    /// Goes on with TLS's handshake. `Done` when there is none or it is over.
    ///
    /// # Errors
    ///
    /// When the client has left or speaks no TLS, of which it is told by an alert.
    pub(super) fn shake_hands(&mut self) -> io::Result<Tried> {
        let Socket::Tls(socket) = self else { return Ok(Tried::Done) };
        while socket.tls.is_handshaking() {
            if socket.flush()? == Tried::Blocked {
                return Ok(Tried::Blocked);
            }
            if !socket.tls.wants_read() {
                continue;
            }
            match socket.read_records() {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Tried::Blocked),
                Err(error) => return Err(error),
            }
        }
        socket.flush()
    }

    /// Whether something waits within TLS to be written, for which there was no room.
    pub(super) fn wants_write(&self) -> bool {
        matches!(self, Socket::Tls(socket) if socket.tls.wants_write())
    }

    /// Reads once; 0 is the end.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is there.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(tcp) => (&**tcp).read(buffer),
            Socket::Tls(socket) => loop {
                match socket.tls.reader().read(buffer) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => _ = socket.read_records()?,
                    read => return read,
                }
            },
        }
    }

    /// Writes as much as there is room for. It may have to be [flushed](Socket::flush).
    ///
    /// # Errors
    ///
    /// `WouldBlock` when there is no room.
    pub(super) fn write(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Socket::Tcp(tcp) => (&**tcp).write_vectored(pieces),
            Socket::Tls(socket) => {
                if socket.flush()? == Tried::Blocked {
                    return Err(ErrorKind::WouldBlock.into());
                }
                socket.tls.writer().write_vectored(pieces)
            }
        }
    }

    /// # Errors
    ///
    /// When the client has left.
    pub(super) fn flush(&mut self) -> io::Result<Tried> {
        match self {
            Socket::Tcp(_) => Ok(Tried::Done),
            Socket::Tls(socket) => socket.flush(),
        }
    }

    /// Ends the writing direction; everything was flushed.
    ///
    /// # Errors
    ///
    /// When the client has left.
    pub(super) fn shut_down(&mut self) -> io::Result<Tried> {
        if let Socket::Tls(socket) = self {
            socket.tls.send_close_notify();
            if socket.flush()? == Tried::Blocked {
                return Ok(Tried::Blocked);
            }
        }
        self.tcp().shutdown(Shutdown::Write)?;
        Ok(Tried::Done)
    }
}

impl TlsSocket {
    /// Reads records once and says how many octets came.
    fn read_records(&mut self) -> io::Result<usize> {
        let read = self.tls.read_tls(&mut self.tcp)?;
        if let Err(error) = self.tls.process_new_packets() {
            // The alert, as far as it goes.
            let _ = self.flush();
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        Ok(read)
    }

    fn flush(&mut self) -> io::Result<Tried> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.tcp) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Tried::Blocked),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Tried::Done)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tcp().as_fd()
    }
}
