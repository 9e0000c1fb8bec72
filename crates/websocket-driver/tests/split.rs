//! A connection in halves does what it does undivided, in whatever order its signals are carried.

mod halves;
mod wire;

use std::time::Duration;

use halves::{Halves, Outcome, Step, messages, undivided};
use proptest::prelude::*;
use proptest::sample::select;
use websocket_driver::pair::{SIDES, Side};
use websocket_driver::{Budget, Cause, CloseCode, Config, Event};
use wire::{CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frame, whole_frames};

const SECOND: Duration = Duration::from_secs(1);

/// All that can be done to either side, without signals.
fn step(side: Side) -> impl Strategy<Value = Step> {
    let octets = move |first, payload: &[u8]| frame(side == Side::Server, first, payload);
    let arrivals = vec![
        octets(TEXT, b"hello"),
        octets(TEXT - FIN, b"begun "),
        octets(CONTINUATION, b"ended"),
        octets(PING, b"theirs"),
        octets(PONG, b""),
        [octets(PING, b"1"), octets(PING, b"2"), octets(TEXT, b"after pings")].concat(),
        octets(TEXT, b"cut")[..4].to_vec(),
    ];
    let endings = vec![
        octets(CLOSE, &wire::close_body(1001, b"leaving")),
        octets(CLOSE, b""),
        octets(0x83, b""),
        octets(TEXT, b"\xFF"),
    ];
    prop_oneof![
        12 => select(arrivals).prop_map(Step::Arrive),
        1 => select(endings).prop_map(Step::Arrive),
        6 => select(vec![Step::Send("ours"), Step::Send("more"), Step::Ping]),
        3 => select(vec![Step::Part("par", false), Step::Part("t", true), Step::Announce(4)]),
        8 => Just(Step::Transmit),
        2 => select(vec![1, 5, 10, 20, 45]).prop_map(|seconds| Step::Pass(seconds * SECOND)),
        2 => select(vec![Step::Close, Step::EndOfInput, Step::ReadFails, Step::WriteFails]),
    ]
}

fn steps() -> impl Strategy<Value = (Side, Vec<Step>)> {
    select(SIDES.to_vec()).prop_flat_map(|side| (Just(side), prop::collection::vec(step(side), 0..25)))
}

/// The same with signals that are carried now and then.
fn interleaved() -> impl Strategy<Value = (Side, Vec<Step>)> {
    select(SIDES.to_vec()).prop_flat_map(|side| {
        let carry = select(vec![Step::CarryToSend, Step::CarryToReceive]);
        (Just(side), prop::collection::vec(prop_oneof![step(side), carry], 0..60))
    })
}

fn halved(side: Side, config: &Config, steps: &[Step]) -> Outcome {
    let mut halves = Halves::new(side, config.clone(), true);
    for step in steps {
        halves.step(step);
    }
    halves.outcome
}

