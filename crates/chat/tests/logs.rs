//! Every log keeps the contract, and a log with faults breaks only what its faults say.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use std::time::Duration;

use parlor_chat::log::{Fault, Faulty, Log, contract};
use parlor_chat::{Position, Trouble};
use support::{Folder, accept, arrive, ask, memory, open, post, with_key};

#[test]
fn the_log_in_memory_keeps_the_contract() {
    contract::ALL.iter().for_each(|(_, check)| check(&mut || Box::new(memory())));
}

#[test]
fn the_log_in_sqlite_keeps_the_contract() {
    for (name, check) in contract::ALL {
        let folder = Folder::new();
        let mut count = 0;
        println!("{name}");
        check(&mut || {
            count += 1;
            Box::new(open(&folder.path().join(format!("{count}.db"))))
        });
    }
}

#[test]
fn a_slow_log_keeps_the_contract() {
    let slow = || Faulty::new(memory(), [Fault::Delay(Duration::from_millis(2)), Fault::None]);
    contract::ALL.iter().for_each(|(_, check)| check(&mut || Box::new(slow())));
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
