//! What the log says about files: messages that name them, and messages that are there no longer.

use std::collections::BTreeSet;

use parlor_chat::{Event, Order, PersonId, Place, Position, Sequence, What};

use super::error::FilesError;
use super::id::FileId;
use super::known::Ledger;
use super::links::named;

/// Something that happened to files.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A message names these files, and no others.
    Names { by: PersonId, message: Place, files: BTreeSet<FileId>, is_new: bool },
    /// Messages are erased.
    Erased(Vec<Place>),
    /// Somebody is erased.
    OwnerErased(PersonId),
}

impl Change {
    /// What an event says about files; most of them say nothing.
    ///
    /// What is undone or held back keeps its files until it is erased, so that it can be brought back whole.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let in_room = |sequence: Sequence| event.place.map(|place| Place { room: place.room, sequence });
        match &event.what {
            What::Posted { text, .. } | What::Withheld { text, .. } => {
                let files = named(text);
                let is_about_files = !files.is_empty();
                let names = |message| Change::Names { by: event.by, message, files, is_new: true };
                event.place.filter(|_| is_about_files).map(names)
            }
            What::Edited { message, text, .. } => {
                let message = in_room(*message)?;
                Some(Change::Names { by: event.by, message, files: named(text), is_new: false })
            }
            What::Deleted { message, .. } => Some(Change::Erased(vec![in_room(*message)?])),
            What::Expired { messages } => {
                Some(Change::Erased(messages.iter().filter_map(|message| in_room(*message)).collect()))
            }
            What::Ordered { order: Order::Purge { messages, .. } } => Some(Change::Erased(messages.clone())),
            What::PersonErased => Some(Change::OwnerErased(event.by)),
            _ => None,
        }
    }

    /// What a text says that names files: all that erasing it would take from the log.
    pub(super) fn of_text(event: &Event) -> Option<Self> {
        Change::of(event).filter(|change| matches!(change, Change::Names { files, .. } if !files.is_empty()))
    }

    /// Whether it names files of which nothing is known.
    pub(super) fn names_unknown(&self, ledger: &Ledger) -> Result<bool, FilesError> {
        let Change::Names { files, .. } = self else { return Ok(false) };
        for id in files {
            if ledger.find(*id)?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes it down, and returns whether it was about files that are here.
    pub(super) fn apply(&self, ledger: &Ledger) -> Result<bool, FilesError> {
        match self {
            Change::Names { by, message, files, is_new } => {
                let before = if *is_new { BTreeSet::new() } else { ledger.claimed_by(*message)? };
                let mut is_about_files = false;
                for id in files.difference(&before) {
                    // Nobody claims another's file, or one of another room.
                    let found = ledger.find(*id)?;
                    if found.is_some_and(|about| about.owner == *by && about.room == message.room) {
                        ledger.claim(*message, *id)?;
                        is_about_files = true;
                    }
                }
                for id in before.difference(files) {
                    ledger.disclaim(*message, *id)?;
                    is_about_files = true;
                }
                Ok(is_about_files)
            }
            Change::Erased(messages) => {
                let mut is_about_files = false;
                for message in messages {
                    for id in ledger.claimed_by(*message)? {
                        ledger.disclaim(*message, id)?;
                        is_about_files = true;
                    }
                }
                Ok(is_about_files)
            }
            Change::OwnerErased(owner) => {
                let files = ledger.of(*owner)?;
                files.iter().try_for_each(|(id, _)| ledger.leave(*id))?;
                Ok(!files.is_empty())
            }
        }
    }
}

/// Notes down what a part of the log says. The place up to which the log is known is written with it, or if it has moved
/// far; until then, the same part may be read again, which changes nothing.
pub(super) fn follow(
    ledger: &Ledger,
    changes: &[(Position, Change)],
    up_to: Position,
    written: Position,
) -> Result<Position, FilesError> {
    /// Entries of the log that may be read again after a crash.
    const READ_AGAIN: u64 = 10_000;
    ledger.atomically(|ledger| {
        let mut is_about_files = false;
        for (_, change) in changes {
            is_about_files |= change.apply(ledger)?;
        }
        if is_about_files || up_to.0 >= written.0 + READ_AGAIN {
            ledger.set_position(up_to)?;
            return Ok(up_to);
        }
        Ok(written)
    })
}
