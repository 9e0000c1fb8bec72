//! An answer that opens no WebSocket, with the beginning of its body, which often says what is wrong.

use std::time::Duration;

use http::{HeaderMap, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;
use websocket_driver::handshake::client::Rejection;

use crate::body::Prefix;

/// How much of a body is kept, in octets.
const MAX_BODY: usize = 4096;

/// How long a body is waited for. What came until then is kept.
const BODY_TIME: Duration = Duration::from_secs(2);

/// An answer that opens no WebSocket.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// What is wrong with the answer.
    pub reason: Rejection,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The beginning of the answer's body: at most 4 KiB, and what arrived within 2 s.
    pub body: String,
}

impl Refusal {
    /// Reads what belongs to a refusal; `early` came behind its head. Never later than `deadline`.
    pub(crate) async fn read<S: AsyncRead + Unpin>(
        reason: Rejection,
        response: &Response<()>,
        early: &[u8],
        stream: &mut S,
        deadline: Instant,
    ) -> Self {
        let mut body = Prefix::of(response, MAX_BODY);
        body.push(early);
        let rest = async {
            let mut bytes = Vec::with_capacity(1024);
            while !body.is_complete() {
                bytes.clear();
                // However it ends, the status and what came so far say more than that it ended.
                match stream.read_buf(&mut bytes).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => body.push(&bytes),
                }
            }
        };
        // Late is an end like others.
        _ = tokio::time::timeout_at(deadline.min(Instant::now() + BODY_TIME), rest).await;
        Refusal {
            reason,
            status: response.status(),
            headers: response.headers().clone(),
            body: body.into_text(),
        }
    }
}
