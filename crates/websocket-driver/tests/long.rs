//! Messages longer than what is read at a time: what they are made of and how they are cut changes how they are taken
//! in, and never what they are.

mod wire;

use std::time::Instant;

use proptest::prelude::*;
use websocket_driver::{Connection, Event, Input, Message, ProtocolError, memory};
use wire::{BINARY, CONTINUATION, FIN, TEXT, frame};

/// What came of octets that arrived in pieces of these lengths, over and over.
fn events(octets: &[u8], pieces: &[usize]) -> Vec<Event<'static>> {
    let now = Instant::now();
    let (mut whole, split) =
        (Connection::server(Default::default(), now), Connection::server(Default::default(), now));
    let (mut half, _sends) = split.split();
    let (mut of_whole, mut of_half) = (Vec::new(), Vec::new());
    let mut pieces = pieces.iter().copied().cycle();
    let mut rest = octets;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(pieces.next().expect("without end").min(rest.len()));
        rest = after;
        let (mut for_whole, mut for_half) = (piece.to_vec(), piece.to_vec());
        let mut input = Input::new(&mut for_whole);
        while let Some(event) = whole.receive(&mut input, now) {
            of_whole.push(event.into_owned());
        }
        let mut input = Input::new(&mut for_half);
        while let Some(event) = half.receive(&mut input, now) {
            of_half.push(event.into_owned());
        }
    }
    assert!(of_whole == of_half, "a connection and its receiving half agree");
    of_whole
}

/// A message in so many frames.
fn message(first: u8, payload: &[u8], frames: usize) -> Vec<u8> {
    let chunks: Vec<&[u8]> = payload.chunks(payload.len().div_ceil(frames).max(1)).collect();
    let last = chunks.len().saturating_sub(1);
    let octets = chunks.iter().enumerate().flat_map(|(at, chunk)| {
        let opcode = if at == 0 { first - FIN } else { CONTINUATION - FIN };
        frame(true, opcode + if at == last { FIN } else { 0 }, chunk)
    });
    octets.collect()
}

fn script() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["plain ", "Grüße, ", "здравствуй ", "你好", "👋🌍"])
}

/// Stretches of different scripts, each long enough to fill a read buffer now and then.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec((script(), 0usize..2500), 1..5)
        .prop_map(|stretches| stretches.iter().map(|(words, times)| words.repeat(*times)).collect())
}

fn pieces() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1usize..200, 1000usize..9000, Just(8192), Just(65_536)], 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn text_of_any_script_comes_through(text in text(), frames in 1usize..4, pieces in pieces()) {
        prop_assume!(!text.is_empty());
        let events = events(&message(TEXT, text.as_bytes(), frames), &pieces);
        prop_assert!(events == [Event::Message(Message::text(text.as_str()))]);
    }

    #[test]
    fn binary_comes_through(len in 1usize..100_000, frames in 1usize..4, pieces in pieces()) {
        let octets: Vec<u8> = (0..=250).cycle().take(len).collect();
        let events = events(&message(BINARY, &octets, frames), &pieces);
        prop_assert!(events == [Event::Message(Message::binary(&octets[..]))]);
    }

    #[test]
    fn one_bad_octet_anywhere_in_text_is_found(
        text in text(), at: prop::sample::Index, frames in 1usize..4, pieces in pieces(),
    ) {
        prop_assume!(!text.is_empty());
        let mut octets = text.into_bytes();
        let at = at.index(octets.len());
        octets[at] = 0xFF;
        let events = events(&message(TEXT, &octets, frames), &pieces);
        prop_assert_eq!(events.first(), Some(&Event::Error(ProtocolError::InvalidUtf8)));
    }
}

#[test]
fn a_long_message_is_put_together_in_memory_that_was_given_back() {
    for (opcode, kind) in [(TEXT, "text"), (BINARY, "binary")] {
        let worker = std::thread::spawn(move || {
            memory::keep();
            let place = memory::take(1 << 20);
            let address = place.as_ptr();
            memory::give_back(place.into());
            let payload = vec![b'a'; 900_000];
            let events = events(&message(FIN | opcode, &payload, 1), &[65_536]);
            let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
            assert_eq!(message.as_bytes(), payload);
            (address as usize, message.as_bytes().as_ptr() as usize)
        });
        let (given, used) = worker.join().unwrap();
        assert_eq!(given, used, "{kind}");
    }
}
