//! Which HTTP a new connection speaks: what TLS agreed on, or what its first octets say.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{http1, http2, socket};
use crate::backend::Start;
use crate::drive::Drive;
use crate::tls::H2;

/// What a client of HTTP/2 says first (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection has become that is a WebSocket now. Both are boxed: a task that waits for it has the size of
/// its largest part.
pub(super) type Opened = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves a connection to its end, or until it becomes a WebSocket.
pub(super) async fn serve(stream: TcpStream, peer: SocketAddr, start: &Start) -> Option<Opened> {
    let deadline = Instant::now() + start.handshake_timeout;
    // What most connections do not need is boxed, so that it costs them nothing.
    match &start.tls {
        Some(config) => {
            let stream = Box::pin(accept_tls(config, stream, deadline, start)).await?;
            if stream.get_ref().1.alpn_protocol() == Some(H2) {
                Box::pin(http2::serve(stream, peer, start)).await;
                return None;
            }
            let (stream, connection) = http1::serve(stream, peer, start, deadline).await?;
            Some(Box::pin(Drive::new(stream, connection)))
        }
        None => {
            let speaks_http2 = tokio::select! {
                // An error or silence is nothing new to HTTP/1.1, which has answers for them.
                speaks = timeout_at(deadline, speaks_http2(&stream)) => matches!(speaks, Ok(Ok(true))),
                () = start.stopping() => return None,
            };
            if speaks_http2 {
                Box::pin(http2::serve(stream, peer, start)).await;
                return None;
            }
            let (stream, connection) = http1::serve(stream, peer, start, deadline).await?;
            Some(Box::pin(socket::Task::new(stream, connection)))
        }
    }
}

async fn accept_tls(
    config: &Arc<ServerConfig>,
    stream: TcpStream,
    deadline: Instant,
    start: &Start,
) -> Option<Box<TlsStream<TcpStream>>> {
    let accept = TlsAcceptor::from(Arc::clone(config)).accept(stream);
    tokio::select! {
        // Whoever speaks no TLS is told so by an alert, and that is all.
        accepted = timeout_at(deadline, accept) => Some(Box::new(accepted.ok()?.ok()?)),
        () = start.stopping() => None,
    }
}

/// Looks at the first octets and leaves them where they are.
async fn speaks_http2(stream: &TcpStream) -> std::io::Result<bool> {
    let mut seen = [0; PREFACE.len()];
    loop {
        let ready: Ready = stream.ready(Interest::READABLE).await?;
        let len = stream.peek(&mut seen).await?;
        if len == 0 || seen[..len] != PREFACE[..len] {
            return Ok(false);
        }
        if len == PREFACE.len() {
            return Ok(true);
        }
        if ready.is_read_closed() {
            return Ok(false);
        }
        // A stream is readable as long as something lies there. To be told of more, it has to be called drained.
        let _ = stream.try_io(Interest::READABLE, || Err::<(), _>(std::io::ErrorKind::WouldBlock.into()));
    }
}
