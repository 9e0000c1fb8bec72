//! Output that is written from where it is, in memory that is lent.

mod wire;

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::select;
use websocket_driver::pair::{SIDES, Side};
use websocket_driver::{
    Budget, CloseCode, Config, Connection, Event, Input, Kind, Message, OutputBuffer, Prepared, Text,
    Transmit, UsageError,
};
use wire::{BINARY, CLOSE, Frame, PING, PONG, TEXT, frame, frames, transmitted};

fn connection(side: Side) -> Connection {
    connection_with(side, Config::default())
}

fn connection_with(side: Side, config: Config) -> Connection {
    let mut count = 0u32;
    let keys = move || {
        count += 1;
        count.wrapping_mul(0x9E37_79B9).to_ne_bytes()
    };
    match side {
        Side::Client => Connection::client(config.into(), keys, Instant::now()),
        Side::Server => Connection::server(config.into(), Instant::now()),
    }
}

fn is_pinged(connection: &mut Connection, side: Side, payload: &[u8]) {
    let mut octets = frame(side == Side::Server, PING, payload);
    let mut input = Input::new(&mut octets);
    while connection.receive(&mut input, Instant::now()).is_some() {}
}

/// Writes at most `most` octets in one call that is given at most `room` slices; `None` when there is nothing.
fn write(connection: &mut Connection, room: usize, most: usize, out: &mut Vec<u8>) -> Option<usize> {
    let mut slices = vec![IoSlice::new(&[]); room];
    let slices = match connection.poll_slices(&mut slices)? {
        Transmit::Bytes(slices) => slices,
        Transmit::Shutdown => panic!("nobody has closed"),
    };
    assert!(slices.iter().all(|slice| !slice.is_empty()), "no slice for nothing");
    let octets: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(most).collect();
    assert!(!octets.is_empty(), "there is something to write");
    out.extend_from_slice(&octets);
    connection.written(octets.len());
    Some(octets.len())
}

fn write_all(connection: &mut Connection) -> Vec<u8> {
    let mut out = Vec::new();
    while write(connection, 4, usize::MAX, &mut out).is_some() {}
    out
}

