//! One's own account: what is known of it, and how it changes or ends.

use axum::response::Response;
use parlor_chat::view::View;
use parlor_chat::{AccountChange, Action, Failure, PersonId, Position, SessionId};
use serde::{Deserialize, Serialize};

use super::answer::{Answered, Problem, json};
use super::call::Call;
use crate::identity::{Signed, new_person};

/// What somebody is told of themselves.
#[derive(Serialize)]
pub(super) struct Me {
    id: PersonId,
    name: String,
    arrived_at: u64,
    /// Nothing for a guest.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
}

#[derive(Serialize)]
struct Account {
    claimed_at: u64,
    /// Whether there is a password.
    password: bool,
    /// Whether a code is asked for besides it.
    codes: bool,
    /// How many recovery codes are left.
    recovery_codes: usize,
    passkeys: Vec<Passkey>,
    identities: Vec<Identity>,
    sessions: Vec<Session>,
}

#[derive(Serialize)]
struct Passkey {
    passkey: Position,
    label: String,
    added_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<u64>,
}

/// What another site vouches for.
#[derive(Serialize)]
struct Identity {
    identity: Position,
    provider: String,
    linked_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<u64>,
}

#[derive(Serialize)]
struct Session {
    session: SessionId,
    device: String,
    started_at: u64,
    /// Whether it is the one that asks.
    own: bool,
}

/// Tells somebody who they are here, and where they are signed in.
pub(super) async fn show(call: Call) -> Answered {
    let signed = call.caller()?;
    let found = call.space.look(move |view| Me::of(view, signed)).await?;
    Ok(json(&found.ok_or_else(Problem::not_signed_in)?))
}

impl Me {
    /// Whoever this is; nothing if they have never come.
    pub(super) fn of(view: &View<'_>, Signed { person, session }: Signed) -> Result<Option<Me>, Failure> {
        let Some(known) = view.person(person)? else { return Ok(None) };
        let account = view.account(person)?.map(|account| Account {
            claimed_at: account.claimed_at.0,
            password: !account.password.is_empty(),
            codes: !account.totp.is_empty(),
            recovery_codes: account.recovery_codes,
            passkeys: account.passkeys.into_iter().map(Passkey::of).collect(),
            identities: account.identities.into_iter().map(Identity::of).collect(),
            sessions: account.sessions.into_iter().map(|one| Session::of(one, session)).collect(),
        });
        Ok(Some(Me { id: person, name: known.nickname, arrived_at: known.arrived_at.0, account }))
    }
}

impl Passkey {
    fn of(passkey: parlor_chat::view::Passkey) -> Self {
        Passkey {
            passkey: passkey.id,
            label: passkey.label,
            added_at: passkey.added_at.0,
            used_at: passkey.used_at.map(|at| at.0),
        }
    }
}

impl Identity {
    fn of(identity: parlor_chat::view::Identity) -> Self {
        Identity {
            identity: identity.id,
            provider: identity.provider,
            linked_at: identity.linked_at.0,
            used_at: identity.used_at.map(|at| at.0),
        }
    }
}

impl Session {
    fn of(session: parlor_chat::view::Session, own: SessionId) -> Self {
        Session {
            session: session.id,
            device: session.label,
            started_at: session.started_at.0,
            own: session.id == own,
        }
    }
}

#[derive(Deserialize)]
struct SetPassword {
    /// The password until now; needed if there is one.
    #[serde(default)]
    password: String,
    new: String,
}

/// Sets another password. Whoever is signed in elsewhere is signed out.
pub(super) async fn set_password(call: Call) -> Answered {
    let asked: SetPassword = call.read()?;
    let Signed { person, session } = call.caller()?;
    confirm(&call, person, &asked.password).await?;
    let password = call.space.passwords.hash(&asked.new).await?;
    call.change(person, AccountChange::SetPassword { password, keep: session }).await?;
    done()
}

/// Whether it is really them, and not somebody at a device that was left open. Without a password, being signed in is
/// enough.
pub(super) async fn confirm(call: &Call, person: PersonId, password: &str) -> Result<(), Problem> {
    let account = call.space.look(move |view| view.account(person)).await?;
    let Some(hash) = account.map(|account| account.password).filter(|hash| !hash.is_empty()) else {
        return Ok(());
    };
    let attempt = call.begin_attempt(&format!("confirm {person}"))?;
    if !call.space.passwords.verify(password, hash).await? {
        return Err(Problem::wrong_password());
    }
    call.space.counters.attempts.right(&attempt);
    Ok(())
}

#[derive(Deserialize, Default)]
struct Delete {
    #[serde(default)]
    password: String,
}

/// Erases somebody, with all that they said. The browser is a new guest.
pub(super) async fn delete(call: Call) -> Answered {
    let asked: Delete = if call.body.is_empty() { Delete::default() } else { call.read()? };
    let Signed { person, .. } = call.caller()?;
    confirm(&call, person, &asked.password).await?;
    call.space.ask(person, Action::EraseMe).await?;
    call.signed_in(Signed::guest(new_person())).await
}

fn done() -> Result<Response, Problem> {
    Ok(json(&serde_json::json!({})))
}
