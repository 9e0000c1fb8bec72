//! What no peer may send is refused the same way however it arrives: one error, one close frame with the code
//! that RFC 6455 §7.4.1 has for it, the end.

mod wire;

use std::time::Instant;

use websocket_driver::pair::{SIDES, Side};
use websocket_driver::{Cause, CloseCode, Closed, Config, Connection, Event, Input, Message, ProtocolError};
use wire::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, close_body, frame, frames, header_with};

/// What a hostile peer sends and what it is refused with.
struct Case {
    name: String,
    octets: Vec<u8>,
    error: ProtocolError,
    /// What is delivered before the error.
    before: Vec<Event<'static>>,
}

fn case(name: impl ToString, octets: Vec<u8>, error: ProtocolError) -> Case {
    Case { name: name.to_string(), octets, error, before: Vec::new() }
}

/// A connection that hears what the peer of `side` sends. Time stands still, and masking keys are known.
fn connection(side: Side, config: Config) -> Connection {
    let now = Instant::now();
    match side {
        Side::Client => Connection::client(config.into(), || [1, 2, 3, 4], now),
        Side::Server => Connection::server(config.into(), now),
    }
}

/// Delivers octets, one read for each piece, and gives all events.
fn receive<'a>(
    connection: &mut Connection,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Event<'static>> {
    let now = Instant::now();
    let mut events = Vec::new();
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = Input::new(&mut piece);
        while let Some(event) = connection.receive(&mut input, now) {
            events.push(event.into_owned());
        }
        assert!(input.is_empty());
    }
    events
}

/// Whole, in every two pieces, and one octet at a time.
fn all_splits(octets: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut splits: Vec<Vec<&[u8]>> = vec![vec![octets], octets.chunks(1).collect()];
    splits.extend((1..octets.len()).map(|at| vec![&octets[..at], &octets[at..]]));
    splits
}

/// The one close frame that goes out, behind answers to pings at the most. It must say what was wrong, and then
/// nothing goes out any more.
fn expect_close_frame(connection: &mut Connection, side: Side, error: &ProtocolError, name: &str) {
    let (octets, has_ended) = wire::transmitted(connection);
    let sent = frames(&octets);
    let (close, before) = sent.split_last().expect("a close frame");
    assert!(before.iter().all(|frame| frame.first == PONG), "{name}: one close frame, not {sent:?}");
    assert_eq!(close.close(), (error.close_code().get(), &*error.to_string()), "{name}");
    assert_eq!(close.is_masked, side == Side::Client, "{name}");
    assert_eq!(has_ended, side == Side::Server, "{name}: a server ends the transport first");
    let late =
        [frame(side == Side::Server, PING, b""), frame(side == Side::Server, TEXT, b"late"), vec![0xFF]];
    assert_eq!(receive(connection, [&late.concat()[..]]), [], "{name}: nothing is read any more");
    assert_eq!(connection.poll_transmit(), None, "{name}");
    assert_eq!(connection.retained(), 0, "{name}");
    connection.end_of_input();
    assert_eq!((connection.poll_event(), connection.is_finished()), (None, true), "{name}");
}

fn expect_refused(side: Side, cases: impl IntoIterator<Item = Case>) {
    for Case { name, octets, error, before } in cases {
        let name = format!("{name}, to the {side:?}");
        let closed = Closed {
            code: error.close_code(),
            reason: error.to_string(),
            cause: Cause::ProtocolError(error.clone()),
        };
        let expected = [before, vec![Event::Error(error.clone()), Event::Closed(closed)]].concat();
        for split in all_splits(&octets) {
            let mut connection = connection(side, Config::default());
            let events = receive(&mut connection, split.iter().copied());
            assert_eq!(events, expected, "{name}: {split:02x?}");
            assert!(!connection.is_open());
            expect_close_frame(&mut connection, side, &error, &name);
        }
    }
}

