//! Many people in one room of a real `parlor` process: nothing lost, nothing doubled, one order for all.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use parlor_tests::crowd::{PATIENCE, gather, read, read_everywhere, resident_kib};
use parlor_tests::process::{Folder, Process};
use tokio::sync::Mutex;

/// One crowd at a time: together they would need more files than a process may open.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A server, and the address of its chat.
fn parlor(folder: &Folder) -> (Process, String) {
    let process = Process::start("parlor", &["--listen", "127.0.0.1:0"], folder);
    let line = process.line_with("listening on http://", Duration::from_secs(10));
    let address = line.replace("listening on http://", "ws://");
    (process, format!("{address}/chat"))
}

fn assert_same(lines: &[Vec<String>]) {
    for (number, other) in lines.iter().enumerate() {
        let differ = lines[0].iter().zip(other).position(|(a, b)| a != b);
        assert_eq!(differ, None, "reader {number} has another line there than reader 0");
        assert_eq!(lines[0].len(), other.len());
    }
}

#[tokio::test]
async fn fifteen_thousand_idle_connections_in_one_process() {
    const COUNT: usize = 15_000;
    let _one = ONE_AT_A_TIME.lock().await;
    let folder = Folder::new("idle");
    let (mut server, address) = parlor(&folder);
    let before = resident_kib(server.id());
    let started = Instant::now();
    let mut crowd = gather(&address, COUNT).await;
    let (opening, after) = (started.elapsed(), resident_kib(server.id()));
    println!(
        "{COUNT} connections in {opening:.1?}; {} octets of the server's memory each",
        (after - before) * 1024 / COUNT
    );
    // They are not only counted: each of them still hears.
    crowd[COUNT - 1].send("anybody there?").await.unwrap();
    let (crowd, lines) = read_everywhere(crowd, 1).await;
    assert_same(&lines);
    assert!(lines[0][0].ends_with(": anybody there?"));
    drop(crowd);
    assert!(server.terminate(PATIENCE).success());
}

#[tokio::test]
async fn five_thousand_people_hear_everything_once_and_see_everybody_leave() {
    const PEOPLE: usize = 5_000;
    const MESSAGES: usize = 20;
    let _one = ONE_AT_A_TIME.lock().await;
    let folder = Folder::new("crowd");
    let (mut server, address) = parlor(&folder);
    let mut crowd = gather(&address, PEOPLE).await;

    let started = Instant::now();
    for number in 0..MESSAGES {
        crowd[number * 7].send(format!("message {number}")).await.unwrap();
    }
    let (mut crowd, lines) = read_everywhere(crowd, MESSAGES).await;
    assert_same(&lines);
    let said: HashSet<&str> =
        lines[0].iter().filter_map(|line| line.split_once(": ")).map(|line| line.1).collect();
    let expected: Vec<String> = (0..MESSAGES).map(|number| format!("message {number}")).collect();
    assert_eq!(said, expected.iter().map(String::as_str).collect());
    let delivered: usize = lines.iter().map(Vec::len).sum();
    println!("{delivered} deliveries in {:.1?}, none lost, none doubled, one order", started.elapsed());

    let started = Instant::now();
    let mut last = crowd.pop().unwrap();
    let leaving = tokio::spawn(async move { drop(crowd) });
    let left = read(&mut last, PEOPLE - 1).await;
    leaving.await.unwrap();
    let distinct: HashSet<&String> = left.iter().collect();
    assert_eq!(distinct.len(), PEOPLE - 1, "each leave line once");
    for line in &left {
        assert!(line.starts_with(" .... user-") && line.ends_with(" has left."), "{line:?}");
    }
    println!("{} leave lines in {:.1?}, each once", left.len(), started.elapsed());
    // Nothing more comes: what the last one says now is the next line.
    last.send("alone").await.unwrap();
    assert!(read(&mut last, 1).await[0].ends_with(": alone"));
    assert!(server.terminate(PATIENCE).success());
}

#[tokio::test]
async fn a_thousand_people_who_all_talk_read_the_same() {
    const PEOPLE: usize = 1_000;
    let _one = ONE_AT_A_TIME.lock().await;
    let folder = Folder::new("everybody");
    let (mut server, address) = parlor(&folder);
    let started = Instant::now();
    let mut crowd = gather(&address, PEOPLE).await;
    for (number, ws) in crowd.iter_mut().enumerate() {
        ws.send(format!("{number}")).await.unwrap();
    }
    let (crowd, lines) = read_everywhere(crowd, PEOPLE).await;
    assert_same(&lines);
    let said: HashSet<&str> =
        lines[0].iter().filter_map(|line| line.split_once(": ")).map(|line| line.1).collect();
    assert_eq!(said.len(), PEOPLE, "every message once");
    println!("{} deliveries in {:.1?}", PEOPLE * PEOPLE, started.elapsed());

    // The server says goodbye to each of them.
    let goodbye = tokio::spawn(async move {
        for mut ws in crowd {
            let end = tokio::time::timeout(PATIENCE, async { while ws.recv().await.is_some() {} }).await;
            end.expect("the goodbye comes in time");
            assert_eq!(ws.closed().unwrap().code.get(), 1012);
        }
    });
    assert!(tokio::task::spawn_blocking(move || server.terminate(PATIENCE).success()).await.unwrap());
    goodbye.await.unwrap();
}
