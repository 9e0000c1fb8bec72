//! The chat as a server uses it: from many threads, with a storage that fails and comes back.
#![allow(clippy::unwrap_used, reason = "in what tests share, an unwrap is a failed test, too")]

mod support;

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use parlor_chat::log::{Fault, Faulty, LocalLog, Log};
use parlor_chat::storage::{Options, Sqlite};
use parlor_chat::view::{From, Since};
use parlor_chat::{
    Action, Chat, Event, Origin, Outcome, Position, Refusal, RoomId, Sequence, Timestamp, Trouble, Visibility,
};
use support::{Folder, START, accept, arrive, create, memory, open, person, post, proposal, room, with_key};

const LOBBY: RoomId = RoomId::LOBBY;

fn quiet(log: impl Log + 'static) -> Chat {
    Chat::start(log, Box::new(|_| {})).unwrap()
}

#[test]
fn many_threads_speak_and_everybody_sees_one_order_without_a_gap() {
    const THREADS: u64 = 8;
    const EACH: u64 = 50;
    let folder = Folder::new();
    let mut log = folder.open();
    (0..THREADS).for_each(|number| _ = accept(&mut log, arrive(number)));
    let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
    let hear = heard.clone();
    let listener = move |outcomes: &[Outcome]| {
        hear.lock().unwrap().extend(outcomes.iter().filter_map(|outcome| outcome.event.clone()));
    };
    let chat = Chat::start(log, Box::new(listener)).unwrap();
    let acknowledged = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for by in 0..THREADS {
            let (chat, acknowledged) = (&chat, &acknowledged);
            scope.spawn(move || {
                let (send, receive) = mpsc::channel();
                for number in 0..EACH {
                    // Each is sent twice at once, as after a broken connection.
                    for _ in 0..2 {
                        let said =
                            with_key(&format!("{number}"), post(by, LOBBY, &format!("{by}: {number}")));
                        let send = send.clone();
                        chat.submit(said, Box::new(move |outcome| _ = send.send(outcome.cloned())));
                    }
                }
                drop(send);
                let outcomes: Vec<Outcome> = receive.iter().map(Result::unwrap).collect();
                assert_eq!(outcomes.len() as u64, 2 * EACH);
                for pair in outcomes.chunks(2) {
                    assert_eq!(pair[0].verdict, pair[1].verdict);
                    assert_eq!((pair[0].repeated, pair[1].repeated), (false, true));
                }
                acknowledged.fetch_add(EACH, Ordering::Relaxed);
            });
        }
    });
    let Since::Complete { events, last, .. } =
        chat.view(person(0), |view| view.since(LOBBY, Sequence(0), 9_999)).unwrap()
    else {
        panic!("not so many");
    };
    assert_eq!(last.0, acknowledged.into_inner());
    assert!(events.iter().zip(1..).all(|(event, place)| event.place.unwrap().sequence == Sequence(place)));
    // The last who speak are answered before those who listen are told.
    chat.stop().unwrap();
    assert_eq!(*heard.lock().unwrap(), events, "who listens hears the same as who asks later");
}

#[test]
fn the_author_is_answered_before_the_others_hear_of_it() {
    let (send, receive) = mpsc::channel();
    let (answered, heard) = (send.clone(), send);
    let chat = Chat::start(memory(), Box::new(move |_| heard.send("heard").unwrap())).unwrap();
    chat.submit(arrive(0), Box::new(move |_| answered.send("answered").unwrap()));
    let order: Vec<_> = (0..2).map(|_| receive.recv_timeout(Duration::from_secs(10)).unwrap()).collect();
    assert_eq!(order, ["answered", "heard"]);
}

#[test]
fn what_was_answered_can_be_read_at_once() {
    let folder = Folder::new();
    let chat = quiet(folder.open());
    chat.ask(arrive(0)).unwrap();
    for number in 1..50 {
        let receipt = chat.ask(post(0, LOBBY, "hello")).unwrap().verdict.unwrap();
        let page = chat.view(person(0), |view| view.history(LOBBY, From::Latest, 1)).unwrap();
        assert_eq!(page.messages[0].sequence, receipt.place.unwrap().sequence);
        assert_eq!(page.messages[0].sequence, Sequence(number));
        let tail = chat.tail(Position(receipt.position.0 - 1), 9).unwrap();
        assert_eq!(tail.iter().map(|entry| entry.position).collect::<Vec<_>>(), [receipt.position]);
    }
}

