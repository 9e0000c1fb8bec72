//! Accounts: which changes are possible now.

use super::names::is_line;
use super::people::check_nickname;
use super::{Decided, Decision};
use crate::account::AccountChange;
use crate::event::What;
use crate::failure::Failure;
use crate::id::{PersonId, SessionId};
use crate::key::Fingerprint;
use crate::limits;
use crate::place::Position;
use crate::proposal::Proposal;
use crate::refusal::Refusal;
use crate::state::keys;
use crate::state::rows::{AccountRow, NumberRow};
use crate::state::tables::Tables;
use crate::time::Timestamp;

pub(crate) fn change(state: &impl Tables, proposal: &Proposal, change: &AccountChange) -> Decided {
    let by = proposal.by;
    let is_new = match change {
        AccountChange::IssueLink { person, .. } => issue_link(state, by, *person)?,
        _ if by == PersonId::SERVER => return Err(Refusal::NotAllowed.into()),
        AccountChange::Claim { password, passkey, session, label } => {
            claim(state, by, &[password, passkey])?;
            check_session(state, by, *session, label)?
        }
        AccountChange::EndSession { session: SessionId::GUEST } if state.account(by)?.is_none() => {
            // Nobody could ever come back as this guest.
            return Ok(Decision::Outside(What::Departed));
        }
        _ => {
            let account = state.account(by)?.ok_or(Refusal::NotClaimed)?;
            of_account(state, proposal.at, by, &account, change)?
        }
    };
    Ok(if is_new {
        Decision::Outside(What::Account { change: change.clone() })
    } else {
        Decision::Unchanged(None)
    })
}

/// What needs an account. Says whether it changes anything.
fn of_account(
    state: &impl Tables,
    at: Timestamp,
    by: PersonId,
    account: &AccountRow,
    change: &AccountChange,
) -> Result<bool, Failure> {
    Ok(match change {
        AccountChange::SetPassword { password, .. } => is_credential(password)?,
        AccountChange::AddPasskey { passkey, label } => {
            if state.passkeys_of(by)?.len() >= limits::PASSKEYS {
                return Err(Refusal::TooManyPasskeys.into());
            }
            is_credential(passkey)? && is_label(label)?
        }
        AccountChange::LabelPasskey { passkey, label } => {
            let is_there = state.passkey(by, *passkey)?.is_some();
            is_label(label)? && is_there
        }
        AccountChange::RemovePasskey { passkey } => {
            let passkeys = state.passkeys_of(by)?;
            let is_there = passkeys.iter().any(|(added, _)| added == passkey);
            if is_there && passkeys.len() == 1 && account.password.0 == 0 {
                return Err(Refusal::LastWayIn.into());
            }
            is_there
        }
        AccountChange::SetTotp { secret, codes, .. } => is_credential(secret)? && are_codes(codes)?,
        AccountChange::RemoveTotp => account.totp.0 != 0,
        AccountChange::SetRecoveryCodes { codes } => account.totp.0 != 0 && are_codes(codes)?,
        AccountChange::StartSession { session, label, with, count, step, code } => {
            check_shown(state, by, account, *with, *count)?;
            if *with == account.password {
                check_codes(state, by, account, *step, *code)?;
            }
            check_session(state, by, *session, label)?
        }
        AccountChange::EndSession { session } => state.session(by, *session)?.is_some(),
        AccountChange::EndSessions { keep } => {
            state.sessions_of(by)?.iter().any(|(session, _)| session != keep)
        }
        AccountChange::UseLink { link, password, session, label } => {
            if account.link != Some(*link) || at >= account.link_until {
                return Err(Refusal::LinkInvalid.into());
            }
            is_credential(password)? && check_session(state, by, *session, label)?
        }
        AccountChange::Claim { .. } | AccountChange::IssueLink { .. } => {
            return Err(Refusal::AlreadyClaimed.into());
        }
    })
}

fn claim(state: &impl Tables, by: PersonId, ways: &[&String]) -> Result<(), Failure> {
    if state.account(by)?.is_some() {
        return Err(Refusal::AlreadyClaimed.into());
    }
    if ways.iter().all(|way| way.is_empty()) {
        return Err(Refusal::CredentialInvalid.into());
    }
    for way in ways.iter().filter(|way| !way.is_empty()) {
        is_credential(way)?;
    }
    let row = state.person(by)?.ok_or(Refusal::UnknownPerson)?;
    // A guest may have had it before somebody claimed one that looks like it.
    check_nickname(state, by, &state.nickname_of(&row)?)
}

fn issue_link(state: &impl Tables, by: PersonId, person: PersonId) -> Result<bool, Failure> {
    if by != PersonId::SERVER {
        return Err(Refusal::NotAllowed.into());
    }
    state.person_here(person)?.ok_or(Refusal::NoSuchPerson)?;
    state.account(person)?.ok_or(Refusal::NotClaimed)?;
    Ok(true)
}

/// What was shown must still be what is signed in with, and a passkey must have been used more often than before: if
/// not, there are two of it, which count for themselves (WebAuthn level 2 §7.2, step 21).
fn check_shown(
    state: &impl Tables,
    by: PersonId,
    account: &AccountRow,
    with: Position,
    count: u64,
) -> Result<(), Failure> {
    if with.0 != 0 && with == account.password {
        return Ok(());
    }
    let passkey = state.passkey(by, with)?.ok_or(Refusal::CredentialInvalid)?;
    let counts = count != 0 || passkey.count != 0;
    if counts && count <= passkey.count { Err(Refusal::CredentialInvalid.into()) } else { Ok(()) }
}

/// Whoever watched a code being typed cannot use it, too.
fn check_codes(
    state: &impl Tables,
    by: PersonId,
    account: &AccountRow,
    step: u64,
    code: Option<Fingerprint>,
) -> Result<(), Failure> {
    if account.totp.0 == 0 {
        return Ok(());
    }
    let is_new = match code {
        Some(code) => state.row::<NumberRow>(&keys::recovery_code(by, code))?.is_some(),
        // Without a code, the step is 0.
        None => step > account.totp_step,
    };
    if is_new { Ok(()) } else { Err(Refusal::CodeUsed.into()) }
}

fn check_session(
    state: &impl Tables,
    by: PersonId,
    session: SessionId,
    label: &str,
) -> Result<bool, Failure> {
    if session == SessionId::GUEST || state.session(by, session)?.is_some() {
        return Err(Refusal::IdTaken.into());
    }
    is_label(label)
}

fn is_credential(text: &str) -> Result<bool, Failure> {
    if text.is_empty() || text.len() > limits::CREDENTIAL {
        return Err(Refusal::CredentialInvalid.into());
    }
    Ok(true)
}

fn are_codes(codes: &[Fingerprint]) -> Result<bool, Failure> {
    if codes.len() > limits::RECOVERY_CODES { Err(Refusal::TooManyAtOnce.into()) } else { Ok(true) }
}

fn is_label(label: &str) -> Result<bool, Failure> {
    if is_line(label, limits::LABEL) { Ok(true) } else { Err(Refusal::CredentialInvalid.into()) }
}
