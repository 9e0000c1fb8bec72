//! Connections go on at another server, and those at their other ends do not notice.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use websocket_client::Connector;
use websocket_hub::driver::deflate::Deflate;
use websocket_hub::{
    Backend, Carried, Config, Events, Handshake, Message, Refused, Request, Response, Serve, Server, Topic,
    WebSocket, serve,
};

use crate::client::Client;
use crate::log::Told;
use crate::peer::{Frame, Peer, text};
use crate::room::Room;
use crate::transport::{Transport, over};
use crate::waiting::PATIENCE;
use crate::{PROCESS, on_each_backend};

const SOON: Duration = Duration::from_secs(20);

/// Those that can.
fn carriers() -> impl Iterator<Item = Backend> {
    Backend::ALL.into_iter().filter(|backend| backend.carries_over())
}

/// Pauses everybody, has them leave, and takes leave of the rest.
fn carry(server: Server, between: impl FnOnce(&HashSet<u64>)) -> Vec<Carried> {
    let paused = server.pause(SOON);
    between(&paused);
    let mut stopping = server.say_goodbye(SOON);
    let carried = stopping.carry_over(&paused, Duration::from_secs(1));
    std::thread::spawn(move || stopping.wait());
    carried
}

/// Another server, without an app of its own, in which each says who they are.
struct Successor {
    server: Serve,
    topic: Topic,
    opened: Arc<Mutex<Vec<WebSocket>>>,
}

impl Successor {
    fn new(backend: Backend) -> Self {
        let nothing = |_: Request| Response::new("nothing".into());
        Successor { server: serve(nothing).backend(backend), topic: Topic::new(), opened: Arc::default() }
    }

    fn resume(mut self, carried: Carried, name: &'static str) -> Self {
        let (topic, opened, said) = (self.topic.clone(), Arc::clone(&self.opened), self.topic.clone());
        let mut handler = Events::default();
        handler.on_open(move |ws: &mut WebSocket| {
            topic.subscribe(ws);
            opened.lock().unwrap().push(ws.clone());
        });
        handler.on_message(move |_: &mut WebSocket, message| {
            said.publish(format!("{name}, elsewhere: {}", message.as_text().unwrap()));
        });
        self.server = self.server.resume(carried, Arc::new(Config::default()), handler);
        self
    }

    fn start(self) -> (Server, Topic, Arc<Mutex<Vec<WebSocket>>>) {
        let server = self.server.bind("127.0.0.1:0").unwrap();
        let (topic, opened) = (self.topic, self.opened);
        (server, topic, opened)
    }
}

/// Waits until so many are there.
fn opened(opened: &Mutex<Vec<WebSocket>>, count: usize) {
    crate::waiting::eventually("all are there", || opened.lock().unwrap().len() == count);
}

