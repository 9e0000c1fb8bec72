//! What the log holds for each position once its proposal is decided: the verdict, and what happened.
//!
//! A proposal that was refused leaves its fingerprint and the refusal, never its text. An accepted one leaves
//! the event. Replaying therefore decides nothing again: it puts together what happened, and comes to the
//! same state even where some of it has been erased since.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::key::Fingerprint;
use crate::outcome::Receipt;
use crate::place::Position;
use crate::refusal::Refusal;

/// A settled proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the log.
    pub position: Position,
    /// What is kept of its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// What became of it.
    pub verdict: Verdict,
    /// What happened, if something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
}

/// What became of a proposal, as the log keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was accepted.
    Accepted(Receipt),
    /// It was refused.
    Refused(Refusal),
    /// Its key had been used at this position.
    Repeated(Position),
}
