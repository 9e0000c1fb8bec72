//! What a connection tells its handler.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use websocket_driver::{CloseCode, Event};

use super::Connection;
use crate::websocket::{BoxHandler, WebSocket};

impl Connection {
    /// Tells what did not come from input.
    pub(super) fn tell_rest(&mut self, now: Instant) {
        while let Some(event) = self.driver.poll_event() {
            self.tell(event, now);
        }
        if !self.driver.is_open() {
            self.hears_until.get_or_insert_with(|| self.ws.outbox().sequence());
        }
    }

    pub(super) fn tell(&mut self, event: Event<'_>, now: Instant) {
        match event {
            Event::Closed(closed) => self.tell_closed(&closed),
            event => {
                match &event {
                    Event::Error(_) => self.ws.outbox().end(self.ws.id()),
                    Event::Message(_) => self.account.metrics.read(0, 1),
                    Event::Pong(payload) if payload.is_empty() => self.account.is_answered(now),
                    _ => {}
                }
                self.call(|handler, ws| websocket_driver::dispatch(&mut **handler, ws, event));
                // Answers to what was read at once go out at once; much of them, and a close, have to be known.
                if self.ws.outbox().is_pressing() {
                    self.take_up(now);
                }
            }
        }
    }

    /// Tells the handler. One that panics loses its own connection, and its `close` is still told.
    pub(super) fn call(&mut self, tell: impl FnOnce(&mut BoxHandler, &mut WebSocket)) {
        let told = catch_unwind(AssertUnwindSafe(|| tell(&mut self.handler, &mut self.ws)));
        if told.is_err() {
            tracing::error!(id = self.ws.id(), "a handler has panicked");
            // It may be closing already, and then goes on doing so.
            let _ = self.ws.close(CloseCode::INTERNAL_ERROR, "the server met an error");
            self.take_up(Instant::now());
        }
    }
}
