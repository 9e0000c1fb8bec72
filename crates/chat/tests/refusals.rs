//! Every refusal, by a story that leads to it; and what is so already is accepted without an event.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::Memory;
use parlor_chat::{
    AccountChange, Action, Order, Origin, PersonId, Position, Proposal, Refusal, Retention, Role, RoomId,
    SecretHash, Sequence, SessionId, ShownInvite, Visibility, limits,
};
use support::{accept, arrive, ask, create, memory, person, post, proposal, refuse, room, say};

const LOBBY: RoomId = RoomId::LOBBY;

/// Ada (0) owns the public room 1 and the private room 2; Bob (1) is in both; Carl (2) is in neither. Room 3 is
/// Ada's and Bob's alone. In room 1 stand a message of Ada's at 3 and one of Bob's at 4.
fn house() -> LocalLog<Memory> {
    let mut log = memory();
    for number in 0..3 {
        accept(&mut log, arrive(number));
    }
    accept(&mut log, create(0, 1, Visibility::Public));
    accept(&mut log, create(0, 2, Visibility::Private));
    accept(&mut log, proposal(person(1), Action::Join { room: room(1) }));
    accept(&mut log, proposal(person(0), Action::Invite { room: room(2), person: person(1) }));
    accept(&mut log, proposal(person(0), Action::OpenDirect { room: room(3), with: vec![person(1)] }));
    assert_eq!(accept(&mut log, post(0, room(1), "by Ada")), Sequence(3));
    assert_eq!(accept(&mut log, post(1, room(1), "by Bob")), Sequence(4));
    log
}

fn by(number: u64, action: Action) -> Proposal {
    proposal(person(number), action)
}

fn nickname(text: &str) -> Action {
    Action::Rename { nickname: text.into() }
}

fn nothing_to_sign_in_with() -> AccountChange {
    let (password, passkey, label) = (String::new(), String::new(), String::new());
    AccountChange::Claim { password, passkey, session: SessionId(5), label }
}

fn new_room(visibility: Visibility, name: &str, topic: &str) -> Action {
    Action::CreateRoom { room: room(9), visibility, name: name.into(), topic: topic.into() }
}

fn answer(reply_to: Option<u64>, thread: Option<u64>, mentions: Vec<PersonId>) -> Action {
    let (reply_to, thread) = (reply_to.map(Sequence), thread.map(Sequence));
    Action::Post { room: room(1), text: "answer".into(), reply_to, thread, mentions }
}

fn react(message: u64, reaction: &str) -> Action {
    Action::React { room: room(1), message: Sequence(message), reaction: reaction.into() }
}

fn delete(message: u64) -> Action {
    Action::Delete { room: room(1), message: Sequence(message) }
}

fn edit(message: u64, text: &str) -> Action {
    Action::Edit { room: room(1), message: Sequence(message), text: text.into(), mentions: Vec::new() }
}

fn role(of: u64, role: Role) -> Action {
    Action::SetRole { room: room(1), person: person(of), role }
}

fn report(note: String) -> Action {
    Action::Order { order: Order::Report { room: room(1), message: Sequence(3), note } }
}

fn server(action: Action) -> Proposal {
    proposal(PersonId::SERVER, action)
}

fn long(length: usize) -> String {
    "x".repeat(length)
}

