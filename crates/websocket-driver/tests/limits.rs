//! What a peer can make a connection hold and do has a limit, whatever it sends.

mod wire;

use std::time::Instant;

use websocket_driver::{Config, Connection, Event, Input, Message, ProtocolError};
use wire::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frame, frames, header};

/// A server with these settings, and what it hears.
struct Server {
    connection: Connection,
    now: Instant,
}

/// What arrived, without its payload where that is long.
#[derive(Debug, PartialEq)]
enum Heard {
    Message(usize),
    Ping,
    Error(ProtocolError),
    Closed(u16),
}

impl Server {
    fn new(config: Config) -> Server {
        let now = Instant::now();
        Server { connection: Connection::server(config.into(), now), now }
    }

    fn hears(&mut self, octets: &[u8]) -> Vec<Heard> {
        let mut octets = octets.to_vec();
        let mut input = Input::new(&mut octets);
        let mut heard = Vec::new();
        while let Some(event) = self.connection.receive(&mut input, self.now) {
            heard.push(match event {
                Event::Message(message) | Event::Part { part: message, .. } => Heard::Message(message.len()),
                Event::Ping(_) => Heard::Ping,
                Event::Pong(_) => panic!("nobody sends a pong here"),
                Event::Error(error) => Heard::Error(error),
                Event::Closed(closed) => Heard::Closed(closed.code.get()),
            });
        }
        heard
    }

    /// The close code that goes out, alone.
    fn refuses_with(&mut self) -> u16 {
        let sent = frames(&wire::transmitted(&mut self.connection).0);
        assert_eq!(sent.len(), 1, "one close frame");
        sent[0].close().0
    }
}

fn refused(error: ProtocolError) -> Vec<Heard> {
    let code = error.close_code().get();
    vec![Heard::Error(error), Heard::Closed(code)]
}

const NO_LIMITS: fn() -> Config =
    || Config { max_frame: u64::MAX, max_message: u64::MAX, max_fragments: u32::MAX, ..Config::default() };

/// The most address space that this process has had so far, in bytes: memory that was asked for counts even
/// where it was never touched. Where the system does not tell, nothing.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[test]
fn a_header_that_announces_a_tebibyte_is_refused_at_once_with_1009() {
    for first in [TEXT, BINARY, BINARY - FIN] {
        let mut server = Server::new(Config::default());
        let octets = header(true, first, 1 << 40);
        assert_eq!(octets.len(), 14);
        let limit = Config::default().max_frame;
        assert_eq!(server.hears(&octets[..13]), [], "the header is not whole");
        assert_eq!(server.hears(&octets[13..]), refused(ProtocolError::FrameTooBig { limit }));
        assert_eq!(server.refuses_with(), 1009);
        assert_eq!(server.connection.retained(), 0);
    }
}

#[test]
fn without_limits_memory_grows_with_what_arrives_and_not_with_what_is_announced() {
    let before = peak_memory();
    for (first, length) in [(TEXT, 1 << 40), (BINARY, 1 << 36), (BINARY - FIN, (1 << 63) - 1)] {
        let mut server = Server::new(NO_LIMITS());
        assert_eq!(server.hears(&header(true, first, length)), []);
        assert_eq!(server.connection.retained(), 0);
        // Masked with the key's own octets this is nothing but zeros, good as text.
        for arrived in 1..=1000 {
            assert_eq!(server.hears(b"\x37\xFA\x21\x3D"), []);
            assert!(server.connection.retained() <= 16 + 16 * 4 * arrived);
        }
        server.connection.end_of_input();
        assert_eq!(server.connection.retained(), 0);
    }
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        // Far more than tests beside this one take, far less than was announced.
        assert!(after - before < 1 << 34, "{} octets of address space were taken", after - before);
    }
}

#[test]
fn memory_is_taken_a_mebibyte_ahead_of_what_arrived_or_as_much_again() {
    let mut server = Server::new(NO_LIMITS());
    assert_eq!(server.hears(&header(true, BINARY, 1 << 40)), []);
    let piece = [0; 50_000];
    for arrived in (1..=100).map(|pieces| pieces * piece.len()) {
        assert_eq!(server.hears(&piece), []);
        let most = arrived + (15 * arrived).min(1 << 20).max(arrived);
        assert!((arrived..=most).contains(&server.connection.retained()), "{arrived}");
    }
}

