//! The past of a room: page by page, and everything since a place.

use super::{Message, View};
use crate::event::{Event, What};
use crate::failure::Failure;
use crate::id::RoomId;
use crate::limits;
use crate::place::{Place, Sequence};
use crate::state::keys::{self, SECOND, Table};
use crate::state::rows::{HappeningRow, MessageRow};
use crate::state::{Tables, rows};
use crate::storage::Direction;
use crate::trouble::Trouble;

/// Where a page of history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// At the end.
    Latest,
    /// Directly before a place.
    Before(Sequence),
    /// Directly after a place.
    After(Sequence),
    /// On both sides of a place, which is in it if there is a message.
    Around(Sequence),
}

/// A page of history: messages in order, as they are now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// The messages, oldest first. Places between them belong to other events, or to what is erased.
    pub messages: Vec<Message>,
    /// Whether there are messages before these.
    pub before: bool,
    /// Whether there are messages after these.
    pub after: bool,
}

/// What happened in a room since a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// All of it up to `up_to`, in order. A place in between without an event is one whose message is erased.
    Complete {
        /// What happened. Messages and edits have the text that the message has by now.
        events: Vec<Event>,
        /// The place to go on from: `last`, unless a page ended before it.
        up_to: Sequence,
        /// The room's last place.
        last: Sequence,
    },
    /// The place is too far back: go on from `last`, and fetch as history what is between.
    Gap {
        /// The room's last place.
        last: Sequence,
    },
    /// The place is after the room's last: it belongs to another past, such as one before a backup was restored.
    Ahead {
        /// The room's last place.
        last: Sequence,
    },
}

impl View<'_> {
    /// A page of up to `limit` messages, of at most [`limits::PAGE`].
    pub fn history(&self, room: RoomId, from: From, limit: usize) -> Result<History, Failure> {
        self.readable(room)?;
        let limit = limit.clamp(1, limits::PAGE);
        let end = Sequence(u64::MAX - 1);
        let page = match from {
            From::Latest => self.page(room, Direction::Backwards, (Sequence(0), end), limit)?,
            From::Before(place) => {
                let last = Sequence(place.0.saturating_sub(1));
                let page = self.page(room, Direction::Backwards, (Sequence(0), last), limit)?;
                History { after: self.has_message(room, (place, end))?, ..page }
            }
            From::After(place) => {
                let first = Sequence(place.0.saturating_add(1));
                let page = self.page(room, Direction::Forwards, (first, end), limit)?;
                History { before: self.has_message(room, (Sequence(0), place))?, ..page }
            }
            From::Around(place) => {
                let mut page = self.page(room, Direction::Backwards, (Sequence(0), place), limit / 2 + 1)?;
                let first = Sequence(place.0.saturating_add(1));
                let later = self.page(room, Direction::Forwards, (first, end), (limit / 2).max(1))?;
                page.messages.extend(later.messages);
                History { after: later.after, ..page }
            }
        };
        Ok(page)
    }

    fn page(
        &self,
        room: RoomId,
        direction: Direction,
        (first, last): (Sequence, Sequence),
        limit: usize,
    ) -> Result<History, Trouble> {
        let range = keys::places(Table::Message, room, first, last);
        let mut found = rows::<MessageRow>(self.state, &range, direction, limit + 1)?;
        let more = found.len() > limit;
        found.truncate(limit);
        if direction == Direction::Backwards {
            found.reverse();
        }
        let mut messages = Vec::with_capacity(found.len());
        for (key, row) in found {
            messages.extend(self.shown(room, Sequence(keys::number_at(&key, SECOND)), row)?);
        }
        let is_backwards = direction == Direction::Backwards;
        Ok(History { messages, before: is_backwards && more, after: !is_backwards && more })
    }

    fn has_message(&self, room: RoomId, (first, last): (Sequence, Sequence)) -> Result<bool, Trouble> {
        let range = keys::places(Table::Message, room, first, last);
        Ok(!rows::<MessageRow>(self.state, &range, Direction::Forwards, 1)?.is_empty())
    }

    /// What happened in a room after a place, from up to `page` places and with some
    /// [`limits::CATCH_UP_OCTETS`] of text, if the room's end is not more than
    /// [`limits::CATCH_UP`] places away.
    pub fn since(&self, room: RoomId, after: Sequence, page: u64) -> Result<Since, Failure> {
        let last = self.readable(room)?.sequence;
        let Some(behind) = last.0.checked_sub(after.0) else { return Ok(Since::Ahead { last }) };
        if behind > limits::CATCH_UP {
            return Ok(Since::Gap { last });
        }
        let up_to = Sequence(after.0 + behind.min(page.max(1)));
        let all = |table| keys::places(table, room, after.next(), up_to);
        let forwards = Direction::Forwards;
        let messages = rows::<MessageRow>(self.state, &all(Table::Message), forwards, usize::MAX)?;
        let happenings = rows::<HappeningRow>(self.state, &all(Table::Happening), forwards, usize::MAX)?;
        let place = |key: &[u8]| Place { room, sequence: Sequence(keys::number_at(key, SECOND)) };
        let mut messages = messages.into_iter().map(|(key, row)| (place(&key), row)).peekable();
        let mut happenings = happenings.into_iter().map(|(key, row)| (place(&key), row)).peekable();
        let (mut events, mut octets) = (Vec::new(), 0);
        loop {
            let happened_first = match (messages.peek(), happenings.peek()) {
                (None, None) => return Ok(Since::Complete { events, up_to, last }),
                (Some((said, _)), Some((happened, _))) => happened.sequence < said.sequence,
                (said, _) => said.is_none(),
            };
            let (place, event) = if happened_first {
                let Some((place, row)) = happenings.next() else { continue };
                (place, self.happened(place, row)?)
            } else {
                let Some((place, row)) = messages.next() else { continue };
                (place, if self.is_shown(row.by)? { Some(self.posted(place, row)?) } else { None })
            };
            if let Some(What::Posted { text, .. } | What::Edited { text, .. }) =
                event.as_ref().map(|event| &event.what)
            {
                octets += text.len();
            }
            events.extend(event);
            if octets > limits::CATCH_UP_OCTETS {
                return Ok(Since::Complete { events, up_to: place.sequence, last });
            }
        }
    }

    fn happened(&self, place: Place, row: HappeningRow) -> Result<Option<Event>, Trouble> {
        let mut what = row.what;
        match &mut what {
            What::Edited { message, text, mentions } => match self.state.message(place.room, *message)? {
                Some(now) if self.is_shown(now.by)? => {
                    *text = self.state.text_of(&now)?;
                    *mentions = now.mentions.iter().map(|mention| mention.person).collect();
                }
                _ => return Ok(None),
            },
            What::Reacted { .. } | What::Unreacted { .. } => {
                let Some(said) = self.state.what(row.position)? else { return Ok(None) };
                what = said;
            }
            _ => {}
        }
        Ok(Some(Event { position: row.position, at: row.at, by: row.by, place: Some(place), what }))
    }

    fn posted(&self, place: Place, row: MessageRow) -> Result<Event, Trouble> {
        let mentions = row.mentions.iter().map(|mention| mention.person).collect();
        let text = self.state.text_of(&row)?;
        let what = What::Posted { text, reply_to: row.reply_to, thread: row.thread, mentions };
        Ok(Event { position: row.position, at: row.at, by: row.by, place: Some(place), what })
    }
}
