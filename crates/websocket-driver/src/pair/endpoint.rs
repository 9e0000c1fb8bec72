//! What can stand at an end of a pair: a connection, a driver, a program's own type.

use crate::connection::Connection;
use crate::event::Event;
use crate::handler::{Driver, Handler};

/// What stands at one end of a [`Pair`](super::Pair) and has a [`Connection`].
///
/// A [`Connection`] is one that does nothing on events; a [`Driver`] is one that tells its handler. A type of
/// your own that keeps a connection becomes one with two or three methods:
///
/// ```
/// use websocket_driver::pair::{Endpoint, Pair, Side};
/// use websocket_driver::{Connection, Event};
///
/// struct Counter {
///     connection: Connection,
///     messages: usize,
/// }
///
/// impl Endpoint for Counter {
///     fn connection(&mut self) -> &mut Connection {
///         &mut self.connection
///     }
///
///     fn event(&mut self, event: Event<'_>) {
///         self.messages += usize::from(matches!(event, Event::Message(_)));
///     }
/// }
///
/// let mut pair = Pair::new().server(|connection| Counter { connection, messages: 0 });
/// pair.connection(Side::Client).send("one")?;
/// pair.connection(Side::Client).send("two")?;
/// pair.run();
/// assert_eq!(pair.server_end().messages, 2);
/// # Ok::<(), websocket_driver::UsageError>(())
/// ```
pub trait Endpoint {
    /// The connection, for the pair to drive.
    fn connection(&mut self) -> &mut Connection;

    /// The pair is put together and the connection is open. Does nothing unless it is written.
    fn open(&mut self) {}

    /// The connection told something. Does nothing unless it is written.
    fn event(&mut self, event: Event<'_>) {
        let _ = event;
    }
}

impl Endpoint for Connection {
    fn connection(&mut self) -> &mut Connection {
        self
    }
}

impl<H: Handler<Connection>> Endpoint for Driver<H> {
    fn connection(&mut self) -> &mut Connection {
        Driver::connection(self)
    }

    fn open(&mut self) {
        Driver::open(self);
    }

    fn event(&mut self, event: Event<'_>) {
        self.tell(event);
    }
}