#[test]
fn lengths_that_add_up_to_more_than_a_number_holds_are_no_way_round_the_limit() {
    let config = Config { max_message: 1 << 62, ..NO_LIMITS() };
    let mut server = Server::new(config);
    assert_eq!(server.hears(&frame(true, BINARY - FIN, b"x")), []);
    let octets = header(true, CONTINUATION, (1 << 63) - 1);
    assert_eq!(server.hears(&octets), refused(ProtocolError::MessageTooBig { limit: 1 << 62 }));
}

#[test]
fn frames_and_messages_are_taken_up_to_their_limit_and_refused_above_it_with_1009() {
    let config = Config { max_frame: 1000, max_message: 2500, ..Config::default() };
    let frames_of = |lengths: &[usize]| -> Vec<u8> {
        let last = lengths.len() - 1;
        let frame = |(at, length): (usize, &usize)| {
            let opcode = if at == 0 { BINARY - FIN } else { 0 };
            frame(true, opcode | if at == last { FIN } else { 0 }, &vec![b'x'; *length])
        };
        lengths.iter().enumerate().flat_map(frame).collect()
    };
    let frame_too_big = || refused(ProtocolError::FrameTooBig { limit: 1000 });
    let message_too_big = || refused(ProtocolError::MessageTooBig { limit: 2500 });
    let cases: [(&[usize], Vec<Heard>); 7] = [
        (&[1000], vec![Heard::Message(1000)]),
        (&[1001], frame_too_big()),
        (&[1, 1001], frame_too_big()),
        (&[1000, 1000, 500], vec![Heard::Message(2500)]),
        (&[1000, 1000, 501], message_too_big()),
        (&[1000, 1000, 500, 0], vec![Heard::Message(2500)]),
        (&[1000, 1000, 500, 0, 1], message_too_big()),
    ];
    for (lengths, expected) in cases {
        let mut server = Server::new(config.clone());
        assert_eq!(server.hears(&frames_of(lengths)), expected, "{lengths:?}");
        if expected.len() == 2 {
            assert_eq!(server.refuses_with(), 1009, "{lengths:?}");
        }
    }
}

#[test]
fn a_message_above_the_limit_is_refused_by_its_header_before_the_payload() {
    let limit = 1 << 20;
    let mut server = Server::new(Config { max_frame: u64::MAX, ..Config::default() });
    let error = ProtocolError::MessageTooBig { limit };
    assert_eq!(server.hears(&header(true, TEXT, limit + 1)), refused(error.clone()));
    assert_eq!(server.refuses_with(), 1009);

    let mut server = Server::new(Config::default());
    assert_eq!(server.hears(&frame(true, TEXT - FIN, &vec![b'x'; 1 << 19])), []);
    assert_eq!(server.hears(&header(true, 0, (1 << 19) + 1)), refused(error));
    assert_eq!(server.refuses_with(), 1009);
}

#[test]
fn control_frames_are_no_part_of_the_message_and_need_no_room_in_its_limits() {
    let mut server =
        Server::new(Config { max_frame: 1, max_message: 2, max_fragments: 2, ..Config::default() });
    let ping = frame(true, PING, &[0; 125]);
    let octets =
        [frame(true, TEXT - FIN, b"a"), ping.clone(), ping.clone(), frame(true, CONTINUATION, b"b"), ping];
    assert_eq!(server.hears(&octets.concat()), [Heard::Ping, Heard::Ping, Heard::Message(2), Heard::Ping],);
}

#[test]
fn a_flood_of_pings_from_a_peer_that_does_not_read_costs_a_few_pongs() {
    let mut server = Server::new(Config::default());
    let last = 300_000_u32;
    for number in 1..=last {
        let payload = [&number.to_be_bytes()[..], &[b'p'; 96]].concat();
        assert_eq!(server.hears(&frame(true, PING, &payload)), [Heard::Ping]);
        assert!(server.connection.retained() <= 64 << 10, "after {number} pings");
    }
    let sent = frames(&wire::transmitted(&mut server.connection).0);
    assert!(sent.iter().all(|frame| frame.first == PONG && frame.payload.len() == 100));
    let answered: Vec<u32> = sent
        .iter()
        .map(|frame| u32::from_be_bytes(*frame.payload.first_chunk().expect("a number")))
        .collect();
    assert!(answered.len() <= 20, "{answered:?}");
    assert!(answered.is_sorted(), "answers come in the order of the pings: {answered:?}");
    assert_eq!(answered.last(), Some(&last), "the newest is answered: {answered:?}");
    assert_eq!(server.connection.retained(), 0);
}

