//! From an address to an open connection.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Response, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use websocket_driver::handshake::Key;
use websocket_driver::handshake::client::{self, InvalidRequest, Rejection};
use websocket_driver::handshake::http1::{self, HeadError};
use websocket_driver::deflate::Deflate;
use websocket_driver::{Config, Connection};

use crate::random::{RandomMasks, random};
use crate::websocket::WebSocket;

/// How much of the body of a refusal is kept, in octets.
const MAX_REFUSAL_BODY: usize = 4096;

/// Connects to a `ws://` address.
///
/// # Errors
///
/// [`ConnectError`] says which step failed.
pub async fn connect(address: &str) -> Result<WebSocket, ConnectError> {
    Connector::new().connect(address).await
}

/// How to connect.
#[derive(Clone, Debug)]
pub struct Connector {
    options: client::Options,
    config: Arc<Config>,
    timeout: Duration,
}

impl Connector {
    /// No subprotocol, no headers of one's own, the driver's default limits, 30 s to connect.
    pub fn new() -> Self {
        Connector {
            options: client::Options::default(),
            config: Arc::default(),
            timeout: Duration::from_secs(30),
        }
    }

    /// The subprotocols that the program speaks, the best one first.
    #[must_use]
    pub fn subprotocols<I: IntoIterator<Item: Into<String>>>(mut self, names: I) -> Self {
        self.options.subprotocols = names.into_iter().map(Into::into).collect();
        self
    }

    /// A further header of the request, such as `Origin`, `Authorization` or `Cookie`.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.options.headers.append(name, value);
        self
    }

    /// Offers compression (RFC 7692). Default: none.
    #[must_use]
    pub fn deflate(mut self, deflate: Deflate) -> Self {
        self.options.deflate = Some(deflate);
        self
    }

    /// The limits and times of the connection.
    #[must_use]
    pub fn config(mut self, config: impl Into<Arc<Config>>) -> Self {
        self.config = config.into();
        self
    }

    /// How long connecting may take in all. Default: 30 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Connects to a `ws://` address. Dropping the future gives the attempt up.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says which step failed.
    pub async fn connect(&self, address: &str) -> Result<WebSocket, ConnectError> {
        match tokio::time::timeout(self.timeout, self.attempt(address)).await {
            Ok(result) => result,
            Err(_) => Err(ConnectError::TimedOut(self.timeout)),
        }
    }

    async fn attempt(&self, address: &str) -> Result<WebSocket, ConnectError> {
        let uri: Uri = address.parse().map_err(|_| ConnectError::Address(address.to_owned()))?;
        let key = Key::new(random());
        let request = client::request(&uri, &key, &self.options).map_err(ConnectError::Request)?;
        if uri.scheme_str() == Some("wss") {
            return Err(ConnectError::NoTls);
        }
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let mut stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
        // Small frames must not wait for the acknowledgement of the one before.
        stream.set_nodelay(true)?;
        stream.write_all(&http1::write_request(&request)).await?;
        let (response, early) = read_response(&mut stream).await?;
        match client::verify(&response, &key, &self.options) {
            Ok(chosen) => {
                let connection = Connection::client(self.config.clone(), RandomMasks::new(), Instant::now());
                let connection = connection.with_deflate(chosen.deflate);
                Ok(WebSocket::new(stream, connection, early, chosen.subprotocol))
            }
            Err(rejection) => Err(refused(rejection, response, early, &mut stream).await),
        }
    }
}

impl Default for Connector {
    fn default() -> Self {
        Connector::new()
    }
}

/// Reads the answer's head; what came behind it belongs to the connection.
async fn read_response(stream: &mut TcpStream) -> Result<(Response<()>, Vec<u8>), ConnectError> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        if let Some((response, len)) = http1::parse_response(&bytes).map_err(ConnectError::Response)? {
            bytes.drain(..len);
            return Ok((response, bytes));
        }
    }
}

/// Reads the beginning of a refusal's body, because it often says what is wrong.
async fn refused(
    reason: Rejection,
    response: Response<()>,
    mut body: Vec<u8>,
    stream: &mut TcpStream,
) -> ConnectError {
    let length = response.headers().get(http::header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0usize);
    let wanted = length.min(MAX_REFUSAL_BODY);
    while body.len() < wanted {
        match stream.read_buf(&mut body).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    body.truncate(wanted);
    let body = String::from_utf8_lossy(&body).into_owned();
    ConnectError::Refused(Box::new(Refusal { reason, headers: response.headers().clone(), body }))
}

/// Why no connection came about.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// What was given is no address at all.
    Address(String),
    /// What was asked for cannot be asked for.
    Request(InvalidRequest),
    /// A `wss:` address: this form of the client has no TLS, and does not go on without it.
    NoTls,
    /// The transport failed.
    Io(io::Error),
    /// It took longer than allowed.
    TimedOut(Duration),
    /// The answer is not HTTP/1.1.
    Response(HeadError),
    /// The server, or what answered in its place, did not open a WebSocket.
    Refused(Box<Refusal>),
}

/// An answer that opens no WebSocket.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What is wrong with the answer; the status, if it is not 101.
    pub reason: Rejection,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The beginning of the answer's body.
    pub body: String,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Address(address) => {
                write!(f, "'{address}' is no address: it must look like ws://host:port/path")
            }
            ConnectError::Request(error) => error.fmt(f),
            ConnectError::NoTls => write!(f, "wss: addresses need TLS, which this client does not have"),
            ConnectError::Io(error) => write!(f, "the connection failed: {error}"),
            ConnectError::TimedOut(limit) => write!(f, "no connection within {limit:?}"),
            ConnectError::Response(error) => write!(f, "the server's answer cannot be read: {error}"),
            ConnectError::Refused(refusal) => {
                write!(f, "{}", refusal.reason)?;
                let sentence = refusal.body.trim();
                if sentence.is_empty() { Ok(()) } else { write!(f, ": {sentence}") }
            }
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConnectError::Request(error) => Some(error),
            ConnectError::Io(error) => Some(error),
            ConnectError::Response(error) => Some(error),
            ConnectError::Refused(refusal) => Some(&refusal.reason),
            _ => None,
        }
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        ConnectError::Io(error)
    }
}
