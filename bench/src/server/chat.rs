//! `chat`: what everything durable costs on top of the hub, in deliveries and in memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;
use websocket_hub::Backend;

use super::attention::{Attention, LOOK};
use super::crowd::Crowd;
use super::document::Report;
use super::goals::{Bound, Goals};
use super::handshake::PATIENCE;
use super::histogram::Histogram;
use super::machine;
use super::measure::saturated;
use super::options::Options;
use super::parlor::{Parlor, Person};
use super::peer::{Job, Peer};
use super::process::Process;
use super::table::{Table, rate, thousands};
use crate::rounds::Spread;

const PEOPLE: usize = 1_000;
const SENDERS: [usize; 2] = [16, 64];
const ROUNDS: usize = 5;
/// Octets of what is said.
const TEXT: usize = 64;
/// Rooms that everybody is in whose memory is measured.
const ROOMS: usize = 5;
/// What is made once is made before memory is looked at.
const WARM: usize = 200;
/// How long it is quiet before memory is looked at.
const QUIET: Duration = Duration::from_millis(1500);
const LOBBY: &str = "0000000000001";

/// What came of one number of senders in one round.
struct Outcome {
    /// Deliveries for each second of the server's processor time.
    ours: f64,
    hub: f64,
    /// Durable messages a second, by the clock.
    messages: f64,
    /// From saying it until one of the others has it.
    latency: Histogram,
}

/// Octets of memory for each connection.
struct Weight {
    ours: f64,
    hub: f64,
}

pub fn run(options: &Options) -> Report {
    let people = options.subscribers.unwrap_or(if options.quick { 100 } else { PEOPLE });
    let how_long = Duration::from_millis(if options.quick { 300 } else { 2_000 });
    let folder = std::env::temp_dir().join(format!("parlor-bench-chat-{}", std::process::id()));
    let mut report =
        Report { name: "chat", markdown: String::new(), plots: Vec::new(), failures: Vec::new() };
    let (mut rounds, mut weights) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds(ROUNDS) {
        let round = round(&folder, people, how_long).and_then(|round| Ok((round, weigh(&folder, people)?)));
        // What is left over is no reason to fail.
        let _ = fs::remove_dir_all(&folder);
        match round {
            Ok((round, weight)) => {
                rounds.push(round);
                weights.push(weight);
            }
            Err(error) => report.failures.push(error.to_string()),
        }
    }
    if !rounds.is_empty() {
        report.markdown = describe(people, &rounds, &weights);
        println!("{}", report.markdown);
    }
    report
}

fn describe(people: usize, rounds: &[Vec<Outcome>], weights: &[Weight]) -> String {
    let head = ["senders", "parlor", "hub alone", "of the hub", "messages/s", "p50 / p99, ms"];
    let mut table = Table::new(head);
    let mut goals = Goals::default();
    for (at, senders) in SENDERS.into_iter().enumerate() {
        let spread = |of: &dyn Fn(&Outcome) -> f64| Spread::of(rounds.iter().map(|round| of(&round[at])));
        let ratio = spread(&|outcome| outcome.ours / outcome.hub);
        let quantile = |share| spread(&|outcome| outcome.latency.quantile(share)).median;
        table.row([
            senders.to_string(),
            rate(spread(&|outcome| outcome.ours).median),
            rate(spread(&|outcome| outcome.hub).median),
            format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.least, ratio.most),
            rate(spread(&|outcome| outcome.messages).median),
            format!("{:.1} / {:.1}", quantile(0.5), quantile(0.99)),
        ]);
        goals.ratio(format!("{senders} senders, of the hub"), Bound::AtLeast(0.7), Some(ratio));
    }
    let spread = |of: &dyn Fn(&Weight) -> f64| Spread::of(weights.iter().map(of));
    let more = spread(&|weight| weight.ours - weight.hub);
    goals.number("octets for somebody signed in, above the hub", Bound::AtMost(4096.0), Some(more));
    format!(
        "{} people in one room; deliveries for each second of the server's processor time:\n\n{}\n\
         Resident memory of a connection that says nothing: {} B signed in and in {ROOMS} rooms, {} B with the hub \
         alone. Load average at the end: {}.\n\n{}",
        thousands(people),
        table.markdown(),
        thousands(spread(&|weight| weight.ours).median.max(0.0) as usize),
        thousands(spread(&|weight| weight.hub).median.max(0.0) as usize),
        machine::load_average(),
        goals.markdown()
    )
}

