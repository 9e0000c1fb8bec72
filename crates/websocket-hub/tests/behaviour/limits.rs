//! Who may connect, how often and from where: what is too much is answered and costs the others nothing.

use std::time::Duration;

use websocket_hub::{ForwardedHeader, Handshake, Limits, Proxies};

use crate::client::Pair;
use crate::on_each_backend;
use crate::peer::{GOOD, Head, Peer, request};
use crate::room::Room;

/// The answer to a handshake with these lines more.
fn answer(server: &websocket_hub::Server, name: &str, lines: &[&str]) -> (Peer, Head, String) {
    let mut peer = Peer::connect(server.address());
    peer.write(request(&format!("GET /{name} HTTP/1.1"), &[&GOOD, lines].concat()));
    let (head, body) = peer.response();
    (peer, head, body)
}

#[test]
fn one_connection_too_many_is_503_and_there_is_room_again_when_one_ends() {
    on_each_backend(|backend| {
        let limits = Limits::new().connections(3);
        let handshake = Handshake::new().limits(&limits);
        let (server, room) = Room::serve_with(backend, move |_| handshake.clone());
        let mut pair = Pair::connect(&server);
        let (third, head, _) = answer(&server, "carol", &[]);
        assert_eq!(head.status, 101);
        let (_, head, body) = answer(&server, "dora", &[]);
        assert_eq!((head.status, head.get("retry-after").as_str()), (503, "10"));
        assert!(head.says_close());
        assert_eq!(body, "The server has as many connections as it may have; try again in 10 s.\n");
        assert_eq!((limits.open(), limits.refused()), (3, 1));
        drop(third);
        room.log.wait_closed("carol");
        crate::waiting::eventually("there is room", || answer(&server, "dora", &[]).1.status == 101);
        pair.chat();
    });
}

#[test]
fn addresses_behind_a_trusted_proxy_have_limits_of_their_own() {
    on_each_backend(|backend| {
        let limits = Limits::new().connections_per_address(2);
        let proxies = Proxies::trust(["127.0.0.0/8"]).unwrap();
        let handshake = Handshake::new().limits(&limits).proxies(proxies);
        let (server, room) = Room::serve_with(backend, move |_| handshake.clone());
        let mut held = Vec::new();
        // Who, by what the proxy says, and the status of the answer.
        for (client, status) in [
            ("192.0.2.1", 101),
            ("198.51.100.9, 192.0.2.1", 101),
            ("192.0.2.1", 429),
            ("192.0.2.2", 101),
            ("2001:db8::1", 101),
            ("2001:db8::2", 101),
            ("2001:db8::3", 429),
            ("2001:db8:0:1::1", 101),
        ] {
            let name = format!("guest-{}", held.len());
            let (peer, head, body) = answer(&server, &name, &[&format!("X-Forwarded-For: {client}")]);
            assert_eq!(head.status, status, "{client}: {body}");
            if status == 101 {
                let client = client.rsplit(' ').next().unwrap();
                assert_eq!(room.ws(&name).client_addr(), Some(client.parse().unwrap()));
                assert!(room.ws(&name).peer_addr().unwrap().ip().is_loopback());
                held.push(peer);
            }
        }
    });
}

#[test]
fn what_nobody_trusted_says_counts_for_nothing() {
    on_each_backend(|backend| {
        let limits = Limits::new().connections_per_address(1);
        let proxies = Proxies::trust(["192.0.2.0/24"]).unwrap().header(ForwardedHeader::Forwarded);
        let handshake = Handshake::new().limits(&limits).proxies(proxies);
        let (server, room) = Room::serve_with(backend, move |_| handshake.clone());
        let (_held, head, _) = answer(&server, "mallory", &["Forwarded: for=198.51.100.1"]);
        assert_eq!(head.status, 101);
        assert!(room.ws("mallory").client_addr().unwrap().is_loopback());
        let (_, head, body) = answer(&server, "mallory", &["Forwarded: for=198.51.100.2"]);
        assert_eq!(head.status, 429);
        assert!(body.contains("close one of them"), "{body}");
    });
}

#[test]
fn handshakes_that_come_too_quickly_are_told_when_to_come_back() {
    on_each_backend(|backend| {
        let limits = Limits::new().handshakes_per_second(1);
        let handshake = Handshake::new().limits(&limits);
        let (server, _room) = Room::serve_with(backend, move |_| handshake.clone());
        let (_first, head, _) = answer(&server, "alice", &[]);
        assert_eq!(head.status, 101);
        let (_, head, _) = answer(&server, "bob", &[]);
        assert_eq!((head.status, head.get("retry-after").as_str()), (503, "1"));
        std::thread::sleep(Duration::from_secs(1));
        let (_second, head, _) = answer(&server, "bob", &[]);
        assert_eq!(head.status, 101);
    });
}

#[test]
fn a_handshake_that_is_refused_takes_no_place() {
    on_each_backend(|backend| {
        let limits = Limits::new().connections(1);
        let handshake = Handshake::new().limits(&limits);
        let (server, _room) = Room::serve_with(backend, move |_| handshake.clone());
        for _ in 0..3 {
            let (_, head, _) = answer(&server, "mallory", &["Origin: https://elsewhere.example"]);
            assert_eq!(head.status, 403);
        }
        let (_held, head, _) = answer(&server, "alice", &[]);
        assert_eq!(head.status, 101);
        assert_eq!((limits.open(), limits.refused()), (1, 0));
    });
}