#[test]
fn nothing_is_lost_or_doubled_and_the_order_is_kept_from_any_backend_to_any() {
    let _process = PROCESS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    for (from, to) in carriers().flat_map(|from| carriers().map(move |to| (from, to))) {
        let (server, room) = Room::serve_with(from, |name| match name {
            "small" => Handshake::new().deflate(Deflate::default()).subprotocols(["chat.v1"]),
            _ => Handshake::new(),
        });
        let compressing = Connector::new().deflate(Deflate { takeover: true, ..Deflate::default() });
        let compressing = compressing.subprotocols(["chat.v1"]);
        let mut small = Client::with(&compressing, &server, "small").unwrap();
        let mut plain = Client::connect(&server, "plain");
        let ids = ["small", "plain"].map(|name| room.ws(name).id());
        // Long enough to be compressed, and the same again and again, so that each refers to those before.
        let long = |number: usize| format!("{number}: {}", "what is said so often. ".repeat(20));
        small.send(long(1));
        let first = format!("small: {}", long(1));
        assert_eq!((small.text(), plain.text()), (first.clone(), first));

        let carried = carry(server, |paused| {
            assert_eq!(*paused, HashSet::from(ids), "{from}");
            // This is read elsewhere.
            small.send(long(2));
            plain.send("while nobody reads");
            room.topic.publish("last words");
            room.ws("plain").send("to plain alone").unwrap();
        });
        assert_eq!(carried.len(), 2, "{from}");
        assert!(!room.ws("small").is_open() && room.topic.is_empty(), "they are not here any more");
        let ends = ["small", "plain"].map(|name| room.log.after_opening(name));
        let closed = |told: &Vec<Told>| told.iter().any(|told| matches!(told, Told::Close(_)));
        assert!(!ends.iter().any(closed), "nobody is told of an end: {ends:?}");

        let mut successor = Successor::new(to);
        for one in carried {
            let name = if one.id == ids[0] { "small" } else { "plain" };
            assert_eq!(one.state.subprotocol.as_deref(), (name == "small").then_some("chat.v1"));
            assert_eq!(one.state.protocol.deflate.is_some(), name == "small");
            assert!(one.state.client.is_some_and(|client| client.is_loopback()));
            successor = successor.resume(one, name);
        }
        let (server, topic, connections) = successor.start();
        opened(&connections, 2);
        assert_eq!((small.text(), plain.text()), ("last words".to_owned(), "last words".to_owned()));
        assert_eq!(plain.text(), "to plain alone");
        // Each hears, in one order, what was said while nobody read; but for who was not there yet.
        small.send(long(3));
        plain.send("now");
        let wanted = [
            format!("small, elsewhere: {}", long(2)),
            format!("small, elsewhere: {}", long(3)),
            "plain, elsewhere: while nobody reads".to_owned(),
            "plain, elsewhere: now".to_owned(),
        ];
        for client in [&mut small, &mut plain] {
            let mut heard = Vec::new();
            while !(heard.contains(&wanted[1]) && heard.contains(&wanted[3])) {
                heard.push(client.text());
            }
            let distinct: HashSet<&String> = heard.iter().collect();
            assert_eq!(distinct.len(), heard.len(), "nothing comes twice");
            assert!(heard.iter().all(|line| wanted.contains(line)), "{heard:?}");
            let place = |line: &String| heard.iter().position(|heard| heard == line);
            assert!(place(&wanted[0]) < place(&wanted[1]) && place(&wanted[2]) < place(&wanted[3]));
        }
        topic.publish("from elsewhere");
        assert_eq!((small.text(), plain.text()), ("from elsewhere".to_owned(), "from elsewhere".to_owned()));
        assert!(small.close().is_clean() && plain.close().is_clean());
        assert_eq!(server.stop(), 0);
    }
}

#[test]
fn who_cannot_leave_is_told_goodbye_and_keeps_nobody() {
    let _process = PROCESS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    for backend in carriers() {
        let config = Config { queue_limit: 64 << 20, ..Config::default() };
        let (server, room) = Room::serve_limited(backend, config);
        let mut half = Peer::open(&server, "half");
        let mut full = Peer::open_small(&server, "full");
        let mut whole = Peer::open(&server, "whole");
        let ids = ["half", "full", "whole"].map(|name| room.ws(name).id());
        // Its first octets are read, and the rest comes when nobody reads.
        let frame = text("in two halves");
        half.write([&text("first"), &frame[..9]].concat());
        for peer in [&mut half, &mut whole] {
            assert_eq!(peer.text(), "half: first");
        }
        let carried = carry(server, |paused| {
            assert_eq!(*paused, HashSet::from(ids));
            // More than any kernel keeps for somebody who does not read.
            for _ in 0..14 {
                room.ws("full").send("x".repeat(1 << 20)).unwrap();
            }
        });
        assert_eq!(carried.iter().map(|carried| carried.id).collect::<Vec<_>>(), [ids[2]], "{backend}");
        half.write(&frame[9..]);
        assert_eq!(half.close_code(), 1012);
        let said = std::iter::from_fn(|| full.frame()).take_while(|frame| frame.first != 0x88);
        assert_eq!(said.count(), 1 + 14, "it is told everything before its goodbye");
        let (_server, topic, connections) =
            Successor::new(backend).resume(carried.into_iter().next().unwrap(), "whole").start();
        opened(&connections, 1);
        topic.publish("on it goes");
        assert_eq!(whole.frame(), Some(Frame { first: 0x81, payload: b"on it goes".to_vec() }));
    }
}

#[test]
fn who_has_gone_meanwhile_is_not_waited_for() {
    let _process = PROCESS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    for backend in carriers() {
        let (server, room) = Room::serve(backend);
        let stays = Peer::open(&server, "stays");
        let goes = Peer::open(&server, "goes");
        let ids = ["stays", "goes"].map(|name| room.ws(name).id());
        let begun = std::time::Instant::now();
        let carried = carry(server, |paused| {
            assert_eq!(*paused, HashSet::from(ids));
            drop(goes);
        });
        assert!(begun.elapsed() < PATIENCE);
        // Whether that was noticed in time is the kernel's business; who is there is carried over.
        assert!(carried.iter().any(|carried| carried.id == ids[0]), "{backend}");
        drop(stays);
    }
}

