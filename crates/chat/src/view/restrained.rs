//! Who is held back or shut out, as a list for whoever keeps the peace.

use super::View;
use crate::failure::Failure;
use crate::id::{AddressRange, PersonId, RoomId};
use crate::permission::Permission;
use crate::state::keeping::{self, SECOND, Shelf, TermRow};
use crate::state::rows::NumberRow;
use crate::state::{Tables, keys, rows};
use crate::storage::Direction;
use crate::time::Timestamp;

/// Somebody, or a range of addresses, that is shut out or held back, or muted in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banned {
    /// Who.
    pub person: Option<PersonId>,
    /// Or from where.
    pub range: Option<AddressRange>,
    /// In which room alone.
    pub room: Option<RoomId>,
    /// Whether they may read and not write.
    pub muted: bool,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// Through whom.
    pub by: PersonId,
    /// Since when.
    pub at: Timestamp,
}

impl View<'_> {
    /// Who is banned or muted, everywhere or in a room that the asker may read, and from where nobody new is let in, as
    /// long as it lasts.
    pub fn restrained(&self, now: Timestamp) -> Result<Vec<Banned>, Failure> {
        self.require(Permission::Restrain)?;
        let of = |person, range, muted, row: TermRow| Banned {
            person,
            range,
            room: None,
            muted,
            until: row.until,
            reason: row.reason,
            by: row.by,
            at: row.at,
        };
        let mut found = Vec::new();
        for (shelf, muted) in [(Shelf::Ban, false), (Shelf::Mute, true)] {
            for (number, _) in self.shelf::<NumberRow>(shelf)? {
                let person = self.state.person(PersonId(number))?.unwrap_or_default();
                let term = if muted { person.mute } else { person.ban };
                found.extend(term.map(|row| of(Some(PersonId(number)), None, muted, row)));
            }
        }
        for (key, row) in
            rows::<TermRow>(self.state, &Shelf::RoomMute.range(), Direction::Forwards, usize::MAX)?
        {
            let room = RoomId(keys::number_at(&key, keeping::FIRST));
            if self.may_read(room)? {
                let person = PersonId(keys::number_at(&key, SECOND));
                found.push(Banned { room: Some(room), ..of(Some(person), None, true, row) });
            }
        }
        for (number, row) in self.shelf::<TermRow>(Shelf::RangeBan)? {
            found.push(of(None, Some(AddressRange(number)), false, row));
        }
        found.retain(|one| one.until.is_none_or(|until| now < until));
        Ok(found)
    }
}
