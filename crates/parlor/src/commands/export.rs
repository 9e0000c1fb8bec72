//! `parlor log export`: the log as JSON Lines. The first line says where it begins, the last one where it ends.

use std::io::{BufWriter, Write};
use std::path::Path;

use parlor_chat::log::LogReader;
use parlor_chat::{Position, Trouble};
use serde::{Deserialize, Serialize};

use super::{CommandError, PIECE, fill, look, open};
use crate::data::Layout;

/// The version of the form.
pub(super) const VERSION: u32 = 1;

/// What the last line begins with, and no entry does.
pub(super) const END: &str = "{\"end\":";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Begin {
    /// The version of the form.
    pub(super) parlor_log: u32,
    /// The place up to which entries are forgotten; 0 for a whole log.
    pub(super) after: Position,
}

/// The last line: whether all of it is there, and whether it was understood, can be told from it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct End {
    /// The place of the last entry.
    pub(super) end: Position,
    /// The hash of the state that follows from the log.
    pub(super) state: String,
}

/// Writes the log of one moment to a new file, or to the output if there is no file. Returns the place up to which
/// entries are forgotten.
pub(super) fn export(
    layout: &Layout,
    file: Option<&Path>,
    output: &mut dyn Write,
) -> Result<Position, CommandError> {
    let mut reader = open(layout)?;
    let mut export = |output: &mut dyn Write, failed: &dyn Fn(std::io::Error) -> CommandError| {
        look(&mut reader, layout, |log| write(log, layout, output, failed))
    };
    match file {
        Some(path) => {
            let failed = |error| CommandError::File(path.to_owned(), error);
            fill(path, |file| export(&mut BufWriter::new(file), &failed))
        }
        None => export(output, &CommandError::Output),
    }
}

fn write(
    log: &LogReader<'_>,
    layout: &Layout,
    output: &mut dyn Write,
    failed: &dyn Fn(std::io::Error) -> CommandError,
) -> Result<Position, CommandError> {
    let stored = |trouble| CommandError::Stored(layout.chat_file(), trouble);
    let forgotten = log.forgotten().map_err(stored)?;
    line(&Begin { parlor_log: VERSION, after: forgotten }, output, failed)?;
    let mut after = forgotten;
    loop {
        let entries = log.entries(after, PIECE).map_err(stored)?;
        let Some(last) = entries.last() else { break };
        after = last.position;
        entries.iter().try_for_each(|entry| line(entry, output, failed))?;
    }
    let end = || Ok::<_, Trouble>(End { end: log.last()?, state: log.state_hash()?.to_string() });
    line(&end().map_err(stored)?, output, failed)?;
    output.flush().map_err(failed)?;
    Ok(forgotten)
}

fn line(
    value: &impl Serialize,
    output: &mut dyn Write,
    failed: &dyn Fn(std::io::Error) -> CommandError,
) -> Result<(), CommandError> {
    serde_json::to_writer(&mut *output, value).map_err(|error| failed(error.into()))?;
    output.write_all(b"\n").map_err(failed)
}
