//! What was found to be wrong, counted by kind, with examples.

use std::collections::BTreeMap;

/// Examples that are kept; a broken server has thousands of the same.
const EXAMPLES: usize = 20;

/// A way in which a server breaks its promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// What was acknowledged is not there.
    Lost,
    /// One wish happened twice, or something was told twice.
    Doubled,
    /// Two saw the same in another order, at another place, or otherwise.
    Reordered,
    /// A place of a room has nothing that belongs there.
    Gap,
    /// A count of what is unread is another than it must be.
    Unread,
    /// A wish was refused that must be granted.
    Refused,
    /// A request was never answered although the connection held.
    Unanswered,
    /// A wish was not acknowledged although there was time enough at the end.
    Unsettled,
}

impl Kind {
    pub(super) const ALL: [Kind; 8] = [
        Kind::Lost,
        Kind::Doubled,
        Kind::Reordered,
        Kind::Gap,
        Kind::Unread,
        Kind::Refused,
        Kind::Unanswered,
        Kind::Unsettled,
    ];

    /// What it is called in the verdict.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Lost => "lost",
            Kind::Doubled => "doubled",
            Kind::Reordered => "reordered",
            Kind::Gap => "gaps",
            Kind::Unread => "unread wrong",
            Kind::Refused => "refused",
            Kind::Unanswered => "unanswered",
            Kind::Unsettled => "unsettled",
        }
    }
}

/// Everything that is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Problems {
    counts: BTreeMap<Kind, u64>,
    pub(super) examples: Vec<String>,
}

impl Problems {
    pub(super) fn add(&mut self, kind: Kind, example: impl FnOnce() -> String) {
        *self.counts.entry(kind).or_default() += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(format!("{}: {}", kind.name(), example()));
        }
    }

    /// Adds others, as if each had been added.
    pub(super) fn merge(&mut self, others: Problems) {
        for (kind, count) in others.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        self.examples.extend(others.examples);
        self.examples.truncate(EXAMPLES);
    }

    pub(super) fn count(&self, kind: Kind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
