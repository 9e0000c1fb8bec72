//! Why something did not come about: it may not be, or the storage could not.

use std::fmt;

use crate::refusal::Refusal;
use crate::trouble::Trouble;

/// Why there is no answer to a question, or no decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It may not be. Asking again changes nothing.
    Refused(Refusal),
    /// The storage could not.
    Trouble(Trouble),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(refusal) => refusal.fmt(f),
            Failure::Trouble(trouble) => trouble.fmt(f),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(refusal)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Failure::Trouble(trouble)
    }
}
