//! Requests in time and one after the other on one connection.

use std::time::Duration;

use websocket_hub::{Backend, Handshake, Server};

use crate::log::Told;
use crate::on_each_backend;
use crate::peer::{GOOD, Peer, handshake, request, text};
use crate::room::Room;
use crate::transport::serve;
use crate::waiting::{PATIENCE, eventually};

/// A server that does not wait long for a handshake.
fn impatient(backend: Backend) -> (Server, Room) {
    let room = Room::default();
    let serve = serve(room.app(|_| Handshake::new())).backend(backend);
    let serve = serve.handshake_timeout(Duration::from_millis(300));
    (serve.bind("127.0.0.1:0").unwrap(), room)
}

/// A server that answers `POST` with what it was sent, `GET /` with a word, and upgrades everything else.
fn mixed(backend: Backend) -> (Server, Room) {
    let room = Room::default();
    let app = room.app(|_| Handshake::new());
    let app = move |request: websocket_hub::Request| -> websocket_hub::Response {
        if request.method() == http::Method::POST {
            return websocket_hub::Response::new(request.into_body());
        }
        if request.uri().path() == "/" {
            return websocket_hub::Response::new("page".into());
        }
        app(request).unwrap_or_else(websocket_hub::IntoResponse::into_response)
    };
    (serve(app).backend(backend).bind("127.0.0.1:0").unwrap(), room)
}

/// Sends octet by octet, `pause` apart, until an answer comes.
fn dribble(peer: &mut Peer, bytes: &[u8], pause: Duration) {
    for octet in bytes {
        if !peer.try_write([*octet]) || peer.hears_within(pause) {
            return;
        }
    }
}

#[test]
fn a_slow_handshake_is_answered_with_408_at_its_deadline() {
    on_each_backend(|backend| {
        let (server, room) = impatient(backend);
        for pause in [Duration::from_millis(20), Duration::from_micros(50)] {
            let mut peer = Peer::connect(server.address());
            let endless = format!("X-Endless: {}", "x".repeat(15_000));
            let request = request("GET /mallory HTTP/1.1", &[&GOOD[..], &[&endless]].concat());
            let begun = request.len() - 4;
            dribble(&mut peer, &request.as_bytes()[..begun], pause);
            // Too late now, be it whole.
            peer.try_write([&request.as_bytes()[begun..], &text("smuggled")].concat());
            let (head, body) = peer.response();
            assert_eq!(head.status, 408, "{body:?}");
            assert!(head.says_close() && body.ends_with(".\n"), "{head:?} {body:?}");
            assert_eq!(peer.rest(), b"", "an answer is one answer");
        }
        assert_eq!(room.log.of("mallory"), []);
    });
}

#[test]
fn a_connection_that_sends_nothing_is_closed_silently() {
    on_each_backend(|backend| {
        let (server, room) = impatient(backend);
        // One that has shaken hands in time is not bound by the deadline any more.
        let mut open = Peer::open(&server, "alice");
        assert_eq!(Peer::connect(server.address()).rest(), b"");
        open.write(text("still here"));
        assert_eq!(open.text(), "alice: still here");
        assert_eq!(room.log.of(""), []);
    });
}

#[test]
fn blank_lines_are_not_a_request_and_win_no_time() {
    on_each_backend(|backend| {
        let (server, _room) = impatient(backend);
        let mut peer = Peer::connect(server.address());
        peer.write("\r\n\r\n");
        assert!(peer.hears_within(PATIENCE.min(Duration::from_secs(5))), "the deadline is 300 ms");
        assert_eq!(peer.rest(), b"");
    });
}

#[test]
fn the_deadline_holds_for_a_later_request_too() {
    on_each_backend(|backend| {
        let room = Room::default();
        let app = |_: websocket_hub::Request| websocket_hub::Response::new("page".into());
        let serve = serve(app).backend(backend).handshake_timeout(Duration::from_millis(300));
        let server = serve.bind("127.0.0.1:0").unwrap();
        let mut peer = Peer::connect(server.address());
        peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
        assert_eq!(peer.response().1, "page");
        peer.write("GET /mallory HTTP/1.1\r\nHos");
        assert_eq!(peer.response().0.status, 408);
        assert_eq!(peer.rest(), b"");
        assert_eq!(room.log.of("mallory"), []);
    });
}

#[test]
fn a_later_request_of_a_connection_may_upgrade() {
    on_each_backend(|backend| {
        let (server, _room) = mixed(backend);
        let mut peer = Peer::connect(server.address());
        peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
        let (head, body) = peer.response();
        assert_eq!((head.status, body.as_str(), head.says_close()), (200, "page", false));
        let post = request("POST / HTTP/1.1", &["Host: localhost", "Content-Length: 12"]);
        // Line feeds in a body are the body's.
        peer.write(format!("{post}\n\nfive\r\nsix\n"));
        assert_eq!(peer.response().1, "\n\nfive\r\nsix\n");
        peer.write(handshake("alice"));
        assert_eq!(peer.head().status, 101);
        peer.write(text("hello"));
        assert_eq!(peer.text(), "alice: hello");
    });
}

