//! How a conversation ends: the close handshake, and every end without one (RFC 6455 §7).

mod wire;

use std::time::Duration;

use websocket_driver::pair::{Pair, SIDES, Side};
use websocket_driver::{Cause, CloseCode, Closed, Config, Event, Message, Prepared, UsageError};
use wire::{CLOSE, PING, PONG, TEXT, frames};

const LATENCY: Duration = Duration::from_millis(50);

fn closed(code: CloseCode, reason: &str, cause: Cause) -> Closed {
    Closed { code, reason: reason.to_owned(), cause }
}

fn closed_event(code: CloseCode, reason: &str, cause: Cause) -> Vec<Event<'static>> {
    vec![Event::Closed(closed(code, reason, cause))]
}

fn distant_pair() -> Pair {
    let mut pair = Pair::new();
    for side in SIDES {
        pair.delay(side, LATENCY);
    }
    pair
}

fn close(pair: &mut Pair, side: Side, code: CloseCode, reason: &str) {
    let now = pair.now();
    pair.connection(side).close(code, reason, now).expect("a close that can be sent");
}

/// The first octets of all frames that a side has written.
fn sent(pair: &Pair, side: Side) -> Vec<u8> {
    frames(pair.written(side)).iter().map(|frame| frame.first).collect()
}

fn both_are_finished(pair: &mut Pair) -> bool {
    SIDES.into_iter().all(|side| pair.connection(side).is_finished())
}

#[test]
fn either_side_closes_with_a_code_and_a_reason_and_the_answer_carries_the_code() {
    let private = CloseCode::new(4999).unwrap();
    let cases = [(CloseCode::NORMAL, "bye"), (CloseCode::GOING_AWAY, ""), (private, "grüezi")];
    for (code, reason) in cases {
        for side in SIDES {
            let mut pair = distant_pair();
            close(&mut pair, side, code, reason);
            pair.advance(LATENCY);
            assert_eq!(pair.take_events(side.peer()), closed_event(code, reason, Cause::Peer));
            assert_eq!(pair.closed(side), None, "the answer is under way");
            pair.advance(LATENCY);
            assert_eq!(pair.take_events(side), closed_event(code, "", Cause::Local));
            assert_eq!(frames(pair.written(side))[0].close(), (code.get(), reason));
            assert_eq!(frames(pair.written(side.peer()))[0].close(), (code.get(), ""));
            assert_eq!([sent(&pair, Side::Client), sent(&pair, Side::Server)], [[CLOSE], [CLOSE]]);
            for side in SIDES {
                assert!(pair.closed(side).unwrap().is_clean());
            }
        }
    }
}

#[test]
fn a_close_without_a_code_reads_as_1005_and_is_answered_without_one() {
    for side in SIDES {
        let mut pair = Pair::new();
        close(&mut pair, side, CloseCode::NO_STATUS, "");
        pair.run();
        assert_eq!(pair.take_events(side.peer()), closed_event(CloseCode::NO_STATUS, "", Cause::Peer));
        assert_eq!(pair.take_events(side), closed_event(CloseCode::NO_STATUS, "", Cause::Local));
        for side in SIDES {
            assert!(frames(pair.written(side))[0].payload.is_empty());
        }
    }
}

#[test]
fn the_server_ends_the_transport_first_and_the_client_waits_for_it() {
    // Who closes; when the server and the client end their directions, in latencies.
    for (side, server_ends, client_ends) in [(Side::Client, 1, 2), (Side::Server, 2, 3)] {
        let mut pair = distant_pair();
        close(&mut pair, side, CloseCode::NORMAL, "");
        pair.advance(5 * LATENCY);
        assert_eq!(pair.ended(Side::Server), Some(server_ends * LATENCY), "{side:?} closes");
        assert_eq!(pair.ended(Side::Client), Some(client_ends * LATENCY), "{side:?} closes");
        assert!(both_are_finished(&mut pair));
    }
}

