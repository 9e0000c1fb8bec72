//! The pair itself: what it does to a conversation, and that it repeats itself.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use websocket_driver::pair::{Pair, Pieces, SIDES, Side};
use websocket_driver::{Cause, Closed, Config, Connection, Driver, Event, Handler, Message};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn text(text: &str) -> Event<'static> {
    Event::Message(Message::text(text.to_owned()))
}

/// A conversation over a bad network, and everything that can be seen of it.
fn conversation(seed: u64) -> (Vec<u8>, Vec<u8>, Vec<(Duration, usize)>) {
    let mut pair = Pair::with(Config::default(), seed);
    let mut arrivals = Vec::new();
    for side in SIDES {
        pair.delay(side, 50 * MILLISECOND);
        pair.jitter(side, 30 * MILLISECOND);
        pair.lose(side, 200, SECOND);
        pair.split(side, Pieces::Random(5));
    }
    let start = pair.now();
    for n in 0..50 {
        for side in SIDES {
            pair.connection(side).send(format!("message {n}")).expect("it is open");
        }
        pair.advance(10 * MILLISECOND);
        arrivals.push((pair.now() - start, pair.take_events(Side::Client).len()));
    }
    (pair.written(Side::Client).to_vec(), pair.written(Side::Server).to_vec(), arrivals)
}

#[test]
fn a_seed_repeats_a_conversation_and_another_does_not() {
    for seed in 0..20 {
        assert_eq!(conversation(seed), conversation(seed));
        assert_ne!(conversation(seed), conversation(seed + 1));
    }
}

#[test]
fn a_handler_stands_at_either_end_and_can_be_asked_afterwards() {
    /// Counts, and answers the first message.
    #[derive(Default)]
    struct Counter {
        opened: usize,
        messages: Vec<String>,
        closed: Option<Closed>,
    }

    impl Handler<Connection> for Counter {
        fn open(&mut self, ws: &mut Connection) {
            self.opened += 1;
            ws.send("welcome").unwrap();
        }

        fn message(&mut self, _: &mut Connection, message: Message<'_>) {
            self.messages.push(message.as_text().unwrap().to_owned());
        }

        fn close(&mut self, _: &mut Connection, closed: &Closed) {
            self.closed = Some(closed.clone());
        }
    }

    let seen = Arc::new(Mutex::new(Vec::new()));
    let of_client = seen.clone();
    let mut pair = Pair::new()
        .client(|connection| {
            Driver::new(connection).on_message(move |ws, message| {
                of_client.lock().unwrap().push(message.clone().into_owned());
                ws.send(message).unwrap();
            })
        })
        .server(|connection| Driver::with_handler(connection, Counter::default()));
    pair.run();
    assert_eq!(*seen.lock().unwrap(), [Message::text("welcome")]);
    pair.kill(Side::Client);
    pair.run();
    let counter = pair.server_end().handler();
    assert_eq!((counter.opened, &counter.messages[..]), (1, &["welcome".to_owned()][..]));
    assert_eq!(counter.closed.as_ref().unwrap().cause, Cause::ConnectionLost);
    // The pair remembers what was told, too.
    assert_eq!(pair.take_events(Side::Client)[0], text("welcome"));
}

#[test]
fn jitter_and_loss_make_octets_late_and_never_change_their_order() {
    let mut pair = Pair::with(Config::default(), 7);
    pair.delay(Side::Client, 10 * MILLISECOND);
    pair.jitter(Side::Client, 5 * MILLISECOND);
    pair.lose(Side::Client, 500, SECOND);
    for n in 0..20 {
        pair.connection(Side::Client).send(n.to_string()).unwrap();
        pair.run();
    }
    pair.advance(10 * MILLISECOND - Duration::from_nanos(1));
    assert_eq!(pair.take_events(Side::Server), []);
    pair.advance(SECOND / 2);
    let early = pair.take_events(Side::Server);
    pair.advance(SECOND);
    let late = pair.take_events(Side::Server);
    assert!(!late.is_empty());
    assert!(early.into_iter().chain(late).eq((0..20).map(|n| text(&n.to_string()))));
}

#[test]
fn a_half_open_connection_lives_in_one_direction() {
    let mut pair = Pair::new();
    pair.cut(Side::Server);
    pair.connection(Side::Client).send("do you hear me?").unwrap();
    pair.connection(Side::Server).send("yes, and you?").unwrap();
    pair.run();
    assert_eq!(pair.take_events(Side::Server), [text("do you hear me?")]);
    assert_eq!(pair.take_events(Side::Client), []);
    pair.advance(45 * SECOND);
    assert_eq!(pair.closed(Side::Client).unwrap().cause, Cause::IdleTimeout);
    // The client's transport is dropped, and that arrives.
    assert_eq!(pair.closed(Side::Server).unwrap().cause, Cause::ConnectionLost);
}

#[test]
fn a_cable_that_is_cut_after_some_octets_carries_exactly_these() {
    for octets in 0..12 {
        let mut pair = Pair::new();
        pair.cut_after(Side::Server, octets);
        for message in ["ab", "cd", "ef"] {
            pair.connection(Side::Server).send(message).unwrap();
            pair.run();
        }
        let whole = octets / 4;
        let expected: Vec<Event> = ["ab", "cd", "ef"][..whole].iter().map(|message| text(message)).collect();
        assert_eq!(pair.take_events(Side::Client), expected);
        assert_eq!(pair.closed(Side::Client), None, "nobody is told");
    }
}

#[test]
fn a_reset_loses_what_is_under_way_and_both_are_told() {
    for side in SIDES {
        let mut pair = Pair::new();
        for side in SIDES {
            pair.delay(side, SECOND);
            pair.connection(side).send("under way").unwrap();
        }
        pair.run();
        pair.reset(side);
        pair.run();
        assert_eq!(pair.closed(side).unwrap().cause, Cause::ConnectionLost);
        assert_eq!(pair.closed(side.peer()), None);
        pair.advance(SECOND);
        assert_eq!(pair.closed(side.peer()).unwrap().cause, Cause::ConnectionLost);
        for side in SIDES {
            assert!(matches!(pair.take_events(side)[..], [Event::Closed(_)]));
            assert!(pair.connection(side).is_finished());
        }
    }
}

#[test]
fn a_killed_process_lets_what_is_under_way_arrive() {
    let mut pair = Pair::new();
    pair.delay(Side::Client, SECOND);
    pair.connection(Side::Client).send("last words").unwrap();
    pair.run();
    pair.kill(Side::Client);
    pair.advance(SECOND);
    let [message, Event::Closed(closed)] = &pair.take_events(Side::Server)[..] else { panic!("the end") };
    assert_eq!((message, &closed.cause), (&text("last words"), &Cause::ConnectionLost));
}

#[test]
fn what_is_blocked_waits_in_the_connection() {
    let mut pair = Pair::new();
    pair.block(Side::Client, true);
    pair.connection(Side::Client).send("wait").unwrap();
    pair.run();
    assert_eq!((pair.written(Side::Client).len(), pair.connection(Side::Client).queued()), (0, 10));
    pair.block(Side::Client, false);
    pair.run();
    assert_eq!(pair.take_events(Side::Server), [text("wait")]);
}
