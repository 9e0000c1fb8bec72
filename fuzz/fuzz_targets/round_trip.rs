//! What one driver writes the other one reads, in either direction, whatever was agreed and however it is cut.

#![no_main]

use std::time::Instant;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use websocket_driver::{Config, Connection, Event, Message, Prepared};
use websocket_driver_fuzz::{Agreement, Side, read_in_pieces, transmitted};

#[derive(Arbitrary, Debug)]
struct Case {
    agreement: Option<Agreement>,
    steps: Vec<Step>,
    pieces: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Send(Side, Content, Way),
    Ping(Side),
    Hibernate(Side),
    Discard(Side),
    Deliver(Side),
}

#[derive(Arbitrary, Debug)]
enum Content {
    Octets(Vec<u8>),
    Text(String),
    /// Without any order, of a few kinds: only a window makes it shorter.
    Noise(u8, u16),
    Run(u8, u16),
    /// Something that was sent before, with more behind it.
    Again(u8, u8),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Way {
    Whole,
    Fragments(u8),
    Prepared,
}

/// One side, and what it has queued that the other has not read.
struct End {
    connection: Connection,
    queued: Vec<Message<'static>>,
}

fn message(content: Content, sent: &[Message<'static>]) -> Message<'static> {
    match content {
        Content::Octets(octets) => Message::binary(octets),
        Content::Text(text) => Message::text(text),
        Content::Noise(kind, length) => {
            let mut state = u32::from(kind % 4).wrapping_mul(0x9E37_79B9) | 1;
            let next = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            Message::binary((0..length).map(next).collect::<Vec<u8>>())
        }
        Content::Run(octet, length) => Message::binary(vec![octet; length.into()]),
        Content::Again(which, more) => {
            let old = sent.get(usize::from(which) % sent.len().max(1)).map_or(&[][..], Message::as_bytes);
            Message::binary([&old[..old.len().min(100_000)], &vec![b'+'; more.into()]].concat())
        }
    }
}

fn send(end: &mut End, message: Message<'static>, way: Way) {
    let result = match way {
        Way::Whole => end.connection.send(message.clone()),
        Way::Fragments(length) => {
            let length = usize::from(length).max(message.len() / 200);
            end.connection.send_fragmented(message.clone(), length)
        }
        Way::Prepared => end.connection.send_prepared(&Prepared::new(message.clone())),
    };
    result.expect("the connection is open");
    end.queued.push(message);
}

fn deliver(from: &mut End, to: &mut End, pieces: &mut impl Iterator<Item = usize>, now: Instant) {
    let (octets, has_ended) = transmitted(&mut from.connection);
    assert!(!has_ended);
    let told = read_in_pieces(&mut to.connection, &octets, pieces, now);
    let mut expected = from.queued.drain(..);
    for event in told {
        match event {
            Event::Message(message) => {
                assert!(expected.next().as_ref() == Some(&message), "a message came through as another");
            }
            Event::Ping(_) | Event::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(expected.next().is_none(), "a message did not come through");
}

fuzz_target!(|case: Case| {
    let now = Instant::now();
    let config = std::sync::Arc::new(Config::default());
    let agreed = case.agreement.map(Agreement::shake_hands);
    let client = Connection::client(config.clone(), || [0x37, 0xFA, 0x21, 0x3D], now);
    let mut client = End { connection: client.with_deflate(agreed.map(|both| both.0)), queued: Vec::new() };
    let server = Connection::server(config, now).with_deflate(agreed.map(|both| both.1));
    let mut server = End { connection: server, queued: Vec::new() };
    let mut pieces = case.pieces.iter().map(|piece| usize::from(*piece) + 1);
    let mut sent = Vec::new();
    let mut all = 0;
    let end = [Step::Deliver(Side::Client), Step::Deliver(Side::Server)];
    for step in case.steps.into_iter().chain(end) {
        let side = match &step {
            Step::Send(side, ..) | Step::Ping(side) | Step::Hibernate(side) | Step::Discard(side) => side,
            Step::Deliver(side) => side,
        };
        let (here, there) = match side {
            Side::Client => (&mut client, &mut server),
            Side::Server => (&mut server, &mut client),
        };
        match step {
            Step::Send(_, content, way) => {
                let message = message(content, &sent);
                all += message.len();
                if all < 1 << 20 {
                    sent.push(message.clone());
                    send(here, message, way);
                }
            }
            Step::Ping(_) => here.connection.ping(b"there?").expect("the connection is open"),
            Step::Hibernate(_) => here.connection.hibernate(),
            Step::Discard(_) => {
                here.connection.discard_queue();
                here.queued.clear();
            }
            Step::Deliver(_) => deliver(here, there, &mut pieces, now),
        }
    }
});
