//! What is erased from the log is erased from the servers, too, and whoever comes later comes to the same state.

use std::collections::BTreeSet;
use std::path::Path;

use parlor_chat::log::{LocalLog, Log, SharedLog};
use parlor_chat::storage::Memory;
use parlor_chat::{Action, Outcome, Position, RoomId, Sequence};
use parlor_jetstream::{JetStreamLog, Options};
use proptest::arbitrary::any;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::story::{Raw, story};
use crate::support::{Server, append, arrive, catch_up, node, post, proposal};

fn delete(by: u64, message: u64) -> parlor_chat::Proposal {
    proposal(
        by,
        &format!("delete-{message}"),
        Action::Delete { room: RoomId::LOBBY, message: Sequence(message) },
    )
}

fn edit(by: u64, message: u64, text: &str) -> parlor_chat::Proposal {
    let (room, message, text) = (RoomId::LOBBY, Sequence(message), text.to_owned());
    proposal(by, &text.clone(), Action::Edit { room, message, text, mentions: vec![] })
}

/// Which of the texts that look like `secret-1-text` are in the files of the log's streams.
fn secrets_on_disk(server: &Server) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let streams = server.folder().join("jetstream/$G/streams");
    for stream in std::fs::read_dir(streams).unwrap().map(|stream| stream.unwrap().path()) {
        if stream.file_name().is_some_and(|name| name.to_string_lossy().starts_with("parlor-")) {
            read_folder(&stream, &mut found);
        }
    }
    found
}

fn read_folder(folder: &Path, found: &mut BTreeSet<String>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            read_folder(&path, found);
        } else if let Ok(octets) = std::fs::read(&path) {
            found.extend(secrets(&octets));
        }
    }
}

fn secrets(octets: &[u8]) -> BTreeSet<String> {
    const KINDS: [&str; 12] = [
        "text", "name", "request", "note", "label", "password", "passkey", "totp", "provider", "refused",
        "kept", "gone",
    ];
    let begins = octets.windows(7).enumerate().filter(|(_, window)| *window == b"secret-");
    let texts = begins.filter_map(|(at, _)| {
        let rest = &octets[at + 7..];
        let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let number = std::str::from_utf8(&rest[..digits]).ok()?;
        let kind = KINDS
            .iter()
            .find(|kind| rest.get(digits + 1..).is_some_and(|rest| rest.starts_with(kind.as_bytes())))?;
        Some(format!("secret-{number}-{kind}"))
    });
    texts.collect()
}

#[test]
fn what_is_deleted_edited_away_or_refused_is_in_no_file_of_the_server() {
    let server = Server::start();
    let mut log = node(&server, "main");
    let long = format!("secret-1-refused-{}", "x".repeat(parlor_chat::limits::TEXT));
    append(&mut log, &[arrive(1), post(1, "secret-1-gone"), post(1, "secret-1-kept"), post(1, &long)]);
    append(&mut log, &[edit(1, 1, "secret-2-gone"), edit(1, 2, "secret-2-kept")]);
    append(&mut log, &[edit(1, 2, "secret-2-kept")]);
    let all = ["secret-1-gone", "secret-1-kept", "secret-1-refused", "secret-2-gone", "secret-2-kept"];
    assert!(secrets_on_disk(&server).iter().eq(all));
    append(&mut log, &[delete(1, 1)]);
    assert_eq!(log.scrub(), Ok(true));
    assert!(secrets_on_disk(&server).iter().eq(["secret-1-kept", "secret-2-kept"]));
    append(&mut log, &[delete(1, 2)]);
    assert_eq!(log.scrub(), Ok(true));
    assert_eq!(secrets_on_disk(&server), BTreeSet::new());
}

#[test]
fn who_comes_after_an_erasure_decides_as_if_nothing_were_missing() {
    let server = Server::start();
    let mut log = node(&server, "main");
    append(&mut log, &[arrive(1), arrive(2), post(1, "a"), edit(1, 1, "b"), post(2, "c"), delete(1, 1)]);
    // That it was there decides what becomes of these.
    append(&mut log, &[edit(1, 1, "d"), delete(2, 1), post(1, "e"), delete(1, 3)]);
    assert_eq!(log.scrub(), Ok(true));
    let later = node(&server, "main");
    assert_eq!((later.last(), later.state_hash()), (log.last(), log.state_hash()));
    assert_eq!(later.tail(Position(0), usize::MAX), log.tail(Position(0), usize::MAX));
}

