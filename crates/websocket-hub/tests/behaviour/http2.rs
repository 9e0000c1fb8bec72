//! WebSockets as streams of HTTP/2 (RFC 8441), beside each other and beside requests.

use std::sync::mpsc;

use h2::ext::Protocol;
use http::{HeaderName, Method, Version};
use websocket_hub::driver::deflate::Deflate;
use websocket_hub::{
    Backend, Handshake, IntoResponse, Origins, Refused, Request, Response, Server, WebSocket,
};

use crate::on_each_backend_over;
use crate::peer::{Frame, Peer, close, frame, text};
use crate::room::Room;
use crate::session::Session;
use crate::transport::{Transport, serve};
use crate::waiting::PATIENCE;

fn on_http2(behaviour: impl Fn(Backend)) {
    on_each_backend_over(&[Transport::Http2, Transport::Http2Tls], behaviour);
}

/// Sends every message back. `GET /page` is a page; `/panic` panics.
fn echo(backend: Backend) -> Server {
    let app = |request: Request| -> Result<Response, Refused> {
        match request.uri().path() {
            "/page" => return Ok(Response::new("page".into())),
            // As a panic does, without a message on the terminal.
            "/panic" => std::panic::resume_unwind(Box::new("asked for")),
            _ => {}
        }
        Ok(WebSocket::upgrade(request)?.on_message(|ws, message| _ = ws.send(message)).start())
    };
    serve(app).backend(backend).bind("127.0.0.1:0").unwrap()
}

#[test]
fn the_app_sees_a_connect_and_the_answer_is_200_and_says_nothing_of_connections() {
    on_http2(|backend| {
        let (sender, seen) = mpsc::channel();
        let app = move |request: Request| -> Result<Response, Refused> {
            sender.send((request.method().clone(), request.version(), request.uri().to_string())).unwrap();
            Ok(WebSocket::upgrade(request)?.start())
        };
        let server = serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        let session = Session::connect(server.address());
        let request = session.handshake("any/path?query");
        let uri = request.uri().to_string();
        let (response, _socket) = session.send(request);
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
        let names: Vec<&str> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["date"]);
        assert_eq!(seen.recv_timeout(PATIENCE).unwrap(), (Method::CONNECT, Version::HTTP_2, uri));
    });
}

#[test]
fn messages_go_both_ways_whole_and_in_fragments() {
    on_http2(|backend| {
        let server = echo(backend);
        let mut peer = Peer::open(&server, "");
        peer.write(text("hello"));
        assert_eq!(peer.text(), "hello");
        peer.write(frame(0x82, &[0, 159, 146, 150]));
        assert_eq!(peer.frame(), Some(Frame { first: 0x82, payload: vec![0, 159, 146, 150] }));
        let pieces = [frame(0x01, b"frag"), frame(0x89, b"between"), frame(0x00, b"men"), frame(0x80, b"ts")];
        peer.write(pieces.concat());
        assert_eq!(peer.frame(), Some(Frame { first: 0x8a, payload: b"between".to_vec() }));
        assert_eq!(peer.text(), "fragments");
        // Frames that are cut by those of HTTP/2.
        for octet in text("octet by octet") {
            peer.write([octet]);
        }
        assert_eq!(peer.text(), "octet by octet");
    });
}

#[test]
fn an_empty_data_frame_is_not_the_end() {
    on_http2(|backend| {
        let server = echo(backend);
        let session = Session::connect(server.address());
        let mut socket = session.open("echo");
        socket.write_nothing();
        for piece in text("still here").chunks(3) {
            assert_eq!(socket.write(piece).unwrap(), piece.len());
            socket.write_nothing();
        }
        let mut echoed = [0; 12];
        let len = socket.read(&mut echoed).unwrap();
        assert_eq!(&echoed[..len], b"\x81\x0astill here");
    });
}

#[test]
fn messages_larger_than_every_window_come_through() {
    on_http2(|backend| {
        let server = echo(backend);
        let mut peer = Peer::open(&server, "");
        for len in [16_384, 65_535, 131_072, 131_073, 1 << 20] {
            let payload: Vec<u8> = (0..len).map(|at: u32| at.to_be_bytes()[3]).collect();
            peer.write(frame(0x82, &payload));
            let echoed = peer.frame().unwrap();
            assert!(echoed.payload == payload, "{len} octets became {}", echoed.payload.len());
        }
    });
}

