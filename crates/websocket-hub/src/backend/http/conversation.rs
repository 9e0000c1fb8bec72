//! What a client sees of a connection without I/O, tested octet by octet and on an invented clock.

use std::future::pending;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;

use super::Connection;
use super::limits::{LINGER, MAX_BODY_WAITING, MAX_LINGER_LEN};
use crate::app::{App, SharedApp};
use crate::backend::{Start, Stop};
use crate::body::{Body, Request};
use crate::tracker::Tracker;

pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// A client and its connection, with a clock of their own.
pub(super) struct Client {
    pub(super) connection: Connection,
    pub(super) now: Instant,
    heard: Vec<u8>,
    /// The server has ended its direction.
    pub(super) ended: bool,
}

impl Client {
    pub(super) fn of<Kind: 'static>(app: impl App<Kind>) -> Client {
        let start = Start {
            app: SharedApp::new(app),
            listeners: Arc::default(),
            workers: 1,
            max_threads: 1,
            handshake_timeout: HEAD_TIMEOUT,
            tls: None,
            proxies: None,
            tracker: Tracker::default(),
            stop: tokio::sync::watch::channel(Stop::No).1,
        };
        let now = Instant::now();
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let connection = Connection::new(&start, peer.into(), now + HEAD_TIMEOUT);
        Client { connection, now, heard: Vec::new(), ended: false }
    }

    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        assert!(self.connection.wants_input(), "{}", self.heard.escape_ascii());
        self.connection.receive(bytes.as_ref(), self.now);
        self.turn()
    }

    /// Lets the connection go on and reads everything.
    pub(super) fn turn(&mut self) -> &mut Self {
        loop {
            self.connection.poll(&mut TaskContext::from_waker(Waker::noop()), self.now);
            let mut pieces = [IoSlice::new(&[]); 4];
            let count = self.connection.pieces(&mut pieces);
            let written: Vec<u8> = pieces[..count].iter().flat_map(|piece| piece.iter().copied()).collect();
            if !written.is_empty() {
                self.connection.written(written.len(), self.now);
                self.heard.extend_from_slice(&written);
            }
            if self.connection.wants_shutdown() {
                self.ended = true;
                self.connection.shut_down(self.now);
            } else if count == 0 {
                return self;
            }
        }
    }

    /// Lets time pass, up to `time`, and says whether a deadline came.
    pub(super) fn wait(&mut self, time: Duration) -> bool {
        let until = self.now + time;
        let due = self.connection.deadline().filter(|deadline| *deadline <= until);
        self.now = due.unwrap_or(until);
        self.connection.handle_timeout(self.now);
        self.turn();
        due.is_some()
    }

    pub(super) fn leave(&mut self) -> &mut Self {
        self.connection.end_of_input();
        self.turn()
    }

    /// What was heard since the last time, without the dates.
    pub(super) fn hears(&mut self) -> String {
        let heard = std::mem::take(&mut self.heard);
        let heard = String::from_utf8_lossy(&heard);
        heard.split_inclusive("\r\n").filter(|line| !line.starts_with("date: ")).collect()
    }

    /// The status of the answer that was heard.
    pub(super) fn status(&mut self) -> u16 {
        let heard = self.hears();
        heard[9..12].parse().unwrap_or_else(|_| panic!("no status: {heard}"))
    }
}

/// Answers with the method, the target and the whole body.
pub(super) async fn tell(request: Request) -> Response<Body> {
    let said = format!("{} {} ", request.method(), request.uri());
    match request.into_body().collect().await {
        Ok(body) => Response::new([said.as_bytes(), &body.to_bytes()].concat().into()),
        Err(error) => {
            let mut response = Response::new(error.to_string().into());
            *response.status_mut() = StatusCode::BAD_REQUEST;
            response
        }
    }
}

/// A body whose length nobody knows before; it breaks off behind its parts if it is not `whole`.
struct Parts {
    parts: std::slice::Iter<'static, &'static str>,
    whole: bool,
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = BodyEnded;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyEnded>>> {
        let part = self.parts.next().map(|part| Ok(Frame::data(Bytes::from_static(part.as_bytes()))));
        Poll::Ready(part.or_else(|| (!self.whole).then_some(Err(BodyEnded))))
    }
}

#[derive(Debug)]
struct BodyEnded;

impl std::fmt::Display for BodyEnded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it broke off")
    }
}

impl std::error::Error for BodyEnded {}

fn streamed(parts: &'static [&'static str], whole: bool) -> Response<Body> {
    Response::new(Body::new(Parts { parts: parts.iter(), whole }))
}

fn answer(content: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{content}", content.len())
}

