//! What holds for any octets in any pieces, any messages, and any order of what can happen.

mod wire;

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::select;
use websocket_driver::pair::{Pair, Pieces, SIDES, Side};
use websocket_driver::{
    CloseCode, Config, Connection, Event, Input, Message, Prepared, Transmit, UsageError,
};
use wire::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frame};

/// Small limits, so that chance reaches them.
fn config() -> Config {
    Config { max_frame: 600, max_message: 1000, max_fragments: 6, ..Config::default() }
}

fn connection(side: Side, now: Instant) -> Connection {
    match side {
        Side::Client => Connection::client(config().into(), || [1, 2, 3, 4], now),
        Side::Server => Connection::server(config().into(), now),
    }
}

fn side() -> impl Strategy<Value = Side> {
    select(SIDES.to_vec())
}

/// Text whose characters take one to four octets.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::collection::vec(select(vec!['a', 'é', '€', '🦀']), 0..80).prop_map(String::from_iter),
        1 => any::<String>(),
    ]
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..300)
}

fn message() -> impl Strategy<Value = Message<'static>> {
    prop_oneof![
        text().prop_map(Message::text),
        octets().prop_map(Message::binary),
        // On both sides of where the header changes its form, and payloads stop being copied.
        (select(vec![125, 126, 4095, 4096, 65_535, 65_536]), any::<u8>())
            .prop_map(|(length, octet)| Message::binary(vec![octet; length])),
    ]
}

/// A whole message in fragments, with control frames between them.
fn fragmented(is_masked: bool) -> impl Strategy<Value = Vec<u8>> {
    let cuts = prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..5);
    let message = prop_oneof![
        text().prop_map(|text| (TEXT, text.into_bytes())),
        octets().prop_map(|octets| (BINARY, octets)),
    ];
    (message, cuts).prop_map(move |((first, payload), cuts)| {
        let mut at: Vec<_> = cuts.iter().map(|(cut, pings)| (cut.index(payload.len() + 1), *pings)).collect();
        at.sort_unstable();
        let (mut wire, mut start, mut opcode) = (Vec::new(), 0, first - FIN);
        for (end, pings) in at {
            wire.extend(frame(is_masked, opcode, &payload[start..end]));
            if pings {
                wire.extend(frame(is_masked, PING, &payload[start..end.min(start + 125)]));
            }
            (start, opcode) = (end, CONTINUATION - FIN);
        }
        wire.extend(frame(is_masked, opcode | FIN, &payload[start..]));
        wire
    })
}

/// What a peer may say, and what it may not, frame by frame.
fn frames(is_masked: bool) -> impl Strategy<Value = Vec<u8>> {
    let any_frame =
        (any::<u8>(), octets()).prop_map(move |(first, payload)| frame(is_masked, first, &payload));
    let control = (select(vec![PING, PONG]), prop::collection::vec(any::<u8>(), 0..=125))
        .prop_map(move |(first, payload)| frame(is_masked, first, &payload));
    let codes = select(vec![1000, 1001, 1005, 3000, 4999, 5000]);
    let close = (codes, text()).prop_map(move |(code, mut reason)| {
        reason.truncate(reason.floor_char_boundary(123));
        frame(is_masked, CLOSE, &wire::close_body(code, reason.as_bytes()))
    });
    let one = prop_oneof![
        12 => fragmented(is_masked),
        6 => control,
        1 => close,
        1 => any_frame,
        1 => (any::<u8>(), any::<u64>()).prop_map(move |(first, length)| wire::header(is_masked, first, length)),
    ];
    prop::collection::vec(one, 0..8).prop_map(|frames| frames.concat())
}

/// Frames as they are; the same with a few octets changed; octets without sense.
fn any_octets(is_masked: bool) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    let frames = (frames(is_masked), changes).prop_map(|(mut octets, changes)| {
        for (at, octet) in changes {
            if !octets.is_empty() {
                let at = at.index(octets.len());
                octets[at] = octet;
            }
        }
        octets
    });
    prop_oneof![8 => frames, 1 => octets()]
}

fn side_and_octets() -> impl Strategy<Value = (Side, Vec<u8>)> {
    side().prop_flat_map(|side| (Just(side), any_octets(side == Side::Server)))
}

/// All that a connection makes of some octets.
#[derive(Debug, PartialEq)]
struct Outcome {
    events: Vec<Event<'static>>,
    is_open: bool,
    transmitted: (Vec<u8>, bool),
    is_finished: bool,
}

/// Delivers octets in pieces of these lengths, the rest in one.
fn outcome(side: Side, octets: &[u8], pieces: &[usize], closes: bool) -> Outcome {
    let now = Instant::now();
    let mut connection = connection(side, now);
    if closes {
        connection.close(CloseCode::GOING_AWAY, "leaving", now).expect("a code that may be sent");
    }
    let mut events = Vec::new();
    let mut pieces = pieces.iter().chain(std::iter::repeat(&usize::MAX));
    let mut rest = octets.to_vec();
    let mut rest = &mut rest[..];
    while !rest.is_empty() {
        let most = *pieces.next().expect("without end");
        let (piece, after) = rest.split_at_mut(most.min(rest.len()));
        let mut input = Input::new(piece);
        while let Some(event) = connection.receive(&mut input, now) {
            events.push(event.into_owned());
        }
        rest = after;
    }
    let is_open = connection.is_open();
    let transmitted = wire::transmitted(&mut connection);
    connection.end_of_input();
    events.extend(connection.poll_event());
    Outcome { events, is_open, transmitted, is_finished: connection.is_finished() }
}

