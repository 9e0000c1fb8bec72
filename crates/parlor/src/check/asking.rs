//! Small questions to processes of our own, over HTTP.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// Octets that an answer may have.
const LONGEST: u64 = 1 << 20;

/// Asks over a connection that is about to be opened; nothing if no whole answer comes. Returns the status and the body.
pub(super) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    connecting: impl Future<Output = io::Result<S>>,
    path: &str,
) -> Option<(u16, String)> {
    let (head, body) = whole(connecting, path).await?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body))
}

/// As [`ask`], but returns the head and the body.
pub(super) async fn whole<S: AsyncRead + AsyncWrite + Unpin>(
    connecting: impl Future<Output = io::Result<S>>,
    path: &str,
) -> Option<(String, String)> {
    let asking = async {
        let mut stream = connecting.await?;
        // In HTTP/1.0 the answer comes as it is, and its end is that of the connection (RFC 1945 §7.2.2).
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.take(LONGEST).read_to_string(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    let answer = timeout(ANSWER, asking).await.ok()?.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.to_owned(), body.to_owned()))
}
