//! A log that is in order passes its check, and whatever is not as it should be is found.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use parlor_chat::log::{Checked, LocalLog, Log, LogReader, check};
use parlor_chat::storage::{Memory, Storage, Writes};
use parlor_chat::{Entry, Position, Proposal, RoomId, Trouble};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Raw, accept, arrive, create, post, story};

fn checked(memory: &Memory) -> Result<Checked, Trouble> {
    check(&LogReader::new(memory), Memory::new())
}

fn after(story: &[Proposal]) -> (Memory, LocalLog<Memory>) {
    let memory = Memory::new();
    let mut log = LocalLog::open(memory.clone()).unwrap();
    log.append(story).unwrap();
    (memory, log)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_proposed_the_log_is_in_order(raw in vec(any::<Raw>(), 1..150), cut in any::<usize>()) {
        let story = story(&raw);
        let (memory, mut log) = after(&story);
        let found = checked(&memory).unwrap();
        assert_eq!((found.forgotten, found.last), (Position(0), Position(story.len() as u64)));
        assert_eq!(found.state, log.state_hash().unwrap());
        assert!(found.is_replayed);

        let cut = Position((cut % story.len() + 1) as u64);
        log.trim(cut).unwrap();
        let found = checked(&memory).unwrap();
        assert_eq!((found.forgotten, found.last), (cut, log.last()));
        assert_eq!(found.state, log.state_hash().unwrap());
        assert!(!found.is_replayed);
    }
}

/// Two rooms with three messages each: entries 1 to 8, of which 3 to 8 are messages in turn.
fn two_rooms() -> Memory {
    let (memory, mut log) = after(&[arrive(1), create(1, 1, parlor_chat::Visibility::Public)]);
    for number in 0..3 {
        for room in [RoomId::LOBBY, support::room(1)] {
            accept(&mut log, post(1, room, &format!("message {number}")));
        }
    }
    assert_eq!(checked(&memory).unwrap().rooms, 2);
    memory
}

fn rewritten(change: impl FnOnce(&mut Entry)) -> Memory {
    let mut memory = two_rooms();
    let mut entry = LogReader::new(&memory).entries(Position(4), 1).unwrap().remove(0);
    change(&mut entry);
    let mut writes = Writes::default();
    writes.entries.insert(5, entry.to_octets());
    memory.commit(&writes).unwrap();
    memory
}

#[track_caller]
fn is_found(memory: &Memory, expected: &str) {
    match checked(memory) {
        Err(Trouble::Corrupt(what)) if what == expected => {}
        other => panic!("{other:?} instead of {expected}"),
    }
}

#[test]
fn an_entry_that_is_missing_is_found() {
    for (missing, expected) in [
        (1, "after entry 0 comes entry 2"),
        (5, "after entry 4 comes entry 6"),
        (8, "the log ends at 7, and the state at 8"),
    ] {
        let mut memory = two_rooms();
        let mut writes = Writes::default();
        writes.entries.remove(missing);
        memory.commit(&writes).unwrap();
        is_found(&memory, expected);
    }
}

#[test]
fn an_entry_in_the_wrong_place_is_found() {
    is_found(&rewritten(|entry| entry.position = Position(6)), "after entry 4 comes entry 6");
    let expected = format!("entry 5 has the place 3 in room {} after 1", RoomId::LOBBY);
    is_found(
        &rewritten(|entry| entry.event.as_mut().unwrap().place.as_mut().unwrap().sequence.0 = 3),
        &expected,
    );
}

#[test]
fn a_room_that_goes_further_than_its_log_is_found() {
    let memory = rewritten(|entry| entry.event = None);
    let expected = format!("entry 7 has the place 3 in room {} after 1", RoomId::LOBBY);
    is_found(&memory, &expected);
}

#[test]
fn a_text_that_is_another_in_the_log_is_found() {
    let memory = rewritten(|entry| {
        entry.event.as_mut().unwrap().what = parlor_chat::What::Erased;
    });
    assert!(checked(&memory).is_err(), "the state says that the message is there");
}

#[test]
fn a_state_that_does_not_follow_from_the_log_is_found() {
    let mut memory = two_rooms();
    let mut writes = Writes::default();
    writes.rows.insert(b"Tno such table", b"x");
    memory.commit(&writes).unwrap();
    is_found(&memory, "replaying the log comes to another state");
}

#[test]
fn a_log_is_replayed_into_an_empty_storage_only() {
    let (memory, _log) = after(&[arrive(1)]);
    let result = check(&LogReader::new(&memory), memory.clone());
    assert!(matches!(result, Err(Trouble::Corrupt(_))), "{result:?}");
}
