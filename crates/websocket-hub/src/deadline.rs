//! A connection's deadline on tokio.

use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// A timer, while there is something to wait for.
#[derive(Debug, Default)]
pub(crate) struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    /// Whether the deadline has passed. The task is woken when it does.
    pub(crate) fn has_passed(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> bool {
        let Some(deadline) = deadline else {
            self.0 = None;
            return false;
        };
        if Instant::now() >= deadline {
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