#[test]
fn a_node_that_is_behind_takes_what_is_settled_and_hears_of_every_place() {
    let server = Server::start();
    let (mut log, mut behind) = (node(&server, "main"), node(&server, "main"));
    append(&mut log, &[arrive(1)]);
    catch_up(&mut behind, &log);
    append(&mut log, &[post(1, "a"), post(1, "b"), delete(1, 1), post(1, "a")]);
    assert_eq!(log.scrub(), Ok(true));
    let heard = catch_up(&mut behind, &log);
    let places: Vec<u64> = heard.iter().map(|outcome| outcome.position.0).collect();
    assert_eq!(places, [2, 3, 4, 5]);
    assert!(heard[3].repeated, "the key is known for ever");
    assert_eq!(behind.state_hash(), log.state_hash());
}

#[test]
fn a_new_node_begins_with_the_newest_snapshot() {
    let server = Server::start();
    let mut log = node(&server, "main");
    append(&mut log, &[arrive(1), post(1, "a"), post(1, "b")]);
    assert_eq!(log.publish_snapshot(), Ok(Position(3)));
    append(&mut log, &[post(1, "c"), delete(1, 1)]);
    assert_eq!(log.publish_snapshot(), Ok(Position(5)));
    append(&mut log, &[post(1, "d")]);
    let later = node(&server, "main");
    assert_eq!((later.last(), later.state_hash()), (log.last(), log.state_hash()));
    assert_eq!(later.tail(Position(0), usize::MAX), log.tail(Position(0), usize::MAX));
}

#[test]
fn after_trimming_a_new_node_and_one_that_is_too_far_behind_begin_with_the_snapshot() {
    let server = Server::start();
    let storage = Memory::new();
    let open = |storage| JetStreamLog::open(Options::new(server.address(), "main"), storage);
    let mut log = node(&server, "main");
    append(&mut log, &[arrive(1)]);
    drop(open(storage.clone()).unwrap());
    append(&mut log, &[post(1, "a"), post(1, "b"), post(1, "c")]);
    log.trim(Position(3)).unwrap();
    append(&mut log, &[post(1, "d")]);

    for storage in [storage, Memory::new()] {
        let later = open(storage).unwrap();
        assert_eq!((later.last(), later.state_hash()), (log.last(), log.state_hash()));
    }
}

#[test]
fn what_is_erased_of_one_message_leaves_what_stands_with_it_whenever_a_node_comes() {
    let server = Server::start();
    let storage = Memory::new();
    let open = || JetStreamLog::open(Options::new(server.address(), "main"), storage.clone()).unwrap();
    let mut log = open();
    append(&mut log, &[arrive(1), post(1, "a"), post(1, "b"), post(1, "c")]);
    // One after the other, and each time by a node that has just started.
    for (number, message) in [2, 3, 1].into_iter().enumerate() {
        append(&mut log, &[post(1, &format!("later-{number}")), delete(1, message)]);
        assert_eq!(log.scrub(), Ok(true));
        let later = node(&server, "main");
        assert_eq!((later.last(), later.state_hash()), (log.last(), log.state_hash()));
        assert_eq!(later.tail(Position(0), usize::MAX), log.tail(Position(0), usize::MAX));
        drop(log);
        log = open();
    }
}

#[test]
fn a_space_that_begins_with_a_snapshot_erases_nothing_that_came_after_it() {
    let server = Server::start();
    let mut alone = LocalLog::open(Memory::new()).unwrap();
    append(&mut alone, &[arrive(1), post(1, "a"), post(1, "b"), post(1, "c")]);
    let mut snapshot = Vec::new();
    alone.snapshot(&mut snapshot).unwrap();
    let storage = Memory::new();
    let open = || JetStreamLog::open(Options::new(server.address(), "main"), storage.clone()).unwrap();
    let mut log = open();
    assert_eq!(log.restore(&mut snapshot.as_slice()), Ok(Position(4)));
    for text in ["d", "e", "f"] {
        append(&mut log, &[post(1, text)]);
    }
    drop(log);
    let mut log = open();
    // At these places stood something else in the old log than stands in the messages of these numbers.
    append(&mut log, &[delete(1, 1), delete(1, 2), delete(1, 4)]);
    assert_eq!(log.scrub(), Ok(true));
    append(&mut log, &[post(1, "g")]);
    let later = node(&server, "main");
    assert_eq!((later.last(), later.state_hash()), (log.last(), log.state_hash()));
    assert_eq!(later.tail(Position(4), usize::MAX), log.tail(Position(4), usize::MAX));
}

