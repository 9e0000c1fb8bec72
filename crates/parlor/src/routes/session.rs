//! Coming in, going out, and making a name one's own.

use parlor_chat::{AccountChange, Action, Fingerprint, PersonId, SessionId};
use serde::Deserialize;

use super::answer::{Answered, Problem, json};
use super::call::Call;
use super::codes;
use super::shown::Shown;
use crate::identity::{Signed, new_person};

#[derive(Deserialize)]
struct SignIn {
    name: String,
    password: String,
    /// Of an account that asks for one.
    #[serde(default)]
    code: String,
}

/// Signs in with a name and a password, in a new session.
pub(super) async fn sign_in(call: Call) -> Answered {
    let asked: SignIn = call.read()?;
    let name = asked.name.trim().to_owned();
    let attempt = call.begin_attempt(&name)?;
    let found = call.space.look(move |view| {
        let Some(person) = view.person_called(&name)? else { return Ok(None) };
        Ok(view.account(person.id)?.map(|account| (person.id, account)))
    });
    let found = found.await?;
    // Of a name that nobody has, the hash is empty, and comparing takes as long.
    let hash = found.as_ref().map(|(_, account)| account.password.clone()).unwrap_or_default();
    let is_right = call.space.passwords.verify(&asked.password, hash).await?;
    let (person, account) = found.filter(|_| is_right).ok_or_else(Problem::wrong_password)?;
    let shown = codes::shown(&call, person, &account, account.password_at, &asked.code)?;
    let answer = start(&call, person, shown).await.map_err(Problem::of_code)?;
    // Not before: who knows the password could guess codes freely.
    call.space.counters.attempts.right(&attempt);
    Ok(answer)
}

/// Begins a session of somebody who has shown to be this person. Whoever they were as a guest departs.
pub(super) async fn start(call: &Call, person: PersonId, shown: Shown) -> Answered {
    let (session, label) = call.new_session();
    let Shown { with, count, step, code } = shown;
    let start = AccountChange::StartSession { session, label, with, count, step, code };
    call.change(person, start).await?;
    if let Some(guest) = call.caller.filter(|caller| !caller.has_account) {
        let signed_out = AccountChange::EndSession { session: SessionId::GUEST };
        // Nobody can come back as this guest, whatever becomes of this.
        let _ = call.change(guest.signed.person, signed_out).await;
    }
    call.signed_in(Signed { person, session }).await
}

#[derive(Deserialize)]
struct Claim {
    /// What to be called from now on; if left out, what one is called already.
    name: Option<String>,
    password: String,
}

/// Makes a guest's name their own.
pub(super) async fn claim(call: Call) -> Answered {
    let asked: Claim = call.read()?;
    let person = call.caller()?.person;
    let password = call.space.passwords.hash(&asked.password).await?;
    rename(&call, person, asked.name.as_deref()).await?;
    let (session, label) = call.new_session();
    call.change(person, AccountChange::Claim { password, passkey: String::new(), session, label }).await?;
    call.signed_in(Signed { person, session }).await
}

pub(super) async fn rename(call: &Call, person: PersonId, name: Option<&str>) -> Result<(), Problem> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(()) };
    call.space.ask(person, Action::Rename { nickname: name.to_owned() }).await?;
    Ok(())
}

#[derive(Deserialize)]
struct UseLink {
    link: String,
    password: String,
}

/// Comes in by a link that whoever runs the server has made, with a new password.
pub(super) async fn use_link(call: Call) -> Answered {
    let asked: UseLink = call.read()?;
    let invalid = parlor_chat::Refusal::LinkInvalid;
    let (person, secret) = asked.link.split_once('.').ok_or(invalid)?;
    let person: PersonId = person.parse().map_err(|_| invalid)?;
    let attempt = call.begin_attempt(&format!("link {person}"))?;
    let password = call.space.passwords.hash(&asked.password).await?;
    let (session, label) = call.new_session();
    let link = Fingerprint::of_secret(secret);
    let used = call.change(person, AccountChange::UseLink { link, password, session, label }).await;
    // Whether such a person is here at all is nobody's business.
    used.map_err(|problem| problem.of_link())?;
    call.space.counters.attempts.right(&attempt);
    call.signed_in(Signed { person, session }).await
}

/// Makes whoever has been signed out somebody new.
pub(super) async fn become_guest(call: Call) -> Answered {
    if call.caller.is_some() {
        return Err(parlor_chat::Refusal::NotAllowed.into());
    }
    call.signed_in(Signed::guest(new_person())).await
}

#[derive(Deserialize, Default)]
struct End {
    /// Which session; one's own, if left out.
    session: Option<SessionId>,
}

/// Signs out, here or on another device. Whoever signs out here is a new guest.
pub(super) async fn end(call: Call) -> Answered {
    let asked: End = if call.body.is_empty() { End::default() } else { call.read()? };
    let Signed { person, session } = call.caller()?;
    let ended = asked.session.unwrap_or(session);
    call.change(person, AccountChange::EndSession { session: ended }).await?;
    if ended == session {
        return call.signed_in(Signed::guest(new_person())).await;
    }
    Ok(json(&serde_json::json!({})))
}

/// Signs out everywhere else.
pub(super) async fn end_others(call: Call) -> Answered {
    let Signed { person, session } = call.caller()?;
    call.change(person, AccountChange::EndSessions { keep: session }).await?;
    Ok(json(&serde_json::json!({})))
}
