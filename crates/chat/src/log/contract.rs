//! What every log promises, as functions that a test calls with a maker of empty logs.
//!
//! ```
//! use parlor_chat::log::{LocalLog, contract};
//! use parlor_chat::storage::Memory;
//!
//! for (promise, check) in contract::ALL {
//!     println!("{promise}");
//!     check(&mut || Box::new(LocalLog::open(Memory::new()).expect("memory does not fail")));
//! }
//! ```

use std::sync::{Arc, Mutex};

use super::Log;
use crate::entry::{Entry, Verdict};
use crate::event::What;
use crate::id::{PersonId, RoomId};
use crate::key::Key;
use crate::outcome::Outcome;
use crate::place::{Position, Sequence};
use crate::proposal::{Action, Proposal};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// Makes an empty log.
pub type Make<'a> = dyn FnMut() -> Box<dyn Log> + 'a;

/// A promise and its test.
pub type Promise = (&'static str, fn(&mut Make<'_>));

/// Every promise. A test panics where the log breaks it.
pub const ALL: &[Promise] = &[
    ("places are given in order, one for each proposal", places_are_given_in_order),
    ("an empty batch changes nothing", an_empty_batch_changes_nothing),
    ("a repeated key has the first outcome again", a_repeated_key_has_the_first_outcome_again),
    ("within a batch, each proposal sees those before it", proposals_of_a_batch_see_each_other),
    ("what is taken is told once, in the order of the log", what_is_taken_is_told_once_in_order),
    ("what is taken sees what was taken before", what_is_taken_sees_what_was_taken_before),
    ("everything else comes after what was taken", everything_else_comes_after_what_was_taken),
    ("the tail is what was appended, from anywhere", the_tail_is_what_was_appended),
    ("a refused text is not kept", a_refused_text_is_not_kept),
    ("a deleted text is erased, and its key is known for ever", a_deleted_text_is_erased),
    ("replaying leads to the same state", replaying_leads_to_the_same_state),
    ("entries out of order are not replayed", entries_out_of_order_are_not_replayed),
    ("trimming forgets entries and keeps the state", trimming_keeps_the_state),
    ("a snapshot carries the state over", a_snapshot_carries_the_state_over),
    ("a damaged snapshot is refused and leaves an empty log", a_damaged_snapshot_is_refused),
    ("a source sees what was appended", a_source_sees_what_was_appended),
];

const AUTHOR: PersonId = PersonId(7);

fn proposal(key: Option<&str>, action: Action) -> Proposal {
    let key = key.map(|key| Key::new(key).expect("a short key"));
    Proposal { at: Timestamp(1_763_744_400_000), by: AUTHOR, key, action }
}

fn arrive() -> Proposal {
    proposal(Some("arrive"), Action::Arrive { nickname: "ada".into(), from: crate::order::Origin::default() })
}

fn post(key: &str, text: &str) -> Proposal {
    let room = RoomId::LOBBY;
    proposal(
        Some(key),
        Action::Post { room, text: text.into(), reply_to: None, thread: None, mentions: Vec::new() },
    )
}

fn delete(message: u64) -> Proposal {
    proposal(None, Action::Delete { room: RoomId::LOBBY, message: Sequence(message) })
}

fn append(log: &mut dyn Log, batch: &[Proposal]) -> Vec<Outcome> {
    log.append(batch).expect("an undisturbed log takes what it is given")
}

/// What was told, with the number of each batch.
type Told = Arc<Mutex<Vec<(usize, Vec<Outcome>)>>>;

fn take(log: &mut dyn Log, told: &Told, number: usize, batch: &[Proposal]) {
    let told = told.clone();
    let tell = move |result: Result<_, Trouble>| {
        let outcomes = result.expect("an undisturbed log takes what it is given");
        told.lock().expect("nobody panics while they tell").push((number, outcomes));
    };
    log.take(batch, Box::new(tell));
}

