//! What is known of one person, as far as the asker may know it: roles, restraints, how they came; and what of somebody's
//! own is held back.

use super::View;
use super::keeping::Sample;
use crate::entry::Entry;
use crate::event::What;
use crate::failure::Failure;
use crate::id::{AddressRange, InviteId, PersonId, RoomId};
use crate::limits;
use crate::permission::{Permission, RoomPermission, permits_in_room};
use crate::place::{Position, Sequence};
use crate::refusal::Refusal;
use crate::room::Role;
use crate::state::keeping::{KnownRow, Shelf, TermRow, WithheldRow};
use crate::state::keys::number_at;
use crate::state::restraint::authority;
use crate::state::rows::RoomRow;
use crate::state::{Tables, rows, withheld};
use crate::storage::Direction;
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// Something that holds for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Until when; until it is lifted without.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

impl From<TermRow> for Term {
    fn from(row: TermRow) -> Self {
        Term { until: row.until, reason: row.reason }
    }
}

impl Term {
    /// Whether it is not over at this time.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// One person, as the asker may know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Who, and what on the server.
    pub person: super::Person,
    /// What they are in the room that was asked about.
    pub role: Option<Role>,
    /// Whether and how long they may say nothing anywhere; for themselves and for who may mute them.
    pub muted: Option<Term>,
    /// The same in the room that was asked about.
    pub muted_here: Option<Term>,
    /// Whether and how long they are shut out; for who may shut them out.
    pub banned: Option<Term>,
    /// The invitation that they came by; for who may revoke it.
    pub came_by: Option<InviteId>,
    /// The address ranges that they came from, narrowest first, as long as that is kept; for who may shut them out.
    pub ranges: Vec<AddressRange>,
}

/// A message that a filter holds back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its place in the log, which is also the name of what is withheld.
    pub position: Position,
    /// When it was said.
    pub at: Timestamp,
    /// The message.
    pub sample: Sample,
    /// The message whose thread it belongs to.
    pub thread: Option<Sequence>,
}

impl View<'_> {
    /// What the asker may know of somebody.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchPerson`] for whoever is gone, [`Refusal::NoSuchRoom`] for a room that the asker may not read.
    pub fn card(&self, who: PersonId, room: Option<RoomId>) -> Result<Card, Failure> {
        let person = self.person(who)?.filter(|person| person.is_here).ok_or(Refusal::NoSuchPerson)?;
        let row = self.state.person(who)?.unwrap_or_default();
        let (role, door) = (self.role()?, self.door()?);
        let may = |permission| role.permits(permission, door) || self.asker == PersonId::SERVER;
        let is_own = who == self.asker;
        let mut card = Card {
            person,
            role: None,
            muted: row.mute.filter(|_| is_own || may(Permission::Restrain)).map(Term::from),
            muted_here: None,
            banned: row.ban.filter(|_| may(Permission::Restrain)).map(Term::from),
            came_by: row.came_by.filter(|_| may(Permission::LetIn)),
            ranges: if may(Permission::Restrain) { self.came_from(who)? } else { Vec::new() },
        };
        if let Some(room) = room {
            let row = self.readable(room)?;
            card.role = self.state.role(room, who)?;
            let own = authority(self.state, room, &row, self.asker)?;
            if is_own || permits_in_room(own, RoomPermission::Restrain) {
                card.muted_here = self.mute_in(room, &row, who)?;
            }
        }
        Ok(card)
    }

    /// Whether and how long the asker may say nothing anywhere.
    pub fn muted(&self) -> Result<Option<Term>, Trouble> {
        Ok(self.state.person(self.asker)?.and_then(|row| row.mute).map(Term::from))
    }

    /// Whether and how long somebody may say nothing in a room, because of the room.
    pub(super) fn mute_in(
        &self,
        room: RoomId,
        row: &RoomRow,
        person: PersonId,
    ) -> Result<Option<Term>, Trouble> {
        if row.mutes == 0 {
            return Ok(None);
        }
        Ok(self.state.row::<TermRow>(&Shelf::RoomMute.numbers(room.0, person.0))?.map(Term::from))
    }

    /// What filters hold back, newest first: the asker's own; for who may let it through, everybody's in rooms that they
    /// may read. Of the newest [`limits::PAGE`] things that were undone or held back.
    pub fn held(&self) -> Result<Vec<Held>, Failure> {
        let is_keeper = self.role()?.permits(Permission::Undo, self.door()?);
        let range = Shelf::Withheld.range();
        let mut all = Vec::new();
        for (key, row) in rows::<WithheldRow>(self.state, &range, Direction::Backwards, limits::PAGE)? {
            let is_own = row.people == [self.asker];
            if row.by.is_some() || !(is_own || is_keeper) {
                continue;
            }
            let position = Position(number_at(&key, crate::state::keeping::FIRST));
            for (message, found) in withheld::rows_of(self.state, position)? {
                if is_own || self.may_read(message.room)? {
                    let (by, thread, text) = (found.by, found.thread, self.state.text_of(&found)?);
                    all.push(Held { position, at: row.at, sample: Sample { message, by, text }, thread });
                }
            }
        }
        Ok(all)
    }

    fn came_from(&self, person: PersonId) -> Result<Vec<AddressRange>, Trouble> {
        let Some(known) = self.state.row::<KnownRow>(&Shelf::Known.number(person.0))? else {
            return Ok(Vec::new());
        };
        let Some(octets) = self.state.entry(known.position.0)? else { return Ok(Vec::new()) };
        Ok(match Entry::from_octets(&octets).map_err(Trouble::from)?.event.map(|event| event.what) {
            Some(What::Arrived { ranges, .. }) => ranges,
            _ => Vec::new(),
        })
    }
}
