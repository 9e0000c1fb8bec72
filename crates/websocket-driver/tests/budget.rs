//! Memory is counted as it is, and connections give way in order when it runs short.

mod deflated;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use deflated::{FULL, shake_hands};
use proptest::prelude::*;
use websocket_driver::pair::{Pair, SIDES, Side};
use websocket_driver::{
    Budget, Cause, CloseCode, Closed, Config, Connection, Event, Input, Kind, Message, Transmit,
};
use wire::{BINARY, CONTINUATION, FIN, PING, TEXT, frame, frames};

const KIB: usize = 1 << 10;

/// Small change: entries of queues, memory that grows by doubling.
const SLACK: usize = 1024;

/// What a compressor keeps less than its whole window.
const LOOKAHEAD: usize = 262;

fn server(config: &Config) -> Connection {
    Connection::server(Arc::new(config.clone()), Instant::now())
}

fn of_budget(budget: &Arc<Budget>) -> Config {
    Config { budget: Some(budget.clone()), max_retained: usize::MAX, ..Config::default() }
}

/// Delivers octets and gives the end, if they bring it.
fn arrive(connection: &mut Connection, octets: &[u8]) -> Option<Closed> {
    let mut octets = octets.to_vec();
    let mut input = Input::new(&mut octets);
    let mut closed = None;
    while let Some(event) = connection.receive(&mut input, Instant::now()) {
        if let Event::Closed(end) = event {
            closed = Some(end);
        }
    }
    closed
}

/// The beginning of a message whose end never comes.
fn unfinished(len: usize) -> Vec<u8> {
    frame(true, BINARY - FIN, &vec![7; len])
}

fn assert_about(actual: usize, expected: usize) {
    assert!((expected..=expected + SLACK).contains(&actual), "{actual}, not about {expected}");
}

#[test]
fn what_is_retained_is_what_was_sent_and_not_handed_out() {
    let mut connection = server(&Config::default());
    assert_eq!(connection.retained(), 0);
    for len in [1, 100, 4_095, 4_096, 100_000, 1_000_000] {
        connection.send(vec![7; len]).unwrap();
        let header = if len < 126 {
            2
        } else if len < 1 << 16 {
            4
        } else {
            10
        };
        assert_eq!(connection.queued(), len + header);
        assert_about(connection.retained(), len + header);
        while connection.poll_transmit().is_some() {}
        assert_eq!((connection.queued(), connection.retained()), (0, 0));
    }
    connection.ping(&[7; 100]).unwrap();
    assert_about(connection.retained(), 102);
}

#[test]
fn what_is_retained_is_what_came_of_an_unfinished_message() {
    for len in [1_000, 10_000, 300_000] {
        let mut connection = server(&Config::default());
        arrive(&mut connection, &unfinished(len));
        assert_about(connection.retained(), len);
        arrive(&mut connection, &frame(true, CONTINUATION, b""));
        assert_eq!(connection.retained(), 0);

        // A frame that is announced and does not come costs nothing; what came of it does.
        let mut connection = server(&Config::default());
        let announced = frame(true, TEXT, &vec![b'x'; len]);
        arrive(&mut connection, &announced[..len / 2]);
        assert!((len / 2 - 14..len + SLACK).contains(&connection.retained()));
        arrive(&mut connection, &announced[len / 2..]);
        assert_eq!(connection.retained(), 0);
    }
}

#[test]
fn what_a_peer_pings_without_reading_is_retained_and_little() {
    let mut connection = server(&Config::default());
    for _ in 0..10_000 {
        arrive(&mut connection, &frame(true, PING, &[7; 125]));
    }
    assert!((1_024..4 * KIB).contains(&connection.retained()), "{}", connection.retained());
    while connection.poll_transmit().is_some() {}
    assert_eq!(connection.retained(), 0);
}

#[test]
fn the_windows_of_compression_are_retained_and_given_back_when_hibernating() {
    let agreed = shake_hands(FULL, FULL);
    let mut pair = Pair::new().compressing(agreed.client, agreed.server);
    let before = SIDES.map(|side| pair.connection(side).retained());
    let words: String = (0..20_000).map(|n| format!("{n} ")).collect();
    for side in SIDES {
        pair.connection(side).send(words.as_str()).unwrap();
    }
    pair.run();
    for (side, before) in SIDES.into_iter().zip(before) {
        assert_about(pair.connection(side).retained() - before, 2 * (32 * KIB) - LOOKAHEAD);
        pair.connection(side).hibernate();
        // What the peer may refer to stays.
        assert_about(pair.connection(side).retained() - before, 32 * KIB);
        pair.take_events(side);
    }
    for side in SIDES {
        pair.connection(side).send(words.as_str()).unwrap();
    }
    pair.run();
    for side in SIDES {
        assert_eq!(pair.take_events(side), [Event::Message(Message::text(words.as_str()))]);
    }
}