#[derive(Clone, Debug)]
enum Step {
    Send(Message<'static>),
    Borrowed(usize),
    Prepared(Message<'static>),
    Part(usize, bool),
    Announce(usize),
    Ping(Vec<u8>),
    Pinged(Vec<u8>),
    Discard,
    Lend,
    Return,
    /// So much room for slices, so many octets at a time.
    Write(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    // On both sides of where short frames end, headers grow, prepared frames and payloads stop being copied.
    let length = || select(vec![0, 3, 4, 20, 64, 125, 126, 300, 507, 508, 4095, 4096, 70_000]);
    let message = move || {
        (length(), any::<bool>()).prop_map(|(len, is_text)| match is_text {
            true => Message::text("x".repeat(len)),
            false => Message::binary(Bytes::from(vec![7; len])),
        })
    };
    let payload = || prop::collection::vec(any::<u8>(), 0..=125);
    prop_oneof![
        6 => message().prop_map(Step::Send),
        2 => length().prop_map(Step::Borrowed),
        2 => message().prop_map(Step::Prepared),
        2 => (length(), any::<bool>()).prop_map(|(len, last)| Step::Part(len, last)),
        1 => length().prop_map(Step::Announce),
        1 => payload().prop_map(Step::Ping),
        2 => payload().prop_map(Step::Pinged),
        1 => Just(Step::Discard),
        3 => Just(Step::Lend),
        3 => Just(Step::Return),
        4 => (1usize..6, select(vec![1, 2, 5, 100, 5000, usize::MAX])).prop_map(|(room, most)| Step::Write(room, most)),
    ]
}

/// Does what has nothing to do with how output is taken.
fn send(connection: &mut Connection, side: Side, step: &Step) -> Result<(), UsageError> {
    match step {
        Step::Send(message) => connection.send(message.clone()),
        Step::Borrowed(len) => connection.send(&vec![8; *len][..]),
        Step::Prepared(message) => connection.send_prepared(&Prepared::new(message.clone())),
        Step::Part(len, last) => connection.send_part(vec![9; *len], *last),
        Step::Announce(len) => connection.announce(Kind::Binary, *len as u64),
        Step::Ping(payload) => connection.ping(payload),
        Step::Pinged(payload) => {
            is_pinged(connection, side, payload);
            Ok(())
        }
        Step::Discard => {
            connection.discard_queue();
            Ok(())
        }
        Step::Lend | Step::Return | Step::Write(..) => Ok(()),
    }
}

proptest! {
    #[test]
    fn the_octets_are_the_same_whichever_way_they_are_taken(steps in prop::collection::vec(step(), 0..40)) {
        for side in SIDES {
            let (mut taken, mut written) = (connection(side), connection(side));
            let mut buffer = OutputBuffer::new();
            for step in &steps {
                prop_assert_eq!(send(&mut taken, side, step), send(&mut written, side, step));
                match step {
                    Step::Lend => written.lend_buffer(&mut buffer),
                    Step::Return => written.return_buffer(&mut buffer),
                    Step::Write(room, most) => {
                        let mut octets = Vec::new();
                        while write(&mut written, *room, *most, &mut octets).is_some() {}
                        prop_assert!(octets == transmitted(&mut taken).0);
                    }
                    _ => {}
                }
                prop_assert_eq!(taken.queued(), written.queued());
            }
            prop_assert!(write_all(&mut written) == transmitted(&mut taken).0);
        }
    }

    #[test]
    fn what_is_written_in_part_is_whole_frames_in_the_end(steps in prop::collection::vec(step(), 0..40)) {
        for side in SIDES {
            let mut connection = connection(side);
            let (mut buffer, mut octets, mut sent) = (OutputBuffer::new(), Vec::new(), VecDeque::new());
            for step in &steps {
                match step {
                    Step::Send(message) | Step::Prepared(message) => {
                        let is_sent = send(&mut connection, side, step).is_ok();
                        sent.extend(is_sent.then(|| message.clone()));
                    }
                    Step::Lend => connection.lend_buffer(&mut buffer),
                    Step::Return => connection.return_buffer(&mut buffer),
                    Step::Write(room, most) => _ = write(&mut connection, *room, *most, &mut octets),
                    Step::Ping(_) | Step::Pinged(_) => send(&mut connection, side, step).unwrap(),
                    Step::Borrowed(_) | Step::Part(..) | Step::Announce(_) | Step::Discard => {}
                }
            }
            octets.extend(write_all(&mut connection));
            connection.return_buffer(&mut buffer);
            let mut arrived = frames(&octets);
            prop_assert!(arrived.iter().all(|frame| frame.is_masked == (side == Side::Client)));
            arrived.retain(|frame| frame.first == TEXT || frame.first == BINARY);
            prop_assert_eq!(arrived.len(), sent.len());
            prop_assert!(arrived.iter().zip(&sent).all(|(frame, message)| frame.payload == message.as_bytes()));
            prop_assert_eq!((connection.queued(), connection.retained()), (0, 0));
        }
    }
}

#[test]
fn in_a_buffer_that_is_lent_frames_take_no_memory_of_the_connection() {
    for side in SIDES {
        let budget = Budget::new(1 << 20);
        let mut connection =
            connection_with(side, Config { budget: Some(budget.clone()), ..Config::default() });
        let mut buffer = OutputBuffer::new();
        let mut first_turn = 0;
        for turn in 0..3 {
            connection.lend_buffer(&mut buffer);
            assert_eq!(buffer.retained(), 0, "the connection has it");
            for _ in 0..100 {
                connection.send("to be or not to be").unwrap();
            }
            // In the first turn the memory grows, and that is the connection's until it is given back.
            assert_eq!(connection.retained() > 0, turn == 0);
            assert_eq!(budget.used(), connection.retained());
            assert_eq!(frames(&write_all(&mut connection)).len(), 100);
            connection.return_buffer(&mut buffer);
            assert_eq!((connection.retained(), budget.used()), (0, 0), "at rest it holds nothing");
            assert!(buffer.retained() >= 2000);
            if turn == 0 {
                first_turn = buffer.retained();
            }
        }
        assert_eq!(buffer.retained(), first_turn, "it was large enough for the second turn");
    }
}

#[test]
fn what_is_not_written_before_the_buffer_goes_back_is_the_connections_own() {
    let mut connection = connection(Side::Server);
    let mut buffer = OutputBuffer::new();
    connection.lend_buffer(&mut buffer);
    connection.send("one").unwrap();
    connection.send(vec![7; 5000]).unwrap();
    connection.send("three").unwrap();
    let mut octets = Vec::new();
    write(&mut connection, 4, 4, &mut octets);
    connection.return_buffer(&mut buffer);
    assert!(buffer.retained() > 0);
    assert!((5000..5500).contains(&connection.retained()), "{}", connection.retained());
    // Another connection uses the buffer meanwhile, and this one makes do with its own memory.
    connection.lend_buffer(&mut buffer);
    assert!(buffer.retained() > 0, "there was no need for it");
    octets.extend(write_all(&mut connection));
    let payloads: Vec<_> = frames(&octets).into_iter().map(|frame| frame.payload).collect();
    assert_eq!(payloads, [b"one".to_vec(), vec![7; 5000], b"three".to_vec()]);
    assert_eq!(connection.retained(), 0);
}

#[test]
fn a_buffer_that_grew_too_large_is_let_go_of() {
    for (len, is_kept) in [(OutputBuffer::MAX_KEPT / 2, true), (OutputBuffer::MAX_KEPT, false)] {
        let mut connection = connection(Side::Client);
        let mut buffer = OutputBuffer::new();
        connection.lend_buffer(&mut buffer);
        connection.send(&vec![7; len][..]).unwrap();
        assert_eq!(frames(&write_all(&mut connection)).len(), 1);
        connection.return_buffer(&mut buffer);
        assert_eq!(buffer.retained() > 0, is_kept, "after {len} octets");
        assert!(buffer.retained() <= OutputBuffer::MAX_KEPT);
    }
}

#[test]
fn long_shared_payloads_go_out_of_the_memory_that_they_are_in() {
    let arc: Arc<str> = "x".repeat(4096).into();
    let owned = "x".repeat(4096);
    let bytes = Bytes::from(owned.clone());
    let places = [arc.as_ptr(), owned.as_ptr(), bytes.as_ptr(), bytes.as_ptr()];
    let messages = [
        Message::text(arc),
        Message::text(owned),
        Message::Text(Text::try_from(bytes.clone()).unwrap()),
        Message::binary(bytes.clone()),
    ];
    for (message, place) in messages.into_iter().zip(places) {
        for message in [message.clone(), message] {
            let mut connection = connection(Side::Server);
            connection.send(message).unwrap();
            let mut slices = [IoSlice::new(&[]); 2];
            let Some(Transmit::Bytes([_, payload])) = connection.poll_slices(&mut slices) else {
                panic!("a header and a payload");
            };
            assert_eq!((payload.as_ptr(), payload.len()), (place, 4096));
        }
    }
}

#[test]
fn a_client_masks_a_long_payload_in_its_place_if_nobody_else_has_it() {
    let alone = vec![7; 4096];
    let shared = Bytes::from(vec![7; 4096]);
    for (message, place, is_in_place) in [
        (Message::binary(shared.clone()), shared.as_ptr(), false),
        (Message::binary(alone.clone()), std::ptr::null(), false),
    ] {
        let mut connection = connection(Side::Client);
        connection.send(message).unwrap();
        let mut slices = [IoSlice::new(&[]); 2];
        let Some(Transmit::Bytes(slices)) = connection.poll_slices(&mut slices) else { panic!("a frame") };
        assert_eq!(slices.last().unwrap().as_ptr() == place, is_in_place);
    }
    assert!(shared.iter().all(|octet| *octet == 7), "what others have is left as it is");
    let place = alone.as_ptr();
    let mut connection = connection(Side::Client);
    connection.send(alone).unwrap();
    let mut slices = [IoSlice::new(&[]); 2];
    let Some(Transmit::Bytes([_, payload])) = connection.poll_slices(&mut slices) else { panic!("a frame") };
    assert_eq!(payload.as_ptr(), place);
    assert_eq!(frames(&write_all(&mut connection))[0].payload, [7; 4096]);
}

#[test]
fn a_pong_waits_for_the_end_of_what_has_begun_and_for_nothing_else() {
    let mut connection = connection(Side::Server);
    let mut octets = Vec::new();
    connection.send("one").unwrap();
    write(&mut connection, 4, 2, &mut octets);
    connection.send("two").unwrap();
    is_pinged(&mut connection, Side::Server, b"?");
    octets.extend(write_all(&mut connection));
    let expected = [(TEXT, &b"one"[..]), (PONG, b"?"), (TEXT, b"two")];
    assert_eq!(frames(&octets), expected.map(unmasked));
}

#[test]
fn a_close_stands_behind_all_that_was_queued_and_the_answers_that_were_owed() {
    let mut connection = connection(Side::Server);
    let mut buffer = OutputBuffer::new();
    connection.lend_buffer(&mut buffer);
    connection.send("one").unwrap();
    is_pinged(&mut connection, Side::Server, b"?");
    connection.close(CloseCode::NORMAL, "", Instant::now()).unwrap();
    let octets = write_all(&mut connection);
    assert_eq!(frames(&octets), [(TEXT, &b"one"[..]), (PONG, b"?"), (CLOSE, b"\x03\xE8")].map(unmasked));
    let mut answer = frame(true, CLOSE, &wire::close_body(1000, b""));
    let mut input = Input::new(&mut answer);
    let closed = connection.receive(&mut input, Instant::now());
    assert!(matches!(closed, Some(Event::Closed(_))));
    assert!(connection.wants_transmit());
    assert!(matches!(connection.poll_slices(&mut [IoSlice::new(&[])]), Some(Transmit::Shutdown)));
    assert!(connection.poll_slices(&mut [IoSlice::new(&[])]).is_none());
    connection.connection_lost();
    connection.return_buffer(&mut buffer);
    assert!(buffer.retained() > 0, "it comes back after the end, too");
}

fn unmasked((first, payload): (u8, &[u8])) -> Frame {
    Frame { first, is_masked: false, payload: payload.to_vec() }
}

#[test]
#[should_panic(expected = "no more is written than was waiting")]
fn more_than_there_was_cannot_be_written() {
    let mut connection = connection(Side::Server);
    connection.send("one").unwrap();
    connection.written(6);
}