proptest! {
    #[test]
    fn octets_mean_the_same_in_any_pieces(
        (side, octets) in side_and_octets(),
        pieces in prop::collection::vec(prop_oneof![0usize..4, 0usize..200], 0..100),
        closes in prop::bool::weighted(0.1),
    ) {
        let whole = outcome(side, &octets, &[], closes);
        prop_assert_eq!(&outcome(side, &octets, &pieces, closes), &whole);
        prop_assert_eq!(outcome(side, &octets, &vec![1; octets.len()], closes), whole);
    }

    #[test]
    fn whole_messages_in_any_fragments_are_read(side in side(), seed: u64, message in message(), length in 1usize..3000) {
        let mut pair = Pair::with(Config::default(), seed);
        pair.connection(side).send_fragmented(message.clone(), length).unwrap();
        pair.run();
        prop_assert_eq!(pair.take_events(side.peer()), [Event::Message(message)]);
    }
}

/// How a message is sent.
#[derive(Clone, Copy, Debug)]
enum Way {
    Whole,
    Fragments(usize),
    Prepared,
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![Just(Way::Whole), (0usize..5000).prop_map(Way::Fragments), Just(Way::Prepared)]
}

fn send(connection: &mut Connection, message: &Message<'static>, way: Way) -> Result<(), UsageError> {
    match way {
        Way::Whole => connection.send(message.clone()),
        Way::Fragments(length) => connection.send_fragmented(message.clone(), length.max(64)),
        Way::Prepared => connection.send_prepared(&Prepared::new(message.clone())),
    }
}

proptest! {
    #[test]
    fn any_messages_arrive_in_order_over_any_network(
        messages in prop::collection::vec((side(), message(), way(), 0u64..300), 0..12),
        seed: u64,
        pieces in prop_oneof![Just(Pieces::Whole), (1usize..3000).prop_map(Pieces::Random)],
        latencies in (0u64..500, 0u64..500),
    ) {
        let mut pair = Pair::with(Config::default(), seed);
        for (side, latency) in SIDES.into_iter().zip([latencies.0, latencies.1]) {
            pair.delay(side, Duration::from_millis(latency));
            pair.split(side, pieces);
        }
        for (side, message, way, wait) in &messages {
            send(pair.connection(*side), message, *way).unwrap();
            pair.advance(Duration::from_millis(*wait));
        }
        let now = pair.now();
        pair.connection(Side::Server).close(CloseCode::NORMAL, "", now).unwrap();
        pair.advance(Duration::from_secs(5));
        // The client reads to the end; the server reads until it says goodbye itself.
        let sent = messages.iter().filter(|(side, ..)| *side == Side::Server);
        let mut expected: Vec<Event> = sent.map(|(_, message, ..)| Event::Message(message.clone())).collect();
        expected.push(Event::Closed(pair.closed(Side::Client).expect("the end").clone()));
        prop_assert_eq!(pair.take_events(Side::Client), expected);
        for side in SIDES {
            prop_assert!(pair.closed(side).expect("the end").is_clean());
            prop_assert!(pair.connection(side).is_finished());
        }
    }
}

/// Something that can happen to a connection.
#[derive(Clone, Debug)]
enum Step {
    Receive(Vec<u8>),
    Send(Message<'static>, Way),
    Ping(Vec<u8>),
    Close(u16, String),
    DiscardQueue,
    Transmit(usize),
    Pass(Duration),
    EndOfInput,
    Lost,
}

fn steps(is_masked: bool) -> impl Strategy<Value = Vec<Step>> {
    let codes = select(vec![1000, 1001, 3000, 4999]);
    let step = prop_oneof![
        12 => any_octets(is_masked).prop_map(Step::Receive),
        6 => frames(is_masked).prop_map(Step::Receive),
        6 => (message(), way()).prop_map(|(message, way)| Step::Send(message, way)),
        3 => prop::collection::vec(any::<u8>(), 0..130).prop_map(Step::Ping),
        2 => (codes, text()).prop_map(|(code, reason)| Step::Close(code, reason)),
        2 => Just(Step::DiscardQueue),
        8 => (0usize..4).prop_map(Step::Transmit),
        4 => (0u64..25_000).prop_map(|passed| Step::Pass(Duration::from_millis(passed))),
        1 => Just(Step::EndOfInput),
        1 => Just(Step::Lost),
    ];
    prop::collection::vec(step, 0..30)
}

/// A connection, and all that came out of it.
struct Watched {
    connection: Connection,
    now: Instant,
    closed: bool,
    /// The messages that were queued.
    queued: Vec<Message<'static>>,
    /// The octets that came out.
    sent: Vec<u8>,
    shutdowns: usize,
}

impl Watched {
    fn take(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Receive(mut octets) => {
                let mut input = Input::new(&mut octets);
                while let Some(event) = self.connection.receive(&mut input, now) {
                    record(&mut self.closed, &event);
                }
                assert!(input.is_empty());
            }
            Step::Send(message, way) => {
                let result = send(&mut self.connection, &message, way);
                assert_eq!(result.is_ok(), self.connection.is_open());
                self.queued.extend(result.is_ok().then_some(message));
            }
            Step::Ping(payload) => {
                let result = self.connection.ping(&payload);
                assert_eq!(result.is_ok(), self.connection.is_open() && payload.len() <= 125);
            }
            Step::Close(code, reason) => {
                let code = CloseCode::new(code).expect("a code that may be sent");
                let result = self.connection.close(code, &reason, now);
                assert_eq!(result.is_ok(), reason.len() <= 123);
            }
            Step::DiscardQueue => self.connection.discard_queue(),
            Step::Transmit(count) => self.transmit(count),
            Step::Pass(time) => self.pass(time),
            Step::EndOfInput => self.connection.end_of_input(),
            Step::Lost => self.connection.connection_lost(),
        }
        while let Some(event) = self.connection.poll_event() {
            record(&mut self.closed, &event);
        }
    }

