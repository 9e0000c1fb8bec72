//! Which protocol a connection speaks: by ALPN within TLS, by its first octets without.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use websocket_hub::{Backend, Handshake, Request, Response, Server, serve};

use crate::features::Feature;
use crate::peer::{Peer, close, request, text};
use crate::room::Room;
use crate::session::Session;
use crate::transport::{Transport, client_config, server_config};
use crate::waiting::PATIENCE;
use crate::{on_each_backend, on_each_backend_over, on_each_backend_with};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// A server that says which version was spoken and does not wait long.
fn versions(backend: Backend) -> Server {
    let app = |request: Request| Response::new(format!("{:?}", request.version()).into());
    let serve = crate::transport::serve(app).backend(backend);
    serve.handshake_timeout(Duration::from_millis(300)).bind("127.0.0.1:0").unwrap()
}

fn tcp(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_nodelay(true).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp
}

/// Everything until the end, however that comes.
fn rest(stream: &mut impl Read) -> Vec<u8> {
    let mut rest = Vec::new();
    // An error ends it, too.
    let _ = stream.read_to_end(&mut rest);
    rest
}

fn on_tls(behaviour: impl Fn(Backend)) {
    on_each_backend_over(&[Transport::Tls], behaviour);
}

fn on_tcp(behaviour: impl Fn(Backend)) {
    on_each_backend_over(&[Transport::Tcp], behaviour);
}

/// What is agreed on with a client that offers `alpn`.
fn agreed(server: &Server, alpn: &[&str]) -> Option<String> {
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(client_config(alpn), name).unwrap();
    let mut stream = StreamOwned::new(connection, tcp(server.address()));
    stream.conn.complete_io(&mut stream.sock).unwrap();
    stream.conn.alpn_protocol().map(|name| String::from_utf8(name.to_vec()).unwrap())
}

#[test]
fn http2_is_preferred_and_agreed_on_with_who_offers_it() {
    on_each_backend_with(Feature::Http2, &[Transport::Tls], |backend| {
        let server = versions(backend);
        for (offered, chosen) in [
            (&["h2", "http/1.1"][..], Some("h2")),
            (&["http/1.1", "h2"], Some("h2")),
            (&["http/1.1"], Some("http/1.1")),
            (&[], None),
        ] {
            assert_eq!(agreed(&server, offered).as_deref(), chosen, "{offered:?}");
        }
        let session = Session::connect(server.address());
        assert_eq!(session.ask(session.request(http::Method::GET, "")).1, "HTTP/2.0");
        let mut peer = Peer::connect(server.address());
        peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
        assert_eq!(peer.response().1, "HTTP/1.1");
    });
}

#[test]
fn a_configuration_that_names_its_protocols_keeps_them() {
    on_tls(|backend| {
        let mut config = server_config();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let app = |_: Request| Response::new("page".into());
        let server = serve(app).backend(backend).tls(Arc::new(config)).bind("127.0.0.1:0").unwrap();
        assert_eq!(agreed(&server, &["h2", "http/1.1"]).as_deref(), Some("http/1.1"));
    });
}

#[test]
fn without_tls_the_first_octets_decide_however_they_come() {
    on_each_backend_with(Feature::Http2, &[Transport::Tcp], |backend| {
        let server = versions(backend);
        let session = Session::connect(server.address());
        assert_eq!(session.ask(session.request(http::Method::GET, "")).1, "HTTP/2.0");
        let mut slow = tcp(server.address());
        for octet in PREFACE {
            slow.write_all(&[*octet]).unwrap();
        }
        slow.write_all(SETTINGS).unwrap();
        let mut answer = [0; 9];
        slow.read_exact(&mut answer).unwrap();
        assert_eq!(answer[3], 4, "settings come first: {answer:?}");
        // What begins alike and is none.
        for first in ["PRI * HTTP/1.1", "PRI * HTTP/2.1", "PUT / HTTP/1.1", "POST / HTTP/1.1"] {
            let mut peer = Peer::connect(server.address());
            peer.write(request(first, &["Host: localhost", "Content-Length: 0"]));
            assert!(matches!(peer.response().0.status, 200 | 400 | 505), "{first}");
        }
    });
}