#[test]
fn both_may_close_at_once() {
    let mut pair = distant_pair();
    close(&mut pair, Side::Client, CloseCode::NORMAL, "c");
    close(&mut pair, Side::Server, CloseCode::GOING_AWAY, "s");
    pair.advance(LATENCY);
    assert_eq!(pair.take_events(Side::Client), closed_event(CloseCode::GOING_AWAY, "s", Cause::Local));
    assert_eq!(pair.take_events(Side::Server), closed_event(CloseCode::NORMAL, "c", Cause::Local));
    pair.advance(2 * LATENCY);
    assert_eq!([sent(&pair, Side::Client), sent(&pair, Side::Server)], [[CLOSE], [CLOSE]]);
    assert!(both_are_finished(&mut pair));
}

#[test]
fn what_was_queued_before_the_close_arrives_before_it() {
    for side in SIDES {
        let mut pair = Pair::new();
        let large = "x".repeat(100_000);
        let connection = pair.connection(side);
        connection.send("first").unwrap();
        connection.send(large.clone()).unwrap();
        connection.ping(b"").unwrap();
        close(&mut pair, side, CloseCode::NORMAL, "");
        pair.run();
        assert_eq!(sent(&pair, side), [PING, TEXT, TEXT, CLOSE]);
        let [Event::Ping(_), first, second, Event::Closed(_)] = &pair.take_events(side.peer())[..] else {
            panic!("a ping, two messages and the end")
        };
        assert_eq!(first, &Event::Message(Message::text("first")));
        assert_eq!(second, &Event::Message(Message::text(large)));
    }
}

#[test]
fn what_the_answering_side_had_queued_goes_out_before_its_answer() {
    for side in SIDES {
        let mut pair = Pair::new();
        pair.block(side.peer(), true);
        pair.connection(side.peer()).send("queued").unwrap();
        close(&mut pair, side, CloseCode::NORMAL, "");
        pair.run();
        pair.block(side.peer(), false);
        pair.run();
        assert_eq!(sent(&pair, side.peer()), [TEXT, CLOSE]);
        // Who has said goodbye is told of nothing but the answer.
        assert_eq!(pair.take_events(side), closed_event(CloseCode::NORMAL, "", Cause::Local));
    }
}

#[test]
fn after_a_close_nothing_can_be_sent_and_pings_are_not_answered() {
    for side in SIDES {
        let mut pair = distant_pair();
        // The ping is under way when the other side closes; its answer would come behind the close frame.
        pair.connection(side.peer()).ping(b"there?").unwrap();
        pair.run();
        close(&mut pair, side, CloseCode::NORMAL, "");
        let connection = pair.connection(side);
        assert!(!connection.is_open());
        assert_eq!(connection.send("late"), Err(UsageError::Closed));
        assert_eq!(connection.send_fragmented("late", 1), Err(UsageError::Closed));
        assert_eq!(connection.send_prepared(&Prepared::new("late")), Err(UsageError::Closed));
        assert_eq!(connection.ping(b"late"), Err(UsageError::Closed));
        pair.advance(5 * LATENCY);
        assert_eq!(sent(&pair, side), [CLOSE]);
        for side in SIDES {
            assert_eq!(pair.connection(side).send("later"), Err(UsageError::Closed));
            assert!(!pair.connection(side).wants_transmit());
        }
    }
}

#[test]
fn a_pong_that_is_owed_is_not_sent_behind_a_close_frame() {
    for side in SIDES {
        for queued in [1, 100_000] {
            let mut pair = Pair::new();
            pair.block(side, true);
            pair.connection(side).send("x".repeat(queued)).unwrap();
            pair.connection(side.peer()).ping(b"there?").unwrap();
            pair.run();
            close(&mut pair, side, CloseCode::NORMAL, "");
            pair.block(side, false);
            pair.run();
            // Before the close frame it may go out.
            let mut firsts = sent(&pair, side);
            assert_eq!(firsts.pop(), Some(CLOSE));
            firsts.retain(|first| *first != PONG);
            assert_eq!(firsts, [TEXT]);
        }
    }
}

