//! A WebSocket between two servers.

use std::net::{IpAddr, TcpStream};

use websocket_driver::Suspended;

/// A connection that has left one server and goes on at another, of another process for example: its peer does not
/// notice. See [`Stopping::carry_over`](crate::Stopping::carry_over) and [`Serve::resume`](crate::Serve::resume).
#[derive(Debug)]
pub struct Carried {
    /// The [id](crate::WebSocket::id) that it had at the server that it left. It will have another one.
    pub id: u64,
    /// Its socket, of TCP or Unix.
    pub socket: TcpStream,
    /// What there is to know of it besides.
    pub state: CarriedState,
}

/// What a connection takes along besides its socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarriedState {
    /// The subprotocol that was chosen.
    pub subprotocol: Option<String>,
    /// The client's address, as [`WebSocket::client_addr`](crate::WebSocket::client_addr) says it.
    pub client: Option<IpAddr>,
    /// What the protocol has to remember.
    pub protocol: Suspended,
    /// What was received and not looked at.
    pub unread: Vec<u8>,
}
