//! A node whose own storage fails now and then: what is in the stream is applied all the same, once and in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use parlor_chat::log::Log;
use parlor_chat::storage::{Intercepted, Memory, Storage, Writes};
use parlor_chat::{Chat, Outcome, Position, Trouble};
use parlor_jetstream::{JetStreamLog, Options};

use crate::support::{PATIENCE, Server, append, arrive, catch_up, fresh_space, node, post, submit, texts};

const PEOPLE: u64 = 20;
const EACH: usize = 20;

/// A storage of which every so many commits fail: some of them have written nothing, others everything.
fn failing(every: usize, writes_all_the_same: bool) -> impl Storage + 'static {
    let mut count = 0;
    Intercepted::new(Memory::new(), move |storage: &mut Memory, writes: &Writes| {
        count += 1;
        // Long enough for others to come meanwhile.
        thread::sleep(Duration::from_millis(2));
        if count % every != 0 {
            return storage.commit(writes);
        }
        if writes_all_the_same {
            storage.commit(writes)?;
        }
        Err(Trouble::Io("the disk is away".into()))
    })
}

#[test]
fn what_could_not_be_written_is_decided_again_and_nobody_is_told_twice() {
    for (every, writes_all_the_same) in [(3, false), (4, true)] {
        let (server, space) = (Server::start(), fresh_space());
        let mut other = node(&server, &space);
        append(&mut other, &(1..=PEOPLE).map(arrive).collect::<Vec<_>>());
        let options = Options::new(server.address(), &space);
        let log = loop {
            // Opening writes, too.
            if let Ok(log) = JetStreamLog::open(options.clone(), failing(every, writes_all_the_same)) {
                break log;
            }
        };
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = {
            let heard = Arc::clone(&heard);
            move |outcomes: &[Outcome]| heard.lock().unwrap().extend_from_slice(outcomes)
        };
        let chat = Chat::start_shared(log, Box::new(listener), Box::new(|_| {})).unwrap();
        let said = |by: u64, number: usize| format!("{by}-{number:02}");
        let answers: Vec<_> = (0..EACH)
            .flat_map(|number| (1..=PEOPLE).map(move |by| (by, number)))
            .map(|(by, number)| submit(&chat, post(by, &said(by, number))))
            .collect();
        let outcomes: Vec<Outcome> =
            answers.iter().map(|answer| answer.recv_timeout(PATIENCE).unwrap()).collect();
        assert!(outcomes.iter().all(|outcome| outcome.verdict.is_ok() && !outcome.repeated));

        let log = chat.stop().unwrap();
        let heard = heard.lock().unwrap().clone();
        let places: Vec<Position> = heard.iter().map(|outcome| outcome.position).collect();
        assert!(places.iter().copied().eq((PEOPLE + 1..=log.last().0).map(Position)), "{places:?}");
        for by in 1..=PEOPLE {
            let own = texts(&heard).into_iter().filter(|text| text.starts_with(&format!("{by}-")));
            assert!(own.eq((0..EACH).map(|number| said(by, number))), "person {by}");
        }
        catch_up(&mut other, &*log);
        assert_eq!((log.last(), log.state_hash()), (other.last(), other.state_hash()));
    }
}

#[test]
fn who_speaks_while_the_disk_is_away_is_told_and_is_heard_when_it_is_back() {
    let (server, space) = (Server::start(), fresh_space());
    let is_away = Arc::new(AtomicBool::new(false));
    let storage = {
        let is_away = Arc::clone(&is_away);
        Intercepted::new(Memory::new(), move |storage: &mut Memory, writes: &Writes| {
            match is_away.load(Ordering::SeqCst) {
                true => Err(Trouble::Io("the disk is away".into())),
                false => storage.commit(writes),
            }
        })
    };
    let log = JetStreamLog::open(Options::new(server.address(), &space), storage).unwrap();
    let chat = Chat::start_shared(log, Box::new(|_| {}), Box::new(|_| {})).unwrap();
    chat.ask(arrive(1)).unwrap().verdict.unwrap();
    is_away.store(true, Ordering::SeqCst);
    let said = post(1, "a");
    assert!(matches!(chat.ask(said.clone()), Err(Trouble::Io(_))));
    is_away.store(false, Ordering::SeqCst);
    let again = chat.ask(said).unwrap();
    assert!(again.verdict.is_ok() && again.repeated, "it was in the stream: {again:?}");
}
