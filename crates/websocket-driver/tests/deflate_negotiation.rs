//! What two sides agree to, from the offer to the messages that flow by it.

mod deflated;
mod wire;

use std::time::Instant;

use deflated::{EXTENSIONS, FULL, RSV1, client_agrees, events, server_agrees, shake_hands};
use websocket_driver::deflate::Deflate;
use websocket_driver::handshake::{Key, client, server};
use websocket_driver::pair::{Pair, SIDES, Side};
use websocket_driver::{Config, Connection, Event, Message};

/// Every setting that the negotiation knows.
fn all_settings() -> impl Iterator<Item = Deflate> {
    (9..=15).flat_map(|window_bits| {
        (0..4).map(move |flags| Deflate {
            window_bits,
            takeover: flags & 1 != 0,
            peer_takeover: flags & 2 != 0,
            ..FULL
        })
    })
}

/// Each message repeats all of the one before, and adds to it: without a window it costs more each time.
fn growing() -> impl Iterator<Item = Message<'static>> {
    let mut text = String::new();
    (0..12u32).map(move |at| {
        (0..25)
            .for_each(|word| text.push_str(&format!("{:x} ", (at * 25 + word).wrapping_mul(2_654_435_761))));
        Message::text(text.clone())
    })
}

/// Lets both sides talk, and says how many octets each one has written.
fn talk(mut pair: Pair) -> [usize; 2] {
    for message in growing() {
        for side in SIDES {
            pair.connection(side).send(message.clone()).expect("the connection is open");
            pair.run();
            let told = pair.take_events(side.peer());
            assert!(told == [Event::Message(message.clone())], "{:.200?}", told);
        }
    }
    SIDES.map(|side| pair.written(side).len())
}

#[test]
fn whatever_both_sides_want_they_understand_each_other() {
    for ours in all_settings() {
        for theirs in all_settings() {
            let agreed = shake_hands(ours, theirs);
            assert!(agreed.client.is_some() && agreed.server.is_some(), "{ours:?} and {theirs:?}");
            let header = agreed.response.headers()[EXTENSIONS].to_str().unwrap();
            let has = |name: &str| header.contains(name);
            // Who does not want to keep a window has the other side's word that none is needed.
            assert!(ours.peer_takeover || has("server_no_context_takeover"), "{header}");
            assert!(theirs.peer_takeover || has("client_no_context_takeover"), "{header}");
            if ours.window_bits < 15 {
                assert!(has("server_max_window_bits="), "{header}");
            }
            let pair = Pair::new().compressing(agreed.client, agreed.server);
            let [client, server] = talk(pair);
            // Takeover is what both want, and it is worth its while.
            let expect = |written: usize, takeover: bool, sender: Deflate, receiver: Deflate| {
                if !takeover {
                    assert!(written > 8000, "{written} octets with {sender:?} to {receiver:?}");
                } else if sender.window_bits.min(receiver.window_bits) >= 13 {
                    assert!(written < 4000, "{written} octets with {sender:?} to {receiver:?}");
                }
            };
            expect(client, ours.takeover && theirs.peer_takeover, ours, theirs);
            expect(server, theirs.takeover && ours.peer_takeover, theirs, ours);
        }
    }
}

#[test]
fn settings_out_of_range_are_taken_as_the_nearest() {
    for window_bits in [0, 8, 16, 255] {
        for level in [0, 10, 255] {
            let settings = Deflate { window_bits, level, ..FULL };
            let agreed = shake_hands(settings, settings);
            talk(Pair::new().compressing(agreed.client, agreed.server));
        }
    }
}

