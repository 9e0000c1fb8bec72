//! Messages that are received in parts, as they arrive.

mod deflated;
mod wire;

use std::time::Instant;

use deflated::{FULL, shake_hands};
use proptest::prelude::*;
use websocket_driver::pair::{Pair, Pieces, SIDES, Side};
use websocket_driver::{Binary, Cause, Config, Connection, Event, Input, Kind, Message, ProtocolError};
use wire::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, frame};

fn in_parts() -> Config {
    Config { deliver_parts: true, ..Config::default() }
}

/// A pair in which compression was agreed to, with the largest windows.
fn compressing_pair(config: Config) -> Pair {
    let agreed = shake_hands(FULL, FULL);
    Pair::with(config, 0).compressing(agreed.client, agreed.server)
}

/// Everything that a server makes of some octets, which it reads in pieces of such lengths and the rest in one.
fn received(config: Config, octets: &[u8], pieces: &[usize]) -> Vec<Event<'static>> {
    let now = Instant::now();
    let mut server = Connection::server(config.into(), now);
    let mut events = Vec::new();
    let mut octets = octets.to_vec();
    let mut rest = &mut octets[..];
    let mut pieces = pieces.iter().chain(std::iter::repeat(&usize::MAX));
    while !rest.is_empty() {
        let most = *pieces.next().expect("without end");
        let (piece, after) = rest.split_at_mut(most.clamp(1, rest.len()));
        let mut input = Input::new(piece);
        while let Some(event) = server.receive(&mut input, now) {
            events.push(event.into_owned());
        }
        rest = after;
    }
    events
}

