//! A small server for tests: each connection is a function, and WebSockets are spoken with the driver.

use std::time::{Duration, Instant};

use http::Request;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use websocket_client::driver::handshake::{http1, server};
use websocket_client::driver::{CloseCode, Closed, Connection, Event, Input, Message, Transmit};

/// No test waits longer for anything that should come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it comes soon")
}

/// Listens on a port of its own and gives each connection, with its number, to `handle`.
pub(crate) async fn serve<F>(handle: impl Fn(usize, TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(handle(number, stream));
        }
    });
    address.to_string()
}

/// Reads a request's head.
pub(crate) async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Request<()>> {
    let mut bytes = Vec::new();
    loop {
        bytes.push(stream.read_u8().await.ok()?);
        if let Some((request, _)) = http1::parse_request(&bytes).unwrap() {
            return Some(request);
        }
    }
}

/// Reads a request and answers with these bytes.
pub(crate) async fn answer<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: &str) {
    if read_request(&mut stream).await.is_some() {
        _ = stream.write_all(answer.as_bytes()).await;
        _ = stream.flush().await;
        // Until the client has gone, so that nothing is reset away.
        _ = stream.read_u8().await;
    }
}

/// Opens a WebSocket and sends back what comes.
pub(crate) async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    let Some(mut ws) = Ws::accept(stream).await else { return };
    while let Some(message) = ws.recv().await {
        ws.send(message).await;
    }
}

/// The server's end of a connection.
pub(crate) struct Ws<S> {
    stream: S,
    connection: Connection,
    input: Vec<u8>,
    closed: Option<Closed>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Ws<S> {
    /// `None` if the client has gone before.
    pub(crate) async fn accept(mut stream: S) -> Option<Self> {
        let request = read_request(&mut stream).await?;
        let speaks = server::Options { subprotocols: vec!["chat.v1".into()], ..server::Options::default() };
        let accepted = server::accept(&request, &speaks).unwrap();
        stream.write_all(&http1::write_response(&accepted.response)).await.ok()?;
        stream.flush().await.ok()?;
        let connection = Connection::server(std::sync::Arc::default(), Instant::now());
        Some(Ws { stream, connection, input: Vec::new(), closed: None })
    }

    pub(crate) async fn recv(&mut self) -> Option<Message<'static>> {
        loop {
            let len = self.input.len();
            let mut input = Input::new(&mut self.input);
            let event = self.connection.receive(&mut input, Instant::now());
            let used = len - input.len();
            let message = match event {
                Some(Event::Message(message)) => Some(message.into_owned()),
                Some(Event::Closed(closed)) => {
                    self.closed = Some(closed);
                    None
                }
                _ => None,
            };
            self.input.drain(..used);
            self.flush().await;
            if message.is_some() {
                return message;
            }
            if self.closed.is_some() {
                return None;
            }
            if self.input.is_empty() && self.stream.read_buf(&mut self.input).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    pub(crate) async fn send<'a>(&mut self, message: impl Into<Message<'a>>) {
        _ = self.connection.send(message);
        self.flush().await;
    }

    /// Says goodbye and sees it through.
    pub(crate) async fn close(&mut self, code: CloseCode, reason: &str) {
        self.connection.close(code, reason, Instant::now()).unwrap();
        self.flush().await;
        while self.recv().await.is_some() {}
    }

    async fn flush(&mut self) {
        while let Some(transmit) = self.connection.poll_transmit() {
            let done = match transmit {
                Transmit::Bytes(bytes) => self.stream.write_all(&bytes).await,
                Transmit::Shutdown => self.stream.shutdown().await,
            };
            if done.is_err() {
                return;
            }
        }
        _ = self.stream.flush().await;
    }
}
