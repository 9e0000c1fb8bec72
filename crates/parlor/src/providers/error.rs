//! Why a site has vouched for nobody.

use std::fmt;

/// Why a site has vouched for nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SiteError {
    /// It cannot be reached, or does not answer in time.
    Down(String),
    /// What it says is not in order.
    Invalid(String),
    /// It knows nothing of the code: it was used already, or is too old, or somebody else's.
    Refused,
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SiteError::Down(why) => write!(f, "it cannot be reached: {why}"),
            SiteError::Invalid(why) => write!(f, "what it answers is not in order: {why}"),
            SiteError::Refused => f.write_str("it does not take the code"),
        }
    }
}

impl std::error::Error for SiteError {}
