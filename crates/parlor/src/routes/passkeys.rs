//! Passkeys: claiming a name with one, adding more, signing in, removing.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parlor_chat::{AccountChange, PersonId, Position};
use serde::Deserialize;
use serde_json::json;

use super::answer::{Answered, Problem, json};
use super::call::Call;
use super::me::confirm;
use super::session::{rename, start};
use super::shown::Shown;
use crate::account::device;
use crate::account::webauthn::{Assertion, Expected, Passkey, Registration, challenge_of, register, verify};
use crate::identity::Signed;

/// The page that a request comes from. That it is our own was checked before the route.
struct Page {
    /// Such as `https://chat.example.org:8443`.
    origin: String,
    /// Its host without the port, the name by which passkeys know the site (WebAuthn level 2 §5.1.2).
    host: String,
}

impl Page {
    fn of(call: &Call) -> Result<Page, Problem> {
        let origin = call.origin()?;
        let (_, authority) = origin.split_once("://").ok_or_else(Problem::no_page)?;
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        Ok(Page { origin: origin.to_owned(), host: host.to_owned() })
    }

    /// What a challenge for signing in is given out for.
    fn signing_in(&self) -> String {
        format!("sign in at {}", self.origin)
    }

    /// What a challenge for another passkey is given out for.
    fn adding_to(&self, person: PersonId) -> String {
        format!("add to {person} at {}", self.origin)
    }

    fn expected<'a>(&'a self, challenge: &'a str) -> Expected<'a> {
        Expected { challenge, origin: &self.origin, host: &self.host }
    }
}

/// Gives out a challenge to sign in by.
pub(super) async fn begin_sign_in(call: Call) -> Answered {
    let page = Page::of(&call)?;
    let challenge = call.space.challenges.give(&page.signing_in(), Instant::now());
    Ok(json(&json!({"challenge": challenge, "rp_id": page.host})))
}

#[derive(Deserialize)]
struct SignIn {
    /// Who the passkey is of, as it was told when it was made; in base64url.
    user_handle: String,
    answer: Assertion,
}

/// Signs in by a passkey. It stands for two factors: having it, and being who it knows.
pub(super) async fn sign_in(call: Call) -> Answered {
    let asked: SignIn = call.read()?;
    let attempt = call.begin_attempt(&format!("passkeys of {}", asked.user_handle))?;
    let (person, shown) = found(&call, &asked).await?.ok_or_else(Problem::wrong_passkey)?;
    call.space.counters.attempts.right(&attempt);
    start(&call, person, shown).await
}

async fn found(call: &Call, asked: &SignIn) -> Result<Option<(PersonId, Shown)>, Problem> {
    let page = Page::of(call)?;
    let handle = URL_SAFE_NO_PAD.decode(&asked.user_handle).ok();
    let person = handle.and_then(|octets| String::from_utf8(octets).ok()?.parse::<PersonId>().ok());
    let challenge = challenge_of(&asked.answer.client_data);
    let (Some(person), Some(challenge)) = (person, challenge) else { return Ok(None) };
    if !call.space.challenges.take(&challenge, &page.signing_in(), Instant::now()) {
        return Ok(None);
    }
    let account = call.space.look(move |view| view.account(person)).await?;
    let kept = account.map(|account| account.passkeys).unwrap_or_default();
    let shown = kept.iter().find_map(|kept| {
        let passkey = known(kept).filter(|passkey| passkey.id == asked.answer.id)?;
        let count = verify(&passkey, page.expected(&challenge), &asked.answer)?;
        Some(Shown { with: kept.id, count, ..Shown::default() })
    });
    Ok(shown.map(|shown| (person, shown)))
}

/// A passkey as it is kept.
fn known(kept: &parlor_chat::view::Passkey) -> Option<Passkey> {
    serde_json::from_str(&kept.passkey).ok()
}

/// Gives out a challenge to make a passkey by.
pub(super) async fn begin_adding(call: Call) -> Answered {
    let page = Page::of(&call)?;
    let person = call.caller()?.person;
    let found = call.space.look(move |view| Ok((view.person(person)?, view.account(person)?))).await?;
    let name = found.0.map(|found| found.nickname).unwrap_or_default();
    let kept = found.1.map(|account| account.passkeys).unwrap_or_default();
    let known: Vec<String> = kept.iter().filter_map(known).map(|passkey| passkey.id).collect();
    let challenge = call.space.challenges.give(&page.adding_to(person), Instant::now());
    let user = json!({"id": URL_SAFE_NO_PAD.encode(person.to_string()), "name": name});
    Ok(json(&json!({"challenge": challenge, "rp_id": page.host, "user": user, "known": known})))
}

#[derive(Deserialize)]
struct Add {
    made: Registration,
    /// What a guest wants to be called from now on.
    name: Option<String>,
    /// What the passkey is called; if left out, like the device.
    #[serde(default)]
    label: String,
    /// The password, of an account that has one.
    #[serde(default)]
    password: String,
}

/// Adds a passkey to an account, or makes a guest's name their own with it.
pub(super) async fn add(call: Call) -> Answered {
    let asked: Add = call.read()?;
    let page = Page::of(&call)?;
    let Signed { person, .. } = call.caller()?;
    let has_account = call.caller.is_some_and(|caller| caller.has_account);
    if has_account {
        confirm(&call, person, &asked.password).await?;
    }
    let challenge = challenge_of(&asked.made.client_data).ok_or_else(Problem::wrong_passkey)?;
    if !call.space.challenges.take(&challenge, &page.adding_to(person), Instant::now()) {
        return Err(Problem::wrong_passkey());
    }
    let passkey = register(page.expected(&challenge), &asked.made).ok_or_else(Problem::wrong_passkey)?;
    let passkey = serde_json::to_string(&passkey).expect("this type has a JSON form");
    if has_account {
        let label = if asked.label.is_empty() { device(&call.headers) } else { asked.label };
        call.change(person, AccountChange::AddPasskey { passkey, label }).await?;
        return Ok(json(&json!({})));
    }
    rename(&call, person, asked.name.as_deref()).await?;
    let (session, label) = call.new_session();
    call.change(person, AccountChange::Claim { password: String::new(), passkey, session, label }).await?;
    call.signed_in(Signed { person, session }).await
}

#[derive(Deserialize)]
struct Label {
    passkey: Position,
    label: String,
}

/// Calls a passkey something else.
pub(super) async fn label(call: Call) -> Answered {
    let Label { passkey, label } = call.read()?;
    let person = call.caller()?.person;
    call.change(person, AccountChange::LabelPasskey { passkey, label }).await?;
    Ok(json(&json!({})))
}

#[derive(Deserialize)]
struct Remove {
    passkey: Position,
    #[serde(default)]
    password: String,
}

/// Removes a passkey.
pub(super) async fn remove(call: Call) -> Answered {
    let asked: Remove = call.read()?;
    let person = call.caller()?.person;
    confirm(&call, person, &asked.password).await?;
    call.change(person, AccountChange::RemovePasskey { passkey: asked.passkey }).await?;
    Ok(json(&json!({})))
}
