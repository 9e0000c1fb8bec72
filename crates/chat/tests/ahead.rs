//! Deciding on the next batch while one is being written: what fails takes with it what was decided on top.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::{Intercepted, Memory, Storage, Writes};
use parlor_chat::{Chat, Outcome, Position, Proposal, RoomId, Trouble};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Raw, arrive, memory, post, story, with_key};

const LOBBY: RoomId = RoomId::LOBBY;

/// What becomes of one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Happens,
    /// It does not happen.
    Fails,
    /// It happens, and the contrary is told.
    IsDenied,
}

/// A storage each of whose commits waits until it is said what becomes of it; afterwards all happen.
fn fated<S: Storage>(storage: S) -> (impl Storage, Sender<Fate>) {
    let (say, fates) = channel();
    let commit = move |storage: &mut S, writes: &Writes| match fates.recv().unwrap_or(Fate::Happens) {
        Fate::Happens => storage.commit(writes),
        Fate::Fails => Err(Trouble::Full),
        Fate::IsDenied => {
            storage.commit(writes)?;
            Err(Trouble::Io("denied".into()))
        }
    };
    (Intercepted::new(storage, commit), say)
}

type Told = Receiver<(usize, Result<Vec<Outcome>, Trouble>)>;

/// Has batches taken and begun, each before the one before is done.
fn take(log: &mut dyn Log, batches: &[&[Proposal]]) -> Told {
    let (tell, told) = channel();
    for (number, batch) in batches.iter().enumerate() {
        let tell = tell.clone();
        log.take(batch, Box::new(move |result| tell.send((number, result)).unwrap()));
    }
    told
}

/// The log in memory with somebody in it, and what says the fate of its next commits.
fn with_somebody() -> (LocalLog<impl Storage>, Sender<Fate>) {
    let (storage, say) = fated(Memory::new());
    [Fate::Happens; 2].iter().for_each(|fate| say.send(*fate).unwrap());
    let mut log = LocalLog::open(storage).unwrap();
    log.append(&[arrive(0)]).unwrap();
    (log, say)
}

#[test]
fn a_batch_is_decided_while_the_one_before_is_being_written() {
    let (mut log, say) = with_somebody();
    let (first, second) = ([with_key("a", post(0, LOBBY, "1"))], [with_key("a", post(0, LOBBY, "1"))]);
    let told_first = take(&mut log, &[&first]);
    log.flush();
    // The first is not written as long as nobody says so, and the second is decided nevertheless.
    let told_second = take(&mut log, &[&second]);
    assert!(told_first.try_recv().is_err() && told_second.try_recv().is_err());
    assert_eq!(log.last(), Position(1), "nothing is durable that is not told");
    say.send(Fate::Happens).unwrap();
    say.send(Fate::Happens).unwrap();
    log.settle();
    assert_eq!(log.last(), Position(3));
    let (first, second) = (told_first.recv().unwrap().1.unwrap(), told_second.recv().unwrap().1.unwrap());
    assert!(!first[0].repeated && second[0].repeated, "it saw what was not durable yet");
    assert_eq!(first[0].verdict, second[0].verdict);
}

#[test]
fn what_was_decided_on_top_of_what_fails_fails_too_and_what_comes_later_does_not() {
    for fate in [Fate::Fails, Fate::IsDenied] {
        let (mut log, say) = with_somebody();
        let batches: Vec<Vec<Proposal>> =
            ["a", "b", "c"].map(|key| vec![with_key(key, post(0, LOBBY, key))]).into();
        let first = take(&mut log, &[&batches[0]]);
        log.flush();
        let on_top = take(&mut log, &[&batches[1], &batches[2]]);
        say.send(fate).unwrap();
        drop(say);
        log.settle();
        let trouble = first.recv().unwrap().1.unwrap_err();
        assert!(trouble.may_pass(), "{fate:?}");
        let on_top: Vec<_> = on_top.try_iter().collect();
        assert_eq!(on_top, [(0, Err(trouble.clone())), (1, Err(trouble))], "{fate:?}");
        let again = batches.iter().map(|batch| log.append(batch).unwrap().remove(0));
        let repeated: Vec<bool> =
            again.map(|outcome| outcome.verdict.map(|_| outcome.repeated).unwrap()).collect();
        assert_eq!(repeated, [fate == Fate::IsDenied, false, false], "{fate:?}");

        let mut replayed = memory();
        replayed.replay(&log.tail(Position(0), usize::MAX).unwrap()).unwrap();
        assert_eq!(replayed.state_hash(), log.state_hash(), "nothing is left of what failed");
    }
}

#[test]
fn a_batch_that_fails_leaves_the_one_before_it_alone() {
    let (mut log, say) = with_somebody();
    let first = take(&mut log, &[&[with_key("a", post(0, LOBBY, "1"))]]);
    log.flush();
    say.send(Fate::Happens).unwrap();
    say.send(Fate::Fails).unwrap();
    let second = take(&mut log, &[&[with_key("b", post(0, LOBBY, "2"))]]);
    log.settle();
    assert!(first.recv().unwrap().1.is_ok());
    assert_eq!(second.recv().unwrap().1, Err(Trouble::Full));
    assert_eq!(log.last(), Position(2));
    drop(say);
    assert!(!log.append(&[with_key("b", post(0, LOBBY, "2"))]).unwrap()[0].repeated);
}

