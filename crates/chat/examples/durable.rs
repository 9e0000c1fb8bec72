//! How many messages a second become durable, beside bare SQLite with one row of the same size per message.
//!
//! `cargo run --release -p parlor-chat --example durable [FOLDER]`

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::{Options, Sqlite};
use parlor_chat::{Action, Key, PersonId, Proposal, RoomId, Timestamp};

/// How long each measurement runs.
const DURATION: Duration = Duration::from_secs(3);
const PEOPLE: u64 = 1_000;
const TEXT: usize = 130;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("parlor-durable-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    println!("rounds of {DURATION:?} on {}; rooms: 1 and 50", folder.display());
    for in_flight in [1, 64, 1_024] {
        for round in 0..3 {
            let bare = bare(&folder.join(format!("bare-{in_flight}-{round}")), in_flight)?;
            print!("{in_flight:>5} a commit: bare {bare}");
            for rooms in [1, 50] {
                let path = folder.join(format!("chat-{in_flight}-{round}-{rooms}"));
                let ours = chat(&path, in_flight, rooms)?;
                print!("   {rooms:>2} rooms {ours} = {:.2}", ours.each_second / bare.each_second);
            }
            println!();
        }
    }
    Ok(std::fs::remove_dir_all(folder)?)
}

/// Rows of six columns with a unique index on room and sequence.
fn bare(path: &Path, in_flight: usize) -> Result<Rate, Box<dyn std::error::Error>> {
    let mut connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = full;
         CREATE TABLE message (id INTEGER PRIMARY KEY, room INTEGER, sequence INTEGER, at INTEGER, by INTEGER, text TEXT);
         CREATE UNIQUE INDEX place ON message (room, sequence)",
    )?;
    let text = "x".repeat(TEXT);
    let (start, used, mut sequence) = (Instant::now(), processor_time(), 0_i64);
    while start.elapsed() < DURATION {
        let transaction = connection.transaction()?;
        let mut insert =
            transaction.prepare_cached("INSERT INTO message VALUES (NULL, ?1, ?2, ?3, ?4, ?5)")?;
        for _ in 0..in_flight {
            sequence += 1;
            insert.execute((sequence % 50, sequence, 1_763_744_400_000_i64, sequence % 1_000, &text))?;
        }
        drop(insert);
        transaction.commit()?;
    }
    Ok(Rate::new(sequence, start, used))
}

/// The same through our log: decided, in order, with keys, entries and tables.
fn chat(path: &Path, in_flight: usize, rooms: u64) -> Result<Rate, Box<dyn std::error::Error>> {
    let mut log = LocalLog::open(Sqlite::open(path, Options::default())?)?;
    let by = |person: u64| PersonId(1 + person % PEOPLE);
    let room = |number: u64| RoomId(100 + number % rooms);
    let mut ask = Vec::new();
    for person in 0..PEOPLE {
        ask.push((by(person), None, Action::Arrive { nickname: format!("user-{person}") }));
    }
    for number in 0..rooms {
        let (name, topic) = (format!("room {number}"), String::new());
        let visibility = parlor_chat::Visibility::Public;
        ask.push((by(0), None, Action::CreateRoom { room: room(number), visibility, name, topic }));
        ask.extend((1..PEOPLE).map(|person| (by(person), None, Action::Join { room: room(number) })));
    }
    append(&mut log, ask)?;

    let text = "x".repeat(TEXT);
    let (start, used, mut sequence) = (Instant::now(), processor_time(), 0_u64);
    while start.elapsed() < DURATION {
        let batch = (0..in_flight).map(|_| {
            sequence += 1;
            let (room, text) = (room(sequence), text.clone());
            let key = format!(
                "0193e5a0-{:04x}-7{:03x}-8000-{:012x}",
                sequence >> 12 & 0xffff,
                sequence & 0xfff,
                sequence
            );
            let post = Action::Post { room, text, reply_to: None, thread: None, mentions: Vec::new() };
            (by(sequence), Some(Key::new(key).expect("a UUID is a key")), post)
        });
        let batch = batch.collect();
        append(&mut log, batch)?;
    }
    Ok(Rate::new(i64::try_from(sequence)?, start, used))
}

fn append(
    log: &mut impl Log,
    ask: Vec<(PersonId, Option<Key>, Action)>,
) -> Result<(), Box<dyn std::error::Error>> {
    let at = Timestamp(1_763_744_400_000);
    let batch: Vec<Proposal> =
        ask.into_iter().map(|(by, key, action)| Proposal { at, by, key, action }).collect();
    for outcome in log.append(&batch)? {
        outcome.verdict?;
    }
    Ok(())
}

struct Rate {
    each_second: f64,
    /// Of the processor, for each message: what stays comparable when the machine does other things, too.
    microseconds: f64,
}

impl Rate {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    fn new(count: i64, start: Instant, used: Duration) -> Self {
        let count = count as f64;
        let microseconds = (processor_time() - used).as_secs_f64() * 1e6 / count;
        Rate { each_second: count / start.elapsed().as_secs_f64(), microseconds }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>7.0}/s {:>6.1} us", self.each_second, self.microseconds)
    }
}

/// What this thread has had of a processor so far; 0 where the system does not say.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}
