//! What the log keeps about somebody is shown to them whole, and to nobody else.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::Memory;
use parlor_chat::view::{Concerning, View};
use parlor_chat::{
    AccountChange, Action, Event, Failure, Fingerprint, Order, PersonId, Position, Refusal, RoomId,
    Selection, Sequence, SessionId, Timestamp, Visibility, What,
};
use support::{START, accept, arrive, create, memory, person, post, proposal, room};

const LAST: Position = Position(u64::MAX);

fn concerning(
    log: &LocalLog<Memory>,
    asker: PersonId,
    of: PersonId,
    after: Position,
    up_to: Position,
) -> Result<Concerning, Failure> {
    let mut found = None;
    let mut source = log.source().unwrap();
    source
        .read(&mut |state| {
            found = Some(View::new(state, asker).unwrap().concerning(of, after, up_to));
            Ok(())
        })
        .unwrap();
    found.unwrap()
}

fn all(log: &LocalLog<Memory>, of: PersonId) -> Vec<Event> {
    let mut pieces = vec![concerning(log, of, of, Position(0), LAST).unwrap()];
    while let Some(next) = pieces[pieces.len() - 1].next {
        pieces.push(concerning(log, of, of, next, LAST).unwrap());
    }
    pieces.into_iter().flat_map(|piece| piece.events).collect()
}

fn mention(by: u64, text: &str, mentions: &[u64]) -> parlor_chat::Proposal {
    let mentions = mentions.iter().map(|number| person(*number)).collect();
    let room = RoomId::LOBBY;
    proposal(person(by), Action::Post { room, text: text.into(), reply_to: None, thread: None, mentions })
}

#[test]
fn somebody_is_shown_what_they_did_and_what_others_did_to_them() {
    let mut log = memory();
    (1..=3).for_each(|number| _ = accept(&mut log, arrive(number)));
    accept(&mut log, create(2, 1, Visibility::Private));
    accept(&mut log, proposal(person(2), Action::Invite { room: room(1), person: person(1) }));
    accept(&mut log, proposal(person(2), Action::Invite { room: room(1), person: person(3) }));
    accept(&mut log, post(1, room(1), "mine"));
    accept(&mut log, post(2, room(1), "theirs"));
    let (message, reaction) = (Sequence(4), "👍".to_owned());
    accept(&mut log, proposal(person(1), Action::React { room: room(1), message, reaction }));
    accept(&mut log, mention(2, "a secret for two", &[3, 1]));
    accept(&mut log, mention(2, "nobody's business", &[3]));
    accept(&mut log, proposal(person(1), Action::Read { room: RoomId::LOBBY, up_to: Sequence(1) }));
    accept(&mut log, proposal(person(2), Action::Remove { room: room(1), person: person(1) }));
    let claim = AccountChange::Claim {
        password: "hash".into(),
        passkey: String::new(),
        session: SessionId(11),
        label: "a phone".into(),
    };
    accept(&mut log, proposal(person(1), Action::Account { change: claim }));
    let (link, until) = (Fingerprint::of_secret("link"), Timestamp(START + 1));
    let issue = AccountChange::IssueLink { person: person(1), link, until };
    accept(&mut log, proposal(PersonId::SERVER, Action::Account { change: issue }));

    let order = |by, order| proposal(by, Action::Order { order });
    for number in [1, 3] {
        let mute = Order::Mute { person: person(number), room: None, until: None, reason: "loud".into() };
        accept(&mut log, order(PersonId::SERVER, mute));
    }
    let report = Order::Report { room: RoomId::LOBBY, message: Sequence(1), note: "rude".into() };
    accept(&mut log, order(person(3), report));
    let selection = Selection { people: vec![person(1), person(3)], ..Selection::default() };
    accept(&mut log, order(PersonId::SERVER, Order::Undo { selection }));
    let undone = log.last();
    accept(&mut log, order(PersonId::SERVER, Order::Restore { withheld: undone, rooms: Vec::new() }));

    let events = all(&log, person(1));
    let told: Vec<String> = events
        .iter()
        .map(|event| match &event.what {
            What::Posted { text, mentions, .. } => format!("posted {text:?} {}", mentions.len()),
            What::Ordered { order: Order::Undone { undone } } => format!("undone {}", undone.people.len()),
            what => serde_json::to_value(what).unwrap()["type"].as_str().unwrap().to_owned(),
        })
        .collect();
    let expected = [
        "arrived",
        "joined",
        "posted \"mine\" 0",
        "reacted",
        "posted \"\" 1",
        "read",
        "left",
        "account",
        "account",
        "ordered",
        "undone 1",
    ];
    assert_eq!(told, expected);
    assert!(events.is_sorted_by_key(|event| event.position));
}

#[test]
fn nobody_else_is_shown_it_but_the_server() {
    let mut log = memory();
    (1..=2).for_each(|number| _ = accept(&mut log, arrive(number)));
    let refused = concerning(&log, person(2), person(1), Position(0), LAST);
    assert_eq!(refused, Err(Refusal::NotAllowed.into()));
    let own = concerning(&log, person(1), person(1), Position(0), LAST).unwrap();
    assert_eq!(concerning(&log, PersonId::SERVER, person(1), Position(0), LAST).unwrap(), own);
    assert_eq!((own.events.len(), own.next), (1, None));
}

#[test]
fn it_is_read_in_pieces_that_are_bounded_and_up_to_where_it_is_asked_for() {
    let mut log = memory();
    (1..=2).for_each(|number| _ = accept(&mut log, arrive(number)));
    let text = "x".repeat(10_000);
    for number in 0..200 {
        accept(&mut log, post(1, RoomId::LOBBY, &format!("{number} {text}")));
    }
    let others: Vec<_> = (0..5_000).map(|number| post(2, RoomId::LOBBY, &number.to_string())).collect();
    others.chunks(1_000).for_each(|chunk| assert_eq!(log.append(chunk).unwrap().len(), 1_000));
    accept(&mut log, post(1, RoomId::LOBBY, "the last"));

    let (mut after, mut found, mut without) = (Some(Position(0)), 0, 0);
    while let Some(place) = after {
        let piece = concerning(&log, person(1), person(1), place, LAST).unwrap();
        assert!(piece.events.len() <= 64, "{} events at once", piece.events.len());
        without += usize::from(piece.events.is_empty());
        found += piece.events.len();
        after = piece.next;
    }
    assert_eq!((found, without), (202, 1), "what is others' is looked at in pieces, too");
    let some = concerning(&log, person(1), person(1), Position(10), Position(13)).unwrap();
    assert_eq!(some.events.iter().map(|event| event.position.0).collect::<Vec<_>>(), [11, 12, 13]);
    assert_eq!(some.next, None);
}
