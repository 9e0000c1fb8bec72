//! What is true of a thread for each connection alone: there are only so many, and each may block.

use std::num::NonZeroUsize;
use std::sync::{Arc, Barrier};

use websocket_hub::{Backend, Body, Refused, Request, Response, WebSocket};

use crate::client::Client;
use crate::on_each_backend;
use crate::peer::{Peer, request, text};
use crate::transport::{Transport, serve};
use crate::waiting::eventually;

fn on_threads(behaviour: impl Fn()) {
    on_each_backend(|backend| {
        if backend == Backend::Threads {
            behaviour();
        }
    });
}

fn echo(request: Request) -> Result<Response, Refused> {
    Ok(WebSocket::upgrade(request)?.on_message(|ws, message| _ = ws.send(message)).start())
}

#[test]
fn whoever_finds_no_thread_is_told_to_come_again_and_finds_one_when_somebody_left() {
    on_threads(|| {
        let limit = NonZeroUsize::new(3).unwrap();
        let serve = serve(echo).backend(Backend::Threads).max_threads(limit);
        let server = serve.bind("127.0.0.1:0").unwrap();
        let mut there: Vec<_> = (0..3).map(|_| Client::connect(&server, "")).collect();
        for _ in 0..5 {
            if Transport::current() == Transport::Tls {
                // Nothing can be said without a handshake, for which there is no thread.
                assert!(Peer::connect(server.address()).rest().is_empty());
                continue;
            }
            let mut peer = Peer::connect(server.address());
            peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
            let (head, body) = peer.response();
            assert_eq!(
                (head.status, head.get("retry-after"), head.says_close()),
                (503, "5".to_owned(), true)
            );
            assert!(body.ends_with(".\n"), "{body}");
            assert_eq!(peer.rest(), b"");
        }
        for client in &mut there {
            client.send("still here");
            assert_eq!(client.text(), "still here");
        }
        there.pop().unwrap().close();
        eventually("there is room again", || {
            let mut peer = Peer::connect(server.address());
            peer.try_write(request("GET / HTTP/1.1", &["Host: localhost"]))
                && peer.rest().starts_with(b"HTTP/1.1 4")
        });
        there.into_iter().for_each(|client| drop(client.close()));
        assert_eq!(server.stop(), 0);
    });
}

/// On an event loop this test would hang.
#[test]
fn a_handler_and_an_app_that_block_delay_nobody_else() {
    on_threads(|| {
        let meet = Arc::new(Barrier::new(3));
        let met = Arc::clone(&meet);
        let app = move |request: Request| -> Result<Response, Refused> {
            let meet = Arc::clone(&met);
            if request.uri().path() == "/page" {
                meet.wait();
                return Ok(Response::new(Body::from("page")));
            }
            Ok(WebSocket::upgrade(request)?
                .on_message(move |ws, message| {
                    if message.as_text() == Some("wait") {
                        meet.wait();
                    }
                    let _ = ws.send(message);
                })
                .start())
        };
        let server = serve(app).backend(Backend::Threads).bind("127.0.0.1:0").unwrap();
        let mut quick = Client::connect(&server, "");
        let mut waiting = Peer::open(&server, "");
        waiting.write(text("wait"));
        let mut asking = Peer::connect(server.address());
        asking.write(request("GET /page HTTP/1.1", &["Host: localhost"]));
        quick.send("hello");
        assert_eq!(quick.text(), "hello");
        meet.wait();
        assert_eq!(waiting.text(), "wait");
        assert_eq!(asking.response().1, "page");
        quick.close();
        drop((waiting, asking));
        assert_eq!(server.stop(), 0);
    });
}
