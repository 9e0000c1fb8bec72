//! What other sites vouch for: whose it is, that it is a way in, and when it is none any more.

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::Memory;
use parlor_chat::{
    AccountChange, Action, Fingerprint, Order, PersonId, Position, Proposal, Refusal, SessionId, Timestamp,
    limits,
};

use super::support::{START, accept, ask, person, proposal, refuse};
use super::{
    ONE, THREE, TWO, account, change, claim, link, look, open, set_totp, start_with, two_guests, use_link,
};

fn at_site(name: &str) -> Fingerprint {
    Fingerprint::of_secret(name)
}

fn link_identity(by: u64, name: &str) -> Proposal {
    change(by, AccountChange::LinkIdentity { identity: at_site(name), provider: "A site".into() })
}

fn unlink_identity(by: u64, identity: Position) -> Proposal {
    change(by, AccountChange::UnlinkIdentity { identity })
}

fn claim_by_identity(by: u64, name: &str, session: SessionId) -> Proposal {
    let (provider, label) = ("A site".into(), "a phone".into());
    change(by, AccountChange::ClaimByIdentity { identity: at_site(name), provider, session, label })
}

fn who_is(log: &LocalLog<Memory>, name: &str) -> Option<PersonId> {
    look(log, PersonId::SERVER, |view| view.who_is(at_site(name)).unwrap())
}

#[test]
fn an_identity_at_another_site_is_one_persons_and_a_way_in() {
    let mut log = two_guests();
    assert_eq!(refuse(&mut log, link_identity(1, "ada")), Refusal::NotClaimed);
    let nobody = AccountChange::ClaimByIdentity {
        identity: Fingerprint::default(),
        provider: "A site".into(),
        session: ONE,
        label: String::new(),
    };
    assert_eq!(refuse(&mut log, change(1, nobody)), Refusal::CredentialInvalid);
    accept(&mut log, claim_by_identity(1, "ada", ONE));
    assert_eq!(open(&log, 1), [11], "whoever knew the guest's session knows nothing now");
    assert_eq!(refuse(&mut log, claim_by_identity(1, "other", TWO)), Refusal::AlreadyClaimed);
    assert_eq!(refuse(&mut log, claim_by_identity(2, "ada", TWO)), Refusal::IdentityTaken);
    assert_eq!((who_is(&log, "ada"), who_is(&log, "other")), (Some(person(1)), None));
    let known = account(&log, 1).unwrap().identities;
    assert_eq!((known.len(), known[0].identity, known[0].provider.as_str()), (1, at_site("ada"), "A site"));
    assert_eq!((known[0].linked_at, known[0].used_at), (Timestamp(START), None));
    assert_eq!(account(&log, 1).unwrap().sessions[0].label, "a phone");

    accept(&mut log, start_with(TWO, known[0].id, 0));
    assert_eq!(account(&log, 1).unwrap().identities[0].used_at, Some(Timestamp(START)));
    assert_eq!(refuse(&mut log, unlink_identity(1, known[0].id)), Refusal::LastWayIn);
    assert!(ask(&mut log, link_identity(1, "ada")).event.is_none(), "it is linked already");
    accept(&mut log, link_identity(1, "other"));
    accept(&mut log, unlink_identity(1, known[0].id));
    assert!(ask(&mut log, unlink_identity(1, known[0].id)).event.is_none(), "it is not linked any more");
    assert_eq!(refuse(&mut log, start_with(THREE, known[0].id, 0)), Refusal::CredentialInvalid);
    assert_eq!(who_is(&log, "ada"), None);
    accept(&mut log, claim_by_identity(2, "ada", TWO));
    let others = account(&log, 2).unwrap().identities[0].id;
    assert!(ask(&mut log, unlink_identity(1, others)).event.is_none(), "it is somebody else's");
    assert_eq!(refuse(&mut log, start_with(THREE, others, 0)), Refusal::CredentialInvalid);
    assert_eq!(refuse(&mut log, link_identity(2, "other")), Refusal::IdentityTaken);
}

#[test]
fn identities_are_counted_and_go_with_a_link_and_with_the_person() {
    let mut log = two_guests();
    accept(&mut log, claim(1, ONE));
    for number in 0..limits::IDENTITIES {
        accept(&mut log, link_identity(1, &format!("number {number}")));
    }
    assert_eq!(refuse(&mut log, link_identity(1, "one more")), Refusal::TooManyIdentities);
    accept(&mut log, link("a", START + 10));
    accept(&mut log, use_link("a", START, TWO));
    assert_eq!(account(&log, 1).unwrap().identities, []);
    accept(&mut log, link_identity(1, "number 0"));
    accept(&mut log, proposal(person(1), Action::EraseMe));
    assert_eq!(who_is(&log, "number 0"), None);
    let mentioned = |log: &LocalLog<Memory>| {
        let entries = log.tail(Position(0), usize::MAX).unwrap();
        let octets: Vec<u8> = entries.iter().flat_map(|entry| entry.to_octets()).collect();
        let is_mentioned = |number: &usize| {
            let Fingerprint(identity) = at_site(&format!("number {number}"));
            octets.windows(identity.len()).any(|some| *some == identity)
        };
        (0..limits::IDENTITIES).filter(is_mentioned).count()
    };
    assert_eq!(mentioned(&log), 0, "the log knows none of them any more");
    accept(&mut log, claim_by_identity(2, "number 0", THREE));
    assert_eq!(mentioned(&log), 1);
}

#[test]
fn who_signs_in_by_another_site_is_asked_for_a_code_all_the_same() {
    let mut log = two_guests();
    accept(&mut log, claim_by_identity(1, "ada", ONE));
    let identity = account(&log, 1).unwrap().identities[0].id;
    accept(&mut log, set_totp(&[Fingerprint::of_secret("code")]));
    let shown = |session, step, code| {
        let label = "a phone".into();
        change(1, AccountChange::StartSession { session, label, with: identity, count: 0, step, code })
    };
    assert_eq!(refuse(&mut log, shown(TWO, 0, None)), Refusal::CodeUsed);
    assert_eq!(refuse(&mut log, shown(TWO, 1, None)), Refusal::CodeUsed);
    accept(&mut log, shown(TWO, 2, None));
    accept(&mut log, shown(THREE, 0, Some(Fingerprint::of_secret("code"))));
}

#[test]
fn whoever_is_banned_cannot_come_in_by_another_site() {
    let mut log = two_guests();
    accept(&mut log, claim_by_identity(1, "ada", ONE));
    let identity = account(&log, 1).unwrap().identities[0].id;
    let order = Order::Ban { person: person(1), until: None, reason: String::new() };
    accept(&mut log, proposal(PersonId::SERVER, Action::Order { order }));
    assert_eq!(refuse(&mut log, start_with(TWO, identity, 0)), Refusal::Banned);
    assert_eq!(refuse(&mut log, link_identity(1, "other")), Refusal::Banned);
}
