//! Every way to leave: `on_close` once, the others told once, and nothing delivered behind it.

use std::sync::Arc;
use std::time::Duration;

use websocket_hub::{Backend, Cause, CloseCode, Config, Handshake, ProtocolError, Server, driver};

use crate::client::{Client, Pair};
use crate::log::{Log, Told, closed};
use crate::on_each_backend_and_version;
use crate::peer::{Frame, Peer, close, frame, text};
use crate::room::Room;
use crate::waiting::eventually;

/// A room with two who stay; `leaver` has short times.
fn serve(backend: Backend) -> (Server, Room, Pair) {
    let connection = driver::Config {
        ping_interval: Some(Duration::from_millis(100)),
        idle_timeout: Some(Duration::from_millis(1000)),
        close_timeout: Duration::from_millis(300),
        ..driver::Config::default()
    };
    let short = Handshake::new().config(Config { connection: Arc::new(connection), ..Config::default() });
    let (server, room) = Room::serve_with(backend, move |name| match name {
        "short" => short.clone(),
        _ => Handshake::new(),
    });
    let pair = Pair::connect(&server);
    (server, room, pair)
}

/// `name` is over: it is told once, to its handler and to the others.
fn assert_left(room: &Room, pair: &mut Pair, name: &str, before: &[Told], end: driver::Closed) {
    assert_eq!(room.log.wait_closed(name), end);
    let mut heard = pair.chat();
    // What it said itself comes before.
    while heard.first().is_some_and(|line| line.starts_with(&format!("{name}: "))) {
        heard.remove(0);
    }
    assert_eq!(heard, [format!("{name} left")]);
    let told = room.log.after_opening(name);
    assert_eq!(told, [before, &[Told::Close(end)]].concat());
    assert_eq!(room.topic.len(), 2, "only the two who stay are in the room");
    assert!(!room.ws(name).is_open());
}

/// Lets a peer leave in a way of its own, and says how it must look like to the server.
fn leave(how: impl Fn(Peer), before: &[Told], end: &driver::Closed) {
    on_each_backend_and_version(|backend| {
        let (_server, room, mut pair) = serve(backend);
        let peer = Peer::open(&_server, "leaver");
        room.log.wait_open("leaver");
        how(peer);
        assert_left(&room, &mut pair, "leaver", before, end.clone());
    });
}

#[test]
fn with_a_close_frame() {
    let how = |mut peer: Peer| {
        peer.write([close(1000, b"bye"), text("behind")].concat());
        assert_eq!(peer.close_frame(), Frame::close(1000, ""));
        assert_eq!(peer.rest(), b"", "the server ends the transport");
    };
    leave(how, &[], &closed(1000, "bye", Cause::Peer));
}

#[test]
fn with_a_private_code() {
    let how = |mut peer: Peer| {
        peer.write(close(4321, "grüße".as_bytes()));
        assert_eq!(peer.close_code(), 4321);
    };
    leave(how, &[], &closed(4321, "grüße", Cause::Peer));
}

#[test]
fn with_a_close_frame_without_a_code() {
    let how = |mut peer: Peer| {
        peer.write(frame(0x88, b""));
        assert_eq!(peer.close_frame().payload, b"");
        assert_eq!(peer.rest(), b"");
    };
    leave(how, &[], &closed(1005, "", Cause::Peer));
}

#[test]
fn with_a_close_frame_and_without_reading_the_answer() {
    let how = |mut peer: Peer| {
        peer.write([text("last"), close(1001, b"")].concat());
        drop(peer);
    };
    leave(how, &[Told::text("last")], &closed(1001, "", Cause::Peer));
}

#[test]
fn with_the_end_of_the_stream_alone() {
    let how = |mut peer: Peer| {
        peer.finish();
        assert!(peer.rest().is_empty());
    };
    leave(how, &[], &closed(1006, "", Cause::ConnectionLost));
}

#[test]
fn with_a_reset() {
    leave(Peer::reset, &[], &closed(1006, "", Cause::ConnectionLost));
}

