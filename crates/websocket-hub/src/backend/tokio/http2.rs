//! One connection as HTTP/2 (RFC 9113). Some of its streams become WebSockets (RFC 8441), the others go on.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::backend::Start;
use crate::backend::http::limits::{KEEP_ALIVE, MAX_HEAD_LEN};
use crate::body::{Body, BoxError, Response};
use crate::context::{Context, Way};
use crate::source::Source;
use crate::streams::{StreamGuard, Streams};

/// How many requests and WebSockets one connection may have at a time. RFC 9113 §6.5.2 wants at least 100.
const MAX_STREAMS: u32 = 128;

/// How much a client may send on a stream before it is read, in octets.
const STREAM_WINDOW: u32 = 128 * 1024;

/// The same for all streams together: enough for each, so that one that is not read stops no other.
const CONNECTION_WINDOW: u32 = MAX_STREAMS * STREAM_WINDOW;

/// How much of what is written to a stream may wait within HTTP/2, in octets.
const MAX_SEND_BUFFER: usize = 64 * 1024;

/// How often a client is asked whether it is there, and how long it may take to answer. Since nothing may come
/// within a head, this also bounds how long one may take.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// How long one may rest that has been told to go.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(super) async fn serve<S>(stream: S, source: Source, start: &Start)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let streams = Streams::default();
    let service = service_fn(|mut request: http::Request<Incoming>| {
        let stream = streams.open();
        let way = Way::Stream(stream.clone());
        let context = Context { source, tracker: start.tracker.clone(), way };
        request.extensions_mut().insert(context);
        let is_head = request.method() == Method::HEAD;
        let response = start.app.call(request.map(Body::new));
        async move { Ok::<_, Infallible>(finish(response.await, is_head, stream)) }
    });
    let mut connection = pin!(builder().serve_connection(TokioIo::new(stream), service));
    let mut goes = false;
    loop {
        let (first, rest) =
            if goes { (LAST_WORDS, LAST_WORDS) } else { (start.handshake_timeout, KEEP_ALIVE) };
        tokio::select! {
            // An error here is a client that broke HTTP or went away: it was told what can be told.
            _ = connection.as_mut() => return,
            () = start.stopping(), if !goes => {}
            () = streams.rest(first, rest) => {
                if goes {
                    return;
                }
            }
        }
        // Streams that are there may end as they like; new ones belong on another connection.
        goes = true;
        connection.as_mut().graceful_shutdown();
    }
}

fn builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .enable_connect_protocol()
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(MAX_SEND_BUFFER)
        // In octets as RFC 9113 §6.5.2 counts them.
        .max_header_list_size(u32::try_from(MAX_HEAD_LEN).unwrap_or(u32::MAX))
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}

/// Makes a response end with its stream; and one to HEAD, which hyper leaves alone, be without content.
fn finish(mut response: Response, is_head: bool, stream: StreamGuard) -> Response {
    if is_head {
        if let Some(length) = response.body().size_hint().exact().filter(|length| *length > 0) {
            response.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
        }
        return response.map(|_| Body::empty());
    }
    if response.body().is_end_stream() {
        return response;
    }
    response.map(|body| Body::new(OfStream { body, _stream: stream }))
}

/// A body that counts as its stream's until it is sent.
struct OfStream {
    body: Body,
    _stream: StreamGuard,
}

impl http_body::Body for OfStream {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
