//! Conversations between two drivers that agreed to compress, whatever they agreed to.

mod deflated;
mod wire;

use deflated::{FULL, RSV1, shake_hands};
use proptest::prelude::*;
use proptest::sample::select;
use websocket_driver::deflate::Deflate;
use websocket_driver::pair::{Pair, Pieces, SIDES, Side};
use websocket_driver::{Config, Event, Message, Prepared};

/// How a message is sent, or what happens instead.
#[derive(Clone, Copy, Debug)]
enum Way {
    Whole,
    Fragments(usize),
    Prepared,
    /// Sent whole, and the sender then lets go of its window.
    AndHibernate,
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        4 => Just(Way::Whole),
        2 => (0usize..600).prop_map(Way::Fragments),
        3 => Just(Way::Prepared),
        1 => Just(Way::AndHibernate),
    ]
}

fn send(pair: &mut Pair, side: Side, message: &Message<'static>, way: Way) {
    let connection = pair.connection(side);
    let sent = match way {
        Way::Whole | Way::AndHibernate => connection.send(message.clone()),
        Way::Fragments(length) => connection.send_fragmented(message.clone(), length.max(message.len() / 50)),
        Way::Prepared => connection.send_prepared(&Prepared::new(message.clone())),
    };
    sent.expect("the connection is open");
    if matches!(way, Way::AndHibernate) {
        connection.hibernate();
    }
}

/// Octets without any order, of which there are only a few kinds: a message becomes shorter only where the
/// receiver is known to have seen it before, which is where windows that differ would show.
fn noise(kind: u32, length: usize) -> Vec<u8> {
    let mut state = kind.wrapping_mul(0x9E37_79B9) | 1;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(next).collect()
}

/// A message in few words, for the report of a failure.
#[derive(Clone, Debug)]
enum Content {
    Noise(u32, usize),
    Run(u8, usize),
    Words(Vec<&'static str>),
    Text(String),
    Octets(Vec<u8>),
}

impl From<&Content> for Message<'static> {
    fn from(content: &Content) -> Self {
        match content {
            Content::Noise(kind, length) => Message::binary(noise(*kind, *length)),
            Content::Run(octet, length) => Message::binary(vec![*octet; *length]),
            Content::Words(words) => Message::text(words.join(" ")),
            Content::Text(text) => Message::text(text.clone()),
            Content::Octets(octets) => Message::binary(octets.clone()),
        }
    }
}

fn content() -> impl Strategy<Value = Content> {
    let words = prop::collection::vec(select(vec!["to", "be", "or", "not", "that", "is", "🦀", "é"]), 0..120);
    prop_oneof![
        6 => (0u32..4, 0usize..1500).prop_map(|(kind, length)| Content::Noise(kind, length)),
        4 => words.prop_map(Content::Words),
        2 => prop::collection::vec(any::<u8>(), 0..400).prop_map(Content::Octets),
        1 => any::<String>().prop_map(Content::Text),
        1 => (any::<u8>(), 0usize..200_000).prop_map(|(octet, length)| Content::Run(octet, length)),
        1 => (0u32..4, 30_000usize..80_000).prop_map(|(kind, length)| Content::Noise(kind, length)),
        1 => Just(Content::Run(0, 0)),
    ]
}

fn settings() -> impl Strategy<Value = Deflate> {
    (9u8..=15, any::<bool>(), any::<bool>(), 1u8..=9, select(vec![0, 1, 64, 300])).prop_map(
        |(window_bits, takeover, peer_takeover, level, min_len)| Deflate {
            window_bits,
            takeover,
            peer_takeover,
            level,
            min_len,
        },
    )
}

fn pair(client: Deflate, server: Deflate, seed: u64) -> Pair {
    let agreed = shake_hands(client, server);
    Pair::with(Config::default(), seed).compressing(agreed.client, agreed.server)
}