#[test]
fn killed_in_the_middle_of_a_frame() {
    let how = |mut peer: Peer| {
        let half = text("never whole");
        peer.write([&text("whole"), &half[..9]].concat());
        assert_eq!(peer.text(), "leaver: whole");
        drop(peer);
    };
    leave(how, &[Told::text("whole")], &closed(1006, "", Cause::ConnectionLost));
}

#[test]
fn killed_in_the_middle_of_a_message() {
    let how = |mut peer: Peer| {
        peer.write(frame(0x01, b"never"));
        drop(peer);
    };
    leave(how, &[], &closed(1006, "", Cause::ConnectionLost));
}

#[test]
fn with_an_error_and_a_close_frame_behind_it() {
    let error = ProtocolError::ReservedBits;
    let how = |mut peer: Peer| {
        peer.write([frame(0xf1, b""), frame(0xf1, b""), close(1000, b""), text("behind")].concat());
        assert_eq!(peer.close_code(), 1002);
        assert_eq!(peer.rest(), b"");
    };
    let end = closed(1002, &error.to_string(), Cause::ProtocolError(error.clone()));
    leave(how, &[Told::Error(error)], &end);
}

#[test]
fn because_the_server_says_goodbye() {
    let how = |mut peer: Peer| {
        peer.write(text("/close"));
        assert_eq!(peer.frame(), Some(Frame::close(1000, "as you wish")));
        // Said before the goodbye was read, and too late.
        peer.write([text("late"), close(1000, b"well then"), text("behind")].concat());
        assert_eq!(peer.rest(), b"");
    };
    leave(how, &[Told::text("/close")], &closed(1000, "well then", Cause::Local));
}

#[test]
fn by_silence() {
    on_each_backend_and_version(|backend| {
        let (server, room, mut pair) = serve(backend);
        let mut peer = Peer::open(&server, "short");
        let end = closed(1006, "", Cause::IdleTimeout);
        assert_left(&room, &mut pair, "short", &[], end);
        // It was asked, once.
        assert_eq!(peer.frame(), Some(Frame { first: 0x89, payload: Vec::new() }));
        let heard = peer.rest();
        assert!(!heard.contains(&0x89), "{}", heard.escape_ascii());
    });
}

#[test]
fn not_by_answering_pings_and_nothing_else() {
    on_each_backend_and_version(|backend| {
        let (server, room, mut pair) = serve(backend);
        let mut peer = Peer::open(&server, "short");
        // Twelve intervals are longer than the silence that is allowed.
        for _ in 0..12 {
            assert_eq!(peer.frame().map(|frame| frame.first), Some(0x89), "{:?}", room.log.of("short"));
            peer.write(frame(0x8a, b""));
        }
        peer.write(text("still here"));
        assert_eq!(pair_text(&mut peer), "short: still here");
        assert_eq!(pair.chat(), ["short: still here"]);
        drop(peer);
    });
}

/// The next text, behind pings.
fn pair_text(peer: &mut Peer) -> String {
    let frame = std::iter::from_fn(|| peer.frame()).find(|frame| frame.first == 0x81);
    String::from_utf8(frame.unwrap().payload).unwrap()
}

#[test]
fn because_the_servers_goodbye_is_not_answered() {
    on_each_backend_and_version(|backend| {
        let (server, room, mut pair) = serve(backend);
        let mut peer = Peer::open(&server, "short");
        room.ws("short").close(CloseCode::POLICY, "go").unwrap();
        let end = closed(1006, "", Cause::CloseTimeout);
        assert_left(&room, &mut pair, "short", &[], end);
        assert_eq!(peer.close_frame(), Frame::close(1008, "go"));
        assert_eq!(peer.rest(), b"", "it was cut off");
    });
}

/// `on_close` comes with the peer's goodbye; the transport may be kept for the close timeout and no longer.
#[test]
fn without_ending_the_transport() {
    on_each_backend_and_version(|backend| {
        let (server, room, mut pair) = serve(backend);
        let mut peer = Peer::open(&server, "short");
        room.log.wait_open("short");
        peer.write(close(1000, b""));
        assert_left(&room, &mut pair, "short", &[], closed(1000, "", Cause::Peer));
        assert_eq!(peer.close_code(), 1000);
        assert_eq!(peer.rest(), b"");
        eventually("what is written goes nowhere", || !peer.stream_takes());
    });
}