fn heard(told: &Told) -> Vec<(usize, Vec<Outcome>)> {
    std::mem::take(&mut *told.lock().expect("nobody panics while they tell"))
}

fn everything(log: &dyn Log) -> Vec<Entry> {
    log.tail(Position(0), usize::MAX).expect("an undisturbed log can be read")
}

fn hash(log: &dyn Log) -> super::StateHash {
    log.state_hash().expect("an undisturbed log can be read")
}

fn contains(entries: &[Entry], text: &str) -> bool {
    entries.iter().any(|entry| entry.to_octets().windows(text.len()).any(|window| window == text.as_bytes()))
}

fn places_are_given_in_order(make: &mut Make<'_>) {
    let mut log = make();
    assert_eq!(log.last(), Position(0));
    let mut positions = Vec::new();
    for batch in [vec![arrive()], vec![post("a", "1"), delete(99), post("b", "2")], vec![post("c", "3")]] {
        positions.extend(append(&mut *log, &batch).iter().map(|outcome| outcome.position.0));
    }
    assert_eq!(positions, [1, 2, 3, 4, 5]);
    assert_eq!(log.last(), Position(5));
}

fn an_empty_batch_changes_nothing(make: &mut Make<'_>) {
    let mut log = make();
    let before = hash(&*log);
    assert_eq!(append(&mut *log, &[]), []);
    assert_eq!((log.last(), hash(&*log)), (Position(0), before));
}

fn a_repeated_key_has_the_first_outcome_again(make: &mut Make<'_>) {
    let mut log = make();
    append(&mut *log, &[arrive()]);
    let first = append(&mut *log, &[post("k", "hello"), post("k", "hello")]);
    let later = append(&mut *log, &[post("k", "another text")]);
    for repeat in [&first[1], &later[0]] {
        assert!(repeat.repeated);
        assert_eq!((&repeat.verdict, &repeat.event), (&first[0].verdict, &None));
    }
    let long = "x".repeat(crate::limits::TEXT + 1);
    let refused = append(&mut *log, &[post("r", &long), post("r", "short by now")]);
    assert_eq!(refused[1].verdict, Err(Refusal::TextTooLong));
    assert!(refused[1].repeated);
}

fn proposals_of_a_batch_see_each_other(make: &mut Make<'_>) {
    let mut log = make();
    let outcomes = append(&mut *log, &[arrive(), post("a", "hello"), delete(1), delete(1)]);
    let verdicts: Vec<_> = outcomes.iter().map(|outcome| outcome.verdict.err()).collect();
    assert_eq!(verdicts, [None, None, None, Some(Refusal::NoSuchMessage)]);
}

