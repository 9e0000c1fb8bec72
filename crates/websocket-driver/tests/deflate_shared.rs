//! What connections share: coders in each thread, and messages that are compressed once for all of them.

mod blocks;
mod deflated;
mod wire;

use std::time::Instant;

use blocks::{Blocks, Final, TAIL, literals};
use deflated::{FULL, RSV1, events, server, shake_hands};
use websocket_driver::deflate::Deflate;
use websocket_driver::pair::{Pair, SIDES, Side};
use websocket_driver::{Config, Connection, Event, Message, Prepared};
use wire::{BINARY, CONTINUATION, FIN, TEXT, frame};

/// Text that each speaker begins in its own way.
fn text(speaker: usize, at: usize) -> String {
    format!("speaker {speaker} says {at}, and what it has said so often. ").repeat(3 + at % 7)
}

#[test]
fn halves_of_messages_of_many_connections_do_not_mix() {
    const COUNT: usize = 20;
    for offer in ["permessage-deflate", "permessage-deflate; client_no_context_takeover"] {
        let mut clients: Vec<Connection> = (0..COUNT)
            .map(|_| {
                let agreed = deflated::client_agrees("permessage-deflate; client_no_context_takeover", FULL);
                Connection::client(Config::default().into(), || [5, 6, 7, 8], Instant::now())
                    .with_deflate(agreed)
            })
            .collect();
        let mut servers: Vec<Connection> = (0..COUNT).map(|_| server(offer)).collect();
        for round in 0..10 {
            let sent: Vec<Vec<u8>> = (0..COUNT)
                .map(|at| {
                    clients[at].send(text(at, round)).unwrap();
                    wire::transmitted(&mut clients[at]).0
                })
                .collect();
            // Every connection gets a piece in turn, so that all of them are in the middle of a message.
            let longest = sent.iter().map(Vec::len).max().unwrap();
            let mut told = vec![Vec::new(); COUNT];
            for start in (0..longest).step_by(7) {
                for at in 0..COUNT {
                    let piece = &sent[at][start.min(sent[at].len())..(start + 7).min(sent[at].len())];
                    told[at].extend(events(&mut servers[at], piece));
                }
            }
            for (at, told) in told.iter().enumerate() {
                assert_eq!(told, &[Event::Message(Message::text(text(at, round)))]);
            }
        }
    }
}

#[test]
fn what_one_connection_is_in_the_middle_of_does_not_hinder_what_another_sends() {
    let mut half = server("permessage-deflate");
    let payload = Blocks::new().fixed(Final::No, &literals(b"Hello, world")).message();
    assert_eq!(events(&mut half, &frame(true, (TEXT - FIN) | RSV1, &payload[..5])), []);
    let agreed = shake_hands(FULL, FULL);
    let mut pair = Pair::new().compressing(agreed.client, agreed.server);
    for at in 0..10 {
        for side in SIDES {
            pair.connection(side).send(text(0, at)).unwrap();
            half.send(text(1, at)).unwrap();
            pair.run();
            assert_eq!(pair.take_events(side.peer()), [Event::Message(Message::text(text(0, at)))]);
        }
    }
    let told = events(&mut half, &frame(true, CONTINUATION, &payload[5..]));
    assert_eq!(told, [Event::Message(Message::text("Hello, world"))]);
}

#[test]
fn a_connection_that_fails_leaves_the_others_as_they_were() {
    let mut good = server("permessage-deflate");
    let payload = Blocks::new().fixed(Final::No, &literals(b"Hello, world")).message();
    for (at, octet) in payload.iter().enumerate() {
        let mut bad = server("permessage-deflate");
        assert_eq!(events(&mut bad, &frame(true, BINARY | RSV1, &[0x07])).len(), 2);
        let first = if at == 0 { (TEXT - FIN) | RSV1 } else { CONTINUATION - FIN };
        assert_eq!(events(&mut good, &frame(true, first, &[*octet])), []);
    }
    let told = events(&mut good, &frame(true, CONTINUATION, b""));
    assert_eq!(told, [Event::Message(Message::text("Hello, world"))]);
}

#[test]
fn connections_move_between_threads_in_the_middle_of_a_message() {
    let agreed = shake_hands(FULL, FULL);
    let now = Instant::now();
    let mut client =
        Connection::client(Config::default().into(), || [3, 1, 4, 1], now).with_deflate(agreed.client);
    let mut server = Connection::server(Config::default().into(), now).with_deflate(agreed.server);
    for at in 0..20 {
        client.send(text(0, at)).unwrap();
        server.send(text(1, at)).unwrap();
        let (mut to_server, mut to_client) =
            (wire::transmitted(&mut client).0, wire::transmitted(&mut server).0);
        let rest = [to_server.split_off(to_server.len() / 2), to_client.split_off(to_client.len() / 2)];
        assert_eq!(events(&mut server, &to_server), []);
        assert_eq!(events(&mut client, &to_client), []);
        (client, server) = std::thread::spawn(move || {
            assert_eq!(events(&mut server, &rest[0]), [Event::Message(Message::text(text(0, at)))]);
            assert_eq!(events(&mut client, &rest[1]), [Event::Message(Message::text(text(1, at)))]);
            (client, server)
        })
        .join()
        .unwrap();
    }
}