/// Both directions end by themselves: nothing is reset that ended well.
#[test]
fn a_close_ends_the_stream_and_no_other() {
    on_http2(|backend| {
        let (server, room) = Room::serve(backend);
        let session = Session::connect(server.address());
        let [mut leaver, mut told, mut stays] =
            ["leaver", "told", "stays"].map(|name| Peer::on(session.open(name)));
        ["leaver", "told", "stays"].iter().for_each(|name| room.log.wait_open(name));
        leaver.write(close(1000, b"bye"));
        assert_eq!(leaver.close_frame(), Frame::close(1000, ""));
        assert!(leaver.ends(), "reset");
        leaver.finish();
        told.write(text("/close"));
        assert_eq!(told.close_frame(), Frame::close(1000, "as you wish"));
        told.write(close(1000, b""));
        told.finish();
        assert!(told.ends(), "reset");
        ["leaver", "told"].iter().for_each(|name| _ = room.log.wait_closed(name));
        stays.write(text("still here"));
        let heard = std::iter::repeat_with(|| stays.text()).find(|heard| heard.starts_with("stays"));
        assert_eq!(heard.as_deref(), Some("stays: still here"));
        for name in ["leaver", "told"] {
            let told = room.log.of(name);
            assert_eq!(told.iter().filter(|told| matches!(told, crate::log::Told::Close(_))).count(), 1);
        }
    });
}

#[test]
fn one_connection_carries_many_websockets_and_requests_beside_them() {
    on_http2(|backend| {
        let (server, room) = Room::serve(backend);
        let session = Session::connect(server.address());
        let names: Vec<String> = (0..100).map(|number| format!("guest-{number}")).collect();
        let mut guests: Vec<Peer> = names.iter().map(|name| Peer::on(session.open(name))).collect();
        names.iter().for_each(|name| room.log.wait_open(name));
        guests[7].write(text("hello"));
        for guest in &mut guests {
            assert_eq!(guest.text(), "guest-7: hello");
        }
        drop(guests);
        names.iter().for_each(|name| _ = room.log.wait_closed(name));

        let server = echo(backend);
        let session = Session::connect(server.address());
        let mut peer = Peer::on(session.open(""));
        for _ in 0..3 {
            let (response, body) = session.ask(session.request(Method::GET, "page"));
            assert_eq!((response.status().as_u16(), body.as_str()), (200, "page"));
            peer.write(text("hello"));
            assert_eq!(peer.text(), "hello");
        }
        let (head, body) = session.ask(session.request(Method::HEAD, "page"));
        assert_eq!((head.headers()["content-length"].as_bytes(), body.as_str()), (&b"4"[..], ""));
    });
}

