//! The same octets to our driver and to tungstenite: verdict by verdict the same, with exceptions that stand here.
//!
//! Where the two may differ:
//!
//! - We refuse what cannot become right as soon as it is there: a header by its first octets, a frame or message
//!   that announces too much, text by its first bad octet. Tungstenite waits for more, or refuses it later.
//! - We refuse a length that is not in its shortest form, and codes that must not stand in a close frame;
//!   tungstenite takes both (and gives such a code out as 1002).
//! - The number of fragments is limited here only, so the limit is set out of reach.

#![no_main]

use std::io::{self, Read, Write};
use std::time::Instant;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message as Theirs, WebSocket};
use websocket_driver::{Cause, Config, Connection, Event, Message, ProtocolError};
use websocket_driver_fuzz::{Octets, Side, read_in_pieces};

#[derive(Arbitrary, Debug)]
struct Case {
    side: Side,
    max_frame: u16,
    max_message: u16,
    octets: Vec<Octets>,
    pieces: Vec<u8>,
}

/// What a side told.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, String),
    Error(Option<ProtocolError>),
}

/// Reads the octets, then has nothing more; takes whatever is written.
struct Stream<'a>(&'a [u8]);

impl Read for Stream<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { self.0.read(room) }
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Tungstenite's limit of frames is one for control frames, too; ours is not, as these are short.
fn max_frame(case: &Case) -> usize {
    125 + usize::from(case.max_frame)
}

fn ours(case: &Case, octets: &[u8]) -> Vec<Told> {
    let config = Config {
        max_frame: max_frame(case) as u64,
        max_message: case.max_message.into(),
        max_fragments: u32::MAX,
        ..Config::default()
    };
    let now = Instant::now();
    let mut connection = match case.side {
        Side::Client => Connection::client(config.into(), || [1, 2, 3, 4], now),
        Side::Server => Connection::server(config.into(), now),
    };
    let events =
        read_in_pieces(&mut connection, octets, case.pieces.iter().map(|piece| (*piece).into()), now);
    let told = |event| match event {
        Event::Message(Message::Text(text)) => Some(Told::Text(text.to_string())),
        Event::Message(Message::Binary(octets)) => Some(Told::Binary(octets.to_vec())),
        Event::Ping(payload) => Some(Told::Ping(payload.to_vec())),
        Event::Pong(payload) => Some(Told::Pong(payload.to_vec())),
        Event::Error(error) => Some(Told::Error(Some(error))),
        Event::Closed(closed) => {
            (closed.cause == Cause::Peer).then(|| Told::Close(closed.code.get(), closed.reason))
        }
        other => panic!("{other:?}"),
    };
    events.into_iter().filter_map(told).collect()
}

fn theirs(case: &Case, octets: &[u8]) -> Vec<Told> {
    let config = WebSocketConfig::default()
        .max_frame_size(Some(max_frame(case)))
        .max_message_size(Some(case.max_message.into()));
    let role = if case.side == Side::Server { Role::Server } else { Role::Client };
    let mut socket = WebSocket::from_raw_socket(Stream(octets), role, Some(config));
    let mut told = Vec::new();
    loop {
        told.push(match socket.read() {
            Ok(Theirs::Text(text)) => Told::Text(text.to_string()),
            Ok(Theirs::Binary(octets)) => Told::Binary(octets.to_vec()),
            Ok(Theirs::Ping(payload)) => Told::Ping(payload.to_vec()),
            Ok(Theirs::Pong(payload)) => Told::Pong(payload.to_vec()),
            Ok(Theirs::Close(frame)) => {
                let close = frame
                    .map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                told.push(Told::Close(close.0, close.1));
                return told;
            }
            Ok(Theirs::Frame(_)) => panic!("a raw frame"),
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return told,
            Err(_) => {
                told.push(Told::Error(None));
                return told;
            }
        });
    }
}

/// Whether we may say `ours` where tungstenite says `theirs`, which is nothing if it waits.
fn may_differ(ours: &ProtocolError, theirs: Option<&Told>) -> bool {
    use ProtocolError::*;
    match theirs {
        // They see the same a little later, or never, because what is missing does not come.
        None | Some(Told::Error(_)) => true,
        Some(Told::Close(1002, _)) => matches!(ours, InvalidCloseCode(_) | LengthNotMinimal | ControlTooLong),
        // What they take a longer length for, they go on with. In a control frame it says too much already.
        Some(_) => matches!(ours, LengthNotMinimal | ControlTooLong),
    }
}

fuzz_target!(|case: Case| {
    let octets = Octets::wire(&case.octets, case.side == Side::Server);
    let (ours, theirs) = (ours(&case, &octets), theirs(&case, &octets));
    for (at, told) in ours.iter().enumerate() {
        match told {
            Told::Error(error) => {
                let error = error.as_ref().expect("we say what is wrong");
                assert!(may_differ(error, theirs.get(at)), "ours: {ours:?}\ntheirs: {theirs:?}");
                return;
            }
            told => assert_eq!(Some(told), theirs.get(at), "ours: {ours:?}\ntheirs: {theirs:?}"),
        }
    }
    assert_eq!(ours.len(), theirs.len(), "ours: {ours:?}\ntheirs: {theirs:?}");
});
