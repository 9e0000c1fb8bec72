//! What a chat on several nodes does, beside what NATS does by itself in the same run.

mod bare;
pub mod join;
mod servers;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parlor_chat::storage::{Options as StorageOptions, Sqlite};
use parlor_chat::{Chat, Outcome, PersonId};
use parlor_jetstream::{JetStreamLog, Options};
use tokio::runtime::Runtime;

use crate::durable::chat::{Heard, News, keep_under_way, people_and_rooms, say};
use crate::durable::{Result, TEXT};
use crate::rounds::{Spread, process_time};
use crate::server::document;
use crate::server::goals::{Bound, Goals};
use crate::server::histogram::Histogram;
use crate::server::machine;
use crate::server::table::{Table, rate, thousands};
use servers::Servers;

/// Messages that are under way at a time.
const IN_FLIGHT: [usize; 2] = [64, 1_024];
const NODES: [usize; 2] = [1, 3];
const ROOMS: u64 = 50;
/// Octets of a proposal with such a text, as it is in the stream.
const PROPOSAL: usize = TEXT + 60;

/// One round of everything.
struct Round {
    /// For each number in flight: bare, and through so many nodes.
    turns: Vec<(Figures, Vec<Figures>)>,
    /// One at a time: an answer from another server, an acknowledgement here, and hearing it at another node.
    asked: Histogram,
    acknowledged: Histogram,
    heard: Histogram,
}

struct Figures {
    each_second: f64,
    latency: Histogram,
    /// Processor time of all that takes part, in microseconds a message, and how many cores were busy with it.
    cost: f64,
    cores: f64,
}

impl Figures {
    /// What something comes to that takes its time, and says how many messages a second it was, and how long each took.
    fn of(servers: &Servers, run: impl FnOnce() -> Result<(f64, Histogram)>) -> Result<Figures> {
        let used = || servers.cpu_time() + process_time();
        let (start, before) = (Instant::now(), used());
        let (each_second, latency) = run()?;
        let cores = (used() - before).as_secs_f64() / start.elapsed().as_secs_f64();
        Ok(Figures { each_second, latency, cost: cores * 1e6 / each_second, cores })
    }
}

/// `cluster [--quick] [--rounds N] [--write]`
pub fn run(options: &[&str]) -> ExitCode {
    report("cluster", options, |rounds, is_quick| {
        let turn = if is_quick { Duration::from_millis(500) } else { Duration::from_secs(4) };
        let found: Result<Vec<Round>> = (0..rounds).map(|_| round(turn)).collect();
        Ok(describe(&found?))
    })
}

