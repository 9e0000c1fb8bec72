//! Queues are counted and bounded in both directions.

use std::io::{ErrorKind, Write};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use websocket_hub::{CloseCode, Config, Message, Refused, Request, SendError, WebSocket, driver};

use crate::client::Client;
use crate::memory::{MIB, assert_growth_below, resident};
use crate::peer::{Frame, Peer, frame, text};
use crate::room::Room;
use crate::transport::serve;
use crate::waiting::{PATIENCE, block_on, eventually};
use crate::{alone_on_each_backend, on_each_backend, on_each_backend_and_version};

/// Whether it may be sent to at this moment.
fn is_ready(ws: &WebSocket) -> bool {
    let ready = std::pin::pin!(ws.ready());
    ready.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
}

/// Sends messages of 16 KiB until more than half of the queue is used and stays so; says how many.
fn stuff(ws: &WebSocket, limit: usize) -> usize {
    for sent in 1..4096 {
        ws.send(vec![b'x'; 16 * 1024]).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_millis(100);
        while ws.queued() > limit / 2 {
            if std::time::Instant::now() > deadline {
                return sent;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    panic!("the queue never filled");
}

#[test]
fn ready_waits_while_more_than_half_of_the_queue_is_used_and_wakes_when_it_was_read() {
    on_each_backend_and_version(|backend| {
        let limit = 256 * 1024;
        let (server, room) = Room::serve_limited(backend, Config { queue_limit: limit, ..Config::default() });
        let mut peer = Peer::open_small(&server, "slow");
        let ws = room.ws("slow");
        assert!(is_ready(&ws));
        let sent = stuff(&ws, limit);
        assert!(!is_ready(&ws));
        let waiting = [ws.clone(), ws.clone()].map(|ws| std::thread::spawn(move || block_on(ws.ready())));
        for _ in 0..sent {
            assert_eq!(peer.frame().map(|frame| frame.payload.len()), Some(16 * 1024));
        }
        waiting.into_iter().for_each(|waiting| waiting.join().unwrap());
        assert!(is_ready(&ws));
        eventually("everything is out", || ws.queued() == 0);
    });
}

#[test]
fn ready_ends_with_the_connection() {
    on_each_backend_and_version(|backend| {
        let limit = 256 * 1024;
        let (server, room) = Room::serve_limited(backend, Config { queue_limit: limit, ..Config::default() });
        let peer = Peer::open_small(&server, "slow");
        let ws = room.ws("slow");
        stuff(&ws, limit);
        let waiting = std::thread::spawn({
            let ws = ws.clone();
            move || block_on(ws.ready())
        });
        peer.reset();
        waiting.join().unwrap();
        room.log.wait_closed("slow");
        assert_eq!(ws.send("more"), Err(SendError::Closed));
    });
}

#[test]
fn queued_counts_whole_frames_until_they_are_written() {
    on_each_backend_and_version(|backend| {
        let limit = 256 * 1024;
        let (server, room) = Room::serve_limited(backend, Config { queue_limit: limit, ..Config::default() });
        let mut peer = Peer::open_small(&server, "slow");
        let ws = room.ws("slow");
        assert_eq!(ws.queued(), 0);
        let sent = stuff(&ws, limit);
        // A header of two octets and one of four. The kernel may take a little at any time, and never gives back.
        let before = ws.queued();
        let after = ws.send("x").unwrap().bytes;
        assert!(after <= before + 3 && after > limit / 2, "{before} and 3 make {after}");
        let last = ws.send(vec![0; 126]).unwrap().bytes;
        assert!(last <= after + 130 && ws.queued() <= last, "{after} and 130 make {last}");
        for _ in 0..sent + 2 {
            assert!(peer.frame().is_some());
        }
        eventually("everything is out", || ws.queued() == 0);
    });
}

#[test]
fn a_message_above_the_limit_goes_through_when_nothing_waits() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve_limited(backend, Config { queue_limit: 1024, ..Config::default() });
        let mut client = Client::connect(&server, "alice");
        let ws = room.ws("alice");
        for _ in 0..3 {
            eventually("the queue is empty", || ws.queued() == 0);
            assert!(ws.send(vec![7; MIB]).unwrap().bytes > 1024);
            assert_eq!(client.recv(), Some(Message::binary(vec![7; MIB])));
        }
        client.send("hello");
        assert_eq!(client.text(), "alice: hello");
    });
}

#[test]
fn what_cannot_be_sent_is_refused_and_costs_nothing() {
    on_each_backend_and_version(|backend| {
        use driver::UsageError;
        let (server, room) = Room::serve(backend);
        let mut client = Client::connect(&server, "alice");
        let ws = room.ws("alice");
        let usage = |error| Err(SendError::Usage(error));
        assert_eq!(ws.ping(&[0; 126]), usage(UsageError::ControlTooLong(126)));
        assert_eq!(ws.close(CloseCode::NORMAL, &"x".repeat(124)), usage(UsageError::ReasonTooLong(124)));
        assert_eq!(ws.close(CloseCode::ABNORMAL, ""), usage(UsageError::InvalidCloseCode(1006)));
        assert_eq!(ws.ping(&[0; 125]), Ok(()));
        client.send("hello");
        assert_eq!(client.text(), "alice: hello");
        assert_eq!(ws.close(CloseCode::NORMAL, &"x".repeat(123)), Ok(()));
        assert_eq!(ws.close(CloseCode::NORMAL, ""), Err(SendError::Closed));
        assert_eq!(ws.send("late"), Err(SendError::Closed));
        assert_eq!(client.closed().reason, "x".repeat(123));
    });
}

