//! A backup is everything of one moment; what is restored from it is the same and goes on.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use parlor_chat::log::{
    BackupHeader, LocalLog, Log, LogReader, check, check_backup, restore_backup, write_backup,
};
use parlor_chat::storage::{Memory, Options, Read, Sqlite};
use parlor_chat::{Position, RoomId, Trouble};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Folder, Raw, accept, arrive, post, story};

fn backup(memory: &Memory, beside: &[u8]) -> (BackupHeader, Vec<u8>) {
    let mut octets = Vec::new();
    let header = write_backup(&LogReader::new(memory), beside, &mut octets).unwrap();
    (header, octets)
}

fn small() -> (Memory, LocalLog<Memory>) {
    let memory = Memory::new();
    let mut log = LocalLog::open(memory.clone()).unwrap();
    accept(&mut log, arrive(1));
    for number in 0..5 {
        accept(&mut log, post(1, RoomId::LOBBY, &format!("message {number}")));
    }
    (memory, log)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_restored_is_the_same_and_goes_on_the_same(
        raw in vec(any::<Raw>(), 1..150), cut in any::<usize>(), trimmed in any::<bool>(),
    ) {
        let story = story(&raw);
        let (early, late) = story.split_at(cut % story.len());
        let memory = Memory::new();
        let mut log = LocalLog::open(memory.clone()).unwrap();
        log.append(early).unwrap();
        if trimmed {
            log.trim(Position(early.len() as u64 / 2)).unwrap();
        }
        let (header, octets) = backup(&memory, b"beside");
        assert_eq!((header.last, header.state), (log.last(), log.state_hash().unwrap()));
        assert!(check_backup(&mut octets.as_slice()) == Ok(header.clone()));

        let copy = Memory::new();
        assert!(restore_backup(&mut octets.as_slice(), &mut copy.clone()) == Ok(header.clone()));
        assert_eq!(header.beside, b"beside");
        let mut restored = LocalLog::open(copy.clone()).unwrap();
        assert_eq!(restored.tail(Position(0), usize::MAX), log.tail(Position(0), usize::MAX));
        assert_eq!(check(&LogReader::new(&copy), Memory::new()), check(&LogReader::new(&memory), Memory::new()));
        assert_eq!(restored.append(late), log.append(late));
        assert_eq!(restored.state_hash(), log.state_hash());
    }
}

#[test]
fn a_backup_goes_into_a_database_as_well() {
    let (memory, log) = small();
    let (header, octets) = backup(&memory, &[]);
    let folder = Folder::new();
    let mut storage = Sqlite::open(folder.database(), Options::default()).unwrap();
    restore_backup(&mut octets.as_slice(), &mut storage).ok().unwrap();
    drop(storage);
    let restored = folder.open();
    assert_eq!(restored.state_hash(), Ok(header.state));
    assert_eq!(restored.tail(Position(0), usize::MAX), log.tail(Position(0), usize::MAX));
}

#[test]
fn a_backup_that_is_damaged_or_cut_anywhere_is_refused_and_leaves_an_empty_log() {
    let (memory, _log) = small();
    let (_, octets) = backup(&memory, b"beside");
    let refused = |octets: &[u8], at: usize| {
        let is_corrupt = |result| matches!(result, Err(Trouble::Corrupt(_)));
        assert!(is_corrupt(check_backup(&mut &*octets)), "octet {at}");
        let copy = Memory::new();
        assert!(is_corrupt(restore_backup(&mut &*octets, &mut copy.clone())), "octet {at}");
        assert_eq!(LocalLog::open(copy).unwrap().last(), Position(0), "octet {at}");
    };
    for at in 0..octets.len() {
        refused(&octets[..at], at);
        let mut damaged = octets.clone();
        damaged[at] ^= 0x04;
        refused(&damaged, at);
    }
}

#[test]
fn a_snapshot_is_no_backup() {
    let (_memory, log) = small();
    let mut snapshot = Vec::new();
    log.snapshot(&mut snapshot).unwrap();
    let refusal = check_backup(&mut snapshot.as_slice()).err();
    assert_eq!(refusal, Some(Trouble::Corrupt("this is no backup, or one of another version".into())));
}

#[test]
fn what_is_beside_the_log_is_not_in_the_log() {
    let (memory, _log) = small();
    let (_, octets) = backup(&memory, b"the server's secret");
    let copy = Memory::new();
    restore_backup(&mut octets.as_slice(), &mut copy.clone()).ok().unwrap();
    let mut rows = 0;
    let visit = &mut |_: &[u8], value: &[u8]| {
        rows += 1;
        assert!(!value.windows(6).any(|window| window == b"secret"));
        Ok(std::ops::ControlFlow::Continue(()))
    };
    copy.scan(&[0]..&[u8::MAX], parlor_chat::storage::Direction::Forwards, visit).unwrap();
    assert!(rows > 5);
}
