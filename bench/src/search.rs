//! Full-text search of `parlor-chat`: how long a keystroke takes while messages arrive, and how large the index is.

mod corpus;
mod server;
mod typing;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parlor_chat::search::{Clock, Indexer, Options, Query, Request, Search};
use parlor_chat::{Position, Timestamp};

use crate::rounds::{cpu_time, process_time};
use corpus::{Corpus, NOW, Random};
use server::{Log, Messages, Stream};
use typing::{KINDS, Names, Session};

/// Messages that arrive every second while people type.
const RATE: u64 = 200;
/// Messages that are stored before the index is begun, in one transaction each.
const STORED_AT_ONCE: u64 = 20_000;
/// Keystrokes that are measured.
const KEYSTROKES: usize = 5_000;
/// Keystrokes before that, which fill caches.
const FIRST_KEYSTROKES: usize = 300;
/// A keystroke takes at most this long, 99 times in 100.
const GOAL: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(3_600);
const MIB: f64 = (1 << 20) as f64;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// `search [--full] [--folder FOLDER]`
pub fn run(mut options: &[&str]) -> ExitCode {
    let mut sizes = vec![(1_000_000, false), (1_000_000, true)];
    let mut folder = std::env::temp_dir();
    while let Some((first, rest)) = options.split_first() {
        options = rest;
        match (*first, rest) {
            ("--full", _) => sizes.extend([(10_000_000, false)]),
            ("--messages", [count, rest @ ..]) if count.parse::<u64>().is_ok_and(|count| count > 0) => {
                let count = count.parse().expect("it was parsed");
                sizes = vec![(count, false), (count, true)];
                options = rest;
            }
            ("--folder", [path, rest @ ..]) => {
                folder = PathBuf::from(path);
                options = rest;
            }
            _ => return crate::usage(),
        }
    }
    let folder = folder.join(format!("parlor-bench-search-{}", std::process::id()));
    let mut is_met = true;
    for (messages, parts) in sizes {
        match measure(&folder, messages, parts) {
            Ok(met) => is_met &= met,
            Err(error) => {
                eprintln!("search: {error}");
                is_met = false;
            }
        }
        // What is left over is no reason to fail.
        let _ = fs::remove_dir_all(&folder);
    }
    if is_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures one index, prints, and says whether the goals were met.
fn measure(folder: &Path, messages: u64, parts: bool) -> Result<bool> {
    fs::create_dir_all(folder)?;
    println!("\n{messages} messages, {}", if parts { "words and parts of words" } else { "words" });
    let corpus = Arc::new(Corpus::new(messages));
    let mut stream = Stream::new(Arc::clone(&corpus));
    let mut store = Messages::open(&folder.join("messages.db"))?;
    let mut octets = 0;
    for _ in 0..messages.div_ceil(STORED_AT_ONCE) {
        octets += store.store(&mut stream, STORED_AT_ONCE)?;
    }
    let stored = messages.div_ceil(STORED_AT_ONCE) * STORED_AT_ONCE;

    let durable = Arc::new(AtomicU64::new(stored));
    let log = Log { stream: Stream::new(Arc::clone(&corpus)), durable: Arc::clone(&durable) };
    let index = folder.join("search.db");
    let (start, cpu) = (Instant::now(), process_time());
    let options = Options { parts_of_words: parts, ..Options::new(&index) };
    let (indexer, search) = Indexer::start(options, log)?;
    if !indexer.wait_for(Position(stored), LONG) {
        return Err(format!("the index does not come along: {:?}", indexer.trouble()).into());
    }
    let readable = start.elapsed();
    indexer.wait_for_rest(LONG);
    let (built, cpu) = (start.elapsed(), process_time() - cpu);
    println!(
        "  all found after {:.1} s, all merged after {:.1} s; {:.0} messages a CPU second",
        readable.as_secs_f64(),
        built.as_secs_f64(),
        stored as f64 / cpu.as_secs_f64()
    );
    let size_met = report_size(&index, octets, parts)?;

    let ended = Arc::new(AtomicBool::new(false));
    let (times, lag) = std::thread::scope(|scope| {
        let arrival = scope.spawn(|| arrive(store, stream, &durable, &indexer, &ended));
        let times = type_queries(&corpus, stored, &search, &folder.join("messages.db"));
        ended.store(true, Ordering::Relaxed);
        (times, arrival.join().expect("messages arrive"))
    });
    let speed_met = report_times(times?);
    report("can be found after", lag?);
    report_size(&index, octets, parts)?;
    Ok(size_met && speed_met)
}

/// Lets messages arrive; returns how long some of them took until they could be found.
fn arrive(
    mut store: Messages,
    mut stream: Stream,
    durable: &AtomicU64,
    indexer: &Indexer,
    ended: &AtomicBool,
) -> Result<Vec<Duration>> {
    let start = Instant::now();
    let mut lag = Vec::new();
    let mut waiting: Option<(u64, Instant)> = None;
    for count in 1.. {
        store.store(&mut stream, 1)?;
        let position = durable.fetch_add(1, Ordering::Release) + 1;
        indexer.wake();
        match waiting {
            Some((awaited, since)) if indexer.position().0 >= awaited => {
                lag.push(since.elapsed());
                waiting = None;
            }
            None => waiting = Some((position, Instant::now())),
            Some(_) => {}
        }
        if ended.load(Ordering::Relaxed) {
            break;
        }
        let due = start + Duration::from_secs(1) * count / RATE as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(lag)
}

/// Types until enough keystrokes are measured; returns the times for each kind of query.
fn type_queries(corpus: &Corpus, messages: u64, search: &Search, texts: &Path) -> Result<Vec<Vec<Stroke>>> {
    let texts = Messages::open(texts)?;
    let mut random = Random(7);
    let clock = Clock { now: Timestamp(NOW), ahead: 0 };
    let mut times = vec![Vec::new(); KINDS.len()];
    let (mut strokes, mut hits, mut unfinished) = (0, 0, 0);
    while strokes < FIRST_KEYSTROKES + KEYSTROKES {
        let session = Session::new(corpus, messages, &mut random);
        let ends = session.typed.char_indices().map(|(at, letter)| at + letter.len_utf8());
        for end in ends {
            let (start, cpu) = (Instant::now(), cpu_time());
            // A filter that is not finished is refused; people see a hint.
            let Ok(query) = Query::parse(&session.typed[..end], &Names, &clock) else { continue };
            let readable = &session.readable;
            let request = Request { query: &query, readable, now: clock.now, limit: 20, cursor: None };
            let page = search.find(request, &texts)?;
            let time = Stroke { clock: start.elapsed(), cpu: cpu_time() - cpu };
            strokes += 1;
            if strokes > FIRST_KEYSTROKES {
                times[session.kind].push(time);
                hits += page.hits.len();
                unfinished += usize::from(page.hits.len() < 20 && page.next.is_some());
            }
        }
    }
    println!("  {hits} hits; {unfinished} of {KEYSTROKES} pages spent their budget before they were full");
    Ok(times)
}

/// What a keystroke took.
#[derive(Clone, Copy)]
struct Stroke {
    clock: Duration,
    /// The time that its thread ran.
    cpu: Duration,
}

fn report_times(times: Vec<Vec<Stroke>>) -> bool {
    for (kind, strokes) in KINDS.iter().zip(&times) {
        report(&format!("{kind}, clock"), strokes.iter().map(|stroke| stroke.clock).collect());
        report(&format!("{kind}, CPU"), strokes.iter().map(|stroke| stroke.cpu).collect());
    }
    let all = || times.iter().flatten();
    let p99 = report("all keystrokes, clock", all().map(|stroke| stroke.clock).collect());
    let cpu = report("all keystrokes, CPU", all().map(|stroke| stroke.cpu).collect());
    println!(
        "  goal: p99 of {GOAL:?}: {} by the clock, {} by CPU time",
        verdict(p99 <= GOAL),
        verdict(cpu <= GOAL)
    );
    p99 <= GOAL
}

/// Prints a line; returns the 99th percentile.
fn report(name: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let at = |share: f64| {
        let last = times.len().saturating_sub(1) as f64;
        times.get((last * share) as usize).copied().unwrap_or_default()
    };
    let shown = |time: Duration| format!("{:9.2} ms", time.as_secs_f64() * 1e3);
    println!("  {name:26} p50 {} p99 {} max {}", shown(at(0.5)), shown(at(0.99)), shown(at(1.0)));
    at(0.99)
}

fn report_size(index: &Path, text: u64, parts: bool) -> Result<bool> {
    let file = fs::metadata(index)?.len() as f64;
    let connection = rusqlite::Connection::open(index)?;
    let ask =
        |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    let free = ask("freelist_count")? as f64 / ask("page_count")? as f64;
    let share = file / text as f64;
    let goal = if parts { 2.5 } else { 1.0 };
    let met = share <= goal;
    println!(
        "  text {:.1} MiB, index {:.1} MiB ({:.0} % of it free): {share:.2} of the text; goal: {goal}: {}",
        text as f64 / MIB,
        file / MIB,
        free * 100.0,
        verdict(met)
    );
    Ok(met)
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