fn about_people() -> Vec<(Refusal, Proposal)> {
    use Refusal::*;
    vec![
        (UnknownPerson, by(7, say(LOBBY, "hello"))),
        (UnknownPerson, by(7, Action::Depart)),
        (Unsupported, by(0, Action::Unknown)),
        (OfferInvalid, by(0, Action::Order { order: Order::ClaimOwnership { secret: SecretHash(7) } })),
        (InviteInvalid, by(0, Action::Order { order: Order::UseInvite { shown: ShownInvite::default() } })),
        (
            NoSuchOrder,
            server(Action::Order { order: Order::Purge { withheld: Position(7), messages: vec![] } }),
        ),
        (ReasonInvalid, by(0, report(long(limits::REASON + 1)))),
        (ReasonInvalid, by(0, report("two\nlines".into()))),
        (IdTaken, arrive(0)),
        (IdTaken, server(Action::Arrive { nickname: "root".into(), from: Origin::default() })),
        (
            IdTaken,
            by(
                1,
                Action::CreateRoom {
                    room: LOBBY,
                    visibility: Visibility::Private,
                    name: "x".into(),
                    topic: String::new(),
                },
            ),
        ),
        (IdTaken, by(1, Action::OpenDirect { room: room(1), with: vec![person(2)] })),
        (
            NicknameTaken,
            proposal(person(7), Action::Arrive { nickname: "User-1".into(), from: Origin::default() }),
        ),
        (NicknameTaken, by(0, nickname("user-2"))),
        (NicknameReserved, by(0, nickname("Admin"))),
        (NotClaimed, by(0, Action::Account { change: AccountChange::RemoveTotp })),
        (CredentialInvalid, by(0, Action::Account { change: nothing_to_sign_in_with() })),
        (NicknameInvalid, by(0, nickname(""))),
        (NicknameInvalid, by(0, nickname(&long(limits::NICKNAME + 1)))),
        (NicknameInvalid, by(0, nickname("a\u{202e}b"))),
        (NoSuchPerson, by(0, Action::Invite { room: room(1), person: person(7) })),
        (NoSuchPerson, by(0, role(2, Role::Moderator))),
        (NoSuchPerson, by(0, Action::OpenDirect { room: room(9), with: vec![person(7)] })),
        (NoSuchPerson, server(Action::EndErasure { person: person(0) })),
    ]
}

fn about_rooms() -> Vec<(Refusal, Proposal)> {
    use Refusal::*;
    vec![
        (NoSuchRoom, by(2, say(room(2), "hello"))),
        (NoSuchRoom, by(2, Action::Join { room: room(2) })),
        (NoSuchRoom, by(2, Action::Join { room: room(3) })),
        (NoSuchRoom, by(0, say(room(8), "hello"))),
        (RoomNameTaken, by(1, new_room(Visibility::Public, "ROOM 1", ""))),
        (RoomNameTaken, by(1, new_room(Visibility::Public, "Lobby", ""))),
        (RoomNameTaken, by(0, Action::RenameRoom { room: room(1), name: "lobby".into() })),
        (RoomNameInvalid, by(1, new_room(Visibility::Public, " x", ""))),
        (RoomNameInvalid, by(1, new_room(Visibility::Private, &long(limits::ROOM_NAME + 1), ""))),
        (TopicInvalid, by(1, new_room(Visibility::Public, "x", &long(limits::TOPIC + 1)))),
        (TopicInvalid, by(0, Action::SetTopic { room: room(1), topic: "two\nlines".into() })),
        (NotAMember, by(2, say(room(1), "hello"))),
        (NotAMember, by(2, react(3, "x"))),
        (NotAMember, by(2, Action::Read { room: room(1), up_to: Sequence(1) })),
        (NotAllowed, by(1, new_room(Visibility::Direct, "x", ""))),
        (NotAllowed, by(0, Action::Leave { room: LOBBY })),
        (NotAllowed, by(0, Action::Leave { room: room(3) })),
        (NotAllowed, by(0, Action::Invite { room: room(3), person: person(2) })),
        (NotAllowed, by(1, Action::Remove { room: room(1), person: person(0) })),
        (NotAllowed, by(0, Action::Remove { room: room(1), person: person(0) })),
        (NotAllowed, by(1, role(1, Role::Owner))),
        (NotAllowed, by(1, Action::RenameRoom { room: room(1), name: "mine".into() })),
        (NotAllowed, by(1, Action::SetTopic { room: LOBBY, topic: "mine".into() })),
        (NotAllowed, by(1, Action::SetRetention { room: room(1), retention: Retention::Forever })),
        (NotAllowed, by(1, Action::SetWebAccess { room: room(1), open: true })),
        (NotAllowed, by(1, Action::SetWebAccess { room: LOBBY, open: true })),
        (NotAllowed, server(Action::SetWebAccess { room: room(2), open: true })),
        (NotAllowed, by(0, Action::SetWebAccess { room: room(3), open: true })),
        (NotAllowed, by(0, Action::Expire { room: room(1), messages: vec![Sequence(3)] })),
        (NotAllowed, by(0, Action::SetServerRetention { retention: Retention::Forever })),
        (NotAllowed, by(0, Action::EndErasure { person: person(1) })),
        (NotAllowed, server(Action::EraseMe)),
        (LastOwner, by(0, Action::Leave { room: room(1) })),
        (LastOwner, by(0, role(0, Role::Member))),
    ]
}