    fn transmit(&mut self, count: usize) {
        for _ in 0..count {
            let wanted = self.connection.wants_transmit();
            match self.connection.poll_transmit() {
                Some(Transmit::Bytes(bytes)) => {
                    assert!(wanted && !bytes.is_empty() && self.shutdowns == 0);
                    self.sent.extend_from_slice(&bytes);
                }
                Some(Transmit::Shutdown) => self.shutdowns += 1,
                None => return assert!(!self.connection.wants_transmit()),
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.connection.handle_timeout(self.now);
        let deadline = self.connection.poll_timeout();
        assert!(deadline.is_none_or(|deadline| deadline > self.now), "a deadline that was kept is over");
    }

    fn expect_invariants(&self) {
        let connection = &self.connection;
        assert!(self.shutdowns <= 1);
        assert!(!connection.is_open() || !self.closed, "Closed comes only at the end");
        assert!(!connection.is_finished() || self.closed, "no end without Closed");
        // What the peer can make us hold is a message, the space in which it grows, and a control frame or two;
        // the rest is what we queued ourselves, in up to a chunk for each frame.
        let of_the_peer = 2 * 1000 + 1024;
        let of_our_own = 64 * connection.queued();
        assert!(connection.retained() <= of_the_peer + of_our_own, "{connection:?}");
        if connection.is_finished() {
            assert_eq!((connection.retained(), connection.queued()), (0, 0));
            assert_eq!((connection.wants_transmit(), connection.poll_timeout()), (false, None));
        }
    }

    /// Nothing may stand behind a close frame. A transport that broke may have cut the last frame short.
    fn expect_frames_that_make_sense(&self, is_masked: bool) {
        // The messages in it must be those that were queued, in order; some may have been discarded.
        let mut queued = self.queued.iter();
        let mut message: Option<Vec<u8>> = None;
        let (frames, cut_short) = wire::whole_frames(&self.sent);
        for (at, sent) in frames.iter().enumerate() {
            assert_eq!(sent.is_masked, is_masked);
            let is_last = at + 1 == frames.len() && cut_short.is_empty();
            assert!(sent.first != CLOSE || is_last, "nothing after a close frame");
            if sent.first & 0x08 == 0 {
                assert_eq!(sent.first & 0x0F == 0, message.is_some(), "fragments stand together");
                message.get_or_insert_default().extend(&sent.payload);
                if sent.first & FIN != 0 {
                    let message = message.take().expect("it was put there");
                    assert!(queued.any(|queued| queued.as_bytes() == message), "a message that nobody sent");
                }
            }
        }
        assert_eq!(message, None, "a message is sent whole");
    }
}

/// `Closed` comes once and nothing comes after it.
fn record(closed: &mut bool, event: &Event<'_>) {
    assert!(!*closed, "{event:?} after Closed");
    *closed = matches!(event, Event::Closed(_));
}

proptest! {
    #[test]
    fn whatever_happens_a_connection_keeps_its_promises(
        (side, steps) in side().prop_flat_map(|side| (Just(side), steps(side == Side::Server))),
    ) {
        let now = Instant::now();
        let mut watched =
            Watched { connection: connection(side, now), now, closed: false, queued: Vec::new(), sent: Vec::new(), shutdowns: 0 };
        for step in steps {
            watched.take(step);
            watched.expect_invariants();
        }
        // Left alone, it comes to its end by itself.
        while !watched.connection.is_finished() {
            let due = watched.connection.poll_timeout().expect("a deadline until the end");
            watched.take(Step::Transmit(usize::MAX));
            watched.take(Step::Pass(due - watched.now));
            watched.expect_invariants();
        }
        watched.expect_frames_that_make_sense(side == Side::Client);
    }
}
