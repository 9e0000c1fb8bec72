//! What goes wrong between a node and its servers, in sentences for who runs it.

use std::fmt::Display;

use parlor_chat::Trouble;

/// It passes by itself once the servers can be reached and have a leader.
pub(crate) fn waiting(what: impl Display) -> Trouble {
    Trouble::Unreachable(what.to_string())
}

/// It does not pass before somebody changes something.
pub(crate) fn unusable(what: impl Display) -> Trouble {
    Trouble::Unfit(what.to_string())
}
