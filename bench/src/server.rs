//! Servers beside each other: ours over every backend, the peers, and the floors that show what is possible.

mod accept;
mod attention;
mod chart;
mod chat;
mod crowd;
pub mod document;
mod echo;
mod echoes;
mod fanout;
mod floor;
mod frames;
pub mod goals;
mod handshake;
pub mod histogram;
mod idle;
pub mod machine;
mod measure;
mod options;
pub mod parlor;
mod peer;
mod peers;
mod process;
mod publications;
mod serve;
mod slow;
pub mod table;
mod turns;
mod upgrade;

use std::process::ExitCode;

pub use options::USAGE;

use document::Report;
use options::Options;

type Command = fn(&Options) -> Report;

/// The commands by name.
const COMMANDS: [(&str, Command); 7] = [
    ("fanout", fanout::run),
    ("idle", idle::run),
    ("accept", accept::run),
    ("echo", echo::run),
    ("slow", slow::run),
    ("chat", chat::run),
    ("upgrade", upgrade::run),
];

/// Runs what the arguments ask for, if it is one of the commands here.
pub fn run(arguments: &[&str]) -> Option<ExitCode> {
    let (name, rest) = arguments.split_first()?;
    if let ("serve-peer", [peer, job, core]) = (*name, rest) {
        return Some(serve::run(
            peer::Peer::from_name(peer)?,
            peer::Job::from_name(job)?,
            core.parse().ok()?,
        ));
    }
    let (_, command) = COMMANDS.iter().find(|(command, _)| command == name)?;
    let options = Options::parse(rest)?;
    machine::pin(machine::cores().load);
    machine::raise_descriptor_limit();
    println!("{}; load average {}\n", machine::description(), machine::load_average());
    let report = command(&options);
    for failure in &report.failures {
        eprintln!("failed: {failure}");
    }
    if options.write
        && let Err(error) = report.write()
    {
        eprintln!("nothing was written: {error}");
        return Some(ExitCode::FAILURE);
    }
    Some(if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