fn what_is_taken_is_told_once_in_order(make: &mut Make<'_>) {
    for steps in 1..4 {
        let (mut log, told) = (make(), Told::default());
        let batches =
            [vec![arrive()], vec![post("a", "1"), delete(99)], vec![post("b", "2")], vec![], vec![delete(1)]];
        for (number, batch) in batches.iter().enumerate() {
            take(&mut *log, &told, number, batch);
            if number % steps == 0 {
                log.flush();
            }
        }
        log.settle();
        let heard = heard(&told);
        assert_eq!(heard.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        let outcomes = heard.iter().flat_map(|(_, outcomes)| outcomes);
        assert_eq!(outcomes.map(|outcome| outcome.position.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(log.last(), Position(5));

        let mut other = make();
        let appended = batches.iter().map(|batch| append(&mut *other, batch));
        assert!(
            appended.eq(heard.into_iter().map(|(_, outcomes)| outcomes)),
            "it is what appending comes to"
        );
        assert_eq!((hash(&*log), everything(&*log)), (hash(&*other), everything(&*other)));
    }
}

fn what_is_taken_sees_what_was_taken_before(make: &mut Make<'_>) {
    let (mut log, told) = (make(), Told::default());
    let batches = [
        vec![arrive(), post("a", "1")],
        vec![post("a", "1"), delete(1)],
        vec![delete(1), post("b", "2"), post("c", "3")],
        vec![post("b", "2"), delete(3)],
    ];
    for (number, batch) in batches.iter().enumerate() {
        take(&mut *log, &told, number, batch);
        log.flush();
    }
    log.settle();
    let outcomes = heard(&told).into_iter().flat_map(|(_, outcomes)| outcomes);
    let verdicts = outcomes.map(|outcome| (outcome.verdict.err(), outcome.repeated));
    let gone = (Some(Refusal::NoSuchMessage), false);
    let (done, again) = ((None, false), (None, true));
    let expected = [done, done, again, done, gone, done, done, again, done];
    assert_eq!(verdicts.collect::<Vec<_>>(), expected);
}

fn everything_else_comes_after_what_was_taken(make: &mut Make<'_>) {
    let (mut log, told) = (make(), Told::default());
    take(&mut *log, &told, 0, &[arrive()]);
    log.flush();
    take(&mut *log, &told, 1, &[post("a", "1")]);
    assert_eq!(append(&mut *log, &[post("b", "2")])[0].position, Position(3));
    assert_eq!(heard(&told).len(), 2, "they are told before it");
    take(&mut *log, &told, 2, &[delete(1)]);
    assert_eq!(log.scrub(), Ok(true));
    assert_eq!(heard(&told).len(), 1);
    take(&mut *log, &told, 3, &[post("c", "3")]);
    log.trim(Position(2)).expect("an undisturbed log can be trimmed");
    assert_eq!(heard(&told).len(), 1);
    assert_eq!(everything(&*log).len(), 3);
    drop(log);
}

fn the_tail_is_what_was_appended(make: &mut Make<'_>) {
    let mut log = make();
    append(&mut *log, &[arrive(), post("a", "1"), post("b", "2"), post("c", "3")]);
    let all = everything(&*log);
    assert_eq!(all.len(), 4);
    for (entry, position) in all.iter().zip(1..) {
        assert_eq!(entry.position, Position(position));
        assert_eq!(entry.event.as_ref().map(|event| event.position), Some(entry.position));
    }
    for after in 0..6 {
        for limit in 0..6 {
            let tail = log.tail(Position(after), limit).expect("an undisturbed log can be read");
            let expected = all.iter().filter(|entry| entry.position > Position(after)).take(limit);
            assert!(tail.iter().eq(expected), "{limit} after {after}");
        }
    }
}

fn a_refused_text_is_not_kept(make: &mut Make<'_>) {
    let mut log = make();
    append(&mut *log, &[post("k", "never here")]);
    let entries = everything(&*log);
    assert_eq!(entries[0].verdict, Verdict::Refused(Refusal::UnknownPerson));
    assert!(!contains(&entries, "never here"));
}

fn a_deleted_text_is_erased(make: &mut Make<'_>) {
    let mut log = make();
    let outcomes = append(&mut *log, &[arrive(), post("k", "a secret"), post("l", "a word")]);
    append(&mut *log, &[delete(1)]);
    let entries = everything(&*log);
    assert!(!contains(&entries, "a secret") && contains(&entries, "a word"));
    let event = entries[1].event.as_ref().expect("that something was here stays");
    assert_eq!((&event.what, event.by, event.at), (&What::Erased, PersonId::SERVER, Timestamp(0)));
    assert_eq!(event.place, outcomes[1].event.as_ref().and_then(|event| event.place));

    let repeat = &append(&mut *log, &[post("k", "a secret")])[0];
    assert!(repeat.repeated);
    assert_eq!(repeat.verdict, outcomes[1].verdict);
    assert!(!contains(&everything(&*log), "a secret"));
    assert_eq!(log.scrub(), Ok(true));
}

fn replaying_leads_to_the_same_state(make: &mut Make<'_>) {
    let mut log = make();
    append(&mut *log, &[arrive(), post("a", "1"), post("a", "1"), delete(9), post("b", "2"), delete(1)]);
    let entries = everything(&*log);
    for batch in [1, 2, 6] {
        let mut other = make();
        entries.chunks(batch).for_each(|entries| other.replay(entries).expect("entries in order are taken"));
        assert_eq!((other.last(), hash(&*other)), (log.last(), hash(&*log)));
        assert_eq!(everything(&*other), entries);
    }
}

fn entries_out_of_order_are_not_replayed(make: &mut Make<'_>) {
    let mut log = make();
    append(&mut *log, &[arrive(), post("a", "1"), post("b", "2")]);
    let entries = everything(&*log);
    let mut other = make();
    let before = hash(&*other);
    for wrong in [&entries[1..], &[entries[0].clone(), entries[2].clone()]] {
        assert!(matches!(other.replay(wrong), Err(Trouble::Corrupt(_))));
        assert_eq!((other.last(), hash(&*other)), (Position(0), before), "nothing of it happened");
    }
}

fn trimming_keeps_the_state(make: &mut Make<'_>) {
    let mut log = make();
    append(&mut *log, &[arrive(), post("a", "1"), post("b", "2")]);
    let before = hash(&*log);
    log.trim(Position(2)).expect("an undisturbed log can be trimmed");
    assert_eq!(hash(&*log), before);
    assert_eq!(everything(&*log).iter().map(|entry| entry.position).collect::<Vec<_>>(), [Position(3)]);
    // What is done to a message whose entry is gone is done all the same.
    assert_eq!(append(&mut *log, &[delete(1)])[0].position, Position(4));
    assert!(append(&mut *log, &[post("a", "1")])[0].repeated);
    log.trim(Position(100)).expect("an undisturbed log can be trimmed");
    assert_eq!((everything(&*log), log.last()), (Vec::new(), Position(5)));
}

fn a_snapshot_carries_the_state_over(make: &mut Make<'_>) {
    let mut log = make();
    append(&mut *log, &[arrive(), post("a", "1"), post("b", "2")]);
    let mut snapshot = Vec::new();
    assert_eq!(log.snapshot(&mut snapshot), Ok(Position(3)));
    append(&mut *log, &[delete(1), post("c", "3")]);

    let mut other = make();
    assert_eq!(other.restore(&mut snapshot.as_slice()), Ok(Position(3)));
    other.replay(&log.tail(Position(3), usize::MAX).expect("readable")).expect("what follows is taken");
    assert_eq!((other.last(), hash(&*other)), (log.last(), hash(&*log)));
    assert!(matches!(other.restore(&mut snapshot.as_slice()), Err(Trouble::Corrupt(_))), "it is not empty");
}

fn a_damaged_snapshot_is_refused(make: &mut Make<'_>) {
    let mut log = make();
    append(&mut *log, &[arrive(), post("a", "1")]);
    let mut snapshot = Vec::new();
    log.snapshot(&mut snapshot).expect("an undisturbed log can be read");
    let mut other = make();
    let empty = hash(&*other);
    for at in [0, 30, snapshot.len() / 2, snapshot.len() - 1] {
        let mut damaged = snapshot.clone();
        damaged[at] ^= 1;
        assert!(matches!(other.restore(&mut damaged.as_slice()), Err(Trouble::Corrupt(_))), "octet {at}");
        assert!(matches!(other.restore(&mut &snapshot[..at]), Err(Trouble::Corrupt(_))), "cut at {at}");
    }
    append(&mut *other, &[]);
    assert_eq!((other.last(), hash(&*other)), (Position(0), empty));
}

fn a_source_sees_what_was_appended(make: &mut Make<'_>) {
    let mut log = make();
    let mut source = log.source().expect("an undisturbed log can be read");
    append(&mut *log, &[arrive(), post("a", "1")]);
    let mut entries = 0;
    let read = source.read(&mut |state| {
        entries = state.entries(0, 10)?.len();
        Ok(())
    });
    assert_eq!((read, entries), (Ok(()), 2));
}
