//! What somebody has shown to be who they are.

use parlor_chat::{Fingerprint, Position};

/// What the log is told of it.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The place in the log of the password, passkey or identity.
    pub(super) with: Position,
    /// How often the passkey says that it was used.
    pub(super) count: u64,
    /// The step of a code; 0 for none.
    pub(super) step: u64,
    /// A recovery code.
    pub(super) code: Option<Fingerprint>,
}