#[test]
fn the_budget_is_charged_with_everything_and_gets_everything_back() {
    let budget = Budget::new(usize::MAX);
    let config = of_budget(&budget);
    let mut all: Vec<Connection> = (0..10).map(|_| server(&config)).collect();
    let sum = |all: &[Connection]| all.iter().map(Connection::retained).sum::<usize>();
    for (n, connection) in all.iter_mut().enumerate() {
        connection.send(vec![7; 1_000 * n]).unwrap();
        arrive(connection, &unfinished(1_000));
        connection.ping(b"").unwrap();
        connection.announce(Kind::Binary, 100).unwrap();
        connection.send_part(&[7; 50][..], false).unwrap();
    }
    assert_eq!(budget.used(), sum(&all));
    assert!(budget.used() > 55_000);
    while all[9].poll_transmit().is_some() {}
    all[8].connection_lost();
    all[7].discard_queue();
    all[6].end_of_input();
    all[5].hibernate();
    assert_eq!(budget.used(), sum(&all));
    assert_eq!((all[8].retained(), all[6].retained()), (0, 0));
    while all.pop().is_some() {
        assert_eq!(budget.used(), sum(&all));
    }
    assert_eq!(budget.used(), 0);
}

#[test]
fn from_a_half_on_a_connection_hibernates() {
    let agreed = shake_hands(FULL, FULL);
    let words: String = (0..20_000).map(|n| format!("{n} ")).collect();
    for (max_retained, keeps_window) in [(1 << 20, true), (48 * KIB, false)] {
        let config = Config { max_retained, ..Config::default() };
        let mut pair = Pair::with(config, 0).compressing(agreed.client, agreed.server);
        pair.connection(Side::Server).send(&words[..10_000]).unwrap();
        pair.run();
        pair.connection(Side::Server).send(&words[10_000..50_000]).unwrap();
        pair.run();
        assert_eq!(pair.connection(Side::Server).retained() > 31 * KIB, keeps_window);
        assert!(pair.connection(Side::Server).is_open());
    }
}

#[test]
fn from_three_quarters_on_a_connection_gives_back_what_was_taken_in_advance() {
    let config = Config { max_retained: 10_000, ..Config::default() };
    let mut connection = server(&config);
    arrive(&mut connection, &unfinished(4_100));
    for _ in 0..40 {
        arrive(&mut connection, &frame(true, CONTINUATION - FIN, &[7; 100]));
    }
    // Doubling would have taken 8,200 and then 16,400.
    assert_eq!(connection.retained(), 8_100);
    assert!(connection.is_open());
}

#[test]
fn from_seven_eighths_on_a_connection_reads_only_while_its_queue_is_taken() {
    let config = Config { max_retained: 8_000, ..Config::default() };
    let mut connection = server(&config);
    connection.send(vec![7; 6_500]).unwrap();
    assert!(connection.wants_read());
    connection.send(vec![7; 700]).unwrap();
    assert!(connection.is_open() && !connection.wants_read());
    assert!(connection.poll_timeout().unwrap() > Instant::now(), "nothing is due");
    while connection.poll_transmit().is_some() {}
    assert!(connection.wants_read());
    // An unfinished message is no reason not to read its end.
    arrive(&mut connection, &unfinished(7_200));
    assert!(connection.is_open() && connection.wants_read());
}

#[test]
fn who_holds_nothing_reads_however_full_the_budget_is() {
    let budget = Budget::new(8_000);
    let mut full = server(&of_budget(&budget));
    let mut other = server(&of_budget(&budget));
    full.send(vec![7; 7_500]).unwrap();
    arrive(&mut other, &frame(true, TEXT, b"x"));
    assert!(!full.wants_read() && other.wants_read());
}

#[test]
fn an_unfinished_message_above_the_limit_is_refused_with_1009() {
    let config = Config { max_retained: 10_000, ..Config::default() };
    let mut connection = server(&config);
    assert_eq!(arrive(&mut connection, &unfinished(9_000)), None);
    let closed = arrive(&mut connection, &frame(true, CONTINUATION - FIN, &[7; 2_000])).unwrap();
    assert_eq!((closed.code, &closed.cause), (CloseCode::TOO_BIG, &Cause::MemoryLimit));
    let (octets, _) = wire::transmitted(&mut connection);
    assert_eq!(frames(&octets)[0].close().0, 1009);
    assert_eq!(connection.retained(), 0);
}

#[test]
fn a_queue_above_the_limit_is_thrown_away_and_closed_with_1013_at_once() {
    for side in SIDES {
        let config = Config { max_retained: 10_000, ..Config::default() };
        let mut pair = Pair::with(config, 0);
        pair.connection(side).send("before").unwrap();
        pair.run();
        pair.block(side, true);
        pair.connection(side).send(vec![7; 9_000]).unwrap();
        pair.run();
        assert_eq!(pair.closed(side), None);
        pair.connection(side).send(vec![7; 2_000]).unwrap();
        // No time needs to pass, and nothing to arrive.
        pair.run();
        assert_eq!(pair.closed(side).unwrap().cause, Cause::MemoryLimit);
        assert!(pair.connection(side).retained() < SLACK);
        pair.block(side, false);
        pair.run();
        let written = frames(pair.written(side));
        assert_eq!((written.len(), written[1].close().0), (2, 1013));
        assert_eq!(pair.closed(side.peer()).unwrap().code, CloseCode::TRY_AGAIN_LATER);
    }
}

