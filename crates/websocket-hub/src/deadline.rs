//! A connection's deadline on tokio.

use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

use crate::connection::Connection;

/// A timer, while there is something to wait for.
#[derive(Debug, Default)]
pub(crate) struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    /// Sees to the deadline. True if one passed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, connection: &mut Connection) -> bool {
        let Some(deadline) = connection.deadline() else {
            self.0 = None;
            return false;
        };
        let now = Instant::now();
        if now >= deadline {
            connection.handle_timeout(now);
            return true;
        }
        // The deadline moves with every sign of life. A timer that rings too early finds nothing due and is set
        // anew, which is cheaper than moving it each time.
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        if timer.deadline() > deadline.into() {
            timer.as_mut().reset(deadline.into());
        }
        while timer.as_mut().poll(cx).is_ready() {
            timer.as_mut().reset(deadline.into());
            if Instant::now() >= deadline {
                return true;
            }
        }
        false
    }
}