#[test]
fn a_batch_that_fails_is_told_to_everybody_in_it_and_can_be_sent_again() {
    let troubles = [Trouble::Full, Trouble::ReadOnly, Trouble::Locked, Trouble::Io("broken".into())];
    for trouble in troubles {
        let log = Faulty::new(
            memory(),
            [Fault::Fail(trouble.clone()), Fault::LoseAcknowledgement(trouble.clone())],
        );
        let chat = quiet(log);
        assert_eq!(chat.ask(with_key("k", arrive(0))), Err(trouble.clone()));
        assert_eq!(chat.ask(with_key("k", arrive(0))), Err(trouble));
        let outcome = chat.ask(with_key("k", arrive(0))).unwrap();
        assert!(outcome.repeated, "it had happened, although the contrary was told");
        outcome.verdict.unwrap();
    }
}

#[test]
fn whoever_fails_for_good_while_others_are_answered_is_tried_again_before_those_who_come_later() {
    let mut log = memory();
    accept(&mut log, arrive(0));
    // Two are taken together, and those who come meanwhile are decided on behind them.
    let (meanwhile, fails) = (Duration::from_millis(300), Fault::Fail(Trouble::Corrupt("a row".into())));
    let log = Faulty::new(log, [Fault::None, Fault::Delay(meanwhile), fails]);
    let heard: Arc<Mutex<Vec<Position>>> = Arc::default();
    let hear = Arc::clone(&heard);
    let listener = move |outcomes: &[Outcome]| {
        hear.lock().unwrap().extend(outcomes.iter().map(|outcome| outcome.position));
    };
    let chat = Arc::new(Chat::start(log, Box::new(listener)).unwrap());
    let (tell, told) = mpsc::channel();
    let submit = {
        let (chat, tell) = (Arc::clone(&chat), tell.clone());
        move |text: &'static str, then: Box<dyn FnOnce() + Send>| {
            let tell = tell.clone();
            let answer = move |outcome: Result<&Outcome, Trouble>| {
                then();
                tell.send((text, outcome.is_ok())).unwrap();
            };
            chat.submit(post(0, LOBBY, text), Box::new(answer));
        }
    };
    let (two, later) = (submit.clone(), submit.clone());
    let come_later = Box::new(move || later("later", Box::new(|| ())));
    submit(
        "one",
        Box::new(move || {
            two("two", Box::new(|| ()));
            two("with it", come_later);
        }),
    );
    assert_eq!(told.recv(), Ok(("one", true)));
    std::thread::sleep(meanwhile / 3);
    submit("failing", Box::new(|| ()));
    let mut rest: Vec<_> = (0..4).map(|_| told.recv().unwrap()).collect();
    rest.sort_unstable();
    assert_eq!(rest, ["failing", "later", "two", "with it"].map(|text| (text, true)));
    chat.stop().unwrap();
    assert!(heard.lock().unwrap().is_sorted(), "{heard:?}");
}

#[test]
fn after_the_end_nothing_is_taken() {
    let chat = quiet(Faulty::new(memory(), [Fault::Crash(0)]));
    assert_eq!(chat.ask(arrive(0)), Err(Trouble::Stopped));
    assert_eq!(chat.ask(arrive(0)), Err(Trouble::Stopped));
}

#[test]
fn too_much_at_once_is_refused_before_it_takes_memory() {
    let (release, wait) = mpsc::channel::<()>();
    let chat = Chat::start(memory(), Box::new(move |_| _ = wait.recv())).unwrap();
    chat.ask(arrive(0)).unwrap();
    let text = "x".repeat(parlor_chat::limits::TEXT);
    let (answers, answered) = mpsc::channel();
    let submit = || {
        let answers = answers.clone();
        let answer = move |outcome: Result<&Outcome, Trouble>| _ = answers.send(outcome.err());
        chat.submit(post(0, LOBBY, &text), Box::new(answer));
    };
    // Nobody is answered but those who are not taken, and they are answered at once.
    let is_taken = || {
        submit();
        answered.try_recv() == Err(mpsc::TryRecvError::Empty)
    };
    let taken = (0..10_000).take_while(|_| is_taken()).count();
    // 64 MiB of texts, and the batch that is being written.
    assert!((1_000..1_200).contains(&taken), "{taken}");
    submit();
    assert_eq!(answered.try_recv(), Ok(Some(Trouble::Busy)));
    drop(release);
    chat.stop().unwrap();
    assert_eq!(answered.try_iter().filter(Option::is_none).count(), taken, "who was taken is answered later");
}