/// Has a story taken ahead.
fn told_ahead(log: &mut dyn Log, story: &[Proposal], batch: usize, flush: usize) -> Vec<Outcome> {
    let (tell, told) = channel();
    for (number, batch) in story.chunks(batch).enumerate() {
        let tell = tell.clone();
        log.take(batch, Box::new(move |result| tell.send(result.unwrap()).unwrap()));
        if number % flush == 0 {
            log.flush();
        }
    }
    log.settle();
    told.try_iter().flatten().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn deciding_ahead_leads_to_the_same_state(
        raw in vec(any::<Raw>(), 1..200), batch in 1_usize..20, flush in 1_usize..4,
    ) {
        let story = story(&raw);
        let mut plain = memory();
        let outcomes: Vec<Outcome> = story.iter().flat_map(|one| plain.append(std::slice::from_ref(one)).unwrap()).collect();
        let folder = support::Folder::new();
        let mut logs: [Box<dyn Log>; 2] = [Box::new(memory()), Box::new(folder.open())];
        for log in &mut logs {
            prop_assert_eq!(&told_ahead(&mut **log, &story, batch, flush), &outcomes);
            prop_assert_eq!(log.state_hash(), plain.state_hash());
            prop_assert_eq!(log.tail(Position(0), usize::MAX), plain.tail(Position(0), usize::MAX));
        }
    }

    #[test]
    fn whatever_fails_the_state_is_that_of_what_was_told(
        raw in vec(any::<Raw>(), 1..100), batch in 1_usize..10, flush in 1_usize..4,
        fates in vec(prop_oneof![2 => Just(Fate::Happens), 1 => Just(Fate::Fails), 1 => Just(Fate::IsDenied)], 1..20),
    ) {
        let (storage, say) = fated(Memory::new());
        say.send(Fate::Happens).unwrap();
        fates.into_iter().for_each(|fate| say.send(fate).unwrap());
        drop(say);
        let mut log = LocalLog::open(storage).unwrap();
        let (tell, told) = channel();
        for (number, batch) in story(&raw).chunks(batch).enumerate() {
            let (tell, batch_again) = (tell.clone(), batch.to_vec());
            log.take(batch, Box::new(move |result| tell.send((batch_again, result)).unwrap()));
            if number % flush == 0 {
                log.flush();
            }
        }
        log.settle();
        // Where a write was denied, the log looks at what is there before it goes on.
        while log.append(&[]).is_err() {}
        // All that was acknowledged is there, in its place, and the state is what the log says.
        let entries = log.tail(Position(0), usize::MAX).unwrap();
        let mut last = Position(0);
        for (batch, result) in told.try_iter() {
            let Ok(outcomes) = result else { continue };
            prop_assert_eq!(outcomes.len(), batch.len());
            for outcome in outcomes {
                prop_assert!(outcome.position > last, "told in order, none twice");
                last = outcome.position;
                prop_assert_eq!(entries[usize::try_from(last.0).unwrap() - 1].position, last);
            }
        }
        prop_assert!(log.last() >= last);
        prop_assert_eq!(log.last().0, entries.len() as u64);
        let mut replayed = memory();
        replayed.replay(&entries).unwrap();
        prop_assert_eq!(replayed.state_hash(), log.state_hash());
    }
}

#[test]
fn whoever_speaks_while_the_disk_fails_is_told_so_and_heard_once_when_they_say_it_again() {
    const PEOPLE: u64 = 300;
    let (storage, say) = fated(Memory::new());
    [Fate::Happens; 2].iter().for_each(|fate| say.send(*fate).unwrap());
    let mut log = LocalLog::open(storage).unwrap();
    log.append(&(0..PEOPLE).map(arrive).collect::<Vec<_>>()).unwrap();
    let heard: Arc<Mutex<Vec<Outcome>>> = Arc::default();
    let hear = heard.clone();
    let listener = move |outcomes: &[Outcome]| hear.lock().unwrap().extend_from_slice(outcomes);
    let chat = Chat::start(log, Box::new(listener)).unwrap();
    let mut missing: Vec<u64> = (0..PEOPLE).collect();
    let mut receipts = HashMap::new();
    // Of the first commits some fail, and some are told to.
    for fate in [Fate::Fails, Fate::Happens, Fate::Fails, Fate::IsDenied, Fate::Fails] {
        say.send(fate).unwrap();
    }
    drop(say);
    for _ in 0..10 {
        let (tell, told) = channel();
        for by in &missing {
            let (by, tell) = (*by, tell.clone());
            let answer = move |outcome: Result<&Outcome, Trouble>| tell.send((by, outcome.cloned())).unwrap();
            chat.submit(with_key("once", post(by, LOBBY, "hello")), Box::new(answer));
        }
        drop(tell);
        let told: Vec<_> = told.iter().collect();
        assert_eq!(told.len(), missing.len(), "everybody is answered once");
        missing.clear();
        for (by, result) in told {
            match result {
                Ok(outcome) => _ = receipts.insert(by, outcome),
                Err(trouble) => {
                    assert!(trouble.may_pass());
                    missing.push(by);
                }
            }
        }
    }
    assert!(missing.is_empty(), "the disk works again");
    let log = chat.stop().unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard.is_sorted_by_key(|outcome| outcome.position), "who listens hears in order");
    let places: Vec<_> =
        receipts.values().map(|outcome| outcome.verdict.unwrap().place.unwrap().sequence.0).collect();
    let mut sorted = places.clone();
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(1..=PEOPLE), "everybody said it once");
    let mut replayed = memory();
    replayed.replay(&log.tail(Position(0), usize::MAX).unwrap()).unwrap();
    assert_eq!(replayed.state_hash(), log.state_hash());
}