#[test]
fn requests_are_answered_in_order_however_they_come() {
    let requests = "\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n\
        POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello\r\n\
        PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n2;x\r\nld\r\n0\r\nX: y\r\n\r\n\
        GET /d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let expected = ["GET /a ", "POST /b hello", "PUT /c world"].map(answer).concat()
        + "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nGET /d ";
    for size in 1..=requests.len() {
        let mut client = Client::of(tell);
        for piece in requests.as_bytes().chunks(size) {
            client.send(piece);
        }
        assert_eq!(client.hears(), expected, "in {size}");
        assert!(client.ended && client.connection.is_finished(), "in {size}");
    }
}

/// What was answered to the requests that were understood, and whether one was not.
fn answered(bytes: &[u8], size: usize) -> (String, bool) {
    let mut client = Client::of(tell);
    for piece in bytes.chunks(size) {
        // Behind the last answer nothing is read for ever.
        if client.connection.wants_input() {
            client.send(piece);
        }
    }
    client.leave();
    let heard = client.hears();
    let refused = heard.find("HTTP/1.1 4").or_else(|| heard.find("HTTP/1.1 5"));
    (heard[..refused.unwrap_or(heard.len())].to_owned(), refused.is_some())
}

/// Whoever stands in front may cut it otherwise than it came.
#[test]
fn what_is_broken_anyhow_is_read_the_same_however_it_comes() {
    let good = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello\
        PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;e\r\nwor\r\n2\r\nld\r\n0\r\nX: y\r\n\r\n";
    let mut chance = 1_u64;
    let mut random = |below: usize| {
        // Knuth's linear congruential generator; its high bits are good.
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(chance >> 33).unwrap() % below
    };
    let mut refused = 0;
    for round in 0..3000 {
        let mut bytes = good.to_vec();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = b"\r\n :;,0a\0\xff"[random(10)],
                1 => _ = bytes.remove(at),
                _ => bytes.insert(at, b"\r\n :;,0a\0\xff"[random(10)]),
            }
        }
        let whole = answered(&bytes, bytes.len());
        for size in [1, 2, 3, 7, 31] {
            assert_eq!(answered(&bytes, size), whole, "{round} in {size}: {}", bytes.escape_ascii());
        }
        refused += usize::from(whole.1);
    }
    assert!((300..2900).contains(&refused), "{refused} of 3,000 were refused: both kinds are looked at");
}

#[test]
fn an_answer_has_the_form_that_its_request_knows() {
    let content = |request: Request| match request.uri().path() {
        "/whole" => Response::new(Body::from("hello")),
        "/empty" => Response::new(Body::empty()),
        "/nothing" => {
            Response::builder().status(204).header("content-length", "3").body(Body::empty()).unwrap()
        }
        "/same" => Response::builder().status(304).header("etag", "x").body("hello".into()).unwrap(),
        "/close" => Response::builder().header("connection", "close").body("hello".into()).unwrap(),
        "/coded" => Response::builder().header("transfer-encoding", "gzip").body("hello".into()).unwrap(),
        "/known" => {
            let mut response = streamed(&["he", "", "llo"], true);
            response.headers_mut().insert("content-length", 5.into());
            response
        }
        _ => streamed(&["hel", "", "lo, world"], true),
    };
    let chunked = "transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n9\r\nlo, world\r\n0\r\n\r\n";
    for (request, status, expected, goes_on) in [
        ("GET /whole HTTP/1.1", "200 OK", "content-length: 5\r\n\r\nhello", true),
        ("HEAD /whole HTTP/1.1", "200 OK", "content-length: 5\r\n\r\n", true),
        ("GET /empty HTTP/1.1", "200 OK", "content-length: 0\r\n\r\n", true),
        ("HEAD /empty HTTP/1.1", "200 OK", "\r\n", true),
        ("GET /nothing HTTP/1.1", "204 No Content", "\r\n", true),
        ("GET /same HTTP/1.1", "304 Not Modified", "etag: x\r\n\r\n", true),
        ("GET /close HTTP/1.1", "200 OK", "connection: close\r\ncontent-length: 5\r\n\r\nhello", false),
        ("GET /coded HTTP/1.1", "200 OK", "content-length: 5\r\n\r\nhello", true),
        ("GET /known HTTP/1.1", "200 OK", "content-length: 5\r\n\r\nhello", true),
        ("GET /streamed HTTP/1.1", "200 OK", chunked, true),
        ("HEAD /streamed HTTP/1.1", "200 OK", "\r\n", true),
        ("GET /whole HTTP/1.0", "200 OK", "content-length: 5\r\nconnection: close\r\n\r\nhello", false),
        ("GET /streamed HTTP/1.0", "200 OK", "connection: close\r\n\r\nhello, world", false),
    ] {
        let mut client = Client::of(content);
        client.send(format!("{request}\r\nHost: x\r\n\r\n"));
        let heard = client.heard.escape_ascii().to_string();
        assert!(heard.matches("date: ").count() == 1 && heard.contains(" GMT"), "{request}: {heard}");
        assert_eq!(client.hears(), format!("HTTP/1.1 {status}\r\n{expected}"), "{request}");
        assert_eq!(client.connection.is_finished(), !goes_on, "{request}");
    }
    let mut old = Client::of(content);
    old.send("GET /whole HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(old.hears().contains("\r\nconnection: keep-alive\r\n"));
    assert!(!old.connection.is_finished());
}

#[test]
fn a_body_that_is_not_what_its_head_says_breaks_the_connection() {
    let lies = |request: Request| {
        let mut response = streamed(&["hello"], request.uri().path() != "/broken");
        if let Ok(length) = request.uri().path()[1..].parse::<u64>() {
            response.headers_mut().insert("content-length", length.into());
        }
        response
    };
    for (path, content) in [("/4", ""), ("/6", "hello"), ("/broken", "5\r\nhello\r\n")] {
        let mut client = Client::of(lies);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        let heard = client.hears();
        assert_eq!(heard.split_once("\r\n\r\n").unwrap().1, content, "{path}");
        assert!(client.ended && client.connection.is_finished(), "{path}");
    }
}

#[test]
fn what_is_no_clear_request_is_answered_once_and_nothing_behind_it_is_read() {
    let behind = "GET /behind HTTP/1.1\r\nHost: x\r\n\r\n";
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: x\n\n", 400),
        ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: x\r\nExpect: more\r\nContent-Length: 1\r\n\r\n", 417),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
    ] {
        let mut client = Client::of(tell);
        client.send([request, behind].concat());
        let heard = client.hears();
        assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {heard}");
        assert!(
            heard.contains("\r\nconnection: close\r\n") && !heard.contains("behind"),
            "{request:?}: {heard}"
        );
        assert_eq!(heard.matches("\r\n\r\n").count(), 1, "{heard}");
        assert!(client.ended && !client.connection.is_finished(), "it lingers: {request:?}");
        assert!(client.wait(LINGER) && client.connection.is_finished());
    }
}

