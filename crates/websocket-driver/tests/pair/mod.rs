//! A client and a server, the network between them and their clock, all invented: a conversation that can be
//! replayed octet by octet.
//!
//! A [`Pair`] drives two connections as the documentation of [`Connection`] asks for. Time stands still until
//! [`Pair::advance`] moves it. What chance decides, masking keys and the length of reads, comes from a seed.

#![allow(dead_code, unreachable_pub, reason = "each test takes what it needs")]

mod link;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use websocket_driver::deflate::Agreed;
use websocket_driver::{Closed, Config, Connection, Event, Input, Transmit};

pub use self::link::Pieces;
use self::link::{Arrival, Link, Random};

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The end that asked for the connection, and masks.
    Client,
    /// The end that accepted it.
    Server,
}

/// Both sides, for whatever holds for either.
pub const SIDES: [Side; 2] = [Side::Client, Side::Server];

impl Side {
    /// The other end.
    pub fn peer(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }
}

/// Two connections that talk to each other. Where a method takes a [`Side`] and is about the network, it means
/// the direction in which that side sends.
#[derive(Debug)]
pub struct Pair {
    start: Instant,
    now: Instant,
    client: End,
    server: End,
}

/// One connection, what it told, and the way that its octets take to the other.
#[derive(Debug)]
struct End {
    connection: Connection,
    events: Vec<Event<'static>>,
    closed: Option<Closed>,
    link: Link,
    is_blocked: bool,
}

impl Pair {
    /// A pair with the default settings and a network without delay that delivers whatever was sent in one
    /// piece.
    pub fn new() -> Pair {
        Pair::with(Config::default(), 0)
    }

    /// A pair in which both sides have these settings, and chance comes from `seed`.
    pub fn with(config: Config, seed: u64) -> Pair {
        Pair::with_each(config.clone(), config, seed)
    }

    /// A pair in which each side has settings of its own.
    pub fn with_each(client: Config, server: Config, seed: u64) -> Pair {
        let now = Instant::now();
        let mut random = Random::new(seed);
        let (client_link, server_link) = (Link::new(random.split()), Link::new(random.split()));
        let client = Connection::client(Arc::new(client), move || random.key(), now);
        let client = End::new(client, client_link);
        let server = End::new(Connection::server(Arc::new(server), now), server_link);
        Pair { start: now, now, client, server }
    }

    /// The pair with the compression that each side took from their handshake.
    #[must_use]
    pub fn compressing(mut self, client: Option<Agreed>, server: Option<Agreed>) -> Pair {
        self.client.connection = self.client.connection.with_deflate(client);
        self.server.connection = self.server.connection.with_deflate(server);
        self
    }

    /// The connection of one side, to send with. What it then has to do, [`run`](Pair::run) does.
    pub fn connection(&mut self, side: Side) -> &mut Connection {
        &mut self.end_mut(side).connection
    }