#[test]
fn a_flood_of_empty_fragments_is_refused_with_1008() {
    let mut server = Server::new(Config::default());
    let limit = Config::default().max_fragments;
    let mut refused_after = None;
    assert_eq!(server.hears(&frame(true, TEXT - FIN, b"")), []);
    let empty = frame(true, 0, b"");
    for fragments in 2..200_000 {
        let heard = server.hears(&empty);
        assert!(server.connection.retained() <= 1024);
        if refused_after.is_none() && !heard.is_empty() {
            assert_eq!(heard, refused(ProtocolError::TooManyFragments { limit }));
            refused_after = Some(fragments);
        } else {
            assert_eq!(heard, [], "after the error there is nothing");
        }
    }
    assert_eq!(refused_after, Some(limit + 1));
    assert_eq!(server.refuses_with(), 1008);
}

#[test]
fn a_message_of_65_537_fragments_passes() {
    // Autobahn's case 9.3.1 sends one.
    let mut server = Server::new(Config::default());
    let middle = frame(true, 0, b"x").repeat(65_535);
    let octets = [frame(true, TEXT - FIN, b"x"), middle, frame(true, CONTINUATION, b"x")].concat();
    assert_eq!(server.hears(&octets), [Heard::Message(65_537)]);
}

#[test]
fn the_limit_of_fragments_counts_those_of_one_message() {
    let mut server = Server::new(Config { max_fragments: 3, ..Config::default() });
    let message =
        [frame(true, TEXT - FIN, b""), frame(true, 0, b""), frame(true, CONTINUATION, b"x")].concat();
    let messages = server.hears(&message.repeat(3));
    assert_eq!(messages, [Heard::Message(1), Heard::Message(1), Heard::Message(1)]);
    let octets = [frame(true, TEXT - FIN, b""), frame(true, 0, b"").repeat(3)].concat();
    assert_eq!(server.hears(&octets), refused(ProtocolError::TooManyFragments { limit: 3 }));
    assert_eq!(server.refuses_with(), 1008);
}

#[test]
fn four_mebibytes_of_text_in_fragments_of_64_octets_come_through() {
    // Cuts fall within characters of three octets.
    let text = "€uro".repeat((4 << 20) / 6);
    let payload = text.as_bytes();
    let mut octets = Vec::with_capacity(payload.len() * 9 / 8);
    for (at, piece) in payload.chunks(64).enumerate() {
        let is_last = (at + 1) * 64 >= payload.len();
        let opcode = if at == 0 { TEXT - FIN } else { 0 };
        octets.extend(frame(true, opcode | if is_last { FIN } else { 0 }, piece));
    }
    for read in [octets.len(), 64 << 10, 1000] {
        let mut server = Server::new(NO_LIMITS());
        let mut whole = None;
        for piece in octets.chunks(read) {
            let mut piece = piece.to_vec();
            let mut input = Input::new(&mut piece);
            while let Some(event) = server.connection.receive(&mut input, server.now) {
                assert!(whole.is_none());
                let Event::Message(Message::Text(received)) = event else {
                    panic!("a text, not {event:.100?}")
                };
                whole = Some(received.into_string());
            }
            assert!(server.connection.retained() <= 2 * payload.len());
        }
        assert!(whole.as_deref() == Some(&text), "in reads of {read}");
    }
}

#[test]
fn a_peer_that_talks_on_after_our_close_makes_us_hold_no_more_than_the_limits_allow() {
    let mut server = Server::new(Config { max_message: 10_000, ..Config::default() });
    server.connection.close(websocket_driver::CloseCode::NORMAL, "", server.now).unwrap();
    wire::transmitted(&mut server.connection);
    for _ in 0..1000 {
        assert_eq!(server.hears(&frame(true, PING, &[0; 125])), []);
        assert!(!server.connection.wants_transmit(), "no answer after a close frame");
        assert_eq!(server.hears(&frame(true, TEXT, &[b'x'; 10_000])), []);
        assert!(server.connection.retained() <= 20_000);
    }
    assert_eq!(server.hears(&frame(true, CLOSE, &wire::close_body(1000, b""))), [Heard::Closed(1000)]);
    assert_eq!(frames(&wire::transmitted(&mut server.connection).0), []);
}
