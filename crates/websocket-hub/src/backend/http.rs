//! HTTP/1.1 on the server's side (RFC 9112) without I/O, for the backends that bring no HTTP stack.
//!
//! A backend owns a [`Connection`] beside its socket. It gives what arrives to [`Connection::receive`], lets the
//! app and its bodies go on with [`Connection::poll`], writes what [`Connection::pieces`] has and says how much of
//! it went with [`Connection::written`], and looks at the clock at [`Connection::deadline`]. After each of these
//! something else may have become possible, so it goes round until nothing moves:
//!
//! 1. `poll(cx, now)`; its waker is woken when polling again would bring anything;
//! 2. write `pieces`, `written(n, now)`; when `wants_shutdown`, end the writing direction, `shut_down(now)`;
//! 3. if `wants_input`, read: `receive(bytes, now)`, or `end_of_input()`;
//! 4. at `deadline()`, `handle_timeout(now)`;
//! 5. when `take_websocket()` gives one, the socket is the WebSocket's; when `is_finished`, it is to be closed.
//!
//! An error of the socket is the end of it: dropping the connection drops the app's future and its bodies.

pub(super) mod alpn;
mod answer;
mod chunked;
mod connection;
#[cfg(test)]
mod conversation;
#[cfg(test)]
mod endings;
mod exchange;
mod framing;
mod head;
mod incoming;
pub(super) mod limits;
mod output;
mod refusal;

pub(crate) use connection::Connection;
