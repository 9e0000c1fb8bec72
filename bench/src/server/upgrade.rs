//! `upgrade`: people talk while the server is succeeded; what they miss, for how long, and what it costs.

mod person;
mod room;

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::document::Report;
use super::goals::{Bound, Goals};
use super::machine;
use super::options::Options;
use super::parlor::Parlor;
use super::table::{Table, thousands};
use crate::rounds::Spread;
use person::Person;
use room::Room;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const PEOPLE: usize = 10_000;
/// People in each room.
const IN_A_ROOM: usize = 100;
/// Messages a second in all rooms together.
const RATE: usize = 500;
/// How long they talk before the upgrade and after it.
const BEFORE: Duration = Duration::from_secs(10);
const AFTER: Duration = Duration::from_secs(15);
/// How long it may take until everybody has come, and until everybody has heard everything.
const PATIENCE: Duration = Duration::from_secs(120);
/// People who come at a time in the beginning.
const AT_A_TIME: usize = 200;
const ROUNDS: usize = 3;

/// What came of one upgrade.
struct Outcome {
    said: usize,
    lost: usize,
    doubled: usize,
    /// How many connections have ended.
    ends: usize,
    /// Seconds that each person waited at the longest for a message from when it was said, sorted.
    gaps: Vec<f64>,
    /// Seconds from saying something until somebody has heard it, sorted.
    delays: Vec<f64>,
    /// Seconds that `parlor upgrade` took.
    upgrade: f64,
    /// The server's share of a core in the seconds before the upgrade, and in each second after it.
    cpu_before: f64,
    cpu_after: Vec<f64>,
}

pub fn run(options: &Options) -> Report {
    let people = options.subscribers.unwrap_or(if options.quick { 300 } else { PEOPLE });
    let folder = std::env::temp_dir().join(format!("parlor-bench-upgrade-{}", std::process::id()));
    let mut report =
        Report { name: "upgrade", markdown: String::new(), plots: Vec::new(), failures: Vec::new() };
    let mut outcomes = Vec::new();
    for _ in 0..options.rounds(ROUNDS) {
        let outcome = round(&folder, people);
        // What is left over is no reason to fail.
        let _ = fs::remove_dir_all(&folder);
        match outcome {
            Ok(outcome) => {
                if outcome.lost + outcome.doubled > 0 {
                    let Outcome { lost, doubled, .. } = outcome;
                    report.failures.push(format!("{lost} messages were lost and {doubled} doubled"));
                }
                outcomes.push(outcome);
            }
            Err(error) => report.failures.push(error.to_string()),
        }
    }
    if !outcomes.is_empty() {
        report.markdown = describe(people, &outcomes);
        println!("{}", report.markdown);
    }
    report
}

fn round(folder: &Path, people: usize) -> Result<Outcome> {
    // What an earlier round left is no reason to fail.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    let data = folder.join("data");
    let mut parlor = Parlor::start(&data)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let address = format!("ws://{}/chat", parlor.address);
        let rooms = (people / IN_A_ROOM).max(1);
        let pause = Duration::from_secs_f64(rooms as f64 / RATE as f64);
        let (rooms, mut tasks) = gather(&address, people, rooms, pause).await?;
        sleep(Duration::from_secs(2)).await;

        let (before, clock) = (parlor.cpu_time(), Instant::now());
        rooms.iter().for_each(|room| room.begin());
        sleep(BEFORE).await;
        let cpu_before = (parlor.cpu_time() - before).as_secs_f64() / clock.elapsed().as_secs_f64();

        let started = Instant::now();
        // On a thread of its own, so that everybody can come back meanwhile.
        let upgrading = tokio::task::spawn_blocking(move || parlor.upgrade(&data).map(|()| parlor));
        parlor = upgrading.await??;
        let upgrade = started.elapsed().as_secs_f64();
        let mut cpu_after = Vec::new();
        while started.elapsed() < AFTER {
            let before = parlor.cpu_time();
            let clock = Instant::now();
            sleep(Duration::from_secs(1)).await;
            cpu_after.push((parlor.cpu_time() - before).as_secs_f64() / clock.elapsed().as_secs_f64());
        }
        rooms.iter().for_each(|room| room.end());

        let mut outcome = Outcome {
            said: 0,
            lost: 0,
            doubled: 0,
            ends: 0,
            gaps: Vec::new(),
            delays: Vec::new(),
            upgrade,
            cpu_before,
            cpu_after,
        };
        let everybody = async {
            while let Some(person) = tasks.join_next().await {
                let person = person??;
                outcome.ends += person.ends;
                let longest = person.delays.iter().max().copied().unwrap_or_default();
                outcome.gaps.push(f64::from(longest) / 1_000.0);
                outcome.delays.extend(person.delays.iter().map(|delay| f64::from(*delay) / 1_000.0));
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(())
        };
        timeout(PATIENCE, everybody).await.map_err(|_| "somebody does not hear everything")??;
        for room in &rooms {
            let (said, lost, doubled) = room.account();
            outcome.said += said;
            outcome.lost += lost;
            outcome.doubled += doubled;
        }
        outcome.gaps.sort_unstable_by(f64::total_cmp);
        outcome.delays.sort_unstable_by(f64::total_cmp);
        Ok(outcome)
    })
}

