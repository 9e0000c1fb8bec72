//! What a server counts, seen from outside.

use std::collections::BTreeMap;
use std::time::Duration;

use websocket_hub::driver;
use websocket_hub::{Config, Handshake, Memory, Server, Snapshot};

use crate::client::{Client, Pair};
use crate::on_each_backend_and_version;
use crate::peer::{Peer, close, frame, text};
use crate::room::Room;
use crate::waiting::eventually;

/// Waits until the counts are as they should be, and gives them.
fn wait(server: &Server, what: &str, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    eventually(what, || is_so(&server.metrics().snapshot()));
    server.metrics().snapshot()
}

#[test]
fn connections_messages_and_octets_are_counted() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut before = server.metrics().snapshot();
        assert_eq!(before.memory.retained(), 0);
        before.memory = Memory::default();
        assert_eq!(before, Snapshot::default());
        let mut peer = Peer::open(&server, "alice");
        let mut other = Peer::open(&server, "bob");
        room.log.wait_open("alice");
        room.log.wait_open("bob");
        peer.write(text("hello"));
        assert_eq!((peer.text().as_str(), other.text().as_str()), ("alice: hello", "alice: hello"));
        // It goes back to alice alone.
        peer.write(frame(0x82, &[7; 1000]));
        assert_eq!(peer.frame().unwrap().payload, [7; 1000]);
        let counted = wait(&server, "everything is counted", |counted| counted.octets_out == 2 * 14 + 1004);
        assert_eq!((counted.opened, counted.open()), (2, 2));
        assert_eq!((counted.messages_in, counted.octets_in), (2, 11 + 1008));
        assert_eq!(counted.messages_out, 3);
        assert_eq!((counted.waiting, counted.memory.unfinished, counted.memory.queues), (0, 0, 0));

        peer.write(close(1000, b"bye"));
        assert_eq!(peer.close_code(), 1000);
        drop(peer);
        drop(other);
        let counted = wait(&server, "both are gone", |counted| counted.open() == 0);
        assert_eq!(counted.closed, BTreeMap::from([(1000, 1), (1006, 1)]));
        let counted =
            wait(&server, "the topic is gone, too", |counted| counted.memory.retained() < 64 * 1024);
        assert_eq!((counted.memory.unfinished, counted.memory.queues), (0, 0));
    });
}

#[test]
fn refusals_are_counted_by_their_reason() {
    on_each_backend_and_version(|backend| {
        let (server, _room) = Room::serve(backend);
        for origin in ["https://one.example", "https://two.example"] {
            let mut peer = Peer::connect(server.address());
            peer.write(crate::peer::request(
                "GET /mallory HTTP/1.1",
                &[&crate::peer::GOOD[..], &[&format!("Origin: {origin}")]].concat(),
            ));
            assert_eq!(peer.response().0.status, 403);
        }
        let counted = server.metrics().snapshot();
        assert_eq!((counted.opened, counted.refused), (0, BTreeMap::from([("origin", 2)])));
    });
}

#[test]
fn pings_are_timed() {
    on_each_backend_and_version(|backend| {
        let ping_interval = Some(Duration::from_millis(50));
        let connection = driver::Config { ping_interval, ..driver::Config::default() };
        let (server, _room) =
            Room::serve_limited(backend, Config { connection: connection.into(), ..Config::default() });
        let mut client = Client::connect(&server, "alice");
        // It answers while it reads.
        let reading = std::thread::spawn(move || client.recv());
        let counted = wait(&server, "pings were answered", |counted| counted.round_trips.count() >= 2);
        let slowest = counted.round_trips.quantile(1.0).unwrap();
        assert!(slowest > Duration::ZERO && counted.round_trips.sum() <= slowest * 10, "{slowest:?}");
        server.stop();
        assert_eq!(reading.join().unwrap(), None);
    });
}

#[test]
fn a_peer_that_does_not_read_waits_and_its_wait_is_noted_at_its_end() {
    on_each_backend_and_version(|backend| {
        let config = Config { queue_limit: 64 << 20, ..Config::default() };
        let (server, room) = Room::serve_with(backend, move |_| Handshake::new().config(config.clone()));
        let mut pair = Pair::connect(&server);
        let slow = Peer::open(&server, "slow");
        let ws = room.ws("slow");
        while ws.queued() == 0 || server.metrics().snapshot().waiting == 0 {
            ws.send(vec![0; 1 << 20]).unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
        let counted = server.metrics().snapshot();
        assert!(counted.memory.queues > 0, "{counted:?}");
        assert_eq!(counted.waits.count(), 0);
        drop(slow);
        let counted =
            wait(&server, "nobody waits", |counted| counted.waiting == 0 && counted.memory.queues == 0);
        assert_eq!(counted.waits.count(), 1);
        pair.chat();
    });
}
