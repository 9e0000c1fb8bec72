//! Handshakes that are refused: the answer says so, the connection ends, and what came behind is never looked at.

use websocket_hub::{Backend, Server, driver::CloseCode};

use crate::log::Told;
use crate::on_each_backend;
use crate::peer::{GOOD, Head, Peer, handshake, request, text};
use crate::room::Room;

/// A good handshake, changed: `+Line` adds a line, `-Name` takes one away, `Name: value` takes its place.
fn changed(first: &str, changes: &[&str]) -> String {
    let mut lines = GOOD.to_vec();
    for change in changes {
        let name = change.trim_start_matches(['-', '+']).split(':').next().unwrap();
        let at = lines.iter().position(|line| line.split(':').next() == Some(name));
        match (at, change.strip_prefix('+'), change.starts_with('-')) {
            (_, Some(line), _) => lines.push(line),
            (Some(at), None, true) => _ = lines.remove(at),
            (Some(at), None, false) => lines[at] = change,
            (None, ..) => panic!("{change} changes nothing"),
        }
    }
    request(first, &lines)
}

/// Sends `request` with a frame and another handshake right behind it, in one packet. Says what was answered.
fn refused(server: &Server, room: &Room, request: &str) -> (Head, String) {
    let mut peer = Peer::connect(server.address());
    peer.write([request.as_bytes(), &text("smuggled"), handshake("second").as_bytes()].concat());
    let (head, body) = peer.response();
    let rest = peer.rest();
    assert!(rest.is_empty(), "{request:?} was answered with more: {}", rest.escape_ascii());
    assert!(head.says_close(), "{request:?}: {head:?}");
    assert_eq!(room.log.of("second"), [], "{request:?}");
    let told = room.log.of("mallory");
    assert!(told.iter().all(|told| *told == Told::Request), "{request:?}: {told:?}");
    (head, body)
}

fn assert_refused(status: u16, requests: &[String]) {
    on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        for request in requests {
            let (head, body) = refused(&server, &room, request);
            assert_eq!(head.status, status, "{request:?}: {body:?}");
            if status == 426 {
                assert_eq!(head.get("upgrade"), "websocket", "{request:?}");
                assert_eq!(head.get("sec-websocket-version"), "13", "{request:?}");
                assert!(head.get("connection").contains("upgrade"), "{request:?}");
            }
        }
        server.stop();
    });
}

const GET: &str = "GET /mallory HTTP/1.1";

#[test]
fn an_ordinary_request_is_told_to_upgrade_in_a_sentence() {
    assert_refused(426, &[request(GET, &["Host: localhost"])]);
    on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let (_, body) = refused(&server, &room, &request(GET, &["Host: localhost"]));
        assert!(body.contains("WebSocket") && body.trim_end().contains(' '), "{body:?}");
    });
}

#[test]
fn another_protocol_or_version_is_answered_with_ours() {
    let changes: [&[&str]; 6] = [
        &["Upgrade: websockets"],
        &["Upgrade: h2c"],
        &["Sec-WebSocket-Version: 8"],
        &["Sec-WebSocket-Version: 8, 13"],
        &["-Sec-WebSocket-Version"],
        &["+Sec-WebSocket-Version: 13"],
    ];
    assert_refused(426, &changes.map(|changes| changed(GET, changes)));
}

#[test]
fn a_handshake_that_is_not_by_the_letter_is_refused() {
    let changes: [&[&str]; 12] = [
        &["-Host"],
        &["+Host: localhost"],
        &["+Host: example.org"],
        &["-Connection"],
        &["Connection: Upgrader"],
        &["Connection: keep-alive"],
        &["-Sec-WebSocket-Key"],
        &["+Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
        &["Sec-WebSocket-Key: c2hvcnQ="],
        &["+Sec-WebSocket-Protocol: a b"],
        &["+Sec-WebSocket-Protocol: a, a"],
        &["+Bad Name: value"],
    ];
    assert_refused(400, &changes.map(|changes| changed(GET, changes)));
}

#[test]
fn old_http_is_refused() {
    assert_refused(400, &[changed("GET /mallory HTTP/1.0", &[])]);
}

#[test]
fn only_get_is_a_handshake() {
    assert_refused(405, &[changed("POST /mallory HTTP/1.1", &["+Content-Length: 0"])]);
}

/// Read as frames by one and as HTTP by another, it would say something else to each.
#[test]
fn a_handshake_with_a_body_is_refused() {
    let length = text("smuggled").len();
    let announced = [
        changed(GET, &[&format!("+Content-Length: {length}")]),
        changed(GET, &["+Content-Length: 5"]),
        changed(GET, &["+Content-Length: 100000"]),
        changed(GET, &["+Transfer-Encoding: chunked"]),
        format!("{}5\r\nhello\r\n0\r\n\r\n", changed(GET, &["+Transfer-Encoding: chunked"])),
    ];
    assert_refused(400, &announced);
}

#[test]
fn lines_that_end_in_a_bare_line_feed_are_refused() {
    let good = changed(GET, &[]);
    let heads = [
        good.replace("\r\n", "\n"),
        good.replacen("\r\n", "\n", 1),
        good.replace("Upgrade: websocket\r\n", "Upgrade: websocket\n"),
        good.replace("\r\n\r\n", "\r\n\n"),
        format!("\n{good}"),
    ];
    assert_refused(400, &heads);
}

#[test]
fn a_head_above_16_kib_is_refused() {
    let long = "x".repeat(17 * 1024);
    let many: String = (0..1000).map(|n| format!("X-{n}: {n:010}\r\n")).collect();
    let many = changed(GET, &[]).replace("\r\n\r\n", &format!("\r\n{many}\r\n"));
    assert_refused(431, &[changed(GET, &[&format!("+X-Long: {long}")]), many]);
}

#[test]
fn pages_of_other_origins_are_refused() {
    let origins = [
        "http://evil.example",
        "null",
        "",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://localhost:8080",
        "file://",
    ];
    assert_refused(403, &origins.map(|origin| changed(GET, &[&format!("+Origin: {origin}")])));
}

#[test]
fn a_server_lives_on_after_every_refusal() {
    on_each_backend(|backend: Backend| {
        let (server, room) = Room::serve(backend);
        for _ in 0..100 {
            refused(&server, &room, &changed(GET, &["Connection: Upgrader"]));
        }
        let mut peer = Peer::open(&server, "alice");
        peer.write(text("hello"));
        assert_eq!(peer.text(), "alice: hello");
        drop(peer);
        assert_eq!(room.log.wait_closed("alice").code, CloseCode::ABNORMAL);
    });
}
