//! Arbitrary compressed messages, against an inflater of others: the same octets, or both refuse.

#![no_main]

use std::time::Instant;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use websocket_driver::deflate::Agreed;
use websocket_driver::{Config, Connection, Event, Message, ProtocolError};
use websocket_driver_fuzz::{Agreement, read_in_pieces};

/// The longest message that is inflated.
const LIMIT: usize = 1 << 16;

/// The most blocks of a message that may call themselves the last one, here as there.
const MAX_LAST_BLOCKS: usize = 256;

const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// A last block without octets, which can follow a block and nothing else.
const END: [u8; 5] = [0x01, 0x00, 0x00, 0xFF, 0xFF];

#[derive(Arbitrary, Debug)]
struct Case {
    agreement: Agreement,
    messages: Vec<Payload>,
    pieces: Vec<u8>,
}

/// A compressed message.
#[derive(Arbitrary, Debug)]
enum Payload {
    Octets(Vec<u8>),
    /// Miniz compresses it, and some octets are changed afterwards.
    Compressed {
        octets: Vec<u8>,
        level: u8,
        times: u8,
        change: Vec<(u16, u8)>,
    },
}

impl Payload {
    fn wire(self) -> Vec<u8> {
        match self {
            Payload::Octets(octets) => octets,
            Payload::Compressed { octets, level, times, change } => {
                let octets = octets.repeat(1 + usize::from(times));
                let mut payload = miniz_oxide::deflate::compress_to_vec(&octets, level % 11);
                payload.push(0);
                for (at, octet) in change {
                    let at = usize::from(at) % payload.len();
                    payload[at] = octet;
                }
                payload
            }
        }
    }
}

/// What an inflater makes of a message.
#[derive(Debug, PartialEq)]
enum Verdict {
    Octets(Vec<u8>),
    Refused,
    TooLong,
}

/// Miniz, with the past that a message may refer to.
struct Miniz {
    past: Vec<u8>,
    window: usize,
    takeover: bool,
}

impl Miniz {
    fn read(&mut self, payload: &[u8]) -> Verdict {
        let (mut all, mut last_blocks) = (Vec::new(), 0);
        let mut coder = DecompressorOxide::new();
        // All that can be referred to stands before what is inflated, in one buffer that does not wrap.
        let mut room = self.past.clone();
        let mut at = room.len();
        let input = [payload, &TAIL].concat();
        let mut input = &input[..];
        let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
            | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
        loop {
            room.resize(at + 4096, 0);
            let (status, taken, given) = decompress(&mut coder, input, &mut room, at, flags);
            input = &input[taken..];
            all.extend_from_slice(&room[at..at + given]);
            at += given;
            if all.len() > LIMIT {
                return Verdict::TooLong;
            }
            match status {
                TINFLStatus::Done if last_blocks == MAX_LAST_BLOCKS => return Verdict::Refused,
                TINFLStatus::Done => {
                    last_blocks += 1;
                    // A block that calls itself the last one: what follows begins anew, with the window.
                    room.truncate(at);
                    self.keep(&room);
                    room = self.past.clone();
                    at = room.len();
                    coder = DecompressorOxide::new();
                    // With nothing but the tail behind it, it was the last block indeed.
                    if input.len() <= TAIL.len() {
                        let is_whole = input == TAIL || payload.is_empty();
                        return if is_whole {
                            Verdict::Octets(all)
                        } else {
                            self.end(coder, room, input, all)
                        };
                    }
                }
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput if input.is_empty() => {
                    room.truncate(at);
                    self.keep(&room);
                    return Self::ends_a_block(coder, room, all);
                }
                TINFLStatus::NeedsMoreInput => {}
                _ => return Verdict::Refused,
            }
        }
    }

    /// The rest of a message whose last block took some of the tail.
    fn end(&mut self, coder: DecompressorOxide, room: Vec<u8>, input: &[u8], all: Vec<u8>) -> Verdict {
        if input.is_empty() { Self::ends_a_block(coder, room, all) } else { Verdict::Refused }
    }

    /// A message is whole if a last, empty block can follow.
    fn ends_a_block(mut coder: DecompressorOxide, mut room: Vec<u8>, all: Vec<u8>) -> Verdict {
        let at = room.len();
        room.resize(at + 300, 0);
        let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, taken, given) = decompress(&mut coder, &END, &mut room, at, flags);
        let is_whole = status == TINFLStatus::Done && (taken, given) == (END.len(), 0);
        if is_whole { Verdict::Octets(all) } else { Verdict::Refused }
    }

    fn keep(&mut self, room: &[u8]) {
        self.past.clear();
        if self.takeover {
            self.past.extend_from_slice(&room[room.len().saturating_sub(self.window)..]);
        }
    }
}

fn ours(server: &mut Connection, payload: &[u8], pieces: &[u8]) -> Verdict {
    let octets = frame(payload);
    let events =
        read_in_pieces(server, &octets, pieces.iter().map(|piece| usize::from(*piece) + 1), Instant::now());
    match &events[..] {
        [Event::Message(Message::Binary(octets))] => Verdict::Octets(octets.to_vec()),
        [Event::Error(ProtocolError::InvalidDeflate), Event::Closed(_)] => Verdict::Refused,
        [Event::Error(ProtocolError::MessageTooBig { .. }), Event::Closed(_)] => Verdict::TooLong,
        other => panic!("{other:?}"),
    }
}

/// A client's binary message, marked as compressed; its mask is zeros.
fn frame(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_be_bytes();
    let header = match payload.len() {
        0..=125 => vec![0xC2, 0x80 | length[7]],
        126..=0xFFFF => [&[0xC2, 0xFE], &length[6..]].concat(),
        _ => [&[0xC2, 0xFF], &length[..]].concat(),
    };
    [&header[..], &[0; 4], payload].concat()
}

/// What the answer says of the client's window: its octets, and whether it is kept.
fn window_of(agreed: &Agreed) -> (usize, bool) {
    // The agreement does not show itself but in this form.
    let text = format!("{agreed:?}");
    let after = |name: &str| text.split_once(name).map(|(_, rest)| rest).expect("a parameter");
    let bits = after("client_max_window_bits: ");
    let bits = bits
        .strip_prefix("Some(")
        .map_or(15, |rest| rest.split(')').next().and_then(|bits| bits.parse().ok()).expect("a number"));
    (1 << bits, after("client_no_context_takeover: ").starts_with("false"))
}

fuzz_target!(|case: Case| {
    let (_, agreed) = case.agreement.shake_hands();
    let (window, takeover) = window_of(&agreed);
    let config = Config { max_message: LIMIT as u64, ..Config::default() };
    let mut server = Connection::server(config.into(), Instant::now()).with_deflate(Some(agreed));
    let mut miniz = Miniz { past: Vec::new(), window, takeover };
    for payload in case.messages {
        let payload = payload.wire();
        let (ours, theirs) = (ours(&mut server, &payload, &case.pieces), miniz.read(&payload));
        match (&ours, &theirs) {
            (Verdict::Octets(_), _) | (Verdict::Refused, Verdict::Octets(_)) => {
                assert!(ours == theirs, "ours: {ours:.100?}\ntheirs: {theirs:.100?}\n{payload:02x?}");
            }
            // Which of the two comes first depends on how far one looks ahead.
            (Verdict::Refused | Verdict::TooLong, Verdict::Refused | Verdict::TooLong) => return,
            (Verdict::TooLong, Verdict::Octets(_)) => panic!("the limit is {LIMIT}"),
        }
    }
});
