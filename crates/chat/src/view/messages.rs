//! Messages as somebody sees them, with what others did to them.

use super::View;
use crate::event::What;
use crate::failure::Failure;
use crate::id::{PersonId, RoomId};
use crate::limits;
use crate::place::{Place, Position, Sequence};
use crate::refusal::Refusal;
use crate::state::keys::{self, SECOND, THIRD, Table};
use crate::state::rows::{MessageRow, NumberRow, PinRow, PlaceRow};
use crate::state::{Tables, rows};
use crate::storage::Direction;
use crate::time::Timestamp;
use crate::trouble::Trouble;

/// A message as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its place in its room, which is also its name.
    pub sequence: Sequence,
    /// Its place in the log.
    pub position: Position,
    /// When it was said.
    pub at: Timestamp,
    /// Who said it.
    pub by: PersonId,
    /// What it says by now.
    pub text: String,
    /// The message that it answers, perhaps erased since.
    pub reply_to: Option<Sequence>,
    /// The message whose thread it belongs to, perhaps erased since.
    pub thread: Option<Sequence>,
    /// Who is mentioned.
    pub mentions: Vec<PersonId>,
    /// When it was changed last.
    pub edited_at: Option<Timestamp>,
    /// The reactions to it, oldest first.
    pub reactions: Vec<Reaction>,
    /// Whether and by whom it is pinned.
    pub pin: Option<Pin>,
    /// What follows it in its thread, if something does.
    pub replies: Option<Thread>,
}

/// A reaction to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Which.
    pub reaction: String,
    /// How many people share it.
    pub count: u64,
    /// Whether the asker is one of them.
    pub own: bool,
}

/// How a message was pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// By whom.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A thread, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thread {
    /// How many messages it has besides the one that it began with.
    pub count: u64,
    /// The last of them.
    pub last: Sequence,
}

/// A message that mentions the asker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Since which place in the log.
    pub position: Position,
    /// In which room.
    pub room: RoomId,
    /// The message.
    pub message: Message,
}

