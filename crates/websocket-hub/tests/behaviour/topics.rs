//! Topics: one order for everybody, counted, left at the end.

use std::sync::{Arc, Barrier, Mutex};

use websocket_hub::{CloseCode, Message, Prepared, Queued, Refused, Request, SendError, Topic, WebSocket};

use crate::client::{Client, hear};
use crate::on_each_backend_and_version;
use crate::peer::{Peer, close, text};
use crate::room::Room;
use crate::transport::serve;
use crate::waiting::eventually;

#[test]
fn everybody_hears_the_same_in_one_order_whoever_publishes_from_wherever() {
    const PUBLISHERS: usize = 4;
    const EACH: usize = 500;
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let names = ["alice", "bob", "carol", "dave"];
        let mut clients = names.map(|name| Client::connect(&server, name));
        names.iter().for_each(|name| room.log.wait_open(name));
        let start = Arc::new(Barrier::new(PUBLISHERS));
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|publisher| {
                let (topic, start) = (room.topic.clone(), Arc::clone(&start));
                std::thread::spawn(move || {
                    start.wait();
                    (0..EACH).for_each(|n| assert_eq!(topic.publish(format!("{publisher} {n}")), 4));
                })
            })
            .collect();
        // Connections publish, too, from the threads of the server.
        for client in &mut clients {
            client.send("says so");
        }
        publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
        let all = PUBLISHERS * EACH + clients.len();
        let heard = clients.map(|mut client| (0..all).map(|_| client.text()).collect::<Vec<_>>());
        for others in &heard[1..] {
            assert_eq!(others, &heard[0]);
        }
        for publisher in 0..PUBLISHERS {
            let own = heard[0].iter().filter(|text| text.starts_with(&format!("{publisher} ")));
            let expected = (0..EACH).map(|n| format!("{publisher} {n}"));
            assert!(own.cloned().eq(expected), "each publisher's order is kept");
        }
    });
}

#[test]
fn what_was_encoded_before_reaches_everybody_as_it_is() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut peers = ["alice", "bob"].map(|name| Peer::open(&server, name));
        ["alice", "bob"].iter().for_each(|name| room.log.wait_open(name));
        for message in [Message::text("grüße"), Message::binary(vec![0; 70_000]), Message::text("")] {
            let prepared = Prepared::new(message.clone());
            assert_eq!(room.topic.publish_prepared(&prepared), 2);
            assert!(room.ws("alice").send_prepared(&prepared).is_ok());
            let first = if message.as_text().is_some() { 0x81 } else { 0x82 };
            for (peer, times) in peers.iter_mut().zip([2, 1]) {
                for _ in 0..times {
                    let frame = peer.frame().unwrap();
                    assert_eq!((frame.first, &frame.payload[..]), (first, message.as_bytes()));
                }
            }
        }
    });
}

#[test]
fn a_message_to_one_keeps_its_place_between_those_to_all() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut client = Client::connect(&server, "alice");
        let ws = room.ws("alice");
        for number in 0..100 {
            room.topic.publish(format!("{number} before"));
            ws.send(format!("{number} between")).unwrap();
            room.topic.publish(format!("{number} after"));
        }
        for number in 0..100 {
            for place in ["before", "between", "after"] {
                assert_eq!(client.text(), format!("{number} {place}"));
            }
        }
    });
}

#[test]
fn subscribers_are_counted_once_and_can_be_taken_away() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut client = Client::connect(&server, "alice");
        let ws = room.ws("alice");
        let topic = Topic::new();
        assert!(topic.is_empty());
        assert_eq!(topic.publish("nobody"), 0);
        topic.subscribe(&ws);
        topic.subscribe(&ws.clone());
        assert_eq!((topic.len(), topic.is_empty()), (1, false));
        assert_eq!(topic.publish("once"), 1);
        topic.unsubscribe(&ws);
        topic.unsubscribe(&ws);
        assert_eq!((topic.len(), topic.publish("gone")), (0, 0));
        topic.clone().subscribe(&ws);
        assert_eq!((topic.len(), topic.publish("back")), (1, 1));
        ws.send("end").unwrap();
        assert_eq!(hear(&mut client, "end"), ["once", "back"]);
        assert_eq!(room.topic.len(), 1, "one topic knows nothing of another");
    });
}

