//! The state as tables of rows, over whatever can be read.

use std::ops::{ControlFlow, Range};

use super::keeping::{KnownRow, Shelf};
use super::keys::{self, SECOND, THIRD, Table};
use super::rows::{
    AccountRow, HappeningRow, IdentityRow, KeyRow, LastRow, MemberRow, MessageRow, NumberRow, PasskeyRow,
    PersonRow, ReactionCountRow, RoomRow, ServerRow, SessionRow, Standing,
};
use crate::account::AccountChange;
use crate::codec::Record;
use crate::entry::Entry;
use crate::event::{Event, What};
use crate::id::{PersonId, RoomId, SessionId};
use crate::key::Fingerprint;
use crate::place::{Position, Sequence};
use crate::room::{Role, Visibility};
use crate::storage::{Direction, Read};
use crate::trouble::Trouble;

/// What everybody calls the same name: without its case.
pub(crate) fn fold_name(name: &str) -> String {
    name.to_lowercase()
}

/// The rows of a range, decoded, with their keys.
pub(crate) fn rows<T: Record>(
    read: &(impl Read + ?Sized),
    range: &Range<Vec<u8>>,
    direction: Direction,
    limit: usize,
) -> Result<Vec<(Vec<u8>, T)>, Trouble> {
    let mut rows = Vec::new();
    if limit == 0 {
        return Ok(rows);
    }
    read.scan(&range.start..&range.end, direction, &mut |key, value| {
        rows.push((key.to_vec(), T::decode(value)?));
        Ok(if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(rows)
}

/// Reading the state by what its rows mean.
pub(crate) trait Tables: Read {
    fn row<T: Record>(&self, key: &[u8]) -> Result<Option<T>, Trouble> {
        let mut row = None;
        self.look(key, &mut |octets| row = Some(T::decode(octets)))?;
        Ok(row.transpose()?)
    }

    fn server(&self) -> Result<ServerRow, Trouble> {
        Ok(self.row(keys::SERVER)?.unwrap_or_default())
    }

    fn person(&self, person: PersonId) -> Result<Option<PersonRow>, Trouble> {
        self.row(&keys::person(person))
    }

    /// Somebody who can still do something.
    fn person_here(&self, person: PersonId) -> Result<Option<PersonRow>, Trouble> {
        Ok(self.person(person)?.filter(|row| row.standing == Standing::Here))
    }

    /// The account of somebody whose name is their own.
    fn account(&self, person: PersonId) -> Result<Option<AccountRow>, Trouble> {
        self.row(&keys::account(person))
    }

    fn session(&self, person: PersonId, session: SessionId) -> Result<Option<SessionRow>, Trouble> {
        self.row(&keys::session(person, session))
    }

    /// Where somebody is signed in, the first one first.
    fn sessions_of(&self, person: PersonId) -> Result<Vec<(SessionId, SessionRow)>, Trouble> {
        let range = Table::Session.key().number(person.0).range();
        let found = rows::<SessionRow>(self, &range, Direction::Forwards, usize::MAX)?;
        let id = |key: &[u8]| SessionId(keys::number_at(key, SECOND));
        Ok(found.into_iter().map(|(key, row)| (id(&key), row)).collect())
    }

    /// One of somebody's passkeys, by the entry of the log that has it.
    fn passkey(&self, person: PersonId, added: Position) -> Result<Option<PasskeyRow>, Trouble> {
        self.row(&keys::passkey(person, added))
    }

    /// Somebody's passkeys, by the entries of the log that have them.
    fn passkeys_of(&self, person: PersonId) -> Result<Vec<(Position, PasskeyRow)>, Trouble> {
        let range = Table::Passkey.key().number(person.0).range();
        let found = rows::<PasskeyRow>(self, &range, Direction::Forwards, usize::MAX)?;
        let added = |key: &[u8]| Position(keys::number_at(key, SECOND));
        Ok(found.into_iter().map(|(key, row)| (added(&key), row)).collect())
    }

    /// Who signs in by this identity.
    fn who_is(&self, identity: Fingerprint) -> Result<Option<PersonId>, Trouble> {
        Ok(self.row::<NumberRow>(&keys::identity(identity))?.map(|row| PersonId(row.number)))
    }

    /// What another site vouches for that somebody signs in by, by the entry of the log that has it.
    fn identity(&self, person: PersonId, linked: Position) -> Result<Option<IdentityRow>, Trouble> {
        self.row(&keys::identity_of(person, linked))
    }

    /// What other sites vouch for that somebody signs in by, by the entries of the log that have it.
    fn identities_of(&self, person: PersonId) -> Result<Vec<(Position, IdentityRow)>, Trouble> {
        let range = Table::IdentityOf.key().number(person.0).range();
        let found = rows::<IdentityRow>(self, &range, Direction::Forwards, usize::MAX)?;
        let linked = |key: &[u8]| Position(keys::number_at(key, SECOND));
        Ok(found.into_iter().map(|(key, row)| (linked(&key), row)).collect())
    }

    /// Who has claimed a name that looks like this one.
    fn who_looks_like(&self, skeleton: &str) -> Result<Option<PersonId>, Trouble> {
        Ok(self.row::<NumberRow>(&keys::skeleton(skeleton))?.map(|row| PersonId(row.number)))
    }

    /// The change of an account that an entry of the log tells of.
    fn account_change(&self, position: Position) -> Result<Option<AccountChange>, Trouble> {
        Ok(match self.what(position)? {
            Some(What::Account { change }) => Some(change),
            _ => None,
        })
    }

    fn who_is_called(&self, nickname: &str) -> Result<Option<PersonId>, Trouble> {
        let row = self.row::<NumberRow>(&keys::nickname(&fold_name(nickname)))?;
        Ok(row.map(|row| PersonId(row.number)))
    }

    /// A room that is there.
    fn room(&self, room: RoomId) -> Result<Option<RoomRow>, Trouble> {
        Ok(self.any_room(room)?.filter(|row| row.undone.is_none()))
    }

    /// A room, also if that it was opened is undone.
    fn any_room(&self, room: RoomId) -> Result<Option<RoomRow>, Trouble> {
        self.row(&keys::room(room))
    }

    /// The last place that was given out in a room; 0 if there is no such room.
    fn last_in_room(&self, room: RoomId) -> Result<Sequence, Trouble> {
        Ok(self.row::<LastRow>(&keys::room(room))?.unwrap_or_default().sequence)
    }

    /// The public room of a name.
    fn room_called(&self, name: &str) -> Result<Option<RoomId>, Trouble> {
        Ok(self.row::<NumberRow>(&keys::room_name(&fold_name(name)))?.map(|row| RoomId(row.number)))
    }

    /// What somebody may do in a room; nothing if they are no member. Everybody is one of the lobby.
    fn role(&self, room: RoomId, person: PersonId) -> Result<Option<Role>, Trouble> {
        if person == PersonId::SERVER {
            return Ok(Some(Role::Owner));
        }
        let row = self.row::<MemberRow>(&keys::member(room, person))?;
        let in_lobby = (room == RoomId::LOBBY).then_some(Role::Member);
        Ok(row.map(|row| row.role).or(in_lobby))
    }

    /// Whether somebody who is here may read a room.
    fn may_read(&self, room: RoomId, row: &RoomRow, person: PersonId) -> Result<bool, Trouble> {
        Ok(row.visibility == Visibility::Public || self.role(room, person)?.is_some())
    }

    fn message(&self, room: RoomId, sequence: Sequence) -> Result<Option<MessageRow>, Trouble> {
        self.row(&keys::in_room(Table::Message, room, sequence))
    }

    fn happening(&self, room: RoomId, sequence: Sequence) -> Result<Option<HappeningRow>, Trouble> {
        self.row(&keys::in_room(Table::Happening, room, sequence))
    }

    fn settled(&self, fingerprint: Fingerprint) -> Result<Option<KeyRow>, Trouble> {
        self.row(&keys::key(fingerprint))
    }

    /// The rooms that somebody is in, the lobby not among them unless they have a role there.
    fn rooms_of(&self, person: PersonId) -> Result<Vec<RoomId>, Trouble> {
        let range = Table::Membership.key().number(person.0).range();
        let found = rows::<NumberRow>(self, &range, Direction::Forwards, usize::MAX)?;
        Ok(found.iter().map(|(key, _)| RoomId(keys::number_at(key, SECOND))).collect())
    }

    /// The places of what happened about a message.
    fn about(&self, room: RoomId, message: Sequence) -> Result<Vec<Sequence>, Trouble> {
        let range = keys::of_message(Table::About, room, message).range();
        let found = rows::<NumberRow>(self, &range, Direction::Forwards, usize::MAX)?;
        Ok(found.iter().map(|(key, _)| Sequence(keys::number_at(key, THIRD))).collect())
    }

    /// The different reactions to a message.
    fn reaction_counts(&self, room: RoomId, message: Sequence) -> Result<Vec<ReactionCountRow>, Trouble> {
        let range = keys::of_message(Table::ReactionCount, room, message).range();
        let found = rows::<ReactionCountRow>(self, &range, Direction::Forwards, usize::MAX)?;
        Ok(found.into_iter().map(|(_, row)| row).collect())
    }

    /// What happened at a place of the log.
    fn what(&self, position: Position) -> Result<Option<What>, Trouble> {
        let Some(octets) = self.entry(position.0)? else { return Ok(None) };
        Ok(Entry::from_octets(&octets)?.event.map(|event| event.what))
    }

    /// What somebody is called; nothing once that is erased.
    fn nickname_of(&self, person: &PersonRow) -> Result<String, Trouble> {
        match self.what(person.named)? {
            Some(What::Arrived { nickname, .. } | What::Renamed { nickname }) => Ok(nickname),
            _ => Ok(String::new()),
        }
    }

    /// What a message says.
    fn text_of(&self, message: &MessageRow) -> Result<String, Trouble> {
        match self.what(message.text_at)? {
            Some(What::Posted { text, .. } | What::Withheld { text, .. } | What::Edited { text, .. }) => {
                Ok(text)
            }
            _ => Err(Trouble::Corrupt(format!("entry {} of the log has lost its text", message.text_at))),
        }
    }

    /// Whether the state needs an entry of the log, because a text is in it that is there still.
    ///
    /// What was needed and is not any more must never be needed again: who began with a snapshot has it no longer.
    fn needs(&self, event: &Event) -> Result<bool, Trouble> {
        let is_name = || -> Result<bool, Trouble> {
            Ok(self.person(event.by)?.is_some_and(|row| row.named == event.position))
        };
        Ok(match &event.what {
            What::Arrived { .. } => is_name()? || self.is_origin(event)?,
            What::Renamed { .. } => is_name()?,
            What::Account { change } => self.needs_change(event, change)?,
            // All of a message is there until it is erased: what was undone can be brought back, and an edit that is
            // undone leaves what was said before. What was ordered is looked up here.
            What::Posted { .. }
            | What::Withheld { .. }
            | What::Edited { .. }
            | What::Reacted { .. }
            | What::Unreacted { .. }
            | What::Ordered { .. } => true,
            _ => false,
        })
    }

    /// Whether an arrival says where somebody came from, which is to be erased there.
    fn is_origin(&self, event: &Event) -> Result<bool, Trouble> {
        let known = self.row::<KnownRow>(&Shelf::Known.number(event.by.0))?;
        Ok(known.is_some_and(|row| row.position == event.position))
    }

    /// Whether something that somebody signs in with, or a label, is in this entry alone.
    fn needs_change(&self, event: &Event, change: &AccountChange) -> Result<bool, Trouble> {
        let Some(account) = self.account(event.by)? else { return Ok(false) };
        let position = event.position;
        let is_passkey = || self.passkey(event.by, position);
        let is_identity = || self.identity(event.by, position);
        // A session may have begun again under the same id; then its label is in the later entry.
        let is_label = |session| -> Result<bool, Trouble> {
            Ok(self.session(event.by, session)?.is_some_and(|row| row.labelled == position))
        };
        Ok(match change {
            AccountChange::Claim { session, .. } => {
                account.password == position || is_passkey()?.is_some() || is_label(*session)?
            }
            AccountChange::UseLink { session, .. } => account.password == position || is_label(*session)?,
            AccountChange::SetPassword { .. } => account.password == position,
            AccountChange::SetTotp { .. } => account.totp == position,
            AccountChange::AddPasskey { .. } => is_passkey()?.is_some(),
            AccountChange::LabelPasskey { passkey, .. } => {
                self.passkey(event.by, *passkey)?.is_some_and(|row| row.labelled == position)
            }
            AccountChange::ClaimByIdentity { session, .. } => is_identity()?.is_some() || is_label(*session)?,
            AccountChange::LinkIdentity { .. } => is_identity()?.is_some(),
            AccountChange::StartSession { session, .. } => is_label(*session)?,
            _ => false,
        })
    }
}

impl<R: Read + ?Sized> Tables for R {}
