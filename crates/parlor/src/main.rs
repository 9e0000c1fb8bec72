//! `parlor`: a chat server in one command.

mod account;
mod assets;
mod authorities;
mod check;
mod cluster;
mod command_line;
mod commands;
mod config;
mod content;
mod control;
mod counters;
mod data;
mod date;
mod exposition;
mod feed;
mod files;
mod gate;
mod gzip;
mod handover;
mod identity;
#[cfg(test)]
mod joined;
mod log;
mod nickname;
mod pages;
mod providers;
mod publisher;
mod rate;
mod rates;
mod readers;
mod reset;
mod routes;
#[cfg(test)]
mod scratch;
mod serve;
mod service_manager;
mod session;
#[cfg(test)]
mod slim;
mod space;
mod spending;
mod web;
mod wire;

use std::io::{self, Write};
use std::process::ExitCode;

use command_line::{Command, CommandLineError};
use commands::CommandError;
use config::Environment;

/// What a command ends with that was called in a way that cannot be.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    // Whatever is written is for this user alone: databases and their companions hold what people say.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let command = match command_line::parse(std::env::args_os(), &Environment::of_process()) {
        Ok(command) => command,
        Err(CommandLineError::Usage(error)) => {
            handover::tell_failure(&error.to_string());
            error.exit()
        }
        Err(error) => {
            fail(&error);
            return ExitCode::from(USAGE);
        }
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            fail(&*error);
            ExitCode::FAILURE
        }
    }
}

fn fail(error: &dyn std::error::Error) {
    eprintln!("parlor: {error}");
    handover::tell_failure(&error.to_string());
}

fn run(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        Command::Check(options) => Ok(check::run(&options)?),
        Command::Serve(config) => Ok(serve::run(&config)?),
        Command::Print(text) => {
            to_output(|output| output.write_all(text.as_bytes()).map_err(CommandError::Output))
        }
        Command::Data(task) => to_output(|output| commands::run(&task, output)),
    }
}

/// Runs what writes to standard output, as far as whoever reads it wants to read.
fn to_output(
    run: impl FnOnce(&mut dyn Write) -> Result<(), CommandError>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut output = io::BufWriter::new(io::stdout().lock());
    match run(&mut output).and_then(|()| output.flush().map_err(CommandError::Output)) {
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}
