//! Whenever the machine stops, what was acknowledged is there, whole batches only, and the state is the log's.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parlor_chat::log::{LocalLog, Log, LogReader, StateHash};
use parlor_chat::storage::{Intercepted, Options, Sqlite, Storage, Writes};
use parlor_chat::{Position, RoomId};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::{Folder, Raw, accept, arrive, ask, memory, open, post, story, with_key};

/// Octets of the write-ahead log's header, of a frame's header, and of a frame with its page
/// (<https://sqlite.org/fileformat2.html#walformat>).
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const FRAME: usize = FRAME_HEADER + PAGE;
const PAGE: usize = 4_096;
/// So few rows wait for their places that it is done many times.
const PENDING: usize = 20;

/// A database whose write-ahead log still has every commit.
struct Written {
    database: Vec<u8>,
    wal: Vec<u8>,
    /// After each commit: the length of the write-ahead log, the last place, and the state.
    commits: Vec<(usize, Position, StateHash)>,
    /// The database once everything is moved into it.
    moved: Vec<u8>,
}

/// What a storage is after a commit, with its write-ahead log.
fn noted(storage: &Sqlite, wal: &Path) -> (usize, Position, StateHash) {
    let log = LogReader::new(storage);
    let length = usize::try_from(fs::metadata(wal).unwrap().len()).unwrap();
    (length, log.last().unwrap(), log.state_hash().unwrap())
}

/// A story whose batches are appended one after the other, or decided while the ones before are being written.
fn write(folder: &Folder, is_ahead: bool) -> Written {
    let options = Options { checkpoint_pages: 1_000_000, pending_rows: PENDING, ..Options::default() };
    let raw = proptest::collection::vec(any::<Raw>(), 110).new_tree(&mut TestRunner::deterministic());
    let story = story(&raw.unwrap().current());
    let path = folder.database();
    let wal_path = folder.path().join("parlor.db-wal");
    let storage = Sqlite::open(&path, options).unwrap();
    let commits = Arc::new(Mutex::new(Vec::new()));
    let (notes, wal) = (Arc::clone(&commits), wal_path.clone());
    let commit = move |storage: &mut Sqlite, writes: &Writes| {
        storage.commit(writes)?;
        notes.lock().unwrap().push(noted(storage, &wal));
        Ok(())
    };
    let mut log = LocalLog::open(Intercepted::new(storage, commit)).unwrap();
    for batch in story.chunks(2) {
        if is_ahead {
            log.take(batch, Box::new(|result| _ = result.unwrap()));
            log.flush();
        } else {
            log.append(batch).unwrap();
        }
    }
    log.settle();
    let commits = std::mem::take(&mut *commits.lock().unwrap());
    assert_eq!(commits.len(), 1 + story.len().div_ceil(2), "one commit each, and one to begin with");
    let (database, wal) = (fs::read(&path).unwrap(), fs::read(&wal_path).unwrap());
    drop(log);
    Written { database, wal, commits, moved: fs::read(&path).unwrap() }
}

/// What is there after the machine stopped with these files.
fn reopened(path: &Path, database: &[u8], wal: &[u8]) -> (Position, StateHash) {
    fs::write(path, database).unwrap();
    fs::write(path.with_extension("db-wal"), wal).unwrap();
    let _ = fs::remove_file(path.with_extension("db-shm"));
    let log = open(path);
    let hash = log.state_hash().unwrap();
    let mut replayed = memory();
    replayed.replay(&log.tail(Position(0), usize::MAX).unwrap()).unwrap();
    assert_eq!(replayed.state_hash().unwrap(), hash, "the state is what the log says");
    (log.last(), hash)
}

#[test]
fn stopping_at_every_write_leaves_the_last_whole_commit() {
    stop_at_every_write(false);
}

#[test]
fn stopping_at_every_write_leaves_the_last_whole_commit_also_of_what_was_decided_ahead() {
    stop_at_every_write(true);
}

