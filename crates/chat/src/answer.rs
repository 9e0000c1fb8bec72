//! Who is told what became of a proposal.

use crate::outcome::Outcome;
use crate::trouble::Trouble;

/// What is called with the outcome of one proposal: on the log's thread, or by who handed it in if it is not
/// taken. It must not block.
pub type Answer = Box<dyn FnOnce(Result<&Outcome, Trouble>) + Send>;
