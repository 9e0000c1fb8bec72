//! `parlor`: a chat server in one command.

mod assets;
mod data;
mod lobby;
mod nickname;
mod options;
mod protocol;
#[cfg(test)]
mod scratch;
mod serve;
mod session;
mod web;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // Whatever is written is for this user alone: databases and their companions hold what people say.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let options = options::Options::parse().serve();
    match serve::run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::FAILURE
        }
    }
}
