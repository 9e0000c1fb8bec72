//! What a client and a server that keep to the standard can say to each other (RFC 6455 §5).

mod wire;

use std::time::{Duration, Instant};

use websocket_driver::pair::{Pair, Pieces, SIDES, Side};
use websocket_driver::{Binary, CloseCode, Config, Event, Input, Message, Prepared, Transmit, UsageError};
use wire::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frames};

const SECOND: Duration = Duration::from_secs(1);

/// How a network may treat what it carries: all of it must come to the same.
const NETWORKS: [(Pieces, Duration); 5] = [
    (Pieces::Whole, Duration::ZERO),
    (Pieces::Of(1), Duration::ZERO),
    (Pieces::Of(3), Duration::from_millis(1)),
    (Pieces::Random(17), Duration::from_millis(80)),
    (Pieces::Random(5000), SECOND),
];

/// A pair over each of the networks.
fn pairs() -> impl Iterator<Item = Pair> {
    NETWORKS.into_iter().zip(0..).map(|((pieces, latency), seed)| {
        let mut pair = Pair::with(Config::default(), seed);
        for side in SIDES {
            pair.split(side, pieces);
            pair.delay(side, latency);
        }
        pair
    })
}

fn messages(texts: &[&'static str]) -> Vec<Event<'static>> {
    texts.iter().map(|text| Event::Message(Message::text(*text))).collect()
}

fn ping(payload: &'static str) -> Event<'static> {
    Event::Ping(Binary::from(payload.as_bytes()))
}

fn pong(payload: &'static str) -> Event<'static> {
    Event::Pong(Binary::from(payload.as_bytes()))
}

#[test]
fn messages_of_every_kind_and_size_arrive_as_they_were_sent() {
    // The lengths on both sides of where the header changes its form, and of where payloads stop being copied.
    let lengths = [0, 1, 125, 126, 127, 4095, 4096, 65_535, 65_536, 1 << 20];
    let text = |length: usize| Message::text("é".repeat(length / 2) + &"x".repeat(length % 2));
    let binary = |length: usize| Message::binary((0..=255).cycle().take(length).collect::<Vec<u8>>());
    let all: Vec<Message> = lengths.into_iter().flat_map(|length| [text(length), binary(length)]).collect();
    for mut pair in pairs() {
        for side in SIDES {
            for message in &all {
                pair.connection(side).send(message.clone()).unwrap();
            }
        }
        pair.advance(SECOND);
        for side in SIDES {
            let expected: Vec<Event> = all.iter().cloned().map(Event::Message).collect();
            assert!(pair.take_events(side) == expected, "{side:?} of {pair:.300?}");
        }
    }
}

#[test]
fn a_client_masks_every_frame_with_a_key_of_its_own_and_a_server_none() {
    for side in SIDES {
        let mut pair = Pair::new();
        pair.connection(side).send("same").unwrap();
        pair.connection(side).send("same").unwrap();
        pair.run();
        let frames = frames(pair.written(side));
        assert_eq!(frames.len(), 2);
        assert!(frames.iter().all(|frame| frame.is_masked == (side == Side::Client)));
        let (first, second) = pair.written(side).split_at(pair.written(side).len() / 2);
        assert_eq!(first == second, side == Side::Server, "the same octets twice");
    }
}

#[test]
fn a_message_is_sent_in_fragments_of_the_length_that_was_asked_for() {
    let long = "0123456789";
    type Frames<'a> = &'a [(u8, &'a str)];
    let cases: [(&str, usize, Frames); 6] = [
        (long, 4, &[(TEXT - FIN, "0123"), (0, "4567"), (CONTINUATION, "89")]),
        (long, 5, &[(TEXT - FIN, "01234"), (CONTINUATION, "56789")]),
        (long, 10, &[(TEXT, long)]),
        (long, usize::MAX, &[(TEXT, long)]),
        ("ab", 0, &[(TEXT - FIN, "a"), (CONTINUATION, "b")]), // less than one octet is not possible
        ("", 4, &[(TEXT, "")]),
    ];
    for (text, fragment_len, expected) in cases {
        for side in SIDES {
            let mut pair = Pair::new();
            pair.connection(side).send_fragmented(text, fragment_len).unwrap();
            pair.run();
            let frames = frames(pair.written(side));
            let frames: Vec<_> = frames.iter().map(|frame| (frame.first, &frame.payload[..])).collect();
            let expected: Vec<_> = expected.iter().map(|(first, text)| (*first, text.as_bytes())).collect();
            assert_eq!(frames, expected, "{text:?} by {fragment_len}");
            assert_eq!(pair.take_events(side.peer()), messages(&[text]));
        }
    }
}

#[test]
fn a_prepared_message_goes_out_as_any_other_between_others() {
    let long = Prepared::new(vec![7; 5000]);
    let short = Prepared::new("short");
    for mut pair in pairs() {
        for side in SIDES {
            let connection = pair.connection(side);
            connection.send("before").unwrap();
            connection.send_prepared(&short).unwrap();
            connection.send_prepared(&long).unwrap();
            connection.send("after").unwrap();
        }
        pair.advance(SECOND);
        for side in SIDES {
            let mut expected = messages(&["before", "short", "long", "after"]);
            expected[2] = Event::Message(Message::binary(vec![7; 5000]));
            assert_eq!(pair.take_events(side), expected);
            let firsts: Vec<u8> = frames(pair.written(side)).iter().map(|frame| frame.first).collect();
            assert_eq!(firsts, [TEXT, TEXT, BINARY, TEXT]);
        }
    }
}

#[test]
fn a_ping_is_answered_with_its_payload_whether_or_not_anybody_looks_at_the_event() {
    for mut pair in pairs() {
        for side in SIDES {
            pair.connection(side).ping(side_name(side).as_bytes()).unwrap();
        }
        pair.advance(3 * SECOND);
        for side in SIDES {
            let (ours, theirs) = (side_name(side), side_name(side.peer()));
            assert_eq!(pair.take_events(side), [ping(theirs), pong(ours)]);
        }
    }
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

#[test]
fn pings_are_answered_in_order_all_of_them_while_little_waits_and_always_the_newest() {
    let all = [pong("one"), pong("two"), pong("three")];
    for (side, queued) in SIDES.into_iter().flat_map(|side| [(side, 1), (side, 100_000)]) {
        let mut pair = Pair::new();
        pair.block(side.peer(), true);
        pair.connection(side.peer()).send(vec![0; queued]).unwrap();
        for payload in ["one", "two", "three"] {
            pair.connection(side).ping(payload.as_bytes()).unwrap();
            pair.run();
        }
        assert_eq!(pair.take_events(side.peer()), [ping("one"), ping("two"), ping("three")]);
        pair.block(side.peer(), false);
        pair.run();
        let mut pongs = pair.take_events(side);
        pongs.retain(|event| matches!(event, Event::Pong(_)));
        assert!(all.ends_with(&pongs) && !pongs.is_empty(), "{pongs:?}");
        assert!(queued > 1 || pongs == all, "{pongs:?}");
    }
}

#[test]
fn pings_and_pongs_overtake_messages_that_wait() {
    for side in SIDES {
        let mut pair = Pair::new();
        pair.block(side, true);
        let connection = pair.connection(side);
        connection.send("long ".repeat(1000)).unwrap();
        connection.send("short").unwrap();
        connection.ping(b"late").unwrap();
        pair.connection(side.peer()).ping(b"later").unwrap();
        pair.run();
        pair.block(side, false);
        pair.run();
        let firsts: Vec<u8> = frames(pair.written(side)).iter().map(|frame| frame.first).collect();
        assert_eq!(firsts, [PONG, PING, TEXT, TEXT]);
    }
}

#[test]
fn pings_and_pongs_wait_for_the_end_of_a_frame_that_has_begun() {
    let mut pair = Pair::new();
    let server = pair.connection(Side::Server);
    server.send(vec![7; 10_000]).unwrap();
    let Some(Transmit::Bytes(header)) = server.poll_transmit() else { panic!("a header") };
    assert_eq!(header.len(), 4, "the payload is a chunk of its own");
    server.ping(b"ours").unwrap();
    let mut theirs = wire::frame(true, PING, b"theirs");
    let mut input = Input::new(&mut theirs);
    while server.receive(&mut input, Instant::now()).is_some() {}
    let octets = [&header[..], &wire::transmitted(server).0].concat();
    let sent = frames(&octets).into_iter().map(|frame| (frame.first, frame.payload));
    let expected = [(BINARY, vec![7; 10_000]), (PONG, b"theirs".to_vec()), (PING, b"ours".to_vec())];
    assert!(sent.eq(expected));
}

#[test]
fn control_frames_between_fragments_are_taken_at_once() {
    for side in SIDES {
        let mut pair = Pair::new();
        let frame = |first, payload: &str| wire::frame(side == Side::Client, first, payload.as_bytes());
        let mut steps = vec![
            (frame(TEXT - FIN, "Hel"), vec![]),
            (frame(PING, "there?"), vec![ping("there?")]),
            (frame(0, "l"), vec![]),
            (frame(PONG, "unasked"), vec![pong("unasked")]),
            (frame(CONTINUATION, "o"), messages(&["Hello"])),
        ];
        for (octets, expected) in &mut steps {
            pair.inject(side, octets);
            pair.run();
            assert_eq!(pair.take_events(side.peer()), *expected);
        }
        assert_eq!(pair.take_events(side), [pong("there?")]);
    }
}

#[test]
fn a_fragmented_message_may_have_empty_fragments_and_cut_code_points_anywhere() {
    let mut pair = Pair::new();
    let euro = "€".as_bytes();
    for (first, payload) in [
        (TEXT - FIN, &b""[..]),
        (0, &euro[..1]),
        (0, b""),
        (0, &euro[1..2]),
        (0, &euro[2..]),
        (CONTINUATION, b""),
    ] {
        pair.inject(Side::Client, &wire::frame(true, first, payload));
    }
    pair.run();
    assert_eq!(pair.take_events(Side::Server), messages(&["€"]));
}

#[test]
fn what_waits_can_be_discarded_but_a_frame_that_has_begun_is_finished() {
    // Large payloads of a server are chunks of their own, behind their header.
    for handed_out in 0..4 {
        let mut pair = Pair::new();
        let server = pair.connection(Side::Server);
        let large = |octet| Message::binary(vec![octet; 10_000]);
        server.send(large(1)).unwrap();
        server.send(large(2)).unwrap();
        server.ping(b"in time").unwrap();
        server.send(large(3)).unwrap();
        let mut octets = Vec::new();
        for _ in 0..handed_out {
            let Transmit::Bytes(bytes) = server.poll_transmit().unwrap() else {
                panic!("no shutdown while open")
            };
            octets.extend_from_slice(&bytes);
        }
        server.discard_queue();
        server.send("after").unwrap();
        server.ping(b"overtakes").unwrap();
        octets.extend(wire::transmitted(server).0);
        let sent = frames(&octets).into_iter().map(|frame| (frame.first, frame.payload));
        // The ping goes out first; a header that is out brings its payload.
        let mut expected = vec![(PING, b"in time".to_vec()), (BINARY, vec![1; 10_000])];
        expected.truncate([0, 1, 2, 2][handed_out]);
        expected.extend([(PING, b"overtakes".to_vec()), (TEXT, b"after".to_vec())]);
        assert!(sent.eq(expected), "{handed_out}");
        assert_eq!((server.queued(), server.wants_transmit()), (0, false));
    }
}

#[test]
fn what_the_caller_cannot_have_is_refused_and_changes_nothing() {
    use UsageError::*;
    for side in SIDES {
        let mut pair = Pair::new();
        let now = pair.now();
        let connection = pair.connection(side);
        let long_reason = "r".repeat(124);
        let refused = [
            (connection.ping(&[0; 126]), ControlTooLong(126)),
            (connection.close(CloseCode::ABNORMAL, "", now), InvalidCloseCode(1006)),
            (connection.close(CloseCode::NORMAL, &long_reason, now), ReasonTooLong(124)),
        ];
        for (result, error) in refused {
            assert_eq!(result, Err(error));
        }
        assert!(connection.is_open() && !connection.wants_transmit());
        for code in [999, 1004, 1005, 1006, 1015, 2999, 5000] {
            assert_eq!(CloseCode::new(code), None);
        }
        // The longest that is allowed.
        connection.ping(&[0; 125]).unwrap();
        connection.close(CloseCode::NORMAL, &long_reason[1..], now).unwrap();
        pair.run();
        let firsts: Vec<u8> = frames(pair.written(side)).iter().map(|frame| frame.first).collect();
        assert_eq!(firsts, [PING, CLOSE]);
    }
}

#[test]
fn a_connection_at_rest_holds_no_memory() {
    for mut pair in pairs() {
        for side in SIDES {
            let connection = pair.connection(side);
            connection.send("short").unwrap();
            connection.send(vec![0; 10_000]).unwrap();
            connection.send_fragmented("in fragments", 3).unwrap();
            connection.ping(b"there?").unwrap();
            assert!(connection.retained() > 10_000 && connection.queued() > 10_000);
        }
        pair.advance(20 * SECOND);
        for side in SIDES {
            assert_eq!((pair.connection(side).retained(), pair.connection(side).queued()), (0, 0));
        }
    }
}
