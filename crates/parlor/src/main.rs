//! `parlor`: a chat server in one command.

mod assets;
mod lobby;
mod nickname;
mod options;
mod protocol;
mod serve;
mod session;
mod web;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let options = options::Options::parse().serve();
    match serve::run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("parlor: {error}");
            ExitCode::FAILURE
        }
    }
}
