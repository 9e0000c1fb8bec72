//! Listening sockets of every kind, and connections as they come out of them.

use std::io;
use std::net::{TcpListener, TcpStream};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};

use crate::endpoint::Endpoint;
use crate::source::Remote;
#[cfg(unix)]
use crate::unix_socket::SocketFile;

/// A socket that is listened on, for [`Serve::listen`](crate::Serve::listen). It can be made of one of the standard
/// library, of a name ([`ToListeners`](crate::ToListeners)), or be handed over by systemd
/// ([`from_systemd`](Listener::from_systemd)).
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: Socket,
    /// What is removed when nobody listens any more.
    #[cfg(unix)]
    pub(crate) file: Option<SocketFile>,
}

impl Listener {
    /// Where it listens.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn endpoint(&self) -> io::Result<Endpoint> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().map(Endpoint::Tcp),
            #[cfg(unix)]
            Socket::Unix(listener) => {
                let address = listener.local_addr()?;
                Ok(Endpoint::Unix(address.as_pathname().map(ToOwned::to_owned)))
            }
        }
    }

    /// The same socket once more, for example to hand it to another process. A Unix socket's file stays with the first.
    ///
    /// # Errors
    ///
    /// When no further file can be opened.
    pub fn try_clone(&self) -> io::Result<Listener> {
        let socket = self.socket.try_clone()?;
        Ok(Listener {
            socket,
            #[cfg(unix)]
            file: None,
        })
    }

    /// Whether the file of a Unix socket is removed when nobody listens any more.
    #[cfg(unix)]
    pub fn owns_file(&self) -> bool {
        self.file.is_some()
    }

    /// Has the file of a Unix socket removed when nobody listens any more.
    ///
    /// # Errors
    ///
    /// When its file is not there.
    #[cfg(unix)]
    pub fn own_file(&mut self) -> io::Result<()> {
        if let Endpoint::Unix(Some(path)) = self.endpoint()? {
            self.file = Some(SocketFile::of(&path)?);
        }
        Ok(())
    }
}

/// A socket from another process, TCP or Unix.
#[cfg(unix)]
impl TryFrom<OwnedFd> for Listener {
    type Error = io::Error;

    fn try_from(socket: OwnedFd) -> io::Result<Self> {
        let socket = socket2::Socket::from(socket);
        if !socket.is_listener()? || socket.r#type()? != socket2::Type::STREAM {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no socket that is listened on"));
        }
        let is_unix = socket.local_addr()?.is_unix();
        let socket = OwnedFd::from(socket);
        Ok(if is_unix { UnixListener::from(socket).into() } else { TcpListener::from(socket).into() })
    }
}

/// What is handed to another process. A file that is its own goes.
#[cfg(unix)]
impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> Self {
        listener.socket.into()
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Listener {
            socket: Socket::Tcp(listener),
            #[cfg(unix)]
            file: None,
        }
    }
}

/// Its file stays: whoever has made it removes it.
#[cfg(unix)]
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Listener { socket: Socket::Unix(listener), file: None }
    }
}

/// What a backend accepts from.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Socket {
    pub(crate) fn try_clone(&self) -> io::Result<Socket> {
        match self {
            Socket::Tcp(listener) => listener.try_clone().map(Socket::Tcp),
            #[cfg(unix)]
            Socket::Unix(listener) => listener.try_clone().map(Socket::Unix),
        }
    }

    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(listener) => listener.set_nonblocking(true),
            #[cfg(unix)]
            Socket::Unix(listener) => listener.set_nonblocking(true),
        }
    }

    /// Accepts a connection.
    #[cfg(target_os = "linux")]
    pub(crate) fn accept(&self) -> io::Result<Arrival> {
        match self {
            Socket::Tcp(listener) => listener.accept().map(|(stream, peer)| Arrival::tcp(stream, peer)),
            Socket::Unix(listener) => listener.accept().map(|(stream, _)| Arrival::unix(stream)),
        }
    }

    /// A connection that somebody else has accepted here.
    #[cfg(target_os = "linux")]
    pub(crate) fn accepted(&self, stream: OwnedFd) -> io::Result<Arrival> {
        let stream = TcpStream::from(stream);
        let remote = match self {
            Socket::Tcp(_) => Remote::Tcp(stream.peer_addr()?),
            Socket::Unix(_) => Remote::Unix,
        };
        Ok(Arrival { stream, remote })
    }
}

#[cfg(unix)]
impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Tcp(listener) => listener.as_fd(),
            Socket::Unix(listener) => listener.as_fd(),
        }
    }
}

#[cfg(unix)]
impl From<Socket> for OwnedFd {
    fn from(socket: Socket) -> Self {
        match socket {
            Socket::Tcp(listener) => listener.into(),
            Socket::Unix(listener) => listener.into(),
        }
    }
}

/// A connection that has come.
///
/// A Unix socket is read, written, looked at and ended by the same system calls as one of TCP, so the same type
/// holds both, and nobody behind this has to know. What it cannot be asked for is its address or a TCP option.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) stream: TcpStream,
    pub(crate) remote: Remote,
}

impl Arrival {
    pub(crate) fn tcp(stream: TcpStream, peer: std::net::SocketAddr) -> Arrival {
        Arrival { stream, remote: Remote::Tcp(peer) }
    }

    #[cfg(unix)]
    pub(crate) fn unix(stream: UnixStream) -> Arrival {
        Arrival { stream: TcpStream::from(OwnedFd::from(stream)), remote: Remote::Unix }
    }

    /// Small frames must not wait for the acknowledgement of the one before.
    pub(crate) fn set_nodelay(&self) -> io::Result<()> {
        match self.remote {
            Remote::Tcp(_) => self.stream.set_nodelay(true),
            Remote::Unix => Ok(()),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::to_listeners::ToListeners;

    #[test]
    fn a_listener_goes_through_a_descriptor_and_listens_where_it_did() {
        let first = Listener::from(TcpListener::bind("127.0.0.1:0").unwrap());
        let endpoint = first.endpoint().unwrap();
        let second = Listener::try_from(OwnedFd::from(first.try_clone().unwrap())).unwrap();
        drop(first);
        assert_eq!(second.endpoint().unwrap(), endpoint);
        TcpStream::connect(endpoint.address().unwrap()).unwrap();
    }

    #[test]
    fn what_nobody_listens_on_is_no_listener() {
        let (stream, _other) = UnixStream::pair().unwrap();
        let datagram = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for socket in [OwnedFd::from(stream), OwnedFd::from(datagram)] {
            let error = Listener::try_from(socket).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
        }
    }

    #[test]
    fn the_file_of_a_unix_socket_goes_with_whoever_owns_it_last() {
        let folder = std::env::temp_dir().join(format!("parlor-listener-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("socket");
        let mut first = format!("unix:{}", path.display()).to_listeners().unwrap().remove(0);
        let mut second = Listener::try_from(OwnedFd::from(first.try_clone().unwrap())).unwrap();
        assert!(first.owns_file() && !second.owns_file());
        first.file.as_mut().unwrap().leave();
        drop(first);
        UnixStream::connect(&path).unwrap();
        second.own_file().unwrap();
        drop(second);
        assert!(!path.exists());
        std::fs::remove_dir(&folder).unwrap();
    }
}