#[test]
fn a_close_is_sent_behind_everything_that_is_queued() {
    on_each_backend_and_version(|backend| {
        let (server, room) = Room::serve(backend);
        let mut peer = Peer::open_small(&server, "alice");
        let ws = room.ws("alice");
        for number in 0..100 {
            ws.send(format!("{number:08192}")).unwrap();
        }
        ws.close(CloseCode::NO_STATUS, "").unwrap();
        for number in 0..100 {
            assert_eq!(peer.text(), format!("{number:08192}"));
        }
        assert_eq!(peer.frame(), Some(Frame { first: 0x88, payload: Vec::new() }));
    });
}

/// A numbered message of 1 KiB.
fn kibibyte(number: usize) -> Vec<u8> {
    format!("{number:01024}").into_bytes()
}

/// Writes frames of 1 KiB without reading until the other side takes no more. Returns how many were begun and
/// what is left of the last.
fn flood(peer: &Peer) -> (usize, Vec<u8>) {
    let mut stream = peer.stream();
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    for number in 0..200 * 1024 {
        let bytes = frame(0x82, &kibibyte(number));
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            match stream.write(rest) {
                Ok(len) => rest = &rest[len..],
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    stream.set_write_timeout(Some(PATIENCE)).unwrap();
                    return (number + 1, rest.to_vec());
                }
                Err(error) => panic!("after {number}: {error}"),
            }
        }
    }
    panic!("200 MiB were taken from a client that does not read");
}

#[test]
fn a_client_that_sends_much_and_does_not_read_is_not_read_and_loses_nothing() {
    alone_on_each_backend(|backend| {
        let (server, room) = Room::serve_limited(backend, Config::default());
        // The room's log would keep everything; an echo keeps nothing.
        drop((server, room));
        let echo = |request: Request| -> Result<_, Refused> {
            Ok(WebSocket::upgrade(request)?.on_message(|ws, message| _ = ws.send(message)).start())
        };
        let server = serve(echo).backend(backend).bind("127.0.0.1:0").unwrap();
        let mut peer = Peer::open_small(&server, "flood");
        let before = resident();
        let (begun, rest) = flood(&peer);
        assert_growth_below(8 * MIB, before, "a flood");
        let mut other = Client::connect(&server, "other");
        other.send("hello");
        assert_eq!(other.text(), "hello");
        let mut writer = peer.stream().try_clone().unwrap();
        let writing = std::thread::spawn(move || writer.write_all(&[rest, text("end")].concat()));
        for number in 0..begun {
            let echoed = peer.frame().map(|frame| frame.payload);
            assert_eq!(echoed, Some(kibibyte(number)), "{number} of {begun}");
        }
        assert_eq!(peer.text(), "end");
        writing.join().unwrap().unwrap();
    });
}

/// One packet of small questions with large answers: together far more than the queue takes.
#[test]
fn a_burst_of_questions_from_a_client_that_reads_gets_every_answer() {
    on_each_backend_and_version(|backend| {
        let answers = |request: Request| -> Result<_, Refused> {
            let upgrade = WebSocket::upgrade(request)?;
            let answer = |ws: &mut WebSocket, _: Message<'_>| _ = ws.send(vec![b'x'; 8192]);
            Ok(upgrade.on_message(answer).start())
        };
        let server = serve(answers).backend(backend).bind("127.0.0.1:0").unwrap();
        let mut peer = Peer::open(&server, "curious");
        peer.write(text("?").repeat(1000));
        for number in 0..1000 {
            let frame = peer.frame().unwrap();
            assert_eq!((frame.first, frame.payload.len()), (0x82, 8192), "answer {number}: {frame:?}");
        }
    });
}

#[test]
fn however_much_has_arrived_while_a_handler_was_at_work_all_of_it_is_heard() {
    const SENDERS: usize = 100;
    on_each_backend(|backend| {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let released = std::sync::Arc::new(std::sync::Mutex::new(released));
        let app = move |request: Request| {
            let released = released.clone();
            let hear = move |ws: &mut WebSocket, message: Message<'_>| {
                let octets = message.as_bytes();
                if octets == b"wait" {
                    released.lock().unwrap().recv().unwrap();
                }
                ws.send(octets.len().to_string()).unwrap();
            };
            Ok::<_, Refused>(WebSocket::upgrade(request)?.on_message(hear).start())
        };
        let workers = std::num::NonZeroUsize::MIN;
        let server = serve(app).backend(backend).workers(workers).bind("127.0.0.1:0").unwrap();
        let mut first = Peer::open(&server, "first");
        let mut senders: Vec<Peer> = (0..SENDERS).map(|_| Peer::open(&server, "sender")).collect();
        first.write(text("wait"));
        // About three times what one thread of the server receives at a time.
        let message = "x".repeat(64 * 1024);
        senders.iter_mut().for_each(|sender| sender.write(text(&message)));
        release.send(()).unwrap();
        assert_eq!(first.text(), "4");
        senders.iter_mut().for_each(|sender| assert_eq!(sender.text(), message.len().to_string()));
    });
}
