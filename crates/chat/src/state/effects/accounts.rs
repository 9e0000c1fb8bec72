//! Accounts: what is signed in with, and where.
//!
//! Hashes, keys and labels stand in the log alone. What is replaced, removed or ended is erased there.

use super::{erasure, names, put};
use crate::account::AccountChange;
use crate::event::Event;
use crate::id::{PersonId, SessionId};
use crate::key::Fingerprint;
use crate::limits;
use crate::place::Position;
use crate::state::keys::{self, Table};
use crate::state::rows::{AccountRow, IdentityRow, NumberRow, PasskeyRow, SessionRow};
use crate::state::tables::{Tables, rows};
use crate::storage::{Direction, Staged};
use crate::time::Timestamp;
use crate::trouble::Trouble;

pub(crate) fn changed(state: &mut Staged<'_>, event: &Event, change: &AccountChange) -> Result<(), Trouble> {
    let (by, at, position) = (event.by, event.at, event.position);
    let person = if let AccountChange::IssueLink { person, .. } = change { *person } else { by };
    let mut account = state.account(person)?.unwrap_or_default();
    match change {
        AccountChange::Claim { password, passkey, session, .. } => {
            account.claimed_at = at;
            // An empty one was not given, or is erased since and replaced.
            if !password.is_empty() {
                account.password = position;
            }
            if !passkey.is_empty() {
                add_passkey(state, by, at, position);
            }
            start_session(state, by, *session, at, position)?;
            names::claimed(state, by)?;
        }
        AccountChange::ClaimByIdentity { identity, session, .. } => {
            account.claimed_at = at;
            link(state, event, *identity);
            start_session(state, by, *session, at, position)?;
            names::claimed(state, by)?;
        }
        AccountChange::LinkIdentity { identity, .. } => link(state, event, *identity),
        AccountChange::UnlinkIdentity { identity } => unlink(state, by, *identity)?,
        AccountChange::SetPassword { keep, .. } => {
            set_password(state, &mut account, position)?;
            end_sessions(state, by, *keep)?;
        }
        AccountChange::AddPasskey { .. } => add_passkey(state, by, at, position),
        AccountChange::LabelPasskey { passkey, .. } => label_passkey(state, by, *passkey, position)?,
        AccountChange::RemovePasskey { passkey } => remove_passkey(state, by, *passkey)?,
        AccountChange::SetTotp { step, codes, .. } => {
            set_totp(state, &mut account, position)?;
            account.totp_step = *step;
            set_recovery_codes(state, by, codes)?;
        }
        AccountChange::RemoveTotp => {
            set_totp(state, &mut account, Position(0))?;
            set_recovery_codes(state, by, &[])?;
        }
        AccountChange::SetRecoveryCodes { codes } => set_recovery_codes(state, by, codes)?,
        AccountChange::StartSession { session, with, count, step, code, .. } => {
            note_use(state, by, *with, *count, at)?;
            account.totp_step = account.totp_step.max(*step);
            if let Some(code) = code {
                state.remove(keys::recovery_code(by, *code));
            }
            start_session(state, by, *session, at, position)?;
        }
        AccountChange::EndSession { session } => end_session(state, by, *session)?,
        AccountChange::EndSessions { keep } => end_sessions(state, by, *keep)?,
        AccountChange::IssueLink { link, until, .. } => {
            account.link = Some(*link);
            account.link_until = *until;
        }
        AccountChange::UseLink { session, .. } => {
            void(state, by, &mut account)?;
            account.password = position;
            start_session(state, by, *session, at, position)?;
        }
    }
    put(state, keys::account(person), &account);
    Ok(())
}

/// Takes away all that somebody could sign in with who is gone.
pub(crate) fn end(state: &mut Staged<'_>, person: PersonId) -> Result<(), Trouble> {
    if let Some(mut account) = state.account(person)? {
        void(state, person, &mut account)?;
        state.remove(keys::account(person));
    }
    Ok(())
}

/// Nothing that was signed in with before is good any more, and nobody is signed in.
fn void(state: &mut Staged<'_>, person: PersonId, account: &mut AccountRow) -> Result<(), Trouble> {
    set_password(state, account, Position(0))?;
    set_totp(state, account, Position(0))?;
    account.link = None;
    account.link_until = Timestamp(0);
    for (added, _) in state.passkeys_of(person)? {
        remove_passkey(state, person, added)?;
    }
    set_recovery_codes(state, person, &[])?;
    for (linked, _) in state.identities_of(person)? {
        unlink(state, person, linked)?;
    }
    end_sessions(state, person, SessionId::GUEST)
}

fn link(state: &mut Staged<'_>, event: &Event, identity: Fingerprint) {
    let row = IdentityRow { linked_at: event.at, used_at: Timestamp(0), identity };
    put(state, keys::identity(identity), &NumberRow { number: event.by.0 });
    put(state, keys::identity_of(event.by, event.position), &row);
}

