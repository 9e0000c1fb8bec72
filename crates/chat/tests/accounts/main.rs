//! Names that are somebody's: claimed once, signed in to from several devices, lost and come back to.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod identities;
#[path = "../support/mod.rs"]
mod support;
mod ways_in;

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::{Memory, Storage};
use parlor_chat::view::{Account, View};
use parlor_chat::{
    AccountChange, Action, Audience, Failure, Fingerprint, PersonId, Position, Proposal, Refusal, SessionId,
    Timestamp, limits,
};
use support::{Folder, START, accept, arrive, ask, memory, person, proposal, refuse};

const ONE: SessionId = SessionId(11);
const TWO: SessionId = SessionId(12);
const THREE: SessionId = SessionId(13);

fn change(by: u64, change: AccountChange) -> Proposal {
    proposal(person(by), Action::Account { change })
}

fn claim(by: u64, session: SessionId) -> Proposal {
    let (password, label) = (format!("secret-pass{by}."), format!("secret-label{by}."));
    change(by, AccountChange::Claim { password, passkey: String::new(), session, label })
}

/// The first one signs in by the password that is set now.
fn start(log: &LocalLog<impl Storage>, session: SessionId) -> Proposal {
    let with = account(log, 1).map(|account| account.password_at).unwrap_or_default();
    start_with(session, with, 0)
}

fn start_with(session: SessionId, with: Position, count: u64) -> Proposal {
    let label = "a phone".into();
    change(1, AccountChange::StartSession { session, label, with, count, step: 0, code: None })
}

/// Codes are asked for from now on, of which that of step 1 was shown.
fn set_totp(codes: &[Fingerprint]) -> Proposal {
    change(1, AccountChange::SetTotp { secret: "sealed".into(), step: 1, codes: codes.to_vec() })
}

fn rename(by: u64, nickname: &str) -> Proposal {
    proposal(person(by), Action::Rename { nickname: nickname.into() })
}

fn link(secret: &str, until: u64) -> Proposal {
    let link = Fingerprint::of_secret(secret);
    let change = AccountChange::IssueLink { person: person(1), link, until: Timestamp(until) };
    proposal(PersonId::SERVER, Action::Account { change })
}

fn use_link(secret: &str, at: u64, session: SessionId) -> Proposal {
    let (link, password) = (Fingerprint::of_secret(secret), "secret-newpass.".into());
    let change = AccountChange::UseLink { link, password, session, label: String::new() };
    Proposal { at: Timestamp(at), ..proposal(person(1), Action::Account { change }) }
}

