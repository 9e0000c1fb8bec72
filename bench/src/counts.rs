//! Instructions a message: our own rows under callgrind, compared with `counts.txt`.
//!
//! Instructions are counted, not timed, so a busy machine does not matter, and a few per cent do.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::driver;
use crate::library::{self, Side};
use crate::load::{Kind, Load};
use crate::run::Run;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.txt");
const HEAD: &str =
    "# Instructions a message, by callgrind. `cargo run --release -- counts --write` writes this file.\n";

/// A row that takes this much more than it did has regressed; one that takes as much less should be written.
const TOLERANCE: f64 = 0.03;

/// The C library chooses its `memcpy` by the processor. This choice is there on all of them.
const TUNABLES: &str = "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,-ERMS,-FSRM:\
                        glibc.cpu.x86_non_temporal_threshold=0x10000000";

struct Row {
    name: String,
    run: fn(Load) -> Run,
    load: Load,
    messages: usize,
}

fn rows() -> Vec<Row> {
    let row = |what: &str, run, load: Load| {
        let name = format!("{what} {load}").replace([' ', ','], "-").replace("--", "-");
        Row { name, run, load, messages: ((1 << 20) / load.size).clamp(4, 4096) }
    };
    let mut rows: Vec<Row> = driver::receive_loads()
        .into_iter()
        .map(|load| row("receive", library::ours::receiver, load))
        .collect();
    for load in driver::send_loads() {
        rows.push(row("send", |load| library::ours::sender(load, Side::Server), load));
    }
    for size in [driver::SIZES[0], driver::SIZES[1]] {
        rows.push(row(
            "client-send",
            |load| library::ours::sender(load, Side::Client),
            Load::new(Kind::Ascii, size),
        ));
    }
    rows
}

/// Runs one row; callgrind counts only what [`measured`] does.
pub fn count(name: &str, messages: &str) -> ExitCode {
    let Some(row) = rows().into_iter().find(|row| row.name == name) else {
        eprintln!("there is no row '{name}'");
        return ExitCode::FAILURE;
    };
    let messages: usize = messages.parse().expect("a number of messages");
    let mut run = (row.run)(row.load);
    // Buffers grow and tables are filled before it counts.
    run(row.load.batch());
    println!("{}", measured(&mut run, messages));
    ExitCode::SUCCESS
}

#[inline(never)]
fn measured(run: &mut Run, messages: usize) -> usize {
    run(messages)
}

pub fn print() -> ExitCode {
    match collect() {
        Ok(counts) => {
            print!("{}", text(&counts));
            ExitCode::SUCCESS
        }
        Err(error) => failure(&error),
    }
}

pub fn write() -> ExitCode {
    match collect().and_then(|counts| std::fs::write(FILE, text(&counts)).map_err(|error| error.to_string()))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error),
    }
}

pub fn check() -> ExitCode {
    let compared = std::fs::read_to_string(FILE)
        .map_err(|error| format!("{FILE}: {error}"))
        .and_then(|text| parse(&text))
        .and_then(|before| Ok((before, collect()?)));
    let (mut before, now) = match compared {
        Ok(compared) => compared,
        Err(error) => return failure(&error),
    };
    let (mut worse, mut better) = (0, 0);
    for (name, now) in &now {
        let Some(before) = before.remove(name) else {
            println!("{name}: not in counts.txt");
            worse += 1;
            continue;
        };
        let change = now / before - 1.0;
        if change.abs() > TOLERANCE {
            println!("{name}: {before:.1} -> {now:.1} instructions a message ({:+.1} %)", change * 100.0);
        }
        worse += usize::from(change > TOLERANCE);
        better += usize::from(change < -TOLERANCE);
    }
    for name in before.keys() {
        println!("{name}: in counts.txt, but there is no such row");
        worse += 1;
    }
    if better > 0 {
        println!("{better} rows fell: cargo run --release -- counts --write");
    }
    if worse > 0 {
        println!("{worse} rows of {} grew or changed their name", now.len());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn failure(error: &str) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}

type Counts = BTreeMap<String, f64>;

fn text(counts: &Counts) -> String {
    let mut text = HEAD.to_owned();
    for (name, count) in counts {
        writeln!(text, "{name} {count:.1}").expect("a string takes it");
    }
    text
}

fn parse(text: &str) -> Result<Counts, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (name, count) = line.split_once(' ').ok_or_else(|| format!("counts.txt: {line}"))?;
            Ok((name.to_owned(), count.parse().map_err(|_| format!("counts.txt: {line}"))?))
        })
        .collect()
}

/// Every row, as many at a time as there are processors.
fn collect() -> Result<Counts, String> {
    let bench = std::env::current_exe().map_err(|error| error.to_string())?;
    let rows = rows();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = rows.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let shares: Vec<_> =
            rows.chunks(share)
                .map(|rows| {
                    let bench = &bench;
                    scope.spawn(move || {
                        rows.iter()
                            .map(|row| Ok((row.name.clone(), callgrind(bench, row)?)))
                            .collect::<Result<Vec<_>, String>>()
                    })
                })
                .collect();
        let mut counts = Counts::new();
        for share in shares {
            counts.extend(share.join().map_err(|_| "a thread panicked")??);
        }
        Ok(counts)
    })
}

fn callgrind(bench: &Path, row: &Row) -> Result<f64, String> {
    let out: PathBuf = std::env::temp_dir().join(format!("callgrind.{}.{}", std::process::id(), row.name));
    let output = Command::new("valgrind")
        .env("GLIBC_TUNABLES", TUNABLES)
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*counts*measured*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(bench)
        .args(["count", &row.name, &row.messages.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {said}", row.name));
    }
    let profile = std::fs::read_to_string(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    let _ = std::fs::remove_file(&out);
    let total: f64 = number(profile.lines().find_map(|line| line.strip_prefix("totals: ")), &row.name)?;
    let messages: f64 = number(Some(String::from_utf8_lossy(&output.stdout).trim()), &row.name)?;
    Ok(total / messages)
}

fn number(text: Option<&str>, row: &str) -> Result<f64, String> {
    text.and_then(|text| text.trim().parse().ok()).ok_or_else(|| format!("{row}: callgrind counted nothing"))
}
