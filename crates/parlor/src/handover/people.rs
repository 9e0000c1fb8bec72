//! The connections that are handed over: who is behind each, what they watch, and the socket beside it.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use parlor_chat::{PersonId, Position, RoomId, SessionId};
use serde::{Deserialize, Serialize};
use websocket_hub::driver::Suspended;
use websocket_hub::driver::deflate::Coding;
use websocket_hub::{Carried, CarriedState};

use super::line::{self, MOST};
use crate::identity::Signed;
use crate::publisher::{Departure, Sitting};

/// Everybody whose connection goes on at a successor.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// All of them know everything up to this place of the log.
    pub(crate) position: Position,
    pub(crate) seats: Vec<(Carried, Sitting)>,
}

/// Some of them, as they are told of; their sockets come beside it.
#[derive(Serialize, Deserialize)]
struct Some {
    position: Position,
    seats: Vec<Told>,
    is_last: bool,
}

/// One of them.
#[derive(Serialize, Deserialize)]
struct Told {
    person: PersonId,
    session: SessionId,
    rooms: Vec<RoomId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    subprotocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    client: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    deflate: Option<Compression>,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    unread: String,
}

#[derive(Serialize, Deserialize)]
struct Compression {
    window_bits: u8,
    level: u8,
    takeover: bool,
    min_len: usize,
    peer_window: usize,
    received: String,
}

impl People {
    /// Those who have left, each with their connection.
    pub(crate) fn new(departure: Departure, carried: Vec<Carried>) -> Self {
        let Departure { position, mut seats } = departure;
        let seats = carried.into_iter().filter_map(|carried| Some((seats.remove(&carried.id)?, carried)));
        People { position, seats: seats.map(|(sitting, carried)| (carried, sitting)).collect() }
    }

    pub(super) fn send(&self, stream: &UnixStream) -> io::Result<()> {
        let mut some = self.seats.chunks(MOST).peekable();
        loop {
            let seats = some.next().unwrap_or_default();
            let told = seats.iter().map(|(carried, sitting)| Told::new(carried, sitting)).collect();
            let is_last = some.peek().is_none();
            let sockets: Vec<BorrowedFd<'_>> =
                seats.iter().map(|(carried, _)| carried.socket.as_fd()).collect();
            let told = Some { position: self.position, seats: told, is_last };
            line::send_long(stream, &told, &sockets)?;
            if is_last {
                return Ok(());
            }
        }
    }

    pub(super) fn receive(stream: &UnixStream) -> io::Result<Self> {
        let mut people = People::default();
        loop {
            let (told, sockets) = line::receive_long::<Some>(stream)?;
            if told.seats.len() != sockets.len() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "not as many sockets as people"));
            }
            people.position = told.position;
            for (told, socket) in told.seats.into_iter().zip(sockets) {
                people.seats.push(told.seat(socket.into())?);
            }
            if told.is_last {
                return Ok(people);
            }
        }
    }
}

impl Told {
    fn new(carried: &Carried, sitting: &Sitting) -> Self {
        let CarriedState { subprotocol, client, protocol, unread } = &carried.state;
        let deflate = protocol.deflate.as_ref().map(|coding| Compression {
            window_bits: coding.window_bits,
            level: coding.level,
            takeover: coding.takeover,
            min_len: coding.min_len,
            peer_window: coding.peer_window,
            received: BASE64_STANDARD.encode(&coding.received),
        });
        Told {
            person: sitting.signed.person,
            session: sitting.signed.session,
            rooms: sitting.rooms.clone(),
            subprotocol: subprotocol.clone(),
            client: *client,
            deflate,
            unread: BASE64_STANDARD.encode(unread),
        }
    }

    fn seat(self, socket: TcpStream) -> io::Result<(Carried, Sitting)> {
        let octets = |text: String| {
            let decoded = BASE64_STANDARD.decode(text);
            decoded.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        };
        let deflate = self.deflate.map(|told| {
            io::Result::Ok(Coding {
                window_bits: told.window_bits,
                level: told.level,
                takeover: told.takeover,
                min_len: told.min_len,
                peer_window: told.peer_window,
                received: octets(told.received)?,
            })
        });
        let state = CarriedState {
            subprotocol: self.subprotocol,
            client: self.client,
            protocol: Suspended { deflate: deflate.transpose()? },
            unread: octets(self.unread)?,
        };
        let signed = Signed { person: self.person, session: self.session };
        // Who had which number is of no matter here.
        Ok((Carried { id: 0, socket, state }, Sitting { signed, rooms: self.rooms }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn everybody_arrives_with_their_socket_and_what_there_is_to_know() {
        const COUNT: usize = MOST + 1;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut clients = Vec::new();
        let seats = (0..COUNT).map(|number| {
            clients.push(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
            let deflate = (number % 2 == 0).then(|| Coding {
                window_bits: 12,
                level: 6,
                takeover: false,
                min_len: 64,
                peer_window: 4_096,
                received: vec![number.to_le_bytes()[0]; 3],
            });
            let state = CarriedState {
                subprotocol: Some("parlor.v1".to_owned()),
                client: Some([10, 0, 0, 1].into()),
                protocol: Suspended { deflate },
                unread: format!("unread {number}").into_bytes(),
            };
            let socket = listener.accept().unwrap().0;
            let signed = Signed { person: PersonId(number as u64), session: SessionId::GUEST };
            (Carried { id: 7, socket, state }, Sitting { signed, rooms: vec![RoomId(3), RoomId(4)] })
        });
        let people = People { position: Position(12), seats: seats.collect() };
        let (here, there) = UnixStream::pair().unwrap();
        let received = std::thread::scope(|scope| {
            let sending = scope.spawn(|| people.send(&here));
            let received = People::receive(&there).unwrap();
            sending.join().unwrap().unwrap();
            received
        });
        assert_eq!((received.position, received.seats.len()), (Position(12), COUNT));
        for ((before, sat), (after, sits)) in people.seats.iter().zip(&received.seats) {
            assert_eq!((&before.state, sat), (&after.state, sits));
        }
        drop(people);
        for (number, (client, (carried, _))) in clients.iter_mut().zip(&received.seats).enumerate() {
            (&carried.socket).write_all(&number.to_le_bytes()).unwrap();
            let mut heard = [0; size_of::<usize>()];
            client.read_exact(&mut heard).unwrap();
            assert_eq!(usize::from_le_bytes(heard), number, "each has their own socket");
        }
    }

    #[test]
    fn nobody_is_handed_over_in_one_line() {
        let (here, there) = UnixStream::pair().unwrap();
        People::default().send(&here).unwrap();
        assert!(People::receive(&there).unwrap().seats.is_empty());
        drop(here);
        assert_eq!(People::receive(&there).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
