//! Both directions at once: much in each, the end of one, and what is held meanwhile.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use websocket_client::{Cause, CloseCode, Config, Connector, Message, UsageError, WebSocket};

use crate::peer::{Peer, Wire};
use crate::server::{Ws, soon};

/// Holds next to nothing, as far as these tests are concerned.
const PIPE: usize = 4096;

async fn pair() -> (WebSocket, Ws<tokio::io::DuplexStream>) {
    let (here, there) = tokio::io::duplex(PIPE);
    let accepted = tokio::spawn(Ws::accept(there));
    let ws = Connector::new().over(here, "ws://there/").await.unwrap();
    (ws, accepted.await.unwrap().unwrap())
}

#[tokio::test]
async fn two_ends_that_send_much_and_read_later_do_not_wait_for_each_other() {
    let (mut ws, mut server) = pair().await;
    let other = tokio::spawn(async move {
        for _ in 0..4 {
            server.send(vec![1; 200_000]).await;
        }
        server.recv().await.unwrap().len()
    });
    soon(ws.send(vec![2; 800_000])).await.unwrap();
    assert_eq!(soon(other).await.unwrap(), 800_000);
    for _ in 0..4 {
        assert_eq!(soon(ws.recv()).await, Some(Message::binary(vec![1; 200_000])));
    }
}

#[tokio::test]
async fn what_is_read_ahead_is_bounded() {
    let (mut ws, mut server) = pair().await;
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = sent.clone();
    let other = tokio::spawn(async move {
        loop {
            server.send(vec![1; 1000]).await;
            count.fetch_add(1000, std::sync::atomic::Ordering::Relaxed);
        }
    });
    // The peer never reads, so it is never sent.
    assert!(timeout(Duration::from_millis(500), ws.send(vec![2; 800_000])).await.is_err());
    let sent = sent.load(std::sync::atomic::Ordering::Relaxed);
    let most = (1 << 20) + 64 * 1024;
    assert!(sent > 900_000 && sent < most, "{sent} octets were read ahead");
    assert!(ws.queued() > 700_000);
    other.abort();
    // What was read ahead comes, in full messages, before the end.
    let mut received = 0;
    while let Some(message) = soon(ws.recv()).await {
        received += message.len();
    }
    assert!(received.abs_diff(sent) <= PIPE + 1000, "{received} of {sent}");
    assert_eq!(ws.closed().unwrap().cause, Cause::ConnectionLost);
}

#[tokio::test]
async fn a_goodbye_that_arrived_before_writing_failed_is_read() {
    let (here, mut there) = tokio::io::duplex(PIPE);
    let serving = tokio::spawn(async move {
        let mut ws = Ws::accept(&mut there).await.unwrap();
        ws.recv().await.unwrap();
        drop(ws);
        there.write_all(b"\x81\x01a\x88\x06\x03\xf0nope").await.unwrap();
    });
    let mut ws = Connector::new().over(here, "ws://there/").await.unwrap();
    ws.send("go").await.unwrap();
    serving.await.unwrap();
    assert_eq!(ws.send("too late").await, Err(UsageError::Closed));
    assert_eq!(ws.send("again").await, Err(UsageError::Closed));
    assert_eq!(soon(ws.recv()).await.unwrap().as_text(), Some("a"));
    assert_eq!(soon(ws.recv()).await, None);
    let closed = ws.closed().unwrap();
    assert_eq!((closed.code, closed.reason.as_str()), (CloseCode::POLICY, "nope"));
}

#[tokio::test(start_paused = true)]
async fn silence_is_noticed_while_waiting_in_either_direction() {
    let (mut ws, _server) = pair().await;
    let start = tokio::time::Instant::now();
    assert_eq!(ws.recv().await, None);
    assert_eq!(ws.closed().unwrap().cause, Cause::IdleTimeout);
    assert!(start.elapsed().abs_diff(Duration::from_secs(45)) < Duration::from_secs(1));

    let (mut ws, _server) = pair().await;
    let start = tokio::time::Instant::now();
    assert_eq!(ws.send(vec![0; 100_000]).await, Err(UsageError::Closed));
    assert!(start.elapsed().abs_diff(Duration::from_secs(45)) < Duration::from_secs(1));
    assert_eq!(ws.recv().await, None);
    assert_eq!(ws.closed().unwrap().cause, Cause::IdleTimeout);
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_not_answered_ends_in_time() {
    let (mut ws, _server) = pair().await;
    ws.queue(vec![0; 100_000]).unwrap();
    let start = tokio::time::Instant::now();
    let closed = ws.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(closed.cause, Cause::CloseTimeout);
    assert!(start.elapsed().abs_diff(Duration::from_secs(10)) < Duration::from_secs(1));
}

/// A server that, once there is a connection, hears nothing and talks without a pause until its time is over.
struct Chatterbox {
    server: Wire,
    opened: bool,
    until: Instant,
}

impl AsyncRead for Chatterbox {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.opened {
            let read = Pin::new(&mut self.server).poll_read(cx, buf);
            self.opened = read.is_ready();
            return read;
        }
        if Instant::now() < self.until {
            // Empty messages, as many as there is room for.
            buf.put_slice(&b"\x82\x00".repeat(buf.remaining() / 2));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Chatterbox {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.opened { Poll::Ready(Ok(buf.len())) } else { Pin::new(&mut self.server).poll_write(cx, buf) }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_peer_that_talks_on_puts_no_deadline_off() {
    let time = Duration::from_millis(100);
    let (server, _peer) = Peer::new(b"");
    let stream = Chatterbox { server, opened: false, until: Instant::now() + 20 * time };
    let config = Config { close_timeout: time, ..Config::default() };
    let mut ws = Connector::new().config(config).over(stream, "ws://there/").await.unwrap();
    let closed = ws.close(CloseCode::NORMAL, "").await.unwrap();
    assert_eq!(closed.cause, Cause::CloseTimeout);
}

#[tokio::test]
async fn a_connection_at_rest_is_small() {
    let (mut ws, _server) = pair().await;
    // Everything that reading and writing need lies in the connection or on the stack.
    assert!(size_of_val(&ws.recv()) < 64, "{}", size_of_val(&ws.recv()));
    assert!(size_of_val(&ws) < 1536, "{}", size_of_val(&ws));
}