#[test]
fn the_time_for_goodbyes_does_not_pass_for_those_who_wait_to_leave() {
    let _process = PROCESS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    for backend in carriers() {
        let (server, room) = Room::serve(backend);
        let _goes = Peer::open(&server, "goes");
        let mut stays = Peer::open(&server, "stays");
        let wanted = HashSet::from([room.ws("goes").id()]);
        assert_eq!(server.pause(SOON), HashSet::from(["goes", "stays"].map(|name| room.ws(name).id())));
        // A busy machine may take its time to tell goodbye.
        let limit = Duration::from_secs(1);
        let mut stopping = server.say_goodbye(limit);
        // What a server closes meanwhile may take longer.
        std::thread::sleep(limit + limit / 4);
        let carried = stopping.carry_over(&wanted, SOON);
        assert_eq!(carried.iter().map(|carried| carried.id).collect::<HashSet<_>>(), wanted, "{backend}");
        assert_eq!(stays.close_code(), 1012, "and the others are told");
        stopping.wait();
    }
}

#[test]
fn whoever_is_paused_and_not_carried_over_keeps_no_server_from_ending() {
    let _process = PROCESS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    for backend in carriers() {
        let (server, _room) = Room::serve(backend);
        let mut peer = Peer::open(&server, "stays");
        assert_eq!(server.pause(SOON).len(), 1);
        assert_eq!(server.stop_within(Duration::from_millis(50)), 1, "{backend}");
        assert_eq!(peer.frame(), None);
    }
}

#[test]
fn nothing_is_handled_once_a_connection_has_paused() {
    let _process = PROCESS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    for backend in carriers() {
        let (begun, handled) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
        let (begins, counts) = (Arc::clone(&begun), Arc::clone(&handled));
        let app = move |request: Request| -> Result<Response, Refused> {
            let (begins, counts) = (Arc::clone(&begins), Arc::clone(&counts));
            let handle = move |ws: &mut WebSocket, message: Message<'_>| {
                if message.as_text() == Some("first") {
                    begins.wait();
                }
                // Time to be told to pause, and to say so.
                std::thread::sleep(Duration::from_millis(50));
                counts.fetch_add(1, Ordering::SeqCst);
                // So much that it goes out at once, and what else is to be done is found.
                ws.send("x".repeat(1 << 16)).unwrap();
            };
            Ok(WebSocket::upgrade(request)?.on_message(handle).start())
        };
        let server = serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        let mut peer = Peer::open(&server, "alice");
        let said = ["first", "second", "third"];
        peer.write(said.map(text).concat());
        begun.wait();
        let paused = server.pause(SOON);
        let before = handled.load(Ordering::SeqCst);
        let mut stopping = server.say_goodbye(SOON);
        let mut carried = stopping.carry_over(&paused, SOON);
        let left = carried.pop().expect("it leaves");
        assert_eq!(handled.load(Ordering::SeqCst), before, "{backend}");
        let (_server, _topic, _) = Successor::new(backend).resume(left, "alice").start();
        for _ in 0..before {
            assert_eq!(peer.text().len(), 1 << 16);
        }
        for unread in &said[before..] {
            assert_eq!(peer.text(), format!("alice, elsewhere: {unread}"));
        }
        stopping.wait();
    }
}

#[test]
fn with_tls_or_a_thread_each_nobody_pauses_and_everybody_is_told_goodbye() {
    on_each_backend(|backend| {
        if backend.carries_over() && !Transport::current().is_tls() {
            return;
        }
        let (server, room) = Room::serve(backend);
        let mut peer = Peer::open(&server, "alice");
        room.log.wait_open("alice");
        let carried = carry(server, |paused| assert!(paused.is_empty()));
        assert!(carried.is_empty());
        assert_eq!(peer.close_code(), 1012);
    });
    over(Transport::Http2, || {
        let (server, room) = Room::serve(Backend::Tokio);
        let _peer = Peer::open(&server, "alice");
        room.log.wait_open("alice");
        assert!(carry(server, |paused| assert!(paused.is_empty())).is_empty());
    });
}

#[test]
fn a_backend_that_cannot_go_on_with_them_says_so() {
    let _process = PROCESS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (server, room) = Room::serve(Backend::Tokio);
    let _peer = Peer::open(&server, "alice");
    room.log.wait_open("alice");
    let carried = carry(server, |_| ());
    let mut successor = Successor::new(Backend::Threads);
    for one in carried {
        successor = successor.resume(one, "alice");
    }
    let error = successor.server.bind("127.0.0.1:0").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.to_string(), "the backend threads cannot go on with connections of another server");
}