#[test]
fn a_client_that_waits_is_told_to_go_on_when_its_body_is_wanted() {
    let head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    let mut waits = Client::of(tell);
    waits.send(head);
    assert_eq!(waits.hears(), "HTTP/1.1 100 Continue\r\n\r\n");
    waits.send("hello");
    assert_eq!(waits.hears(), answer("POST / hello"));
    let mut hurries = Client::of(tell);
    hurries.send([head, "hello"].concat());
    assert_eq!(hurries.hears(), answer("POST / hello"), "it did not wait");
    let mut unwanted = Client::of(|_: Request| Response::new(Body::from("no")));
    unwanted.send(head);
    assert_eq!(unwanted.hears(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
    unwanted.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(unwanted.hears(), "", "body or request: nobody can say");
}

#[test]
fn a_body_that_is_not_read_makes_its_client_wait() {
    let taken = Arc::new(Mutex::new(None));
    let keeps = Arc::clone(&taken);
    let app = move |request: Request| {
        *keeps.lock().unwrap() = Some(request.into_body());
        pending::<Response<Body>>()
    };
    let mut client = Client::of(app);
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    let mut sent = 0;
    while client.connection.wants_input() {
        client.send([b'x'; 1000]);
        sent += 1000;
    }
    assert!((MAX_BODY_WAITING..MAX_BODY_WAITING + 1000).contains(&sent), "{sent}");
    let mut body = taken.lock().unwrap().take().unwrap();
    assert_eq!(body.size_hint().exact(), Some(1_000_000));
    let frame = body.frame().poll_now().unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap().len(), 1000);
    assert_eq!(body.size_hint().exact(), Some(999_000));
    client.turn();
    assert!(client.connection.wants_input());
    client.leave();
    assert!(client.connection.is_finished());
    let rest = body.collect().poll_now();
    assert!(rest.unwrap_err().to_string().contains("left"), "half a body is not taken for a whole one");
}

/// A future that is ready by now.
trait PollNow: Future {
    fn poll_now(self) -> Self::Output;
}

impl<F: Future> PollNow for F {
    fn poll_now(self) -> F::Output {
        match std::pin::pin!(self).poll(&mut TaskContext::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it is not ready"),
        }
    }
}

#[test]
fn a_body_that_nobody_wants_ends_the_connection_unless_it_is_there() {
    let app = |request: Request| {
        drop(request);
        Response::new(Body::from("no"))
    };
    let mut client = Client::of(app);
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
    assert_eq!(client.hears(), answer("no"));
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na");
    assert!(client.hears().contains("connection: close"));
    client.send([b'x'; MAX_LINGER_LEN]);
    assert!(!client.connection.is_finished(), "it may not have heard yet");
    client.send("x");
    assert!(client.connection.is_finished(), "it will never listen");
}