fn unlink(state: &mut Staged<'_>, person: PersonId, linked: Position) -> Result<(), Trouble> {
    let Some(row) = state.identity(person, linked)? else { return Ok(()) };
    state.remove(keys::identity(row.identity));
    state.remove(keys::identity_of(person, linked));
    erasure::erase_of_account(state, linked, |change| {
        if let AccountChange::ClaimByIdentity { identity, provider, .. }
        | AccountChange::LinkIdentity { identity, provider } = change
        {
            *identity = Fingerprint::default();
            provider.clear();
        }
    })
}

fn set_password(state: &mut Staged<'_>, account: &mut AccountRow, position: Position) -> Result<(), Trouble> {
    erasure::erase_of_account(state, account.password, |change| {
        if let AccountChange::Claim { password, .. }
        | AccountChange::SetPassword { password, .. }
        | AccountChange::UseLink { password, .. } = change
        {
            password.clear();
        }
    })?;
    account.password = position;
    Ok(())
}

fn set_totp(state: &mut Staged<'_>, account: &mut AccountRow, position: Position) -> Result<(), Trouble> {
    erasure::erase_of_account(state, account.totp, |change| {
        if let AccountChange::SetTotp { secret, .. } = change {
            secret.clear();
        }
    })?;
    account.totp = position;
    // Steps of another secret say nothing about this one.
    account.totp_step = 0;
    Ok(())
}

fn set_recovery_codes(
    state: &mut Staged<'_>,
    person: PersonId,
    codes: &[Fingerprint],
) -> Result<(), Trouble> {
    let range = Table::RecoveryCode.key().number(person.0).range();
    for (key, _) in rows::<NumberRow>(state, &range, Direction::Forwards, usize::MAX)? {
        state.remove(key);
    }
    for code in codes {
        put(state, keys::recovery_code(person, *code), &NumberRow::default());
    }
    Ok(())
}

fn add_passkey(state: &mut Staged<'_>, person: PersonId, at: Timestamp, position: Position) {
    let row = PasskeyRow { added_at: at, labelled: position, ..PasskeyRow::default() };
    put(state, keys::passkey(person, position), &row);
}

fn label_passkey(
    state: &mut Staged<'_>,
    person: PersonId,
    added: Position,
    labelled: Position,
) -> Result<(), Trouble> {
    let Some(row) = state.passkey(person, added)? else { return Ok(()) };
    erase_passkey_label(state, row.labelled)?;
    put(state, keys::passkey(person, added), &PasskeyRow { labelled, ..row });
    Ok(())
}

fn erase_passkey_label(state: &mut Staged<'_>, labelled: Position) -> Result<(), Trouble> {
    erasure::erase_of_account(state, labelled, |change| {
        if let AccountChange::AddPasskey { label, .. } | AccountChange::LabelPasskey { label, .. } = change {
            label.clear();
        }
    })
}

/// Notes that somebody has shown a passkey or an identity; of a password nothing is noted.
fn note_use(
    state: &mut Staged<'_>,
    person: PersonId,
    shown: Position,
    count: u64,
    used_at: Timestamp,
) -> Result<(), Trouble> {
    if let Some(row) = state.passkey(person, shown)? {
        put(state, keys::passkey(person, shown), &PasskeyRow { count, used_at, ..row });
    }
    if let Some(row) = state.identity(person, shown)? {
        put(state, keys::identity_of(person, shown), &IdentityRow { used_at, ..row });
    }
    Ok(())
}

fn remove_passkey(state: &mut Staged<'_>, person: PersonId, added: Position) -> Result<(), Trouble> {
    let Some(row) = state.passkey(person, added)? else { return Ok(()) };
    state.remove(keys::passkey(person, added));
    erase_passkey_label(state, row.labelled)?;
    erasure::erase_of_account(state, added, |change| match change {
        AccountChange::Claim { passkey, .. } => passkey.clear(),
        AccountChange::AddPasskey { passkey, .. } => passkey.clear(),
        _ => {}
    })
}

fn start_session(
    state: &mut Staged<'_>,
    person: PersonId,
    session: SessionId,
    at: Timestamp,
    labelled: Position,
) -> Result<(), Trouble> {
    put(state, keys::session(person, session), &SessionRow { started_at: at, labelled });
    let sessions = state.sessions_of(person)?;
    // Ids sort by the time of their making.
    for (oldest, _) in sessions.iter().take(sessions.len().saturating_sub(limits::SESSIONS)) {
        end_session(state, person, *oldest)?;
    }
    Ok(())
}

fn end_sessions(state: &mut Staged<'_>, person: PersonId, keep: SessionId) -> Result<(), Trouble> {
    for (session, _) in state.sessions_of(person)? {
        if session != keep {
            end_session(state, person, session)?;
        }
    }
    Ok(())
}

fn end_session(state: &mut Staged<'_>, person: PersonId, session: SessionId) -> Result<(), Trouble> {
    let Some(row) = state.session(person, session)? else { return Ok(()) };
    state.remove(keys::session(person, session));
    erasure::erase_of_account(state, row.labelled, |change| {
        if let AccountChange::Claim { label, .. }
        | AccountChange::ClaimByIdentity { label, .. }
        | AccountChange::StartSession { label, .. }
        | AccountChange::UseLink { label, .. } = change
        {
            label.clear();
        }
    })
}
