//! The PROXY protocol: who stands behind a proxy that hands on TCP, and what becomes of those who do not say it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use websocket_hub::{Backend, Handshake, Limits, Proxies, Request, Response, Server};

use crate::features::Feature;
use crate::peer::{Peer, handshake, request, text};
use crate::room::Room;
use crate::transport::{Transport, serve};
use crate::waiting::{PATIENCE, eventually};
use crate::{on_each_backend, on_each_backend_over, on_each_backend_with};

/// What a header of version 2 begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

const FROM_192_0_2_1: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n";

/// A header of version 2.
fn version_2(command: u8, family: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[0x20 | command, family], &len, content].concat()
}

/// A server that takes the word of everybody here.
fn serve_proxied(backend: Backend, handshake: Handshake) -> (Server, Room) {
    let (room, proxies) = (Room::default(), Proxies::trust(["127.0.0.0/8"]).unwrap());
    let app = room.app(move |_| handshake.clone());
    let server = serve(app).backend(backend).proxy_protocol(proxies).bind("127.0.0.1:0").unwrap();
    (server, room)
}

/// A peer whose connection begins with this.
fn connect(server: &Server, header: &[u8]) -> Peer {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(header).unwrap();
    Peer::of(stream)
}

fn refused(server: &Server) -> u64 {
    server.metrics().snapshot().refused.get("proxy-protocol").copied().unwrap_or(0)
}

#[test]
fn the_client_is_whom_the_proxy_names() {
    let ipv4 = [192, 0, 2, 1, 192, 0, 2, 9, 0x12, 0x67, 1, 0xbb];
    let ipv6 = [&b"\x20\x01\x0d\xb8"[..], &[0; 11], &[1], &[0; 16], &[0x12, 0x67, 1, 0xbb]].concat();
    // A proxy may add what it likes: here 3 octets of type 4, which stand for nothing.
    let with_more = [&ipv4[..], &[4, 0, 3, 0, 0, 0]].concat();
    let headers = [
        (FROM_192_0_2_1.to_vec(), "192.0.2.1"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::9 4711 443\r\n".to_vec(), "2001:db8::1"),
        (version_2(1, 0x11, &ipv4), "192.0.2.1"),
        (version_2(1, 0x21, &ipv6), "2001:db8::1"),
        (version_2(1, 0x11, &with_more), "192.0.2.1"),
        // Nobody is named who has an address: the proxy is the client.
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
        (version_2(0, 0, &[]), "127.0.0.1"),
        (version_2(0, 0x11, &ipv4), "127.0.0.1"),
        (version_2(1, 0, &[]), "127.0.0.1"),
        (version_2(1, 0x31, &[b'/'; 216]), "127.0.0.1"),
    ];
    on_each_backend(|backend| {
        let (server, room) = serve_proxied(backend, Handshake::new());
        let mut peers = Vec::new();
        for (number, (header, client)) in headers.iter().enumerate() {
            let name = format!("guest-{number}");
            let mut peer = connect(&server, header).shake_hands(&name);
            let ws = room.ws(&name);
            assert_eq!(ws.client_addr(), Some(client.parse().unwrap()), "{}", header.escape_ascii());
            assert!(ws.peer_addr().unwrap().ip().is_loopback());
            peer.write(text("hello"));
            assert_eq!(peer.text(), format!("{name}: hello"));
            peers.push(peer);
        }
        assert_eq!(refused(&server), 0);
    });
}

#[test]
fn a_header_may_come_in_any_pieces() {
    on_each_backend_over(&[Transport::Tcp], |backend| {
        let (server, room) = serve_proxied(backend, Handshake::new());
        let header_2 = version_2(1, 0x11, &[192, 0, 2, 1, 192, 0, 2, 9, 0x12, 0x67, 1, 0xbb]);
        for (name, header) in [("first", FROM_192_0_2_1), ("second", &header_2)] {
            let mut peer = Peer::connect(server.address());
            for octet in header.iter().chain(handshake(name).as_bytes()) {
                peer.write([*octet]);
                std::thread::sleep(Duration::from_micros(200));
            }
            assert_eq!(peer.head().status, 101);
            assert_eq!(room.ws(name).client_addr(), Some("192.0.2.1".parse().unwrap()));
        }
        let mut at_once = Peer::connect(server.address());
        at_once.write([FROM_192_0_2_1, handshake("third").as_bytes()].concat());
        assert_eq!(at_once.head().status, 101);
    });
    on_each_backend_over(&[Transport::Tls], |backend| {
        let (server, room) = serve_proxied(backend, Handshake::new());
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        for octet in FROM_192_0_2_1 {
            stream.write_all(&[*octet]).unwrap();
            std::thread::sleep(Duration::from_micros(200));
        }
        let _peer = Peer::of(stream).shake_hands("alice");
        assert_eq!(room.ws("alice").client_addr(), Some("192.0.2.1".parse().unwrap()));
    });
}

#[test]
fn http2_may_stand_behind_it() {
    on_each_backend_with(Feature::Http2, &[Transport::Tcp], |backend| {
        let (server, _room) = serve_proxied(backend, Handshake::new());
        let mut peer = connect(&server, FROM_192_0_2_1);
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        peer.write([&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings].concat());
        // What an HTTP/2 server says first: its settings.
        assert_eq!(peer.octets(9)[3], 4);
    });
}

#[test]
fn who_has_to_name_a_client_and_does_not_is_closed_unanswered_and_counted() {
    on_each_backend(|backend| {
        let (server, room) = serve_proxied(backend, Handshake::new());
        let request = handshake("mallory");
        for (number, start) in [
            request.as_bytes(),
            b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 99999\r\n",
            b"PROXY TCP4 somewhere 192.0.2.9 4711 443\r\n",
            &version_2(2, 0x11, &[0; 12]),
            &version_2(1, 0x11, &[0; 11]),
            // Longer than any header may be.
            &version_2(1, 0x11, &[0; 5000]),
        ]
        .iter()
        .enumerate()
        {
            let mut peer = connect(&server, start);
            peer.try_write(&request);
            assert_eq!(peer.rest(), b"", "{}", start.escape_ascii());
            eventually("it is counted", || refused(&server) == number as u64 + 1);
        }
        assert_eq!(room.log.of("mallory"), []);
    });
}

#[test]
fn a_header_that_never_ends_is_cut_off_at_the_deadline() {
    on_each_backend(|backend| {
        let room = Room::default();
        let proxies = Proxies::trust(["127.0.0.0/8"]).unwrap();
        let server = serve(room.app(|_| Handshake::new()))
            .backend(backend)
            .proxy_protocol(proxies)
            .handshake_timeout(Duration::from_millis(300));
        let server = server.bind("127.0.0.1:0").unwrap();
        let begun = Instant::now();
        // An octet now and then gains no time.
        let mut slow = TcpStream::connect(server.address()).unwrap();
        for octet in FROM_192_0_2_1.iter().take(12) {
            // It may have been closed already.
            let _ = slow.write_all(&[*octet]);
            std::thread::sleep(Duration::from_millis(20));
        }
        let silent = TcpStream::connect(server.address()).unwrap();
        for mut stream in [slow, silent] {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            // Not a word is said, of TLS neither.
            match stream.read(&mut [0]) {
                Ok(len) => assert_eq!(len, 0),
                Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
            }
        }
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(300) && took < PATIENCE / 3, "{took:?}");
        eventually("it is counted", || refused(&server) == 1);
    });
}

