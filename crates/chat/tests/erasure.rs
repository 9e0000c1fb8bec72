//! What is deleted is gone from the files, and what was refused was never there.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use std::collections::BTreeSet;
use std::fs;

use parlor_chat::log::Log;
use parlor_chat::{Action, Chat, Origin, PersonId, Position, Retention, RoomId, Sequence, Timestamp, sweep};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Folder, Raw, START, accept, arrive, create, person, post, proposal, room, say, story};

/// What stands between `secret-` and the next `-` or `.`, wherever it occurs in the octets.
fn secrets(octets: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(octets);
    let starts = text.match_indices("secret-").map(|(at, word)| &text[at + word.len()..]);
    starts.filter_map(|rest| rest.split_once(['-', '.'])).map(|(secret, _)| secret.to_owned()).collect()
}

fn in_files(folder: &Folder) -> BTreeSet<String> {
    let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    files.flat_map(|path| secrets(&fs::read(path).unwrap())).collect()
}

fn in_log(log: &impl Log) -> BTreeSet<String> {
    let entries = log.tail(Position(0), usize::MAX).unwrap();
    entries.iter().flat_map(|entry| secrets(&entry.to_octets())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_files_hold_no_text_that_the_log_does_not(raw in vec(any::<Raw>(), 1..400), batch in 1_usize..50) {
        let folder = Folder::new();
        let mut log = folder.open();
        for batch in story(&raw).chunks(batch) {
            log.append(batch).unwrap();
        }
        prop_assert_eq!(log.scrub(), Ok(true));
        let kept = in_log(&log);
        let found = in_files(&folder);
        let left: Vec<_> = found.difference(&kept).collect();
        prop_assert!(left.is_empty(), "{left:?} should be gone");
    }
}

#[test]
fn erased_messages_leave_nothing_on_pages_that_were_split_and_joined() {
    let folder = Folder::new();
    let mut log = folder.open();
    accept(&mut log, arrive(0));
    let filler = "x".repeat(150);
    for from in (0..4_000).step_by(100) {
        let batch: Vec<_> = (from..from + 100)
            .map(|number| {
                post(0, room_of(number), &format!("secret-{number}-text {}", &filler[..number % 150]))
            })
            .collect();
        if from == 0 {
            for number in 1..6 {
                accept(&mut log, create(0, number, parlor_chat::Visibility::Public));
            }
        }
        log.append(&batch).unwrap();
    }
    log.scrub().unwrap();
    for number in 1..6 {
        let messages: Vec<Sequence> = (2..=801).filter(|n| n % 3 != 0).map(Sequence).collect();
        for message in messages {
            accept(&mut log, proposal(person(0), Action::Delete { room: room(number), message }));
        }
    }
    assert_eq!(log.scrub(), Ok(true));
    let left: Vec<String> = in_files(&folder).difference(&in_log(&log)).cloned().collect();
    assert!(left.is_empty(), "{} texts should be gone: {:?}…", left.len(), left.first());
}

fn room_of(number: usize) -> RoomId {
    room(1 + number as u64 % 5)
}

#[test]
fn a_log_that_is_trimmed_leaves_only_what_the_state_says() {
    let folder = Folder::new();
    let mut log = folder.open();
    accept(&mut log, arrive(0));
    accept(&mut log, post(0, RoomId::LOBBY, "secret-1-text"));
    let message = Sequence(1);
    let edit =
        Action::Edit { room: RoomId::LOBBY, message, text: "secret-2-text".into(), mentions: Vec::new() };
    accept(&mut log, proposal(person(0), edit));
    log.trim(Position(100)).unwrap();
    assert_eq!(log.scrub(), Ok(true));
    // What was said before an edit is there as long as the message: undoing the edit brings it back.
    assert_eq!(in_files(&folder).into_iter().collect::<Vec<_>>(), ["1", "2"]);
    accept(&mut log, proposal(person(0), Action::Delete { room: RoomId::LOBBY, message }));
    assert_eq!(log.scrub(), Ok(true));
    assert!(in_files(&folder).is_empty());
}

/// A chat of two people in a private room and in the lobby, with 1,300 messages of each.
fn talkative(folder: &Folder) -> Chat {
    let mut log = folder.open();
    for (number, nickname) in [(1, "secret-ada.name"), (2, "secret-bob.name")] {
        accept(
            &mut log,
            proposal(person(number), Action::Arrive { nickname: nickname.into(), from: Origin::default() }),
        );
    }
    accept(&mut log, create(1, 1, parlor_chat::Visibility::Private));
    accept(&mut log, proposal(person(1), Action::Invite { room: room(1), person: person(2) }));
    for number in 0..1_300 {
        let at = Timestamp(START + number);
        let said = |by: u64, room, name: &str| parlor_chat::Proposal {
            at,
            ..proposal(person(by), say(room, &format!("secret-{name}{number}.")))
        };
        log.append(&[said(1, room(1), "ada"), said(2, RoomId::LOBBY, "bob")]).unwrap();
    }
    Chat::start(log, Box::new(|_| {})).unwrap()
}

fn left_in(folder: &Folder, chat: Chat, whose: &str) -> usize {
    assert_eq!(chat.stop().unwrap().scrub(), Ok(true));
    in_files(folder).iter().filter(|word| word.contains(whose)).count()
}

#[test]
fn who_erases_themselves_leaves_neither_name_nor_text() {
    let folder = Folder::new();
    let chat = talkative(&folder);
    let outcome = chat.ask(proposal(person(1), Action::EraseMe)).unwrap();
    outcome.verdict.unwrap();
    chat.view(person(2), |view| {
        assert_eq!(view.person(person(1))?.unwrap().nickname, "");
        let seen = view.history(room(1), parlor_chat::view::From::Latest, 50)?;
        assert_eq!(seen.messages, [], "not shown any more, although still there");
        Ok(())
    })
    .unwrap();
    assert_eq!(sweep(&chat, Timestamp(START), u64::MAX), Ok(1_300));
    assert_eq!(sweep(&chat, Timestamp(START), u64::MAX), Ok(0));
    assert_eq!(left_in(&folder, chat, "ada"), 0);
    assert_eq!(left_in(&folder, Chat::start(folder.open(), Box::new(|_| {})).unwrap(), "bob"), 1_301);
}

#[test]
fn messages_stay_as_long_as_the_room_or_the_server_says() {
    let keep = |milliseconds| Retention::Milliseconds(milliseconds);
    let cases = [
        // (the server, the room of Ada's messages, how many of hers and of Bob's stay at 2,000 ms)
        (Retention::Inherit, Retention::Inherit, 1_300, 1_300),
        (Retention::Inherit, keep(1_000), 299, 1_300),
        (keep(1_000), Retention::Inherit, 299, 299),
        (keep(1_000), Retention::Forever, 1_300, 299),
        (keep(60_000), keep(1_500), 799, 1_300),
    ];
    for (server, own, ada, bob) in cases {
        let folder = Folder::new();
        let chat = talkative(&folder);
        let ask = |by, action| chat.ask(proposal(by, action)).unwrap().verdict.unwrap();
        ask(PersonId::SERVER, Action::SetServerRetention { retention: server });
        ask(person(1), Action::SetRetention { room: room(1), retention: own });
        assert_eq!(
            sweep(&chat, Timestamp(START + 2_000), u64::MAX),
            Ok(2_600 - ada - bob),
            "{server:?}, {own:?}"
        );
        let of_ada = left_in(&folder, chat, "ada");
        let chat = Chat::start(folder.open(), Box::new(|_| {})).unwrap();
        assert_eq!(of_ada as u64, ada + 1, "{server:?}, {own:?}");
        assert_eq!(left_in(&folder, chat, "bob") as u64, bob + 1, "{server:?}, {own:?}");
    }
}

#[test]
fn scrubbing_waits_for_who_reads_an_earlier_moment() {
    let folder = Folder::new();
    let mut log = folder.open();
    accept(&mut log, arrive(0));
    accept(&mut log, post(0, RoomId::LOBBY, "secret-1-text"));
    assert_eq!(log.scrub(), Ok(true));
    let mut source = log.source().unwrap();
    source
        .read(&mut |state| {
            state.entry(1)?;
            accept(
                &mut log,
                proposal(person(0), Action::Delete { room: RoomId::LOBBY, message: Sequence(1) }),
            );
            assert_eq!(log.scrub(), Ok(false));
            Ok(())
        })
        .unwrap();
    assert_eq!(log.scrub(), Ok(true));
    assert!(in_files(&folder).is_empty());
}