#[test]
fn a_connection_may_be_in_many_topics_and_leaves_them_all() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut client = Client::connect(&server, "alice");
        let ws = room.ws("alice");
        let topics: Vec<Topic> = (0..1000).map(|_| Topic::new()).collect();
        topics.iter().for_each(|topic| topic.subscribe(&ws));
        drop((Topic::new(), topics[0].clone()));
        assert!(topics.iter().all(|topic| topic.publish("x") == 1));
        assert!((0..1000).all(|_| client.text() == "x"));
        client.close();
        room.log.wait_closed("alice");
        assert!(topics.iter().all(Topic::is_empty));
    });
}

/// What a handler saw of its topic when its connection was over.
#[derive(Debug, PartialEq)]
struct Seen {
    subscribers: usize,
    told: usize,
    open: bool,
    sent: Result<Queued, SendError>,
}

#[test]
fn a_connection_that_ends_is_unsubscribed_before_it_is_told() {
    on_each_backend_and_version(|backend| {
        let (topic, seen) = (Topic::new(), Arc::new(Mutex::new(Vec::new())));
        let (opened, closed, saw) = (topic.clone(), topic.clone(), seen.clone());
        let app = move |request: Request| -> Result<_, Refused> {
            let (opened, closed, saw) = (opened.clone(), closed.clone(), saw.clone());
            Ok(WebSocket::upgrade(request)?
                .on_open(move |ws| {
                    opened.subscribe(ws);
                    ws.send("welcome").unwrap();
                })
                .on_close(move |ws, _| {
                    // Too late to come back.
                    closed.subscribe(ws);
                    let (subscribers, told) = (closed.len(), closed.publish("left"));
                    let (open, sent) = (ws.is_open(), ws.send("late"));
                    saw.lock().unwrap().push(Seen { subscribers, told, open, sent });
                })
                .start())
        };
        let server = serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        let mut stays = Client::connect(&server, "stays");
        assert_eq!(stays.text(), "welcome");
        for way in [close(1000, b""), b"\xff".repeat(2), Vec::new()] {
            let mut peer = Peer::open(&server, "leaves");
            assert_eq!(peer.text(), "welcome");
            assert_eq!(topic.len(), 2);
            peer.write(way);
            drop(peer);
            assert_eq!(stays.text(), "left");
        }
        // What they saw is noted behind what they said.
        eventually("three have noted", || seen.lock().unwrap().len() == 3);
        drop(stays);
        assert_eq!(server.stop(), 0);
        for seen in &seen.lock().unwrap()[..3] {
            let expected = Seen { subscribers: 1, told: 1, open: false, sent: Err(SendError::Closed) };
            assert_eq!(*seen, expected);
        }
    });
}

#[test]
fn a_connection_that_is_closing_hears_no_more_and_cannot_join() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut peer = Peer::open(&server, "alice");
        let ws = room.ws("alice");
        ws.close(CloseCode::NORMAL, "").unwrap();
        assert_eq!(room.topic.publish("late"), 0);
        let other = Topic::new();
        other.subscribe(&ws);
        assert!(other.is_empty());
        assert_eq!(peer.frame().map(|frame| frame.first), Some(0x88));
        peer.write([text("late"), close(1000, b"")].concat());
        assert_eq!(peer.rest(), b"");
        room.log.wait_closed("alice");
    });
}

/// Handlers that publish and subscribe across topics hold no lock while they do.
#[test]
fn connections_that_end_while_others_publish_block_nobody() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut stays = Client::connect(&server, "stays");
        room.ws("stays");
        let topic = room.topic.clone();
        let publisher = std::thread::spawn(move || {
            for number in 0..300 {
                topic.publish(format!("tick {number}"));
                std::thread::yield_now();
            }
        });
        for number in 0..40 {
            let mut peer = Peer::open(&server, &format!("passer-{number}"));
            if number % 2 == 0 {
                peer.write(close(1000, b""));
            }
            drop(peer);
        }
        publisher.join().unwrap();
        (0..40).for_each(|number| _ = room.log.wait_closed(&format!("passer-{number}")));
        room.topic.publish("end");
        let heard = hear(&mut stays, "end");
        assert_eq!(heard.iter().filter(|text| text.ends_with("left")).count(), 40);
        assert_eq!(room.topic.len(), 1);
    });
}
