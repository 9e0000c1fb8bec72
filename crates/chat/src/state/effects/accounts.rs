//! Accounts: what is signed in with, and where.
//!
//! Hashes, keys and labels stand in the log alone. What is replaced, removed or ended is erased there.

use super::{erasure, names, put};
use crate::account::AccountChange;
use crate::event::Event;
use crate::id::{PersonId, SessionId};
use crate::limits;
use crate::place::Position;
use crate::state::keys::{self, Table};
use crate::state::rows::{AccountRow, NumberRow, PasskeyRow, SessionRow};
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
                put(state, keys::passkey(by, position), &PasskeyRow { added_at: at });
            }
            start_session(state, by, *session, at, position)?;
            names::claimed(state, by)?;
        }
        AccountChange::SetPassword { keep, .. } => {
            set_password(state, &mut account, position)?;
            end_sessions(state, by, *keep)?;
        }
        AccountChange::AddPasskey { .. } => {
            put(state, keys::passkey(by, position), &PasskeyRow { added_at: at });
        }
        AccountChange::RemovePasskey { passkey } => remove_passkey(state, by, *passkey)?,
        AccountChange::SetTotp { .. } => {
            set_totp(state, &mut account, position)?;
        }
        AccountChange::RemoveTotp => set_totp(state, &mut account, Position(0))?,
        AccountChange::SetRecoveryCodes { codes } => {
            remove_all(state, Table::RecoveryCode, by)?;
            for code in codes {
                put(state, keys::recovery_code(by, *code), &NumberRow::default());
            }
        }
        AccountChange::StartSession { session, step, code, .. } => {
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
    remove_all(state, Table::RecoveryCode, person)?;
    end_sessions(state, person, SessionId::GUEST)
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
        if let AccountChange::SetTotp { secret } = change {
            secret.clear();
        }
    })?;
    account.totp = position;
    // Steps of another secret say nothing about this one.
    account.totp_step = 0;
    Ok(())
}

fn remove_passkey(state: &mut Staged<'_>, person: PersonId, added: Position) -> Result<(), Trouble> {
    state.remove(keys::passkey(person, added));
    erasure::erase_of_account(state, added, |change| match change {
        AccountChange::Claim { passkey, .. } => passkey.clear(),
        AccountChange::AddPasskey { passkey, label } => {
            passkey.clear();
            label.clear();
        }
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
        | AccountChange::StartSession { label, .. }
        | AccountChange::UseLink { label, .. } = change
        {
            label.clear();
        }
    })
}

fn remove_all(state: &mut Staged<'_>, table: Table, person: PersonId) -> Result<(), Trouble> {
    let range = table.key().number(person.0).range();
    for (key, _) in rows::<NumberRow>(state, &range, Direction::Forwards, usize::MAX)? {
        state.remove(key);
    }
    Ok(())
}
