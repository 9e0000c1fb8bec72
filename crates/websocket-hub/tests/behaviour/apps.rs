//! The same WebSocket out of every kind of app, and plain HTTP beside it.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::{Method, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Limited};
use tower_service::Service;
use websocket_hub::{App, Backend, Body, IntoResponse, Refused, Request, Response, Server, WebSocket};

use crate::client::Client;
use crate::on_each_backend;
use crate::peer::{Peer, request};
use crate::transport::serve;

fn start<Kind: 'static>(backend: Backend, app: impl App<Kind>) -> Server {
    serve(app).backend(backend).bind("127.0.0.1:0").unwrap()
}

/// The WebSocket of every app here.
fn echo<B>(request: http::Request<B>) -> Result<Response, Refused> {
    Ok(WebSocket::upgrade(request)?.on_message(|ws, message| _ = ws.send(message)).start())
}

/// Connects, is echoed, says goodbye; and is told to upgrade when it does not.
fn assert_echoes(server: Server, path: &str) {
    let mut client = Client::connect(&server, path);
    client.send("hello");
    assert_eq!(client.text(), "hello");
    client.send(vec![0, 159, 146, 150]);
    assert_eq!(client.recv().unwrap().as_bytes(), [0, 159, 146, 150]);
    assert!(client.close().is_clean());
    let mut peer = Peer::connect(server.address());
    peer.write(request(&format!("GET /{path} HTTP/1.1"), &["Host: localhost"]));
    assert_eq!(peer.response().0.status, 426);
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_closure() {
    on_each_backend(|backend| {
        assert_echoes(start(backend, echo::<Body>), "");
        let infallible = |request: Request| echo(request).unwrap_or_else(IntoResponse::into_response);
        assert_echoes(start(backend, infallible), "any/path?query");
    });
}

#[test]
fn an_async_closure() {
    on_each_backend(|backend| {
        let app = async |request: Request| {
            tokio::task::yield_now().await;
            echo(request)
        };
        assert_echoes(start(backend, app), "");
    });
}

/// A service that must be readied before each call, as some are.
#[derive(Debug, Default)]
struct Readied(bool);

impl Clone for Readied {
    fn clone(&self) -> Self {
        Readied(false)
    }
}

impl Service<Request> for Readied {
    type Response = Response;
    type Error = Infallible;
    type Future = Ready<Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0 = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        assert!(std::mem::take(&mut self.0), "called before it was ready");
        ready(Ok(echo(request).unwrap_or_else(Response::from)))
    }
}

#[test]
fn a_tower_service() {
    on_each_backend(|backend| assert_echoes(start(backend, Readied::default()), ""));
}

/// A service that only fails.
#[derive(Clone, Debug)]
struct Broken;

impl Service<Request> for Broken {
    type Response = Response;
    type Error = &'static str;
    type Future = Ready<Result<Response, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        ready(Err("the reason is nobody's business"))
    }
}

#[test]
fn an_error_of_a_service_is_a_500_without_its_reason() {
    on_each_backend(|backend| {
        let server = start(backend, Broken);
        let mut peer = Peer::connect(server.address());
        peer.write(request("GET / HTTP/1.1", &["Host: localhost"]));
        let (head, body) = peer.response();
        assert_eq!(head.status, 500);
        assert!(!body.contains("business"), "{body:?}");
    });
}

fn router() -> Router {
    let page = || async { "page" };
    let post = async |request: axum::extract::Request| Response::new(Body::new(request.into_body()));
    let socket = async |request: axum::extract::Request| echo(request).map_err(Response::from);
    Router::new().route("/chat", get(socket)).route("/page", get(page).post(post))
}

#[test]
fn an_axum_router() {
    on_each_backend(|backend| assert_echoes(start(backend, router()), "chat"));
}