fn hub() -> Peer {
    Peer::Ours(Backend::Tokio)
}

fn round(folder: &Path, people: usize, how_long: Duration) -> io::Result<Vec<Outcome>> {
    let data = fresh(folder)?;
    let parlor = Parlor::start(&data)?;
    let mut room = Room::open(&parlor, people)?;
    let server = Process::start(hub(), Job::Room)?;
    // The hub sends what parlor sends: frames of the same size.
    room.keep_under_way(1, Duration::from_millis(50))?;
    let mut crowd = Crowd::connect(&server, people, room.frames[0].len())?;
    let mut outcomes = Vec::new();
    for senders in SENDERS {
        let hub = saturated(&mut crowd, &server, senders, how_long)?.per_cpu_second;
        room.keep_under_way(senders, how_long / 8)?;
        let (cpu, clock, said) = (parlor.cpu_time(), Instant::now(), room.frames.len());
        room.latency = Histogram::default();
        room.keep_under_way(senders, how_long)?;
        let said = (room.frames.len() - said) as f64;
        outcomes.push(Outcome {
            ours: said * people as f64 / (parlor.cpu_time() - cpu).as_secs_f64(),
            hub,
            messages: said / clock.elapsed().as_secs_f64(),
            latency: std::mem::take(&mut room.latency),
        });
    }
    Ok(outcomes)
}

fn fresh(folder: &Path) -> io::Result<PathBuf> {
    // What an earlier round left is no reason to fail.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    Ok(folder.join("data"))
}

/// People who all watch the lobby, in one thread around epoll.
struct Room {
    attention: Attention,
    people: Vec<Person>,
    /// How many messages each has heard.
    places: Vec<usize>,
    /// What was said, in its order, as whoever heard it first received it.
    frames: Vec<Vec<u8>>,
    /// How many have heard each.
    heard: Vec<usize>,
    /// By number of the message: when it was said.
    said: Vec<Instant>,
    completed: usize,
    latency: Histogram,
    buffer: Vec<u8>,
    text: String,
}

impl Room {
    fn open(parlor: &Parlor, count: usize) -> io::Result<Room> {
        let attention = Attention::new()?;
        let mut people = Vec::with_capacity(count);
        for number in 0..count {
            let mut person = Person::come(parlor.address)?;
            person.ask(json!({"type": "subscribe", "room": LOBBY, "after": 0}))?;
            attention.add(&person.stream, number)?;
            people.push(person);
        }
        // Who came is told at intervals: until all of that is over.
        sleep(Duration::from_millis(1200));
        parlor.settle()?;
        people.iter().try_for_each(|person| person.stream.set_nonblocking(true))?;
        Ok(Room {
            attention,
            places: vec![0; count],
            people,
            frames: Vec::new(),
            heard: Vec::new(),
            said: Vec::new(),
            completed: 0,
            latency: Histogram::default(),
            buffer: vec![0; 256 * 1024],
            text: "x".repeat(TEXT - 9),
        })
    }

    /// Keeps so many messages under way, each of another sender, and then waits until everybody has heard all.
    fn keep_under_way(&mut self, senders: usize, how_long: Duration) -> io::Result<()> {
        let end = Instant::now() + how_long;
        loop {
            let now = Instant::now();
            let is_over = now >= end;
            while !is_over && self.said.len() - self.completed < senders {
                self.next_speaks(now)?;
            }
            if is_over && self.said.len() == self.completed {
                return Ok(());
            }
            if now > end + PATIENCE {
                let missing = self.said.len() - self.completed;
                return Err(io::Error::other(format!("{missing} messages did not arrive")));
            }
            for event in 0..self.attention.wait(LOOK)? {
                self.hear(self.attention.at(event).0)?;
            }
        }
    }