#[test]
fn closing_twice_does_nothing() {
    for side in SIDES {
        let mut pair = distant_pair();
        close(&mut pair, side, CloseCode::NORMAL, "first");
        close(&mut pair, side, CloseCode::GOING_AWAY, "second");
        pair.advance(LATENCY);
        close(&mut pair, side.peer(), CloseCode::GOING_AWAY, "third");
        pair.advance(5 * LATENCY);
        close(&mut pair, side, CloseCode::GOING_AWAY, "fourth");
        pair.run();
        assert_eq!([sent(&pair, Side::Client), sent(&pair, Side::Server)], [[CLOSE], [CLOSE]]);
        assert_eq!(frames(pair.written(side))[0].close(), (1000, "first"));
    }
}

#[test]
fn nothing_is_delivered_after_the_peers_close() {
    for side in SIDES {
        let mut pair = Pair::new();
        let frame = |first, payload: &[u8]| wire::frame(side == Side::Client, first, payload);
        let close = frame(CLOSE, &wire::close_body(1000, b""));
        let later = [frame(TEXT, b"late"), frame(PING, b""), frame(0xFF, b""), close.clone()].concat();
        pair.inject(side, &[frame(TEXT, b"in time"), close, later.clone()].concat());
        pair.run();
        pair.inject(side, &later);
        pair.run();
        let [Event::Message(_), Event::Closed(end)] = &pair.take_events(side.peer())[..] else {
            panic!("a message and the end")
        };
        assert_eq!(*end, closed(CloseCode::NORMAL, "", Cause::Peer));
        assert_eq!(sent(&pair, side.peer()), [CLOSE]);
    }
}

#[test]
fn nothing_is_delivered_after_our_close_but_the_answer() {
    for side in SIDES {
        let mut pair = distant_pair();
        pair.connection(side.peer()).send("crosses the close").unwrap();
        close(&mut pair, side, CloseCode::NORMAL, "");
        pair.advance(5 * LATENCY);
        assert_eq!(pair.take_events(side), closed_event(CloseCode::NORMAL, "", Cause::Local));
    }
}

#[test]
fn a_transport_that_ends_without_a_close_frame_is_a_lost_connection() {
    let lost = closed(CloseCode::ABNORMAL, "", Cause::ConnectionLost);
    for side in SIDES {
        let mut pair = distant_pair();
        pair.connection(side).send("last words").unwrap();
        pair.run();
        pair.kill(side);
        pair.advance(5 * LATENCY);
        let events = pair.take_events(side.peer());
        assert_eq!(events, [Event::Message(Message::text("last words")), Event::Closed(lost.clone())]);
        // The other side saw the transport dropped in its turn.
        assert_eq!(pair.closed(side), Some(&lost));
        assert!(!lost.is_clean() && both_are_finished(&mut pair));
        assert!(sent(&pair, side.peer()).is_empty());
    }
}

#[test]
fn a_transport_that_ends_in_the_middle_of_a_message_delivers_none_of_it() {
    for (side, cut) in SIDES.into_iter().flat_map(|side| (1..8).map(move |cut| (side, cut))) {
        let mut pair = Pair::new();
        let octets = wire::frame(side == Side::Client, TEXT, b"Hello");
        pair.inject(side, &octets[..cut.min(octets.len() - 1)]);
        pair.kill(side);
        pair.run();
        let expected = closed_event(CloseCode::ABNORMAL, "", Cause::ConnectionLost);
        assert_eq!(pair.take_events(side.peer()), expected);
        assert_eq!(pair.connection(side.peer()).retained(), 0);
    }
}

#[test]
fn a_transport_that_ends_before_the_answer_to_a_close_is_a_lost_connection() {
    for side in SIDES {
        let mut pair = Pair::new();
        pair.cut(side);
        close(&mut pair, side, CloseCode::NORMAL, "");
        pair.run();
        pair.kill(side.peer());
        pair.run();
        let expected = closed_event(CloseCode::ABNORMAL, "", Cause::ConnectionLost);
        assert_eq!(pair.take_events(side), expected);
    }
}

