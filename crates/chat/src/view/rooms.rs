//! Rooms as somebody sees them: which there are, who is in them, and how much of them is unread.

use std::ops::ControlFlow;

use super::{Term, View};
use crate::codec::Record;
use crate::failure::Failure;
use crate::id::{PersonId, RoomId};
use crate::limits;
use crate::place::Sequence;
use crate::refusal::Refusal;
use crate::room::{Retention, Role, Visibility};
use crate::state::keys::{self, FIRST, SECOND, Table};
use crate::state::rows::{MemberRow, MessageRow, NumberRow, PersonRow, RoomRow, Standing};
use crate::state::{Tables, fold_name, rows};
use crate::storage::Direction;
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// A room as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Which.
    pub id: RoomId,
    /// Who can find it.
    pub visibility: Visibility,
    /// What it is called; empty in a direct one, which is called after its members.
    pub name: String,
    /// The line under the name.
    pub topic: String,
    /// When it was opened. 0 for the lobby.
    pub created_at: Timestamp,
    /// How long its messages stay.
    pub retention: Retention,
    /// The least milliseconds between two messages of one person; 0 without slow mode.
    pub slow_mode: u64,
    /// Its last place.
    pub last: Sequence,
    /// How many members it has. For the lobby: how many have a role there, for everybody is in it.
    pub members: u64,
    /// What the asker may do in it; nothing if they are no member.
    pub role: Option<Role>,
    /// How far the asker has read.
    pub read_up_to: Sequence,
    /// Whether and how long the asker may say nothing in it, because of the room alone.
    pub muted: Option<Term>,
    /// Whether the whole web may read it.
    pub open_to_web: bool,
}

/// A member of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: Role,
    /// Since when; for the lobby, since they arrived.
    pub since: Timestamp,
}

/// What somebody has not read in a room: messages of others that are still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unread {
    /// How many.
    pub messages: u64,
    /// How many of them mention the asker.
    pub mentions: u64,
    /// Whether there are more than were counted.
    pub more: bool,
}

impl View<'_> {
    /// A room that the asker may read.
    pub fn room(&self, room: RoomId) -> Result<Room, Failure> {
        let row = self.readable(room)?;
        Ok(self.seen(room, row)?)
    }

    fn seen(&self, room: RoomId, row: RoomRow) -> Result<Room, Trouble> {
        Ok(Room {
            muted: self.mute_in(room, &row, self.asker)?,
            id: room,
            visibility: row.visibility,
            name: row.name,
            topic: row.topic,
            created_at: row.created_at,
            retention: row.retention,
            slow_mode: row.slow_mode,
            last: row.sequence,
            members: row.members,
            role: self.state.role(room, self.asker)?,
            read_up_to: self.read_up_to(room)?,
            open_to_web: row.open_to_web && row.visibility == Visibility::Public,
        })
    }

    /// The rooms that the asker is in, the lobby first.
    pub fn rooms(&self) -> Result<Vec<Room>, Trouble> {
        let mut ids = self.state.rooms_of(self.asker)?;
        ids.retain(|room| *room != RoomId::LOBBY);
        ids.insert(0, RoomId::LOBBY);
        let mut rooms = Vec::new();
        for id in ids {
            if let Some(row) = self.state.room(id)? {
                rooms.push(self.seen(id, row)?);
            }
        }
        Ok(rooms)
    }

    /// Public rooms whose names begin like this, in the order of their folded names: up to `limit` of them after a
    /// name.
    pub fn public_rooms(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<Room>, Trouble> {
        let mut range = Table::RoomName.key().octets(fold_name(prefix).as_bytes()).range();
        if !after.is_empty() {
            let mut behind = keys::room_name(&fold_name(after)).to_vec();
            behind.push(0);
            range.start = range.start.max(behind);
        }
        if range.start >= range.end {
            return Ok(Vec::new());
        }
        let names = rows::<NumberRow>(self.state, &range, Direction::Forwards, limit.min(limits::PAGE))?;
        let mut rooms = Vec::new();
        for (_, row) in names {
            let id = RoomId(row.number);
            if let Some(row) = self.state.room(id)? {
                rooms.push(self.seen(id, row)?);
            }
        }
        Ok(rooms)
    }

    /// The public room of this name, whatever its case.
    pub fn public_room_called(&self, name: &str) -> Result<Option<RoomId>, Trouble> {
        self.state.room_called(name)
    }

    /// The members of a room in the order of their ids, up to `limit` of them after one.
    pub fn members(&self, room: RoomId, after: PersonId, limit: usize) -> Result<Vec<Member>, Failure> {
        self.readable(room)?;
        let limit = limit.clamp(1, limits::PAGE);
        if room == RoomId::LOBBY {
            return Ok(self.everybody(after, limit)?);
        }
        let mut range = Table::Member.key().number(room.0).range();
        range.start = keys::member(room, after).to_vec();
        range.start.push(0);
        let found = rows::<MemberRow>(self.state, &range, Direction::Forwards, limit)?;
        let member = |(key, row): (Vec<u8>, MemberRow)| Member {
            person: PersonId(keys::number_at(&key, SECOND)),
            role: row.role,
            since: row.since,
        };
        Ok(found.into_iter().map(member).collect())
    }

    fn everybody(&self, after: PersonId, limit: usize) -> Result<Vec<Member>, Trouble> {
        let mut range = Table::Person.key().range();
        range.start = keys::person(after).to_vec();
        range.start.push(0);
        let mut members = Vec::new();
        self.state.scan(&range.start..&range.end, Direction::Forwards, &mut |key, value| {
            let row = PersonRow::decode(value)?;
            if row.standing == Standing::Here {
                let person = PersonId(keys::number_at(key, FIRST));
                members.push(Member { person, role: Role::Member, since: row.arrived_at });
            }
            Ok(if members.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        for member in &mut members {
            member.role = self.state.role(RoomId::LOBBY, member.person)?.unwrap_or_default();
        }
        Ok(members)
    }

    /// How far the asker has read a room.
    pub fn read_up_to(&self, room: RoomId) -> Result<Sequence, Trouble> {
        let row = self.state.row::<NumberRow>(&keys::pointer(self.asker, room))?;
        Ok(Sequence(row.unwrap_or_default().number))
    }

    /// What the asker has not read in a room, counted exactly up to `most` messages.
    ///
    /// It reads each message that it counts, and looks at up to [`limits::LOOKED_AT`] messages: a millisecond each
    /// 1,000. If that did not reach the end, there are `more`, or the asker's own.
    pub fn unread(&self, room: RoomId, most: u64) -> Result<Unread, Failure> {
        let row = self.readable(room)?;
        if self.state.role(room, self.asker)?.is_none() {
            return Err(Refusal::NotAMember.into());
        }
        let from = self.read_up_to(room)?.next();
        let range = keys::places(Table::Message, room, from, row.sequence);
        let (mut unread, mut looked_at) = (Unread::default(), 0);
        self.state.scan(&range.start..&range.end, Direction::Forwards, &mut |_, value| {
            let message = MessageRow::decode(value)?;
            looked_at += 1;
            if looked_at > limits::LOOKED_AT {
                unread.more = true;
                return Ok(ControlFlow::Break(()));
            }
            if message.by == self.asker || !self.is_shown(message.by)? {
                return Ok(ControlFlow::Continue(()));
            }
            if unread.messages == most {
                unread.more = true;
                return Ok(ControlFlow::Break(()));
            }
            unread.messages += 1;
            unread.mentions += u64::from(message.mentions.iter().any(|one| one.person == self.asker));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(unread)
    }
}
