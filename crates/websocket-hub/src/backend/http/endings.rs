//! How a connection ends, without I/O: by its deadlines, by either side, or as a WebSocket.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use http::{Method, Response};
use websocket_driver::Message;

use super::conversation::{Client, HEAD_TIMEOUT, tell};
use super::limits::{KEEP_ALIVE, STALL};
use crate::body::{Body, Request};
use crate::websocket::WebSocket;

#[test]
fn every_stage_has_its_deadline() {
    const HALF: Duration = Duration::from_secs(5);
    let slow = async |request: Request| {
        if request.method() == Method::GET { tell(request).await } else { pending().await }
    };
    let client = || Client::of(slow);
    let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    let mut silent = client();
    assert!(!silent.wait(HALF));
    silent.send("\r\n\r\n");
    assert!(silent.wait(HALF) && silent.ended && silent.connection.is_finished());
    assert_eq!(silent.hears(), "", "no request, no answer");

    let mut dribbling = client();
    assert!(!dribbling.wait(HALF));
    dribbling.send("GET / HT");
    assert!(dribbling.wait(HALF));
    assert_eq!(dribbling.status(), 408, "what has begun does not win time");

    let mut resting = client();
    resting.send(get);
    assert_eq!(resting.status(), 200);
    assert!(!resting.wait(KEEP_ALIVE - HALF));
    resting.send(get).send("GET");
    assert_eq!(resting.status(), 200);
    assert!(!resting.wait(HEAD_TIMEOUT - HALF));
    resting.send(" / HTTP/1.1\r\n");
    assert!(resting.wait(HALF));
    assert_eq!(resting.status(), 408);
    let mut resting = client();
    resting.send(get);
    assert!(resting.wait(KEEP_ALIVE) && resting.connection.is_finished());

    let mut stalling = Client::of(tell);
    stalling.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
    assert!(!stalling.wait(STALL - HALF));
    stalling.send("l");
    assert!(!stalling.wait(STALL - HALF));
    assert!(stalling.wait(HALF));
    assert_eq!(stalling.status(), 408);

    let mut patient = client();
    patient.send("PUT / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(!patient.wait(STALL * 100), "how long an app takes is its own affair");
}

#[test]
fn a_client_that_takes_nothing_is_given_up_and_no_more_is_asked_of_the_app() {
    let asked = Arc::new(Mutex::new(0));
    let asks = Arc::clone(&asked);
    let app = move |_: Request| {
        *asks.lock().unwrap() += 1;
        Response::new(Body::from(vec![b'x'; 10_000]))
    };
    let mut client = Client::of(app);
    let requests = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(300);
    client.connection.receive(requests.as_bytes(), client.now);
    client.connection.poll(&mut TaskContext::from_waker(Waker::noop()), client.now);
    assert_eq!(*asked.lock().unwrap(), 7, "as many as 64 KiB hold");
    client.connection.written(5_000, client.now);
    client.now += STALL;
    client.connection.handle_timeout(client.now);
    assert!(client.connection.is_finished());
}

const HANDSHAKE: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[test]
fn a_handshake_hands_over_what_came_behind_it() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let app = move |request: Request| {
        let hears = Arc::clone(&hears);
        let upgrade = WebSocket::upgrade(request).unwrap();
        upgrade.on_message(move |_, message| hears.lock().unwrap().push(message.into_owned())).start()
    };
    let mut client = Client::of(app);
    client.send([HANDSHAKE.as_bytes(), b"\x81\x82\0\0\0\0hi"].concat());
    assert_eq!(client.status(), 101);
    assert!(!client.connection.wants_input());
    let mut websocket = client.connection.take_websocket().expect("it is open");
    assert!(client.connection.is_finished());
    websocket.open();
    assert!(websocket.advance(client.now));
    assert_eq!(*heard.lock().unwrap(), [Message::text("hi")]);
}

#[test]
fn a_websocket_that_is_not_answered_for_is_none() {
    let never_started = |_: Request| Response::builder().status(101).body(Body::empty()).unwrap();
    let reconsidered = |request: Request| {
        drop(WebSocket::upgrade(request).unwrap().start());
        Response::new(Body::from("no"))
    };
    for (mut client, status) in [(Client::of(never_started), 500), (Client::of(reconsidered), 200)] {
        client.send(HANDSHAKE);
        assert_eq!(client.status(), status);
        assert!(client.ended && client.connection.take_websocket().is_none());
    }
}

#[test]
fn a_handshake_that_is_refused_is_the_last_request() {
    let mut client = Client::of(tell);
    client.send(
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    let heard = client.hears();
    assert!(heard.contains("connection: close") && !heard.contains("second"), "{heard}");
}

#[test]
fn a_server_that_stops_answers_what_has_begun() {
    let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut resting = Client::of(tell);
    resting.send(get).connection.stop();
    resting.turn();
    assert!(resting.connection.is_finished());
    let may_end = Arc::new(Mutex::new(false));
    let ends = Arc::clone(&may_end);
    let app = move |_: Request| {
        let ends = Arc::clone(&ends);
        poll_fn(move |_| {
            if *ends.lock().unwrap() { Poll::Ready(Response::new(Body::from("end"))) } else { Poll::Pending }
        })
    };
    let mut busy = Client::of(app);
    busy.send(get).connection.stop();
    busy.turn();
    assert!(!busy.connection.is_finished());
    *may_end.lock().unwrap() = true;
    assert!(busy.turn().hears().contains("connection: close"));
    assert!(busy.connection.is_finished());
}

#[test]
fn a_client_that_leaves_takes_its_request_with_it() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let app = move |_: Request| {
        let held = Arc::clone(&held);
        async move {
            let _held = held;
            pending::<Response<Body>>().await
        }
    };
    let mut client = Client::of(app);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(Arc::strong_count(&alive), 3);
    client.leave();
    assert!(client.connection.is_finished());
    assert_eq!(Arc::strong_count(&alive), 2, "the app's future is dropped");
}

#[test]
fn an_app_that_panics_or_answers_with_nothing_final_loses_its_connection() {
    let app = |request: Request| -> Response<Body> {
        if request.uri().path() == "/panic" {
            std::panic::resume_unwind(Box::new("asked for"));
        }
        Response::builder().status(102).body(Body::empty()).unwrap()
    };
    let mut client = Client::of(app);
    client.send("GET /panic HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.hears(), "");
    assert!(client.ended);
    let mut client = Client::of(app);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.status(), 500);
}
