//! Stopping: everybody is told, nobody is waited for without end, nothing new begins.

use std::net::{TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use websocket_hub::driver::retry_after_of;
use websocket_hub::{Cause, CloseCode, Closed, Drain, Handshake, Request, Response, Server};

use crate::client::Client;
use crate::log::Told;
use crate::on_each_backend;
use crate::peer::{Peer, request, text};
use crate::room::Room;
use crate::transport::serve;
use crate::waiting::{PATIENCE, eventually};

#[test]
fn everybody_is_told_goodbye_and_every_on_close_runs_once() {
    on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let names: Vec<String> = (0..20).map(|number| format!("guest-{number}")).collect();
        let guests: Vec<_> = names.iter().map(|name| Client::connect(&server, name)).collect();
        names.iter().for_each(|name| room.log.wait_open(name));
        let guests = guests.into_iter().map(|guest| std::thread::spawn(move || guest.closed()));
        let guests: Vec<_> = guests.collect();
        assert_eq!(server.stop(), 0, "nobody had to be cut off");
        let mut returns = Vec::new();
        for guest in guests {
            let Closed { code, reason, cause } = guest.join().unwrap();
            assert_eq!((code, cause), (CloseCode::RESTART, Cause::Peer));
            returns.push(retry_after_of(&reason).expect(&reason).as_millis());
        }
        // One after the other, at a thousand a second.
        returns.sort_unstable();
        assert!(returns.iter().copied().eq(1000..1020), "{returns:?}");
        for name in &names {
            assert_eq!(room.log.after_opening(name), [Told::close(1012, "", Cause::Local)]);
        }
        assert!(room.topic.is_empty());
    });
}

/// A server that stops, on a thread of its own; it says how many it cut off and how long it took.
fn stop_within(server: Server, limit: Duration) -> std::thread::JoinHandle<(usize, Duration)> {
    std::thread::spawn(move || {
        let begun = Instant::now();
        (server.stop_within(limit), begun.elapsed())
    })
}

#[test]
fn whoever_does_not_answer_is_cut_off_at_the_limit_and_counted() {
    on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let polite = Client::connect(&server, "polite");
        let mut deaf = ["deaf-1", "deaf-2"].map(|name| Peer::open(&server, name));
        ["polite", "deaf-1", "deaf-2"].iter().for_each(|name| room.log.wait_open(name));
        let stopping = stop_within(server, Duration::from_millis(500));
        assert_eq!(polite.closed().code.get(), 1012);
        let (cut_off, took) = stopping.join().unwrap();
        assert_eq!(cut_off, 2);
        assert!(took >= Duration::from_millis(500) && took < PATIENCE / 3, "it took {took:?}");
        for peer in &mut deaf {
            assert!(peer.goodbye() >= Duration::from_secs(1));
            assert_eq!(peer.rest(), b"");
        }
        for name in ["deaf-1", "deaf-2"] {
            let cut_off = Told::close(1006, "", Cause::ConnectionLost);
            assert_eq!(room.log.after_opening(name), [cut_off], "{name}");
        }
        assert_eq!(room.log.after_opening("polite").len(), 1);
    });
}

#[test]
fn nothing_is_listened_for_while_the_server_stops() {
    on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let address = server.address();
        let deaf = Peer::open(&server, "deaf");
        room.log.wait_open("deaf");
        let stopping = stop_within(server, PATIENCE);
        eventually("connections are refused", || TcpStream::connect(address).is_err());
        assert!(!stopping.is_finished(), "somebody is still waited for");
        // The port is free for a successor.
        drop(TcpListener::bind(address).unwrap());
        drop(deaf);
        assert_eq!(stopping.join().unwrap().0, 0);
    });
}

#[test]
fn a_request_that_has_begun_is_answered() {
    on_each_backend(|backend| {
        let (begun, may_end) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (begins, ends) = (Arc::clone(&begun), Arc::clone(&may_end));
        let app = move |_: Request| {
            let (begins, ends) = (Arc::clone(&begins), Arc::clone(&ends));
            async move {
                begins.add_permits(1);
                ends.acquire().await.unwrap().forget();
                Response::new("in the end".into())
            }
        };
        // One for each worker: each hears of the stop in its own time.
        let workers = NonZeroUsize::new(2).unwrap();
        let server = serve(app).backend(backend).workers(workers).bind("127.0.0.1:0").unwrap();
        let address = server.address();
        let mut peers = [(); 2].map(|()| Peer::connect(address));
        for peer in &mut peers {
            peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
            crate::waiting::block_on(async { begun.acquire().await.unwrap().forget() });
        }
        let stopping = stop_within(server, PATIENCE);
        eventually("connections are refused", || TcpStream::connect(address).is_err());
        may_end.add_permits(2);
        for peer in &mut peers {
            let (head, body) = peer.response();
            assert_eq!((head.status, body.as_str(), head.says_close()), (200, "in the end", true));
            assert_eq!(peer.rest(), b"");
        }
        assert_eq!(stopping.join().unwrap().0, 0);
    });
}

