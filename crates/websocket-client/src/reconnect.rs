//! A connection that comes back by itself.

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, Sleep};
use websocket_driver::{CloseCode, Closed, Message, UsageError};

use crate::backoff::Backoff;
use crate::connector::Connector;
use crate::error::ConnectError;
use crate::failure::Failure;
use crate::random::random;
use crate::websocket::WebSocket;

/// What happens to a connection that comes back by itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// There is a connection, the first one or another. What the server knew of the one before it may not know
    /// of this one: the program says again what it wants.
    Connected,
    /// A message arrived.
    Message(Message<'static>),
    /// There is no connection, or there is none any more.
    Disconnected {
        /// Why.
        failure: Failure,
        /// When the next attempt is made. `None`: never, this was the last event.
        retry_in: Option<Duration>,
    },
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// There is no connection at present. The message was not queued.
    NotConnected,
    /// The connection ended while the message was on its way; it may have arrived or not.
    Lost,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::NotConnected => write!(f, "there is no connection now: the message was not sent"),
            SendError::Lost => write!(f, "the connection ended while the message was on its way"),
        }
    }
}

impl std::error::Error for SendError {}

/// A connection that comes back by itself, made by [`Connector::reconnecting`].
///
/// Everything happens while [`recv`](Reconnecting::recv) is waited for, the first attempt too. After a failure
/// that may heal it waits, longer each time as [`Backoff`] says, and at least as long as the server asks: by
/// `Retry-After` in a refusal, or by closing with 1012 or 1013. What cannot heal ends it; see
/// [`Failure::is_permanent`] for the list and [`give_up_when`](Reconnecting::give_up_when) to change it.
///
/// ```no_run
/// use websocket_client::{Connector, Event};
///
/// # async fn example() {
/// let mut feed = Connector::new().reconnecting("wss://example.org/feed");
/// while let Some(event) = feed.recv().await {
///     match event {
///         Event::Connected => _ = feed.send("subscribe news").await,
///         Event::Message(message) => println!("{message:?}"),
///         Event::Disconnected { failure, retry_in: Some(delay) } => eprintln!("{failure}; again in {delay:?}"),
///         Event::Disconnected { failure, retry_in: None } => eprintln!("{failure}"),
///         _ => {}
///     }
/// }
/// # }
/// ```
///
/// Its `async` methods are cancel-safe as those of [`WebSocket`] are. Dropping a [`recv`](Reconnecting::recv)
/// does not give up an attempt to connect: the next one goes on with it.
pub struct Reconnecting {
    connector: Connector,
    address: String,
    backoff: Backoff,
    gives_up: Box<dyn Fn(&Failure) -> bool + Send>,
    /// Failures since a connection was steady.
    failures: u32,
    /// We said goodbye.
    leaving: bool,
    state: State,
}

type Attempt = Pin<Box<dyn Future<Output = Result<WebSocket, ConnectError>> + Send>>;

enum State {
    Waiting(Pin<Box<Sleep>>),
    /// Before an attempt; apart from it, so that making a value needs no runtime.
    Ready,
    Connecting(Attempt),
    Open {
        ws: Box<WebSocket>,
        since: Instant,
    },
    Over,
}

impl Connector {
    /// A connection to `address` that comes back by itself. Nothing happens until
    /// [`recv`](Reconnecting::recv) is waited for.
    pub fn reconnecting(&self, address: impl Into<String>) -> Reconnecting {
        Reconnecting {
            connector: self.clone(),
            address: address.into(),
            backoff: Backoff::default(),
            gives_up: Box::new(Failure::is_permanent),
            failures: 0,
            leaving: false,
            state: State::Ready,
        }
    }
}

impl Reconnecting {
    /// How long to wait between attempts.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// After which failures no further attempt is made, instead of [`Failure::is_permanent`].
    #[must_use]
    pub fn give_up_when(mut self, gives_up: impl Fn(&Failure) -> bool + Send + 'static) -> Self {
        self.gives_up = Box::new(gives_up);
        self
    }

    /// What happens next; `None` once it is over.
    pub async fn recv(&mut self) -> Option<Event> {
        loop {
            match &mut self.state {
                State::Waiting(sleep) => {
                    sleep.as_mut().await;
                    self.state = State::Ready;
                }
                State::Ready => {
                    let (connector, address) = (self.connector.clone(), self.address.clone());
                    self.state =
                        State::Connecting(Box::pin(async move { connector.connect(&address).await }));
                }
                State::Connecting(attempt) => match attempt.as_mut().await {
                    Ok(ws) => {
                        self.state = State::Open { ws: Box::new(ws), since: Instant::now() };
                        return Some(Event::Connected);
                    }
                    Err(error) => return Some(self.fail(Failure::Connect(error))),
                },
                State::Open { ws, since } => {
                    if let Some(message) = ws.recv().await {
                        return Some(Event::Message(message));
                    }
                    if since.elapsed() >= self.backoff.steady {
                        self.failures = 0;
                    }
                    let closed = ws.closed().cloned().expect("a connection that is over has said how");
                    return Some(self.fail(Failure::Closed(closed)));
                }
                State::Over => return None,
            }
        }
    }

    /// Sends a message over the present connection, as [`WebSocket::send`] does. While there is none, nothing is
    /// queued: what is worth sending later is for the program to know, after [`Event::Connected`].
    ///
    /// # Errors
    ///
    /// [`SendError`] says whether the message may have arrived.
    pub async fn send<'a>(&mut self, message: impl Into<Message<'a>>) -> Result<(), SendError> {
        match &mut self.state {
            State::Open { ws, .. } if ws.is_open() => ws.send(message).await.map_err(|_| SendError::Lost),
            _ => Err(SendError::NotConnected),
        }
    }

    /// Says goodbye as [`WebSocket::close`] does and does not come back. `None` if there was no connection.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for a code or a reason that cannot be sent; then nothing has happened.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Option<Closed>, UsageError> {
        let State::Open { ws, .. } = &mut self.state else {
            self.state = State::Over;
            return Ok(None);
        };
        self.leaving = true;
        match ws.close(code, reason).await {
            Ok(closed) => {
                self.state = State::Over;
                Ok(Some(closed))
            }
            Err(error) => {
                self.leaving = false;
                Err(error)
            }
        }
    }

    /// The present connection.
    pub fn websocket(&self) -> Option<&WebSocket> {
        match &self.state {
            State::Open { ws, .. } => Some(ws),
            _ => None,
        }
    }

    fn fail(&mut self, failure: Failure) -> Event {
        if self.leaving || (self.gives_up)(&failure) {
            self.state = State::Over;
            return Event::Disconnected { failure, retry_in: None };
        }
        let lot = u32::from_ne_bytes(random());
        let delay = failure.delay(&self.backoff, self.failures, lot, SystemTime::now());
        self.failures = self.failures.saturating_add(1);
        self.state = State::Waiting(Box::pin(tokio::time::sleep(delay)));
        Event::Disconnected { failure, retry_in: Some(delay) }
    }
}

impl fmt::Debug for Reconnecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Waiting(_) | State::Ready => "waiting",
            State::Connecting(_) => "connecting",
            State::Open { .. } => "open",
            State::Over => "over",
        };
        f.debug_struct("Reconnecting")
            .field("connector", &self.connector)
            .field("backoff", &self.backoff)
            .field("failures", &self.failures)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