#[test]
fn a_large_message_that_is_taken_at_once_closes_nothing() {
    let config = Config { max_retained: 10_000, ..Config::default() };
    let mut connection = server(&config);
    connection.send(vec![7; 1 << 20]).unwrap();
    while let Some(transmit) = connection.poll_transmit() {
        assert!(matches!(transmit, Transmit::Bytes(_)));
    }
    connection.handle_timeout(Instant::now());
    assert_eq!(connection.poll_event(), None);
    assert!(connection.is_open());
}

#[test]
fn who_does_not_grow_is_not_closed_for_anothers_growth() {
    let budget = Budget::new(100_000);
    let config = of_budget(&budget);
    let mut calm: Vec<Connection> = (0..8).map(|_| server(&config)).collect();
    for connection in &mut calm {
        assert_eq!(arrive(connection, &unfinished(10_000)), None);
    }
    // Above the limit because of one.
    let mut greedy = server(&config);
    greedy.send(vec![7; 30_000]).unwrap();
    assert!(budget.used() > budget.limit());
    for connection in &mut calm {
        connection.handle_timeout(Instant::now());
        assert_eq!(arrive(connection, &frame(true, PING, b"")), None);
        assert!(connection.is_open());
    }
    assert!(greedy.poll_timeout().unwrap() <= Instant::now(), "it is due at once");
    greedy.handle_timeout(Instant::now());
    let Some(Event::Closed(closed)) = greedy.poll_event() else { panic!("the end") };
    assert_eq!((closed.code, closed.cause), (CloseCode::TRY_AGAIN_LATER, Cause::MemoryLimit));
    assert!(budget.used() < budget.limit(), "its queue was given back");

    // Who grows by receiving goes with 1009.
    drop(greedy);
    let mut greedy = server(&config);
    let closed = arrive(&mut greedy, &unfinished(30_000)).unwrap();
    assert_eq!((closed.code, closed.cause), (CloseCode::TOO_BIG, Cause::MemoryLimit));
    assert!(calm.iter().all(Connection::is_open));
    drop((calm, greedy));
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_thousand_connections_with_unfinished_messages_stay_within_the_budget() {
    const LIMIT: usize = 4 << 20;
    let budget = Budget::new(LIMIT);
    let config = of_budget(&budget);
    let mut all: Vec<Connection> = (0..1_000).map(|_| server(&config)).collect();
    let mut refused = 0;
    // Each wants 10 kB in the end; together they may hold 4 MiB.
    for round in 0..10 {
        for connection in &mut all {
            let first = if round == 0 { BINARY - FIN } else { 0 };
            if connection.is_open()
                && let Some(closed) = arrive(connection, &frame(true, first, &[7; 1_000]))
            {
                assert_eq!((closed.code, closed.cause), (CloseCode::TOO_BIG, Cause::MemoryLimit));
                while connection.poll_transmit().is_some() {}
                refused += 1;
            }
            assert!(budget.used() <= LIMIT, "{} in round {round}", budget.used());
        }
    }
    let open = all.iter().filter(|connection| connection.is_open()).count();
    assert_eq!(open + refused, 1_000);
    assert!((350..=450).contains(&open), "{open} of a thousand are served");
    let sum: usize = all.iter().map(Connection::retained).sum();
    assert_eq!(budget.used(), sum);
    // Those that were kept can finish.
    for connection in all.iter_mut().filter(|connection| connection.is_open()) {
        arrive(connection, &frame(true, CONTINUATION, b""));
    }
    assert_eq!(budget.used(), 0);
}

proptest! {
    #[test]
    fn the_budget_is_the_sum_of_what_connections_retain_whatever_they_do(
        steps in prop::collection::vec((0usize..4, 0usize..9, 0usize..5_000), 0..60),
        limit in prop::sample::select(vec![usize::MAX, 20_000, 5_000]),
    ) {
        let budget = Budget::new(limit);
        let config = Config { max_retained: 8_000, ..of_budget(&budget) };
        let mut all: Vec<Connection> = (0..4).map(|_| server(&config)).collect();
        for (at, what, len) in steps {
            let connection = &mut all[at];
            match what {
                0 => _ = connection.send(vec![7; len]),
                1 => _ = connection.send_part(&vec![7; len][..], len % 3 == 0),
                2 => _ = connection.ping(&[7; 125]),
                3 => while connection.poll_transmit().is_some() {},
                4 => _ = connection.poll_transmit(),
                5 => _ = arrive(connection, &frame(true, BINARY - FIN, &vec![7; len])),
                6 => _ = arrive(connection, &frame(true, CONTINUATION - FIN, &vec![7; len])),
                7 => connection.handle_timeout(Instant::now() + Duration::from_millis(len as u64)),
                _ => *connection = server(&config),
            }
            let sum: usize = all.iter().map(Connection::retained).sum();
            prop_assert_eq!(budget.used(), sum);
        }
        drop(all);
        prop_assert_eq!(budget.used(), 0);
    }
}
