//! Time as a value that is given, never asked for: every node must see the same.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// What the system's clock says; for those who write proposals, never for those who decide on them.
    pub fn now() -> Self {
        let since_1970 = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
    }
}