    fn next_speaks(&mut self, now: Instant) -> io::Result<()> {
        let number = self.said.len();
        self.said.push(now);
        let key = format!("00000000-0000-4000-8000-{number:012x}");
        let text = format!("{number:08} {}", self.text);
        let count = self.people.len();
        self.people[number % count].say(&json!({"type": "post", "id": number, "key": key, "text": text}))
    }

    fn hear(&mut self, person: usize) -> io::Result<()> {
        let Room { people, places, frames, heard, said, completed, latency, buffer, .. } = self;
        let everybody = people.len();
        if !people[person].read(buffer)? {
            return Ok(());
        }
        let now = Instant::now();
        people[person].take(|payload| {
            if payload.starts_with(br#"{"type":"error""#) {
                return Err(io::Error::other(String::from_utf8_lossy(payload).into_owned()));
            }
            if !payload.starts_with(br#"{"type":"posted""#) {
                return Ok(());
            }
            let place = places[person];
            places[person] += 1;
            if place == frames.len() {
                frames.push(payload.to_vec());
                heard.push(0);
            } else if frames[place] != payload {
                return Err(io::Error::other(format!("message {place} is another for somebody else")));
            }
            heard[place] += 1;
            *completed += usize::from(heard[place] == everybody);
            let number = number(payload).ok_or_else(|| io::Error::other("a message without its number"))?;
            latency.add(now - said[number]);
            Ok(())
        })
    }
}

/// The number that the text of a message begins with.
fn number(payload: &[u8]) -> Option<usize> {
    let mark = br#""text":""#;
    let start = payload.windows(mark.len()).position(|octets| octets == mark)? + mark.len();
    std::str::from_utf8(payload.get(start..start + 8)?).ok()?.parse().ok()
}

fn weigh(folder: &Path, people: usize) -> io::Result<Weight> {
    let parlor = Parlor::start(&fresh(folder)?)?;
    let mut owner = Person::come(parlor.address)?;
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        let name = format!("room {number}");
        let answer = owner.ask(json!({"type": "create_room", "visibility": "public", "name": name}))?;
        rooms.push(answer["room"].clone());
    }
    // What joining leaves in caches is no part of a connection: everybody joins first, and comes again after a
    // restart.
    let mut tokens = Vec::new();
    for _ in 0..WARM + people {
        let mut person = Person::come(parlor.address)?;
        rooms.iter().try_for_each(|room| person.ask(json!({"type": "join", "room": room})).map(drop))?;
        tokens.push(person.token);
    }
    drop((owner, parlor));
    let parlor = Parlor::start(&folder.join("data"))?;
    let come = |tokens: &[String]| -> io::Result<Vec<Person>> {
        let mut people = Vec::with_capacity(tokens.len());
        for token in tokens {
            let mut person = Person::come_again(parlor.address, token)?;
            for room in &rooms {
                person.ask(json!({"type": "subscribe", "room": room}))?;
            }
            people.push(person);
        }
        sleep(QUIET);
        parlor.settle()?;
        Ok(people)
    };
    let (first, others) = tokens.split_at(WARM);
    let _warm = come(first)?;
    let before = parlor.resident();
    let _open = come(others)?;
    let ours = (parlor.resident() as f64 - before as f64) / people as f64;

    let server = Process::start(hub(), Job::Room)?;
    let mut crowd = Crowd::connect(&server, WARM, TEXT)?;
    sleep(QUIET);
    let before = server.resident();
    crowd.join(&server, people)?;
    sleep(QUIET);
    Ok(Weight { ours, hub: (server.resident() as f64 - before as f64) / people as f64 })
}
