//! Snapshots that nodes write by themselves, and what new nodes and those that were away make of them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use async_nats::jetstream::stream::Stream;
use parlor_chat::log::Log;
use parlor_chat::storage::Memory;
use parlor_chat::{Position, Trouble};
use parlor_jetstream::{JetStreamLog, Options};
use tokio::runtime::Runtime;

use crate::support::{PATIENCE, Server, append, arrive, catch_up, node, post, runtime};

const EVERY: u64 = 10;

/// Nodes that write a snapshot after ten entries, over a stream that is trimmed behind them.
fn options(server: &Server) -> Options {
    Options { snapshot_every: EVERY, keep: 1, ..Options::new(server.address(), "main") }
}

fn open(server: &Server, storage: &Memory) -> JetStreamLog<Memory> {
    JetStreamLog::open(options(server), storage.clone()).unwrap()
}

/// Looks at the servers themselves.
struct Look(Runtime, async_nats::jetstream::Context);

impl Look {
    fn at(server: &Server) -> Self {
        let runtime = runtime();
        let client = runtime.block_on(async_nats::connect(server.address())).unwrap();
        let context = {
            let _guard = runtime.enter();
            async_nats::jetstream::new(client)
        };
        Look(runtime, context)
    }

    fn stream(&self, name: &str) -> Option<Stream> {
        self.0.block_on(self.1.get_stream(name)).ok()
    }

    /// The first place that is left of the log.
    fn first(&self) -> u64 {
        self.stream("parlor-main").unwrap().cached_info().state.first_sequence
    }

    /// The last number that was given to a piece or a name of a snapshot; 0 if there was none.
    fn snapshots(&self) -> u64 {
        self.stream("OBJ_parlor-main").map_or(0, |stream| stream.cached_info().state.last_sequence)
    }

    fn publish(&self, subject: &'static str, payload: &'static str) {
        let published = async { self.1.publish(subject, payload.into()).await.unwrap().await.unwrap() };
        self.0.block_on(published);
    }
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(20));
    }
}

/// Says so much that two snapshots are written, one after the other.
fn two_snapshots(log: &mut JetStreamLog<Memory>, look: &Look) {
    let first = look.first();
    for number in 0..2 {
        let before = look.snapshots();
        let posts: Vec<_> = (0..EVERY).map(|at| post(1, &format!("{number}-{at}"))).collect();
        append(log, &posts);
        wait_until("no snapshot is written", || look.snapshots() > before);
    }
    wait_until("the stream is not trimmed", || look.first() > first);
}

#[test]
fn nodes_write_snapshots_by_themselves_and_a_new_one_has_everything_after_the_stream_is_trimmed() {
    let server = Server::start();
    let mut log = open(&server, &Memory::new());
    append(&mut log, &[arrive(1)]);
    two_snapshots(&mut log, &Look::at(&server));
    append(&mut log, &[post(1, "behind the snapshot")]);

    let later = open(&server, &Memory::new());
    assert_eq!((later.last(), later.state_hash()), (log.last(), log.state_hash()));
    assert_eq!(later.tail(Position(0), usize::MAX), log.tail(Position(0), usize::MAX));
}

#[test]
fn of_several_nodes_one_writes() {
    let server = Server::start();
    let look = Look::at(&server);
    let mut nodes: Vec<_> = (0..3).map(|_| open(&server, &Memory::new())).collect();
    let posts: Vec<_> = (0..EVERY).map(|number| post(1, &format!("{number}"))).collect();
    append(&mut nodes[0], &[arrive(1)]);
    append(&mut nodes[0], &posts);
    let (first, others) = nodes.split_at_mut(1);
    for other in others {
        catch_up(other, &first[0]);
    }
    wait_until("no snapshot is written", || look.snapshots() > 0);
    // Each of them has looked several times by then.
    sleep(Duration::from_secs(3));
    assert_eq!(look.snapshots(), 2, "one piece and one name");
}

#[test]
fn a_node_that_was_away_for_long_goes_on_with_the_snapshot() {
    let server = Server::start();
    let away = Memory::new();
    let mut log = open(&server, &away);
    append(&mut log, &[arrive(1), post(1, "before")]);
    drop(log);
    let mut log = open(&server, &Memory::new());
    two_snapshots(&mut log, &Look::at(&server));

    let back = open(&server, &away);
    assert_eq!((back.last(), back.state_hash()), (log.last(), log.state_hash()));
    assert_eq!(back.tail(Position(0), usize::MAX), log.tail(Position(0), usize::MAX));
}

#[test]
fn a_node_of_another_past_is_not_overwritten() {
    let server = Server::start();
    let strange = Memory::new();
    let other = Options::new(server.address(), "other");
    append(&mut JetStreamLog::open(other, strange.clone()).unwrap(), &[arrive(7), post(7, "elsewhere")]);
    let mut log = open(&server, &Memory::new());
    append(&mut log, &[arrive(1), post(1, "here")]);
    two_snapshots(&mut log, &Look::at(&server));

    let Err(trouble) = JetStreamLog::open(options(&server), strange.clone()) else { panic!("it is taken") };
    let sentence = trouble.to_string();
    assert!(matches!(trouble, Trouble::Unfit(_)) && sentence.contains("empty data folder"), "{sentence}");
    let left = parlor_chat::log::LocalLog::open(strange).unwrap();
    assert_eq!(left.last(), Position(2), "all is as it was");
}

#[test]
fn what_a_writer_has_left_that_ended_in_the_middle_is_removed() {
    let server = Server::start();
    let look = Look::at(&server);
    let mut log = node(&server, "main");
    append(&mut log, &[arrive(1)]);
    log.publish_snapshot().unwrap();
    look.publish("$O.parlor-main.C.left", "half a snapshot");
    append(&mut log, &[post(1, "a")]);
    assert_eq!(node(&server, "main").last(), Position(2), "nobody takes it for a snapshot");
    log.publish_snapshot().unwrap();
    let stream = look.stream("OBJ_parlor-main").unwrap();
    assert_eq!(stream.cached_info().state.messages, 2, "one piece and one name");
}

#[test]
fn who_reads_a_snapshot_that_is_replaced_begins_again_with_the_newer_one() {
    let server = Server::start();
    let look = Look::at(&server);
    let mut log = node(&server, "main");
    append(&mut log, &[arrive(1), post(1, "a")]);
    log.publish_snapshot().unwrap();
    // Its octets are gone and its name is not yet, as for who has just found it.
    let stream = look.stream("OBJ_parlor-main").unwrap();
    look.0.block_on(async { stream.purge().filter("$O.parlor-main.C.>").await }).unwrap();
    append(&mut log, &[post(1, "b")]);
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| node(&server, "main"));
        sleep(Duration::from_millis(500));
        log.publish_snapshot().unwrap();
        let later = opening.join().unwrap();
        assert_eq!((later.last(), later.state_hash()), (log.last(), log.state_hash()));
    });
}