/// Everybody comes, to a room each; the first of each room opens it and is the one who speaks there.
async fn gather(
    address: &str,
    people: usize,
    rooms: usize,
    pause: Duration,
) -> Result<(Vec<Arc<Room>>, JoinSet<Result<Person>>)> {
    let (mut opened, mut tasks) = (Vec::new(), JoinSet::new());
    for number in 0..rooms {
        let mut person = Person::come(address).await?;
        let name = person.open_room(number).await?;
        let room = Arc::new(Room::new(name));
        person.watch(&room).await?;
        tasks.spawn(person.stay(Arc::clone(&room), Some(pause)));
        opened.push(room);
    }
    let others: Vec<usize> = (rooms..people).collect();
    for some in others.chunks(AT_A_TIME) {
        let coming = some.iter().map(|number| {
            let room = &opened[number % rooms];
            async move {
                let mut person = Person::come(address).await?;
                person.watch(room).await?;
                Result::Ok((person, Arc::clone(room)))
            }
        });
        for come in futures_util::future::join_all(coming).await {
            let (person, room) = come?;
            tasks.spawn(person.stay(room, None));
        }
    }
    Ok((opened, tasks))
}

fn describe(people: usize, outcomes: &[Outcome]) -> String {
    let spread = |of: &dyn Fn(&Outcome) -> f64| Spread::of(outcomes.iter().map(of));
    let shown = |of: &dyn Fn(&Outcome) -> f64| {
        let Spread { median, least, most } = spread(of);
        format!("{median:.2} ({least:.2}–{most:.2})")
    };
    let quantile = |sorted: &[f64], share: f64| {
        let rank = ((sorted.len() as f64 * share).ceil() as usize).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    };
    let mut table = Table::new(["", "seconds (range)"]);
    for (what, of) in [
        ("`parlor upgrade` itself", &(|outcome: &Outcome| outcome.upgrade) as &dyn Fn(&Outcome) -> f64),
        ("somebody's longest wait for a message, p50", &|outcome| quantile(&outcome.gaps, 0.5)),
        ("somebody's longest wait for a message, p99", &|outcome| quantile(&outcome.gaps, 0.99)),
        ("somebody's longest wait for a message, longest", &|outcome| quantile(&outcome.gaps, 1.0)),
        ("from saying to hearing, p50", &|outcome| quantile(&outcome.delays, 0.5)),
        ("from saying to hearing, p99", &|outcome| quantile(&outcome.delays, 0.99)),
        ("from saying to hearing, longest", &|outcome| quantile(&outcome.delays, 1.0)),
    ] {
        table.row([what.to_owned(), shown(of)]);
    }
    let mut cpu = Table::new(["second after the upgrade", "the server's share of a core"]);
    let before = spread(&|outcome| outcome.cpu_before).median;
    cpu.row(["before".to_owned(), format!("{before:.2}")]);
    let seconds = outcomes.iter().map(|outcome| outcome.cpu_after.len()).min().unwrap_or(0);
    let at = |second: usize| spread(&|outcome| outcome.cpu_after[second]).median;
    (0..seconds).for_each(|second| cpu.row([(second + 1).to_string(), format!("{:.2}", at(second))]));
    let mut goals = Goals::default();
    let sum = |of: &dyn Fn(&Outcome) -> usize| Some(spread(&|outcome| of(outcome) as f64));
    goals.number("lost", Bound::AtMost(0.0), sum(&|outcome| outcome.lost));
    goals.number("doubled", Bound::AtMost(0.0), sum(&|outcome| outcome.doubled));
    let gap = |share| Some(spread(&|outcome: &Outcome| quantile(&outcome.gaps, share)));
    goals.ratio("gap in seconds, p99", Bound::AtMost(1.0), gap(0.99));
    goals.ratio("gap in seconds, longest", Bound::AtMost(5.0), gap(1.0));
    let rest = seconds
        .min(10)
        .checked_sub(1)
        .map(|second| spread(&|outcome: &Outcome| outcome.cpu_after[second] / outcome.cpu_before));
    goals.ratio("share of a core 10 s later, of that before", Bound::AtMost(1.2), rest);
    format!(
        "{} people in rooms of {IN_A_ROOM}, {RATE} messages a second, everything durable, the server on one core; {} messages \
         in each run, {} connections ended:\n\n{}\n{}\nLoad average at the end: {}.\n\n{}",
        thousands(people),
        thousands(outcomes[0].said),
        spread(&|outcome| outcome.ends as f64).median,
        table.markdown(),
        cpu.markdown(),
        machine::load_average(),
        goals.markdown()
    )
}

/// What a server says that is not as it should be.
fn odd(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}