fn about_messages() -> Vec<(Refusal, Proposal)> {
    use Refusal::*;
    vec![
        (NoSuchMessage, by(0, answer(Some(99), None, vec![]))),
        (NoSuchMessage, by(0, answer(None, Some(2), vec![]))),
        (NoSuchMessage, by(0, react(1, "x"))),
        (NoSuchMessage, by(0, delete(5))),
        (NotTheAuthor, by(0, edit(4, "put in Bob's mouth"))),
        (NotTheAuthor, by(1, delete(3))),
        (NotTheAuthor, by(2, delete(3))),
        (TextTooLong, by(0, say(LOBBY, &long(limits::TEXT + 1)))),
        (TextTooLong, by(0, edit(3, &long(limits::TEXT + 1)))),
        (TooManyMentions, by(0, answer(None, None, vec![person(1); limits::MENTIONS + 1]))),
        (ReactionInvalid, by(0, react(3, ""))),
        (ReactionInvalid, by(0, react(3, "two words"))),
        (ReactionInvalid, by(0, react(3, &long(limits::REACTION + 1)))),
        (DirectPeopleInvalid, by(0, Action::OpenDirect { room: room(9), with: vec![person(0)] })),
        (
            DirectPeopleInvalid,
            by(0, Action::OpenDirect { room: room(9), with: vec![person(1); limits::DIRECT_PEOPLE] }),
        ),
        (NotThereYet, by(0, Action::Read { room: room(1), up_to: Sequence(5) })),
        (
            TooManyAtOnce,
            server(Action::Expire { room: LOBBY, messages: vec![Sequence(1); limits::ERASED_AT_ONCE + 1] }),
        ),
        (
            RetentionInvalid,
            by(0, Action::SetRetention { room: room(1), retention: Retention::Milliseconds(999) }),
        ),
    ]
}