#[test]
fn half_a_preface_is_not_waited_for_longer_than_the_deadline() {
    on_each_backend_with(Feature::Http2, &[Transport::Tcp], |backend| {
        let server = versions(backend);
        for len in [1, 3, PREFACE.len() - 1] {
            let mut silent = tcp(server.address());
            silent.write_all(&PREFACE[..len]).unwrap();
            let begun = Instant::now();
            let answer = rest(&mut silent);
            let is_refused =
                [&b"HTTP/1.1 4"[..], b"HTTP/1.1 505"].iter().any(|told| answer.starts_with(told));
            assert!(answer.is_empty() || is_refused, "{}", answer.escape_ascii());
            assert!(begun.elapsed() < PATIENCE / 2);
            let mut gone = tcp(server.address());
            gone.write_all(&PREFACE[..len]).unwrap();
            gone.shutdown(Shutdown::Write).unwrap();
            let begun = Instant::now();
            rest(&mut gone);
            assert!(begun.elapsed() < PATIENCE / 2);
        }
    });
}

/// It never answers, not even the ping that a goodbye comes with.
#[test]
fn a_client_that_is_silent_behind_its_preface_is_cut_off() {
    on_each_backend_with(Feature::Http2, &[Transport::Tcp], |backend| {
        let server = versions(backend);
        let mut silent = tcp(server.address());
        silent.write_all(&[PREFACE, SETTINGS].concat()).unwrap();
        let begun = Instant::now();
        let said = rest(&mut silent);
        let took = begun.elapsed();
        assert!(took > Duration::from_millis(200) && took < PATIENCE / 2, "{took:?}");
        assert!(said.windows(4).any(|window| window == [8, 7, 0, 0]), "no goaway: {said:?}");
        assert_eq!(server.stop(), 0);
    });
}

#[test]
fn plain_http_on_a_port_of_tls_is_closed_at_once_and_silence_at_the_deadline() {
    on_tls(|backend| {
        let server = versions(backend);
        let begun = Instant::now();
        let mut plain = tcp(server.address());
        plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let answer = rest(&mut plain);
        assert!(!answer.starts_with(b"HTTP"), "{}", answer.escape_ascii());
        let mut preface = tcp(server.address());
        preface.write_all(PREFACE).unwrap();
        rest(&mut preface);
        assert_eq!(rest(&mut tcp(server.address())), b"");
        assert!(begun.elapsed() < PATIENCE / 2);
        // Nobody was harmed.
        let mut peer = Peer::connect(server.address());
        peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
        assert_eq!(peer.response().0.status, 200);
    });
}

#[test]
fn tls_on_a_port_without_is_refused() {
    on_tcp(|backend| {
        let server = versions(backend);
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(client_config(&[]), name).unwrap();
        let mut stream = StreamOwned::new(connection, tcp(server.address()));
        assert!(stream.conn.complete_io(&mut stream.sock).is_err());
    });
}

#[test]
fn a_handshake_of_tls_is_not_waited_for_by_a_server_that_stops() {
    on_tls(|backend| {
        let room = Room::default();
        let server = crate::transport::serve(room.app(|_| Handshake::new())).backend(backend);
        let server = server.bind("127.0.0.1:0").unwrap();
        let mut silent = tcp(server.address());
        // The next one is served, so the silent one is known.
        drop(Peer::open(&server, "alice"));
        room.log.wait_closed("alice");
        let begun = Instant::now();
        assert_eq!(server.stop_within(PATIENCE), 0);
        assert!(begun.elapsed() < PATIENCE / 3);
        assert_eq!(rest(&mut silent), b"");
    });
}

/// With TLS an end without a goodbye could be anybody's doing, so it is told apart.
#[test]
fn what_ends_well_ends_with_a_goodbye_of_tls_too() {
    on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let mut peer = Peer::open(&server, "alice");
        peer.write(close(1000, b"bye"));
        assert_eq!(peer.close_code(), 1000);
        assert!(peer.ends(), "cut off");
        room.log.wait_closed("alice");
        let mut peer = Peer::connect(server.address());
        peer.write(request("GET /bob HTTP/1.1", &["Host: localhost", "Connection: close"]));
        assert_eq!(peer.response().0.status, 426);
        assert!(peer.ends(), "cut off");
    });
}

#[test]
fn a_record_of_tls_may_hold_many_frames_and_a_frame_many_records() {
    on_tls(|backend| {
        let (server, _room) = Room::serve(backend);
        let mut peer = Peer::open(&server, "alice");
        peer.write(text("x").repeat(2000));
        for _ in 0..2000 {
            assert_eq!(peer.text(), "alice: x");
        }
        let long = "y".repeat(1 << 19);
        peer.write(text(&long));
        assert_eq!(peer.text(), format!("alice: {long}"));
    });
}
