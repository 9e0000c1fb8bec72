//! A storage that is filled anew has all of it or stays as it was, and a log goes on with a snapshot of its own future only.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use std::fs;
use std::path::Path;

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::{Memory, Options, Read, Sqlite, Storage, Writes};
use parlor_chat::{Position, RoomId, Trouble};
use support::{Folder, accept, arrive, memory, post, with_key};

fn row(value: &str) -> Writes {
    let mut writes = Writes::default();
    writes.rows.insert(b"a", value);
    writes.entries.insert(1, value);
    writes
}

fn keeps_what_it_has_until_it_is_filled_anew(storage: &mut impl Storage) {
    storage.commit(&row("old")).unwrap();
    let cut = storage.refill(&mut |step| {
        step(&row("half"))?;
        Err(Trouble::Stopped)
    });
    assert_eq!(cut, Err(Trouble::Stopped));
    assert_eq!((storage.get(b"a"), storage.entry(1)), (Ok(Some(b"old".into())), Ok(Some(b"old".into()))));

    let mut removed = Writes::default();
    removed.rows.insert(b"b", "gone");
    storage.commit(&removed).unwrap();
    storage.refill(&mut |step| step(&row("new"))).unwrap();
    assert_eq!((storage.get(b"a"), storage.get(b"b")), (Ok(Some(b"new".into())), Ok(None)));
    storage.commit(&row("later")).unwrap();
    let mut source = storage.source().unwrap();
    let mut seen = None;
    source
        .read(&mut |read| {
            seen = read.get(b"a")?;
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, Some(b"later".into()));
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".new")).collect()
}

#[test]
fn a_storage_in_memory_is_filled_anew_or_stays_as_it_was() {
    keeps_what_it_has_until_it_is_filled_anew(&mut Memory::new());
}

#[test]
fn a_database_is_filled_anew_or_stays_as_it_was_and_nothing_is_left_beside_it() {
    let folder = Folder::new();
    let mut storage = Sqlite::open(folder.database(), Options::default()).unwrap();
    keeps_what_it_has_until_it_is_filled_anew(&mut storage);
    assert_eq!(names(folder.path()), [""; 0]);
    drop(storage);
    let storage = Sqlite::open(folder.database(), Options::default()).unwrap();
    assert_eq!(storage.get(b"a"), Ok(Some(b"later".into())));
    storage.verify().unwrap();
}

#[test]
fn what_a_process_left_that_ended_in_the_middle_is_removed() {
    let folder = Folder::new();
    drop(folder.open());
    let mut left = folder.database().into_os_string();
    left.push(".new");
    fs::write(&left, "texts").unwrap();
    assert_eq!(names(folder.path()).len(), 1);
    drop(folder.open());
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_log_goes_on_with_a_snapshot_of_its_own_future_only() {
    let folder = Folder::new();
    let (mut ahead, mut behind) = (memory(), folder.open());
    for log in [&mut ahead as &mut dyn Log, &mut behind] {
        accept(log, arrive(1));
    }
    let snapshot = |log: &LocalLog<Memory>| {
        let mut octets = Vec::new();
        log.snapshot(&mut octets).unwrap();
        octets
    };
    let early = snapshot(&ahead);
    for log in [&mut ahead as &mut dyn Log, &mut behind] {
        accept(log, post(1, RoomId::LOBBY, "here"));
    }
    let is_refused = |log: &mut LocalLog<Sqlite>, octets: &[u8]| {
        let before = (log.last(), log.state_hash());
        assert!(matches!(log.catch_up(&mut &*octets), Err(Trouble::Corrupt(_))));
        assert_eq!((log.last(), log.state_hash()), before);
    };
    is_refused(&mut behind, &early);
    accept(&mut ahead, post(1, RoomId::LOBBY, "later"));
    let late = snapshot(&ahead);
    is_refused(&mut behind, &late[..late.len() - 1]);
    assert_eq!(behind.catch_up(&mut late.as_slice()), Ok(Position(3)));
    assert_eq!(behind.state_hash(), ahead.state_hash());
    assert_eq!(behind.tail(Position(0), usize::MAX), ahead.tail(Position(0), usize::MAX));
    accept(&mut behind, post(1, RoomId::LOBBY, "and on"));
}

#[test]
fn a_log_does_not_go_on_with_a_snapshot_of_another_past() {
    // At the same place somebody else has said something, or the same person under another key.
    for (mine, others) in [
        (post(1, RoomId::LOBBY, "a"), post(2, RoomId::LOBBY, "a")),
        (with_key("mine", post(1, RoomId::LOBBY, "a")), with_key("other", post(1, RoomId::LOBBY, "a"))),
    ] {
        let (mut behind, mut other) = (memory(), memory());
        for log in [&mut behind, &mut other] {
            accept(log, arrive(1));
            accept(log, arrive(2));
        }
        accept(&mut behind, mine);
        accept(&mut other, others);
        accept(&mut other, post(2, RoomId::LOBBY, "more"));
        let mut octets = Vec::new();
        other.snapshot(&mut octets).unwrap();
        assert!(matches!(behind.catch_up(&mut octets.as_slice()), Err(Trouble::Corrupt(_))));
        assert_eq!(behind.last(), Position(3));
    }
}
