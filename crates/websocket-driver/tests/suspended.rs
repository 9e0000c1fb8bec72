//! A server's connection goes on elsewhere, from what it has to remember between two messages.

mod deflated;
mod wire;

use std::time::Instant;

use deflated::{FULL, events, server};
use websocket_driver::deflate::Coding;
use websocket_driver::{CloseCode, Config, Connection, Event, Message, Suspended};
use wire::transmitted;

fn elsewhere(connection: &Connection) -> Connection {
    let suspended = connection.suspend().expect("it is between two messages");
    Connection::resume(Config::default().into(), suspended, Instant::now()).expect("that is what it was")
}

#[test]
fn messages_go_both_ways_as_if_nothing_had_been_whatever_was_agreed_to() {
    for offer in [
        None,
        Some("permessage-deflate"),
        Some("permessage-deflate; client_max_window_bits=10"),
        Some("permessage-deflate; client_no_context_takeover; server_no_context_takeover"),
    ] {
        let now = Instant::now();
        let mut client = Connection::client(Config::default().into(), || [5, 6, 7, 8], now);
        let mut here = Connection::server(Config::default().into(), now);
        if let Some(offer) = offer {
            client = client.with_deflate(deflated::client_agrees(offer, FULL));
            here = server(offer);
        }
        for round in 0..6 {
            // The same again and again, so that all but the first refers to what was said before.
            let text = "what was said so often is said once more, and then again. ".repeat(5);
            client.send(text.as_str()).unwrap();
            let (sent, _) = transmitted(&mut client);
            assert_eq!(
                events(&mut here, &sent),
                [Event::Message(Message::text(text.as_str()))],
                "{offer:?} {round}"
            );
            here.send(text.as_str()).unwrap();
            let (mut sent, _) = transmitted(&mut here);
            let mut input = websocket_driver::Input::new(&mut sent);
            let told = client.receive(&mut input, now);
            assert_eq!(told, Some(Event::Message(Message::text(text.as_str()))), "{offer:?} {round}");
            here = elsewhere(&here);
        }
    }
}

#[test]
fn what_has_begun_is_not_suspended() {
    let now = Instant::now();
    let new = || Connection::server(Config::default().into(), now);
    let begun: [(&str, &[u8]); 4] = [
        ("a header", b"\x81"),
        ("a frame", b"\x81\x85\x37\xfa\x21\x3d\x7f"),
        ("a message", b"\x01\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
        ("a close", b"\x88\x80\x00\x00\x00\x00"),
    ];
    for (what, octets) in begun {
        let mut connection = new();
        events(&mut connection, octets);
        assert_eq!(connection.suspend(), None, "{what}");
    }
    let mut connection = new();
    connection.send("not written").unwrap();
    assert_eq!(connection.suspend(), None, "something waits");
    transmitted(&mut connection);
    assert_eq!(connection.suspend(), Some(Suspended::default()));
    connection.ping(b"").unwrap();
    assert_eq!(connection.suspend(), None, "a ping waits");
    transmitted(&mut connection);
    assert!(connection.suspend().is_some(), "that it is not answered is forgotten");
    connection.close(CloseCode::NORMAL, "", now).unwrap();
    assert_eq!(connection.suspend(), None, "it is closing");
    let client = Connection::client(Config::default().into(), || [5, 6, 7, 8], now);
    assert_eq!(client.suspend(), None, "a client keeps its own");
}

#[test]
fn what_no_connection_remembers_is_not_resumed() {
    let right = Coding {
        window_bits: 12,
        level: 6,
        takeover: false,
        min_len: 64,
        peer_window: 4_096,
        received: vec![b'x'; 4_096],
    };
    let resumes = |coding: Coding| {
        let suspended = Suspended { deflate: Some(coding) };
        Connection::resume(Config::default().into(), suspended, Instant::now()).is_some()
    };
    assert!(resumes(right.clone()));
    for wrong in [
        Coding { window_bits: 8, ..right.clone() },
        Coding { window_bits: 16, ..right.clone() },
        Coding { level: 1, ..right.clone() },
        Coding { peer_window: 4_095, ..right.clone() },
        Coding { peer_window: 255, received: Vec::new(), ..right.clone() },
        Coding { peer_window: 32_769, ..right.clone() },
    ] {
        assert!(!resumes(wrong.clone()), "{} {} {}", wrong.window_bits, wrong.level, wrong.peer_window);
    }
}
