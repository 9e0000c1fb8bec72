//! A client and a server, the network between them and their clock, all invented: a conversation that can be
//! replayed octet by octet. With the feature `pair`.
//!
//! For tests of programs that stand on this crate, and used by its own. A [`Pair`] drives two connections as the
//! documentation of [`Connection`] asks for. Time stands still until [`Pair::advance`] moves it, so an idle
//! timeout of an hour costs a test nothing. What chance decides, masking keys, jitter, loss and the length of
//! reads, comes from a seed, which is printed if the test fails.
//!
//! ```
//! use std::time::Duration;
//! use websocket_driver::pair::{Pair, Pieces, SIDES, Side};
//! use websocket_driver::{Cause, Config, Driver, Event, Message};
//!
//! // Your own handler at one end, a bare connection at the other; a network as bad as you like.
//! let mut pair = Pair::with(Config::default(), 42)
//!     .server(|connection| Driver::new(connection).on_message(|ws, message| ws.send(message).unwrap()));
//! for side in SIDES {
//!     pair.delay(side, Duration::from_millis(80));
//!     pair.jitter(side, Duration::from_millis(20));
//!     pair.split(side, Pieces::Random(7));
//! }
//!
//! pair.connection(Side::Client).send("echo?")?;
//! pair.advance(Duration::from_millis(200));
//! assert_eq!(pair.take_events(Side::Client), [Event::Message(Message::text("echo?"))]);
//!
//! // From now on nothing that the server sends arrives, and nobody is told: a half-open connection.
//! pair.cut(Side::Server);
//! pair.advance(Duration::from_secs(45));
//! assert_eq!(pair.closed(Side::Client).unwrap().cause, Cause::IdleTimeout);
//! # Ok::<(), websocket_driver::UsageError>(())
//! ```
//!
//! What can be done to either direction:
//!
//! | What happens | Method |
//! | --- | --- |
//! | reads come in pieces | [`split`](Pair::split) |
//! | octets take time, some more than others | [`delay`](Pair::delay), [`jitter`](Pair::jitter) |
//! | packets are lost and sent again | [`lose`](Pair::lose) |
//! | writing stands still | [`block`](Pair::block) |
//! | the direction dies silently, now or after so many octets | [`cut`](Pair::cut), [`cut_after`](Pair::cut_after) |
//! | the process is killed: end of input | [`kill`](Pair::kill) |
//! | the transport is reset | [`reset`](Pair::reset) |
//! | something else puts octets on the wire | [`inject`](Pair::inject) |

mod endpoint;
mod link;
mod port;
mod random;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::endpoint::Endpoint;
pub use self::link::Pieces;
use self::link::{Link, Loss};
use self::port::Port;
use self::random::{Random, Seed};
use crate::config::Config;
use crate::connection::Connection;
use crate::deflate::Agreed;
use crate::event::{Closed, Event};

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// Two connections that talk to each other, their opening handshake done. Where a method takes a [`Side`] and is
/// about the network, it means the direction in which that side sends.
///
/// The [module](self) has an example. A pair panics, as a test should, where a connection breaks a promise of its
/// own: an event after [`Event::Closed`], input that is left over, a deadline that comes again at once.
#[derive(Debug)]
pub struct Pair<C = Connection, S = Connection> {
    seed: Seed,
    start: Instant,
    now: Instant,
    client: C,
    server: S,
    client_port: Port,
    server_port: Port,
}

impl Pair {
    /// A pair with the default settings and a network without delay that delivers whatever was sent in one
    /// piece. Its seed is 0.
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
        let ports = [(); 2].map(|()| Port::new(Link::new(random.split())));
        let [client_port, server_port] = ports;
        Pair {
            seed: Seed(seed),
            start: now,
            now,
            client: Connection::client(Arc::new(client), move || random.key(), now),
            server: Connection::server(Arc::new(server), now),
            client_port,
            server_port,
        }
    }

    /// The pair with the compression that each side took from their handshake.
    #[must_use]
    pub fn compressing(mut self, client: Option<Agreed>, server: Option<Agreed>) -> Pair {
        self.client = self.client.with_deflate(client);
        self.server = self.server.with_deflate(server);
        self
    }
}

impl Default for Pair {
    fn default() -> Self {
        Pair::new()
    }
}

impl<S: Endpoint> Pair<Connection, S> {
    /// The pair with a client of your own, made from the client's connection: a
    /// [`Driver`](crate::Driver) with your handler, or an [`Endpoint`]. It is told at once that it is open.
    #[must_use]
    pub fn client<C: Endpoint>(self, make: impl FnOnce(Connection) -> C) -> Pair<C, S> {
        let Pair { seed, start, now, client, server, client_port, server_port } = self;
        let mut client = make(client);
        client.open();
        Pair { seed, start, now, client, server, client_port, server_port }
    }
}

impl<C: Endpoint> Pair<C, Connection> {
    /// As [`client`](Pair::client), for the server.
    #[must_use]
    pub fn server<S: Endpoint>(self, make: impl FnOnce(Connection) -> S) -> Pair<C, S> {
        let Pair { seed, start, now, client, server, client_port, server_port } = self;
        let mut server = make(server);
        server.open();
        Pair { seed, start, now, client, server, client_port, server_port }
    }
}

