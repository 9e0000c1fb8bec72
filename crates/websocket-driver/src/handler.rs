//! The event interface: what a program does on open, message, close and error.

use std::io::IoSlice;
use std::time::Instant;

use crate::connection::Connection;
use crate::error::ProtocolError;
use crate::event::{Closed, Event};
use crate::input::Input;
use crate::message::Message;
use crate::sending::Transmit;

/// What happens on a connection's events. Each method does nothing unless it is written.
///
/// `W` is the connection as the handler sees it, the thing that it sends with: a [`Connection`] for a
/// [`Driver`], a handle for a server that runs many.
pub trait Handler<W: ?Sized> {
    /// The connection is open.
    fn open(&mut self, ws: &mut W) {
        let _ = ws;
    }

    /// A message arrived.
    fn message(&mut self, ws: &mut W, message: Message<'_>) {
        let _ = (ws, message);
    }

    /// A part of a message arrived; only with [`Config::deliver_parts`](crate::Config::deliver_parts).
    fn part(&mut self, ws: &mut W, part: Message<'_>, last: bool) {
        let _ = (ws, part, last);
    }

    /// The connection is over; comes exactly once, and last, whatever way it ended.
    fn close(&mut self, ws: &mut W, closed: &Closed) {
        let _ = (ws, closed);
    }

    /// The peer broke the protocol; `close` follows.
    fn error(&mut self, ws: &mut W, error: &ProtocolError) {
        let _ = (ws, error);
    }
}