#[test]
fn many_threads_talk_at_once_and_share_what_is_prepared() {
    let shared: Vec<Prepared> = (0..20).map(|at| Prepared::new(text(99, at))).collect();
    std::thread::scope(|scope| {
        for speaker in 0..8u8 {
            let shared = &shared;
            scope.spawn(move || {
                let window_bits = 9 + speaker % 7;
                let settings = Deflate { window_bits, takeover: speaker % 2 == 0, ..FULL };
                let agreed = shake_hands(settings, settings);
                let mut pair = Pair::new().compressing(agreed.client, agreed.server);
                for (at, prepared) in shared.iter().enumerate() {
                    for side in SIDES {
                        pair.connection(side).send(text(speaker.into(), at)).unwrap();
                        pair.connection(side).send_prepared(prepared).unwrap();
                        pair.run();
                        let expected = [text(speaker.into(), at), text(99, at)]
                            .map(|text| Event::Message(Message::text(text)));
                        assert_eq!(pair.take_events(side.peer()), expected);
                    }
                }
            });
        }
    });
}

/// What a server writes for a prepared message.
fn prepared_octets(settings: Deflate, prepared: &Prepared) -> Vec<u8> {
    let agreed = shake_hands(settings, settings).server;
    let mut server = Connection::server(Config::default().into(), Instant::now()).with_deflate(agreed);
    server.send_prepared(prepared).expect("the connection is open");
    wire::transmitted(&mut server).0
}

#[test]
fn a_prepared_message_has_the_same_octets_for_every_window_from_12_bits_on() {
    let message = text(0, 6).repeat(40);
    let prepared = Prepared::new(&*message);
    let mut forms = Vec::new();
    for window_bits in 12..=15 {
        for (takeover, level) in [(true, 1), (false, 9), (true, 6)] {
            forms.push(prepared_octets(Deflate { window_bits, takeover, level, ..FULL }, &prepared));
        }
    }
    assert!(forms.iter().all(|form| *form == forms[0]));
    let [form] = &wire::frames(&forms[0])[..] else { panic!("one frame") };
    assert_eq!(form.first, TEXT | RSV1);
    let read = blocks::read(&[], &[&form.payload[..], &TAIL].concat()).unwrap();
    assert!(read.octets == message.as_bytes() && read.farthest <= 4096);
}

#[test]
fn a_smaller_window_gets_a_form_of_its_own() {
    let message = [text(0, 6), "x".repeat(3000), text(1, 6)].concat();
    let prepared = Prepared::new(&*message);
    for window_bits in 9..12 {
        let octets = prepared_octets(Deflate { window_bits, ..FULL }, &prepared);
        let [form] = &wire::frames(&octets)[..] else { panic!("one frame") };
        assert_eq!(form.first, TEXT | RSV1);
        let read = blocks::read(&[], &[&form.payload[..], &TAIL].concat()).unwrap();
        assert!(read.octets == message.as_bytes() && read.farthest <= 1 << window_bits);
    }
}

#[test]
fn a_prepared_message_is_plain_for_those_without_compression_and_where_it_gains_nothing() {
    let mut plain = Connection::server(Config::default().into(), Instant::now());
    let prepared = Prepared::new(text(0, 6));
    plain.send_prepared(&prepared).unwrap();
    assert_eq!(wire::transmitted(&mut plain).0, &prepared.server_frame()[..]);
    let noise: Vec<u8> = (0..300u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for message in [Message::binary(noise), Message::text(""), Message::text("short")] {
        let prepared = Prepared::new(message);
        for window_bits in [9, 12, 15] {
            let octets = prepared_octets(Deflate { window_bits, ..FULL }, &prepared);
            assert_eq!(octets, &prepared.server_frame()[..]);
        }
    }
}

#[test]
fn a_client_masks_the_shared_form() {
    let agreed = shake_hands(FULL, FULL);
    let mut pair = Pair::new().compressing(agreed.client, agreed.server);
    let prepared = Prepared::new(text(0, 6));
    for _ in 0..3 {
        pair.connection(Side::Client).send_prepared(&prepared).unwrap();
    }
    pair.run();
    let expected = Event::Message(Message::text(text(0, 6)));
    assert_eq!(pair.take_events(Side::Server), [expected.clone(), expected.clone(), expected]);
    let frames = wire::frames(pair.written(Side::Client));
    assert!(frames.iter().all(|frame| frame.is_masked && frame.first == TEXT | RSV1));
    assert!(frames.iter().all(|frame| frame.payload == frames[0].payload));
}

/// As a server does that writes one compressed form to many transports itself.
#[test]
fn a_form_that_is_written_past_the_connection_is_read_between_its_messages() {
    for (offer, takes) in [
        ("permessage-deflate", true),
        ("permessage-deflate; server_max_window_bits=12", true),
        ("permessage-deflate; server_max_window_bits=11", false),
    ] {
        assert_eq!(server(offer).takes_compressed(), takes, "{offer}");
    }
    assert!(!Connection::server(Config::default().into(), Instant::now()).takes_compressed());
    let agreed = shake_hands(FULL, FULL);
    let now = Instant::now();
    let mut server = Connection::server(Config::default().into(), now).with_deflate(agreed.server);
    let mut client = Connection::client(Config::default().into(), || [5, 6, 7, 8], now);
    client = client.with_deflate(agreed.client);
    let prepared = Prepared::new(text(1, 1));
    let form = prepared.compressed_server_frame().unwrap().clone();
    assert!(form.len() < prepared.server_frame().len());
    assert!(Prepared::new("short").compressed_server_frame().is_none());
    let mut sent = Vec::new();
    for _ in 0..3 {
        server.hibernate();
        server.send(text(1, 2)).unwrap();
        sent.extend(wire::transmitted(&mut server).0);
        sent.extend_from_slice(&form);
    }
    let expected = [text(1, 2), text(1, 1)].map(|text| Event::Message(Message::text(text)));
    assert_eq!(events(&mut client, &sent), [expected.clone(), expected.clone(), expected].concat());
}