fn stop_at_every_write(is_ahead: bool) {
    let folder = Folder::new();
    let written = write(&folder, is_ahead);
    let copy = folder.path().join("copy.db");
    let frames = (written.wal.len() - HEADER) / FRAME;
    assert!(frames > 100, "{frames}");
    for frame in 0..frames {
        let start = HEADER + frame * FRAME;
        // In the middle of a frame's header, of its page, and at its end.
        for end in [start + FRAME_HEADER / 2, start + FRAME_HEADER + PAGE / 2, start + FRAME] {
            // Before the tables and their first rows are there, opening makes them anew.
            let commit = written.commits.iter().rfind(|(length, ..)| *length <= end);
            let (_, last, hash) = commit.unwrap_or(&written.commits[0]);
            let found = reopened(&copy, &written.database, &written.wal[..end]);
            assert_eq!(found, (*last, *hash), "cut in frame {frame} of {frames}, at {end}");
        }
    }
}

#[test]
fn a_torn_frame_is_as_if_it_were_not_there() {
    let folder = Folder::new();
    let written = write(&folder, true);
    let copy = folder.path().join("copy.db");
    for commit in written.commits.windows(2).step_by(5) {
        let ((_, last, hash), (end, ..)) = (commit[0], commit[1]);
        let mut wal = written.wal[..end].to_vec();
        wal[end - PAGE / 2] ^= 1;
        assert_eq!(reopened(&copy, &written.database, &wal), (last, hash), "a bit turned over before {end}");
    }
}

#[test]
fn stopping_while_pages_are_moved_into_the_file_loses_nothing() {
    let folder = Folder::new();
    let written = write(&folder, true);
    let copy = folder.path().join("copy.db");
    let (_, last, hash) = *written.commits.last().unwrap();
    let pages = written.moved.len() / PAGE;
    for page in 0..=pages {
        let mut database = written.moved[..page * PAGE].to_vec();
        database.extend(written.database.iter().skip(page * PAGE));
        assert_eq!(
            reopened(&copy, &database, &written.wal),
            (last, hash),
            "{page} pages of {pages} were moved"
        );
    }
    assert_eq!(reopened(&copy, &written.moved, &[]), (last, hash));
}

/// The files after one commit, with what it came to.
struct Step {
    database: Vec<u8>,
    wal: Vec<u8>,
    found: (Position, StateHash),
}

/// A run in which pages are moved into the database, and the write-ahead log is begun anew, every few commits.
fn steps(folder: &Folder) -> Vec<Step> {
    let options = Options { checkpoint_pages: 12, pending_rows: PENDING, ..Options::default() };
    let raw = proptest::collection::vec(any::<Raw>(), 150).new_tree(&mut TestRunner::deterministic());
    let story = story(&raw.unwrap().current());
    let path = folder.database();
    let mut log = LocalLog::open(Sqlite::open(&path, options).unwrap()).unwrap();
    let step = |log: &LocalLog<Sqlite>| Step {
        database: fs::read(&path).unwrap(),
        wal: fs::read(folder.path().join("parlor.db-wal")).unwrap(),
        found: (log.last(), log.state_hash().unwrap()),
    };
    let mut steps = vec![step(&log)];
    for batch in story.chunks(2) {
        log.append(batch).unwrap();
        steps.push(step(&log));
    }
    steps
}

/// The new content up to an octet, and the old one from there.
fn mixed(old: &[u8], new: &[u8], at: usize) -> Vec<u8> {
    let mut mixed = new[..at].to_vec();
    mixed.extend(old.iter().skip(at));
    mixed
}

/// The first octet in which two files differ, and the one behind the last, at borders of writes.
fn changed(old: &[u8], new: &[u8]) -> std::ops::Range<usize> {
    let differs = |at: &usize| old.get(*at) != new.get(*at);
    let first = (0..new.len()).find(differs).unwrap_or(new.len());
    let last = (0..new.len()).rfind(differs).map_or(first, |last| last + 1);
    first..last
}

/// Where a write of the write-ahead log may stop: in its header and behind it, in each frame and behind each.
fn stops(range: &std::ops::Range<usize>) -> Vec<usize> {
    let frames = (0..).map(|frame| HEADER + frame * FRAME).take_while(|start| *start < range.end);
    let in_frames = frames.flat_map(|start| {
        [start, start + FRAME_HEADER / 2, start + FRAME_HEADER, start + FRAME_HEADER + PAGE / 2]
    });
    let mut stops: Vec<usize> = [0, HEADER / 2].into_iter().chain(in_frames).collect();
    stops.retain(|stop| range.contains(stop));
    stops
}

