//! Several nodes on one stream: one order, the same state, and nothing twice.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{PATIENCE, Server, append, arrive, catch_up, node, post, proposal, runtime, texts};
use futures_util::StreamExt;
use parlor_chat::log::{Fault, Faulty, Log, SharedLog};
use parlor_chat::storage::Memory;
use parlor_chat::{Position, Trouble};
use parlor_jetstream::{JetStreamLog, Options};

#[test]
fn what_one_node_appends_the_other_hears_in_order() {
    let server = Server::start();
    let (mut one, mut other) = (node(&server, "main"), node(&server, "main"));
    append(&mut one, &[arrive(1), post(1, "a"), post(1, "b")]);
    assert_eq!(texts(one.heard()), ["a", "b"]);
    assert_eq!(texts(&catch_up(&mut other, &one)), ["a", "b"]);

    append(&mut one, &[post(1, "c")]);
    let outcomes = append(&mut other, &[arrive(2), post(2, "d")]);
    assert_eq!(outcomes[0].position, Position(5), "behind what it had not read yet");
    assert_eq!(texts(other.heard()), ["c", "d"], "what lies between is heard, too");
    assert_eq!(texts(&outcomes), ["d"]);
    assert_eq!(texts(&catch_up(&mut one, &other)), ["d"]);
    assert_eq!(one.state_hash().unwrap(), other.state_hash().unwrap());
}

#[test]
fn a_node_whose_reader_is_gone_gets_another_one() {
    let server = Server::start();
    let (mut one, mut other) = (node(&server, "main"), node(&server, "main"));
    append(&mut one, &[arrive(1)]);
    catch_up(&mut other, &one);
    let runtime = runtime();
    let stream = runtime.block_on(async {
        let client = async_nats::connect(server.address()).await.unwrap();
        async_nats::jetstream::new(client).get_stream("parlor-main").await.unwrap()
    });
    let readers = || -> Vec<String> {
        runtime.block_on(async { stream.consumer_names().map(Result::unwrap).collect().await })
    };
    let before = readers();
    assert_eq!(before.len(), 2);
    for name in &before {
        runtime.block_on(stream.delete_consumer(name)).unwrap();
    }
    // One by one would take long: it is read again.
    let posts: Vec<_> = (0..500).map(|number| post(1, &number.to_string())).collect();
    append(&mut one, &posts);
    catch_up(&mut other, &one);
    assert_eq!(one.state_hash().unwrap(), other.state_hash().unwrap());
    let deadline = Instant::now() + PATIENCE;
    while readers().len() < 2 {
        assert!(Instant::now() < deadline, "nobody reads for a node");
    }
    assert!(readers().iter().all(|name| !before.contains(name)));
}

#[test]
fn a_node_that_comes_later_applies_everything() {
    let server = Server::start();
    let mut one = node(&server, "main");
    append(&mut one, &[arrive(1)]);
    for batch in 0..20 {
        let posts: Vec<_> = (0..50).map(|number| post(1, &format!("{batch}-{number}"))).collect();
        append(&mut one, &posts);
    }
    let later = node(&server, "main");
    assert_eq!((later.last(), later.state_hash()), (Position(1_001), one.state_hash()));
    assert_eq!(later.tail(Position(0), usize::MAX), one.tail(Position(0), usize::MAX));
}

#[test]
fn spaces_know_nothing_of_each_other() {
    let server = Server::start();
    let (mut one, mut other) = (node(&server, "one"), node(&server, "other"));
    append(&mut one, &[arrive(1), post(1, "a")]);
    append(&mut other, &[arrive(2)]);
    assert_eq!((one.last(), other.last()), (Position(2), Position(1)));
}

#[test]
fn nobodys_words_are_turned_round_and_nothing_is_there_twice_while_nodes_speak_at_once() {
    let server = Server::start();
    let speak = |author: u64| {
        let mut log = node(&server, "main");
        append(&mut log, &[arrive(author)]);
        for batch in 0..20 {
            let posts: Vec<_> =
                (0..10).map(|number| post(author, &format!("{author}-{:03}", batch * 10 + number))).collect();
            append(&mut log, &posts);
        }
        log
    };
    let mut logs: Vec<_> = thread::scope(|scope| {
        let nodes: Vec<_> = (1..4).map(|author| scope.spawn(move || speak(author))).collect();
        nodes.into_iter().map(|node| node.join().unwrap()).collect()
    });
    let all = node(&server, "main");
    assert_eq!(all.last(), Position(3 * 201));
    for log in &mut logs {
        catch_up(log, &all);
        assert_eq!(log.state_hash(), all.state_hash());
    }
    let entries = all.tail(Position(0), usize::MAX).unwrap();
    for author in 1..4_u64 {
        let said = entries.iter().filter_map(|entry| match &entry.event.as_ref()?.what {
            parlor_chat::What::Posted { text, .. } if text.starts_with(&format!("{author}-")) => {
                Some(text.clone())
            }
            _ => None,
        });
        assert!(said.eq((0..200).map(|number| format!("{author}-{number:03}"))), "author {author}");
    }
}

