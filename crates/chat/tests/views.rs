//! What people see: their rooms, history in every direction, what they missed, and never what is not theirs.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::Memory;
use parlor_chat::view::{From, Since, Unread, View};
use parlor_chat::{
    Action, Failure, PersonId, Position, Refusal, Role, RoomId, Sequence, Visibility, What, limits,
};
use support::{accept, arrive, create, memory, person, post, proposal, room};

/// Ada (0) and Bob (1) are in the private room 1, Carl (2) is not. Everybody is in the lobby.
fn house() -> LocalLog<Memory> {
    let mut log = memory();
    (0..3).for_each(|number| _ = accept(&mut log, arrive(number)));
    accept(&mut log, create(0, 1, Visibility::Private));
    accept(&mut log, proposal(person(0), Action::Invite { room: room(1), person: person(1) }));
    log
}

fn see<T>(
    log: &LocalLog<Memory>,
    asker: u64,
    look: impl Fn(&View<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut result = None;
    let mut source = log.source()?;
    source.read(&mut |state| {
        result = Some(View::new(state, person(asker)).and_then(|view| look(&view)));
        Ok(())
    })?;
    result.expect("a source calls once")
}

#[test]
fn the_web_sees_rooms_that_are_open_to_it_and_nothing_else() {
    let mut log = house();
    let (public, private) = (room(2), room(1));
    accept(&mut log, create(0, 2, Visibility::Public));
    let message = accept(&mut log, post(0, public, "for everybody"));
    accept(&mut log, post(0, private, "between us"));
    let look = |log: &LocalLog<Memory>, room: RoomId| {
        see(log, 0, |view| {
            let web = view.web();
            let found = web.room(room)?;
            assert_eq!(web.room_called(&found.name.to_uppercase())?, found);
            assert_eq!(web.rooms("", 9)?.0, [found]);
            web.message(room, message)?;
            Ok(web.history(room, From::Latest, 9)?.messages.len())
        })
    };
    let nothing = Err(Failure::Refused(Refusal::NoSuchRoom));
    for (open, expected) in [(false, nothing.clone()), (true, Ok(1)), (false, nothing.clone())] {
        accept(&mut log, proposal(person(0), Action::SetWebAccess { room: public, open }));
        assert_eq!(look(&log, public), expected, "{open}");
        for closed in [private, RoomId::LOBBY, room(9)] {
            assert_eq!(look(&log, closed), nothing, "{open}");
        }
        type Look = fn(&View<'_>) -> Result<(), Failure>;
        let looks: [Look; 2] = [
            |view| view.web().history(room(1), From::Latest, 9).map(drop),
            |view| view.web().message(room(1), Sequence(3)).map(drop),
        ];
        for look in looks {
            assert_eq!(see(&log, 0, look), Err(Failure::Refused(Refusal::NoSuchRoom)));
        }
    }
}

#[test]
fn what_is_private_is_seen_by_its_members_alone() {
    let mut log = house();
    let message = accept(&mut log, post(0, room(1), "between us"));
    accept(&mut log, proposal(person(0), Action::Pin { room: room(1), message }));
    type Look = fn(&View<'_>) -> Result<(), Failure>;
    let looks: [(&str, Look); 9] = [
        ("room", |view| view.room(room(1)).map(drop)),
        ("members", |view| view.members(room(1), PersonId(0), 9).map(drop)),
        ("history", |view| view.history(room(1), From::Latest, 9).map(drop)),
        ("around", |view| view.history(room(1), From::Around(Sequence(3)), 9).map(drop)),
        ("since", |view| view.since(room(1), Sequence(0), 9).map(drop)),
        ("message", |view| view.message(room(1), Sequence(3)).map(drop)),
        ("thread", |view| view.thread(room(1), Sequence(3), Sequence(0), 9).map(drop)),
        ("pins", |view| view.pins(room(1)).map(drop)),
        ("reacted", |view| view.reacted(room(1), Sequence(3), "x", PersonId(0), 9).map(drop)),
    ];
    for (name, look) in looks {
        assert_eq!(see(&log, 1, look), Ok(()), "{name}");
        assert_eq!(see(&log, 2, look), Err(Failure::Refused(Refusal::NoSuchRoom)), "{name}");
        assert_eq!(see(&log, 9, look), Err(Failure::Refused(Refusal::UnknownPerson)), "{name}");
    }
    let rooms =
        |asker| see(&log, asker, |view| Ok(view.rooms()?.iter().map(|room| room.id).collect::<Vec<_>>()));
    assert_eq!(rooms(1), Ok(vec![RoomId::LOBBY, room(1)]));
    assert_eq!(rooms(2), Ok(vec![RoomId::LOBBY]));
    assert_eq!(see(&log, 2, |view| view.unread(room(1), 9)), Err(Failure::Refused(Refusal::NoSuchRoom)));

    accept(&mut log, proposal(person(0), Action::Remove { room: room(1), person: person(1) }));
    for (name, look) in looks {
        assert_eq!(see(&log, 1, look), Err(Failure::Refused(Refusal::NoSuchRoom)), "{name}, removed");
    }
}

#[test]
fn history_is_paged_in_both_directions_and_around() {
    let mut log = house();
    // Messages at 3 to 12, one of them erased, and something else in between.
    for number in 3..=12 {
        accept(&mut log, post(0, room(1), &format!("message {number}")));
    }
    accept(&mut log, proposal(person(0), Action::Delete { room: room(1), message: Sequence(6) }));
    let cases = [
        (From::Latest, 3, vec![10, 11, 12], true, false),
        (From::Latest, 99, vec![3, 4, 5, 7, 8, 9, 10, 11, 12], false, false),
        (From::Before(Sequence(8)), 3, vec![4, 5, 7], true, true),
        (From::Before(Sequence(4)), 3, vec![3], false, true),
        (From::Before(Sequence(0)), 3, vec![], false, true),
        (From::After(Sequence(5)), 3, vec![7, 8, 9], true, true),
        (From::After(Sequence(11)), 3, vec![12], true, false),
        (From::After(Sequence(u64::MAX)), 3, vec![], true, false),
        (From::Around(Sequence(8)), 4, vec![5, 7, 8, 9, 10], true, true),
        (From::Around(Sequence(6)), 4, vec![3, 4, 5, 7, 8], false, true),
        (From::Around(Sequence(12)), 2, vec![11, 12], true, false),
    ];
    for (from, limit, expected, before, after) in cases {
        let page = see(&log, 1, |view| view.history(room(1), from, limit)).unwrap();
        let found: Vec<u64> = page.messages.iter().map(|message| message.sequence.0).collect();
        assert_eq!((found, page.before, page.after), (expected, before, after), "{from:?}, {limit}");
        assert!(page.messages.iter().all(|message| message.text == format!("message {}", message.sequence)));
    }
}

#[test]
fn who_was_away_gets_everything_or_is_told_of_the_gap() {
    let mut log = house();
    let edited = accept(&mut log, post(0, room(1), "frist"));
    accept(&mut log, post(1, room(1), "second"));
    let text = "first".to_owned();
    let edit = Action::Edit { room: room(1), message: edited, text, mentions: vec![person(1)] };
    accept(&mut log, proposal(person(0), edit));
    let reaction = "👍".to_owned();
    accept(&mut log, proposal(person(1), Action::React { room: room(1), message: edited, reaction }));
    let gone = accept(&mut log, post(0, room(1), "never mind"));
    accept(
        &mut log,
        proposal(person(1), Action::React { room: room(1), message: gone, reaction: "x".into() }),
    );
    accept(&mut log, proposal(person(0), Action::Delete { room: room(1), message: gone }));

    let since = |after, page| see(&log, 1, move |view| view.since(room(1), Sequence(after), page)).unwrap();
    let Since::Complete { events, up_to, last } = since(0, 99) else { panic!() };
    assert_eq!((up_to, last), (Sequence(9), Sequence(9)));
    let places: Vec<u64> = events.iter().map(|event| event.place.unwrap().sequence.0).collect();
    assert_eq!(places, [1, 2, 3, 4, 5, 6, 9], "7 and 8 are erased");
    let said: Vec<String> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::Posted { text, .. } | What::Edited { text, .. } => Some(text.clone()),
            What::Reacted { reaction, .. } => Some(reaction.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["first", "second", "first", "👍"], "texts are those that messages have by now");

    // In pages: each goes on where the one before it ended, and together they are the same.
    for page in [0, 1, 2, 3, 8, 9] {
        let (mut after, mut together) = (Sequence(0), Vec::new());
        while after < last {
            let Since::Complete { events, up_to, .. } = since(after.0, page) else { panic!("{page}") };
            assert_eq!(up_to.0, (after.0 + page.max(1)).min(9), "{page}");
            assert!(events.iter().all(|event| event.place.unwrap().sequence > after), "{page}");
            (after, together) = (up_to, [together, events].concat());
        }
        assert_eq!(together, events, "{page}");
    }
    assert_eq!(since(10, 99), Since::Ahead { last: Sequence(9) });
}

#[test]
fn who_is_too_far_behind_is_told_of_a_gap() {
    let mut log = house();
    let mut first = Sequence(0);
    for number in 0..=limits::CATCH_UP {
        let said = accept(&mut log, post(0, room(1), &number.to_string()));
        first = if number == 0 { said } else { first };
    }
    let last = Sequence(first.0 + limits::CATCH_UP);
    let since = |after| see(&log, 1, move |view| view.since(room(1), after, 1)).unwrap();
    assert!(matches!(since(first), Since::Complete { .. }));
    assert_eq!(since(Sequence(first.0 - 1)), Since::Gap { last });
}

#[test]
fn a_message_shows_what_others_did_to_it() {
    let mut log = house();
    let root = accept(&mut log, post(0, room(1), "root"));
    for (who, reaction) in [(1, "b"), (0, "a"), (0, "b")] {
        let reaction = reaction.to_owned();
        accept(&mut log, proposal(person(who), Action::React { room: room(1), message: root, reaction }));
    }
    accept(&mut log, proposal(person(1), Action::Pin { room: room(1), message: root }));
    let reply = |text: &str| Action::Post {
        room: room(1),
        text: text.into(),
        reply_to: Some(root),
        thread: Some(root),
        mentions: vec![person(0)],
    };
    let first = accept(&mut log, proposal(person(1), reply("one")));
    let second = accept(&mut log, proposal(person(1), reply("two")));

    let message = see(&log, 1, |view| view.message(room(1), root)).unwrap();
    let reactions: Vec<_> =
        message.reactions.iter().map(|one| (one.reaction.as_str(), one.count, one.own)).collect();
    assert_eq!(reactions, [("b", 2, true), ("a", 1, false)]);
    assert_eq!(message.pin.unwrap().by, person(1));
    let replies = message.replies.unwrap();
    assert_eq!((replies.count, replies.last), (2, second));
    assert_eq!(
        see(&log, 0, |view| view.reacted(room(1), root, "b", PersonId(0), 9)),
        Ok(vec![person(0), person(1)])
    );
    assert_eq!(see(&log, 0, |view| view.reacted(room(1), root, "b", person(0), 9)), Ok(vec![person(1)]));
    let texts = |messages: Vec<parlor_chat::view::Message>| -> Vec<String> {
        messages.into_iter().map(|message| message.text).collect()
    };
    assert_eq!(
        see(&log, 0, |view| view.thread(room(1), root, Sequence(0), 9)).map(texts),
        Ok(vec!["one".into(), "two".into()])
    );
    assert_eq!(see(&log, 0, |view| view.thread(room(1), root, first, 9)).map(texts), Ok(vec!["two".into()]));
    assert_eq!(see(&log, 0, |view| view.pins(room(1))).map(texts), Ok(vec!["root".into()]));

    let mentions = |log: &LocalLog<Memory>| {
        see(log, 0, |view| {
            Ok(view
                .mentions(Position(u64::MAX), 9)?
                .into_iter()
                .map(|one| one.message.text)
                .collect::<Vec<_>>())
        })
    };
    assert_eq!(mentions(&log), Ok(vec!["two".into(), "one".into()]));
    accept(&mut log, proposal(person(1), Action::Delete { room: room(1), message: second }));
    assert_eq!(mentions(&log), Ok(vec!["one".into()]));
    let replies = see(&log, 1, |view| view.message(room(1), root)).unwrap().replies.unwrap();
    assert_eq!((replies.count, replies.last), (1, first));
}

#[test]
fn unread_is_what_others_said_after_the_pointer_and_is_there_still() {
    let mut log = house();
    let unread = |log: &LocalLog<Memory>, most| see(log, 1, move |view| view.unread(room(1), most)).unwrap();
    let count = |messages, mentions| Unread { messages, mentions, more: false };
    let messages: Vec<Sequence> = (0..5).map(|_| accept(&mut log, post(0, room(1), "hello"))).collect();
    accept(&mut log, post(1, room(1), "my own"));
    let mention = Action::Post {
        room: room(1),
        text: "you".into(),
        reply_to: None,
        thread: None,
        mentions: vec![person(1)],
    };
    accept(&mut log, proposal(person(0), mention));
    assert_eq!(unread(&log, 99), count(6, 1));
    assert_eq!(unread(&log, 3), Unread { messages: 3, mentions: 0, more: true });
    assert_eq!(unread(&log, 6), count(6, 1));
    accept(&mut log, proposal(person(0), Action::Delete { room: room(1), message: messages[4] }));
    assert_eq!(unread(&log, 99), count(5, 1));
    let read = |up_to| proposal(person(1), Action::Read { room: room(1), up_to });
    accept(&mut log, read(messages[2]));
    assert_eq!(unread(&log, 99), count(2, 1));
    let last = see(&log, 1, |view| view.room(room(1))).unwrap().last;
    accept(&mut log, read(last));
    assert_eq!(unread(&log, 99), count(0, 0));
    accept(&mut log, read(messages[3]));
    assert_eq!(unread(&log, 99), count(1, 1), "marked as unread");
}

#[test]
fn lists_are_paged_by_what_they_are_ordered_by() {
    let mut log = memory();
    (0..250).for_each(|number| _ = accept(&mut log, arrive(number)));
    for number in 0..5 {
        accept(&mut log, create(0, 1 + number, Visibility::Public));
    }
    for number in 1..250 {
        accept(&mut log, proposal(person(number), Action::Join { room: room(1) }));
    }
    for which in [RoomId::LOBBY, room(1)] {
        let first = see(&log, 7, |view| view.members(which, PersonId(0), 999)).unwrap();
        assert_eq!(first.len(), limits::PAGE);
        let rest = see(&log, 7, |view| view.members(which, first[limits::PAGE - 1].person, 999)).unwrap();
        let all: Vec<PersonId> = first.iter().chain(&rest).map(|member| member.person).collect();
        assert_eq!(all, (0..250).map(person).collect::<Vec<_>>());
    }
    let owner = see(&log, 7, |view| view.members(room(1), PersonId(0), 1)).unwrap()[0];
    assert_eq!((owner.person, owner.role), (person(0), Role::Owner));
    let names = |prefix: &str, after: &str, limit| {
        see(&log, 7, |view| {
            Ok(view.public_rooms(prefix, after, limit)?.into_iter().map(|room| room.name).collect::<Vec<_>>())
        })
    };
    assert_eq!(names("", "", 3), Ok(vec!["lobby".into(), "room 1".into(), "room 2".into()]));
    assert_eq!(names("", "Room 2", 9), Ok(vec!["room 3".into(), "room 4".into(), "room 5".into()]));
    assert_eq!(names("ROOM", "", 2), Ok(vec!["room 1".into(), "room 2".into()]));
    assert_eq!(names("room 1", "", 9), Ok(vec!["room 1".into()]));
    for (prefix, after) in [("attic", ""), ("lobby", "room 1"), ("room 1", "room 1")] {
        assert_eq!(names(prefix, after, 9), Ok(vec![]), "{prefix:?} after {after:?}");
    }
    let called = |name: &str| see(&log, 7, |view| Ok(view.public_room_called(name)?));
    assert_eq!(called("Room 3"), Ok(Some(room(3))));
    assert_eq!(called("room"), Ok(None));
    let found = see(&log, 7, |view| Ok(view.person_called("USER-8")?)).unwrap().unwrap();
    assert_eq!((found.id, found.nickname.as_str(), found.is_here), (person(8), "user-8", true));
    accept(&mut log, proposal(person(8), Action::Depart));
    assert_eq!(see(&log, 7, |view| Ok(view.person_called("user-8")?)), Ok(None));
    let gone = see(&log, 7, |view| Ok(view.person(person(8))?)).unwrap().unwrap();
    assert_eq!((gone.nickname.as_str(), gone.is_here), ("user-8", false));
}
