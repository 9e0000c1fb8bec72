//! A reader that stops reading: it delays nobody, and when its queue is full it is closed with 1013.

use std::sync::Arc;
use std::time::Duration;

use websocket_hub::{Backend, Cause, Config, Message, SendError, Server, WebSocket, driver};

use crate::client::Client;
use crate::log::{Told, closed};
use crate::on_each_backend_and_version;
use crate::peer::{Frame, Peer, close};
use crate::room::Room;
use crate::waiting::{block_on, eventually};

/// So much may wait for one connection.
const LIMIT: usize = 64 * 1024;

/// Longer than what any kernel keeps for a connection whose peer does not read, in messages of 16 KiB.
const ENOUGH: usize = 4096;

fn serve(backend: Backend) -> (Server, Room) {
    Room::serve_limited(backend, Config { queue_limit: LIMIT, ..Config::default() })
}

/// A numbered message of 16 KiB.
fn numbered(number: usize) -> String {
    format!("{number:016384}")
}

fn number(text: &str) -> usize {
    text.parse().unwrap()
}

/// Reads a slow reader's stream to its end: messages in order from the first, then the close frame.
fn read_on(peer: &mut Peer, sent: usize) {
    for expected in 0.. {
        let frame = peer.frame().expect("a close frame before the end");
        if frame.first == 0x88 {
            assert_eq!(frame, Frame::close(1013, "fell behind"));
            assert!(expected < sent, "something was thrown away");
            return;
        }
        assert_eq!(number(std::str::from_utf8(&frame.payload).unwrap()), expected);
    }
}

#[test]
fn a_slow_reader_is_closed_with_1013_and_delays_nobody() {
    on_each_backend_and_version(|backend| {
        let (server, room) = serve(backend);
        let names = ["alice", "bob"];
        let readers = names.map(|name| {
            let mut client = Client::connect(&server, name);
            std::thread::spawn(move || -> Vec<usize> {
                let texts = std::iter::from_fn(|| Some(client.recv()?.as_text()?.to_owned()));
                texts.take_while(|text| text != "end").map(|text| number(&text)).collect()
            })
        });
        let mut slow = Peer::open_small(&server, "slow");
        let [alice, bob, slow_ws] = ["alice", "bob", "slow"].map(|name| room.ws(name));
        let mut sent = 0;
        while slow_ws.is_open() {
            assert!(sent < ENOUGH, "the slow reader was never behind");
            room.topic.publish(numbered(sent));
            sent += 1;
            // At the pace of those who read, whoever does not.
            block_on(async { (alice.ready().await, bob.ready().await) });
        }
        assert_eq!(room.topic.publish("end"), 2, "nothing is said to it any more");
        for reader in readers {
            assert!(reader.join().unwrap().into_iter().eq(0..sent), "everything, in order");
        }
        assert_eq!(room.log.after_opening("slow"), [], "it is closing, not closed");
        read_on(&mut slow, sent);
        slow.write(close(1013, b""));
        assert_eq!(slow.rest(), b"");
        assert_eq!(room.log.wait_closed("slow"), closed(1013, "", Cause::Local));
        assert_eq!(room.log.after_opening("slow").len(), 1);
        drop(server);
    });
}

#[test]
fn a_slow_reader_that_never_reads_on_is_cut_off() {
    on_each_backend_and_version(|backend| {
        let close_timeout = Duration::from_millis(200);
        let connection = Arc::new(driver::Config { close_timeout, ..driver::Config::default() });
        let (server, room) =
            Room::serve_limited(backend, Config { connection, queue_limit: LIMIT, ..Config::default() });
        let peer = Peer::open_small(&server, "slow");
        let ws = room.ws("slow");
        fill(&ws);
        assert_eq!(room.log.wait_closed("slow"), closed(1006, "", Cause::CloseTimeout));
        assert_eq!(room.log.after_opening("slow").len(), 1);
        assert!(room.topic.is_empty());
        drop(peer);
        assert_eq!(server.stop(), 0);
    });
}

/// Sends until the queue is full, and returns how much was sent.
fn fill(ws: &WebSocket) -> usize {
    for sent in 0..ENOUGH {
        match ws.send(numbered(sent)) {
            Ok(queued) => {
                assert!(queued.bytes < LIMIT + 17_000, "the queue holds one message more than its limit")
            }
            Err(error) => {
                assert_eq!(error, SendError::FellBehind);
                return sent;
            }
        }
        // Gives the kernel a chance to take it: it is to be full, too.
        if ws.queued() > LIMIT / 2 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    panic!("the slow reader was never behind");
}

#[test]
fn sending_says_once_that_a_reader_fell_behind_and_then_that_it_is_closed() {
    on_each_backend_and_version(|backend| {
        let (server, room) = serve(backend);
        let mut peer = Peer::open_small(&server, "slow");
        let ws = room.ws("slow");
        let sent = fill(&ws);
        assert!(!ws.is_open());
        assert_eq!(ws.send("more"), Err(SendError::Closed));
        assert_eq!(ws.ping(b""), Err(SendError::Closed));
        assert_eq!(ws.close(driver::CloseCode::NORMAL, ""), Err(SendError::Closed));
        block_on(ws.ready());
        read_on(&mut peer, sent + 1);
        drop(peer);
        assert_eq!(room.log.wait_closed("slow").code, driver::CloseCode::ABNORMAL);
        drop(server);
    });
}

/// What waits was thrown away, so it takes no memory while the goodbye is awaited.
#[test]
fn a_queue_that_was_full_is_let_go() {
    on_each_backend_and_version(|backend| {
        let (server, room) = serve(backend);
        let peer = Peer::open_small(&server, "slow");
        let ws = room.ws("slow");
        fill(&ws);
        // What was handed to the system already stays: whole frames go out whole.
        eventually("the queue is let go", || ws.queued() <= LIMIT);
        drop((peer, server));
    });
}

#[test]
fn messages_from_a_reader_that_fell_behind_are_not_delivered_any_more() {
    on_each_backend_and_version(|backend| {
        let (server, room) = serve(backend);
        let mut peer = Peer::open_small(&server, "slow");
        let sent = fill(&room.ws("slow"));
        peer.write([crate::peer::text("late"), close(1000, b"late")].concat());
        read_on(&mut peer, sent + 1);
        assert_eq!(room.log.wait_closed("slow"), closed(1000, "late", Cause::Local));
        let told = room.log.after_opening("slow");
        assert!(!told.contains(&Told::text("late")), "{told:?}");
        drop(server);
    });
}

/// A burst to a reader that reads is no reason to close it, be it as long as the queue.
#[test]
fn a_reader_that_reads_is_not_closed() {
    on_each_backend_and_version(|backend| {
        let (server, room) = serve(backend);
        let mut client = Client::connect(&server, "fast");
        let ws = room.ws("fast");
        let sender = std::thread::spawn(move || {
            for number in 0..1000 {
                block_on(ws.ready());
                ws.send(numbered(number)).unwrap();
            }
        });
        for expected in 0..1000 {
            assert_eq!(client.recv().and_then(|message| message.as_text().map(number)), Some(expected));
        }
        sender.join().unwrap();
        client.send(Message::binary(&b"still here"[..]));
        assert_eq!(client.recv(), Some(Message::binary(&b"still here"[..])));
    });
}
