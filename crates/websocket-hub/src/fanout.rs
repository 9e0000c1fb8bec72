//! One core's part of all topics: short logs of encoded frames, and cursors in them. Nothing here does I/O.
//!
//! A **core** is one event loop and the connections that live on it. Each loop owns a [`Fanout`]; other threads reach
//! it through its [`Core`], an inbox. A publication crosses to a core once and is appended to its topic's log there;
//! a subscriber is a cursor in the log, and its socket is written everything from the cursor to the end in one system
//! call, however many publications that is. Per delivery no task is woken, no lock taken and no memory allocated.
//!
//! A loop does this, besides what [`Connection`](crate::connection::Connection) asks for:
//!
//! 1. When a connection opens: [`Connection::enter`](crate::connection::Connection::enter), which takes a [`Seat`].
//!    When it is dropped: [`Fanout::leave`].
//! 2. When its waker was woken, and after reading: [`Fanout::collect`], and then for each of some [`SLICE`] visits
//!    that [`Fanout::next`] tells:
//!    - [`Visit::Straight`]: write [`Fanout::lag`] to that socket and say by [`Fanout::advance`] how much went out;
//!      by [`Fanout::block`], if the socket took less.
//!    - [`Visit::Turn`]: the connection has more to write than a log, or several:
//!      [prepare](crate::connection::Connection::prepare) it, write its
//!      [plan](crate::connection::Connection::plan) until that is empty or the socket takes no more, and
//!      [settle](crate::connection::Connection::settle) it. Where the connection is driven elsewhere, wake that.
//! 3. Looks at input between slices. What arrives rides along: the sweep goes round until everybody has everything.
//! 4. When [`Fanout::next`] has nothing: waits for input or its waker, once [`Fanout::sleep`] agrees.
//! 5. A blocked socket that is writable again is [`unblocked`](Fanout::unblock) and gets its turn.
//!
//! **Order.** The core numbers publications as they come in. What is sent to one connection alone is stamped with the
//! number of the publication before it, and a connection's output is the merge of both by number
//! ([`Plan`]). [`Connection::prepare`](crate::connection::Connection::prepare)
//! sees to it that nothing is missing in between.
//!
//! A plan holds while nothing is prepared, settled or collected. Who writes in batches prepares all of them, plans all,
//! writes, says what was written, and settles all.
//!
//! **Slow receivers.** A socket that does not take everything is blocked; its cursor stands, and the log is kept from
//! there. At each sweep it meets the policy of its topic, once it lags by more than the topic allows.

mod core;
mod lagging;
mod lane;
mod log;
mod plan;
mod receiver;
mod subscriber;
mod sweep;
mod terms;
#[cfg(test)]
mod tests;

pub(crate) use self::core::{Core, Home, Seat};
pub(crate) use lane::Form;
pub(crate) use plan::{MAX_PIECES, Own, Plan, merge};
pub(crate) use receiver::Recipient;
pub(crate) use subscriber::Key;
pub(crate) use sweep::{Fanout, SLICE, Straight, Visit};
pub(crate) use terms::Terms;