fn closes(events: &[Event<'_>]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Closed(_))).count()
}

/// One way for a connection to end.
fn end() -> [Step; 6] {
    // Time enough for everything: silence, a close, and what either causes.
    [
        Step::Transmit,
        Step::Pass(60 * SECOND),
        Step::Transmit,
        Step::Pass(60 * SECOND),
        Step::Transmit,
        Step::Transmit,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn halves_whose_signals_are_carried_at_once_do_what_the_whole_does((side, mut steps) in steps()) {
        let config = Config::default();
        steps.extend(end());
        prop_assert_eq!(halved(side, &config, &steps), undivided(side, &config, &steps));
    }

    #[test]
    fn in_any_interleaving_a_connection_ends_once_and_whole((side, steps) in interleaved()) {
        let config = Config::default();
        let mut halves = Halves::new(side, config.clone(), false);
        for step in &steps {
            halves.step(step);
            prop_assert!(closes(&halves.outcome.events) <= 1);
        }
        halves.carry();
        for step in end() {
            halves.step(&step);
            halves.carry();
        }
        let Outcome { events, written, is_finished, .. } = &halves.outcome;
        prop_assert!(is_finished, "{:?}", halves);
        prop_assert!(halves.receive.is_finished());
        prop_assert_eq!(closes(events), 1);
        prop_assert!(matches!(events.last(), Some(Event::Closed(_))), "{:?}", events);
        prop_assert_eq!((halves.receive.retained(), halves.send.retained()), (0, 0));
        prop_assert_eq!((halves.receive.poll_timeout(), halves.send.poll_timeout()), (None, None));
        let frames = whole_frames(written).0;
        let close = frames.iter().position(|frame| frame.first == CLOSE);
        prop_assert!(close.is_none_or(|at| at + 1 == frames.len()), "a close frame is the last");

        let whole = undivided(side, &config, &steps);
        let (ours, theirs) = (messages(events), messages(&whole.events));
        let ends_itself = steps.iter().any(|step| matches!(step, Step::Close | Step::WriteFails | Step::Pass(_)));
        if ends_itself {
            // The receiving half hears of it later, or of a pong earlier.
            prop_assert!(ours.starts_with(&theirs) || theirs.starts_with(&ours));
        } else {
            prop_assert_eq!(ours, theirs);
        }
    }
}

#[test]
fn a_flood_of_pings_makes_no_signals_pile_up() {
    for side in SIDES {
        let mut halves = Halves::new(side, Config::default(), false);
        for number in 0..10_000u32 {
            let ping = frame(side == Side::Server, PING, &number.to_be_bytes());
            halves.step(&Step::Arrive(ping));
            if number % 100 == 0 {
                // Silence makes pings of our own, which must not come between.
                halves.step(&Step::Pass(21 * SECOND));
            }
        }
        let mut signals = 0;
        while let Some(signal) = halves.receive.poll_signal() {
            halves.send.handle_signal(signal, halves.now);
            signals += 1;
        }
        assert!(signals <= 2, "{signals}");
        halves.step(&Step::Transmit);
        let frames = whole_frames(&halves.outcome.written).0;
        assert!(frames.iter().any(|frame| frame.first == PONG && frame.payload == 9_999u32.to_be_bytes()));
    }
}

#[test]
fn each_half_keeps_the_deadline_of_a_close_by_itself() {
    for (side, first) in
        [(Side::Client, true), (Side::Server, true), (Side::Client, false), (Side::Server, false)]
    {
        let mut halves = Halves::new(side, Config::default(), false);
        halves.step(&Step::Close);
        halves.carry();
        halves.step(&Step::Transmit);
        let due = halves.now + Config::default().close_timeout;
        assert_eq!((halves.receive.poll_timeout(), halves.send.poll_timeout()), (Some(due), Some(due)));
        halves.now = due;
        if first {
            halves.receive.handle_timeout(due);
        } else {
            halves.send.handle_timeout(due);
        }
        halves.carry();
        assert!(halves.receive.is_finished() && halves.send.is_finished());
        let [Event::Closed(closed)] = &halves.outcome.events[..] else { panic!("the end") };
        assert_eq!(closed.cause, Cause::CloseTimeout);
    }
}

#[test]
fn silence_is_kept_by_the_receiving_half() {
    for side in SIDES {
        let mut halves = Halves::new(side, Config::default(), false);
        assert_eq!(halves.send.poll_timeout(), None);
        halves.step(&Step::Pass(20 * SECOND));
        halves.carry();
        halves.step(&Step::Transmit);
        assert_eq!(whole_frames(&halves.outcome.written).0[0].first, PING);
        halves.step(&Step::Pass(25 * SECOND));
        halves.carry();
        assert!(halves.send.is_finished());
        assert!(
            matches!(&halves.outcome.events[..], [Event::Closed(end)] if end.cause == Cause::IdleTimeout)
        );
    }
}

#[test]
fn a_half_that_holds_too_much_closes_the_connection() {
    let budget = Budget::new(usize::MAX);
    let config = Config { max_retained: 10_000, budget: Some(budget.clone()), ..Config::default() };
    for side in SIDES {
        // The sending half: what waits is thrown away.
        let mut halves = Halves::new(side, config.clone(), false);
        halves.send.send(vec![0; 20_000]).unwrap();
        assert!(halves.send.retained() < 10_000);
        halves.carry();
        halves.step(&Step::Transmit);
        let frames = whole_frames(&halves.outcome.written).0;
        assert_eq!(frames[0].close().0, CloseCode::TRY_AGAIN_LATER.get());
        assert!(
            matches!(&halves.outcome.events[..], [Event::Closed(end)] if end.cause == Cause::MemoryLimit)
        );

        // The receiving half: an unfinished message.
        let mut halves = Halves::new(side, config.clone(), false);
        let part = frame(side == Side::Server, TEXT - FIN, &[b'x'; 6_000]);
        halves.step(&Step::Arrive(part));
        assert_eq!(budget.used(), halves.receive.retained());
        halves.step(&Step::Arrive(frame(side == Side::Server, CONTINUATION - FIN, &[b'x'; 6_000])));
        halves.carry();
        halves.step(&Step::Transmit);
        let frames = whole_frames(&halves.outcome.written).0;
        assert_eq!(frames[0].close().0, CloseCode::TOO_BIG.get());
        assert!(
            matches!(&halves.outcome.events[..], [Event::Closed(end)] if end.cause == Cause::MemoryLimit)
        );
        drop(halves);
        assert_eq!(budget.used(), 0);
    }
}
