//! `parlor log replay`: a fresh data folder from an exported log, which comes to the same state or is refused.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use parlor_chat::log::{LocalLog, Log, StateHash};
use parlor_chat::storage::{Options, Sqlite};
use parlor_chat::{Entry, Position, Trouble};
use serde::de::DeserializeOwned;

use super::CommandError;
use super::export::{Begin, END, End, VERSION};
use crate::data::FreshFolder;

/// Octets of a line. The longest there are hold a message's text, of which JSON can make six times as much.
const LONGEST_LINE: u64 = 1 << 20;
/// Octets of lines that are replayed in one step: enough that syncing the disk is the smaller part of it.
const PIECE: usize = 8 << 20;

/// Replays a file into a folder in which nothing of a server is. Returns the place of the last entry,
/// and the state that it leads to.
pub(super) fn replay(path: &Path, folder: &Path) -> Result<(Position, StateHash), CommandError> {
    let file = File::open(path).map_err(|error| CommandError::File(path.to_owned(), error))?;
    let mut lines = Lines { path, input: BufReader::new(file), number: 0 };
    let begin: Begin = lines.expect("the beginning of an exported log")?;
    if begin.parlor_log != VERSION {
        let what =
            format!("this is form {} of an exported log, and form {VERSION} is known", begin.parlor_log);
        return Err(lines.wrong(what));
    }
    if begin.after > Position(0) {
        return Err(CommandError::Beheaded(path.to_owned(), begin.after));
    }
    let folder = FreshFolder::open(folder)?;
    let unfinished = folder.unfinished_file();
    let stored = |trouble| CommandError::Stored(unfinished.clone(), trouble);
    let storage = Sqlite::open(&unfinished, Options::default()).map_err(stored)?;
    let mut log = LocalLog::open(storage).map_err(stored)?;
    let end = entries(&mut lines, &mut log, &stored)?;
    let expected: StateHash = end.state.parse().map_err(|error| lines.wrong(format!("{error}")))?;
    if log.last() != end.end {
        return Err(lines.wrong(format!("it should end at entry {}, and ends at {}", end.end, log.last())));
    }
    if log.state_hash().map_err(stored)? != expected {
        return Err(
            lines.wrong("the entries come to another state than the one that was exported".to_owned())
        );
    }
    // Closed, so that all of it is in one file.
    drop(log);
    let secret = folder.new_secret()?;
    folder.finish(secret)?;
    Ok((end.end, expected))
}

fn entries(
    lines: &mut Lines<'_>,
    log: &mut LocalLog<Sqlite>,
    stored: &dyn Fn(Trouble) -> CommandError,
) -> Result<End, CommandError> {
    let (mut piece, mut octets): (Vec<Entry>, usize) = (Vec::new(), 0);
    loop {
        let line = lines.next()?;
        let is_end = line.as_deref().is_none_or(|line| line.starts_with(END));
        if is_end || octets >= PIECE {
            log.replay(&piece).map_err(|trouble| match trouble {
                Trouble::Corrupt(what) => {
                    lines.wrong(format!("up to here something is not in order: {what}"))
                }
                trouble => stored(trouble),
            })?;
            piece.clear();
            octets = 0;
        }
        match line {
            Some(line) if is_end => return lines.parse(&line, "the end of an exported log"),
            Some(line) => {
                octets += line.len();
                piece.push(lines.parse(&line, "an entry")?);
            }
            None => return Err(lines.wrong("it is cut off: its last line is missing".to_owned())),
        }
    }
}

/// A file line by line.
struct Lines<'a> {
    path: &'a Path,
    input: BufReader<File>,
    number: usize,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<String>, CommandError> {
        let mut line = String::new();
        let failed = |error| CommandError::File(self.path.to_owned(), error);
        let length = self.input.by_ref().take(LONGEST_LINE).read_line(&mut line).map_err(failed)?;
        self.number += 1;
        if length == 0 {
            return Ok(None);
        }
        if !line.ends_with('\n') {
            return Err(self.wrong("it is cut off or too long".to_owned()));
        }
        Ok(Some(line))
    }

    fn expect<T: DeserializeOwned>(&mut self, what: &str) -> Result<T, CommandError> {
        let line = self.next()?.unwrap_or_default();
        self.parse(&line, what)
    }

    fn parse<T: DeserializeOwned>(&self, line: &str, what: &str) -> Result<T, CommandError> {
        serde_json::from_str(line).map_err(|error| self.wrong(format!("this is not {what}: {error}")))
    }

    fn wrong(&self, what: String) -> CommandError {
        CommandError::Export(self.path.to_owned(), self.number, what)
    }
}
