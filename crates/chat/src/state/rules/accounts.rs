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
        AccountChange::ClaimByIdentity { identity, provider, session, label } => {
            claim_name(state, by)?;
            check_identity(state, by, *identity, provider)?;
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
            let is_there = state.passkeys_of(by)?.iter().any(|(added, _)| added == passkey);
            if is_there && ways_in(state, by, account)? == 1 {
                return Err(Refusal::LastWayIn.into());
            }
            is_there
        }
        AccountChange::LinkIdentity { identity, provider } => check_identity(state, by, *identity, provider)?,
        AccountChange::UnlinkIdentity { identity } => {
            let is_there = state.identity(by, *identity)?.is_some();
            if is_there && ways_in(state, by, account)? == 1 {
                return Err(Refusal::LastWayIn.into());
            }
            is_there
        }
        AccountChange::SetTotp { secret, codes, .. } => is_credential(secret)? && are_codes(codes)?,
        AccountChange::RemoveTotp => account.totp.0 != 0,
        AccountChange::SetRecoveryCodes { codes } => account.totp.0 != 0 && are_codes(codes)?,
        AccountChange::StartSession { session, label, with, count, step, code } => {
            check_shown(state, by, account, *with, *count)?;
            if state.passkey(by, *with)?.is_none() {
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
        AccountChange::Claim { .. }
        | AccountChange::ClaimByIdentity { .. }
        | AccountChange::IssueLink { .. } => {
            return Err(Refusal::AlreadyClaimed.into());
        }
    })
}

fn claim(state: &impl Tables, by: PersonId, ways: &[&String]) -> Result<(), Failure> {
    if ways.iter().all(|way| way.is_empty()) {
        return Err(Refusal::CredentialInvalid.into());
    }
    for way in ways.iter().filter(|way| !way.is_empty()) {
        is_credential(way)?;
    }
    claim_name(state, by)
}

fn claim_name(state: &impl Tables, by: PersonId) -> Result<(), Failure> {
    if state.account(by)?.is_some() {
        return Err(Refusal::AlreadyClaimed.into());
    }
    let row = state.person(by)?.ok_or(Refusal::UnknownPerson)?;
    // A guest may have had it before somebody claimed one that looks like it.
    check_nickname(state, by, &state.nickname_of(&row)?)
}

/// Whether it is new that somebody signs in by this identity.
fn check_identity(
    state: &impl Tables,
    by: PersonId,
    identity: Fingerprint,
    provider: &str,
) -> Result<bool, Failure> {
    // What was erased leaves zeros in the log, so they are nobody.
    if identity == Fingerprint::default() {
        return Err(Refusal::CredentialInvalid.into());
    }
    is_label(provider)?;
    match state.who_is(identity)? {
        Some(person) if person == by => Ok(false),
        Some(_) => Err(Refusal::IdentityTaken.into()),
        None if state.identities_of(by)?.len() >= limits::IDENTITIES => {
            Err(Refusal::TooManyIdentities.into())
        }
        None => Ok(true),
    }
}

/// In how many ways somebody could sign in.
fn ways_in(state: &impl Tables, by: PersonId, account: &AccountRow) -> Result<usize, Failure> {
    let password = usize::from(account.password.0 != 0);
    Ok(password + state.passkeys_of(by)?.len() + state.identities_of(by)?.len())
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
    if with.0 != 0 && with == account.password || state.identity(by, with)?.is_some() {
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
