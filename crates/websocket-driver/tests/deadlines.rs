//! What a connection does when time passes and nothing happens.

mod wire;

use std::time::Duration;

use websocket_driver::pair::{Pair, SIDES, Side};
use websocket_driver::{Cause, CloseCode, Config, Event, Input, Message};
use wire::{CLOSE, PING, TEXT, frames};

const SECOND: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(1);
const PING_INTERVAL: Duration = Duration::from_secs(20);
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// A pair in which only `side` keeps deadlines in earnest: its peer is patient, and never pings.
fn pair_with_watchful(side: Side) -> Pair {
    let patient = Config { ping_interval: None, idle_timeout: None, ..Config::default() };
    let watchful = Config {
        ping_interval: Some(PING_INTERVAL),
        idle_timeout: Some(IDLE_TIMEOUT),
        close_timeout: CLOSE_TIMEOUT,
        ..Config::default()
    };
    match side {
        Side::Client => Pair::with_each(watchful, patient, 0),
        Side::Server => Pair::with_each(patient, watchful, 0),
    }
}

fn sent(pair: &Pair, side: Side) -> Vec<u8> {
    frames(pair.written(side)).iter().map(|frame| frame.first).collect()
}

fn cause(pair: &Pair, side: Side) -> Option<Cause> {
    pair.closed(side).map(|closed| closed.cause.clone())
}

fn close(pair: &mut Pair, side: Side) {
    let now = pair.now();
    pair.connection(side).close(CloseCode::NORMAL, "", now).expect("a close that can be sent");
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let config = Config::default();
    assert_eq!(config.ping_interval, Some(PING_INTERVAL));
    assert_eq!(config.idle_timeout, Some(IDLE_TIMEOUT));
    assert_eq!(config.close_timeout, CLOSE_TIMEOUT);
}

#[test]
fn a_silent_peer_is_pinged_after_the_ping_interval_and_not_before() {
    for side in SIDES {
        let mut pair = pair_with_watchful(side);
        pair.cut(side);
        pair.advance(PING_INTERVAL - TICK);
        assert!(sent(&pair, side).is_empty());
        pair.advance(TICK);
        assert_eq!(sent(&pair, side), [PING]);
        pair.advance(IDLE_TIMEOUT - PING_INTERVAL - TICK);
        assert_eq!(sent(&pair, side), [PING], "one ping for one silence");
    }
}

#[test]
fn a_peer_that_answers_pings_is_kept_for_ever() {
    for side in SIDES {
        let mut pair = pair_with_watchful(side);
        pair.delay(side, SECOND);
        pair.delay(side.peer(), SECOND);
        pair.advance(3600 * SECOND);
        assert!(pair.connection(side).is_open());
        // Each silence begins with the answer to the last ping, which took two seconds.
        assert_eq!(sent(&pair, side).len(), 3600 / 22);
    }
}

#[test]
fn a_peer_that_stays_silent_is_lost_after_the_idle_timeout_and_not_before() {
    for side in SIDES {
        let mut pair = pair_with_watchful(side);
        pair.cut(side.peer());
        pair.advance(IDLE_TIMEOUT - TICK);
        assert_eq!(cause(&pair, side), None);
        pair.advance(TICK);
        let closed = pair.closed(side).unwrap();
        assert_eq!((closed.code, &closed.cause), (CloseCode::ABNORMAL, &Cause::IdleTimeout));
        assert!(pair.connection(side).is_finished());
        assert_eq!(pair.connection(side).poll_timeout(), None);
        assert_eq!(sent(&pair, side), [PING], "who does not listen is sent no close frame");
    }
}

#[test]
fn any_octet_is_a_sign_of_life() {
    for side in SIDES {
        let mut pair = pair_with_watchful(side);
        pair.cut(side);
        let octets = wire::frame(side == Side::Server, TEXT, b"very slowly");
        for octet in &octets {
            pair.advance(IDLE_TIMEOUT - TICK);
            pair.inject(side.peer(), &[*octet]);
        }
        pair.run();
        assert_eq!(pair.take_events(side), [Event::Message(Message::text("very slowly"))]);
        assert_eq!(sent(&pair, side).len(), octets.len(), "a ping for each silence");
    }
}

#[test]
fn a_read_of_nothing_is_no_sign_of_life() {
    let mut pair = Pair::new();
    let due = pair.connection(Side::Client).poll_timeout();
    let later = pair.now() + SECOND;
    assert_eq!(pair.connection(Side::Client).receive(&mut Input::new(&mut []), later), None);
    assert_eq!(pair.connection(Side::Client).poll_timeout(), due);
}

#[test]
fn deadlines_that_are_not_set_do_not_run() {
    for side in SIDES {
        let mut pair = pair_with_watchful(side);
        let patient = side.peer();
        assert_eq!(pair.connection(patient).poll_timeout(), None);
        pair.cut(side);
        pair.cut(patient);
        pair.advance(86_400 * SECOND);
        assert!(pair.connection(patient).is_open());
        assert!(sent(&pair, patient).is_empty());
    }
}

#[test]
fn a_ping_interval_without_an_idle_timeout_pings_once_for_each_silence() {
    let config = Config { idle_timeout: None, ..Config::default() };
    let silent = Config { ping_interval: None, ..config.clone() };
    let mut pair = Pair::with_each(config, silent, 0);
    pair.cut(Side::Client);
    pair.advance(86_400 * SECOND);
    assert_eq!(sent(&pair, Side::Client), [PING]);
    assert_eq!(pair.connection(Side::Client).poll_timeout(), None);
}