/// Chance: numbers that only depend on where they begin (Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A node and the outcomes that it was told.
struct Told {
    log: JetStreamLog<Memory>,
    from: Position,
    outcomes: Vec<Outcome>,
}

impl Told {
    fn new(log: JetStreamLog<Memory>) -> Self {
        Told { from: log.last(), log, outcomes: Vec::new() }
    }

    /// Erases all that this node has to erase. What was decided before is told by that.
    fn scrub(&mut self) {
        self.log.scrub().unwrap();
        self.outcomes.extend_from_slice(self.log.heard());
    }

    fn every_outcome_was_told_in_order(&self) {
        let told = self.outcomes.iter().map(|outcome| outcome.position.0);
        assert!(told.eq(self.from.0 + 1..=self.log.last().0), "{:?} from {}", self.outcomes, self.from);
    }
}

fn nodes_come_to_the_same(server: &Server, space: &str, raw: &[Raw], chance: &mut Chance) {
    let story = story(raw);
    let end = story.len() as u64;
    // Within a batch, the words of different people may change places.
    let mut in_order = std::collections::BTreeMap::new();
    let mut nodes: Vec<Told> = (0..3).map(|_| Told::new(node(server, space))).collect();
    let mut rest = story.as_slice();
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(rest.len().min(1 + chance.below(8)));
        rest = later;
        // The last node only listens, and is behind for long.
        let speaker = chance.below(2);
        let told = &mut nodes[speaker];
        let outcomes = append(&mut told.log, batch);
        in_order.extend(outcomes.iter().map(|outcome| outcome.position).zip(batch));
        told.outcomes.extend_from_slice(told.log.heard());
        match chance.below(24) {
            0..=5 => nodes[speaker].scrub(),
            6 => _ = nodes[speaker].log.publish_snapshot().unwrap(),
            7 if nodes.len() < 6 => nodes.push(Told::new(node(server, space))),
            8 => {
                let listener = 2 + chance.below(nodes.len() - 2);
                listen(&mut nodes[listener], end);
            }
            _ => {}
        }
    }
    for told in nodes.iter_mut().take(2) {
        listen(told, end);
        told.scrub();
    }
    nodes.push(Told::new(node(server, space)));
    let mut alone = LocalLog::open(Memory::new()).unwrap();
    alone.append(&in_order.into_values().cloned().collect::<Vec<_>>()).unwrap();
    let reference = alone.tail(Position(0), usize::MAX).unwrap();
    for told in &mut nodes {
        while told.log.last().0 < end {
            listen(told, end);
        }
        told.every_outcome_was_told_in_order();
        for entry in told.log.tail(Position(0), usize::MAX).unwrap() {
            assert_eq!(entry, reference[usize::try_from(entry.position.0).unwrap() - 1]);
        }
        assert_eq!((told.log.last(), told.log.state_hash()), (alone.last(), alone.state_hash()));
    }
    // What is in no entry any more is nowhere.
    let kept: BTreeSet<String> = reference.iter().flat_map(|entry| secrets(&entry.to_octets())).collect();
    let left: Vec<String> = secrets_on_disk(server).difference(&kept).cloned().collect();
    assert!(left.is_empty(), "{left:?} is left");
}

fn listen(told: &mut Told, up_to: u64) {
    if told.log.last().0 < up_to {
        told.log.follow(std::time::Duration::from_millis(50)).unwrap();
        told.outcomes.extend_from_slice(told.log.heard());
    }
}

#[test]
fn nodes_of_every_age_come_to_the_same_state_whatever_is_erased_meanwhile() {
    let mut runner = TestRunner::deterministic();
    for seed in 0..8 {
        let server = Server::start();
        let raw = vec(any::<Raw>(), 160).new_tree(&mut runner).unwrap().current();
        nodes_come_to_the_same(&server, "main", &raw, &mut Chance(seed));
    }
}
