//! What whoever keeps the peace sees: what was ordered, what waits for them, and what people did.

use std::collections::BTreeSet;

use super::View;
use crate::entry::Entry;
use crate::event::{Event, What};
use crate::failure::Failure;
use crate::id::{AddressRange, InviteId, PersonId, RoomId};
use crate::limits;
use crate::order::{FilterAction, FilterKind, Selection};
use crate::permission::{Door, Permission, ServerRole};
use crate::place::{Place, Position};
use crate::refusal::Refusal;
use crate::state::keeping::{self, FilterRow, InviteRow, ReportRow, SECOND, Shelf, TermRow, WithheldRow};
use crate::state::keys;
use crate::state::restraint::{is_range_banned, server_role};
use crate::state::rows::NumberRow;
use crate::state::{Tables, deeds, rows, withheld};
use crate::storage::Direction;
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// Texts that a review shows.
const SAMPLES: usize = 20;

/// An act of somebody who keeps the peace.
pub type Audited = Event;

/// An invitation. Its secret is not in it: whoever made it was told it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Which.
    pub id: InviteId,
    /// Until when it can be used.
    pub until: Option<Timestamp>,
    /// How many people can use it; 0 for any number.
    pub uses: u64,
    /// How many have.
    pub used: u64,
    /// Which rooms it opens, of those that the asker may read.
    pub rooms: Vec<RoomId>,
    /// What it makes of who uses it.
    pub role: ServerRole,
    /// Who made it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Whether it can be used no longer.
    pub revoked: bool,
    /// Whether all who came by it are shut out.
    pub banned: bool,
}

/// A report that waits for a moderator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its place in the log, which is also its name.
    pub position: Position,
    /// What it is about.
    pub message: Place,
    /// Whose report it is.
    pub by: PersonId,
    /// When it was made.
    pub at: Timestamp,
    /// What is wrong.
    pub note: String,
}

/// A filter in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// What it looks for.
    pub kind: FilterKind,
    /// The words or the host.
    pub pattern: String,
    /// What it does.
    pub action: FilterAction,
}

/// Somebody who asks to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Who.
    pub person: PersonId,
    /// Since when.
    pub at: Timestamp,
    /// What they say.
    pub note: String,
}

/// What was undone or held back and can be brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Its place in the log, which is also its name.
    pub position: Position,
    /// Since when.
    pub at: Timestamp,
    /// Who undid it; nobody if a filter held it back.
    pub by: Option<PersonId>,
    /// Whose deeds they are.
    pub people: Vec<PersonId>,
    /// How many messages.
    pub messages: usize,
    /// Some of them.
    pub samples: Vec<Sample>,
}

/// One message of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Where.
    pub message: Place,
    /// Whose.
    pub by: PersonId,
    /// What it says.
    pub text: String,
}

/// What an order to undo would undo.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// Whose deeds.
    pub people: Vec<PersonId>,
    /// How many of them arrived since.
    pub arrived: usize,
    /// How many messages would not be shown any longer.
    pub messages: usize,
    /// How many reactions, edits, pins, names, topics and memberships would be taken back.
    pub events: usize,
    /// How many rooms would be gone.
    pub rooms_opened: usize,
    /// In how many others something would change.
    pub rooms: usize,
    /// Some of the messages.
    pub samples: Vec<Sample>,
}