#[test]
fn an_idle_timeout_without_a_ping_interval_loses_a_quiet_peer() {
    let config = Config { ping_interval: None, ..Config::default() };
    let mut pair = Pair::with(config, 0);
    pair.advance(IDLE_TIMEOUT);
    for side in SIDES {
        assert_eq!(cause(&pair, side), Some(Cause::IdleTimeout));
        assert!(sent(&pair, side).is_empty());
    }
}

#[test]
fn a_timer_that_rings_early_does_nothing() {
    let mut pair = Pair::new();
    let due = pair.connection(Side::Client).poll_timeout();
    let early = pair.now() + PING_INTERVAL - TICK;
    pair.connection(Side::Client).handle_timeout(early);
    assert_eq!(pair.connection(Side::Client).poll_timeout(), due);
    assert!(!pair.connection(Side::Client).wants_transmit());
}

#[test]
fn a_timer_that_rings_very_late_finds_the_peer_lost() {
    let mut pair = Pair::new();
    let late = pair.now() + 10 * IDLE_TIMEOUT;
    pair.connection(Side::Client).handle_timeout(late);
    pair.run();
    assert_eq!(cause(&pair, Side::Client), Some(Cause::IdleTimeout));
}

#[test]
fn a_peer_that_never_answers_a_close_is_given_up_after_the_close_timeout() {
    for side in SIDES {
        let mut pair = pair_with_watchful(side);
        pair.cut(side);
        // The time counts from the close, not from the peer's last word.
        pair.advance(PING_INTERVAL);
        close(&mut pair, side);
        pair.advance(CLOSE_TIMEOUT - TICK);
        assert_eq!(cause(&pair, side), None);
        pair.advance(TICK);
        let closed = pair.closed(side).unwrap();
        assert_eq!((closed.code, &closed.cause), (CloseCode::ABNORMAL, &Cause::CloseTimeout));
        assert!(pair.connection(side).is_finished());
    }
}

#[test]
fn a_peer_that_talks_on_instead_of_answering_a_close_gains_no_time() {
    for side in SIDES {
        let mut pair = pair_with_watchful(side);
        pair.cut(side);
        close(&mut pair, side);
        for _ in 0..10 {
            assert_eq!(cause(&pair, side), None);
            pair.inject(side.peer(), &wire::frame(side == Side::Server, TEXT, b"but"));
            pair.advance(CLOSE_TIMEOUT / 10);
        }
        assert_eq!(cause(&pair, side), Some(Cause::CloseTimeout));
    }
}

#[test]
fn a_close_has_one_budget_for_the_answer_and_for_the_end_of_the_transport() {
    // The peer answers late and then never ends the transport.
    for side in SIDES {
        let mut pair = pair_with_watchful(side);
        pair.cut(side);
        close(&mut pair, side);
        pair.advance(CLOSE_TIMEOUT - SECOND);
        let answer = wire::frame(side == Side::Server, CLOSE, &wire::close_body(1000, b""));
        pair.inject(side.peer(), &answer);
        pair.run();
        assert_eq!(cause(&pair, side), Some(Cause::Local));
        pair.advance(SECOND - TICK);
        assert!(!pair.connection(side).is_finished());
        pair.advance(TICK);
        assert!(pair.connection(side).is_finished(), "{side:?}");
    }
}

#[test]
fn deadlines_run_while_writing_stands_still() {
    for side in SIDES {
        // For the answer to a close: our own close frame does not even get out.
        let mut pair = pair_with_watchful(side);
        pair.block(side, true);
        pair.connection(side).send("stuck").unwrap();
        close(&mut pair, side);
        pair.advance(CLOSE_TIMEOUT);
        assert_eq!(cause(&pair, side), Some(Cause::CloseTimeout));

        // For getting our answer out.
        let mut pair = pair_with_watchful(side);
        pair.block(side, true);
        pair.connection(side).send("stuck").unwrap();
        close(&mut pair, side.peer());
        pair.run();
        assert_eq!(cause(&pair, side), Some(Cause::Peer));
        pair.advance(CLOSE_TIMEOUT);
        assert!(pair.connection(side).is_finished());
        assert_eq!(pair.connection(side).retained(), 0);

        // For silence.
        let mut pair = pair_with_watchful(side);
        pair.block(side, true);
        pair.advance(IDLE_TIMEOUT);
        assert_eq!(cause(&pair, side), Some(Cause::IdleTimeout));
    }
}

#[test]
fn pings_do_not_pile_up_while_writing_stands_still() {
    for side in SIDES {
        let mut pair = pair_with_watchful(side);
        pair.block(side, true);
        for _ in 0..1000 {
            pair.advance(PING_INTERVAL);
            pair.inject(side.peer(), &wire::frame(side == Side::Server, TEXT, b"x"));
        }
        pair.run();
        pair.block(side, false);
        pair.run();
        assert_eq!(sent(&pair, side), [PING]);
    }
}

#[test]
fn a_time_that_is_too_long_to_count_never_comes() {
    let endless = Some(Duration::MAX);
    let config = Config {
        ping_interval: endless,
        idle_timeout: endless,
        close_timeout: Duration::MAX,
        ..Config::default()
    };
    let mut pair = Pair::with(config, 0);
    pair.advance(SECOND);
    close(&mut pair, Side::Client);
    pair.advance(SECOND);
    assert_eq!(cause(&pair, Side::Client), Some(Cause::Local));
}