#[test]
fn every_write_of_commits_and_checkpoints_leaves_the_state_before_or_after() {
    let folder = Folder::new();
    let steps = steps(&folder);
    let copy = folder.path().join("copy.db");
    let (mut begun_anew, mut moved) = (0, 0);
    for pair in steps.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let wal = changed(&before.wal, &after.wal);
        begun_anew += u32::from(wal.start < HEADER);
        for stop in stops(&wal) {
            let files = mixed(&before.wal, &after.wal, stop);
            let found = reopened(&copy, &before.database, &files);
            assert_eq!(found, before.found, "stopped at octet {stop} of {wal:?}");
        }
        // Nothing says in which order a disk writes what is not synced yet: any one frame may be missing.
        for start in (HEADER..wal.end).step_by(FRAME).filter(|start| *start >= wal.start.max(HEADER)) {
            let mut files = after.wal.clone();
            files[start..start + FRAME].fill(0);
            let found = reopened(&copy, &before.database, &files);
            assert_eq!(found, before.found, "the frame at {start} is not there");
        }
        assert_eq!(
            reopened(&copy, &before.database, &after.wal),
            after.found,
            "the write-ahead log is synced"
        );
        let is_moved = |page: &usize| {
            let range = *page..page + PAGE;
            before.database.get(range.clone()) != after.database.get(range)
        };
        for page in (0..after.database.len()).step_by(PAGE).filter(is_moved) {
            moved += 1;
            // Pages move in their order, or this one comes first, or half of it does.
            let mut alone = before.database.clone();
            alone.resize(alone.len().max(page + PAGE), 0);
            alone[page..page + PAGE].copy_from_slice(&after.database[page..page + PAGE]);
            let mut half = mixed(&before.database, &after.database, page + PAGE / 2);
            half.resize(half.len().max(page + PAGE), 0);
            for database in [mixed(&before.database, &after.database, page), alone, half] {
                assert_eq!(reopened(&copy, &database, &after.wal), after.found, "page at {page}");
            }
        }
        assert_eq!(reopened(&copy, &after.database, &after.wal), after.found);
    }
    assert!(begun_anew > 3 && moved > 20, "{begun_anew} times anew, {moved} pages moved");
}

const CHILD: &str = "PARLOR_TEST_CRASH_DATABASE";

/// What the child does until it is killed: it says things, and says which of them are acknowledged.
fn speak(path: &Path) -> ! {
    let mut log = open(path);
    let mut out = std::io::stdout();
    for number in log.last().0.. {
        let key = format!("key-{number}");
        let outcome =
            ask(&mut log, with_key(&key, post(0, RoomId::LOBBY, &format!("{number} {}", "x".repeat(200)))));
        let sequence = outcome.verdict.unwrap().place.unwrap().sequence;
        writeln!(out, "acknowledged {key} {sequence}").and_then(|()| out.flush()).expect("the parent reads");
    }
    unreachable!("nobody speaks 2^64 times")
}

#[test]
fn a_process_that_is_killed_has_kept_what_it_acknowledged() {
    if let Some(path) = std::env::var_os(CHILD) {
        speak(Path::new(&path));
    }
    let folder = Folder::new();
    accept(&mut folder.open(), arrive(0));
    let mut acknowledged = Vec::new();
    for round in 0..6_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_process_that_is_killed_has_kept_what_it_acknowledged", "--nocapture"])
            .env(CHILD, folder.database())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = lines.map_while(Result::ok).filter_map(|line| {
            let mut words =
                line.split(' ').skip_while(|word| *word != "acknowledged").skip(1).map(String::from);
            Some((words.next()?, words.next()?.parse::<u64>().ok()?))
        });
        acknowledged.extend(said.by_ref().take(20));
        std::thread::sleep(Duration::from_millis(7 * round));
        child.kill().unwrap();
        // What stands in the pipe was acknowledged as well; a line that was cut is none.
        acknowledged.extend(said);
        child.wait().unwrap();

        let mut log = folder.open();
        for (key, sequence) in &acknowledged {
            let again = ask(&mut log, with_key(key, post(0, RoomId::LOBBY, "again")));
            assert!(again.repeated, "{key}");
            assert_eq!(again.verdict.unwrap().place.unwrap().sequence.0, *sequence, "{key}");
        }
        let mut replayed = memory();
        replayed.replay(&log.tail(Position(0), usize::MAX).unwrap()).unwrap();
        assert_eq!(replayed.state_hash().unwrap(), log.state_hash().unwrap());
    }
    assert!(acknowledged.len() >= 120);
}