#[test]
fn a_subprotocol_and_compression_are_agreed_on() {
    on_http2(|backend| {
        let handshake = Handshake::new().subprotocols(["chat.v1"]).deflate(Deflate::default());
        let (server, room) = Room::serve_with(backend, move |_| handshake.clone());
        let session = Session::connect(server.address());
        let mut request = session.handshake("alice");
        let offers = [
            ("sec-websocket-protocol", "chat.v9, chat.v1"),
            ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
        ];
        for (name, value) in offers {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let (response, socket) = session.send(request);
        assert_eq!(response.headers()["sec-websocket-protocol"], "chat.v1");
        let extension = response.headers()["sec-websocket-extensions"].to_str().unwrap();
        assert!(extension.starts_with("permessage-deflate"), "{extension}");
        assert_eq!(room.ws("alice").subprotocol(), Some("chat.v1"));
        let mut peer = Peer::on(socket);
        // The example of RFC 7692 §7.2.3.1.
        peer.write(frame(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"));
        assert_eq!(peer.text(), "alice: Hello");
        room.ws("alice").send("much ".repeat(200)).unwrap();
        let long = peer.frame().unwrap();
        assert!(long.first == 0xc1 && long.payload.len() < 100, "{long:?}");
    });
}

#[test]
fn a_handshake_that_is_not_by_the_letter_is_400_and_the_connection_goes_on() {
    on_http2(|backend| {
        let server = echo(backend);
        let session = Session::connect(server.address());
        let changed = |name: &'static str, value: &str| {
            let mut request = session.handshake("");
            request.headers_mut().insert(name, value.parse().unwrap());
            request
        };
        let mut other = session.handshake("");
        other.extensions_mut().insert(Protocol::from_static("connect-udp"));
        let mut unversioned = session.handshake("");
        unversioned.headers_mut().clear();
        for (request, version) in [
            (changed("sec-websocket-version", "8"), "13"),
            (unversioned, "13"),
            (changed("sec-websocket-protocol", "a, a"), ""),
            (changed("host", "evil.example"), ""),
            (other, ""),
            (session.request(Method::GET, ""), ""),
        ] {
            let what = format!("{request:?}");
            let (response, body) = session.ask(request);
            assert_eq!(response.status(), 400, "{what}: {body:?}");
            let get = |name| response.headers().get(name).map_or("", |value| value.to_str().unwrap());
            assert_eq!((get("sec-websocket-version"), get("connection"), get("upgrade")), (version, "", ""));
            assert!(body.ends_with(".\n"), "{body:?}");
        }
        let mut peer = Peer::on(session.open(""));
        peer.write(text("hello"));
        assert_eq!(peer.text(), "hello");
    });
}

/// `:authority` says where the request goes; there is no `Host`.
#[test]
fn pages_of_the_same_or_an_allowed_origin_may_connect_and_others_not() {
    on_http2(|backend| {
        let handshake = Handshake::new().origins(Origins::same().allow("https://chat.example.org"));
        let (server, room) = Room::serve_with(backend, move |_| handshake.clone());
        let session = Session::connect(server.address());
        let same = format!("https://{}", server.address());
        for (origin, status) in [
            (same.as_str(), 200),
            ("https://chat.example.org", 200),
            ("https://evil.example", 403),
            ("https://127.0.0.1", 403),
            ("null", 403),
        ] {
            let mut request = session.handshake("alice");
            request.headers_mut().insert("origin", origin.parse().unwrap());
            let (response, _socket) = session.send(request);
            assert_eq!(response.status(), status, "{origin}");
            assert!(!response.headers().contains_key("connection"));
        }
        room.log.wait_closed("alice");
    });
}

#[test]
fn a_panic_of_the_app_ends_its_own_stream_alone() {
    on_http2(|backend| {
        let server = echo(backend);
        let session = Session::connect(server.address());
        let mut peer = Peer::on(session.open(""));
        for path in ["panic", "panic"] {
            assert!(session.try_send(session.handshake(path)).is_err());
            peer.write(text("still here"));
            assert_eq!(peer.text(), "still here");
        }
        peer.write(close(1000, b""));
        drop((peer, session));
        assert_eq!(server.stop(), 0);
    });
}

#[test]
fn a_router_takes_websockets_of_both_versions() {
    on_http2(|backend| {
        let socket = async |request: axum::extract::Request| {
            let upgrade = WebSocket::upgrade(request).map_err(IntoResponse::into_response)?;
            Ok::<_, Response>(upgrade.on_message(|ws, message| _ = ws.send(message)).start())
        };
        let page = axum::routing::get(async || "page");
        let router = axum::Router::new().route("/chat", axum::routing::any(socket)).route("/page", page);
        let server = serve(router).backend(backend).bind("127.0.0.1:0").unwrap();
        let session = Session::connect(server.address());
        let mut client = crate::client::Client::connect(&server, "chat");
        let mut peer = Peer::on(session.open("chat"));
        client.send("hello");
        peer.write(text("hello"));
        assert_eq!((client.text(), peer.text()), ("hello".to_owned(), "hello".to_owned()));
        assert_eq!(session.ask(session.request(Method::GET, "page")).1, "page");
        assert_eq!(session.ask(session.request(Method::HEAD, "page")).1, "");
    });
}