    /// The present time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// What one side was told since the last call.
    pub fn take_events(&mut self, side: Side) -> Vec<Event<'static>> {
        std::mem::take(&mut self.end_mut(side).events)
    }

    /// How the connection ended for one side, once it has.
    pub fn closed(&self, side: Side) -> Option<&Closed> {
        self.end(side).closed.as_ref()
    }

    /// Every octet that one side has written so far.
    pub fn written(&self, side: Side) -> &[u8] {
        self.end(side).link.written()
    }

    /// When one side ended its direction of the transport: how long after the beginning.
    pub fn ended(&self, side: Side) -> Option<Duration> {
        self.end(side).link.ended().map(|at| at - self.start)
    }

    /// Octets now take this long. Those that are under way already are not overtaken.
    pub fn delay(&mut self, side: Side, latency: Duration) {
        self.end_mut(side).link.latency = latency;
    }

    /// Octets are now read in such pieces.
    pub fn split(&mut self, side: Side, pieces: Pieces) {
        self.end_mut(side).link.pieces = pieces;
    }

    /// Whether writing stands still, as when the peer does not read: nothing is taken from the connection.
    pub fn block(&mut self, side: Side, is_blocked: bool) {
        self.end_mut(side).is_blocked = is_blocked;
    }

    /// The cable is cut: nothing arrives any more, what is under way neither, and nobody is told.
    pub fn cut(&mut self, side: Side) {
        self.end_mut(side).link.cut();
    }

    /// The direction ends without the connection's doing, as when the process is killed: what is under way
    /// arrives, then the end of input.
    pub fn kill(&mut self, side: Side) {
        let now = self.now;
        self.end_mut(side).link.end(now);
    }

    /// Puts octets on the wire behind the connection's back.
    pub fn inject(&mut self, side: Side, octets: &[u8]) {
        let now = self.now;
        self.end_mut(side).link.write(octets, now);
    }

    /// Does everything that can be done without time passing.
    pub fn run(&mut self) {
        while self.step(Side::Client) | self.step(Side::Server) {}
    }

    /// Lets time pass. What falls due on the way is done at its time and in its order.
    pub fn advance(&mut self, by: Duration) {
        let until = self.now + by;
        self.run();
        while let Some(next) = self.next_due().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.run();
        }
        self.now = until;
        self.run();
    }

    /// When something happens next by itself.
    fn next_due(&self) -> Option<Instant> {
        let ends = [&self.client, &self.server].into_iter();
        ends.flat_map(|end| [end.connection.poll_timeout(), end.link.next_arrival()]).flatten().min()
    }

    /// What one side can do now: keep its deadlines, write, and read once. Says whether there was anything.
    fn step(&mut self, side: Side) -> bool {
        let now = self.now;
        let end = self.end_mut(side);
        let kept = end.keep_deadlines(now);
        let wrote = end.write(now);
        let arrival = self.end_mut(side.peer()).link.read(now);
        let read = arrival.is_some();
        if let Some(arrival) = arrival {
            self.end_mut(side).read(arrival, now);
        }
        kept | wrote | read
    }

    fn end(&self, side: Side) -> &End {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl End {
    fn new(connection: Connection, link: Link) -> End {
        End { connection, events: Vec::new(), closed: None, link, is_blocked: false }
    }

    fn keep_deadlines(&mut self, now: Instant) -> bool {
        let is_due = |end: &End| end.connection.poll_timeout().is_some_and(|deadline| deadline <= now);
        let was_due = is_due(self);
        if was_due {
            self.connection.handle_timeout(now);
            assert!(!is_due(self), "a deadline that was kept is over");
        }
        let before = self.events.len();
        self.take_events();
        was_due || self.events.len() > before
    }

    fn write(&mut self, now: Instant) -> bool {
        let mut wrote = false;
        while !self.is_blocked
            && let Some(transmit) = self.connection.poll_transmit()
        {
            wrote = true;
            match transmit {
                Transmit::Bytes(bytes) => self.link.write(&bytes, now),
                Transmit::Shutdown => self.link.end(now),
            }
        }
        // Dropping a transport ends its direction, if nothing else did.
        if self.connection.is_finished() && self.link.ended().is_none() {
            self.link.end(now);
            wrote = true;
        }
        wrote
    }

    fn read(&mut self, arrival: Arrival, now: Instant) {
        if self.connection.is_finished() {
            return;
        }
        match arrival {
            Arrival::Octets(mut octets) => self.receive(&mut octets, now),
            Arrival::End => self.connection.end_of_input(),
        }
        self.take_events();
    }

    fn receive(&mut self, octets: &mut BytesMut, now: Instant) {
        let mut input = Input::new(octets);
        while let Some(event) = self.connection.receive(&mut input, now) {
            let event = event.into_owned();
            self.record(event);
        }
        assert!(input.is_empty(), "all input is consumed");
    }

    fn take_events(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            self.record(event);
        }
    }

    fn record(&mut self, event: Event<'static>) {
        assert_eq!(self.closed, None, "nothing comes after Closed, but {event:?} did");
        if let Event::Closed(closed) = &event {
            self.closed = Some(closed.clone());
        }
        self.events.push(event);
    }
}
