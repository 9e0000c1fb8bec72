//! Messages that are sent in parts, before they are there as a whole.

mod deflated;
mod wire;

use deflated::{FULL, RSV1, shake_hands};
use proptest::prelude::*;
use websocket_driver::pair::{Pair, SIDES, Side};
use websocket_driver::{Binary, Cause, CloseCode, Config, Event, Kind, Message, ProtocolError, UsageError};
use wire::{BINARY, CLOSE, CONTINUATION, FIN, Frame, PING, PONG, TEXT, frame, frames, whole_frames};

/// A pair in which compression was agreed to, with the largest windows.
fn compressing_pair(config: Config) -> Pair {
    let agreed = shake_hands(FULL, FULL);
    Pair::with(config, 0).compressing(agreed.client, agreed.server)
}

fn firsts(frames: &[Frame]) -> Vec<u8> {
    frames.iter().map(|frame| frame.first).collect()
}

proptest! {
    #[test]
    fn what_is_sent_in_parts_arrives_as_one_message(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8),
        announces: bool, handed_out in prop::collection::vec(any::<bool>(), 8), seed: u64,
    ) {
        for side in SIDES {
            let mut pair = Pair::with(Config::default(), seed);
            let whole = parts.concat();
            if announces {
                pair.connection(side).announce(Kind::Binary, whole.len() as u64).unwrap();
            }
            let mut left = whole.len();
            for (at, part) in parts.iter().enumerate() {
                left -= part.len();
                let last = at + 1 == parts.len();
                if announces && left == 0 && part.is_empty() {
                    break; // the frame is complete already
                }
                pair.connection(side).send_part(&part[..], last).unwrap();
                if handed_out[at] {
                    pair.run();
                }
                if announces && left == 0 {
                    break;
                }
            }
            pair.connection(side).send("next").unwrap();
            pair.run();
            let expected = [Message::binary(whole), Message::text("next")].map(Event::Message);
            prop_assert_eq!(pair.take_events(side.peer()), expected);
            let frames = frames(pair.written(side));
            prop_assert_eq!(frames.len(), if announces { 2 } else { parts.len() + 1 });
        }
    }
}

#[test]
fn each_part_is_a_frame_and_pings_go_out_between_them() {
    for side in SIDES {
        let mut pair = Pair::new();
        for (text, last) in [("one ", false), ("", false), ("two", true)] {
            pair.connection(side).send_part(text, last).unwrap();
            pair.connection(side).ping(text.as_bytes()).unwrap();
            pair.run();
        }
        let frames = frames(pair.written(side));
        // A ping overtakes what waits.
        assert_eq!(firsts(&frames), [PING, TEXT - FIN, PING, 0, PING, CONTINUATION]);
        assert!(frames.iter().all(|frame| frame.is_masked == (side == Side::Client)));
        let mut events = pair.take_events(side.peer());
        events.retain(|event| matches!(event, Event::Message(_)));
        assert_eq!(events, [Event::Message(Message::text("one two"))]);
    }
}

#[test]
fn an_announced_message_is_one_frame_with_one_mask_and_control_frames_wait_for_its_end() {
    for side in SIDES {
        let mut pair = Pair::new();
        let connection = pair.connection(side);
        connection.announce(Kind::Binary, 10).unwrap();
        connection.send_part(&b"012"[..], false).unwrap();
        pair.run();
        pair.connection(side).ping(b"ours").unwrap();
        pair.connection(side.peer()).ping(b"theirs").unwrap();
        pair.run();
        assert!(!pair.connection(side).wants_transmit(), "nothing can go out within a frame");
        let (whole, begun) = whole_frames(pair.written(side));
        assert_eq!((whole.len(), begun.len()), (0, if side == Side::Client { 9 } else { 5 }));
        pair.connection(side).send_part(&b"3456"[..], false).unwrap();
        pair.run();
        assert!(whole_frames(pair.written(side)).0.is_empty());
        pair.connection(side).send_part(&b"789"[..], true).unwrap();
        pair.run();
        let frames = frames(pair.written(side));
        assert_eq!(firsts(&frames), [BINARY, PONG, PING]);
        assert_eq!(frames[0].payload, b"0123456789");
        let message = Event::Message(Message::binary(b"0123456789"));
        let [pong, ping] = [Event::Pong(Binary::from(b"theirs")), Event::Ping(Binary::from(b"ours"))];
        assert_eq!(pair.take_events(side.peer()), [message, pong, ping]);
    }
}

