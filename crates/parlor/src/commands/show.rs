//! `parlor log show`: what happened, a line for each entry.

use std::io::Write;

use parlor_chat::{Position, Trouble};

use super::describe::Describe;
use super::{CommandError, PIECE, look, open};
use crate::data::Layout;

/// Writes the entries from one place to another, both included.
pub(super) fn show(
    layout: &Layout,
    from: Option<u64>,
    to: Option<u64>,
    output: &mut dyn Write,
) -> Result<(), CommandError> {
    let mut reader = open(layout)?;
    let mut after = Position(from.unwrap_or(1).saturating_sub(1));
    let to = Position(to.unwrap_or(u64::MAX));
    loop {
        // Each piece is a moment of its own, so that a long output does not hold up the server's housekeeping.
        let lines = look(&mut reader, layout, |log| {
            let lines = || -> Result<_, Trouble> {
                let mut describe = Describe::new(log);
                let entries = log.entries(after, PIECE)?;
                let wanted = entries.iter().filter(|entry| entry.position <= to);
                let lines = wanted.map(|entry| Ok((entry.position, describe.line(entry)?)));
                Ok((log.forgotten()?, lines.collect::<Result<Vec<_>, Trouble>>()?))
            };
            lines().map_err(|trouble| CommandError::Stored(layout.chat_file(), trouble))
        });
        let (forgotten, lines) = lines?;
        if forgotten > after {
            writeln!(output, "(the entries up to {forgotten} are forgotten)")
                .map_err(CommandError::Output)?;
        }
        for (_, line) in &lines {
            writeln!(output, "{line}").map_err(CommandError::Output)?;
        }
        match lines.last() {
            Some((last, _)) if *last < to => after = *last,
            _ => return Ok(()),
        }
    }
}
