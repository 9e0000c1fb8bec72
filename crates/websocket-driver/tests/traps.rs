//! Traps that other implementations fell into and that belong to no other file; docs/conformance.md lists them all.

mod wire;

use std::time::Instant;

use websocket_driver::{Config, Connection, Event, Input, Message};
use wire::{CONTINUATION, FIN, TEXT, frame};

/// What a server makes of these octets, which are to be one text.
fn text_of(octets: &[u8]) -> Option<String> {
    let mut connection = Connection::server(Config::default().into(), Instant::now());
    let mut octets = octets.to_vec();
    let mut input = Input::new(&mut octets);
    match connection.receive(&mut input, Instant::now())? {
        Event::Message(Message::Text(text)) => Some(text.to_string()),
        _ => None,
    }
}

/// Checks that look at 16, 32 or 64 octets at a time have refused characters that cross the edge of such a block.
#[test]
fn code_points_at_every_place_of_a_long_text_are_text() {
    for character in ['é', '\u{7ff}', '€', '\u{ffff}', '😀', '\u{10ffff}'] {
        for before in 0..200 {
            for behind in [0, 1, 63, 64, 150] {
                let text = format!("{}{character}{}", "a".repeat(before), "b".repeat(behind));
                let place = || format!("{character:?} behind {before} octets, {behind} behind it");
                assert_eq!(text_of(&frame(true, TEXT, text.as_bytes())), Some(text.clone()), "{}", place());

                // Cut within the character, where it has a second octet.
                let (first, second) = text.as_bytes().split_at(before + 1);
                let fragments = [frame(true, TEXT & !FIN, first), frame(true, CONTINUATION | FIN, second)];
                assert_eq!(text_of(&fragments.concat()), Some(text), "{}", place());
            }
        }
    }
}