#[test]
fn a_full_disk_loses_nothing_and_goes_on_once_there_is_room() {
    let folder = Folder::new();
    let options = Options { size_limit: Some(400 << 10), ..Options::default() };
    let small = || LocalLog::open(Sqlite::open(folder.database(), options.clone()).unwrap()).unwrap();
    let text = "x".repeat(4_000);
    let said = |number: usize| with_key(&format!("{number}"), post(0, LOBBY, &text));
    let mut log = small();
    accept(&mut log, arrive(0));
    let chat = quiet(log);
    let mut stored = 0;
    let refused = loop {
        match chat.ask(said(stored)) {
            Ok(outcome) => outcome.verdict.map(|_| stored += 1).unwrap(),
            Err(trouble) => break trouble,
        }
    };
    assert_eq!(refused, Trouble::Full);
    assert!(refused.may_pass() && stored > 20, "{stored}");
    let last = || chat.view(person(0), |view| Ok(view.room(LOBBY)?.last)).unwrap();
    assert_eq!(last(), Sequence(stored as u64), "what was not acknowledged is not there");
    // Deleting makes room for what is small, without a restart.
    assert_eq!(chat.ask(said(stored)), Err(Trouble::Full));
    chat.ask(with_key("small", post(0, LOBBY, "small"))).unwrap().verdict.unwrap();
    drop(chat);
    let chat = quiet(folder.open());
    chat.ask(said(stored)).unwrap().verdict.unwrap();
    assert!((0..=stored).all(|number| chat.ask(said(number)).unwrap().repeated));
}

#[test]
fn a_file_that_another_program_holds_is_waited_for() {
    let folder = Folder::new();
    let chat = quiet(folder.open());
    chat.ask(arrive(0)).unwrap();
    let other = rusqlite::Connection::open(folder.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(chat.ask(with_key("k", post(0, LOBBY, "hello"))), Err(Trouble::Locked));
    chat.view(person(0), |view| view.history(LOBBY, From::Latest, 9)).unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    let outcome = chat.ask(with_key("k", post(0, LOBBY, "hello"))).unwrap();
    assert!(!outcome.repeated);
}

#[test]
fn a_file_that_cannot_be_opened_says_why() {
    let folder = Folder::new();
    let open = |path: &std::path::Path| Sqlite::open(path, Options::default()).unwrap_err();
    let held = folder.open();
    let locked = open(&folder.database());
    assert_eq!(locked, Trouble::Locked);
    assert!(locked.to_string().contains("another program"));
    drop(held);

    let newer = folder.path().join("newer.db");
    drop(support::open(&newer));
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(open(&newer), Trouble::Newer(_)));

    let text = folder.path().join("text.db");
    fs::write(&text, "this is a letter to my aunt, and no database at all".repeat(100)).unwrap();
    assert!(matches!(open(&text), Trouble::Corrupt(_)));

    let nowhere = folder.path().join("no/such/folder/parlor.db");
    assert!(matches!(open(&nowhere), Trouble::Io(_)));
}

#[test]
fn a_damaged_file_is_found_when_it_is_opened() {
    let folder = Folder::new();
    let mut log = folder.open();
    accept(&mut log, arrive(0));
    (0..500).for_each(|_| _ = accept(&mut log, post(0, LOBBY, &"x".repeat(300))));
    drop(log);
    let mut octets = fs::read(folder.database()).unwrap();
    octets[4096 * 4..4096 * 6].fill(0xaa);
    fs::write(folder.database(), octets).unwrap();
    assert!(matches!(Sqlite::open(folder.database(), Options::default()), Err(Trouble::Corrupt(_))));
}

#[test]
fn a_snapshot_is_taken_while_everything_goes_on() {
    let folder = Folder::new();
    let chat = quiet(folder.open());
    chat.ask(arrive(0)).unwrap();
    chat.ask(create(0, 1, Visibility::Private)).unwrap();
    chat.ask(post(0, room(1), "hello")).unwrap();
    let mut snapshot = Vec::new();
    assert_eq!(chat.snapshot(&mut snapshot), Ok(Position(3)));
    let mut copy = open(&folder.path().join("copy.db"));
    assert_eq!(copy.restore(&mut snapshot.as_slice()), Ok(Position(3)));
    assert_eq!(copy.state_hash(), chat.stop().unwrap().state_hash());
    let again = copy
        .append(&[proposal(person(0), Action::Arrive { nickname: "again".into(), from: Origin::default() })])
        .unwrap();
    assert_eq!(again[0].verdict, Err(Refusal::IdTaken));
    assert_eq!(again[0].position, Position(4));
    assert!(Timestamp::now() > Timestamp(START - 1_000_000_000_000));
}
