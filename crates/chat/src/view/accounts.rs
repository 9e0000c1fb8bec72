//! What is known of an account: what it is signed in with, and where.

use super::View;
use crate::account::AccountChange;
use crate::failure::Failure;
use crate::id::{PersonId, SessionId};
use crate::key::Fingerprint;
use crate::place::Position;
use crate::refusal::Refusal;
use crate::state::Tables;
use crate::state::keys::Table;
use crate::state::rows::{AccountRow, IdentityRow, NumberRow, SessionRow};
use crate::storage::Direction;
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// Somebody's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// When the name was claimed.
    pub claimed_at: Timestamp,
    /// The password's hash; empty without a password.
    pub password: String,
    /// The place in the log where the password was set; 0 without one.
    pub password_at: Position,
    /// The sealed secret of codes; empty if none are needed.
    pub totp: String,
    /// The passkeys, the first one first.
    pub passkeys: Vec<Passkey>,
    /// What other sites vouch for that they sign in by, the first one first.
    pub identities: Vec<Identity>,
    /// The sessions, the first one first.
    pub sessions: Vec<Session>,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// The place in the log where it was added.
    pub id: Position,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was used last; nothing if it was not yet.
    pub used_at: Option<Timestamp>,
    /// What it is called; for the one that the name was claimed with, the device, until it is called something else.
    pub label: String,
    /// The passkey.
    pub passkey: String,
}

/// What another site vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The place in the log where it was linked.
    pub id: Position,
    /// Who they are there, as a fingerprint.
    pub identity: Fingerprint,
    /// When it was linked.
    pub linked_at: Timestamp,
    /// When it was used last; nothing if it was not yet.
    pub used_at: Option<Timestamp>,
    /// What the site is called.
    pub provider: String,
}

/// A device on which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// When it began.
    pub started_at: Timestamp,
    /// What the device is called.
    pub label: String,
}

impl View<'_> {
    /// Somebody's account, for themselves and the server; nothing for a guest.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotAllowed`] for everybody else.
    pub fn account(&self, person: PersonId) -> Result<Option<Account>, Failure> {
        if self.asker != person && self.asker != PersonId::SERVER {
            return Err(Refusal::NotAllowed.into());
        }
        let Some(row) = self.state.account(person)? else { return Ok(None) };
        let codes = Table::RecoveryCode.key().number(person.0).range();
        let codes = crate::state::rows::<NumberRow>(self.state, &codes, Direction::Forwards, usize::MAX)?;
        let sessions = self.state.sessions_of(person)?;
        Ok(Some(Account {
            claimed_at: row.claimed_at,
            password: self.password(&row)?,
            password_at: row.password,
            totp: match self.state.account_change(row.totp)? {
                Some(AccountChange::SetTotp { secret, .. }) => secret,
                _ => String::new(),
            },
            passkeys: self.passkeys(person)?,
            identities: self.identities(person)?,
            sessions: sessions
                .into_iter()
                .map(|(id, row)| self.session(id, &row))
                .collect::<Result<_, _>>()?,
            recovery_codes: codes.len(),
        }))
    }

    /// Who signs in by what another site vouches for.
    pub fn who_is(&self, identity: Fingerprint) -> Result<Option<PersonId>, Trouble> {
        self.state.who_is(identity)
    }

    /// Whether who shows this session may speak for this person now.
    pub fn is_signed_in(&self, person: PersonId, session: SessionId) -> Result<bool, Trouble> {
        if self.state.person_here(person)?.is_none() {
            return Ok(false);
        }
        Ok(match session {
            SessionId::GUEST => self.state.account(person)?.is_none(),
            session => self.state.session(person, session)?.is_some(),
        })
    }

    fn password(&self, row: &AccountRow) -> Result<String, Trouble> {
        Ok(match self.state.account_change(row.password)? {
            Some(
                AccountChange::Claim { password, .. }
                | AccountChange::SetPassword { password, .. }
                | AccountChange::UseLink { password, .. },
            ) => password,
            _ => String::new(),
        })
    }

    fn passkeys(&self, person: PersonId) -> Result<Vec<Passkey>, Trouble> {
        let mut found = Vec::new();
        for (id, row) in self.state.passkeys_of(person)? {
            let (passkey, label) = match self.state.account_change(id)? {
                Some(
                    AccountChange::AddPasskey { passkey, label }
                    | AccountChange::Claim { passkey, label, .. },
                ) => (passkey, label),
                _ => continue,
            };
            let label = match self.state.account_change(row.labelled)? {
                Some(AccountChange::LabelPasskey { label, .. }) => label,
                _ => label,
            };
            let used_at = Some(row.used_at).filter(|at| at.0 != 0);
            found.push(Passkey { id, added_at: row.added_at, used_at, label, passkey });
        }
        Ok(found)
    }

    fn identities(&self, person: PersonId) -> Result<Vec<Identity>, Trouble> {
        let mut found = Vec::new();
        for (id, row) in self.state.identities_of(person)? {
            let provider = match self.state.account_change(id)? {
                Some(
                    AccountChange::LinkIdentity { provider, .. }
                    | AccountChange::ClaimByIdentity { provider, .. },
                ) => provider,
                _ => continue,
            };
            let IdentityRow { linked_at, used_at, identity } = row;
            let used_at = Some(used_at).filter(|at| at.0 != 0);
            found.push(Identity { id, identity, linked_at, used_at, provider });
        }
        Ok(found)
    }

    fn session(&self, id: SessionId, row: &SessionRow) -> Result<Session, Trouble> {
        let label = match self.state.account_change(row.labelled)? {
            Some(
                AccountChange::Claim { label, .. }
                | AccountChange::ClaimByIdentity { label, .. }
                | AccountChange::StartSession { label, .. }
                | AccountChange::UseLink { label, .. },
            ) => label,
            _ => String::new(),
        };
        Ok(Session { id, started_at: row.started_at, label })
    }
}
