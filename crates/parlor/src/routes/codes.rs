//! Codes that are asked for besides the password, and those that stand in for them.

use std::fmt::Write;

use parlor_chat::view::Account;
use parlor_chat::{AccountChange, Fingerprint, PersonId, Position, Refusal, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answered, Problem, json};
use super::call::Call;
use super::me::confirm;
use super::shown::Shown;
use crate::account::totp;

/// Recovery codes that are made at once.
const RECOVERY_CODES: usize = 10;

/// What is shown by a password or an identity that is right, and the code that the account asks for. Whether a recovery
/// code is good, the log decides.
pub(super) fn shown(
    call: &Call,
    person: PersonId,
    account: &Account,
    with: Position,
    code: &str,
) -> Result<Shown, Problem> {
    let first = Shown { with, ..Shown::default() };
    if account.totp.is_empty() {
        return Ok(first);
    }
    if code.trim().is_empty() {
        return Err(Problem::code_needed());
    }
    if code.contains('-') {
        return Ok(Shown { code: Some(fingerprint(code)), ..first });
    }
    // With another secret of the server, nobody's code is right, and recovery codes still are.
    let secret = call.space.seal.open(&account.totp, &context(person)).ok_or_else(Problem::wrong_code)?;
    let step = totp::step_of(&secret, code, Timestamp::now().0).ok_or_else(Problem::wrong_code)?;
    Ok(Shown { step, ..first })
}

/// What a secret is sealed for.
fn context(person: PersonId) -> String {
    format!("codes of {person}")
}

/// Makes a secret, which counts once a code of it has been shown.
pub(super) async fn begin(call: Call) -> Answered {
    let person = call.caller()?.person;
    let name = call.space.look(move |view| Ok(view.person(person)?)).await?.map(|found| found.nickname);
    let secret = totp::new_secret();
    let sealed = call.space.seal.seal(&secret, &context(person));
    let uri = totp::uri(&secret, &name.unwrap_or_default());
    Ok(json(&json!({"secret": totp::in_base32(&secret), "uri": uri, "sealed": sealed})))
}

#[derive(Deserialize)]
struct Set {
    sealed: String,
    code: String,
    #[serde(default)]
    password: String,
}

/// Asks for codes from now on, and hands out recovery codes.
pub(super) async fn set(call: Call) -> Answered {
    let asked: Set = call.read()?;
    let person = call.caller()?.person;
    confirm(&call, person, &asked.password).await?;
    let attempt = call.begin_attempt(&format!("codes of {person}"))?;
    let secret = call.space.seal.open(&asked.sealed, &context(person)).ok_or_else(Problem::wrong_code)?;
    let step = totp::step_of(&secret, &asked.code, Timestamp::now().0).ok_or_else(Problem::wrong_code)?;
    call.space.counters.attempts.right(&attempt);
    let (told, codes) = recovery_codes();
    call.change(person, AccountChange::SetTotp { secret: asked.sealed, step, codes }).await?;
    Ok(json(&told))
}

#[derive(Deserialize, Default)]
struct Confirmed {
    #[serde(default)]
    password: String,
}

/// Asks for codes no longer.
pub(super) async fn remove(call: Call) -> Answered {
    let asked: Confirmed = call.read()?;
    let person = call.caller()?.person;
    confirm(&call, person, &asked.password).await?;
    call.change(person, AccountChange::RemoveTotp).await?;
    Ok(json(&json!({})))
}

/// Hands out new recovery codes; those before are void.
pub(super) async fn renew(call: Call) -> Answered {
    let asked: Confirmed = call.read()?;
    let person = call.caller()?.person;
    confirm(&call, person, &asked.password).await?;
    let account = call.space.look(move |view| view.account(person)).await?;
    if account.is_none_or(|account| account.totp.is_empty()) {
        return Err(Refusal::NotAllowed.into());
    }
    let (told, codes) = recovery_codes();
    call.change(person, AccountChange::SetRecoveryCodes { codes }).await?;
    Ok(json(&told))
}

/// New recovery codes: what is told of them, once, and what is kept of them.
fn recovery_codes() -> (Value, Vec<Fingerprint>) {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let kept = codes.iter().map(|code| fingerprint(code)).collect();
    (json!({"recovery_codes": codes}), kept)
}

/// 80 random bits, in groups that can be copied by hand.
fn recovery_code() -> String {
    let mut code = String::new();
    for group in 0..5 {
        let dash = if group == 0 { "" } else { "-" };
        // Writing to a text cannot fail.
        let _ = write!(code, "{dash}{:04x}", crate::identity::random() & 0xffff);
    }
    code
}

/// Of a code as people type it.
fn fingerprint(code: &str) -> Fingerprint {
    Fingerprint::of_secret(&code.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_known_again_however_it_is_typed() {
        let code = recovery_code();
        assert_eq!(code.len(), 24);
        assert_eq!(fingerprint(&format!(" {} ", code.to_uppercase())), fingerprint(&code));
        assert_ne!(recovery_code(), code);
    }
}