#[test]
fn while_the_server_is_away_an_append_waits_and_then_goes_out_once() {
    let mut server = Server::start();
    let mut log = node(&server, "main");
    append(&mut log, &[arrive(1), post(1, "before")]);
    server.kill();
    let log = thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            let outcomes = append(&mut log, &[post(1, "while"), arrive(2), post(2, "it is away")]);
            assert!(outcomes.iter().all(|outcome| outcome.verdict.is_ok() && !outcome.repeated));
            log
        });
        server.restart();
        waiting.join().unwrap()
    });
    assert_eq!(log.last(), Position(5));
    assert_eq!(node(&server, "main").state_hash(), log.state_hash());
}

#[test]
fn without_a_server_an_append_ends_after_its_patience_and_a_later_one_goes_on() {
    let mut server = Server::start();
    let options = Options { patience: Duration::from_secs(1), ..Options::new(server.address(), "main") };
    let mut log = at_last(|| JetStreamLog::open(options.clone(), Memory::new()));
    at_last(|| log.append(&[arrive(1)]));
    server.kill();
    let trouble = log.append(&[post(1, "a")]).unwrap_err();
    assert!(matches!(trouble, Trouble::Unreachable(_)) && trouble.may_pass(), "{trouble}");
    server.restart();
    let again = at_last(|| log.append(&[post(1, "a")]));
    // Whether an attempt before got there after all or not: it was said once.
    assert!(again[0].verdict.is_ok());
    let entries = log.tail(Position(0), usize::MAX).unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.event.is_some()).count(), 2);
}

/// Tries until it succeeds: a second may be short on a machine that has much else to do.
fn at_last<T>(mut attempt: impl FnMut() -> Result<T, Trouble>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt() {
            Ok(result) => return result,
            Err(trouble) => assert!(Instant::now() < deadline, "{trouble}"),
        }
    }
}

#[test]
fn a_node_goes_on_where_its_own_storage_ends() {
    let server = Server::start();
    let storage = Memory::new();
    let open = || JetStreamLog::open(Options::new(server.address(), "main"), storage.clone()).unwrap();
    let mut log = open();
    append(&mut log, &[arrive(1), post(1, "a")]);
    drop(log);
    let mut other = node(&server, "main");
    append(&mut other, &[post(1, "b")]);
    let mut log = open();
    assert_eq!(log.last(), Position(3));
    append(&mut log, &[post(1, "c")]);
    catch_up(&mut other, &log);
    assert_eq!(log.state_hash(), other.state_hash());
}

#[test]
fn an_acknowledgement_that_is_lost_does_no_harm_to_who_asks_again_at_another_node() {
    let server = Server::start();
    let (log, mut other) = (node(&server, "main"), node(&server, "main"));
    let mut log = Faulty::new(log, [Fault::None, Fault::LoseAcknowledgement(Trouble::Io("gone".into()))]);
    append(&mut log, &[arrive(1)]);
    log.append(&[post(1, "a")]).unwrap_err();
    let again = append(&mut other, &[post(1, "a")]);
    assert!(again[0].repeated);
    assert_eq!(again[0].verdict.unwrap().position, Position(2));
}

#[test]
fn after_a_crash_a_part_of_the_batch_is_left_on_every_node() {
    let server = Server::start();
    let log = node(&server, "main");
    let mut log = Faulty::new(log, [Fault::None, Fault::Crash(2)]);
    append(&mut log, &[arrive(1)]);
    let batch: Vec<_> = ["a", "b", "c"].map(|text| post(1, text)).into();
    assert_eq!(log.append(&batch), Err(Trouble::Stopped));
    let mut other = node(&server, "main");
    assert_eq!(other.last(), Position(3));
    let repeated = append(&mut other, &batch).iter().filter(|outcome| outcome.repeated).count();
    assert_eq!(repeated, 2);
}

