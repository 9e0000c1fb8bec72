//! What the examples have in common: the opening handshake, the settings, and what is done on a message.

#![allow(unreachable_pub, reason = "it is shared by being included")]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use websocket_driver::deflate::Deflate;
use websocket_driver::handshake::{http1, server};
use websocket_driver::{Config, Connection, Driver};

/// Who has not asked for a WebSocket after this time is dropped.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Room for the longest messages of the Autobahn suite.
static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| {
    Arc::new(Config {
        max_frame: 32 << 20,
        max_message: 32 << 20,
        max_retained: 128 << 20,
        ..Config::default()
    })
});

/// What the octets of a client that has not opened its connection yet come to.
pub enum Opening {
    /// The request is not complete.
    More,
    /// Write this and end the transport.
    Refused(Vec<u8>),
    /// Write this; then frames begin, the first perhaps `len` octets into what was read.
    Accepted { answer: Vec<u8>, len: usize, driver: Box<Driver> },
}

/// Reads what has arrived so far as a request, and answers it.
pub fn open(octets: &[u8]) -> Opening {
    let (request, len) = match http1::parse_request(octets) {
        Ok(Some(request)) => request,
        Ok(None) => return Opening::More,
        Err(error) => return Opening::Refused(format!("HTTP/1.1 400 Bad Request\r\n\r\n{error}\n").into()),
    };
    let options = server::Options { deflate: Some(Deflate::default()), ..server::Options::default() };
    match server::accept(&request, &options) {
        Ok(accepted) => {
            let connection =
                Connection::server(CONFIG.clone(), Instant::now()).with_deflate(accepted.deflate);
            Opening::Accepted {
                answer: http1::write_response(&accepted.response),
                len,
                driver: Box::new(echo(connection)),
            }
        }
        Err(refusal) => {
            let response = refusal.response();
            Opening::Refused([&http1::write_response(&response), response.body().as_bytes()].concat())
        }
    }
}

/// Every message goes back as it came.
fn echo(connection: Connection) -> Driver {
    // A connection that is closing takes no more messages; there is nothing to be done about it here.
    Driver::new(connection).on_message(|ws, message| _ = ws.send(message))
}