type OnOpen<W> = Box<dyn FnMut(&mut W) + Send>;
type OnMessage<W> = Box<dyn FnMut(&mut W, Message<'_>) + Send>;
type OnPart<W> = Box<dyn FnMut(&mut W, Message<'_>, bool) + Send>;
type OnClose<W> = Box<dyn FnMut(&mut W, &Closed) + Send>;
type OnError<W> = Box<dyn FnMut(&mut W, &ProtocolError) + Send>;

/// A [`Handler`] made of closures, one for each event, each at choice.
pub struct Events<W: ?Sized> {
    open: Option<OnOpen<W>>,
    message: Option<OnMessage<W>>,
    part: Option<OnPart<W>>,
    close: Option<OnClose<W>>,
    error: Option<OnError<W>>,
}

impl<W: ?Sized> Events<W> {
    /// Nothing happens on any event yet.
    pub fn new() -> Self {
        Events { open: None, message: None, part: None, close: None, error: None }
    }

    /// What happens when the connection is open.
    pub fn on_open(&mut self, callback: impl FnMut(&mut W) + Send + 'static) {
        self.open = Some(Box::new(callback));
    }

    /// What happens when a message arrives.
    pub fn on_message(&mut self, callback: impl FnMut(&mut W, Message<'_>) + Send + 'static) {
        self.message = Some(Box::new(callback));
    }

    /// What happens when a part of a message arrives, the last one or not; only with
    /// [`Config::deliver_parts`](crate::Config::deliver_parts).
    pub fn on_part(&mut self, callback: impl FnMut(&mut W, Message<'_>, bool) + Send + 'static) {
        self.part = Some(Box::new(callback));
    }

    /// What happens when the connection is over.
    pub fn on_close(&mut self, callback: impl FnMut(&mut W, &Closed) + Send + 'static) {
        self.close = Some(Box::new(callback));
    }

    /// What happens when the peer breaks the protocol.
    pub fn on_error(&mut self, callback: impl FnMut(&mut W, &ProtocolError) + Send + 'static) {
        self.error = Some(Box::new(callback));
    }
}

impl<W: ?Sized> Default for Events<W> {
    fn default() -> Self {
        Events::new()
    }
}

impl<W: ?Sized> std::fmt::Debug for Events<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl<W: ?Sized> Handler<W> for Events<W> {
    fn open(&mut self, ws: &mut W) {
        if let Some(callback) = &mut self.open {
            callback(ws);
        }
    }

    fn message(&mut self, ws: &mut W, message: Message<'_>) {
        if let Some(callback) = &mut self.message {
            callback(ws, message);
        }
    }

    fn part(&mut self, ws: &mut W, part: Message<'_>, last: bool) {
        if let Some(callback) = &mut self.part {
            callback(ws, part, last);
        }
    }

    fn close(&mut self, ws: &mut W, closed: &Closed) {
        if let Some(callback) = &mut self.close {
            callback(ws, closed);
        }
    }

    fn error(&mut self, ws: &mut W, error: &ProtocolError) {
        if let Some(callback) = &mut self.error {
            callback(ws, error);
        }
    }
}

/// A [`Connection`] and what happens on its events, for a program with I/O of its own.
///
/// ```
/// use std::time::Instant;
/// use websocket_driver::{Connection, Driver, Transmit};
///
/// let now = Instant::now();
/// let mut driver = Driver::new(Connection::server(Default::default(), now))
///     .on_open(|ws| ws.send("welcome").unwrap())
///     .on_message(|ws, message| ws.send(message).unwrap());
///
/// driver.open();
/// driver.receive(&mut b"\x81\x81\0\0\0\0a".to_owned(), now);
/// assert_eq!(driver.poll_transmit(), Some(Transmit::Bytes(b"\x81\x07welcome\x81\x01a"[..].into())));
/// ```
#[derive(Debug)]
pub struct Driver<H = Events<Connection>> {
    connection: Connection,
    handler: H,
}

impl Driver {
    /// A driver whose events do nothing yet.
    pub fn new(connection: Connection) -> Self {
        Driver { connection, handler: Events::new() }
    }

    /// What happens when the connection is open.
    #[must_use]
    pub fn on_open(mut self, callback: impl FnMut(&mut Connection) + Send + 'static) -> Self {
        self.handler.on_open(callback);
        self
    }

    /// What happens when a message arrives.
    #[must_use]
    pub fn on_message(mut self, callback: impl FnMut(&mut Connection, Message<'_>) + Send + 'static) -> Self {
        self.handler.on_message(callback);
        self
    }

    /// What happens when a part of a message arrives, the last one or not; only with
    /// [`Config::deliver_parts`](crate::Config::deliver_parts), and then instead of `on_message`.
    #[must_use]
    pub fn on_part(
        mut self,
        callback: impl FnMut(&mut Connection, Message<'_>, bool) + Send + 'static,
    ) -> Self {
        self.handler.on_part(callback);
        self
    }

    /// What happens when the connection is over.
    #[must_use]
    pub fn on_close(mut self, callback: impl FnMut(&mut Connection, &Closed) + Send + 'static) -> Self {
        self.handler.on_close(callback);
        self
    }

    /// What happens when the peer breaks the protocol.
    #[must_use]
    pub fn on_error(
        mut self,
        callback: impl FnMut(&mut Connection, &ProtocolError) + Send + 'static,
    ) -> Self {
        self.handler.on_error(callback);
        self
    }
}

impl<H: Handler<Connection>> Driver<H> {
    /// A driver with a handler of one's own.
    pub fn with_handler(connection: Connection, handler: H) -> Self {
        Driver { connection, handler }
    }

    /// Tells the handler that the connection is open.
    pub fn open(&mut self) {
        self.handler.open(&mut self.connection);
    }

    /// Takes bytes that arrived and tells the handler what they mean.
    pub fn receive(&mut self, bytes: &mut [u8], now: Instant) {
        let mut input = Input::new(bytes);
        while let Some(event) = self.connection.receive(&mut input, now) {
            self.tell(event);
        }
        self.dispatch_rest();
    }

    /// See [`Connection::end_of_input`].
    pub fn end_of_input(&mut self) {
        self.connection.end_of_input();
        self.dispatch_rest();
    }

    /// See [`Connection::connection_lost`].
    pub fn connection_lost(&mut self) {
        self.connection.connection_lost();
        self.dispatch_rest();
    }

    /// See [`Connection::handle_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        self.connection.handle_timeout(now);
        self.dispatch_rest();
    }

    /// See [`Connection::poll_timeout`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.connection.poll_timeout()
    }

    /// See [`Connection::poll_transmit`].
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.connection.poll_transmit()
    }

    /// See [`Connection::poll_slices`].
    ///
    /// # Panics
    ///
    /// As there.
    pub fn poll_slices<'a, 's>(
        &'a mut self,
        slices: &'s mut [IoSlice<'a>],
    ) -> Option<Transmit<&'s [IoSlice<'a>]>> {
        self.connection.poll_slices(slices)
    }

    /// See [`Connection::written`].
    ///
    /// # Panics
    ///
    /// As there.
    pub fn written(&mut self, len: usize) {
        self.connection.written(len);
    }

    /// See [`Connection::is_finished`].
    pub fn is_finished(&self) -> bool {
        self.connection.is_finished()
    }

    /// The handler, to ask or change what it keeps.
    pub fn handler(&mut self) -> &mut H {
        &mut self.handler
    }

    /// The connection, to send something that no event caused.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Tells the handler about an event.
    pub(crate) fn tell(&mut self, event: Event<'_>) {
        dispatch(&mut self.handler, &mut self.connection, event);
    }

    fn dispatch_rest(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            self.tell(event);
        }
    }
}

/// Tells a handler about an event. Pings and pongs are the driver's own business and are not told.
pub fn dispatch<W: ?Sized>(handler: &mut (impl Handler<W> + ?Sized), ws: &mut W, event: Event<'_>) {
    match event {
        Event::Message(message) => handler.message(ws, message),
        Event::Part { part, last } => handler.part(ws, part, last),
        Event::Error(error) => handler.error(ws, &error),
        Event::Closed(closed) => handler.close(ws, &closed),
        Event::Ping(_) | Event::Pong(_) => {}
    }
}