#[test]
fn a_message_that_is_none_of_ours_stops_every_node_alike() {
    let server = Server::start();
    let mut log = node(&server, "main");
    append(&mut log, &[arrive(1)]);
    let runtime = crate::support::runtime();
    runtime.block_on(async {
        let client = async_nats::connect(server.address()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        context.publish("parlor.main.log.proposal", "garbage".into()).await.unwrap().await.unwrap();
    });
    let trouble = log.append(&[proposal(1, "k", parlor_chat::Action::Depart)]).unwrap_err();
    assert!(matches!(trouble, Trouble::Corrupt(_) | Trouble::Newer(_)), "{trouble}");
    assert_eq!(log.last(), Position(1), "nothing behind it is applied");
}

#[test]
fn a_stream_that_may_lose_what_was_acknowledged_is_refused_unless_that_is_accepted() {
    let server = Server::start();
    crate::support::runtime().block_on(async {
        let client = async_nats::connect(server.address()).await.unwrap();
        let config = async_nats::jetstream::stream::Config {
            name: "parlor-main".into(),
            subjects: vec!["parlor.main.log.*".into()],
            storage: async_nats::jetstream::stream::StorageType::Memory,
            duplicate_window: Duration::from_secs(120),
            ..Default::default()
        };
        async_nats::jetstream::new(client).create_stream(config).await.unwrap();
    });
    let options = Options::new(server.address(), "main");
    let Err(trouble) = JetStreamLog::open(options.clone(), Memory::new()) else { panic!("it is taken") };
    assert!(
        matches!(trouble, Trouble::Unfit(_)) && trouble.to_string().contains("--storage file"),
        "{trouble}"
    );
    let accepted = JetStreamLog::open(Options { accept_risk: true, ..options }, Memory::new()).unwrap();
    assert!(accepted.notes()[0].contains("in memory alone"));
}

#[test]
fn what_nodes_have_alike_is_what_the_first_of_them_says() {
    let (server, space) = (Server::start(), crate::support::fresh_space());
    let ask = |number: u8| {
        let node = node(&server, &space);
        move || node.agree("secret", &[number]).unwrap()
    };
    let asked: Vec<_> = (0..4).map(ask).map(thread::spawn).collect();
    let agreed: Vec<Vec<u8>> = asked.into_iter().map(|asked| asked.join().unwrap()).collect();
    assert!(agreed.iter().all(|one| *one == agreed[0] && one[0] < 4), "{agreed:?}");
    assert_eq!(node(&server, &space).agree("secret", b"later"), Ok(agreed[0].clone()));
    assert_eq!(node(&server, &space).agree("other", b"x"), Ok(b"x".to_vec()));
}

#[test]
fn the_longest_texts_go_through_however_many_come_at_once() {
    let server = Server::start();
    let mut log = node(&server, "main");
    append(&mut log, &[arrive(1), arrive(2)]);
    let texts: Vec<String> =
        (0..40).map(|number| format!("{number:02}").repeat(parlor_chat::limits::TEXT / 2)).collect();
    let posts: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| {
            let mut post = post(1 + number as u64 % 2, text);
            post.key = Some(parlor_chat::Key::new(number.to_string()).unwrap());
            post
        })
        .collect();
    let outcomes = append(&mut log, &posts);
    assert!(outcomes.iter().all(|outcome| outcome.verdict.is_ok()));

    let mut copy = node(&server, "copy");
    copy.replay(&log.tail(Position(0), usize::MAX).unwrap()).unwrap();
    let later = node(&server, "copy");
    assert_eq!((later.last(), later.state_hash()), (log.last(), log.state_hash()));
}

#[test]
fn a_message_of_a_later_version_stops_a_node_which_says_so_and_can_be_read() {
    let server = Server::start();
    let mut log = node(&server, "main");
    append(&mut log, &[arrive(1), post(1, "a")]);
    runtime().block_on(async {
        let client = async_nats::connect(server.address()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        context.publish("parlor.main.log.later", "?".into()).await.unwrap().await.unwrap();
    });
    for _ in 0..2 {
        let trouble = log.append(&[post(1, "b")]).unwrap_err();
        assert!(trouble.to_string().contains("none that this version of parlor understands"), "{trouble}");
    }
    assert_eq!(log.tail(Position(0), usize::MAX).unwrap().len(), 2);
}
