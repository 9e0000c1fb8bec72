//! Connections in somebody's actix-web server (feature `actix-web`).
//!
//! ```no_run
//! use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
//! use websocket_hub::{Handshake, actix};
//!
//! async fn echo(request: HttpRequest, payload: web::Payload) -> HttpResponse {
//!     match actix::upgrade(&Handshake::new(), &request) {
//!         Ok(upgrade) => {
//!             actix::start(upgrade.on_message(|ws, message| _ = ws.send(message)), payload)
//!         }
//!         Err(refused) => actix::refuse(refused),
//!     }
//! }
//!
//! #[actix_web::main]
//! async fn main() -> std::io::Result<()> {
//!     HttpServer::new(|| App::new().route("/", web::get().to(echo))).bind("127.0.0.1:8080")?.run().await
//! }
//! ```

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use bytes::{Buf, Bytes};
use futures_core::Stream as _;
use http_body::Body as _;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use crate::app::IntoResponse;
use crate::body::Body;
use crate::handshake::Handshake;
use crate::refused::Refused;
use crate::upgrade::Upgrade;

/// How much may lie between the connection and the server that writes it out, in octets.
const WRITE_BUFFER_LEN: usize = 64 * 1024;

/// How much the server is given at a time, in octets.
const PIECE_LEN: usize = 16 * 1024;

/// Judges a request; see [`Handshake::upgrade`]. WebSockets over HTTP/2 are not to be had from actix-web.
///
/// # Errors
///
/// [`Refused`], to be answered by [`refuse`].
pub fn upgrade(handshake: &Handshake, request: &HttpRequest) -> Result<Upgrade, Refused> {
    // Two generations of the same types, told apart by nothing else than their version.
    let mut judged = http::Request::new(());
    *judged.method_mut() = request.method().as_str().parse().map_err(|_| Refused::NotUpgradable)?;
    *judged.uri_mut() = request.uri().to_string().parse().map_err(|_| Refused::NotUpgradable)?;
    *judged.version_mut() = match request.version() {
        actix_web::http::Version::HTTP_11 => http::Version::HTTP_11,
        actix_web::http::Version::HTTP_10 => http::Version::HTTP_10,
        _ => return Err(Refused::NotUpgradable),
    };
    for (name, value) in request.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = http::HeaderValue::from_bytes(value.as_bytes());
        let (Ok(name), Ok(value)) = (name, value) else { return Err(Refused::NotUpgradable) };
        judged.headers_mut().append(name, value);
    }
    handshake.accept(judged, request.peer_addr())
}

/// Opens the connection; the response is to be returned from the handler.
///
/// # Panics
///
/// Outside of actix-web's own runtime.
pub fn start(upgrade: Upgrade, payload: web::Payload) -> HttpResponse {
    let (to_server, from_connection) = tokio::io::duplex(WRITE_BUFFER_LEN);
    let transport = Transport { payload: payload.into_inner(), unread: Bytes::new(), to_server };
    let (response, connection) = upgrade.start_over(transport);
    actix_web::rt::spawn(connection);
    answer(response.map(drop)).upgrade("websocket").body(Outgoing(from_connection))
}

/// The answer to a request that does not become a connection.
pub fn refuse(refused: Refused) -> HttpResponse {
    let (head, body) = refused.into_response().into_parts();
    answer(http::Response::from_parts(head, ())).force_close().body(Streamed(body))
}

/// The head of a response of ours as one of theirs.
fn answer(response: http::Response<()>) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(response.status().as_u16()).expect("a status is one everywhere");
    let mut builder = HttpResponse::build(status);
    for (name, value) in response.headers() {
        builder.append_header((name.as_str(), value.as_bytes()));
    }
    builder
}

/// Both directions of a connection, as actix-web hands them over.
struct Transport {
    payload: Payload,
    /// Arrived and not read.
    unread: Bytes,
    to_server: DuplexStream,
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(Pin::new(&mut self.payload).poll_next(cx)) {
                Some(piece) => self.unread = piece.map_err(io::Error::other)?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let len = buf.remaining().min(self.unread.len());
        buf.put_slice(&self.unread[..len]);
        self.unread.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.to_server).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.to_server).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.to_server).poll_shutdown(cx)
    }
}

/// What the connection writes, as the body of its answer.
struct Outgoing(DuplexStream);

impl MessageBody for Outgoing {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        let mut piece = [0; PIECE_LEN];
        let mut buf = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buf))?;
        let filled = buf.filled();
        Poll::Ready((!filled.is_empty()).then(|| Ok(Bytes::copy_from_slice(filled))))
    }
}

/// A body of ours as one of theirs.
struct Streamed(Body);

impl MessageBody for Streamed {
    // Theirs does not cross threads, and so is another type than ours.
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.0.size_hint().exact().map_or(BodySize::Stream, BodySize::Sized)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        loop {
            match ready!(Pin::new(&mut self.0).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                // Trailers have no place here.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}