/// Runs a table for both sides; it is told whether the peer masks.
fn expect_refused_by_both(cases: impl Fn(bool) -> Vec<Case>) {
    for side in SIDES {
        expect_refused(side, cases(side == Side::Server));
    }
}

#[test]
fn frames_masked_or_not_against_the_rule_are_refused_with_1002() {
    for (first, payload) in
        [(TEXT, &b"Hello"[..]), (BINARY, b""), (PING, b""), (CLOSE, b""), (TEXT, &[0; 200])]
    {
        let name = format!("{first:02x}");
        expect_refused(Side::Server, [case(&name, frame(false, first, payload), ProtocolError::Unmasked)]);
        expect_refused(Side::Client, [case(&name, frame(true, first, payload), ProtocolError::Masked)]);
    }
}

#[test]
fn reserved_bits_are_refused_with_1002() {
    expect_refused_by_both(|masked| {
        let bits = (1..8).map(|bits| bits << 4);
        let firsts =
            bits.flat_map(|bits| [TEXT | bits, BINARY | bits, PING | bits, PONG | bits, CLOSE | bits]);
        firsts
            .map(|first| {
                case(format!("{first:02x}"), frame(masked, first, b"x"), ProtocolError::ReservedBits)
            })
            .collect()
    });
}

#[test]
fn reserved_opcodes_are_refused_with_1002() {
    expect_refused_by_both(|masked| {
        let opcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];
        let refused = |opcode| ProtocolError::ReservedOpCode(opcode);
        opcodes
            .map(|opcode| case(opcode, frame(masked, FIN | opcode, b"x"), refused(opcode)))
            .into_iter()
            .chain(opcodes.map(|opcode| case(opcode, frame(masked, opcode, b""), refused(opcode))))
            .collect()
    });
}

#[test]
fn lengths_that_are_not_minimal_or_too_large_are_refused_with_1002() {
    use ProtocolError::{LengthNotMinimal, LengthTooLarge};
    let rows = [
        ("0 in two octets", 126, 0_u64.to_be_bytes()[6..].to_vec(), LengthNotMinimal),
        ("125 in two octets", 126, 125_u64.to_be_bytes()[6..].to_vec(), LengthNotMinimal),
        ("0 in eight octets", 127, 0_u64.to_be_bytes().to_vec(), LengthNotMinimal),
        ("126 in eight octets", 127, 126_u64.to_be_bytes().to_vec(), LengthNotMinimal),
        ("65,535 in eight octets", 127, 65_535_u64.to_be_bytes().to_vec(), LengthNotMinimal),
        ("2^63", 127, (1_u64 << 63).to_be_bytes().to_vec(), LengthTooLarge),
        ("2^64 - 1", 127, u64::MAX.to_be_bytes().to_vec(), LengthTooLarge),
    ];
    expect_refused_by_both(|masked| {
        let octets = |short, long: &[u8]| header_with(masked, BINARY, short, long);
        rows.iter()
            .map(|(name, short, long, error)| case(name, octets(*short, long), error.clone()))
            .collect()
    });
}

#[test]
fn control_frames_in_fragments_or_too_long_are_refused_with_1002() {
    use ProtocolError::{ControlTooLong, FragmentedControl};
    expect_refused_by_both(|masked| {
        let mut cases = Vec::new();
        for first in [PING, PONG, CLOSE] {
            cases.push(case("without FIN", frame(masked, first - FIN, b""), FragmentedControl));
            cases.push(case("126 octets", frame(masked, first, &[b'x'; 126]), ControlTooLong));
            cases.push(case("65,536 octets", wire::header(masked, first, 65_536), ControlTooLong));
            let short = header_with(masked, first, 126, &[0, 5]);
            cases.push(case("5 octets as if they were more", short, ControlTooLong));
        }
        cases
    });
}

