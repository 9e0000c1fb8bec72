//! Messages of the stream that become durable in the node's own log together.

use parlor_chat::{Origin, Outcome, Position};

/// Messages that become durable together.
#[derive(Default)]
pub(super) struct Step {
    /// The last place before it.
    pub(super) after: Position,
    /// Its last place.
    pub(super) last: Position,
    /// The number of its last part.
    pub(super) part: u64,
    pub(super) outcomes: Vec<Outcome>,
    /// Where those come from who arrive in it.
    pub(super) origins: Vec<(Position, Origin)>,
}

impl Step {
    pub(super) fn behind(place: Position, part: u64) -> Self {
        Step { after: place, last: place, part, ..Step::default() }
    }

    pub(super) fn len(&self) -> usize {
        usize::try_from(self.last.0 - self.after.0).unwrap_or(usize::MAX)
    }

    pub(super) fn is_told(&self) -> bool {
        self.outcomes.len() == self.len()
    }
}
