//! Every log keeps the contract, and a log with faults breaks only what its faults say.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use std::io;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use parlor_chat::log::{Fault, Faulty, LocalLog, Log, StateHash, Told, contract};
use parlor_chat::storage::{Source, Sqlite};
use parlor_chat::{Entry, Outcome, Position, Proposal, RoomId, Trouble};
use support::{Folder, accept, arrive, ask, memory, open, post, with_key};

#[test]
fn the_log_in_memory_keeps_the_contract() {
    contract::ALL.iter().for_each(|(_, check)| check(&mut || Box::new(memory())));
}

#[test]
fn the_log_in_sqlite_keeps_the_contract() {
    keeps_the_contract_in_sqlite(|log| Box::new(log));
}

fn keeps_the_contract_in_sqlite(make: impl Fn(LocalLog<Sqlite>) -> Box<dyn Log>) {
    for (name, check) in contract::ALL {
        let folder = Folder::new();
        let mut count = 0;
        println!("{name}");
        check(&mut || {
            count += 1;
            make(open(&folder.path().join(format!("{count}.db"))))
        });
    }
}

#[test]
fn a_slow_log_keeps_the_contract() {
    let slow = || Faulty::new(memory(), [Fault::Delay(Duration::from_millis(2)), Fault::None]);
    contract::ALL.iter().for_each(|(_, check)| check(&mut || Box::new(slow())));
}

/// A log that is only ever asked ahead: each proposal alone, while the one before is being written.
struct Ahead<L>(L);

impl<L: Log> Log for Ahead<L> {
    fn append(&mut self, batch: &[Proposal]) -> Result<Vec<Outcome>, Trouble> {
        if batch.is_empty() {
            return self.0.append(batch);
        }
        let told = Arc::new(Mutex::new(Vec::new()));
        for proposal in batch {
            let told = told.clone();
            let tell = move |result| told.lock().unwrap().push(result);
            self.0.take(std::slice::from_ref(proposal), Box::new(tell));
            self.0.flush();
        }
        self.0.settle();
        let told = std::mem::take(&mut *told.lock().unwrap());
        assert_eq!(told.len(), batch.len());
        Ok(told.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
    }

    fn take(&mut self, batch: &[Proposal], told: Told) {
        self.0.take(batch, told);
    }

    fn flush(&mut self) {
        self.0.flush();
    }

    fn settle(&mut self) {
        self.0.settle();
    }

    fn replay(&mut self, entries: &[Entry]) -> Result<(), Trouble> {
        self.0.replay(entries)
    }

    fn last(&self) -> Position {
        self.0.last()
    }

    fn tail(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Trouble> {
        self.0.tail(after, limit)
    }

    fn trim(&mut self, up_to: Position) -> Result<(), Trouble> {
        self.0.trim(up_to)
    }

    fn scrub(&mut self) -> Result<bool, Trouble> {
        self.0.scrub()
    }

    fn state_hash(&self) -> Result<StateHash, Trouble> {
        self.0.state_hash()
    }

    fn snapshot(&self, to: &mut dyn io::Write) -> Result<Position, Trouble> {
        self.0.snapshot(to)
    }

    fn restore(&mut self, from: &mut dyn io::Read) -> Result<Position, Trouble> {
        self.0.restore(from)
    }

    fn source(&self) -> Result<Box<dyn Source>, Trouble> {
        self.0.source()
    }
}

#[test]
fn a_log_that_decides_ahead_of_its_disk_keeps_the_contract() {
    contract::ALL.iter().for_each(|(_, check)| check(&mut || Box::new(Ahead(memory()))));
    keeps_the_contract_in_sqlite(|log| Box::new(Ahead(log)));
}

#[test]
fn what_fails_when_it_is_taken_fails_after_what_was_taken_before() {
    let faults = [
        Fault::Fail(Trouble::Full),
        Fault::LoseAcknowledgement(Trouble::Full),
        Fault::Crash(0),
        Fault::Crash(1),
    ];
    for fault in faults {
        let mut log = Faulty::new(memory(), [Fault::None, fault.clone()]);
        let (tell, told) = channel();
        for (number, batch) in [arrive(1), post(1, RoomId::LOBBY, "hello")].iter().enumerate() {
            let tell = tell.clone();
            let then = move |result: Result<_, Trouble>| tell.send((number, result.is_ok())).unwrap();
            log.take(std::slice::from_ref(batch), Box::new(then));
        }
        log.settle();
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [(0, true), (1, false)], "{fault:?}");
        let is_there = matches!(fault, Fault::LoseAcknowledgement(_) | Fault::Crash(1));
        assert_eq!(log.into_inner().last(), Position(1 + u64::from(is_there)), "{fault:?}");
    }
}

#[test]
fn an_append_that_fails_has_not_happened() {
    let mut log = Faulty::new(memory(), [Fault::None, Fault::Fail(Trouble::Full)]);
    accept(&mut log, arrive(1));
    let lobby = parlor_chat::RoomId::LOBBY;
    assert_eq!(log.append(&[post(1, lobby, "hello")]), Err(Trouble::Full));
    assert_eq!(log.last(), Position(1));
    assert_eq!(accept(&mut log, post(1, lobby, "hello")).0, 1);
}

#[test]
fn an_acknowledgement_that_is_lost_does_no_harm_to_who_asks_again() {
    let mut log =
        Faulty::new(memory(), [Fault::None, Fault::LoseAcknowledgement(Trouble::Io("gone".into()))]);
    accept(&mut log, arrive(1));
    let said = with_key("k", post(1, parlor_chat::RoomId::LOBBY, "hello"));
    log.append(std::slice::from_ref(&said)).unwrap_err();
    let again = ask(&mut log, said);
    assert!(again.repeated);
    assert_eq!(again.verdict.unwrap().position, Position(2));
}

#[test]
fn after_a_crash_a_part_of_the_batch_is_left_and_nothing_more_happens() {
    let lobby = parlor_chat::RoomId::LOBBY;
    for survivors in 0..4 {
        let mut log = Faulty::new(memory(), [Fault::None, Fault::Crash(survivors)]);
        accept(&mut log, arrive(1));
        let batch: Vec<_> = ["a", "b", "c"].map(|text| with_key(text, post(1, lobby, text))).into();
        assert_eq!(log.append(&batch), Err(Trouble::Stopped));
        assert_eq!(log.append(&batch), Err(Trouble::Stopped));
        let mut left = log.into_inner();
        assert_eq!(left.last(), Position(1 + survivors as u64));
        let repeated = left.append(&batch).unwrap().iter().filter(|outcome| outcome.repeated).count();
        assert_eq!(repeated, survivors);
    }
}
