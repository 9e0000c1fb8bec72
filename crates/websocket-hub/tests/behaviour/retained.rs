//! What a server holds memory for, by name, and what becomes of a queue when there is no more.

use std::sync::Arc;

use websocket_hub::driver::{Budget, Config as DriverConfig, deflate::Deflate};
use websocket_hub::{Config, Handshake, Memory, Policy, Server, Topic, WebSocket};

use crate::client::Client;
use crate::memory::MIB;
use crate::peer::{GOOD, Peer, frame, request};
use crate::room::Room;
use crate::transport::{Transport, serve};
use crate::waiting::eventually;
use crate::{on_each_backend_and_version, on_each_backend_over};

fn memory(server: &Server) -> Memory {
    server.metrics().snapshot().memory
}

#[test]
fn a_message_that_has_not_arrived_whole_is_held_until_its_connection_ends() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut peer = Peer::open(&server, "slow");
        peer.write(frame(0x02, &vec![7; 100_000]));
        eventually("it is held", || memory(&server).unfinished >= 100_000);
        drop(peer);
        room.log.wait_closed("slow");
        eventually("it is let go", || memory(&server).unfinished == 0);
    });
}

#[test]
fn what_compression_remembers_is_held_by_name() {
    on_each_backend_over(&[Transport::Tcp], |backend| {
        let handshake = Handshake::new().deflate(Deflate::default());
        let (server, room) = Room::serve_with(backend, move |_| handshake.clone());
        let mut peer = Peer::connect(server.address());
        let lines = [&GOOD[..], &["Sec-WebSocket-Extensions: permessage-deflate"]].concat();
        peer.write(request("GET /alice HTTP/1.1", &lines));
        assert_eq!(peer.head().get("sec-websocket-extensions").split(';').next(), Some("permessage-deflate"));
        let ws = room.ws("alice");
        ws.send("again and ".repeat(100)).unwrap();
        assert_eq!(peer.frame().unwrap().first, 0xC1, "it was compressed");
        eventually("it is held", || memory(&server).windows > 0);
        drop(peer);
        eventually("it is let go", || memory(&server).windows == 0);
    });
}

#[test]
fn what_a_topic_keeps_for_who_is_behind_is_held_by_name() {
    on_each_backend_and_version(|backend| {
        let (room, topic) = (Room::default(), Topic::with_policy(Policy::drop_old().limit(MIB)));
        let server = serve(room.app(|_| Handshake::new())).backend(backend).bind("127.0.0.1:0").unwrap();
        let mut fast = Client::connect(&server, "fast");
        let slow = Peer::open_small(&server, "slow");
        [&room.ws("fast"), &room.ws("slow")].into_iter().for_each(|ws| topic.subscribe(ws));
        // More than kernels keep.
        for _ in 0..1024 {
            topic.publish("x".repeat(16 * 1024));
            assert_eq!(fast.text().len(), 16 * 1024);
        }
        eventually("it is held", || memory(&server).topics >= MIB as u64);
        drop(slow);
        room.log.wait_closed("slow");
        fast.close();
        eventually("it is let go", || memory(&server).topics < MIB as u64);
    });
}

/// Sends to a peer that does not read until it cannot be sent to any more; says how many octets were taken.
fn send_until_closed(ws: &WebSocket) -> usize {
    let sent = (0..).take_while(|_| ws.send(vec![0; 64 * 1024]).is_ok()).count();
    sent * 64 * 1024
}

#[test]
fn a_queue_that_grows_when_memory_is_short_is_thrown_away_with_its_connection() {
    on_each_backend_and_version(|backend| {
        let budget = Budget::new(8 * MIB);
        let connection = DriverConfig { budget: Some(Arc::clone(&budget)), ..DriverConfig::default() };
        // By itself a queue could take it all several times.
        let config = Config { connection: connection.into(), queue_limit: 64 * MIB, ..Config::default() };
        let (server, room) = Room::serve_limited(backend, config);
        let mut fast = Client::connect(&server, "fast");
        let _slow = ["slow-1", "slow-2"].map(|name| Peer::open_small(&server, name));
        let first = room.ws("slow-1");
        while budget.used() < 5 * MIB {
            first.send(vec![0; 64 * 1024]).unwrap();
        }
        let second = room.ws("slow-2");
        let taken = send_until_closed(&second);
        assert!(taken < 24 * MIB, "{taken}");
        // Who did not grow stays, and who reads is served.
        assert!(first.is_open() && !second.is_open());
        fast.send("hello");
        while fast.text() != "fast: hello" {}
        assert!(budget.used() <= 8 * MIB, "{}", budget.used());
        assert!(memory(&server).queues <= 8 * MIB as u64);
        let dropped = || server.metrics().snapshot().dropped;
        eventually("it is counted", || dropped().get("fell-behind").is_some_and(|count| *count > 0));
        drop(_slow);
        ["slow-1", "slow-2"].iter().for_each(|name| _ = room.log.wait_closed(name));
        eventually("all is given back", || budget.used() == 0 && memory(&server).queues == 0);
    });
}

#[test]
fn buffers_that_all_take_turns_to_use_are_counted() {
    on_each_backend_and_version(|backend| {
        let (server, _room) = Room::serve(backend);
        let mut alice = Client::connect(&server, "alice");
        alice.send("hello");
        assert_eq!(alice.text(), "alice: hello");
        let memory = memory(&server);
        assert!(memory.buffers >= 64 * 1024 && memory.total() == memory.retained() + memory.buffers);
    });
}