impl View<'_> {
    /// One message.
    pub fn message(&self, room: RoomId, sequence: Sequence) -> Result<Message, Failure> {
        self.readable(room)?;
        let row = self.state.message(room, sequence)?.ok_or(Refusal::NoSuchMessage)?;
        self.shown(room, sequence, row)?.ok_or_else(|| Refusal::NoSuchMessage.into())
    }

    /// A message with what is kept beside it; nothing if its author erased themselves.
    pub(super) fn shown(
        &self,
        room: RoomId,
        sequence: Sequence,
        row: MessageRow,
    ) -> Result<Option<Message>, Trouble> {
        if !self.is_shown(row.by)? {
            return Ok(None);
        }
        let pin = self.state.row::<PinRow>(&keys::in_room(Table::Pin, room, sequence))?;
        Ok(Some(Message {
            sequence,
            position: row.position,
            at: row.at,
            by: row.by,
            text: self.state.text_of(&row)?,
            reply_to: row.reply_to,
            thread: row.thread,
            mentions: row.mentions.iter().map(|mention| mention.person).collect(),
            edited_at: row.edited_at,
            reactions: self.reactions(room, sequence)?,
            pin: pin.map(|row| Pin { by: row.by, at: row.at }),
            replies: self.replies(room, sequence)?,
        }))
    }

    fn reactions(&self, room: RoomId, message: Sequence) -> Result<Vec<Reaction>, Trouble> {
        let mut counts = self.state.reaction_counts(room, message)?;
        counts.sort_by_key(|row| row.first);
        let mut reactions = Vec::new();
        for row in counts {
            let Some(What::Reacted { reaction, .. }) = self.state.what(row.first)? else { continue };
            let key = keys::reaction(room, message, &reaction, self.asker);
            let own = self.state.row::<NumberRow>(&key)?.is_some();
            reactions.push(Reaction { reaction, count: row.count, own });
        }
        Ok(reactions)
    }

    fn replies(&self, room: RoomId, root: Sequence) -> Result<Option<Thread>, Trouble> {
        let row = self.state.row::<NumberRow>(&keys::in_room(Table::Thread, room, root))?;
        let Some(NumberRow { number: count }) = row else { return Ok(None) };
        let range = keys::of_message(Table::Reply, room, root).range();
        let last = rows::<NumberRow>(self.state, &range, Direction::Backwards, 1)?;
        Ok(last.first().map(|(key, _)| Thread { count, last: Sequence(keys::number_at(key, THIRD)) }))
    }

    /// The messages of a thread after one of its places, oldest first, up to `limit`; the root is not among them.
    pub fn thread(
        &self,
        room: RoomId,
        root: Sequence,
        after: Sequence,
        limit: usize,
    ) -> Result<Vec<Message>, Failure> {
        self.readable(room)?;
        let mut range = keys::of_message(Table::Reply, room, root).range();
        range.start = keys::of_message(Table::Reply, room, root).number(after.next().0).build().to_vec();
        let found = rows::<NumberRow>(self.state, &range, Direction::Forwards, limit.min(limits::PAGE))?;
        let sequences = found.iter().map(|(key, _)| Sequence(keys::number_at(key, THIRD)));
        Ok(self.all_of(room, sequences)?)
    }

    /// The pinned messages of a room in their order; there are up to [`limits::PINS`].
    pub fn pins(&self, room: RoomId) -> Result<Vec<Message>, Failure> {
        self.readable(room)?;
        let range = Table::Pin.key().number(room.0).range();
        let found = rows::<PinRow>(self.state, &range, Direction::Forwards, usize::MAX)?;
        Ok(self.all_of(room, found.iter().map(|(key, _)| Sequence(keys::number_at(key, SECOND))))?)
    }

    fn all_of(
        &self,
        room: RoomId,
        sequences: impl Iterator<Item = Sequence>,
    ) -> Result<Vec<Message>, Trouble> {
        let mut messages = Vec::new();
        for sequence in sequences {
            if let Some(row) = self.state.message(room, sequence)? {
                messages.extend(self.shown(room, sequence, row)?);
            }
        }
        Ok(messages)
    }

    /// Who shares a reaction, in the order of their ids, up to `limit` after one.
    pub fn reacted(
        &self,
        room: RoomId,
        message: Sequence,
        reaction: &str,
        after: PersonId,
        limit: usize,
    ) -> Result<Vec<PersonId>, Failure> {
        self.readable(room)?;
        let key = |person| keys::reaction(room, message, reaction, person).to_vec();
        let mut range = key(after)..key(PersonId(u64::MAX));
        let person = range.start.len() - 8;
        range.start.push(0);
        range.end.push(0);
        let found = rows::<NumberRow>(self.state, &range, Direction::Forwards, limit.min(limits::PAGE))?;
        Ok(found.iter().map(|(key, _)| PersonId(keys::number_at(key, person))).collect())
    }

    /// The messages that mention the asker before a place in the log, newest first, of rooms that they may read.
    ///
    /// Up to `limit` are looked at; those that the asker cannot see any more are left out.
    pub fn mentions(&self, before: Position, limit: usize) -> Result<Vec<Mention>, Trouble> {
        let mut range = Table::Mention.key().number(self.asker.0).range();
        range.end = keys::mention(self.asker, before).to_vec();
        let found = rows::<PlaceRow>(self.state, &range, Direction::Backwards, limit.min(limits::PAGE))?;
        let mut mentions = Vec::new();
        for (key, PlaceRow { place: Place { room, sequence } }) in found {
            let position = Position(keys::number_at(&key, SECOND));
            match self.message(room, sequence) {
                Ok(message) => mentions.push(Mention { position, room, message }),
                Err(Failure::Refused(_)) => {}
                Err(Failure::Trouble(trouble)) => return Err(trouble),
            }
        }
        Ok(mentions)
    }
}
