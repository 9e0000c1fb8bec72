//! How long it takes to open a long room, and to catch up with what was missed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::{Options, Sqlite};
use parlor_chat::view::{From, Since};
use parlor_chat::{Action, Chat, Origin, PersonId, Proposal, RoomId, Sequence, Timestamp};

use crate::rounds::{Spread, cpu_time};
use crate::server::goals::{Bound, Goals};
use crate::server::machine;
use crate::server::table::{Table, thousands};

const MESSAGES: u64 = 1_000_000;
/// Messages that are stored in one step.
const STORED_AT_ONCE: u64 = 1_000;
const PEOPLE: u64 = 1_000;
/// Octets of a message's text.
const TEXT: usize = 130;
/// How much of the room somebody sees first.
const SHOWN: usize = 50;
/// How much somebody has missed, and how much of it they are told at a time.
const MISSED: u64 = 10_000;
const PAGE: u64 = 1_000;
const OPENINGS: usize = 1_000;
const CATCHING_UP: usize = 20;
const ROOM: RoomId = RoomId::LOBBY;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How long something took each time, in milliseconds: by the clock, and of this thread's processor time.
#[derive(Default)]
struct Times {
    clock: Vec<f64>,
    processor: Vec<f64>,
}

/// `open [--quick] [--folder FOLDER]`
pub fn run(mut options: &[&str]) -> ExitCode {
    let mut messages = MESSAGES;
    let mut folder = std::env::temp_dir();
    while let Some((first, rest)) = options.split_first() {
        options = rest;
        match (*first, rest) {
            ("--quick", _) => messages = MESSAGES / 20,
            ("--folder", [path, rest @ ..]) => {
                folder = PathBuf::from(path);
                options = rest;
            }
            _ => return crate::usage(),
        }
    }
    let folder = folder.join(format!("parlor-bench-open-{}", std::process::id()));
    println!("{}; load average {}\n", machine::description(), machine::load_average());
    let result = fs::create_dir_all(&folder).map_err(Into::into).and_then(|()| measure(&folder, messages));
    // What is left over is no reason to fail.
    let _ = fs::remove_dir_all(&folder);
    if let Err(error) = result {
        eprintln!("open: {error}");
        return ExitCode::FAILURE;
    }
    println!("Load average at the end: {}.", machine::load_average());
    ExitCode::SUCCESS
}

fn measure(folder: &Path, messages: u64) -> Result<()> {
    let file = folder.join("chat.sqlite");
    fill(&file, messages)?;
    println!(
        "a room of {} messages, {} MiB\n",
        thousands(messages as usize),
        fs::metadata(&file)?.len() >> 20
    );
    let begun = Instant::now();
    let log = LocalLog::open(Sqlite::open(&file, Options::default())?)?;
    let start = begun.elapsed();
    let chat = Chat::start(log, Box::new(|_| {}))?;

    let mut first = Times::default();
    first.add(|| open(&chat))?;
    let mut openings = Times::default();
    (0..OPENINGS).try_for_each(|_| openings.add(|| open(&chat)))?;
    let mut catching_up = Times::default();
    (0..CATCHING_UP).try_for_each(|_| catching_up.add(|| catch_up(&chat, Sequence(messages - MISSED))))?;

    let mut table = Table::new(["", "p50, ms", "p99, ms", "of the processor, p50"]);
    let mut row = |name: String, times: &Times| {
        let [half, most] = [0.5, 0.99].map(|share| quantile(&times.clock, share));
        let processor = quantile(&times.processor, 0.5);
        table.row([name, format!("{half:.2}"), format!("{most:.2}"), format!("{processor:.2}")]);
    };
    row(format!("the last {SHOWN}, the first time"), &first);
    row(format!("the last {SHOWN}"), &openings);
    row(
        format!("{} missed, in pages of {}", thousands(MISSED as usize), thousands(PAGE as usize)),
        &catching_up,
    );
    println!("{}", table.markdown());
    println!("Opening the log took {:.0} ms.\n", start.as_secs_f64() * 1e3);
    let mut goals = Goals::default();
    let spread = |times: &Times| Some(Spread::of(times.clock.iter().copied()));
    goals.ratio("ms to open the room", Bound::AtMost(5.0), spread(&openings));
    goals.ratio("ms to catch up", Bound::AtMost(200.0), spread(&catching_up));
    println!("{}", goals.markdown());
    Ok(())
}

impl Times {
    fn add(&mut self, run: impl FnOnce() -> Result<usize>) -> Result<()> {
        let (clock, processor) = (Instant::now(), cpu_time());
        let octets = run()?;
        self.processor.push(milliseconds(cpu_time() - processor));
        self.clock.push(milliseconds(clock.elapsed()));
        if octets > 0 { Ok(()) } else { Err("there was nothing to read".into()) }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn quantile(times: &[f64], share: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[((times.len() as f64 * share).ceil() as usize).clamp(1, times.len()) - 1]
}

/// What somebody sees first. Returns how many octets of text it has.
fn open(chat: &Chat) -> Result<usize> {
    let page = chat.view(PersonId(1), |view| view.history(ROOM, From::Latest, SHOWN))?;
    if page.messages.len() != SHOWN || !page.before {
        return Err("the end of the room is not as it was filled".into());
    }
    Ok(page.messages.iter().map(|message| message.text.len()).sum())
}

/// Everything since a place, as JSON. Returns how many octets that are.
fn catch_up(chat: &Chat, mut after: Sequence) -> Result<usize> {
    let (mut octets, mut events) = (0, 0);
    loop {
        let page = chat.view(PersonId(1), |view| view.since(ROOM, after, PAGE))?;
        let Since::Complete { events: told, up_to, last } = page else {
            return Err("what was missed is not all there".into());
        };
        for event in &told {
            octets += serde_json::to_string(event)?.len();
        }
        events += told.len() as u64;
        if up_to == last {
            return if events == MISSED { Ok(octets) } else { Err(format!("{events} events came").into()) };
        }
        after = up_to;
    }
}

fn fill(file: &Path, messages: u64) -> Result<()> {
    let mut log = LocalLog::open(Sqlite::open(file, Options::default())?)?;
    let at = Timestamp(1_763_744_400_000);
    let mut append = |proposals: Vec<Proposal>| -> Result<()> {
        for outcome in log.append(&proposals)? {
            outcome.verdict?;
        }
        Ok(())
    };
    let person = |number: u64| PersonId(1 + number % PEOPLE);
    let arrive = |number| Action::Arrive { nickname: format!("user-{number}"), from: Origin::default() };
    let proposal = |by, action| Proposal { at, by, key: None, action };
    append((0..PEOPLE).map(|number| proposal(person(number), arrive(number))).collect())?;
    for from in (0..messages).step_by(STORED_AT_ONCE as usize) {
        let post = |number: u64| Action::Post {
            room: ROOM,
            text: format!("{number:09} {}", "x".repeat(TEXT - 10)),
            reply_to: None,
            thread: None,
            mentions: Vec::new(),
        };
        append((from..from + STORED_AT_ONCE).map(|number| proposal(person(number), post(number))).collect())?;
    }
    log.scrub()?;
    Ok(())
}