#[test]
fn what_does_not_continue_the_message_is_refused_and_changes_nothing() {
    use UsageError::{MessageUnfinished, WrongPart};
    for (side, announces) in SIDES.into_iter().flat_map(|side| [(side, false), (side, true)]) {
        let mut pair = Pair::new();
        let now = pair.now();
        let connection = pair.connection(side);
        if announces {
            connection.announce(Kind::Text, 6).unwrap();
        }
        connection.send_part("abc", false).unwrap();
        for _ in 0..2 {
            assert_eq!(connection.send_part(&b"def"[..], true), Err(WrongPart));
            assert_eq!(connection.send("other"), Err(MessageUnfinished));
            assert_eq!(connection.send_fragmented("other", 1), Err(MessageUnfinished));
            assert_eq!(connection.announce(Kind::Text, 1), Err(MessageUnfinished));
            if announces {
                assert_eq!(connection.send_part("defg", false), Err(WrongPart), "too long");
                assert_eq!(connection.send_part("de", true), Err(WrongPart), "too short");
                assert_eq!(connection.close(CloseCode::NORMAL, "", now), Err(MessageUnfinished));
            }
        }
        connection.send_part("def", true).unwrap();
        connection.send("other").unwrap();
        pair.run();
        let expected = ["abcdef", "other"].map(|text| Event::Message(Message::text(text)));
        assert_eq!(pair.take_events(side.peer()), expected);
    }
}

#[test]
fn a_close_may_stand_between_parts_and_ends_the_message_unfinished() {
    for side in SIDES {
        let mut pair = Pair::new();
        let now = pair.now();
        pair.connection(side).send_part("half", false).unwrap();
        pair.connection(side).close(CloseCode::GOING_AWAY, "", now).unwrap();
        assert_eq!(pair.connection(side).send_part("rest", true), Err(UsageError::Closed));
        pair.run();
        assert_eq!(firsts(&frames(pair.written(side))), [TEXT - FIN, CLOSE]);
        assert_eq!(pair.closed(side.peer()).unwrap().cause, Cause::Peer);
        assert!(pair.closed(side).unwrap().is_clean());
    }
}

#[test]
fn a_ping_does_not_follow_a_close_behind_an_announced_frame() {
    for side in SIDES {
        let mut pair = Pair::new();
        let now = pair.now();
        pair.connection(side).announce(Kind::Text, 4).unwrap();
        pair.connection(side).send_part("ab", false).unwrap();
        pair.run();
        pair.connection(side).ping(b"").unwrap();
        pair.connection(side).send_part("cd", true).unwrap();
        pair.connection(side).close(CloseCode::NORMAL, "", now).unwrap();
        pair.run();
        assert_eq!(firsts(&frames(pair.written(side))), [TEXT, PING, CLOSE]);
    }
}

