//! `parlor log verify`: is everything there and in order, and does the state follow from the log?

use std::io::Write;
use std::path::PathBuf;

use parlor_chat::log::{Checked, check};
use parlor_chat::storage::{Options, Sqlite, Storage, Writes};

use super::{CommandError, look, open};
use crate::data::{Layout, remove_database};

/// Checks file, log and state, and writes what was found.
pub(super) fn verify(layout: &Layout, output: &mut dyn Write) -> Result<(), CommandError> {
    let stored = |trouble| CommandError::Stored(layout.chat_file(), trouble);
    let mut reader = open(layout)?;
    reader.verify().map_err(stored)?;
    let scratch = Scratch(layout.check_file());
    let storage = scratch.open()?;
    let found = look(&mut reader, layout, |log| check(log, storage).map_err(stored))?;
    report(&found, output).map_err(CommandError::Output)
}

fn report(found: &Checked, output: &mut dyn Write) -> std::io::Result<()> {
    let Checked { forgotten, last, rooms, state, is_replayed } = found;
    writeln!(output, "The file is in order.")?;
    if *is_replayed {
        writeln!(
            output,
            "The entries 1 to {last} are all there, and the events of {rooms} rooms without a gap."
        )?;
        writeln!(output, "Replaying them comes to the state that is stored: {state}")
    } else {
        writeln!(
            output,
            "The entries up to {forgotten} are forgotten. Those from there to {last} are all there,"
        )?;
        writeln!(
            output,
            "and the events of {rooms} rooms without a gap. They were not replayed, for a state"
        )?;
        writeln!(output, "follows only from a whole log. The state that is stored: {state}")
    }
}

/// A database that goes away with its value. It holds what people said, so it is beside the original.
struct Scratch(PathBuf);

impl Scratch {
    fn open(&self) -> Result<Sqlite, CommandError> {
        let open = || {
            let mut storage = Sqlite::open(&self.0, Options::default())?;
            // Something is in it if one before was killed.
            storage.commit(&Writes { anew: true, ..Writes::default() })?;
            Ok(storage)
        };
        open().map_err(|trouble| CommandError::Stored(self.0.clone(), trouble))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The next one empties what is left.
        let _ = remove_database(&self.0);
    }
}
