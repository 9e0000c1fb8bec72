//! What somebody signs in with: passwords, codes besides them, and passkeys.

use parlor_chat::log::LocalLog;
use parlor_chat::storage::{Memory, Storage};
use parlor_chat::{AccountChange, Fingerprint, Position, Proposal, Refusal, SessionId, Timestamp, limits};

use super::support::{START, accept, ask, refuse};
use super::{ONE, THREE, TWO, account, change, claim, set_totp, start, start_with, two_guests};

/// The same with a code besides.
fn with_codes(
    log: &LocalLog<impl Storage>,
    session: SessionId,
    step: u64,
    code: Option<Fingerprint>,
) -> Proposal {
    let (with, label) = (account(log, 1).unwrap().password_at, String::new());
    change(1, AccountChange::StartSession { session, label, with, count: 0, step, code })
}

#[test]
fn a_code_signs_in_once() {
    let mut log = two_guests();
    accept(&mut log, claim(1, ONE));
    let codes = ["a", "b", "c"].map(Fingerprint::of_secret);
    assert!(
        ask(&mut log, change(1, AccountChange::SetRecoveryCodes { codes: codes.to_vec() })).event.is_none()
    );
    accept(&mut log, set_totp(&codes[..2]));
    let mut asked = |session, step, code| {
        let wish = with_codes(&log, session, step, code);
        ask(&mut log, wish).verdict.map(|_| ())
    };
    let used = Err(Refusal::CodeUsed);
    assert_eq!(asked(TWO, 0, None), used, "without any");
    assert_eq!(asked(TWO, 1, None), used, "it has been shown when codes were set up");
    assert_eq!(asked(TWO, 5, None), Ok(()));
    assert_eq!(asked(THREE, 5, None), used);
    assert_eq!(asked(THREE, 4, None), used, "an older one");
    assert_eq!(asked(THREE, 0, Some(codes[2])), used, "it is none of theirs");
    assert_eq!(asked(THREE, 0, Some(codes[0])), Ok(()));
    assert_eq!(asked(SessionId(99), 0, Some(codes[0])), used);
    assert_eq!(account(&log, 1).unwrap().recovery_codes, 1);
    accept(&mut log, change(1, AccountChange::SetRecoveryCodes { codes: vec![codes[2]] }));
    let wish = with_codes(&log, SessionId(99), 0, Some(codes[1]));
    assert_eq!(refuse(&mut log, wish), Refusal::CodeUsed, "newer ones void it");
    accept(&mut log, change(1, AccountChange::RemoveTotp));
    assert_eq!(account(&log, 1).unwrap().recovery_codes, 0);
    let wish = start(&log, SessionId(99));
    accept(&mut log, wish);
}

#[test]
fn what_was_replaced_or_removed_while_somebody_signed_in_by_it_opens_nothing() {
    let mut log = two_guests();
    accept(&mut log, claim(1, ONE));
    let old = start(&log, TWO);
    accept(&mut log, change(1, AccountChange::SetPassword { password: "new".into(), keep: ONE }));
    assert_eq!(refuse(&mut log, old), Refusal::CredentialInvalid);
    assert_eq!(
        refuse(&mut log, start_with(TWO, Position(0), 0)),
        Refusal::CredentialInvalid,
        "nothing was shown"
    );
    accept(&mut log, change(1, AccountChange::AddPasskey { passkey: "key".into(), label: String::new() }));
    let passkey = account(&log, 1).unwrap().passkeys[0].id;
    accept(&mut log, change(1, AccountChange::RemovePasskey { passkey }));
    assert_eq!(refuse(&mut log, start_with(TWO, passkey, 0)), Refusal::CredentialInvalid);
}

#[test]
fn a_passkey_that_was_copied_is_noticed_by_its_count() {
    let mut log = two_guests();
    accept(&mut log, claim(1, ONE));
    accept(&mut log, set_totp(&[]));
    accept(&mut log, change(1, AccountChange::AddPasskey { passkey: "key".into(), label: String::new() }));
    let passkey = account(&log, 1).unwrap().passkeys[0].id;
    // Each with the session that it would begin. One that does not count says 0 always, and needs no code.
    let cases = [
        (0, 20, true),
        (0, 21, true),
        (7, 22, true),
        (7, 23, false),
        (6, 24, false),
        (0, 25, false),
        (8, 26, true),
    ];
    for (count, session, is_right) in cases {
        let verdict = ask(&mut log, start_with(SessionId(session), passkey, count)).verdict;
        let expected = if is_right { Ok(()) } else { Err(Refusal::CredentialInvalid) };
        assert_eq!(verdict.map(|_| ()), expected, "{count} in session {session}");
    }
    assert_eq!(account(&log, 1).unwrap().passkeys[0].used_at, Some(Timestamp(START)));
}

#[test]
fn a_passkey_is_called_what_it_is_called_last() {
    let mut log = two_guests();
    let (password, passkey, label) = (String::new(), "key".to_owned(), "a phone".to_owned());
    accept(&mut log, change(1, AccountChange::Claim { password, passkey, session: ONE, label }));
    let label_of = |log: &LocalLog<Memory>| account(log, 1).unwrap().passkeys[0].label.clone();
    let passkey = account(&log, 1).unwrap().passkeys[0].id;
    assert_eq!(label_of(&log), "a phone");
    for name in ["blue", "green"] {
        accept(&mut log, change(1, AccountChange::LabelPasskey { passkey, label: name.into() }));
        assert_eq!(label_of(&log), name);
    }
    let nobodys = AccountChange::LabelPasskey { passkey: Position(1), label: "x".into() };
    assert!(ask(&mut log, change(1, nobodys)).event.is_none());
    let broken = AccountChange::LabelPasskey { passkey, label: "a\nb".into() };
    assert_eq!(refuse(&mut log, change(1, broken)), Refusal::CredentialInvalid);
}

#[test]
fn the_last_way_to_sign_in_stays() {
    let mut log = two_guests();
    let nothing = AccountChange::Claim {
        password: String::new(),
        passkey: String::new(),
        session: ONE,
        label: String::new(),
    };
    assert_eq!(refuse(&mut log, change(1, nothing)), Refusal::CredentialInvalid);
    let by_passkey = AccountChange::Claim {
        password: String::new(),
        passkey: "one".into(),
        session: ONE,
        label: String::new(),
    };
    accept(&mut log, change(1, by_passkey));
    let add =
        |number: usize| AccountChange::AddPasskey { passkey: format!("key {number}"), label: "a key".into() };
    let remove = |id| change(1, AccountChange::RemovePasskey { passkey: id });
    let first = account(&log, 1).unwrap().passkeys[0].id;
    assert_eq!(refuse(&mut log, remove(first)), Refusal::LastWayIn);
    for number in 1..limits::PASSKEYS {
        accept(&mut log, change(1, add(number)));
    }
    assert_eq!(refuse(&mut log, change(1, add(0))), Refusal::TooManyPasskeys);
    accept(&mut log, remove(first));
    assert!(ask(&mut log, remove(Position(1))).event.is_none(), "it was none");
    for passkey in &account(&log, 1).unwrap().passkeys[1..] {
        accept(&mut log, remove(passkey.id));
    }
    let last = account(&log, 1).unwrap().passkeys;
    assert_eq!((last.len(), last[0].passkey.as_str(), last[0].label.as_str()), (1, "key 1", "a key"));
    accept(&mut log, change(1, AccountChange::SetPassword { password: "new".into(), keep: ONE }));
    accept(&mut log, remove(last[0].id));
}