#[test]
fn a_peer_that_ends_its_direction_behind_its_close_frame_still_gets_the_answer() {
    for side in SIDES {
        let mut pair = Pair::new();
        pair.block(side.peer(), true);
        close(&mut pair, side, CloseCode::NORMAL, "");
        pair.run();
        pair.kill(side);
        pair.run();
        assert!(!pair.connection(side.peer()).is_finished(), "an answer waits");
        pair.block(side.peer(), false);
        pair.run();
        assert_eq!(sent(&pair, side.peer()), [CLOSE]);
        assert!(pair.connection(side.peer()).is_finished());
    }
}

/// Everything that can happen to a connection besides, once it is over.
fn bother(pair: &mut Pair, side: Side) {
    pair.inject(side.peer(), &wire::frame(side == Side::Server, TEXT, b"late"));
    pair.inject(side.peer(), &wire::frame(side == Side::Server, 0xFF, b"malformed"));
    pair.run();
    close(pair, side, CloseCode::NORMAL, "");
    pair.connection(side).end_of_input();
    pair.run();
    pair.connection(side).connection_lost();
    pair.run();
    pair.advance(10 * Config::default().close_timeout);
}

#[test]
fn closed_comes_exactly_once_whatever_way_a_connection_ended() {
    type End = fn(&mut Pair, Side);
    let ends: [(&str, End); 8] = [
        ("closed by us", |pair, side| close(pair, side, CloseCode::NORMAL, "")),
        ("closed by the peer", |pair, side| close(pair, side.peer(), CloseCode::NORMAL, "")),
        ("closed by both", |pair, side| {
            close(pair, side, CloseCode::NORMAL, "");
            close(pair, side.peer(), CloseCode::NORMAL, "");
        }),
        ("closed, not answered", |pair, side| {
            pair.cut(side);
            close(pair, side, CloseCode::NORMAL, "");
            pair.advance(Config::default().close_timeout);
        }),
        ("malformed", |pair, side| pair.inject(side.peer(), &[0xFF])),
        ("end of input", |pair, side| pair.kill(side.peer())),
        ("connection lost", |pair, side| pair.connection(side).connection_lost()),
        ("silence", |pair, side| {
            pair.cut(side.peer());
            pair.advance(10 * Config::default().idle_timeout.unwrap());
        }),
    ];
    for (name, end) in ends {
        for side in SIDES {
            let mut pair = Pair::new();
            pair.connection(side).ping(b"unanswered").unwrap();
            end(&mut pair, side);
            pair.run();
            assert!(pair.closed(side).is_some(), "{name}");
            // The fixture fails on any event after Closed.
            bother(&mut pair, side);
            let events = pair.take_events(side);
            let count = events.iter().filter(|event| matches!(event, Event::Closed(_))).count();
            assert_eq!(count, 1, "{name}: {events:?}");
            assert!(pair.connection(side).is_finished(), "{name}");
        }
    }
}

#[test]
fn a_connection_that_is_over_holds_nothing_and_wants_nothing() {
    // With a frame half handed out, messages that wait, and a pong owed.
    for side in SIDES {
        let mut pair = Pair::new();
        pair.block(side, true);
        pair.connection(side).send(vec![1; 10_000]).unwrap();
        pair.connection(side).send(vec![2; 10_000]).unwrap();
        pair.connection(side.peer()).ping(b"there?").unwrap();
        pair.run();
        let connection = pair.connection(side);
        assert!(connection.poll_transmit().is_some(), "the pong");
        assert!(connection.poll_transmit().is_some(), "a header, or all of it");
        pair.connection(side.peer()).ping(b"and now?").unwrap();
        pair.run();
        let connection = pair.connection(side);
        connection.connection_lost();
        assert_eq!(connection.poll_transmit(), None);
        assert!(!connection.wants_transmit());
        assert_eq!((connection.queued(), connection.retained()), (0, 0));
    }
}
