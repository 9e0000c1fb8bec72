//! Where something stands: in the log, and in its room.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::RoomId;

macro_rules! count {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The one after this; of the largest there is, itself.
            #[must_use]
            pub fn next(self) -> Self {
                $name(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

count! {
    /// A place in the log: 1, 2, 3…, one for each proposal, whatever became of it. 0 is before the first.
    Position
}

count! {
    /// A place in a room: 1, 2, 3… without a gap, one for each event in it. 0 is before the first.
    ///
    /// It is also what a message is called: a room and a sequence name one message for ever.
    Sequence
}

/// A place in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Place {
    /// The room.
    pub room: RoomId,
    /// The place in it.
    pub sequence: Sequence,
}
