//! A database is read beside its writer, after it, and never made or changed by reading.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use std::fs;

use parlor_chat::log::{Log, LogReader, StateHash};
use parlor_chat::storage::{Source, SqliteReader};
use parlor_chat::{Position, RoomId, Sequence, Trouble};
use support::{Folder, accept, arrive, person, post};

fn look<T>(reader: &mut SqliteReader, what: impl Fn(&LogReader<'_>) -> Result<T, Trouble>) -> T {
    let mut seen = None;
    let read = &mut |read: &dyn parlor_chat::storage::Read| {
        seen = Some(what(&LogReader::new(read))?);
        Ok(())
    };
    reader.read(read).unwrap();
    seen.unwrap()
}

fn place(reader: &mut SqliteReader) -> (Position, StateHash) {
    look(reader, |log| Ok((log.last()?, log.state_hash()?)))
}

#[test]
fn a_log_is_read_while_it_is_written_and_afterwards() {
    let folder = Folder::new();
    let mut log = folder.open();
    accept(&mut log, arrive(1));
    let mut reader = SqliteReader::open(folder.database()).unwrap();
    assert_eq!(place(&mut reader), (Position(1), log.state_hash().unwrap()));
    accept(&mut log, post(1, RoomId::LOBBY, "hello"));
    let written = (Position(2), log.state_hash().unwrap());
    assert_eq!(place(&mut reader), written);
    drop(log);
    assert_eq!(place(&mut reader), written);
    drop(reader);
    let mut late = SqliteReader::open(folder.database()).unwrap();
    assert_eq!(place(&mut late), written, "nobody writes any more");
    late.verify().unwrap();
}

#[test]
fn names_and_places_are_those_of_now() {
    let folder = Folder::new();
    let mut log = folder.open();
    accept(&mut log, arrive(1));
    accept(&mut log, post(1, RoomId::LOBBY, "hello"));
    let mut reader = SqliteReader::open(folder.database()).unwrap();
    look(&mut reader, |log| {
        assert_eq!(log.nickname(person(1))?.as_deref(), Some("user-1"));
        assert_eq!(log.nickname(person(2))?, None);
        assert_eq!(log.room_name(RoomId::LOBBY)?.as_deref(), Some("lobby"));
        assert_eq!(log.room_name(RoomId(7))?, None);
        assert_eq!(log.last_in_room(RoomId::LOBBY)?, Sequence(1));
        assert_eq!(log.last_in_room(RoomId(7))?, Sequence(0));
        assert_eq!(log.entries(Position(1), 10)?.len(), 1);
        log.forgotten().map(|forgotten| assert_eq!(forgotten, Position(0)))
    });
}

#[test]
fn what_is_not_there_is_not_made() {
    let folder = Folder::new();
    assert!(matches!(SqliteReader::open(folder.database()), Err(Trouble::Io(_))));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_no_log_of_this_version_is_said() {
    let folder = Folder::new();
    fs::write(folder.database(), "").unwrap();
    assert_eq!(SqliteReader::open(folder.database()).unwrap_err(), Trouble::Older, "nothing is in it yet");
    assert!(Trouble::Older.to_string().ends_with("start the server once"));
    fs::write(folder.database(), "this is some other file, and not a short one".repeat(20)).unwrap();
    assert!(matches!(SqliteReader::open(folder.database()), Err(Trouble::Corrupt(_))));
}
