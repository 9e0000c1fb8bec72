//! How fast the driver and the hub are beside their peers, and how many instructions a message takes. See README.md.

mod cluster;
mod counts;
mod driver;
mod durable;
mod heap;
mod library;
mod load;
mod memory;
mod open;
mod report;
mod rounds;
mod run;
mod sample;
mod search;
mod server;
mod sink;
mod wire;

use std::process::ExitCode;

use server::document;

#[global_allocator]
static ALLOCATOR: heap::Counting = heap::Counting;

const USAGE: &str = "\
usage: bench driver [--quick] [--json FILE] [--write]   compare with the peers
       bench counts [--check | --write]       count instructions under callgrind
       bench count ROW MESSAGES               what `counts` runs under callgrind
       bench search [--full | --messages N] [--folder FOLDER]   type queries while messages arrive
       bench durable [--quick] [--rounds N] [--folder FOLDER]   durable messages beside bare SQLite
       bench cluster [--quick] [--rounds N] [--write]   nodes on three NATS servers beside bare publishing
       bench join [--quick] [--rounds N] [--write]   a new node on a stream of 1,000,000 messages
       bench open [--quick] [--folder FOLDER]   open a long room, and catch up with it
       bench fanout|idle|accept|echo|slow|chat|upgrade [OPTIONS]   compare servers, each in a process of its own";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Some(code) = server::run(&arguments) {
        return code;
    }
    // Some peers keep timers, which want a runtime near by.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _inside = runtime.enter();
    match arguments[..] {
        ["driver", ref options @ ..] => compare(options),
        ["counts"] => counts::print(),
        ["counts", "--check"] => counts::check(),
        ["counts", "--write"] => counts::write(),
        ["count", row, messages] => counts::count(row, messages),
        ["search", ref options @ ..] => search::run(options),
        ["durable", ref options @ ..] => durable::run(options),
        ["cluster", ref options @ ..] => cluster::run(options),
        ["join", ref options @ ..] => cluster::join::run(options),
        ["open", ref options @ ..] => open::run(options),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}\n{}", server::USAGE);
    ExitCode::from(2)
}

fn compare(mut options: &[&str]) -> ExitCode {
    let (mut quick, mut json, mut write) = (false, None, false);
    while let Some((first, rest)) = options.split_first() {
        options = rest;
        match (*first, rest) {
            ("--quick", _) => quick = true,
            ("--write", _) => write = true,
            ("--json", [file, rest @ ..]) => {
                json = Some(*file);
                options = rest;
            }
            _ => return usage(),
        }
    }
    let report = driver::compare(quick);
    report.close();
    if let Some(file) = json
        && let Err(error) = std::fs::write(file, report.json())
    {
        eprintln!("{file}: {error}");
        return ExitCode::FAILURE;
    }
    if write && let Err(error) = document::write("driver", &report.markdown()) {
        eprintln!("nothing was written: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