/// What parts of one message come to; checks that they are what parts must be.
fn joined(events: &[Event<'_>]) -> Option<(Kind, Vec<u8>)> {
    let (mut kind, mut all, mut is_over) = (None, Vec::new(), false);
    for event in events {
        let Event::Part { part, last } = event else { continue };
        assert!(!is_over, "nothing after the last part");
        assert!(*last || !part.is_empty(), "an empty part is not told");
        assert_eq!(*kind.get_or_insert(part.kind()), part.kind());
        all.extend_from_slice(part.as_bytes());
        is_over = *last;
    }
    kind.filter(|_| is_over).map(|kind| (kind, all))
}

fn part(part: impl Into<Message<'static>>, last: bool) -> Event<'static> {
    Event::Part { part: part.into(), last }
}

fn error(events: &[Event<'_>]) -> Option<ProtocolError> {
    events.iter().find_map(|event| match event {
        Event::Error(error) => Some(error.clone()),
        _ => None,
    })
}

#[test]
fn text_is_cut_between_code_points() {
    let octets = frame(true, TEXT, "a€🦀".as_bytes());
    let singles = received(in_parts(), &octets, &[1; 100]);
    assert_eq!(singles, [part("a", false), part("€", false), part("🦀", true)]);
    let whole = received(in_parts(), &octets, &[]);
    assert_eq!(whole, [part("a€🦀", true)]);
}

#[test]
fn binary_parts_are_borrowed_from_the_input() {
    let now = Instant::now();
    let mut server = Connection::server(in_parts().into(), now);
    let mut octets = frame(true, BINARY - FIN, &[7; 1000]);
    let range = octets.as_ptr_range();
    let mut input = Input::new(&mut octets[..900]);
    let Some(Event::Part { part: Message::Binary(part), last: false }) = server.receive(&mut input, now)
    else {
        panic!("a part")
    };
    assert!(range.contains(&part.as_ptr()) && part.iter().all(|octet| *octet == 7));
    assert_eq!(server.receive(&mut input, now), None);
    assert_eq!(server.retained(), 0, "nothing is kept of it");
}

#[test]
fn empty_parts_are_not_told_except_the_last() {
    for (first, payload) in [(TEXT, ""), (BINARY, "")] {
        let octets = [
            frame(true, first - FIN, payload.as_bytes()),
            frame(true, 0, b""),
            frame(true, 0, b"x"),
            frame(true, 0, b""),
            frame(true, CONTINUATION, b""),
        ];
        let events = received(in_parts(), &octets.concat(), &[]);
        let x = if first == TEXT { Message::text("x") } else { Message::binary(b"x") };
        let end = if first == TEXT { Message::text("") } else { Message::binary(b"") };
        assert_eq!(events, [part(x, false), part(end.clone(), true)]);
        assert_eq!(received(in_parts(), &frame(true, first, b""), &[]), [part(end, true)]);
    }
}

#[test]
fn limits_hold_over_the_whole_message() {
    let config = Config { max_message: 10, max_fragments: 3, ..in_parts() };
    let piece = |first, len| frame(true, first, &vec![b'x'; len]);
    for first in [TEXT, BINARY] {
        let fits = [piece(first - FIN, 4), piece(0, 4), piece(CONTINUATION, 2)].concat();
        assert_eq!(joined(&received(config.clone(), &fits, &[])).map(|(_, all)| all.len()), Some(10));
        let long = [piece(first - FIN, 4), piece(0, 4), piece(CONTINUATION, 3)].concat();
        let too_big = ProtocolError::MessageTooBig { limit: 10 };
        for pieces in [&[][..], &[1; 100]] {
            assert_eq!(error(&received(config.clone(), &long, pieces)), Some(too_big.clone()));
        }
        let many = [piece(first - FIN, 1), piece(0, 1), piece(0, 1), piece(CONTINUATION, 1)].concat();
        let too_many = ProtocolError::TooManyFragments { limit: 3 };
        assert_eq!(error(&received(config.clone(), &many, &[])), Some(too_many));
    }
}

#[test]
fn the_limit_of_a_message_holds_for_what_is_inflated() {
    let mut pair = compressing_pair(Config { max_message: 100_000, ..in_parts() });
    pair.connection(Side::Client).send("x".repeat(100_000)).unwrap();
    pair.run();
    assert_eq!(joined(&pair.take_events(Side::Server)).map(|(_, all)| all.len()), Some(100_000));
    pair.connection(Side::Client).send("x".repeat(100_001)).unwrap();
    pair.run();
    let error = error(&pair.take_events(Side::Server));
    assert_eq!(error, Some(ProtocolError::MessageTooBig { limit: 100_000 }));
}

#[test]
fn a_compressed_message_of_64_mib_needs_next_to_no_memory() {
    const LEN: usize = 64 << 20;
    let small = Config { max_message: LEN as u64, max_retained: 256 << 10, ..in_parts() };
    let sender = Config { max_retained: usize::MAX, ..Config::default() };
    let agreed = shake_hands(FULL, FULL);
    // Read as a whole: 64 KiB of it become all of the 64 MiB.
    let mut pair = Pair::with_each(sender, small.clone(), 0).compressing(agreed.client, None);
    pair.connection(Side::Client).send("x".repeat(LEN)).unwrap();
    pair.connection(Side::Client).send("and on").unwrap();
    pair.cut(Side::Client);
    pair.run();
    let now = Instant::now();
    let mut server = Connection::server(small.into(), now).with_deflate(agreed.server);
    let mut octets = pair.written(Side::Client).to_vec();
    assert!(octets.len() < LEN / 500, "it was compressed");
    let mut input = Input::new(&mut octets);
    let (mut sum, mut retained, mut parts) = (0, 0, 0);
    while let Some(Event::Part { part, last }) = server.receive(&mut input, now) {
        assert!(part.as_text().is_some_and(|text| text.len() <= 160 << 10), "{}", part.len());
        if last && sum == LEN {
            assert_eq!(part, Message::text("and on"));
            parts += 1;
            continue;
        }
        sum += part.len();
        retained = retained.max(server.retained());
    }
    assert_eq!((sum, parts), (LEN, 1));
    assert!(retained < 256 << 10, "{retained}");
    assert!(server.is_open());
}

#[test]
fn control_frames_come_between_parts() {
    let octets = [
        frame(true, TEXT - FIN, b"a"),
        frame(true, PING, b"1"),
        frame(true, 0, b"b"),
        frame(true, PONG, b"2"),
        frame(true, CONTINUATION, b""),
    ];
    let events = received(in_parts(), &octets.concat(), &[]);
    let ping = Event::Ping(Binary::from(b"1"));
    let pong = Event::Pong(Binary::from(b"2"));
    assert_eq!(events, [part("a", false), ping, part("b", false), pong, part("", true)]);
}

#[test]
fn a_close_between_parts_ends_the_message_without_its_last_part() {
    let close = frame(true, CLOSE, &wire::close_body(1000, b""));
    let events = received(in_parts(), &[frame(true, BINARY - FIN, b"a"), close].concat(), &[]);
    assert_eq!(events[0], part(Message::binary(b"a"), false));
    assert!(matches!(&events[1..], [Event::Closed(closed)] if closed.cause == Cause::Peer));
}

/// Pieces of text with a fault between them, wherever it is, and where it shows at the latest.
fn broken_text() -> impl Strategy<Value = Vec<u8>> {
    let faults: [&[u8]; 8] = [
        b"\xFF",
        b"\x80",
        b"\xC0\x80",
        b"\xED\xA0\x80",
        b"\xF4\x90\x80\x80",
        b"\xE2\x82",
        b"\xF0\x9F\xA6",
        b"\xC3",
    ];
    (text(), prop::sample::select(faults.to_vec()), text().prop_map(|text| format!("x{text}"))).prop_flat_map(
        |(before, fault, after)| {
            let whole = [before.as_bytes(), fault, after.as_bytes()].concat();
            let cut = [before.as_bytes(), fault].concat();
            prop_oneof![Just(whole), Just(cut)]
        },
    )
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!['a', 'é', '€', '🦀']), 0..40).prop_map(String::from_iter)
}

/// A message in frames that are cut at these places.
fn fragments(first: u8, payload: &[u8], cuts: &[prop::sample::Index]) -> Vec<u8> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
    at.sort_unstable();
    let (mut octets, mut start, mut opcode) = (Vec::new(), 0, first - FIN);
    for end in at {
        octets.extend(frame(true, opcode, &payload[start..end]));
        (start, opcode) = (end, 0);
    }
    octets.extend(frame(true, opcode | FIN, &payload[start..]));
    octets
}