impl<C: Endpoint, S: Endpoint> Pair<C, S> {
    /// The connection of one side, to send with. What it then has to do, [`run`](Pair::run) does.
    pub fn connection(&mut self, side: Side) -> &mut Connection {
        match side {
            Side::Client => self.client.connection(),
            Side::Server => self.server.connection(),
        }
    }

    /// What stands at the client's end.
    pub fn client_end(&mut self) -> &mut C {
        &mut self.client
    }

    /// What stands at the server's end.
    pub fn server_end(&mut self) -> &mut S {
        &mut self.server
    }

    /// The present time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Where chance comes from.
    pub fn seed(&self) -> u64 {
        self.seed.0
    }

    /// What one side was told since the last call.
    pub fn take_events(&mut self, side: Side) -> Vec<Event<'static>> {
        std::mem::take(&mut self.port_mut(side).events)
    }

    /// How the connection ended for one side, once it has.
    pub fn closed(&self, side: Side) -> Option<&Closed> {
        self.port(side).closed.as_ref()
    }

    /// Every octet that one side has written so far.
    pub fn written(&self, side: Side) -> &[u8] {
        self.port(side).link.written()
    }

    /// When one side ended its direction of the transport: how long after the beginning.
    pub fn ended(&self, side: Side) -> Option<Duration> {
        self.port(side).link.ended().map(|at| at - self.start)
    }

    /// Octets now take this long. Those that are under way already are not overtaken. At first: no time.
    pub fn delay(&mut self, side: Side, latency: Duration) {
        self.port_mut(side).link.latency = latency;
    }

    /// Octets now take up to this much longer than the [`delay`](Pair::delay), as chance has it. At first: not
    /// longer.
    pub fn jitter(&mut self, side: Side, most: Duration) {
        self.port_mut(side).link.jitter = most;
    }

    /// Of a thousand writes so many are lost, as chance has it, and arrive that much later, because a reliable
    /// transport sends them again; what was written after them waits for them. At first: none.
    pub fn lose(&mut self, side: Side, per_thousand: u64, resent_after: Duration) {
        self.port_mut(side).link.loss = Loss { per_thousand, resent_after };
    }

    /// Octets are now read in such pieces. At first: [`Pieces::Whole`].
    pub fn split(&mut self, side: Side, pieces: Pieces) {
        self.port_mut(side).link.pieces = pieces;
    }

    /// Whether writing stands still, as when the peer does not read: nothing is taken from the connection.
    pub fn block(&mut self, side: Side, is_blocked: bool) {
        self.port_mut(side).is_blocked = is_blocked;
    }

    /// The cable is cut: nothing arrives any more, what is under way neither, and nobody is told. The other
    /// direction lives; cut both for a network that is gone.
    pub fn cut(&mut self, side: Side) {
        self.port_mut(side).link.cut();
    }

    /// The cable is cut as [`cut`](Pair::cut) does, when so many octets more have been written.
    pub fn cut_after(&mut self, side: Side, octets: usize) {
        self.port_mut(side).link.cut_after(octets);
    }

    /// The direction ends without the connection's doing, as when the process is killed: what is under way
    /// arrives, then the end of input.
    pub fn kill(&mut self, side: Side) {
        let now = self.now;
        self.port_mut(side).link.end(now);
    }

    /// The transport is reset by this side's host: what is under way is lost in both directions. This side is
    /// told when it [runs](Pair::run) next, its peer when the reset has arrived there.
    pub fn reset(&mut self, side: Side) {
        let now = self.now;
        self.port_mut(side).link.reset(now, true);
        self.port_mut(side.peer()).link.reset(now, false);
    }

    /// Puts octets on the wire behind the connection's back.
    pub fn inject(&mut self, side: Side, octets: &[u8]) {
        let now = self.now;
        self.port_mut(side).link.write(octets, now);
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
    fn next_due(&mut self) -> Option<Instant> {
        let deadlines = [self.client.connection().poll_timeout(), self.server.connection().poll_timeout()];
        let arrivals = [self.client_port.link.next_arrival(), self.server_port.link.next_arrival()];
        deadlines.into_iter().chain(arrivals).flatten().min()
    }

    /// What one side can do now: keep its deadlines, write, and read once. Says whether there was anything.
    fn step(&mut self, side: Side) -> bool {
        let now = self.now;
        let (client, server) = (&mut self.client, &mut self.server);
        let (end, port, peer): (&mut dyn Endpoint, _, _) = match side {
            Side::Client => (client, &mut self.client_port, &mut self.server_port),
            Side::Server => (server, &mut self.server_port, &mut self.client_port),
        };
        let kept = port.keep_deadlines(end, now);
        let wrote = port.write(end, now);
        let arrival = peer.link.read(now);
        let read = arrival.is_some();
        if let Some(arrival) = arrival {
            port.read(end, arrival, now);
        }
        kept | wrote | read
    }

    fn port(&self, side: Side) -> &Port {
        match side {
            Side::Client => &self.client_port,
            Side::Server => &self.server_port,
        }
    }

    fn port_mut(&mut self, side: Side) -> &mut Port {
        match side {
            Side::Client => &mut self.client_port,
            Side::Server => &mut self.server_port,
        }
    }
}
