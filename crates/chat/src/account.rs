//! Accounts: how a guest's name becomes somebody's, and on which devices they are signed in.
//!
//! Nothing here can be signed in with: what goes through the log are hashes, public keys and what the server has
//! sealed. Whoever proposes has verified the password, the passkey or the code; here is decided what must be decided
//! once for everybody: that a code was not used before, that a link is still good, that a session is still open.

use serde::{Deserialize, Serialize};

use crate::id::{PersonId, SessionId};
use crate::key::Fingerprint;
use crate::place::Position;
use crate::time::Timestamp;

/// A change of an account: asked for in a proposal, and in the event once it has happened.
///
/// In an event of the past, what has been replaced or removed since is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum AccountChange {
    /// To make one's name one's own, with a password, a passkey or both. The guest's session ends, this one begins.
    Claim {
        /// The password's hash; may be empty if there is a passkey.
        password: String,
        /// The passkey; may be empty if there is a password.
        passkey: String,
        /// The session that begins.
        session: SessionId,
        /// What the device is called: up to [`LABEL`](crate::limits::LABEL) characters.
        label: String,
    },
    /// To sign in with another password from now on. Every other session ends.
    SetPassword {
        /// The password's hash.
        password: String,
        /// The session that goes on.
        keep: SessionId,
    },
    /// To sign in with this passkey, too.
    AddPasskey {
        /// The passkey.
        passkey: String,
        /// What it is called: up to [`LABEL`](crate::limits::LABEL) characters.
        label: String,
    },
    /// To call a passkey something else.
    LabelPasskey {
        /// The place in the log where it was added.
        passkey: Position,
        /// What it is called: up to [`LABEL`](crate::limits::LABEL) characters.
        label: String,
    },
    /// To sign in with a passkey no longer.
    RemovePasskey {
        /// The place in the log where it was added.
        passkey: Position,
    },
    /// To make one's name one's own by what another site vouches for. The guest's session ends, this one begins.
    ClaimByIdentity {
        /// Who one is there, as a fingerprint under the server's secret of the site and its name for them.
        identity: Fingerprint,
        /// What the site is called: up to [`LABEL`](crate::limits::LABEL) characters.
        provider: String,
        /// The session that begins.
        session: SessionId,
        /// What the device is called.
        label: String,
    },
    /// To sign in by what another site vouches for, too.
    LinkIdentity {
        /// Who one is there, as in [`ClaimByIdentity`](Self::ClaimByIdentity).
        identity: Fingerprint,
        /// What the site is called.
        provider: String,
    },
    /// To sign in by it no longer.
    UnlinkIdentity {
        /// The place in the log where it was linked.
        identity: Position,
    },
    /// To need a code besides the password from now on.
    SetTotp {
        /// The secret that codes are made from, sealed.
        secret: String,
        /// The time step of the code by which it was shown that somebody has the secret.
        step: u64,
        /// The recovery codes, as in [`SetRecoveryCodes`](Self::SetRecoveryCodes).
        codes: Vec<Fingerprint>,
    },
    /// To need no code any more, and to have no recovery codes.
    #[default]
    RemoveTotp,
    /// To have these codes, each good for signing in once in place of another code. Earlier ones are void. Nothing comes
    /// of it where no codes are needed.
    SetRecoveryCodes {
        /// Their fingerprints.
        codes: Vec<Fingerprint>,
    },
    /// To be signed in on a device.
    StartSession {
        /// The session.
        session: SessionId,
        /// What the device is called.
        label: String,
        /// The place in the log of the password, passkey or identity that was shown.
        with: Position,
        /// How often a passkey says that it was used; 0 if it does not count, and for all else.
        #[serde(default)]
        count: u64,
        /// The time step of the code that was used; 0 for none.
        #[serde(default)]
        step: u64,
        /// The recovery code that was used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<Fingerprint>,
    },
    /// To be signed out on a device. A guest departs by it.
    EndSession {
        /// The session.
        session: SessionId,
    },
    /// To be signed out everywhere else.
    EndSessions {
        /// The session that goes on; [`SessionId::GUEST`] for none.
        keep: SessionId,
    },
    /// To let somebody in who has lost what they sign in with; for the server alone.
    IssueLink {
        /// Who.
        person: PersonId,
        /// The fingerprint of the link's secret.
        link: Fingerprint,
        /// When its time has passed.
        until: Timestamp,
    },
    /// To come in by a link: every session, passkey, identity and code is void, and this password the only way in.
    UseLink {
        /// The fingerprint of the link's secret.
        link: Fingerprint,
        /// The new password's hash.
        password: String,
        /// The session that begins.
        session: SessionId,
        /// What the device is called.
        label: String,
    },
}