#[test]
fn a_peer_that_breaks_the_protocol_gets_no_close_frame_inside_an_announced_frame() {
    for side in SIDES {
        let mut pair = Pair::new();
        pair.connection(side).announce(Kind::Binary, 100).unwrap();
        pair.connection(side).send_part(&[CLOSE; 10][..], false).unwrap();
        pair.run();
        let begun = pair.written(side).len();
        pair.inject(side.peer(), &frame(side == Side::Server, PING, b"still owed"));
        pair.inject(side.peer(), &frame(side == Side::Server, 0x83, b""));
        pair.run();
        let closed = pair.closed(side).unwrap();
        assert_eq!(closed.cause, Cause::ProtocolError(ProtocolError::ReservedOpCode(3)));
        assert!(!pair.connection(side).wants_transmit());
        pair.advance(Config::default().close_timeout);
        assert_eq!(pair.written(side).len(), begun, "nothing more is written");
        assert!(pair.ended(side).is_some() && pair.connection(side).is_finished());
        assert_eq!(pair.connection(side).retained(), 0);
        assert_eq!(pair.closed(side.peer()).unwrap().cause, Cause::ConnectionLost);
    }
}

#[test]
fn a_peers_close_within_an_announced_frame_ends_the_transport() {
    for side in SIDES {
        let mut pair = Pair::new();
        let now = pair.now();
        pair.connection(side).announce(Kind::Text, 100).unwrap();
        pair.run();
        pair.connection(side.peer()).close(CloseCode::GOING_AWAY, "", now).unwrap();
        pair.run();
        assert_eq!(pair.closed(side).unwrap().cause, Cause::Peer);
        assert_eq!(pair.connection(side).send_part("x", false), Err(UsageError::Closed));
        pair.advance(Config::default().close_timeout);
        assert_eq!(whole_frames(pair.written(side)).0, []);
        assert!(SIDES.into_iter().all(|side| pair.connection(side).is_finished()));
    }
}

#[test]
fn an_announced_message_of_no_octets_is_whole() {
    let mut pair = Pair::new();
    pair.connection(Side::Client).announce(Kind::Text, 0).unwrap();
    pair.connection(Side::Client).send("next").unwrap();
    pair.run();
    let expected = ["", "next"].map(|text| Event::Message(Message::text(text)));
    assert_eq!(pair.take_events(Side::Server), expected);
}

#[test]
fn a_message_that_has_begun_to_go_out_survives_a_discard() {
    for (side, rest) in SIDES.into_iter().flat_map(|side| [(side, 0), (side, 1), (side, 2)]) {
        // After the first part is out, the rest waits: nothing of it, a part, or a part and the end.
        let mut pair = Pair::new();
        pair.connection(side).send_part("a", false).unwrap();
        pair.run();
        let connection = pair.connection(side);
        if rest > 0 {
            connection.send_part("b", false).unwrap();
        }
        if rest > 1 {
            connection.send_part("c", true).unwrap();
            connection.send("not begun").unwrap();
            connection.send_part("not begun either", false).unwrap();
        }
        connection.discard_queue();
        if rest < 2 {
            connection.send_part("c", true).unwrap();
        }
        connection.send("next").unwrap();
        pair.run();
        let message = ["ac", "abc", "abc"][rest];
        let expected = [message, "next"].map(|text| Event::Message(Message::text(text)));
        assert_eq!(pair.take_events(side.peer()), expected, "{side:?}, {rest}");
        assert_eq!(pair.connection(side).queued(), 0);
    }
}

#[test]
fn parts_are_sent_uncompressed_and_read_between_compressed_messages() {
    let mut pair = compressing_pair(Config::default());
    let long = "many words, many words, many words, ".repeat(10);
    for side in SIDES {
        pair.connection(side).send(long.as_str()).unwrap();
        pair.connection(side).send_part(long.as_str(), false).unwrap();
        pair.connection(side).send_part("end", true).unwrap();
        pair.connection(side).send(long.as_str()).unwrap();
    }
    pair.run();
    for side in SIDES {
        let written = frames(pair.written(side));
        assert_eq!(firsts(&written), [TEXT | RSV1, TEXT - FIN, CONTINUATION, TEXT | RSV1]);
        let expected = [long.clone(), format!("{long}end"), long.clone()];
        let expected = expected.map(|text| Event::Message(Message::text(text)));
        assert_eq!(pair.take_events(side), expected);
    }
}
