//! How long a new node takes to serve, on a stream of a million messages: from its start with an empty folder.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use futures_util::StreamExt;
use parlor_chat::log::Log;
use parlor_chat::storage::{Options as StorageOptions, Sqlite};
use parlor_chat::{Action, Origin, PersonId, Proposal, RoomId, Timestamp};
use parlor_jetstream::{JetStreamLog, Options};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::servers::Servers;
use super::{Result, bare, report};
use crate::durable::TEXT;
use crate::rounds::Spread;
use crate::server::goals::{Bound, Goals};
use crate::server::machine;
use crate::server::parlor::{Parlor, Person};
use crate::server::table::{Table, thousands};

const MESSAGES: u64 = 1_000_000;
/// Of them, how many come after the snapshot: one less than after which a node writes the next by itself.
const TAIL: u64 = 99_999;
const AT_ONCE: u64 = 1_000;
const PEOPLE: u64 = 1_000;
/// How long a snapshot may take.
const PATIENCE: Duration = Duration::from_secs(120);
const SPACE: &str = "join";

/// What a new node took, in seconds, each from its start.
struct Joined {
    listening: f64,
    ready: f64,
    talked: f64,
    octets: u64,
}

/// `join [--quick] [--rounds N] [--write]`
pub fn run(options: &[&str]) -> ExitCode {
    report("join", options, |rounds, is_quick| {
        let messages = if is_quick { 2 * TAIL } else { MESSAGES };
        let folder = std::env::temp_dir().join(format!("parlor-bench-join-{}", std::process::id()));
        // What an earlier run left is no reason to fail.
        let _ = fs::remove_dir_all(&folder);
        Ok(describe(messages, &measure(&folder, messages, rounds)?))
    })
}

fn measure(folder: &Path, messages: u64, rounds: usize) -> Result<Vec<Joined>> {
    let servers = Servers::start(folder)?;
    let runtime = Runtime::new()?;
    runtime.block_on(bare::prepare(&servers))?;
    let options = |snapshot_every| Options {
        replicas: 3,
        accept_risk: true,
        snapshot_every,
        ..Options::new(servers.addresses(0), SPACE)
    };
    let file = folder.join("first.db");
    let mut log = JetStreamLog::open(options(0), Sqlite::open(&file, StorageOptions::default())?)?;
    people(&mut log)?;
    let early = messages - messages.min(TAIL);
    say(&mut log, 0..early)?;
    drop(log);
    // By the policy, beside everything else; then what comes behind it, for which none is due.
    let before = Instant::now();
    let mut log = JetStreamLog::open(options(early), Sqlite::open(&file, StorageOptions::default())?)?;
    runtime.block_on(timeout(PATIENCE, snapshot(&servers)))??;
    println!("a snapshot was there after {:.1} s", before.elapsed().as_secs_f64());
    say(&mut log, early..messages)?;
    (0..rounds).map(|round| join(&servers, &folder.join(format!("node-{round}")))).collect()
}

/// Waits until there is a snapshot.
async fn snapshot(servers: &Servers) -> Result<()> {
    let context = jetstream::new(bare::connect(&servers.address(0)).await?);
    loop {
        if let Ok(store) = context.get_object_store(format!("parlor-{SPACE}")).await
            && store.list().await?.next().await.is_some()
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn join(servers: &Servers, data: &Path) -> Result<Joined> {
    let start = Instant::now();
    let node = Parlor::join(data, &servers.addresses(0), SPACE)?;
    let listening = start.elapsed().as_secs_f64();
    while !is_ready(node.address)? {
        sleep(Duration::from_millis(10));
    }
    let ready = start.elapsed().as_secs_f64();
    let mut person = Person::come(node.address)?;
    let lobby = RoomId::LOBBY.to_string();
    person.ask(json!({"type": "post", "room": lobby, "text": "here I am", "key": format!("{data:?}")}))?;
    let page = person.ask(json!({"type": "history", "room": lobby, "limit": 50}))?;
    if page["messages"].as_array().is_none_or(|messages| messages.len() != 50) {
        return Err(format!("there are no messages: {page}").into());
    }
    let talked = start.elapsed().as_secs_f64();
    let octets = fs::metadata(data.join("chat.sqlite"))?.len();
    Ok(Joined { listening, ready, talked, octets })
}

fn is_ready(address: SocketAddr) -> Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

fn people(log: &mut dyn Log) -> Result<()> {
    let arrive = |number: u64| {
        let action = Action::Arrive { nickname: format!("user-{number}"), from: Origin::default() };
        proposal(number, action)
    };
    accepted(log, &(0..PEOPLE).map(arrive).collect::<Vec<_>>())
}

fn say(log: &mut dyn Log, numbers: std::ops::Range<u64>) -> Result<()> {
    let post = |number: u64| {
        let text = format!("{number:09} {}", "x".repeat(TEXT - 10));
        let (room, mentions) = (RoomId::LOBBY, Vec::new());
        proposal(number, Action::Post { room, text, reply_to: None, thread: None, mentions })
    };
    let mut from = numbers.start;
    while from < numbers.end {
        let to = numbers.end.min(from + AT_ONCE);
        accepted(log, &(from..to).map(post).collect::<Vec<_>>())?;
        from = to;
    }
    Ok(())
}

fn proposal(number: u64, action: Action) -> Proposal {
    let by = PersonId(1 + number % PEOPLE);
    Proposal { at: Timestamp(1_763_744_400_000 + number), by, key: None, action }
}

fn accepted(log: &mut dyn Log, proposals: &[Proposal]) -> Result<()> {
    for outcome in log.append(proposals)? {
        outcome.verdict?;
    }
    Ok(())
}

fn describe(messages: u64, found: &[Joined]) -> String {
    let spread = |of: fn(&Joined) -> f64| Spread::of(found.iter().map(of));
    let mut table = Table::new(["a new node", "s after its start"]);
    for (what, of) in [
        ("listens", (|joined: &Joined| joined.listening) as fn(&Joined) -> f64),
        ("is ready", |joined| joined.ready),
        ("somebody has come, spoken, and read what was said before", |joined| joined.talked),
    ] {
        let Spread { median, least, most } = spread(of);
        table.row([what.to_owned(), format!("{median:.2} ({least:.2}–{most:.2})")]);
    }
    let mut goals = Goals::default();
    goals.ratio("seconds until a new node serves", Bound::AtMost(10.0), Some(spread(|joined| joined.talked)));
    format!(
        "A stream of {} messages of {TEXT} octets, of which {} came after the snapshot; a node's database has {} MiB. \
         Three servers with three replicas and the node on one machine:\n\n{}\nLoad average at the end: {}.\n\n{}",
        thousands(messages as usize),
        thousands(messages.min(TAIL) as usize),
        found.iter().map(|joined| joined.octets >> 20).max().unwrap_or_default(),
        table.markdown(),
        machine::load_average(),
        goals.markdown()
    )
}
