//! Names of what a server may listen on.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use crate::listener::Listener;
#[cfg(unix)]
use crate::unix_socket::UnixSocket;

/// What stands for one or more sockets to listen on: `"127.0.0.1:8080"`, `("::1", 8080)`, a socket address, and on
/// Unix `"unix:/run/chat.sock"`, which is a [`UnixSocket`], or `"unix:/run/chat.sock|0660"` with its permissions.
pub trait ToListeners {
    /// Listens on all of them.
    ///
    /// # Errors
    ///
    /// When a name cannot be resolved, or one of them not be listened on.
    fn to_listeners(&self) -> io::Result<Vec<Listener>>;
}

impl ToListeners for str {
    fn to_listeners(&self) -> io::Result<Vec<Listener>> {
        match self.strip_prefix("unix:") {
            #[cfg(unix)]
            Some(name) => UnixSocket::parse(name)?.to_listeners(),
            #[cfg(not(unix))]
            Some(_) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "Unix sockets are there on Unix alone"))
            }
            None => listen_on(self),
        }
    }
}

impl ToListeners for String {
    fn to_listeners(&self) -> io::Result<Vec<Listener>> {
        self.as_str().to_listeners()
    }
}

#[cfg(unix)]
impl ToListeners for UnixSocket {
    fn to_listeners(&self) -> io::Result<Vec<Listener>> {
        let (listener, file) = self.listen()?;
        Ok(vec![Listener { file: Some(file), ..listener.into() }])
    }
}

impl<T: ToListeners + ?Sized> ToListeners for &T {
    fn to_listeners(&self) -> io::Result<Vec<Listener>> {
        (**self).to_listeners()
    }
}

macro_rules! tcp {
    ($($address:ty),+) => {$(
        impl ToListeners for $address {
            fn to_listeners(&self) -> io::Result<Vec<Listener>> {
                listen_on(&self)
            }
        }
    )+};
}

tcp!(SocketAddr, (&str, u16), (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16), [SocketAddr]);

fn listen_on(address: &(impl ToSocketAddrs + ?Sized)) -> io::Result<Vec<Listener>> {
    let addresses = address.to_socket_addrs()?;
    addresses.map(|address| TcpListener::bind(address).map(Listener::from)).collect()
}
