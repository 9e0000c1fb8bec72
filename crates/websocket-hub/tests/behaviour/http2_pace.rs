//! One HTTP/2 connection whose streams go at different paces, and its end.

use std::time::Duration;

use h2::client::Builder;
use http::Method;
use websocket_hub::{Backend, Cause, Config, Handshake, Refused, Request, Response, WebSocket};

use crate::log::Told;
use crate::on_each_backend_over;
use crate::peer::{Frame, Peer, close, frame, text};
use crate::room::Room;
use crate::session::Session;
use crate::transport::{Transport, serve};
use crate::waiting::{PATIENCE, eventually};

fn on_http2(behaviour: impl Fn(Backend)) {
    on_each_backend_over(&[Transport::Http2, Transport::Http2Tls], behaviour);
}

/// A client with room for much on the connection and for 64 KiB on each stream.
fn roomy(server: &websocket_hub::Server) -> Session {
    let mut builder = Builder::new();
    builder.initial_connection_window_size(16 << 20);
    Session::connect_with(server.address(), &builder)
}

#[test]
fn a_stream_that_is_not_read_stalls_no_other_and_is_closed_with_1013() {
    on_http2(|backend| {
        let config = Config { queue_limit: 256 * 1024, ..Config::default() };
        let (server, room) = Room::serve_limited(backend, config);
        let session = roomy(&server);
        let mut slow = Peer::on(session.open("slow"));
        let mut fast = Peer::on(session.open("fast"));
        ["slow", "fast"].iter().for_each(|name| room.log.wait_open(name));
        let mut sent = 0;
        while room.ws("slow").is_open() {
            room.topic.publish(format!("{sent:016384}"));
            assert_eq!(fast.text(), format!("{sent:016384}"));
            sent += 1;
            assert!(sent < 1000, "the slow reader was never behind");
        }
        // It reads on: what was written comes in order, then the goodbye.
        for number in 0.. {
            let frame = slow.frame().expect("a close frame before the end");
            if frame.first == 0x88 {
                assert_eq!(frame, Frame::close(1013, "fell behind"));
                break;
            }
            assert_eq!(frame.payload, format!("{number:016384}").into_bytes());
        }
        slow.write(close(1013, b""));
        room.log.wait_closed("slow");
        assert_eq!(room.log.after_opening("slow").len(), 1);
    });
}

/// The server reads no more from who does not take its answers, and goes on reading from the others.
#[test]
fn a_stream_that_the_server_does_not_read_stalls_no_other() {
    on_http2(|backend| {
        let echo = |request: Request| -> Result<_, Refused> {
            Ok(WebSocket::upgrade(request)?.on_message(|ws, message| _ = ws.send(message)).start())
        };
        let server = serve(echo).backend(backend).bind("127.0.0.1:0").unwrap();
        let session = roomy(&server);
        let mut floods: Vec<_> = (0..20).map(|_| session.open("flood")).collect();
        let message = frame(0x82, &[7; 16 * 1024]);
        let written: Vec<usize> = floods.iter_mut().map(|flood| flood.stuff(&message)).collect();
        assert!(written.iter().all(|written| *written < 2 << 20), "{written:?}");
        let mut peer = Peer::on(session.open("calm"));
        peer.write(text("hello"));
        assert_eq!(peer.text(), "hello");
        peer.write(frame(0x82, &[1; 1 << 20]));
        assert_eq!(peer.frame().unwrap().payload.len(), 1 << 20);
        // Whoever reads on loses nothing.
        for (flood, written) in floods.into_iter().zip(written) {
            let mut flood = Peer::on(flood);
            for _ in 0..written / message.len() {
                assert_eq!(flood.frame().unwrap().payload, [7; 16 * 1024]);
            }
        }
    });
}

#[test]
fn a_connection_has_room_for_128_streams() {
    on_http2(|backend| {
        let (server, _room) = Room::serve(backend);
        let session = Session::connect(server.address());
        eventually("its settings have come", || session.max_streams() == 128);
    });
}