#[test]
fn fragments_out_of_order_are_refused_with_1002() {
    use ProtocolError::{ExpectedContinuation, UnexpectedContinuation};
    expect_refused_by_both(|masked| {
        let begun = frame(masked, TEXT - FIN, b"begun");
        let last = frame(masked, CONTINUATION, b"last");
        let after_whole =
            [frame(masked, TEXT - FIN, b""), last.clone(), frame(masked, CONTINUATION, b"more")].concat();
        vec![
            case("a continuation of nothing", last.clone(), UnexpectedContinuation),
            case("the same, and not the last", frame(masked, 0, b""), UnexpectedContinuation),
            Case {
                before: vec![Event::Message(Message::text("last"))],
                ..case("a continuation of what is whole", after_whole, UnexpectedContinuation)
            },
            case(
                "a text within a text",
                [begun.clone(), frame(masked, TEXT, b"x")].concat(),
                ExpectedContinuation,
            ),
            case(
                "a binary within a text",
                [begun.clone(), frame(masked, BINARY - FIN, b"")].concat(),
                ExpectedContinuation,
            ),
            Case {
                before: vec![Event::Pong(b"x".into())],
                ..case(
                    "a text after a pong within a text",
                    [begun, frame(masked, PONG, b"x"), frame(masked, TEXT, b"")].concat(),
                    ExpectedContinuation,
                )
            },
        ]
    });
}

/// Octets that are not UTF-8, each for its own reason, and how many of them show it.
const NOT_UTF8: [(&str, &[u8], usize); 12] = [
    ("a continuation octet alone", b"\x80", 1),
    ("an octet that UTF-8 does not have", b"\xFF", 1),
    ("two octets where one would do", b"\xC0\xAF", 1),
    ("three octets where two would do", b"\xE0\x9F\xBF", 2),
    ("four octets where three would do", b"\xF0\x8F\xBF\xBF", 2),
    ("a surrogate", b"\xED\xA0\x80", 2),
    ("a pair of surrogates", b"\xED\xA0\x80\xED\xB0\x80", 2),
    ("above U+10FFFF", b"\xF4\x90\x80\x80", 2),
    ("five octets", b"\xF8\x88\x80\x80\x80", 1),
    ("two octets of three, then another character", b"\xE2\x82a", 3),
    ("one octet of four, then another character", b"\xF0a", 2),
    ("bad after good", b"\xCE\xBA\xE1\xBD\xB9\xED\xA0\x80edited", 7),
];

#[test]
fn text_that_is_not_utf8_is_refused_with_1007() {
    expect_refused_by_both(|masked| {
        let mut cases = Vec::new();
        for (name, octets, _) in NOT_UTF8 {
            cases.push(case(name, frame(masked, TEXT, octets), ProtocolError::InvalidUtf8));
            for at in 0..=octets.len() {
                let (head, tail) = octets.split_at(at);
                let fragments = [frame(masked, TEXT - FIN, head), frame(masked, CONTINUATION, tail)].concat();
                cases.push(case(format!("{name}, cut at {at}"), fragments, ProtocolError::InvalidUtf8));
            }
        }
        for (name, octets) in [("one octet of two", b"\xC3"), ("one octet of three", b"\xE2")] {
            cases.push(case(name, frame(masked, TEXT, octets), ProtocolError::InvalidUtf8));
            let fragments = [frame(masked, TEXT - FIN, octets), frame(masked, CONTINUATION, b"")].concat();
            cases.push(case(name, fragments, ProtocolError::InvalidUtf8));
        }
        cases
    });
}

