//! What one person sees of the state: rooms, history, what they missed, and nothing that they may not read.

mod accounts;
mod card;
mod concerning;
mod history;
mod keeping;
mod messages;
mod restrained;
mod rooms;
mod web;

use std::cell::RefCell;
use std::collections::HashMap;

use crate::failure::Failure;
use crate::id::{PersonId, RoomId};
use crate::permission::ServerRole;
use crate::place::Position;
use crate::refusal::Refusal;
use crate::room::Retention;
use crate::state::restraint::is_banned;
use crate::state::{RoomRow, Standing, Tables};
use crate::storage::Read;
use crate::time::Timestamp;
use crate::trouble::Trouble;

pub use accounts::{Account, Identity, Passkey, Session};
pub use card::{Card, Held, Term};
pub use concerning::Concerning;
pub use history::{From, History, Since};
pub use keeping::{Audited, Filter, Invite, Report, Review, Sample, Waiting, Withheld};
pub use messages::{Mention, Message, Pin, Reaction, Thread};
pub use restrained::Banned;
pub use rooms::{Member, Room, Unread};
pub use web::Web;

/// Somebody, as others see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// What they are called; empty once they are erased.
    pub nickname: String,
    /// When they arrived.
    pub arrived_at: Timestamp,
    /// Whether they can still do anything. If not, the nickname may be somebody else's by now.
    pub is_here: bool,
    /// Whether they asked to be let in, and wait.
    pub waits: bool,
    /// What they are on the server.
    pub role: ServerRole,
}

/// One person's view of one moment of the state.
pub struct View<'a> {
    state: &'a dyn Read,
    asker: PersonId,
    /// Whether somebody's messages are shown, for those whom this view met.
    shown: RefCell<HashMap<PersonId, bool>>,
}

impl<'a> View<'a> {
    /// The view of somebody who is here; [`PersonId::SERVER`] sees everything.
    ///
    /// # Errors
    ///
    /// [`Refusal::UnknownPerson`] for whoever is not here, [`Refusal::Banned`] for whoever is shut out.
    pub fn new(state: &'a dyn Read, asker: PersonId) -> Result<Self, Failure> {
        Self::at(state, asker, Timestamp::now())
    }

    /// The view of somebody at this time: whoever is banned then sees nothing.
    ///
    /// # Errors
    ///
    /// [`Refusal::UnknownPerson`] for whoever is not here, [`Refusal::Banned`] for whoever is shut out.
    pub fn at(state: &'a dyn Read, asker: PersonId, now: Timestamp) -> Result<Self, Failure> {
        if asker != PersonId::SERVER {
            let row = state.person_here(asker)?.ok_or(Refusal::UnknownPerson)?;
            if is_banned(state, &row, now)? {
                return Err(Refusal::Banned.into());
            }
        }
        Ok(View { state, asker, shown: RefCell::default() })
    }

    /// The place in the log that this moment belongs to: everything up to it is seen, and nothing after it.
    pub fn position(&self) -> Result<Position, Trouble> {
        Ok(self.state.server()?.applied)
    }

    /// How long messages stay in rooms that say nothing of their own.
    pub fn server_retention(&self) -> Result<Retention, Trouble> {
        Ok(self.state.server()?.retention)
    }

    /// Somebody by id, also if they have gone.
    pub fn person(&self, person: PersonId) -> Result<Option<Person>, Trouble> {
        let Some(row) = self.state.person(person)? else { return Ok(None) };
        let is_undone = row.standing == Standing::Undone;
        let nickname = if is_undone { String::new() } else { self.state.nickname_of(&row)? };
        let is_here = row.standing == Standing::Here;
        let waits = row.standing == Standing::Waiting;
        let role = row.role;
        Ok(Some(Person { id: person, nickname, arrived_at: row.arrived_at, is_here, waits, role }))
    }

    /// Who is here under this nickname, whatever its case.
    pub fn person_called(&self, nickname: &str) -> Result<Option<Person>, Trouble> {
        match self.state.who_is_called(nickname)? {
            Some(person) => self.person(person),
            None => Ok(None),
        }
    }

    /// A room that the asker may read; to others it is as if it were not there.
    fn readable(&self, room: RoomId) -> Result<RoomRow, Failure> {
        let row = self.state.room(room)?.ok_or(Refusal::NoSuchRoom)?;
        if self.state.may_read(room, &row, self.asker)? { Ok(row) } else { Err(Refusal::NoSuchRoom.into()) }
    }

    /// Whether what somebody said is shown: not once they erased themselves, even while that is still being done.
    fn is_shown(&self, author: PersonId) -> Result<bool, Trouble> {
        if let Some(known) = self.shown.borrow().get(&author) {
            return Ok(*known);
        }
        let standing = self.state.person(author)?.map(|row| row.standing);
        let is_shown = !matches!(standing, Some(Standing::Erasing | Standing::Erased));
        self.shown.borrow_mut().insert(author, is_shown);
        Ok(is_shown)
    }
}