#[test]
fn a_head_above_16_kib_is_refused_and_the_connection_goes_on() {
    on_http2(|backend| {
        let (server, room) = Room::serve(backend);
        let session = Session::connect(server.address());
        let mut request = session.handshake("mallory");
        request.headers_mut().insert("x-long", "x".repeat(17 * 1024).parse().unwrap());
        let (response, _) = session.send(request);
        assert_eq!(response.status(), 431);
        assert_eq!(room.log.of("mallory"), []);
        let mut peer = Peer::on(session.open("alice"));
        peer.write(text("hello"));
        assert_eq!(peer.text(), "alice: hello");
    });
}

#[test]
fn a_server_that_stops_says_1012_on_every_stream_and_takes_no_more() {
    on_http2(|backend| {
        let (server, room) = Room::serve(backend);
        let session = Session::connect(server.address());
        let names = ["one", "two", "three"];
        let mut peers = names.map(|name| Peer::on(session.open(name)));
        names.iter().for_each(|name| room.log.wait_open(name));
        let stopping = std::thread::spawn(move || server.stop_within(PATIENCE));
        for peer in &mut peers {
            assert!(peer.goodbye() >= Duration::from_secs(1));
        }
        eventually("no stream can be opened", || session.is_over());
        assert!(!stopping.is_finished(), "goodbyes are waited for");
        for peer in &mut peers {
            peer.write(close(1012, b""));
            assert!(peer.ends(), "reset");
            peer.finish();
        }
        assert_eq!(stopping.join().unwrap(), 0);
        for name in names {
            assert_eq!(room.log.after_opening(name), [Told::close(1012, "", Cause::Local)]);
        }
    });
}

#[test]
fn streams_that_do_not_answer_are_cut_off_and_counted_with_their_connection() {
    on_http2(|backend| {
        let (server, room) = Room::serve(backend);
        let session = Session::connect(server.address());
        let mut peers = ["one", "two"].map(|name| Peer::on(session.open(name)));
        ["one", "two"].iter().for_each(|name| room.log.wait_open(name));
        assert_eq!(server.stop_within(Duration::from_millis(300)), 3);
        for (name, peer) in ["one", "two"].iter().zip(&mut peers) {
            assert_eq!(peer.close_code(), 1012);
            assert_eq!(peer.rest(), b"");
            let cut_off = Told::close(1006, "", Cause::ConnectionLost);
            assert_eq!(room.log.after_opening(name), [cut_off]);
        }
    });
}

#[test]
fn a_request_that_has_begun_is_answered_while_the_server_stops() {
    on_http2(|backend| {
        let begun = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
        let begins = begun.clone();
        let app = move |_: Request| {
            begins.add_permits(1);
            async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                Response::new("x".repeat(100_000).into())
            }
        };
        let server = serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        let session = Session::connect(server.address());
        let asking = session.clone();
        let asked = std::thread::spawn(move || asking.ask(asking.request(Method::GET, "")).1.len());
        crate::waiting::block_on(async { begun.acquire().await.unwrap().forget() });
        assert_eq!(server.stop(), 0);
        assert_eq!(asked.join().unwrap(), 100_000);
    });
}

#[test]
fn a_connection_at_rest_is_not_waited_for() {
    on_http2(|backend| {
        let server = serve(|_: Request| Response::new("page".into())).backend(backend);
        let server = server.bind("127.0.0.1:0").unwrap();
        let sessions = [(); 3].map(|()| Session::connect(server.address()));
        assert_eq!(sessions[0].ask(sessions[0].request(Method::GET, "")).1, "page");
        let begun = std::time::Instant::now();
        assert_eq!(server.stop_within(PATIENCE), 0);
        assert!(begun.elapsed() < PATIENCE / 3, "it took {:?}", begun.elapsed());
        assert!(sessions.iter().all(Session::is_over));
    });
}

#[test]
fn a_connection_without_a_request_is_told_to_go_at_the_deadline() {
    on_http2(|backend| {
        let room = Room::default();
        let serve = serve(room.app(|_| Handshake::new())).backend(backend);
        let server = serve.handshake_timeout(Duration::from_millis(300)).bind("127.0.0.1:0").unwrap();
        let session = Session::connect(server.address());
        let mut used = Session::connect(server.address());
        let mut peer = Peer::on(used.open("alice"));
        eventually("it is told to go", || session.is_over());
        // One that has a stream is not.
        peer.write(text("hello"));
        assert_eq!(peer.text(), "alice: hello");
        assert!(!used.is_over());
        used = session;
        drop(used);
    });
}
