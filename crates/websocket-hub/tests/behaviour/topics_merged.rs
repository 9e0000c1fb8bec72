//! Several topics and messages to one alone: one order for each connection, in whatever form it takes frames.

use std::sync::Arc;

use websocket_client::Connector;
use websocket_hub::driver::deflate::Deflate;
use websocket_hub::{Backend, Config, Handshake, Message, Server, Topic, WebSocket};

use crate::client::{Client, hear};
use crate::on_each_backend_and_version;
use crate::peer::Peer;
use crate::room::Room;

/// A server that agrees to compression, and to a long queue.
fn serve(backend: Backend) -> (Server, Room) {
    let config = Arc::new(Config { queue_limit: 64 << 20, ..Config::default() });
    Room::serve_with(backend, move |name| {
        let takeover = name.contains("takeover");
        let deflate = Deflate {
            takeover,
            window_bits: if name.contains("small") { 9 } else { 12 },
            ..Deflate::default()
        };
        Handshake::new().config(Arc::clone(&config)).deflate(deflate)
    })
}

/// Text that is worth compressing, and tells its number and its way.
fn said(number: usize, way: &str) -> String {
    format!("{number} {way}: {}", "to be or not to be, ".repeat(number % 7))
}

/// Publishes to two topics and sends to each connection, in turns; says what each should have heard.
fn speak(topics: &[Topic; 2], sockets: &[WebSocket], count: usize) -> Vec<String> {
    let mut expected = Vec::new();
    for number in 0..count {
        for (topic, way) in topics.iter().zip(["one", "other"]) {
            assert_eq!(topic.publish(said(number, way)), sockets.len());
            expected.push(said(number, way));
            for ws in sockets {
                ws.send(said(number, "alone")).unwrap();
            }
            expected.push(said(number, "alone"));
        }
    }
    expected
}

#[test]
fn what_one_thread_publishes_and_sends_arrives_in_its_order_in_every_form() {
    on_each_backend_and_version(|backend| {
        let (server, room) = serve(backend);
        let names = ["plain", "compressed", "takeover", "small"];
        let mut clients = names.map(|name| {
            let connector = Connector::new();
            let offers = Deflate { takeover: true, ..Deflate::default() };
            let connector = if name == "plain" { connector } else { connector.deflate(offers) };
            Client::with(&connector, &server, name).unwrap()
        });
        let sockets = names.map(|name| room.ws(name));
        let topics = [Topic::new(), Topic::new()];
        for topic in &topics {
            sockets.iter().for_each(|ws| topic.subscribe(ws));
        }
        let expected = speak(&topics, &sockets, 300);
        for client in &mut clients {
            for text in &expected {
                assert_eq!(client.text(), *text);
            }
        }
    });
}

#[test]
fn who_reads_only_later_hears_the_same_order() {
    on_each_backend_and_version(|backend| {
        let (server, room) = serve(backend);
        let mut peers = ["one", "two"].map(|name| Peer::open_small(&server, name));
        let sockets = ["one", "two"].map(|name| room.ws(name));
        let topics = [Topic::new(), Topic::new()];
        for topic in &topics {
            sockets.iter().for_each(|ws| topic.subscribe(ws));
        }
        let large = "x".repeat(40_000);
        let mut expected = Vec::new();
        for round in 0..20 {
            expected.append(&mut speak(&topics, &sockets, 10));
            assert_eq!(topics[round % 2].publish(&*large), 2);
            expected.push(large.clone());
        }
        for peer in &mut peers {
            for text in &expected {
                assert_eq!(peer.text(), *text);
            }
        }
    });
}

#[test]
fn what_a_handler_says_and_publishes_keeps_its_order_for_the_one_that_asked() {
    on_each_backend_and_version(|backend| {
        let topic = Topic::new();
        let (joined, asked) = (topic.clone(), topic.clone());
        let app = move |request: websocket_hub::Request| -> Result<_, websocket_hub::Refused> {
            let (joined, asked) = (joined.clone(), asked.clone());
            let answer = move |ws: &mut WebSocket, message: Message<'_>| {
                let text = message.as_text().expect("a text").to_owned();
                ws.send(format!("{text} heard")).unwrap();
                asked.publish(format!("{text} asked"));
                ws.send(format!("{text} answered")).unwrap();
            };
            let upgrade = WebSocket::upgrade(request)?.on_open(move |ws| joined.subscribe(ws));
            Ok(upgrade.on_message(answer).start())
        };
        let server = crate::transport::serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        let mut clients = ["alice", "bob"].map(|name| Client::connect(&server, name));
        crate::waiting::eventually("both are in", || topic.len() == 2);
        for number in 0..50 {
            clients[0].send(format!("{number}"));
            for way in ["heard", "asked", "answered"] {
                assert_eq!(clients[0].text(), format!("{number} {way}"));
            }
            assert_eq!(clients[1].text(), format!("{number} asked"));
        }
        topic.publish("end");
        assert_eq!(hear(&mut clients[1], "end"), [""; 0]);
    });
}
