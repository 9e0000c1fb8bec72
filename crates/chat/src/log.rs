//! The log: one total order of proposals, each decided at its place and durable before anybody hears of it.

mod backup;
mod check;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod faulty;
mod local;
mod mark;
mod reader;
mod shared;
mod snapshot;
mod stream;
mod writer;

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::entry::Entry;
use crate::outcome::Outcome;
use crate::place::Position;
use crate::proposal::Proposal;
use crate::storage::Source;
use crate::trouble::Trouble;

pub use backup::{BackupHeader, check_backup, restore_backup, write_backup};
pub use check::{Checked, check};
pub use faulty::{Fault, Faulty};
pub use local::LocalLog;
pub use mark::Mark;
pub use reader::{LogReader, read_tail};
pub use shared::SharedLog;
pub use snapshot::write_snapshot;

/// What is called once with what became of a batch, on whichever thread knows it first. It must not block, and must
/// not call the log.
pub type Told = Box<dyn FnOnce(Result<Vec<Outcome>, Trouble>) + Send>;

/// One order of proposals, and the state that follows from it.
///
/// What every implementation promises is written down as tests in `log::contract` (feature `contract`).
pub trait Log: Send {
    /// Gives each proposal the next place, decides on it there, and makes all of it durable in one step.
    ///
    /// # Errors
    ///
    /// Nothing of the batch happened, as far as anybody can tell from the log later; or, if the answer was lost on
    /// the way, all of it. Proposals with a key can be appended again without harm.
    fn append(&mut self, batch: &[Proposal]) -> Result<Vec<Outcome>, Trouble>;

    /// Takes a batch up without waiting until it is durable: `told` hears what became of it, and those of several
    /// batches are called in the order in which the batches were taken. A later batch is decided with what the
    /// earlier ones changed; if one of those does not become durable, the later ones do not either, and hear why.
    ///
    /// Without this, a log waits here. With it, what was taken may become durable at any time, and does after
    /// [`Log::flush`].
    fn take(&mut self, batch: &[Proposal], told: Told) {
        told(self.append(batch));
    }

    /// Begins to make durable what was taken, all of it in one step, as soon as what was begun before is done.
    fn flush(&mut self) {}

    /// Waits until all that was taken is settled and told. Everything but [`Log::take`] and [`Log::flush`] comes after
    /// that by itself.
    fn settle(&mut self) {}

    /// Takes over entries that were settled elsewhere, from the place after the last.
    fn replay(&mut self, entries: &[Entry]) -> Result<(), Trouble>;

    /// The place of the last proposal; 0 before the first.
    fn last(&self) -> Position;

    /// Up to `limit` entries after a place, in order. If the first is not the next one, those between are trimmed.
    fn tail(&self, after: Position, limit: usize) -> Result<Vec<Entry>, Trouble>;

    /// Forgets the entries up to this place, except for texts that are shown still; the state stays.
    /// Replaying from the start needs a snapshot afterwards. For times of rest: the next [`Log::scrub`]
    /// writes everything anew.
    fn trim(&mut self, up_to: Position) -> Result<(), Trouble>;

    /// Makes what was erased or trimmed unreadable on the disk. `false`: not yet, because somebody still reads the
    /// moment before; try again.
    fn scrub(&mut self) -> Result<bool, Trouble>;

    /// One value for the whole state: equal exactly if the states are.
    fn state_hash(&self) -> Result<StateHash, Trouble>;

    /// Writes the state and the entries out, and returns the place in the log that they belong to.
    fn snapshot(&self, to: &mut dyn io::Write) -> Result<Position, Trouble>;

    /// Takes a snapshot's state and entries in place of its own, which must be those of an empty log. With an error,
    /// the log stays empty.
    fn restore(&mut self, from: &mut dyn io::Read) -> Result<Position, Trouble>;

    /// A way to read the state, on any thread.
    fn source(&self) -> Result<Box<dyn Source>, Trouble>;
}

/// SHA-256 of the whole state. As text: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateHash(pub [u8; 32]);

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateHash({self})")
    }
}

impl FromStr for StateHash {
    type Err = InvalidStateHash;

    fn from_str(text: &str) -> Result<Self, InvalidStateHash> {
        let mut octets = [0; 32];
        if text.len() != 2 * octets.len() || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(InvalidStateHash);
        }
        for (octet, digits) in octets.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| InvalidStateHash)?;
            *octet = u8::from_str_radix(digits, 16).map_err(|_| InvalidStateHash)?;
        }
        Ok(StateHash(octets))
    }
}

/// A text that is no hash of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidStateHash;

impl fmt::Display for InvalidStateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a state is told in 64 hexadecimal digits")
    }
}

impl std::error::Error for InvalidStateHash {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = StateHash(std::array::from_fn(|index| u8::try_from(index * 7).expect("below 256")));
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for text in ["", "00", &"0".repeat(63), &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(text.parse::<StateHash>(), Err(InvalidStateHash), "{text}");
        }
    }
}
