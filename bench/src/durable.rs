//! How many messages a second become durable, beside what the disk and bare SQLite do in the same run.

mod bare;
pub mod chat;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::rounds::Spread;
use crate::server::goals::{Bound, Goals};
use crate::server::histogram::Histogram;
use crate::server::machine;
use crate::server::table::{Table, rate, thousands};

/// Octets of a message's text.
pub const TEXT: usize = 130;
/// Proposals, or rows, that are under way at a time.
const IN_FLIGHT: [usize; 3] = [1, 64, 1_024];
const ROOMS: [u64; 2] = [1, 50];

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What came of one turn.
pub struct Turn {
    pub each_second: f64,
    /// Of the processor, for each message: what stays comparable when the machine does other things, too.
    microseconds: f64,
    /// From asking to the acknowledgement.
    pub commit: Histogram,
    /// From asking until a listener has heard.
    delivery: Histogram,
}

/// One round of everything.
struct Round {
    syncs: Turn,
    /// For each number in flight: bare, and ours in so many rooms.
    turns: Vec<(Turn, Vec<Turn>)>,
}

/// `durable [--quick] [--rounds N] [--folder FOLDER] [--in-flight N]`
pub fn run(mut options: &[&str]) -> ExitCode {
    let (mut rounds, mut turn) = (5, Duration::from_secs(3));
    let mut folder = std::env::temp_dir();
    let mut in_flight = IN_FLIGHT.to_vec();
    while let Some((first, rest)) = options.split_first() {
        options = rest;
        match (*first, rest) {
            ("--quick", _) => (rounds, turn) = (1, Duration::from_millis(500)),
            ("--rounds", [count, rest @ ..]) if count.parse::<usize>().is_ok_and(|count| count > 0) => {
                rounds = count.parse().expect("it was parsed");
                options = rest;
            }
            ("--in-flight", [count, rest @ ..]) if count.parse::<usize>().is_ok_and(|count| count > 0) => {
                in_flight = vec![count.parse().expect("it was parsed")];
                options = rest;
            }
            ("--folder", [path, rest @ ..]) => {
                folder = PathBuf::from(path);
                options = rest;
            }
            _ => return crate::usage(),
        }
    }
    let folder = folder.join(format!("parlor-bench-durable-{}", std::process::id()));
    println!("{}; load average {}", machine::description(), machine::load_average());
    println!("{rounds} rounds of {turn:?} each in {}; texts of {TEXT} octets\n", folder.display());
    let found: Result<Vec<Round>> = (0..rounds).map(|_| round(&folder, turn, &in_flight)).collect();
    match found {
        Ok(found) => print(&found, &in_flight),
        Err(error) => {
            eprintln!("durable: {error}");
            return ExitCode::FAILURE;
        }
    }
    println!("Load average at the end: {}.", machine::load_average());
    ExitCode::SUCCESS
}

fn round(folder: &Path, turn: Duration, in_flight: &[usize]) -> Result<Round> {
    let fresh = || {
        // What an earlier turn left is no reason to fail.
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)
    };
    fresh()?;
    let syncs = bare::syncs(&folder.join("syncs"), turn)?;
    let mut turns = Vec::new();
    for in_flight in in_flight.iter().copied() {
        fresh()?;
        let bare = bare::commits(&folder.join("bare.db"), in_flight, turn)?;
        let mut ours = Vec::new();
        for rooms in ROOMS {
            fresh()?;
            ours.push(chat::acknowledgements(&folder.join("chat.db"), in_flight, rooms, turn)?);
        }
        turns.push((bare, ours));
    }
    let _ = fs::remove_dir_all(folder);
    Ok(Round { syncs, turns })
}

/// The middle of something over the rounds, and its range.
fn spread(rounds: &[Round], of: impl Fn(&Round) -> f64) -> Spread {
    Spread::of(rounds.iter().map(of))
}

fn print(rounds: &[Round], in_flight: &[usize]) {
    let head =
        ["in flight", "rooms", "bare, rows/s", "µs of CPU", "ours, messages/s", "µs of CPU", "of bare"];
    let mut table = Table::new(head);
    let mut goals = Goals::default();
    for (at, in_flight) in in_flight.iter().copied().enumerate() {
        for (which, rooms) in ROOMS.into_iter().enumerate() {
            let bare = |of: fn(&Turn) -> f64| spread(rounds, |round| of(&round.turns[at].0)).median;
            let ours = |of: fn(&Turn) -> f64| spread(rounds, |round| of(&round.turns[at].1[which])).median;
            let ratio = spread(rounds, |round| {
                let (bare, ours) = &round.turns[at];
                ours[which].each_second / bare.each_second
            });
            table.row([
                thousands(in_flight),
                rooms.to_string(),
                rate(bare(|turn| turn.each_second)),
                format!("{:.1}", bare(|turn| turn.microseconds)),
                rate(ours(|turn| turn.each_second)),
                format!("{:.1}", ours(|turn| turn.microseconds)),
                format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.least, ratio.most),
            ]);
            if in_flight > 1 {
                let what = format!("{} in flight, {rooms} rooms, of bare", thousands(in_flight));
                goals.ratio(what, Bound::AtLeast(0.7), Some(ratio));
            }
        }
    }
    println!("{}", table.markdown());
    if in_flight.first() == Some(&1) {
        lone(rounds, &mut goals);
    }
    println!("{}", goals.markdown());
}

/// One sender alone, who waits for each acknowledgement.
fn lone(rounds: &[Round], goals: &mut Goals) {
    let mut table = Table::new(["one alone", "a second", "p50, ms", "p99, ms"]);
    let mut row = |name: &str, turn: &dyn Fn(&Round) -> (f64, f64, f64)| {
        let [each_second, half, most] =
            [0, 1, 2].map(|place| spread(rounds, |round| <[f64; 3]>::from(turn(round))[place]).median);
        table.row([name.into(), rate(each_second), format!("{half:.2}"), format!("{most:.2}")]);
    };
    let quantiles = |turn: &Turn, of: &Histogram| (turn.each_second, of.quantile(0.5), of.quantile(0.99));
    let bare = |round: &Round| quantiles(&round.turns[0].0, &round.turns[0].0.commit);
    row("fdatasync of 4 KiB", &|round| quantiles(&round.syncs, &round.syncs.commit));
    row("a bare commit of one row", &bare);
    for (which, rooms) in ROOMS.into_iter().enumerate() {
        let commit = |round: &Round| quantiles(&round.turns[0].1[which], &round.turns[0].1[which].commit);
        let delivery = |round: &Round| quantiles(&round.turns[0].1[which], &round.turns[0].1[which].delivery);
        row(&format!("acknowledged, {rooms} rooms"), &commit);
        row(&format!("heard, {rooms} rooms"), &delivery);
        let of_bare = |of: &dyn Fn(&Round) -> (f64, f64, f64)| {
            Some(spread(rounds, |round| of(round).2 / bare(round).2))
        };
        goals.ratio(format!("p99 acknowledged, {rooms} rooms"), Bound::AtMost(2.0), of_bare(&commit));
        goals.ratio(format!("p99 heard, {rooms} rooms"), Bound::AtMost(3.0), of_bare(&delivery));
    }
    println!("{}", table.markdown());
}

/// What was done since a moment.
fn turn(count: u64, start: Instant, used: Duration, commit: Histogram, delivery: Histogram) -> Turn {
    Turn {
        each_second: count as f64 / start.elapsed().as_secs_f64(),
        microseconds: used.as_secs_f64() * 1e6 / count as f64,
        commit,
        delivery,
    }
}
