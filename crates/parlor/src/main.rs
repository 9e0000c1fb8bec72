//! `parlor`: a chat server in one command.

mod assets;
mod command_line;
mod config;
mod data;
mod lobby;
mod nickname;
mod protocol;
#[cfg(test)]
mod scratch;
mod serve;
mod service_manager;
mod session;
mod web;

use std::io::{self, Write};
use std::process::ExitCode;

use command_line::{Command, CommandLineError};
use config::Environment;

/// What a command ends with that was called in a way that cannot be.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    // Whatever is written is for this user alone: databases and their companions hold what people say.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let command = match command_line::parse(std::env::args_os(), &Environment::of_process()) {
        Ok(command) => command,
        Err(CommandLineError::Usage(error)) => error.exit(),
        Err(error) => {
            eprintln!("parlor: {error}");
            return ExitCode::from(USAGE);
        }
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    match command {
        Command::Serve(config) => serve::run(&config)?,
        Command::Print(text) => print(&text)?,
    }
    Ok(())
}

/// Writes to standard output, as far as whoever reads it wants to read.
fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