#[test]
fn a_request_that_does_not_end_is_cut_off() {
    on_each_backend(|backend| {
        let app = |_: Request| std::future::pending::<Response>();
        let server = serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        let mut peer = Peer::connect(server.address());
        let mut idle = Peer::connect(server.address());
        peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
        // Answered or not, this one was taken after the other.
        idle.write("GET");
        std::thread::sleep(Duration::from_millis(100));
        let (_, took) = stop_within(server, Duration::from_millis(300)).join().unwrap();
        assert!(took < PATIENCE / 3, "it took {took:?}");
        assert_eq!((peer.rest(), idle.rest()), (Vec::new(), Vec::new()));
    });
}

#[test]
fn connections_that_rest_between_requests_are_not_waited_for() {
    on_each_backend(|backend| {
        let app = |_: Request| Response::new("page".into());
        let server = serve(app).backend(backend).bind("127.0.0.1:0").unwrap();
        let mut peers = [(); 3].map(|()| Peer::connect(server.address()));
        for peer in &mut peers[..2] {
            peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
            assert_eq!(peer.response().1, "page");
        }
        let (cut_off, took) = stop_within(server, PATIENCE).join().unwrap();
        assert!(cut_off == 0 && took < PATIENCE / 3, "{cut_off} after {took:?}");
        assert!(peers.iter_mut().all(|peer| peer.rest().is_empty()));
    });
}

#[test]
fn a_server_that_is_dropped_stops() {
    on_each_backend(|backend| {
        let (server, room) = Room::serve(backend);
        let address = server.address();
        let polite = Client::connect(&server, "polite");
        let mut deaf = Peer::open(&server, "deaf");
        ["polite", "deaf"].iter().for_each(|name| room.log.wait_open(name));
        drop(server);
        assert_eq!(polite.closed().code.get(), 1012);
        assert_eq!(deaf.close_code(), 1012);
        assert_eq!(deaf.rest(), b"");
        room.log.wait_closed("deaf");
        eventually("connections are refused", || TcpStream::connect(address).is_err());
        for name in ["polite", "deaf"] {
            assert_eq!(room.log.after_opening(name).len(), 1, "{name}");
        }
    });
}

#[test]
fn a_server_without_a_guest_stops_at_once() {
    on_each_backend(|backend| {
        let (server, _room) = Room::serve(backend);
        let (cut_off, took) = stop_within(server, PATIENCE).join().unwrap();
        assert!(cut_off == 0 && took < PATIENCE / 3, "{cut_off} after {took:?}");
    });
}

#[test]
fn one_server_listens_on_several_addresses() {
    on_each_backend(|backend| {
        let room = Room::default();
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let workers = NonZeroUsize::new(2).unwrap();
        let serve = serve(room.app(|_| Handshake::new())).backend(backend).workers(workers);
        let server = serve.listen(listeners).unwrap();
        let addresses = server.addresses().to_vec();
        assert_eq!((addresses.len(), addresses[0]), (2, server.address()));
        assert_ne!(addresses[0], addresses[1]);
        let mut peers = [0, 1, 0, 1].map(|at| Peer::connect(addresses[at]));
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.write(crate::peer::handshake(&format!("guest-{number}")));
            assert_eq!(peer.head().status, 101);
            room.log.wait_open(&format!("guest-{number}"));
        }
        peers[0].write(text("hello"));
        for peer in &mut peers {
            assert_eq!(peer.text(), "guest-0: hello", "one room, whatever the address");
        }
        drop(peers);
        assert_eq!(server.stop(), 0);
        assert!(addresses.iter().all(|address| TcpStream::connect(address).is_err()));
    });
}

#[test]
fn a_server_needs_an_address_and_a_free_one() {
    on_each_backend(|backend| {
        let app = |_: Request| Response::new("page".into());
        assert!(serve(app).backend(backend).listen(Vec::<TcpListener>::new()).is_err());
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(serve(app).backend(backend).bind(taken.local_addr().unwrap()).is_err());
    });
}

#[test]
fn goodbyes_go_out_in_batches_with_pauses_between_them() {
    on_each_backend(|backend| {
        let room = Room::default();
        let pause = Duration::from_millis(100);
        let drain = Drain { code: CloseCode::GOING_AWAY, batch: 2, pause, ..Drain::default() };
        let app = room.app(|_| Handshake::new());
        let server = serve(app).backend(backend).drain(drain).bind("127.0.0.1:0").unwrap();
        let names = ["guest-1", "guest-2", "guest-3", "guest-4", "guest-5"];
        let guests = names.map(|name| Client::connect(&server, name));
        names.iter().for_each(|name| room.log.wait_open(name));
        let stopping = stop_within(server, PATIENCE);
        for guest in guests {
            assert_eq!(guest.closed().code, CloseCode::GOING_AWAY);
        }
        let (cut_off, took) = stopping.join().unwrap();
        assert_eq!(cut_off, 0);
        assert!(took >= 2 * pause, "three batches took {took:?}");
    });
}