impl View<'_> {
    /// What the asker is on the server.
    pub fn role(&self) -> Result<ServerRole, Trouble> {
        server_role(self.state, self.asker)
    }

    /// Who is let in.
    pub fn door(&self) -> Result<Door, Trouble> {
        Ok(self.state.server()?.door.unwrap_or_default())
    }

    /// Whether somebody said who is let in.
    pub fn is_door_set(&self) -> Result<bool, Trouble> {
        Ok(self.state.server()?.door.is_some())
    }

    /// The ranges from which nobody new is let in, and until when.
    pub fn banned_ranges(&self) -> Result<Vec<(AddressRange, Option<Timestamp>)>, Trouble> {
        let found = self.shelf::<TermRow>(Shelf::RangeBan)?;
        Ok(found.into_iter().map(|(number, row)| (AddressRange(number), row.until)).collect())
    }

    /// Whether the server has an owner.
    pub fn has_owner(&self) -> Result<bool, Trouble> {
        Ok(self.state.server()?.owners > 0)
    }

    /// Whether nobody new is let in from one of these ranges at this time, nor a guest who is here.
    pub fn is_range_banned(&self, ranges: &[AddressRange], now: Timestamp) -> Result<bool, Trouble> {
        is_range_banned(self.state, ranges, now)
    }

    /// The rooms that the invitation which somebody came by opens.
    pub fn rooms_of_invite(&self, person: PersonId) -> Result<Vec<RoomId>, Trouble> {
        let Some(invite) = self.state.person(person)?.and_then(|row| row.came_by) else {
            return Ok(Vec::new());
        };
        let row = self.state.row::<InviteRow>(&keeping::invite(invite))?.unwrap_or_default();
        Ok(if row.revoked { Vec::new() } else { row.rooms })
    }

    /// Whoever keeps the peace: the moderators and owners of the server.
    pub fn keepers(&self) -> Result<Vec<PersonId>, Trouble> {
        let found = self.shelf::<NumberRow>(Shelf::Keeper)?;
        Ok(found.into_iter().map(|(number, _)| PersonId(number)).collect())
    }

    pub(super) fn require(&self, permission: Permission) -> Result<(), Failure> {
        let may = self.role()?.permits(permission, self.door()?);
        if may { Ok(()) } else { Err(Refusal::NotAllowed.into()) }
    }

    /// The rows of a shelf with the first number of their keys.
    pub(super) fn shelf<T: crate::codec::Record>(&self, shelf: Shelf) -> Result<Vec<(u64, T)>, Trouble> {
        let found = rows::<T>(self.state, &shelf.range(), Direction::Forwards, usize::MAX)?;
        Ok(found.into_iter().map(|(key, row)| (keys::number_at(&key, keeping::FIRST), row)).collect())
    }

    /// What was ordered before a place of the log, newest first, as far as the asker may read the room that it is about.
    ///
    /// Up to `limit` acts are looked at; the place to go on from comes with them, if there are more.
    pub fn audit(&self, before: Position, limit: usize) -> Result<(Vec<Audited>, Option<Position>), Failure> {
        self.require(Permission::Review)?;
        let mut range = Shelf::Audit.range();
        range.end = Shelf::Audit.number(before.0).to_vec();
        let limit = limit.clamp(1, limits::PAGE);
        let found = rows::<NumberRow>(self.state, &range, Direction::Backwards, limit + 1)?;
        let has_more = found.len() > limit;
        let (mut acts, mut last) = (Vec::new(), before);
        for (key, _) in found.iter().take(limit) {
            last = Position(keys::number_at(key, keeping::FIRST));
            let Some(octets) = self.state.entry(last.0)? else { continue };
            let Some(event) = Entry::from_octets(&octets).map_err(Trouble::from)?.event else { continue };
            let is_readable = match event.place {
                Some(place) => self.may_read(place.room)?,
                None => true,
            };
            if is_readable && !matches!(event.what, What::Erased) {
                acts.push(event);
            }
        }
        Ok((acts, has_more.then_some(last)))
    }

    pub(super) fn may_read(&self, room: RoomId) -> Result<bool, Trouble> {
        let Some(row) = self.state.room(room)? else { return Ok(false) };
        self.state.may_read(room, &row, self.asker)
    }

    /// Every invitation that was made.
    pub fn invites(&self) -> Result<Vec<Invite>, Failure> {
        self.require(Permission::LetIn)?;
        let mut invites = Vec::new();
        for (number, row) in self.shelf::<InviteRow>(Shelf::Invite)? {
            let mut rooms = Vec::new();
            for room in row.rooms {
                if self.may_read(room)? {
                    rooms.push(room);
                }
            }
            let InviteRow { until, uses, used, role, by, at, revoked, banned, .. } = row;
            let id = InviteId(number);
            invites.push(Invite { id, until, uses, used, rooms, role, by, at, revoked, banned });
        }
        Ok(invites)
    }

    /// Who came by an invitation, in the order of their ids, up to `limit` after one.
    pub fn came_by(&self, invite: InviteId, after: PersonId, limit: usize) -> Result<Vec<PersonId>, Failure> {
        self.require(Permission::LetIn)?;
        let mut range = Shelf::CameBy.of_number(invite.0);
        range.start = Shelf::CameBy.numbers(invite.0, after.0).to_vec();
        range.start.push(0);
        let found = rows::<NumberRow>(self.state, &range, Direction::Forwards, limit.clamp(1, limits::PAGE))?;
        Ok(found.iter().map(|(key, _)| PersonId(keys::number_at(key, SECOND))).collect())
    }

    /// Who asks to be let in.
    pub fn waiting(&self) -> Result<Vec<Waiting>, Failure> {
        self.require(Permission::LetIn)?;
        let mut waiting = Vec::new();
        for (number, row) in self.shelf::<NumberRow>(Shelf::Waiting)? {
            let note = match self.state.what(Position(row.number))? {
                Some(What::Arrived { asks, .. }) => asks.unwrap_or_default(),
                _ => String::new(),
            };
            let person = PersonId(number);
            let at = self.state.person(person)?.unwrap_or_default().arrived_at;
            waiting.push(Waiting { person, at, note });
        }
        Ok(waiting)
    }

    /// The filters in force.
    pub fn filters(&self) -> Result<Vec<Filter>, Failure> {
        self.require(Permission::Filter)?;
        let found = self.shelf::<FilterRow>(Shelf::Filter)?;
        let filter = |row: FilterRow| Filter { kind: row.kind, pattern: row.pattern, action: row.action };
        Ok(found.into_iter().map(|(_, row)| filter(row)).collect())
    }

    /// The reports that wait about messages of rooms that the asker may read, oldest first.
    pub fn reports(&self) -> Result<Vec<Report>, Failure> {
        self.require(Permission::Review)?;
        let mut reports = Vec::new();
        for (number, row) in self.shelf::<ReportRow>(Shelf::Report)? {
            if reports.len() < limits::PAGE && self.may_read(row.message.room)? {
                let ReportRow { message, by, at, note } = row;
                reports.push(Report { position: Position(number), message, by, at, note });
            }
        }
        Ok(reports)
    }

    /// What was undone or held back and can be brought back, oldest first.
    pub fn withheld(&self) -> Result<Vec<Withheld>, Failure> {
        self.require(Permission::Undo)?;
        let mut all = Vec::new();
        for (number, row) in self.shelf::<WithheldRow>(Shelf::Withheld)?.into_iter().take(limits::PAGE) {
            let position = Position(number);
            let found = withheld::rows_of(self.state, position)?;
            let mut samples = Vec::new();
            for (message, row) in found.iter().take(SAMPLES) {
                if self.may_read(message.room)? {
                    let text = self.state.text_of(row)?;
                    samples.push(Sample { message: *message, by: row.by, text });
                }
            }
            let WithheldRow { at, by, people, .. } = row;
            all.push(Withheld { position, at, by, people, messages: found.len(), samples });
        }
        Ok(all)
    }

    /// What an order to undo would undo.
    pub fn review(&self, selection: &Selection) -> Result<Review, Failure> {
        self.require(Permission::Undo)?;
        let own = self.role()?.rank();
        let mut people = BTreeSet::new();
        for person in deeds::people(self.state, selection)? {
            if server_role(self.state, person)?.rank() < own {
                people.insert(person);
            }
        }
        let found = deeds::of(self.state, &people, selection.since, limits::RAID_LOOKED_AT)?;
        let found = found.ok_or(Refusal::TooManyAtOnce)?;
        let mut review = Review { arrived: found.arrived.len(), ..Review::default() };
        review.people = people.into_iter().collect();
        for room in &found.rooms {
            review.messages += room.messages.len();
            review.events += room.happenings.len();
            review.rooms_opened += usize::from(room.opened);
            review.rooms += usize::from(!room.opened);
            let is_readable = self.may_read(room.room)?;
            for sequence in room.messages.iter().filter(|_| is_readable) {
                if review.samples.len() >= SAMPLES {
                    break;
                }
                let message = Place { room: room.room, sequence: *sequence };
                if let Some(row) = self.state.message(room.room, *sequence)? {
                    review.samples.push(Sample { message, by: row.by, text: self.state.text_of(&row)? });
                }
            }
        }
        Ok(review)
    }
}