/// Measures in so many rounds, quickly or not, and shows or writes down what was found, as the options say.
fn report(name: &str, mut options: &[&str], measure: impl FnOnce(usize, bool) -> Result<String>) -> ExitCode {
    let (mut rounds, mut is_quick, mut writes) = (3, false, false);
    while let Some((first, rest)) = options.split_first() {
        options = rest;
        match (*first, rest) {
            ("--quick", _) => (rounds, is_quick) = (1, true),
            ("--rounds", [count, rest @ ..]) if count.parse::<usize>().is_ok_and(|count| count > 0) => {
                rounds = count.parse().expect("it was parsed");
                options = rest;
            }
            ("--write", _) => writes = true,
            _ => return crate::usage(),
        }
    }
    println!("{}; load average {}\n", machine::description(), machine::load_average());
    let markdown = match measure(rounds, is_quick) {
        Ok(markdown) => markdown,
        Err(error) => {
            eprintln!("{name}: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{markdown}");
    if writes && let Err(error) = document::write(name, &markdown) {
        eprintln!("nothing was written: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn round(turn: Duration) -> Result<Round> {
    let folder = std::env::temp_dir().join(format!("parlor-bench-cluster-{}", std::process::id()));
    // What an earlier round left is no reason to fail.
    let _ = fs::remove_dir_all(&folder);
    let servers = Servers::start(&folder)?;
    let runtime = Runtime::new()?;
    let payload = Bytes::from(vec![b'x'; PROPOSAL]);
    runtime.block_on(bare::prepare(&servers))?;
    let mut turns: Vec<(Figures, Vec<Figures>)> = Vec::new();
    for in_flight in IN_FLIGHT {
        let publish = || runtime.block_on(bare::publish(&servers, payload.clone(), in_flight, turn));
        turns.push((Figures::of(&servers, publish)?, Vec::new()));
    }
    let asked = runtime.block_on(bare::ask(&servers, payload.clone(), turn))?;
    let (mut acknowledged, mut heard) = (Histogram::default(), Histogram::default());
    for count in NODES {
        let news = Arc::new(News::default());
        let nodes = Nodes::start(&servers, &folder, count, &news)?;
        for (at, in_flight) in IN_FLIGHT.into_iter().enumerate() {
            turns[at].1.push(Figures::of(&servers, || {
                let found = keep_under_way(&nodes.chats, &news, in_flight, ROOMS, turn)?;
                Ok((found.each_second, found.commit))
            })?);
        }
        if count > 1 {
            nodes.one_at_a_time(&news, turn, &mut acknowledged, &mut heard)?;
        }
    }
    Ok(Round { turns, asked, acknowledged, heard })
}

/// Nodes over one stream, each with a database of its own.
struct Nodes {
    chats: Vec<Chat>,
    /// Whether the last of them tells what it hears.
    is_heard: Arc<AtomicBool>,
}

impl Nodes {
    fn start(servers: &Servers, folder: &Path, count: usize, news: &Arc<News>) -> Result<Nodes> {
        let is_heard = Arc::new(AtomicBool::new(false));
        let mut chats = Vec::new();
        for number in 0..count {
            let file = folder.join(format!("{count}-nodes-{number}.db"));
            let storage = Sqlite::open(file, StorageOptions::default())?;
            let options = Options {
                replicas: 3,
                // That servers flush late is what both sides are measured with.
                accept_risk: true,
                ..Options::new(servers.addresses(number), format!("nodes-{count}"))
            };
            let mut log = JetStreamLog::open(options, storage)?;
            if number == 0 {
                people_and_rooms(&mut log, ROOMS)?;
            }
            let (news, is_heard) = (Arc::clone(news), Arc::clone(&is_heard));
            let is_last = number + 1 == count;
            let listener = move |outcomes: &[Outcome]| {
                if is_last && is_heard.load(Ordering::Relaxed) {
                    let events = outcomes.iter().filter_map(|outcome| outcome.event.as_ref());
                    news.add(Heard::Told(events.map(|event| event.by.0 as usize - 1).collect()), true);
                } else {
                    // What was acknowledged is waited for.
                    news.wake();
                }
            };
            // What goes wrong is in the answers, too.
            chats.push(Chat::start_shared(log, Box::new(listener), Box::new(|_| {}))?);
        }
        Ok(Nodes { chats, is_heard })
    }

    /// Somebody at the first node says one thing after another, which is acknowledged there and heard at the last.
    fn one_at_a_time(
        &self,
        news: &Arc<News>,
        turn: Duration,
        acknowledged: &mut Histogram,
        heard: &mut Histogram,
    ) -> Result<()> {
        let position = |chat: &Chat| {
            chat.view(PersonId::SERVER, |view| Ok(view.position()?)).map_err(|error| format!("{error:?}"))
        };
        while position(&self.chats[0])? != position(&self.chats[self.chats.len() - 1])? {
            sleep(Duration::from_millis(10));
        }
        self.is_heard.store(true, Ordering::Relaxed);
        let text = "x".repeat(TEXT);
        let (start, mut number, mut news_of_it) = (Instant::now(), 1 << 32, Vec::new());
        while start.elapsed() < turn {
            let asked = Instant::now();
            say(&self.chats[0], 0, number, ROOMS, &text, Arc::clone(news))?;
            number += 1;
            let mut missing = 2;
            while missing > 0 {
                news.take(&mut news_of_it);
                for one in news_of_it.drain(..) {
                    missing -= 1;
                    match one {
                        Heard::Acknowledged(_, outcome) => {
                            outcome?;
                            acknowledged.add(asked.elapsed());
                        }
                        Heard::Told(_) => heard.add(asked.elapsed()),
                    }
                }
            }
        }
        Ok(())
    }
}

/// What a message costs the machine, and how much of it is busy.
fn costs(rounds: &[Round]) -> String {
    let mut table = Table::new(["µs of processor a message (cores busy)", "bare", "one node", "three nodes"]);
    for (at, in_flight) in IN_FLIGHT.into_iter().enumerate() {
        let cell = |of: &dyn Fn(&Round) -> &Figures| {
            let median = |value: &dyn Fn(&Figures) -> f64| {
                Spread::of(rounds.iter().map(|round| value(of(round)))).median
            };
            format!("{:.1} ({:.2})", median(&|figures| figures.cost), median(&|figures| figures.cores))
        };
        let through = |which: usize| cell(&|round| &round.turns[at].1[which]);
        let bare = cell(&|round| &round.turns[at].0);
        table.row([format!("{} under way", thousands(in_flight)), bare, through(0), through(1)]);
    }
    table.markdown()
}

fn describe(rounds: &[Round]) -> String {
    let spread = |of: &dyn Fn(&Round) -> f64| Spread::of(rounds.iter().map(of));
    let head =
        ["under way", "nodes", "bare, messages/s", "p99, ms", "ours, messages/s", "p99, ms", "of bare"];
    let mut table = Table::new(head);
    let mut goals = Goals::default();
    for (at, in_flight) in IN_FLIGHT.into_iter().enumerate() {
        for (which, count) in NODES.into_iter().enumerate() {
            let ratio = spread(&|round| {
                let (bare, ours) = &round.turns[at];
                ours[which].each_second / bare.each_second
            });
            let bare = |of: &dyn Fn(&Figures) -> f64| spread(&|round| of(&round.turns[at].0)).median;
            let ours = |of: &dyn Fn(&Figures) -> f64| spread(&|round| of(&round.turns[at].1[which])).median;
            let slowest = |figures: &Figures| figures.latency.quantile(0.99);
            table.row([
                thousands(in_flight),
                count.to_string(),
                rate(bare(&|figures| figures.each_second)),
                format!("{:.1}", bare(&slowest)),
                rate(ours(&|figures| figures.each_second)),
                format!("{:.1}", ours(&slowest)),
                format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.least, ratio.most),
            ]);
            let what = format!("{} under way, {count} nodes, of bare", thousands(in_flight));
            goals.ratio(what, Bound::AtLeast(0.8), Some(ratio));
        }
    }
    let mut lone = Table::new(["one at a time", "p50, ms", "p99, ms"]);
    for (what, of) in [
        (
            "a question to another server and its answer",
            (|round: &Round| &round.asked) as fn(&Round) -> &Histogram,
        ),
        ("acknowledged where it was said", |round| &round.acknowledged),
        ("heard at another node", |round| &round.heard),
    ] {
        let [half, most] = [0.5, 0.99].map(|share| spread(&|round| of(round).quantile(share)).median);
        lone.row([what.to_owned(), format!("{half:.2}"), format!("{most:.2}")]);
    }
    format!(
        "Three servers with three replicas, nodes and load on one machine:\n\n{}\n{}\n{}\nLoad average at the end: {}.\n\n{}",
        table.markdown(),
        costs(rounds),
        lone.markdown(),
        machine::load_average(),
        goals.markdown()
    )
}
