//! Which HTTP a new connection speaks: what TLS agreed on, or what its first octets say.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::rewound::Rewound;
use super::{http1, http2};
use crate::backend::Start;
use crate::drive::Drive;
use crate::proxy_protocol::{Header, Progress};
use crate::read_buffer;
use crate::source::Source;
use crate::tls::H2;

/// What a client of HTTP/2 says first (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection has become that is a WebSocket now. It is boxed: a task that waits for it has the size of its
/// largest part.
pub(super) type Opened = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves a connection to its end, or until it becomes a WebSocket. What comes before TLS or HTTP was read already if
/// anything was read `early`.
pub(super) async fn serve(
    stream: TcpStream,
    mut early: Vec<u8>,
    mut source: Source,
    start: &Start,
) -> Option<Opened> {
    let deadline = Instant::now() + start.handshake_timeout;
    if let Some(header) = start.proxy_header(&source).filter(|_| early.is_empty()) {
        source.named = Box::pin(read_proxy_header(header, &stream, deadline, start)).await?;
    }
    // What most connections do not need is boxed, so that it costs them nothing.
    match &start.tls {
        Some(config) => {
            let stream = Box::pin(accept_tls(config, stream, deadline, start)).await?;
            if stream.get_ref().1.alpn_protocol() == Some(H2) {
                Box::pin(http2::serve(stream, source, start)).await;
                return None;
            }
            let (stream, connection) =
                http1::serve(stream, Vec::new(), source, start, deadline.into_std()).await?;
            Some(Box::pin(Drive::new(stream, connection)))
        }
        None => {
            tokio::select! {
                // An error or silence is nothing new to HTTP/1.1, which has answers for them.
                _ = timeout_at(deadline, look(&stream, &mut early)) => {}
                () = start.stopping() => return None,
            }
            if early.starts_with(PREFACE) {
                Box::pin(http2::serve(Rewound::new(early, stream), source, start)).await;
                return None;
            }
            let (stream, connection) =
                http1::serve(stream, early, source, start, deadline.into_std()).await?;
            Some(Box::pin(Drive::new(stream, connection)))
        }
    }
}

/// The client that the header names with which the connection begins. `None` if it is to be closed.
async fn read_proxy_header(
    mut header: Header,
    stream: &TcpStream,
    deadline: Instant,
    start: &Start,
) -> Option<Option<SocketAddr>> {
    let read = async {
        let mut seen = [0; 512];
        loop {
            // Nothing is taken of what stands behind it.
            let len = stream.peek(&mut seen).await.ok().filter(|len| *len > 0)?;
            let (taken, client) = match header.receive(&seen[..len]) {
                Progress::Unfinished => (len, None),
                Progress::Complete { taken, client } => (taken, Some(client)),
                Progress::Malformed => return None,
            };
            // It lies there.
            stream.try_read(&mut seen[..taken]).ok().filter(|read| *read == taken)?;
            if client.is_some() {
                return client;
            }
        }
    };
    tokio::select! {
        client = timeout_at(deadline, read) => client.ok()?,
        () = start.stopping() => None,
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

/// Reads until it is known what is spoken: HTTP/2, if all of its preface is there then.
async fn look(stream: &TcpStream, early: &mut Vec<u8>) -> std::io::Result<()> {
    while early.len() < PREFACE.len() && PREFACE.starts_with(early) {
        stream.readable().await?;
        let read = read_buffer::with(|buffer| {
            let read = stream.try_read(buffer);
            read.inspect(|len| early.extend_from_slice(&buffer[..*len]))
        });
        match read {
            Ok(0) => break,
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
