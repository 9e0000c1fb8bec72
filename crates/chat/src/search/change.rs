//! What the log tells the index, and how the index asks for it.

use std::error::Error;

use crate::{Event, Order, PersonId, Place, Position, Timestamp, What};

/// Something that happened to what can be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A message is there.
    Posted {
        /// What it is called.
        message: Place,
        /// Who said it.
        author: PersonId,
        /// When.
        at: Timestamp,
        /// What.
        text: String,
        /// Whether it belongs to a thread.
        thread: bool,
        /// Whether files belong to it.
        file: bool,
    },
    /// A message has another text. It counts as new as this edit when the newest are looked at first.
    Edited {
        /// Which.
        message: Place,
        /// The new text.
        text: String,
    },
    /// A message is gone.
    Erased {
        /// Which.
        message: Place,
    },
    /// A reaction was put on a message.
    Reacted {
        /// Which.
        message: Place,
    },
    /// A reaction was taken off a message.
    Unreacted {
        /// Which.
        message: Place,
    },
    /// A message was pinned.
    Pinned {
        /// Which.
        message: Place,
    },
    /// A message was unpinned.
    Unpinned {
        /// Which.
        message: Place,
    },
}

impl Change {
    /// What is undone or held back stays in the index: nobody is shown its text as long as it is so. Once it is erased,
    /// it is erased here, too.
    fn of_order(what: What) -> Vec<Self> {
        match what {
            What::Ordered { order: Order::Purge { messages, .. } } => {
                messages.into_iter().map(|message| Change::Erased { message }).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What an event changes. Most of them change nothing here.
    pub fn of(event: Event) -> Vec<Self> {
        let Some(place) = event.place else { return Self::of_order(event.what) };
        let of = |sequence| Place { room: place.room, sequence };
        vec![match event.what {
            What::Posted { text, thread, .. } | What::Withheld { text, thread, .. } => Change::Posted {
                message: place,
                author: event.by,
                at: event.at,
                text,
                thread: thread.is_some(),
                file: false,
            },
            What::Edited { message, text, .. } => Change::Edited { message: of(message), text },
            What::Deleted { message, .. } => Change::Erased { message: of(message) },
            What::Expired { messages } => {
                return messages.into_iter().map(|message| Change::Erased { message: of(message) }).collect();
            }
            What::Reacted { message, .. } => Change::Reacted { message: of(message) },
            What::Unreacted { message, .. } => Change::Unreacted { message: of(message) },
            What::Pinned { message } => Change::Pinned { message: of(message) },
            What::Unpinned { message } => Change::Unpinned { message: of(message) },
            _ => return Vec::new(),
        }]
    }
}

/// Some of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// What changed, in order, each with the position where it did.
    pub changes: Vec<(Position, Change)>,
    /// The position up to which these are all. The one that was asked for if there is nothing after it yet.
    pub up_to: Position,
}

/// Where the index gets the log from, in its own thread.
pub trait Feed: Send {
    /// What is durable after a position, from about `most` positions, at once: it does not wait for more.
    ///
    /// An error is tried again a second later and shown by
    /// [`Indexer::trouble`](super::Indexer::trouble) until then.
    fn after(&mut self, position: Position, most: usize) -> Result<Batch, Box<dyn Error + Send + Sync>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RoomId, Sequence};

    fn changes(what: What) -> Vec<Change> {
        let place = Some(Place { room: RoomId(5), sequence: Sequence(9) });
        Change::of(Event { position: Position(3), at: Timestamp(2), by: PersonId(1), place, what })
    }

    #[test]
    fn events_about_messages_change_what_is_found() {
        let own = Place { room: RoomId(5), sequence: Sequence(9) };
        let other = |sequence| Place { room: RoomId(5), sequence: Sequence(sequence) };
        let message = Sequence(4);
        for (what, expected) in [
            (
                What::Posted { text: "a".into(), reply_to: None, thread: Some(message), mentions: vec![] },
                vec![Change::Posted {
                    message: own,
                    author: PersonId(1),
                    at: Timestamp(2),
                    text: "a".into(),
                    thread: true,
                    file: false,
                }],
            ),
            (
                What::Edited { message, text: "b".into(), mentions: vec![] },
                vec![Change::Edited { message: other(4), text: "b".into() }],
            ),
            (What::Deleted { message, of: None }, vec![Change::Erased { message: other(4) }]),
            (
                What::Expired { messages: vec![message, Sequence(7)] },
                vec![Change::Erased { message: other(4) }, Change::Erased { message: other(7) }],
            ),
            (What::Reacted { message, reaction: "👍".into() }, vec![Change::Reacted { message: other(4) }]),
            (
                What::Unreacted { message, reaction: "👍".into() },
                vec![Change::Unreacted { message: other(4) }],
            ),
            (What::Pinned { message }, vec![Change::Pinned { message: other(4) }]),
            (What::Unpinned { message }, vec![Change::Unpinned { message: other(4) }]),
            (What::TopicSet { topic: "c".into() }, vec![]),
            (What::Erased, vec![]),
        ] {
            assert_eq!(changes(what), expected);
        }
    }
}
