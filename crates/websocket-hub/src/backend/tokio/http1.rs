//! One connection as HTTP/1.1, until it ends or becomes a WebSocket.

use std::convert::Infallible;
use std::net::SocketAddr;

use http::header::{CONNECTION, HeaderMap, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderValue, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Parts;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::head_guard::HeadGuard;
use crate::backend::Start;
use crate::backend::http::limits::{KEEP_ALIVE, MAX_HEAD_LEN};
use crate::backend::http::refuse;
use crate::body::{Body, Response};
use crate::connection::Connection;
use crate::context::{Context, Way};
use crate::opening::Handover;

/// Serves to the end, or until a request has opened a WebSocket: then gives its transport and itself. The first
/// request's head must be there before `deadline`.
pub(super) async fn serve<S>(
    stream: S,
    peer: SocketAddr,
    start: &Start,
    deadline: Instant,
) -> Option<(S, Connection)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(HeadGuard::new(stream, deadline, start.handshake_timeout));
    let handover = Handover::default();
    let context = Context { peer, tracker: start.tracker.clone(), way: Way::Handover(handover.clone()) };
    let service = service_fn(|mut request: http::Request<Incoming>| {
        // hyper is more lenient than it is good for whoever stands behind a proxy.
        let refusal = refuse(&request);
        request.extensions_mut().insert(context.clone());
        let closes = ends_connection(request.headers());
        let response = match refusal {
            Some(refusal) => Box::pin(std::future::ready(refusal)),
            None => start.app.call(request.map(Body::new)),
        };
        let handover = &handover;
        async move { Ok::<_, Infallible>(finish(response.await, closes, handover)) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(KEEP_ALIVE).max_buf_size(MAX_HEAD_LEN);
    let mut connection = Box::pin(builder.serve_connection(io, service).with_upgrades());
    // An error here is a client that broke HTTP or went away: hyper has answered what can be answered.
    let _ = tokio::select! {
        result = connection.as_mut() => result,
        () = start.stopping() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    let mut opening = handover.take()?;
    // It holds the other end of what is awaited next.
    drop(connection);
    // It fails when the client is gone before it had its answer: nothing opened, nothing closes.
    let upgraded = opening.upgrade.take()?.await.ok()?;
    let Parts { io, read_buf, .. } = upgraded.downcast::<TokioIo<HeadGuard<S>>>().ok()?;
    Some((io.into_inner().into_inner(), opening.connection(read_buf)))
}

/// Whether a request with these headers is the last on its connection unless it becomes something else: what
/// follows a handshake that failed must not be read as a request, and `HeadGuard` does not look behind a body of
/// unknown length.
fn ends_connection(headers: &HeaderMap) -> bool {
    headers.contains_key(UPGRADE) || headers.contains_key(TRANSFER_ENCODING)
}

fn finish(mut response: Response, closes: bool, handover: &Handover) -> Response {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    // The app has opened a connection, if any, and thought better of it.
    drop(handover.take());
    let announced = response.headers().get_all(CONNECTION).iter().any(names_close);
    if closes && !announced {
        response.headers_mut().append(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn names_close(value: &HeaderValue) -> bool {
    let names = |text: &str| text.split(',').any(|name| name.trim().eq_ignore_ascii_case("close"));
    value.to_str().is_ok_and(names)
}
