//! The opening handshake over a transport: where the driver's client side is called.

use std::io;
use std::sync::Arc;

use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use websocket_driver::handshake::Key;
use websocket_driver::handshake::client::{self, Options, Rejection};
use websocket_driver::handshake::http1;
use websocket_driver::{Config, Connection};

use crate::address::Address;
use crate::error::ConnectError;
use crate::random::{RandomMasks, random};
use crate::transport::Transport;

/// What a server answered.
pub(crate) enum Answer {
    /// A WebSocket.
    Open {
        connection: Box<Connection>,
        /// What came behind the answer; it belongs to the connection.
        early: Vec<u8>,
        subprotocol: Option<String>,
    },
    /// Anything else.
    Refusal {
        reason: Rejection,
        response: Response<()>,
        /// What came behind the head; it belongs to the body.
        early: Vec<u8>,
    },
}

/// Asks for a WebSocket.
pub(crate) async fn ask(
    transport: &mut Transport,
    address: &Address,
    options: &Options,
    config: &Arc<Config>,
) -> Result<Answer, ConnectError> {
    let key = Key::new(random());
    let request = client::request(address.uri(), &key, options).map_err(ConnectError::Request)?;
    transport.write_all(&http1::write_request(&request)).await?;
    transport.flush().await?;
    let (response, early) = read_response(transport).await?;
    Ok(match client::verify(&response, &key, options) {
        Ok(chosen) => {
            let now = Instant::now().into_std();
            let connection = Connection::client(config.clone(), RandomMasks, now);
            let connection = connection.with_deflate(chosen.deflate);
            Answer::Open { connection: Box::new(connection), early, subprotocol: chosen.subprotocol }
        }
        Err(reason) => Answer::Refusal { reason, response, early },
    })
}

/// Checks, before anything is sent, whether it can be asked for.
pub(crate) fn check(address: &Address, options: &Options) -> Result<(), ConnectError> {
    client::request(address.uri(), &Key::new([0; 16]), options).map_err(ConnectError::Request)?;
    Ok(())
}

/// Reads the head of the final answer and what came behind it.
async fn read_response(transport: &mut Transport) -> Result<(Response<()>, Vec<u8>), ConnectError> {
    let mut bytes = Vec::with_capacity(1024);
    // Interim answers (RFC 9110 §15.2) count as part of the head, so that they end some time.
    let mut begin = 0;
    loop {
        if transport.read_buf(&mut bytes).await? == 0 {
            let what = "the server closed the connection without an answer";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what).into());
        }
        while let Some((response, len)) =
            http1::parse_response(&bytes[begin..]).map_err(ConnectError::Response)?
        {
            begin += len;
            if response.status().is_informational() && response.status() != 101 {
                continue;
            }
            bytes.drain(..begin);
            return Ok((response, bytes));
        }
        if bytes.len() > http1::MAX_HEAD_LEN * 2 {
            return Err(ConnectError::Response(http1::HeadError::TooLong));
        }
    }
}