#[track_caller]
fn expect_told(pair: &mut Pair, side: Side, messages: &[Message<'static>]) {
    let told = pair.take_events(side);
    let expected: Vec<Event> = messages.iter().cloned().map(Event::Message).collect();
    // Without the payloads, which may be long.
    assert_eq!(told.len(), expected.len(), "{:.300?}", told.last());
    assert!(told == expected, "a message came through as another");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn long_conversations_come_through(
        client in settings(),
        server in settings(),
        messages in prop::collection::vec((select(SIDES.to_vec()), content(), way()), 0..40),
        seed: u64,
        pieces in prop_oneof![Just(Pieces::Whole), (1usize..2000).prop_map(Pieces::Random)],
    ) {
        let mut pair = pair(client, server, seed);
        SIDES.iter().for_each(|side| pair.split(*side, pieces));
        for (side, content, way) in &messages {
            send(&mut pair, *side, &content.into(), *way);
        }
        pair.run();
        for side in SIDES {
            let sent: Vec<Message> = messages
                .iter()
                .filter(|(sender, ..)| *sender != side)
                .map(|(_, content, _)| content.into())
                .collect();
            expect_told(&mut pair, side, &sent);
        }
    }
}

#[test]
fn every_agreement_carries_messages_that_refer_to_each_other() {
    let messages: Vec<Message> = (0..30)
        .map(|at| match at % 3 {
            0 => Message::binary(noise(at % 2, 300)),
            1 => Message::text(format!("message {at}, ").repeat(20)),
            _ => Message::binary([noise(1, 100), vec![0; 2000], noise(0, 200)].concat()),
        })
        .collect();
    for window_bits in 9..=15 {
        for flags in 0..16 {
            let settings = |at: u8| Deflate {
                takeover: flags >> at & 1 != 0,
                peer_takeover: flags >> (at + 1) & 1 != 0,
                window_bits,
                level: 1 + flags % 9,
                ..FULL
            };
            let mut pair = pair(settings(0), settings(2), 0);
            for (at, message) in messages.iter().enumerate() {
                let way = [Way::Whole, Way::Prepared, Way::Fragments(40), Way::Prepared, Way::Whole][at % 5];
                SIDES.iter().for_each(|side| send(&mut pair, *side, message, way));
                pair.run();
            }
            SIDES.iter().for_each(|side| expect_told(&mut pair, *side, &messages));
        }
    }
}

/// How many octets one side has written for this message.
fn cost(pair: &mut Pair, side: Side, message: &Message<'static>, way: Way) -> usize {
    let before = pair.written(side).len();
    send(pair, side, message, way);
    pair.run();
    expect_told(pair, side.peer(), std::slice::from_ref(message));
    pair.written(side).len() - before
}

#[test]
fn with_takeover_a_repeated_message_costs_a_few_octets() {
    for window_bits in [10, 12, 15] {
        for (takeover, expected) in [(true, 0..60), (false, 300..320)] {
            let both = Deflate { window_bits, takeover, peer_takeover: takeover, ..FULL };
            for side in SIDES {
                let mut pair = pair(both, both, 1);
                let message = Message::binary(noise(0, 300));
                assert!((300..320).contains(&cost(&mut pair, side, &message, Way::Whole)));
                // It was sent plain, so it is not known; what comes next is.
                let padded = Message::binary([noise(0, 300), vec![b' '; 100]].concat());
                assert!((300..340).contains(&cost(&mut pair, side, &padded, Way::Whole)));
                assert!(expected.contains(&cost(&mut pair, side, &message, Way::Whole)), "{window_bits}");
            }
        }
    }
}

#[test]
fn a_message_that_would_not_become_smaller_goes_out_plain_and_the_window_stays_right() {
    for side in SIDES {
        let mut pair = pair(FULL, FULL, 2);
        let (known, random) =
            (Message::binary([noise(1, 200), vec![0; 99]].concat()), Message::binary(noise(2, 500)));
        cost(&mut pair, side, &known, Way::Whole);
        for way in [Way::Whole, Way::Fragments(60), Way::Prepared] {
            let before = pair.written(side).len();
            cost(&mut pair, side, &random, way);
            let frames = wire::frames(&pair.written(side)[before..]);
            assert!(frames.iter().all(|frame| frame.first & RSV1 == 0), "{way:?}");
            let sent: Vec<u8> = frames.into_iter().flat_map(|frame| frame.payload).collect();
            assert_eq!(sent, random.as_bytes());
            assert!(cost(&mut pair, side, &known, Way::Whole) < 30, "after {way:?}");
        }
    }
}

#[test]
fn a_coder_that_a_message_was_too_much_for_is_as_good_as_new() {
    for level in 1..=9 {
        for (first, second) in [(80, 70_000), (300, 200_000), (70_000, 300), (66_000, 66_000)] {
            let settings = Deflate { level, takeover: false, peer_takeover: false, ..FULL };
            let mut pair = pair(settings, settings, 7);
            // Noise does not become smaller, so the coder is stopped before it is done.
            cost(&mut pair, Side::Server, &Message::binary(noise(1, first)), Way::Whole);
            cost(&mut pair, Side::Server, &Message::binary(noise(2, second)), Way::Whole);
            let text = Message::text("to be or not to be, ".repeat(9000));
            assert!(cost(&mut pair, Side::Server, &text, Way::Whole) < 2000, "level {level}");
        }
    }
}

#[test]
fn only_the_first_fragment_is_marked() {
    for side in SIDES {
        let mut pair = pair(FULL, FULL, 3);
        let message = Message::text((0..300).map(|at| format!("{at} ")).collect::<String>());
        cost(&mut pair, side, &message, Way::Fragments(50));
        let frames = wire::frames(pair.written(side));
        assert!(frames.len() > 5);
        assert_eq!(frames[0].first, (wire::TEXT | RSV1) - wire::FIN);
        assert!(frames[1..].iter().all(|frame| frame.first & 0x7F == 0), "{frames:?}");
        assert_eq!(frames.last().unwrap().first, wire::CONTINUATION);
    }
}

#[test]
fn messages_shorter_than_the_least_length_go_out_plain() {
    let settings = Deflate { min_len: 100, ..FULL };
    let mut pair = pair(settings, settings, 4);
    for side in SIDES {
        for (length, is_marked) in [(99, false), (100, true), (0, false)] {
            let before = pair.written(side).len();
            cost(&mut pair, side, &Message::binary(vec![7; length]), Way::Whole);
            let frames = wire::frames(&pair.written(side)[before..]);
            assert_eq!(frames[0].first & RSV1 != 0, is_marked, "{length}");
        }
    }
}

#[test]
fn a_queue_that_was_discarded_takes_its_part_of_the_window_with_it() {
    for side in SIDES {
        for way in [Way::Whole, Way::Fragments(60), Way::Prepared] {
            let mut pair = pair(FULL, FULL, 5);
            let lost = Message::binary([noise(3, 300), vec![0; 300]].concat());
            let kept = Message::text("to be or not to be, ".repeat(20));
            cost(&mut pair, side, &kept, Way::Whole);
            pair.block(side, true);
            send(&mut pair, side, &lost, way);
            pair.connection(side).discard_queue();
            pair.block(side, false);
            for message in [&lost, &kept, &lost] {
                cost(&mut pair, side, message, Way::Whole);
            }
        }
    }
}

#[test]
fn a_queue_that_was_discarded_in_the_middle_of_a_frame_leaves_the_window_right() {
    for takeover in [false, true] {
        let settings = Deflate { takeover, ..FULL };
        let mut pair = pair(settings, settings, 6);
        // A payload that goes out by itself, behind its header.
        let large = Message::binary(noise(1, 9000));
        let lost = Message::binary([noise(3, 300), vec![0; 300]].concat());
        let server = pair.connection(Side::Server);
        server.send(large.clone()).unwrap();
        server.send(lost.clone()).unwrap();
        let header = server.poll_transmit().unwrap();
        server.discard_queue();
        let websocket_driver::Transmit::Bytes(header) = header else { panic!("{header:?}") };
        pair.inject(Side::Server, &header);
        pair.run();
        expect_told(&mut pair, Side::Client, std::slice::from_ref(&large));
        cost(&mut pair, Side::Server, &lost, Way::Whole);
    }
}