#[test]
fn each_refusal_has_its_reasons() {
    use Refusal::*;
    let cases = [about_people(), about_rooms(), about_messages()].concat();
    let mut log = house();
    let before = log.state_hash().unwrap();
    for (expected, proposal) in &cases {
        assert_eq!(refuse(&mut log, proposal.clone()), *expected, "{proposal:?}");
    }
    let entries = log.tail(Position(0), usize::MAX).unwrap();
    let kept = entries.last().unwrap().to_octets().len();
    assert!(kept < 10, "a refused proposal leaves {kept} octets");
    // Only how far the log is applied has changed.
    let mut other = house();
    for _ in &cases {
        refuse(&mut other, by(7, Action::Depart));
    }
    assert_ne!(log.state_hash().unwrap(), before);
    assert_eq!(log.state_hash().unwrap(), other.state_hash().unwrap());

    let by_limits = [TooManyReactions, TooManyPins, TooManyRooms, BroughtTooOften];
    // In tests/accounts.rs, where names are claimed.
    let of_accounts = [
        NicknameAlike,
        AlreadyClaimed,
        CodeUsed,
        LinkInvalid,
        LastWayIn,
        TooManyPasskeys,
        IdentityTaken,
        TooManyIdentities,
    ];
    let by_limits = [&by_limits[..], &of_accounts].concat();
    // Each of them takes somebody who keeps the peace: see the tests called `peace`.
    let by_orders = [
        Banned,
        Muted,
        ClaimFirst,
        SlowMode,
        Filtered,
        NotInvited,
        LastServerOwner,
        TooManyOrders,
        RangeBanned,
    ];
    let covered = |refusal| {
        by_limits.contains(refusal)
            || by_orders.contains(refusal)
            || cases.iter().any(|(one, _)| one == refusal)
    };
    let missing: Vec<_> = Refusal::ALL.iter().filter(|refusal| !covered(refusal)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn what_is_counted_is_refused_beyond_its_limit() {
    let mut log = house();
    for number in 0..limits::REACTIONS {
        accept(&mut log, by(0, react(3, &format!(":{number}:"))));
    }
    assert_eq!(refuse(&mut log, by(0, react(3, "new"))), Refusal::TooManyReactions);
    accept(&mut log, by(1, react(3, ":7:")));

    let pin = |message| Action::Pin { room: LOBBY, message };
    let mut messages =
        (0..=limits::PINS).map(|_| accept(&mut log, post(0, LOBBY, "pin me"))).collect::<Vec<_>>();
    let last = messages.pop().unwrap();
    for message in &messages {
        accept(&mut log, by(1, pin(*message)));
    }
    assert_eq!(refuse(&mut log, by(1, pin(last))), Refusal::TooManyPins);
    accept(&mut log, by(0, Action::Delete { room: LOBBY, message: messages[0] }));
    accept(&mut log, by(1, pin(last)));

    // Bob is in three rooms.
    let batch: Vec<_> =
        (3..limits::ROOMS).map(|number| create(1, 1_000 + number, Visibility::Private)).collect();
    assert!(log.append(&batch).unwrap().iter().all(|outcome| outcome.verdict.is_ok()));
    // The three of them have no conversation yet.
    let direct = |from: u64| {
        let with = (0..3).filter(|who| *who != from).map(person).collect();
        by(from, Action::OpenDirect { room: room(98), with })
    };
    for proposal in [create(1, 99, Visibility::Private), direct(1)] {
        assert_eq!(refuse(&mut log, proposal), Refusal::TooManyRooms);
    }
    // Others cannot fill up the last hundred for him.
    accept(&mut log, create(0, 97, Visibility::Private));
    let invite = |who| by(0, Action::Invite { room: room(97), person: person(who) });
    for left in 0..limits::ROOMS - limits::ROOMS_BY_OTHERS {
        assert_eq!(refuse(&mut log, direct(0)), Refusal::BroughtTooOften, "{left}");
        assert_eq!(refuse(&mut log, invite(1)), Refusal::BroughtTooOften, "{left}");
        accept(&mut log, by(1, Action::Leave { room: room(1_003 + left) }));
    }
    assert_eq!(refuse(&mut log, invite(1)), Refusal::BroughtTooOften);
    accept(&mut log, by(1, Action::Leave { room: room(1_200) }));
    accept(&mut log, invite(1));
    for number in 0..limits::ROOMS - limits::ROOMS_BY_OTHERS {
        accept(&mut log, create(1, 5_000 + number, Visibility::Private));
    }
    accept(&mut log, by(1, Action::Leave { room: room(1) }));
    accept(&mut log, create(1, 99, Visibility::Private));
    accept(&mut log, by(1, Action::Depart));
}

#[test]
fn what_is_so_already_is_accepted_and_changes_nothing() {
    let mut log = house();
    accept(&mut log, by(0, react(3, "x")));
    accept(&mut log, by(0, Action::Pin { room: room(1), message: Sequence(3) }));
    accept(&mut log, by(0, Action::Read { room: room(1), up_to: Sequence(3) }));
    let cases = [
        by(0, nickname("user-0")),
        by(1, Action::Join { room: room(1) }),
        by(1, Action::Join { room: LOBBY }),
        by(2, Action::Leave { room: room(1) }),
        by(0, Action::Invite { room: room(1), person: person(1) }),
        by(0, Action::Invite { room: LOBBY, person: person(1) }),
        by(0, Action::Remove { room: room(1), person: person(2) }),
        by(0, role(1, Role::Member)),
        by(0, Action::RenameRoom { room: room(1), name: "room 1".into() }),
        by(0, Action::SetTopic { room: room(1), topic: String::new() }),
        by(0, Action::SetRetention { room: room(1), retention: Retention::Inherit }),
        by(0, Action::SetWebAccess { room: room(1), open: false }),
        by(0, edit(3, "by Ada")),
        by(0, react(3, "x")),
        by(1, Action::Unreact { room: room(1), message: Sequence(3), reaction: "x".into() }),
        by(1, Action::Pin { room: room(1), message: Sequence(3) }),
        by(1, Action::Unpin { room: room(1), message: Sequence(4) }),
        by(0, Action::Read { room: room(1), up_to: Sequence(3) }),
        by(1, Action::OpenDirect { room: room(9), with: vec![person(0)] }),
        proposal(
            PersonId::SERVER,
            Action::Expire { room: room(1), messages: vec![Sequence(3), Sequence(99)] },
        ),
        proposal(PersonId::SERVER, Action::SetServerRetention { retention: Retention::Inherit }),
    ];
    for proposal in cases {
        let outcome = ask(&mut log, proposal.clone());
        assert!(outcome.verdict.is_ok() && outcome.event.is_none(), "{proposal:?}: {outcome:?}");
    }
    let open = ask(&mut log, by(1, Action::OpenDirect { room: room(9), with: vec![person(0)] }));
    assert_eq!(open.verdict.unwrap().place.unwrap().room, room(3), "the receipt says which is open");
}

#[test]
fn roles_allow_what_they_say() {
    let mut log = house();
    accept(&mut log, by(0, role(1, Role::Moderator)));
    accept(&mut log, by(1, Action::SetTopic { room: room(1), topic: "by Bob".into() }));
    accept(&mut log, by(1, Action::SetWebAccess { room: room(1), open: true }));
    accept(&mut log, by(1, delete(3)));
    accept(&mut log, by(2, Action::Join { room: room(1) }));
    accept(&mut log, by(1, Action::Remove { room: room(1), person: person(2) }));
    accept(&mut log, by(0, role(1, Role::Owner)));
    accept(&mut log, by(0, Action::Leave { room: room(1) }));
    // Whoever is alone may leave a room to itself.
    accept(&mut log, by(1, Action::Leave { room: room(1) }));
    // In the lobby the server gives the roles.
    let lobby_role = Action::SetRole { room: LOBBY, person: person(2), role: Role::Moderator };
    accept(&mut log, proposal(PersonId::SERVER, lobby_role));
    accept(&mut log, by(2, Action::SetTopic { room: LOBBY, topic: "by Carl".into() }));
}

#[test]
fn a_thread_has_one_level_and_mentions_reach_only_readers() {
    let mut log = house();
    let first = accept(&mut log, by(1, answer(None, Some(3), vec![])));
    let outcome = ask(&mut log, by(0, answer(Some(first.0), Some(first.0), vec![])));
    let parlor_chat::What::Posted { thread, reply_to, .. } = outcome.event.unwrap().what else { panic!() };
    assert_eq!((thread, reply_to), (Some(Sequence(3)), Some(first)));

    let said = Action::Post {
        room: room(2),
        text: "hello".into(),
        reply_to: None,
        thread: None,
        mentions: vec![person(1), person(2), person(7), person(1)],
    };
    let outcome = ask(&mut log, by(0, said));
    let parlor_chat::What::Posted { mentions, .. } = outcome.event.unwrap().what else { panic!() };
    assert_eq!(mentions, [person(1)], "Carl cannot read the private room, and nobody is mentioned twice");
}