#[test]
fn a_router_serves_pages_beside_a_websocket_on_one_connection() {
    on_each_backend(|backend| {
        let server = start(backend, router());
        let mut peer = Peer::connect(server.address());
        let host = "Host: localhost";
        for _ in 0..3 {
            peer.write(request("GET /page HTTP/1.1", &[host]));
            let (head, body) = peer.response();
            assert_eq!((head.status, body.as_str(), head.says_close()), (200, "page", false));
        }
        peer.write(request("POST /page HTTP/1.1", &[host, "Content-Length: 5"]) + "hello");
        assert_eq!(peer.response().1, "hello");
        peer.write(request("HEAD /page HTTP/1.1", &[host]));
        let head = peer.head();
        assert_eq!((head.status, head.get("content-length")), (200, "4".to_owned()));
        peer.write(request("GET /nowhere HTTP/1.1", &[host]));
        assert_eq!(peer.response().0.status, 404);
        peer.write(request("DELETE /page HTTP/1.1", &[host]));
        assert_eq!(peer.response().0.status, 405);
        peer.write(request("GET /page HTTP/1.1", &[host, "Connection: close"]));
        let (head, body) = peer.response();
        assert_eq!((body.as_str(), head.says_close()), ("page", true));
        assert_eq!(peer.rest(), b"");
    });
}

#[test]
fn a_body_is_read_in_chunks_and_within_a_limit() {
    on_each_backend(|backend| {
        let app = async |request: Request| {
            let mut response = match Limited::new(request.into_body(), 10).collect().await {
                Ok(body) => Response::new(body.to_bytes().into()),
                Err(error) => Response::new(error.to_string().into()),
            };
            response.headers_mut().insert("x-app", "asked".parse().unwrap());
            response
        };
        let server = start(backend, app);
        let chunked = request("POST / HTTP/1.1", &["Host: localhost", "Transfer-Encoding: chunked"]);
        for (chunks, expected) in [
            ("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!"),
            ("0\r\n\r\n", ""),
            ("b\r\nhello world\r\n0\r\n\r\n", "length limit exceeded"),
        ] {
            let mut peer = Peer::connect(server.address());
            peer.write(format!("{chunked}{chunks}"));
            let (head, body) = peer.response();
            assert_eq!((head.status, body.as_str()), (200, expected));
        }
    });
}

/// A body that makes itself while it is sent.
struct Countdown(u8);

impl http_body::Body for Countdown {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0 == 0 {
            return Poll::Ready(None);
        }
        self.0 -= 1;
        if self.0.is_multiple_of(2) {
            // Now and then it has to be waited for.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(format!("{}\n", self.0))))))
    }
}

#[test]
fn a_response_may_stream() {
    on_each_backend(|backend| {
        let server = start(backend, |_: Request| http::Response::new(Countdown(8)));
        let mut peer = Peer::connect(server.address());
        peer.write(request("GET / HTTP/1.1", &["Host: localhost", "Connection: close"]));
        assert_eq!(peer.head().get("transfer-encoding"), "chunked");
        let rest = peer.rest();
        let rest = std::str::from_utf8(&rest).unwrap();
        assert_eq!(rest.replace("2\r\n", "").replace("\r\n", ""), "7\n5\n3\n1\n0");
    });
}

#[test]
fn an_app_that_panics_loses_its_connection_and_the_server_lives() {
    on_each_backend(|backend| {
        let app = |request: Request| -> Result<Response, Refused> {
            if *request.method() == Method::DELETE {
                std::panic::resume_unwind(Box::new("asked for"));
            }
            echo(request)
        };
        let server = start(backend, app);
        let mut client = Client::connect(&server, "");
        for _ in 0..10 {
            let mut peer = Peer::connect(server.address());
            peer.write(request("DELETE / HTTP/1.1", &["Host: localhost"]));
            assert_eq!(peer.rest(), b"");
        }
        client.send("still here");
        assert_eq!(client.text(), "still here");
        client.close();
        assert_echoes(server, "");
    });
}

#[test]
fn an_upgrade_that_is_not_started_is_no_connection() {
    on_each_backend(|backend| {
        let app = |request: Request| -> Result<Response, Refused> {
            drop(WebSocket::upgrade(request)?);
            let mut response = Response::new("no room left".into());
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Ok(response)
        };
        let server = start(backend, app);
        let mut peer = Peer::connect(server.address());
        peer.write([crate::peer::handshake("").as_bytes(), &crate::peer::text("smuggled")].concat());
        let (head, body) = peer.response();
        assert_eq!((head.status, body.as_str(), head.says_close()), (503, "no room left", true));
        assert_eq!(peer.rest(), b"");
        assert_eq!(server.stop(), 0);
    });
}
