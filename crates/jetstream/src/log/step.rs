//! Messages of the stream that become durable in the node's own log together.

use parlor_chat::{Origin, Outcome, Position};

use crate::layout::Reach;

/// Messages that become durable together.
#[derive(Default)]
pub(super) struct Step {
    /// How far everything before it goes.
    pub(super) after: Reach,
    /// How far each of its messages goes.
    pub(super) messages: Vec<Reach>,
    /// The number of its last part.
    pub(super) part: u64,
    pub(super) outcomes: Vec<Outcome>,
    /// Some of it was not decided here, or not in one go: it stood decided elsewhere, or is read from the log.
    pub(super) is_read: bool,
    /// Where those come from who arrive in it.
    pub(super) origins: Vec<(Position, Origin)>,
}

impl Step {
    pub(super) fn behind(after: Reach, part: u64) -> Self {
        Step { after, part, ..Step::default() }
    }

    /// How far it goes.
    pub(super) fn last(&self) -> Reach {
        self.messages.last().copied().unwrap_or(self.after)
    }

    /// How many places it has.
    pub(super) fn len(&self) -> usize {
        usize::try_from(self.last().position.0 - self.after.position.0).unwrap_or(usize::MAX)
    }

    pub(super) fn is_told(&self) -> bool {
        self.outcomes.len() == self.len()
    }

    /// Its messages, each with the place before it.
    pub(super) fn each(&self) -> impl Iterator<Item = (Position, Reach)> {
        let before = std::iter::once(self.after).chain(self.messages.iter().copied());
        before.map(|before| before.position).zip(self.messages.iter().copied())
    }

    /// Forgets what goes further than this.
    pub(super) fn cut(&mut self, last: Reach) {
        self.messages.retain(|message| message.sequence <= last.sequence);
    }
}
