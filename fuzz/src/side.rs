//! One side of a connection with arbitrary settings.

use std::sync::Arc;
use std::time::Instant;

use arbitrary::Arbitrary;
use websocket_driver::{Config, Connection, Event, Input, Transmit};

use crate::Agreement;

/// Which side it is.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// What a side is made of.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct SideSettings {
    pub side: Side,
    max_frame: u16,
    max_message: u16,
    max_fragments: u8,
    pub deliver_parts: bool,
    /// In units of 256 octets.
    max_retained: Option<u8>,
    agreement: Option<Agreement>,
}

impl SideSettings {
    pub fn config(&self) -> Config {
        Config {
            max_frame: self.max_frame.into(),
            max_message: self.max_message.into(),
            max_fragments: self.max_fragments.into(),
            deliver_parts: self.deliver_parts,
            max_retained: self.max_retained.map_or(32 << 20, |units| usize::from(units) * 256),
            ..Config::default()
        }
    }

    pub fn is_compressed(&self) -> bool {
        self.agreement.is_some()
    }

    pub fn connection(&self, now: Instant) -> Connection {
        self.connection_with(self.config(), now)
    }

    pub fn connection_with(&self, config: Config, now: Instant) -> Connection {
        let config = Arc::new(config);
        let agreed = self.agreement.map(Agreement::shake_hands);
        match self.side {
            Side::Client => Connection::client(config, keys(), now).with_deflate(agreed.map(|both| both.0)),
            Side::Server => Connection::server(config, now).with_deflate(agreed.map(|both| both.1)),
        }
    }

    /// Whether what this side receives is masked.
    pub fn receives_masked(&self) -> bool {
        self.side == Side::Server
    }
}

fn keys() -> impl FnMut() -> [u8; 4] + Send {
    let mut last = 0x9E37_79B9u32;
    move || {
        last = last.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        last.to_le_bytes()
    }
}

/// Delivers octets in pieces of these lengths and the rest at once; gives what the connection told.
pub fn read_in_pieces(
    connection: &mut Connection,
    octets: &[u8],
    pieces: impl IntoIterator<Item = usize>,
    now: Instant,
) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    let mut octets = octets.to_vec();
    let mut rest = &mut octets[..];
    let mut pieces = pieces.into_iter().chain(std::iter::repeat(usize::MAX));
    while !rest.is_empty() {
        let most = pieces.next().expect("without end");
        let (piece, after) = rest.split_at_mut(most.min(rest.len()));
        let mut input = Input::new(piece);
        while let Some(event) = connection.receive(&mut input, now) {
            events.push(event.into_owned());
        }
        assert!(input.is_empty(), "all input is consumed");
        rest = after;
    }
    events
}

/// Everything that a connection has to transmit now: the octets, and whether it then ends its direction.
pub fn transmitted(connection: &mut Connection) -> (Vec<u8>, bool) {
    let (mut octets, mut has_ended) = (Vec::new(), false);
    while let Some(transmit) = connection.poll_transmit() {
        assert!(!has_ended, "nothing after the shutdown");
        match transmit {
            Transmit::Bytes(bytes) => octets.extend_from_slice(&bytes),
            Transmit::Shutdown => has_ended = true,
        }
    }
    (octets, has_ended)
}
