//! Handshakes that are agreed to, and who may knock.

use http::header::ORIGIN;
use websocket_client::{ConnectError, Connector};
use websocket_hub::{Handshake, Origins};

use crate::client::Client;
use crate::log::Told;
use crate::on_each_backend;
use crate::peer::{Frame, GOOD, Peer, close, frame, handshake, request, text};
use crate::room::Room;

#[test]
fn a_good_handshake_is_answered_with_the_proof_of_its_key() {
    on_each_backend(|backend| {
        let (server, _room) = Room::serve(backend);
        let mut peer = Peer::connect(server.address());
        peer.write(handshake("alice"));
        let head = peer.head();
        assert_eq!(head.status, 101);
        // The example of RFC 6455 §1.3.
        assert_eq!(head.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_lowercase());
        assert_eq!(head.get("upgrade"), "websocket");
        assert_eq!(head.get("connection"), "upgrade");
        assert_eq!(head.get("sec-websocket-protocol"), "");
        assert_eq!(head.get("sec-websocket-extensions"), "");
    });
}

#[test]
fn what_comes_right_behind_a_good_handshake_is_the_first_frame() {
    on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let mut peer = Peer::connect(server.address());
        let frames = [text("one"), text("two"), close(1000, b"")].concat();
        peer.write([handshake("alice").as_bytes(), &frames].concat());
        assert_eq!(peer.head().status, 101);
        assert_eq!((peer.text(), peer.text()), ("alice: one".to_owned(), "alice: two".to_owned()));
        assert_eq!(peer.frame(), Some(Frame::close(1000, "")));
        room.log.wait_closed("alice");
        let told = room.log.after_opening("alice");
        assert_eq!(told[..2], [Told::text("one"), Told::text("two")]);
    });
}

#[test]
fn a_frame_may_be_split_behind_the_handshake() {
    on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let mut peer = Peer::connect(server.address());
        let frames = text("split");
        let (first, second) = frames.split_at(8);
        peer.write([handshake("alice").as_bytes(), first].concat());
        room.log.wait_open("alice");
        peer.write(second);
        assert_eq!(peer.head().status, 101);
        assert_eq!(peer.text(), "alice: split");
    });
}

#[test]
fn a_handshake_may_come_octet_by_octet() {
    on_each_backend(|backend| {
        let (server, _room) = Room::serve(backend);
        let mut peer = Peer::connect(server.address());
        for octet in [handshake("alice").as_bytes(), &text("hello")].concat() {
            peer.write([octet]);
        }
        assert_eq!(peer.head().status, 101);
        assert_eq!(peer.text(), "alice: hello");
    });
}

#[test]
fn names_of_fields_and_protocols_have_no_case() {
    on_each_backend(|backend| {
        let (server, _room) = Room::serve(backend);
        let lines = [
            "HOST: localhost",
            "uPGRADE: h2c, WebSocket",
            "connection: keep-alive,upgrade",
            "sec-websocket-version:13",
            "SEC-WEBSOCKET-KEY: \t dGhlIHNhbXBsZSBub25jZQ== ",
            "Content-Length: 0",
        ];
        let mut peer = Peer::connect(server.address());
        // A blank line before a request is let go (RFC 9112 §2.2).
        peer.write(format!("\r\n{}", request("GET /alice HTTP/1.1", &lines)));
        assert_eq!(peer.head().status, 101);
        peer.write(text("hello"));
        assert_eq!(peer.text(), "alice: hello");
    });
}

#[test]
fn pages_of_the_same_or_an_allowed_origin_and_programs_without_one_may_connect() {
    on_each_backend(|backend| {
        let origins = Origins::same().allow("https://chat.example.org");
        let handshake = Handshake::new().origins(origins);
        let (server, _room) = Room::serve_with(backend, move |_| handshake.clone());
        let same = format!("http://{}", server.address());
        for origin in [None, Some(same.as_str()), Some("https://chat.example.org")] {
            let mut connector = Connector::new();
            if let Some(origin) = origin {
                connector = connector.header(ORIGIN, origin.parse().unwrap());
            }
            let mut client = Client::with(&connector, &server, "alice").unwrap();
            client.send("hello");
            assert_eq!(client.text(), "alice: hello", "{origin:?}");
            client.close();
        }
        let foreign = Connector::new().header(ORIGIN, "https://evil.example".parse().unwrap());
        let refused = Client::with(&foreign, &server, "mallory").unwrap_err();
        assert!(matches!(refused, ConnectError::Refused(_)), "{refused}");
    });
}

#[test]
fn any_origin_is_any_origin() {
    on_each_backend(|backend| {
        let handshake = Handshake::new().origins(Origins::any());
        let (server, _room) = Room::serve_with(backend, move |_| handshake.clone());
        for origin in ["null", "https://evil.example"] {
            let mut peer = Peer::connect(server.address());
            let origin = format!("Origin: {origin}");
            peer.write(request("GET /alice HTTP/1.1", &[&GOOD[..], &[&origin]].concat()));
            assert_eq!(peer.head().status, 101, "{origin}");
        }
    });
}

#[test]
fn the_first_subprotocol_of_the_client_that_the_server_speaks_is_chosen() {
    on_each_backend(|backend| {
        let handshake = Handshake::new().subprotocols(["chat.v1", "chat.v2"]);
        let (server, room) = Room::serve_with(backend, move |_| handshake.clone());
        for (name, offered, chosen) in [
            ("first", &["chat.v2", "chat.v1"][..], Some("chat.v2")),
            ("known", &["chat.v9", "chat.v1"], Some("chat.v1")),
        ] {
            let connector = Connector::new().subprotocols(offered.iter().copied());
            let client = Client::with(&connector, &server, name).unwrap();
            assert_eq!(client.subprotocol(), chosen);
            assert_eq!(room.ws(name).subprotocol(), chosen);
        }
        for (name, offer) in [("none", None), ("unknown", Some("Sec-WebSocket-Protocol: x, CHAT.V1"))] {
            let mut peer = Peer::connect(server.address());
            let lines: Vec<&str> = GOOD.into_iter().chain(offer).collect();
            peer.write(request(&format!("GET /{name} HTTP/1.1"), &lines));
            let head = peer.head();
            assert_eq!((head.status, head.get("sec-websocket-protocol")), (101, String::new()), "{name}");
            assert_eq!(room.ws(name).subprotocol(), None);
        }
    });
}

#[test]
fn an_offered_extension_is_not_agreed_to_and_its_bit_is_refused() {
    on_each_backend(|backend| {
        let (server, _room) = Room::serve(backend);
        let mut peer = Peer::connect(server.address());
        let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";
        peer.write(request("GET /alice HTTP/1.1", &[&GOOD[..], &[offer]].concat()));
        let head = peer.head();
        assert_eq!((head.status, head.get("sec-websocket-extensions")), (101, String::new()));
        peer.write(frame(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"));
        assert_eq!(peer.close_code(), 1002);
    });
}

#[test]
fn a_connection_knows_its_peer_and_has_a_number_of_its_own() {
    on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let alice = Peer::open(&server, "alice");
        let bob = Peer::open(&server, "bob");
        assert_eq!(room.ws("alice").peer_addr(), alice.stream().local_addr().ok());
        assert_eq!(room.ws("bob").peer_addr(), bob.stream().local_addr().ok());
        assert_ne!(room.ws("alice").id(), room.ws("bob").id());
        assert_ne!(room.ws("alice"), room.ws("bob"));
        assert_eq!(room.ws("alice"), room.ws("alice").clone());
    });
}
