//! Rows that wait to be put in their places read as if they were there, for everybody and after every commit.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use std::ops::ControlFlow;

use parlor_chat::storage::{Direction, Memory, Options, Read, Source, Sqlite, SqliteReader, Storage, Writes};
use parlor_chat::{Trouble, log::Log};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Folder, accept, arrive, post};

/// What one batch says of some keys.
type Batch = Vec<(u8, Option<u8>)>;
/// Keys with their values.
type Seen = Vec<(Vec<u8>, Vec<u8>)>;

fn writes(batch: &Batch, anew: bool) -> Writes {
    let mut writes = Writes { anew, ..Writes::default() };
    for (key, value) in batch {
        let key = [b'A' + key % 3, *key];
        match value {
            Some(value) => writes.rows.insert(key, vec![*value; usize::from(*value)]),
            None => writes.rows.remove(key),
        }
    }
    writes
}

/// Everything in a part of the keys, in both orders, and one key alone.
fn seen(read: &dyn Read) -> Result<Seen, Trouble> {
    let mut seen = Vec::new();
    for (direction, most) in [(Direction::Forwards, usize::MAX), (Direction::Backwards, 5)] {
        let mut left = most;
        read.scan(b"A\x10"..b"C\xf0", direction, &mut |key, value| {
            assert_eq!(read.get(key)?.as_deref(), Some(value));
            seen.push((key.to_vec(), value.to_vec()));
            left -= 1;
            Ok(if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
    }
    seen.push((b"A\x03".into(), read.get(b"A\x03")?.unwrap_or_default()));
    Ok(seen)
}

fn seen_by(source: &mut dyn Source) -> Seen {
    let mut found = Vec::new();
    source
        .read(&mut |read| {
            found = seen(read)?;
            Ok(())
        })
        .unwrap();
    found
}

fn open(folder: &Folder, pending_rows: usize) -> Sqlite {
    Sqlite::open(folder.database(), Options { pending_rows, ..Options::default() }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_database_reads_as_memory_does_whatever_waits(
        batches in vec((vec(any::<(u8, Option<u8>)>(), 0..12), 0..40_u8), 1..60),
        pending_rows in 0_usize..30,
    ) {
        let folder = Folder::new();
        let (mut memory, mut database) = (Memory::new(), open(&folder, pending_rows));
        let mut often = database.source().unwrap();
        let mut seldom = database.source().unwrap();
        for (batch, chance) in &batches {
            let writes = writes(batch, *chance == 0);
            memory.commit(&writes).unwrap();
            database.commit(&writes).unwrap();
            let expected = seen(&memory).unwrap();
            prop_assert_eq!(&seen(&database).unwrap(), &expected);
            prop_assert_eq!(&seen_by(&mut *often), &expected);
            if *chance % 8 == 1 {
                // Numbers of what waits go on, or who read before would take new pieces for known ones.
                drop(database);
                database = open(&folder, pending_rows);
            }
            if *chance % 8 == 2 {
                prop_assert_eq!(&seen_by(&mut *seldom), &expected);
            }
        }
        prop_assert_eq!(&seen_by(&mut *seldom), &seen(&memory).unwrap());
        database.verify().unwrap();
    }
}

#[test]
fn what_could_not_be_committed_does_not_wait() {
    let folder = Folder::new();
    let mut database = open(&folder, 100);
    database.commit(&writes(&vec![(1, Some(1))], false)).unwrap();
    let other = rusqlite::Connection::open(folder.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(database.commit(&writes(&vec![(1, Some(2)), (4, Some(4))], false)), Err(Trouble::Locked));
    other.execute_batch("ROLLBACK; DROP TABLE log").unwrap();
    // The rows are written down before it shows that the entries cannot be.
    let mut with_entry = writes(&vec![(1, Some(3))], false);
    with_entry.entries.insert(1, "entry");
    assert!(database.commit(&with_entry).is_err());
    assert_eq!((database.get(b"B\x01"), database.get(b"B\x04")), (Ok(Some(vec![1])), Ok(None)));
    assert_eq!(seen(&database).unwrap(), seen_by(&mut *database.source().unwrap()));
}

#[test]
fn a_database_of_the_version_before_is_brought_forward() {
    let folder = Folder::new();
    let (last, hash) = {
        // Everything is in its place, as that version left it.
        let storage = open(&folder, 0);
        let mut log = parlor_chat::log::LocalLog::open(storage).unwrap();
        accept(&mut log, arrive(1));
        (0..300).for_each(|_| _ = accept(&mut log, post(1, parlor_chat::RoomId::LOBBY, "hello")));
        (log.last(), log.state_hash().unwrap())
    };
    let older = rusqlite::Connection::open(folder.database()).unwrap();
    older.execute_batch("DROP TABLE pending; PRAGMA user_version = 1").unwrap();
    drop(older);
    assert_eq!(SqliteReader::open(folder.database()).unwrap_err(), Trouble::Older);
    let mut log = folder.open();
    assert_eq!((log.last(), log.state_hash().unwrap()), (last, hash));
    accept(&mut log, post(1, parlor_chat::RoomId::LOBBY, "and on"));
    let hash = log.state_hash().unwrap();
    drop(log);
    assert_eq!(folder.open().state_hash().unwrap(), hash);
}

#[test]
fn a_batch_of_many_rows_goes_to_its_places_with_all_that_waits() {
    let folder = Folder::new();
    let (mut memory, mut database) = (Memory::new(), open(&folder, 2_000));
    let mut source = database.source().unwrap();
    let waiting = |folder: &Folder| -> i64 {
        let connection = rusqlite::Connection::open(folder.database()).unwrap();
        connection
            .query_row("SELECT count(*) FROM pending WHERE length(rows) > 0", [], |row| row.get(0))
            .unwrap()
    };
    let many = |value: u8| {
        let mut writes = Writes::default();
        (0..600_u16)
            .for_each(|key| writes.rows.insert([b"A".as_slice(), &key.to_be_bytes()].concat(), [value]));
        writes
    };
    let few = |value| writes(&vec![(3, Some(value)), (4, None)], false);
    for (batch, waits) in [(few(1), true), (many(2), false), (many(3), false), (few(4), true), (few(5), true)]
    {
        memory.commit(&batch).unwrap();
        database.commit(&batch).unwrap();
        assert_eq!(waiting(&folder) > 0, waits);
        assert_eq!(seen(&database).unwrap(), seen(&memory).unwrap());
        assert_eq!(seen_by(&mut *source), seen(&memory).unwrap());
    }
}

#[test]
fn nothing_of_what_is_erased_waits() {
    let with = |value: &str| {
        let mut writes = Writes::default();
        writes.rows.insert(b"A1", value);
        writes
    };
    for (erases, removes, remains) in [(false, false, true), (true, false, false), (false, true, false)] {
        let folder = Folder::new();
        let mut database = open(&folder, 2_000);
        database.commit(&with("what is kept secret")).unwrap();
        database.commit(&Writes { erases, removes, ..with("nothing") }).unwrap();
        assert_eq!(database.scrub(), Ok(true));
        let files = std::fs::read_dir(folder.path()).unwrap();
        let octets: Vec<u8> = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        assert_eq!(String::from_utf8_lossy(&octets).contains("kept secret"), remains);
        assert_eq!(database.get(b"A1").unwrap().unwrap(), b"nothing");
    }
}