#[test]
fn text_that_is_not_utf8_is_refused_while_its_frame_is_still_arriving() {
    for side in SIDES {
        for (name, octets, shown_after) in NOT_UTF8 {
            // Much was announced; only this much has arrived.
            let all = frame(side == Side::Server, TEXT, &[octets, &[b'x'; 60_000]].concat());
            let start = all.len() - 60_000 - octets.len();
            let mut connection = connection(side, Config::default());
            let waiting = receive(&mut connection, all[..start + shown_after - 1].chunks(1));
            assert_eq!(waiting, [], "{name}: could still become UTF-8");
            let refused = receive(&mut connection, [&all[start + shown_after - 1..start + shown_after]]);
            assert_eq!(refused.first(), Some(&Event::Error(ProtocolError::InvalidUtf8)), "{name}");
            expect_close_frame(&mut connection, side, &ProtocolError::InvalidUtf8, name);
        }
    }
}

#[test]
fn a_close_frame_of_one_octet_is_refused_with_1002() {
    expect_refused_by_both(|masked| {
        vec![case("one octet", frame(masked, CLOSE, &[3]), ProtocolError::CloseTooShort)]
    });
}

#[test]
fn close_codes_that_must_not_stand_on_the_wire_are_refused_with_1002() {
    expect_refused_by_both(|masked| {
        [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]
            .into_iter()
            .flat_map(|code| {
                let error = ProtocolError::InvalidCloseCode(code);
                let bare = frame(masked, CLOSE, &close_body(code, b""));
                let reasoned = frame(masked, CLOSE, &close_body(code, b"reason"));
                [case(code, bare, error.clone()), case(format!("{code} with a reason"), reasoned, error)]
            })
            .collect()
    });
}

#[test]
fn a_close_reason_that_is_not_utf8_is_refused_with_1007() {
    expect_refused_by_both(|masked| {
        let cases = NOT_UTF8.into_iter().map(|(name, octets, _)| (name, octets));
        cases
            .chain([("a reason that ends within a character", &b"\xE2\x82"[..])])
            .map(|(name, reason)| {
                let octets = frame(masked, CLOSE, &close_body(1000, reason));
                case(name, octets, ProtocolError::InvalidCloseReason)
            })
            .collect()
    });
}

#[test]
fn what_stands_before_a_malformed_frame_is_delivered_and_then_the_error() {
    expect_refused_by_both(|masked| {
        let octets = [
            frame(masked, TEXT, b"one"),
            frame(masked, PING, b"two"),
            frame(masked, BINARY - FIN, b"thr"),
            frame(masked, CONTINUATION, b"ee"),
            frame(masked, TEXT - FIN, b"never whole"),
            frame(masked, 0x83, b"malformed"),
            frame(masked, TEXT, b"late"),
        ];
        let before = vec![
            Event::Message(Message::text("one")),
            Event::Ping(b"two".into()),
            Event::Message(Message::binary(b"three")),
        ];
        vec![Case { before, ..case("in one read", octets.concat(), ProtocolError::ReservedOpCode(3)) }]
    });
}

#[test]
fn who_answers_a_close_with_a_malformed_frame_gets_no_second_close_frame() {
    for side in SIDES {
        let mut connection = connection(side, Config::default());
        connection.close(CloseCode::NORMAL, "bye", Instant::now()).unwrap();
        let events = receive(&mut connection, [&[0xFF][..]]);
        let [Event::Error(ProtocolError::ReservedBits), Event::Closed(closed)] = &events[..] else {
            panic!("an error and the end, not {events:?}")
        };
        assert_eq!(closed.cause, Cause::ProtocolError(ProtocolError::ReservedBits));
        let sent = frames(&wire::transmitted(&mut connection).0);
        assert_eq!(sent.iter().map(wire::Frame::close).collect::<Vec<_>>(), [(1000, "bye")]);
    }
}

#[test]
fn what_was_queued_before_the_peers_error_still_goes_out_before_the_close_frame() {
    for side in SIDES {
        let mut connection = connection(side, Config::default());
        connection.send("queued").unwrap();
        receive(&mut connection, [&[0xFF][..]]);
        let firsts: Vec<u8> = frames(&wire::transmitted(&mut connection).0).iter().map(|f| f.first).collect();
        assert_eq!(firsts, [TEXT, CLOSE]);
    }
}