#[test]
fn who_breaks_off_within_a_header_is_counted_and_who_only_looks_is_not() {
    on_each_backend_over(&[Transport::Tcp], |backend| {
        let (server, _room) = serve_proxied(backend, Handshake::new());
        for stay in [&b""[..], b"PROXY TCP4 1"] {
            let mut peer = connect(&server, stay);
            peer.finish();
            assert_eq!(peer.rest(), b"");
        }
        eventually("it is counted", || refused(&server) == 1);
        assert_eq!(server.stop(), 0);
    });
}

#[test]
fn from_anybody_else_no_header_is_read() {
    on_each_backend_over(&[Transport::Tcp], |backend| {
        let (room, proxies) = (Room::default(), Proxies::trust(["192.0.2.0/24"]).unwrap());
        let serve = serve(room.app(|_| Handshake::new())).backend(backend).proxy_protocol(proxies);
        let server = serve.bind("127.0.0.1:0").unwrap();
        let mut liar = connect(&server, FROM_192_0_2_1);
        liar.write(handshake("mallory"));
        assert_eq!(liar.head().status, 400);
        let _peer = Peer::connect(server.address()).shake_hands("alice");
        assert!(room.ws("alice").client_addr().unwrap().is_loopback());
        assert_eq!((room.log.of("mallory"), refused(&server)), (vec![], 0));
    });
}

#[test]
fn limits_and_the_rest_of_the_chain_go_by_the_client_that_was_named() {
    on_each_backend(|backend| {
        let limits = Limits::new().connections_per_address(1);
        let proxies = Proxies::trust(["198.51.100.0/24"]).unwrap();
        let (server, room) = serve_proxied(backend, Handshake::new().limits(&limits).proxies(proxies));
        let mut held = Vec::new();
        for (named, forwarded, status) in [
            ("192.0.2.1", "203.0.113.1", 101),
            // Who is no proxy says what it likes.
            ("192.0.2.1", "203.0.113.2", 429),
            ("192.0.2.2", "203.0.113.1", 101),
            ("198.51.100.1", "203.0.113.1", 101),
            ("198.51.100.2", "203.0.113.1", 429),
            ("198.51.100.2", "203.0.113.2", 101),
        ] {
            let header = format!("PROXY TCP4 {named} 192.0.2.9 4711 443\r\n");
            let mut peer = connect(&server, header.as_bytes());
            let name = format!("guest-{}", held.len());
            let line = format!("X-Forwarded-For: {forwarded}");
            let lines = [&crate::peer::GOOD[..], &[&line]].concat();
            peer.write(request(&format!("GET /{name} HTTP/1.1"), &lines));
            assert_eq!(peer.head().status, status, "{named} for {forwarded}");
            if status == 101 {
                let client = if named.starts_with("198") { forwarded } else { named };
                assert_eq!(room.ws(&name).client_addr(), Some(client.parse().unwrap()));
                held.push(peer);
            }
        }
    });
}

#[test]
fn a_server_that_stops_waits_for_no_header() {
    on_each_backend_over(&[Transport::Tcp], |backend| {
        let app = |_: Request| Response::new("page".into());
        let proxies = Proxies::trust(["127.0.0.1"]).unwrap();
        let server = serve(app).backend(backend).proxy_protocol(proxies).bind("127.0.0.1:0").unwrap();
        let mut peer = connect(&server, b"PROXY TCP4 192");
        // It was taken when somebody who came behind it is answered.
        let mut other = connect(&server, FROM_192_0_2_1);
        other.write(request("GET / HTTP/1.1", &["Host: localhost", "Connection: close"]));
        assert_eq!(other.response().1, "page");
        let begun = Instant::now();
        assert_eq!(server.stop(), 0);
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(peer.rest(), b"");
    });
}
