//! One connection as HTTP/1.1, until it ends or becomes a WebSocket.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderMap, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderValue, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{Parts, Upgraded};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::head_guard::HeadGuard;
use crate::backend::Start;
use crate::body::{Body, Response};
use crate::context::{Context, RawStream};

/// How long a connection may rest between two requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The largest request head, in octets; a larger one is answered with 431.
const MAX_HEAD_LEN: usize = 16 * 1024;

/// The first request's head must be there before `deadline`.
pub(super) async fn serve<S>(stream: S, peer: SocketAddr, start: &Start, deadline: Instant)
where
    S: AsyncRead + AsyncWrite + Into<RawStream> + Unpin + Send + 'static,
{
    let io = TokioIo::new(HeadGuard::new(stream, deadline, start.handshake_timeout));
    let context =
        Context { peer, tracker: start.tracker.clone(), take_raw: Some(take_raw::<S>), stream: None };
    let service = service_fn(|mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(context.clone());
        let closes = ends_connection(request.headers());
        let response = start.app.call(request.map(Body::new));
        async move { Ok::<_, Infallible>(finish(response.await, closes)) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(KEEP_ALIVE).max_buf_size(MAX_HEAD_LEN);
    let mut connection = pin!(builder.serve_connection(io, service).with_upgrades());
    // An error here is a client that broke HTTP or went away: hyper has answered what can be answered.
    let _ = tokio::select! {
        result = connection.as_mut() => result,
        () = start.stopping() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
}

/// Whether a request with these headers is the last on its connection unless it becomes something else: what
/// follows a handshake that failed must not be read as a request, and `HeadGuard` does not look behind a body of
/// unknown length.
fn ends_connection(headers: &HeaderMap) -> bool {
    headers.contains_key(UPGRADE) || headers.contains_key(TRANSFER_ENCODING)
}

fn finish(mut response: Response, closes: bool) -> Response {
    let announced = response.headers().get_all(CONNECTION).iter().any(names_close);
    if closes && !announced && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().append(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn names_close(value: &HeaderValue) -> bool {
    let names = |text: &str| text.split(',').any(|name| name.trim().eq_ignore_ascii_case("close"));
    value.to_str().is_ok_and(names)
}

/// The raw stream out of an upgraded connection of this backend, and the bytes that were read too far; or the
/// connection as it was, if another server made it.
fn take_raw<S>(upgraded: Upgraded) -> Result<(RawStream, Bytes), Upgraded>
where
    S: AsyncRead + AsyncWrite + Into<RawStream> + Unpin + Send + 'static,
{
    let Parts { io, read_buf, .. } = upgraded.downcast::<TokioIo<HeadGuard<S>>>()?;
    Ok((io.into_inner().into_inner().into(), read_buf))
}
