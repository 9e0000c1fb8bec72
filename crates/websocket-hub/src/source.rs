//! Where a connection comes from: the other end of its socket, and the client that a proxy there names.

use std::net::SocketAddr;

/// The other end of a connection's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remote {
    Tcp(SocketAddr),
    /// A process of this machine, which has no address.
    Unix,
}

impl Remote {
    pub(crate) fn address(self) -> Option<SocketAddr> {
        match self {
            Remote::Tcp(address) => Some(address),
            Remote::Unix => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) remote: Remote,
    /// The client that a proxy has named by the PROXY protocol.
    pub(crate) named: Option<SocketAddr>,
}

impl From<Remote> for Source {
    fn from(remote: Remote) -> Self {
        Source { remote, named: None }
    }
}

impl From<SocketAddr> for Source {
    fn from(address: SocketAddr) -> Self {
        Remote::Tcp(address).into()
    }
}
