//! What became of a proposal.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::place::{Place, Position};
use crate::refusal::Refusal;

/// What became of a proposal, as soon as that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The proposal's place in the log.
    pub position: Position,
    /// Accepted or refused. For a key that was used before: what it was the first time.
    pub verdict: Result<Receipt, Refusal>,
    /// Whether the key was used before. Then nothing happened now.
    pub repeated: bool,
    /// What happened; nothing if it was refused or repeated, or if things were so already.
    pub event: Option<Event>,
}

/// What the author of an accepted proposal is told, the first time and every time that its key comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// The place in the log where it was accepted.
    pub position: Position,
    /// The place in its room, if it is about one. For a direct room that was open already: its last place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}