#[test]
fn because_the_handler_panics() {
    let how = |mut peer: Peer| {
        peer.write(text("/panic"));
        assert_eq!(peer.frame(), Some(Frame::close(1011, "the server met an error")));
        peer.write(close(1011, b""));
        assert_eq!(peer.rest(), b"");
    };
    leave(how, &[Told::text("/panic")], &closed(1011, "", Cause::Local));
}

/// What came together with the message that made the handler panic is read in its place, though not delivered.
#[test]
fn because_the_handler_panics_in_the_middle_of_much() {
    let how = |mut peer: Peer| {
        let half = text("a frame whose end comes later");
        peer.write([&text("/panic"), &text("behind"), &half[..10]].concat());
        assert_eq!(peer.frame(), Some(Frame::close(1011, "the server met an error")));
        peer.write([&half[10..], &close(1000, b"well")].concat());
        assert_eq!(peer.rest(), b"");
    };
    leave(how, &[Told::text("/panic")], &closed(1000, "well", Cause::Local));
    let how = |mut peer: Peer| {
        peer.write([text("/panic"), close(1000, b"at once")].concat());
        assert_eq!(peer.frame(), Some(Frame::close(1011, "the server met an error")));
        assert_eq!(peer.rest(), b"");
    };
    leave(how, &[Told::text("/panic")], &closed(1000, "at once", Cause::Local));
}

#[test]
fn because_the_server_stops() {
    on_each_backend_and_version(|backend| {
        let (server, room, pair) = serve(backend);
        drop(pair);
        let mut peer = Peer::open(&server, "leaver");
        room.log.wait_open("leaver");
        let stopping = std::thread::spawn(move || server.stop());
        assert_eq!(peer.close_code(), 1012);
        peer.write(close(1012, b""));
        assert_eq!(peer.rest(), b"");
        drop(peer);
        assert_eq!(stopping.join().unwrap(), 0);
        assert_eq!(room.log.after_opening("leaver"), [Told::close(1012, "", Cause::Local)]);
    });
}

#[test]
fn a_panic_in_any_handler_ends_its_own_connection_alone() {
    on_each_backend_and_version(|backend| {
        let log = Log::default();
        let noted = log.clone();
        let app = move |request: websocket_hub::Request| -> Result<_, websocket_hub::Refused> {
            let log = noted.clone();
            let path = request.uri().path().trim_start_matches('/').to_owned();
            let (opens, fails, closes) = (path.clone(), path.clone(), path.clone());
            let panic_on = |path: &str, event: &str| {
                if path == event {
                    std::panic::resume_unwind(Box::new("asked for"));
                }
            };
            Ok(websocket_hub::WebSocket::upgrade(request)?
                .on_open(move |_| panic_on(&opens, "open"))
                .on_message(|ws, message| _ = ws.send(message))
                .on_error(move |_, _| panic_on(&fails, "error"))
                .on_close(move |_, closed| {
                    log.note(&closes, Told::Close(closed.clone()));
                    panic_on(&closes, "close");
                })
                .start())
        };
        let server = crate::transport::serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        let mut calm = Client::connect(&server, "calm");
        for (event, sent, code) in [
            ("open", close(1000, b""), 1011),
            ("error", b"\x81\x00".to_vec(), 1002),
            ("close", close(1000, b""), 1000),
        ] {
            let mut peer = Peer::open(&server, event);
            peer.write(sent);
            assert_eq!(peer.close_code(), code, "a panic in on_{event}");
            drop(peer);
            log.wait_closed(event);
            calm.send("still here");
            assert_eq!(calm.text(), "still here");
        }
        calm.close();
        assert_eq!(server.stop(), 0);
        for event in ["open", "error", "close"] {
            assert_eq!(log.of(event).len(), 1, "on_close after a panic in on_{event}");
        }
    });
}