#[test]
fn who_does_not_want_compression_gets_none() {
    let (key, uri) = (Key::new([1; 16]), http::Uri::from_static("ws://example.org/"));
    for (asks, agrees) in [(None, Some(FULL)), (Some(FULL), None), (None, None)] {
        let asks = client::Options { deflate: asks, ..client::Options::default() };
        let agrees = server::Options { deflate: agrees, ..server::Options::default() };
        let request = client::request(&uri, &key, &asks).unwrap();
        assert_eq!(request.headers().contains_key(EXTENSIONS), asks.deflate.is_some());
        let accepted = server::accept(&request, &agrees).unwrap();
        assert!(accepted.deflate.is_none() && !accepted.response.headers().contains_key(EXTENSIONS));
        assert_eq!(client::verify(&accepted.response, &key, &asks).unwrap().deflate, None);
        let mut pair = Pair::new().compressing(None, accepted.deflate);
        pair.connection(Side::Server).send("a".repeat(500)).unwrap();
        pair.run();
        assert_eq!(wire::frames(pair.written(Side::Server))[0].first, wire::TEXT);
    }
}

/// What others offer: browsers, libraries, and what the standard allows.
const OFFERS: [&str; 12] = [
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; client_max_window_bits; server_no_context_takeover",
    "permessage-deflate; client_no_context_takeover; client_max_window_bits",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9",
    "permessage-deflate; server_max_window_bits=\"12\"",
    "permessage-deflate;client_max_window_bits=8",
    "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits",
    "permessage-bzip2; level=9, permessage-deflate; server_max_window_bits=9, permessage-deflate",
    "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=15",
    "  permessage-deflate ; client_max_window_bits = 11 ",
];

#[test]
fn offers_of_others_are_agreed_to_and_carry_messages() {
    for offer in OFFERS {
        for settings in all_settings() {
            let agreed = server_agrees(offer, settings);
            assert!(agreed.is_some(), "{offer}");
            // Its own messages are right for a client that keeps every window in full.
            let mut server =
                Connection::server(Config::default().into(), Instant::now()).with_deflate(agreed);
            let mut client = Connection::client(Config::default().into(), || [1; 4], Instant::now())
                .with_deflate(client_agrees("permessage-deflate", FULL));
            for message in growing() {
                server.send(message.clone()).unwrap();
                let (octets, _) = wire::transmitted(&mut server);
                assert_eq!(octets[0], wire::TEXT | RSV1);
                assert!(
                    events(&mut client, &octets) == [Event::Message(message)],
                    "{offer} and {settings:?}"
                );
            }
        }
    }
}

#[test]
fn offers_that_cannot_be_met_are_passed_over() {
    for offer in [
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; x",
        "permessage-deflate; \"",
        "permessage-deflate\"; client_max_window_bits\"",
        ";",
        ",",
        "=",
        "",
    ] {
        assert_eq!(server_agrees(offer, FULL), None, "{offer}");
    }
}

#[test]
fn answers_that_were_not_asked_for_are_not_believed() {
    for answer in [
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate; x=y",
        "x",
        "",
    ] {
        assert_eq!(client_agrees(answer, FULL), None, "{answer}");
    }
    for (answer, settings) in [
        ("permessage-deflate", Deflate { peer_takeover: false, ..FULL }),
        ("permessage-deflate", Deflate { window_bits: 14, ..FULL }),
        ("permessage-deflate; server_max_window_bits=13", Deflate { window_bits: 12, ..FULL }),
    ] {
        assert_eq!(client_agrees(answer, settings), None, "{answer} to {settings:?}");
    }
}

#[test]
fn answers_of_others_are_believed_and_carry_messages() {
    for answer in [
        "permessage-deflate",
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9",
        "permessage-deflate; client_max_window_bits=15; server_no_context_takeover; client_no_context_takeover",
    ] {
        let mut client = Connection::client(Config::default().into(), || [1; 4], Instant::now())
            .with_deflate(client_agrees(answer, FULL));
        let mut server = Connection::server(Config::default().into(), Instant::now())
            .with_deflate(server_agrees("permessage-deflate", FULL));
        for message in growing() {
            client.send(message.clone()).unwrap();
            let (octets, _) = wire::transmitted(&mut client);
            assert!(events(&mut server, &octets) == [Event::Message(message)], "{answer}");
        }
    }
}