proptest! {
    #[test]
    fn parts_come_to_the_message_in_any_fragments_and_pieces(
        text in text(),
        binary: bool,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        pieces in prop::collection::vec(1usize..40, 0..60),
    ) {
        let octets = fragments(if binary { BINARY } else { TEXT }, text.as_bytes(), &cuts);
        let events = received(in_parts(), &octets, &pieces);
        let kind = if binary { Kind::Binary } else { Kind::Text };
        prop_assert_eq!(joined(&events), Some((kind, text.into_bytes())));
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_in_any_fragments_and_pieces(
        octets in broken_text(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        pieces in prop::collection::vec(1usize..40, 0..60),
    ) {
        let events = received(in_parts(), &fragments(TEXT, &octets, &cuts), &pieces);
        prop_assert_eq!(joined(&events), None);
        prop_assert_eq!(error(&events), Some(ProtocolError::InvalidUtf8));
        let told: Vec<u8> = events.iter().filter_map(|event| match event {
            Event::Part { part, .. } => Some(part.as_bytes().to_vec()),
            _ => None,
        }).flatten().collect();
        prop_assert!(octets.starts_with(&told), "what was told is the beginning");
    }

    #[test]
    fn compressed_parts_come_to_the_message_over_any_network(
        unit in text(), times in 0usize..3000, seed: u64, most in 1usize..3000, fragment_len in 1usize..3000,
    ) {
        let mut pair = compressing_pair(Config { max_message: 1 << 24, ..in_parts() });
        let message = unit.repeat(times);
        for side in SIDES {
            pair.split(side, if seed % 2 == 0 { Pieces::Random(most) } else { Pieces::Of(most) });
            // Twice: the second one refers to the first.
            pair.connection(side).send_fragmented(message.as_str(), fragment_len).unwrap();
            pair.connection(side).send(message.as_str()).unwrap();
        }
        pair.run();
        for side in SIDES {
            let events = pair.take_events(side);
            let end = events.iter().position(|event| matches!(event, Event::Part { last: true, .. }));
            let (first, second) = events.split_at(end.expect("an end") + 1);
            prop_assert_eq!(joined(first).map(|(_, all)| all), Some(message.clone().into_bytes()));
            prop_assert_eq!(joined(second).map(|(_, all)| all), Some(message.clone().into_bytes()));
        }
    }
}