fn look<T>(log: &LocalLog<impl Storage>, asker: PersonId, run: impl FnOnce(&View<'_>) -> T) -> T {
    let mut found = None;
    let mut run = Some(run);
    let mut source = log.source().unwrap();
    source
        .read(&mut |state| {
            found = Some((run.take().unwrap())(&View::new(state, asker).unwrap()));
            Ok(())
        })
        .unwrap();
    found.unwrap()
}

fn account(log: &LocalLog<impl Storage>, number: u64) -> Option<Account> {
    look(log, PersonId::SERVER, |view| view.account(person(number)).unwrap())
}

fn open(log: &LocalLog<impl Storage>, number: u64) -> Vec<u64> {
    let all = [SessionId::GUEST, ONE, TWO, THREE];
    look(log, PersonId::SERVER, |view| {
        let is_open = |session: &SessionId| view.is_signed_in(person(number), *session).unwrap();
        all.iter().filter(|session| is_open(session)).map(|session| session.0).collect()
    })
}

/// Ada and Bob, who are guests.
fn two_guests() -> LocalLog<Memory> {
    let mut log = memory();
    (1..=2).for_each(|number| _ = accept(&mut log, arrive(number)));
    log
}

#[test]
fn a_guest_who_claims_the_name_is_the_same_person_in_a_new_session() {
    let mut log = two_guests();
    assert_eq!(open(&log, 1), [0]);
    let wish = start(&log, ONE);
    assert_eq!(refuse(&mut log, wish), Refusal::NotClaimed);
    accept(&mut log, claim(1, ONE));
    assert_eq!(open(&log, 1), [11], "whoever knew the guest's session knows nothing now");
    assert_eq!(refuse(&mut log, claim(1, TWO)), Refusal::AlreadyClaimed);
    let found = account(&log, 1).unwrap();
    assert_eq!(
        (found.password.as_str(), found.sessions[0].label.as_str()),
        ("secret-pass1.", "secret-label1.")
    );
    assert_eq!(
        look(&log, person(2), |view| view.account(person(1))),
        Err(Failure::Refused(Refusal::NotAllowed))
    );
    assert_eq!(open(&log, 2), [0], "nothing changed for anybody else");
}

#[test]
fn nobody_hears_of_a_change_of_an_account() {
    let mut log = two_guests();
    let event = ask(&mut log, claim(1, ONE)).event.unwrap();
    assert_eq!((event.audience(), event.also_for()), (Audience::Nobody, vec![]));
}

#[test]
fn sessions_begin_and_end_one_by_one_and_all_at_once() {
    let mut log = two_guests();
    accept(&mut log, claim(1, ONE));
    let wish = start(&log, TWO);
    accept(&mut log, wish);
    let wish = start(&log, THREE);
    accept(&mut log, wish);
    let wish = start(&log, TWO);
    assert_eq!(refuse(&mut log, wish), Refusal::IdTaken, "nobody can be given a session that is known");
    let wish = start(&log, SessionId::GUEST);
    assert_eq!(refuse(&mut log, wish), Refusal::IdTaken);
    accept(&mut log, change(1, AccountChange::EndSession { session: TWO }));
    assert_eq!(open(&log, 1), [11, 13]);
    accept(&mut log, change(1, AccountChange::EndSessions { keep: THREE }));
    assert_eq!(open(&log, 1), [13]);
    accept(&mut log, change(1, AccountChange::SetPassword { password: "new".into(), keep: ONE }));
    assert_eq!(open(&log, 1), [], "another password ends every session but the one that is kept");
    assert!(ask(&mut log, change(1, AccountChange::EndSession { session: ONE })).event.is_none());
    for number in 0..=limits::SESSIONS as u64 {
        let wish = start(&log, SessionId(100 + number));
        accept(&mut log, wish);
    }
    let sessions = account(&log, 1).unwrap().sessions;
    assert_eq!(
        (sessions.len(), sessions[0].id),
        (limits::SESSIONS, SessionId(101)),
        "the first one made room"
    );
}

#[test]
fn a_guest_who_signs_out_departs() {
    let mut log = two_guests();
    accept(&mut log, change(1, AccountChange::EndSession { session: SessionId::GUEST }));
    assert_eq!(open(&log, 1), []);
    accept(&mut log, rename(2, "user-1"));
}

#[test]
fn a_link_lets_in_once_within_its_time_and_voids_everything_else() {
    let mut log = two_guests();
    assert_eq!(refuse(&mut log, link("a", START + 10)), Refusal::NotClaimed);
    accept(&mut log, claim(1, ONE));
    accept(&mut log, set_totp(&[]));
    let added = change(1, AccountChange::AddPasskey { passkey: "key".into(), label: String::new() });
    accept(&mut log, added);
    let by_herself = AccountChange::IssueLink {
        person: person(1),
        link: Fingerprint::of_secret("own"),
        until: Timestamp(u64::MAX),
    };
    assert_eq!(refuse(&mut log, change(1, by_herself)), Refusal::NotAllowed);
    accept(&mut log, link("a", START + 10));
    accept(&mut log, link("b", START + 10));
    assert_eq!(refuse(&mut log, use_link("a", START, TWO)), Refusal::LinkInvalid, "there is a newer one");
    assert_eq!(refuse(&mut log, use_link("b", START + 10, TWO)), Refusal::LinkInvalid, "its time has passed");
    accept(&mut log, use_link("b", START + 9, TWO));
    assert_eq!(refuse(&mut log, use_link("b", START + 9, THREE)), Refusal::LinkInvalid, "it was used");
    let found = account(&log, 1).unwrap();
    assert_eq!(
        (found.password.as_str(), found.totp.as_str(), found.passkeys),
        ("secret-newpass.", "", vec![])
    );
    assert_eq!(open(&log, 1), [12]);
}

#[test]
fn what_is_signed_in_with_has_bounds() {
    let mut log = two_guests();
    accept(&mut log, claim(1, ONE));
    let with = account(&log, 1).unwrap().password_at;
    let long = "x".repeat(limits::CREDENTIAL + 1);
    let many = vec![Fingerprint::of_secret("a"); limits::RECOVERY_CODES + 1];
    let label = "x".repeat(limits::LABEL + 1);
    let cases = [
        (AccountChange::SetPassword { password: long.clone(), keep: ONE }, Refusal::CredentialInvalid),
        (AccountChange::SetPassword { password: String::new(), keep: ONE }, Refusal::CredentialInvalid),
        (
            AccountChange::AddPasskey { passkey: long.clone(), label: String::new() },
            Refusal::CredentialInvalid,
        ),
        (AccountChange::AddPasskey { passkey: "a".into(), label: label.clone() }, Refusal::CredentialInvalid),
        (AccountChange::AddPasskey { passkey: "a".into(), label: "a\nb".into() }, Refusal::CredentialInvalid),
        (AccountChange::SetTotp { secret: long, step: 1, codes: vec![] }, Refusal::CredentialInvalid),
        (
            AccountChange::StartSession { session: TWO, label, with, count: 0, step: 0, code: None },
            Refusal::CredentialInvalid,
        ),
        (AccountChange::SetTotp { secret: "a".into(), step: 1, codes: many }, Refusal::TooManyAtOnce),
    ];
    for (wish, refusal) in cases {
        assert_eq!(refuse(&mut log, change(1, wish.clone())), refusal, "{wish:?}");
    }
    let servers = proposal(PersonId::SERVER, Action::Account { change: AccountChange::RemoveTotp });
    assert_eq!(refuse(&mut log, servers), Refusal::NotAllowed);
}

#[test]
fn nobody_looks_like_somebody_who_has_claimed_a_name() {
    let mut log = two_guests();
    accept(&mut log, arrive(3));
    accept(&mut log, rename(3, "pаypal"));
    accept(&mut log, rename(1, "paypal"));
    accept(&mut log, claim(1, ONE));
    for (name, refusal) in [
        ("PayPal", Refusal::NicknameTaken),
        ("раураl", Refusal::NicknameAlike),
        ("paypa1", Refusal::NicknameAlike),
        ("ＰayPal", Refusal::NicknameInvalid),
        ("Admin", Refusal::NicknameReserved),
        ("аdmin", Refusal::NicknameReserved),
    ] {
        assert_eq!(refuse(&mut log, rename(2, name)), refusal, "{name}");
    }
    assert_eq!(refuse(&mut log, claim(3, TWO)), Refusal::NicknameAlike, "had before, as a guest");
    accept(&mut log, rename(1, "Paypal"));
    assert_eq!(refuse(&mut log, rename(2, "paypa1")), Refusal::NicknameAlike);
    accept(&mut log, rename(1, "ada"));
    accept(&mut log, rename(2, "paypa1"));
    accept(&mut log, claim(2, TWO));
    assert_eq!(refuse(&mut log, rename(1, "paypal")), Refusal::NicknameAlike);
    accept(&mut log, proposal(person(2), Action::EraseMe));
    accept(&mut log, rename(1, "paypal"));
}

#[test]
fn what_is_replaced_or_ended_is_gone_from_the_files() {
    let folder = Folder::new();
    let mut log = folder.open();
    (1..=2).for_each(|number| _ = accept(&mut log, arrive(number)));
    accept(&mut log, claim(1, ONE));
    accept(&mut log, claim(2, ONE));
    accept(&mut log, change(1, AccountChange::SetPassword { password: "kept".into(), keep: TWO }));
    accept(&mut log, proposal(person(2), Action::EraseMe));
    assert_eq!(log.scrub(), Ok(true));
    let files =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    for octets in files {
        assert!(!String::from_utf8_lossy(&octets).contains("secret-"));
    }
    assert_eq!(account(&log, 1).unwrap().password, "kept");
    assert_eq!(account(&log, 2), None);
}

#[test]
fn a_session_that_begins_again_under_its_id_needs_no_entry_of_before() {
    let mut log = two_guests();
    accept(&mut log, claim(1, ONE));
    accept(&mut log, change(1, AccountChange::SetPassword { password: "kept".into(), keep: TWO }));
    let mut snapshot = Vec::new();
    let before = log.snapshot(&mut snapshot).unwrap();
    let mut restored = memory();
    restored.restore(&mut snapshot.as_slice()).unwrap();
    let wish = start(&log, ONE);
    accept(&mut log, wish);
    restored.replay(&log.tail(before, usize::MAX).unwrap()).unwrap();
    assert_eq!(restored.state_hash(), log.state_hash(), "the claim's entry holds nothing any more");
}