#[test]
fn requests_may_come_in_one_packet() {
    on_each_backend(|backend| {
        let (server, _room) = mixed(backend);
        let mut peer = Peer::connect(server.address());
        let get = request("GET / HTTP/1.1", &["Host: localhost"]);
        let post = request("POST / HTTP/1.1", &["Host: localhost", "Content-Length: 4"]);
        let all = format!("{get}{post}body{get}{}", handshake("alice"));
        peer.write([all.as_bytes(), &text("hello")].concat());
        for expected in ["page", "body", "page"] {
            let (head, body) = peer.response();
            assert_eq!((head.status, body.as_str()), (200, expected));
        }
        assert_eq!(peer.head().status, 101);
        assert_eq!(peer.text(), "alice: hello");
    });
}

#[test]
fn a_bare_line_feed_is_refused_in_a_later_request_too() {
    on_each_backend(|backend| {
        let (server, room) = mixed(backend);
        let get = request("GET / HTTP/1.1", &["Host: localhost"]);
        // The length is far behind the name, and what seems to be a head is the body.
        let fake = request("POST / HTTP/1.1", &["Host: localhost", "Content-Length: 100000"]);
        let padded = format!("Content-Length: {}{}", " ".repeat(100), fake.len());
        let zeros = format!("Content-Length: {:0100}", fake.len());
        let posts =
            [padded, zeros].map(|line| request("POST / HTTP/1.1", &["Host: localhost", &line]) + &fake);
        for first in [&get, &posts[0], &posts[1]] {
            let mut peer = Peer::connect(server.address());
            peer.write(first);
            let (head, _) = peer.response();
            if head.status == 200 {
                peer.write(handshake("mallory").replacen("\r\n", "\n", 1));
                assert_eq!(peer.response().0.status, 400, "{first:?}");
            }
            assert_eq!(peer.rest(), b"", "{first:?}");
            assert_eq!(room.log.of("mallory"), [], "{first:?}");
        }
    });
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_request_costs_nothing() {
    on_each_backend(|backend| {
        let (server, room) = mixed(backend);
        let good = handshake("mallory");
        for end in [0, 1, 10, good.len() - 1] {
            let mut peer = Peer::connect(server.address());
            peer.write(&good[..end]);
            peer.finish();
            assert!(peer.rest().is_empty());
        }
        // Gone before its answer: it may have opened, and then it closes.
        for _ in 0..20 {
            let mut peer = Peer::connect(server.address());
            peer.write(&good);
            peer.reset();
        }
        let ends = |told: &[Told]| told.iter().filter(|told| matches!(told, Told::Close(_))).count();
        let opens = |told: &[Told]| told.iter().filter(|told| **told == Told::Open).count();
        let settled = || {
            let told = room.log.of("mallory");
            room.topic.is_empty() && opens(&told) == ends(&told)
        };
        eventually("as many closed as opened", settled);
        assert_eq!(server.stop(), 0);
        let told = room.log.of("mallory");
        assert_eq!(opens(&told), ends(&told));
    });
}

/// Whoever reads such a request otherwise than a proxy on the way takes a part of it for another request.
#[test]
fn a_request_that_two_readers_could_read_differently_never_reaches_the_app() {
    const HOST: &str = "Host: localhost";
    let cases: [(&[&str], &[u16]); 15] = [
        (&[], &[400]),
        (&[HOST, HOST], &[400]),
        (&["Host: a, b"], &[400]),
        (&["Host: user@a"], &[400]),
        (&[HOST, "Content-Length: 2", "Content-Length: 2"], &[400]),
        (&[HOST, "Content-Length: 2", "Content-Length: 3"], &[400]),
        (&[HOST, "Content-Length: 2, 2"], &[400]),
        (&[HOST, "Content-Length: +2"], &[400]),
        (&[HOST, "Content-Length: 2", "Transfer-Encoding: chunked"], &[400]),
        (&[HOST, "Transfer-Encoding: chunked", "Content-Length: 2"], &[400]),
        (&[HOST, "Transfer-Encoding: chunked, identity"], &[400]),
        (&[HOST, "Transfer-Encoding: gzip, chunked"], &[400, 501]),
        (&[HOST, "X: y\r\n folded"], &[400]),
        (&[HOST, "X : y"], &[400]),
        (&[HOST, "Expect: something", "Content-Length: 2"], &[417]),
    ];
    on_each_backend(|backend| {
        let (server, room) = mixed(backend);
        for (lines, statuses) in cases {
            let mut peer = Peer::connect(server.address());
            peer.write(request("POST /mallory HTTP/1.1", lines) + &handshake("mallory"));
            let (head, _) = peer.response();
            assert!(statuses.contains(&head.status) && head.says_close(), "{lines:?}: {head:?}");
            assert_eq!(peer.rest(), b"", "{lines:?}");
        }
        assert_eq!(room.log.of("mallory"), []);
    });
}
