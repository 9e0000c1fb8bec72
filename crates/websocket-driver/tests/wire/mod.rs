//! Frames written and read by hand, independently of the crate (RFC 6455 §5.2).

#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

use websocket_driver::{Connection, Transmit};

/// The first octet of whole frames: FIN and the opcode.
pub const TEXT: u8 = 0x81;
pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8A;
/// The last fragment of a message.
pub const CONTINUATION: u8 = 0x80;
/// Taken away from a first octet, it leaves a frame that is not the last of its message.
pub const FIN: u8 = 0x80;

/// The masking key of every frame that is made here.
const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// A frame as it stands on the wire: the first octet, the length, the masking key, the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub first: u8,
    pub is_masked: bool,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The code and the reason in a close frame.
    pub fn close(&self) -> (u16, &str) {
        assert_eq!(self.first, CLOSE, "a close frame");
        let (code, reason) = self.payload.split_first_chunk::<2>().expect("a code");
        (u16::from_be_bytes(*code), std::str::from_utf8(reason).expect("a reason in UTF-8"))
    }
}

/// A frame with its length in the shortest form.
pub fn frame(is_masked: bool, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = header(is_masked, first, payload.len() as u64);
    let key = if is_masked { KEY } else { [0; 4] };
    octets.extend(payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key));
    octets
}

/// A frame's header, which may announce what never comes.
pub fn header(is_masked: bool, first: u8, length: u64) -> Vec<u8> {
    let octets = length.to_be_bytes();
    match length {
        0..=125 => header_with(is_masked, first, octets[7], &[]),
        126..=0xFFFF => header_with(is_masked, first, 126, &octets[6..]),
        _ => header_with(is_masked, first, 127, &octets),
    }
}

/// A frame's header with its length in any form: the seven bits and the octets behind them.
pub fn header_with(is_masked: bool, first: u8, short: u8, long: &[u8]) -> Vec<u8> {
    let (bit, key) = if is_masked { (0x80, &KEY[..]) } else { (0, &[][..]) };
    [&[first, bit | short], long, key].concat()
}

/// The body of a close frame.
pub fn close_body(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes(), reason].concat()
}

/// Reads octets that are whole frames.
pub fn frames(octets: &[u8]) -> Vec<Frame> {
    let (frames, rest) = whole_frames(octets);
    assert!(rest.is_empty(), "whole frames, not {rest:.20?} at the end");
    frames
}

/// Reads frames, and gives the rest, which is not a whole one.
pub fn whole_frames(mut octets: &[u8]) -> (Vec<Frame>, &[u8]) {
    let mut frames = Vec::new();
    while let Some((frame, rest)) = one_frame(octets) {
        frames.push(frame);
        octets = rest;
    }
    (frames, octets)
}

fn one_frame(octets: &[u8]) -> Option<(Frame, &[u8])> {
    let ([first, second], rest) = octets.split_first_chunk()?;
    let (length, rest) = match second & 0x7F {
        126 => rest.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length).into(), rest))?,
        127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        short => (short.into(), rest),
    };
    let is_masked = second & 0x80 != 0;
    let (key, rest) = if is_masked { rest.split_at_checked(4)? } else { (&[0; 4][..], rest) };
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let payload = payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key).collect();
    Some((Frame { first: *first, is_masked, payload }, rest))
}

/// Everything that a connection has to transmit now: the octets, and whether it then ends its direction.
pub fn transmitted(connection: &mut Connection) -> (Vec<u8>, bool) {
    let (mut octets, mut has_ended) = (Vec::new(), false);
    while let Some(transmit) = connection.poll_transmit() {
        assert!(!has_ended, "nothing after the shutdown, but {transmit:?}");
        match transmit {
            Transmit::Bytes(bytes) => octets.extend_from_slice(&bytes),
            Transmit::Shutdown => has_ended = true,
        }
    }
    (octets, has_ended)
}
