//! Three servers, of which the one that leads is killed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parlor_chat::log::Log;
use parlor_chat::storage::Memory;
use parlor_chat::{Position, What};
use parlor_jetstream::{JetStreamLog, Options};

use crate::support::{Cluster, PATIENCE, append, arrive, catch_up, post};

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + 2 * PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: it is not so");
        thread::sleep(Duration::from_millis(10));
    }
}

/// What this author has posted, as the log has it, in order.
fn said(log: &impl Log, author: u64) -> Vec<String> {
    let entries = log.tail(Position(0), usize::MAX).unwrap();
    let text = |event: &parlor_chat::Event| match &event.what {
        What::Posted { text, .. } if event.by.0 == author => Some(text.clone()),
        _ => None,
    };
    entries.iter().filter_map(|entry| text(entry.event.as_ref()?)).collect()
}

#[test]
fn while_the_leader_of_three_servers_is_killed_nothing_is_lost_doubled_or_turned_round() {
    let mut cluster = Cluster::start();
    let options = Options { replicas: 3, ..Options::new(cluster.addresses(), "main") };
    let open = || JetStreamLog::open(options.clone(), Memory::new()).unwrap();
    let counts: [AtomicU64; 3] = Default::default();
    let goal = AtomicU64::new(u64::MAX);
    let speak = |author: usize| {
        let mut log = open();
        let by = author as u64 + 1;
        append(&mut log, &[arrive(by)]);
        let mut number = 0;
        while number < goal.load(Ordering::SeqCst) {
            let posts: Vec<_> =
                (number..number + 5).map(|number| post(by, &format!("{by}-{number}"))).collect();
            let outcomes = append(&mut log, &posts);
            assert!(outcomes.iter().all(|outcome| outcome.verdict.is_ok() && !outcome.repeated));
            number += 5;
            counts[author].store(number, Ordering::SeqCst);
        }
        log
    };
    // Whatever fails here, they stop.
    struct End<'a>(&'a AtomicU64);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.fetch_min(0, Ordering::SeqCst);
        }
    }
    let reached = |goal: u64| counts.iter().all(|count| count.load(Ordering::SeqCst) >= goal);
    let mut logs: Vec<_> = thread::scope(|scope| {
        let nodes: Vec<_> = (0..3).map(|author| scope.spawn(move || speak(author))).collect();
        let _end = End(&goal);
        until("all nodes speak", || reached(50));
        let leader = cluster.kill_leader_of("parlor-main");
        let before = counts.iter().map(|count| count.load(Ordering::SeqCst)).max().unwrap();
        until("all nodes speak again", || reached(before + 50));
        cluster.restart(leader);
        goal.store(
            counts.iter().map(|count| count.load(Ordering::SeqCst)).max().unwrap() + 50,
            Ordering::SeqCst,
        );
        nodes.into_iter().map(|node| node.join().unwrap()).collect()
    });
    let all = open();
    for log in &mut logs {
        catch_up(log, &all);
        assert_eq!((log.last(), log.state_hash()), (all.last(), all.state_hash()));
    }
    let mut places = BTreeSet::new();
    for author in 1..4 {
        let said = said(&all, author);
        let count = counts[usize::try_from(author).unwrap() - 1].load(Ordering::SeqCst);
        let expected: Vec<String> = (0..count).map(|number| format!("{author}-{number}")).collect();
        assert_eq!(said, expected, "everything once and in order");
        places.extend(said);
    }
    assert_eq!(all.last().0, places.len() as u64 + 3, "nothing else is there");
}
