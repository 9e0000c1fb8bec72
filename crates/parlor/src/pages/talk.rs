//! A piece of what was said in a room that is open to the web, with what it takes to show it.

use parlor_chat::view::{From, History, Message, Room, View, Web};
use parlor_chat::{Failure, Sequence, Timestamp};

use super::address::{Address, Part};
use super::markdown;
use crate::session::Names;

/// Messages of one document at most.
const MESSAGES: usize = 50;
/// Octets of text in one document, beyond which it has fewer messages; a single one may have more.
const OCTETS: usize = 256 * 1024;

/// A piece of a room's talk.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) room: Room,
    /// Where the address says that it begins.
    pub(super) from: Option<Sequence>,
    /// Oldest first.
    pub(super) messages: Vec<Said>,
    /// Where the piece before and the one after this one begin, if there is one.
    pub(super) older: Option<Sequence>,
    pub(super) newer: Option<Sequence>,
}

/// A message.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) sequence: Sequence,
    pub(super) at: Timestamp,
    pub(super) edited_at: Option<Timestamp>,
    /// Empty for somebody who is gone.
    pub(super) author: String,
    pub(super) text: String,
    /// The text as it is shown.
    pub(super) html: String,
}

impl Talk {
    /// Reads what an address asks for, if the web may.
    pub(super) fn read(view: &View<'_>, address: &Address) -> Result<Self, Failure> {
        let web = view.web();
        let room = web.room_called(&address.room)?;
        let (from, mut history) = match address.part {
            Part::Latest | Part::Feed => (None, web.history(room.id, From::Latest, MESSAGES)?),
            Part::From(place) => {
                web.message(room.id, place)?;
                let before = Sequence(place.0.saturating_sub(1));
                (Some(place), web.history(room.id, From::After(before), MESSAGES)?)
            }
        };
        shorten(&mut history, from.is_none(), OCTETS);
        let (older, newer) = neighbours(&web, &room, &history)?;
        let mut names = Names::new(view);
        let mut messages = Vec::with_capacity(history.messages.len());
        for message in history.messages {
            names.meet(&[message.by])?;
            names.meet(&message.mentions)?;
            messages.push(Said::new(message, &names));
        }
        Ok(Talk { room, from, messages, older, newer })
    }
}

impl Said {
    pub(super) fn new(message: Message, names: &Names<'_, '_>) -> Self {
        let mentioned: Vec<_> = message.mentions.iter().map(|person| names.of(*person)).collect();
        Said {
            sequence: message.sequence,
            at: message.at,
            edited_at: message.edited_at,
            author: names.of(message.by),
            html: markdown::drawn(&message.text, &mentioned),
            text: message.text,
        }
    }
}

/// Takes away what is too much, from the beginning or from the end; a single message may have more.
pub(super) fn shorten(history: &mut History, is_end_wanted: bool, most: usize) {
    let mut octets: usize = history.messages.iter().map(|message| message.text.len()).sum();
    while octets > most && history.messages.len() > 1 {
        let gone = if is_end_wanted { Some(history.messages.remove(0)) } else { history.messages.pop() };
        octets -= gone.map_or(0, |message| message.text.len());
        *(if is_end_wanted { &mut history.before } else { &mut history.after }) = true;
    }
}

fn neighbours(
    web: &Web<'_, '_>,
    room: &Room,
    history: &History,
) -> Result<(Option<Sequence>, Option<Sequence>), Failure> {
    let first = |from, limit| -> Result<Option<Sequence>, Failure> {
        let history = web.history(room.id, from, limit)?;
        Ok(history.messages.first().map(|message| message.sequence))
    };
    let ends = history.messages.first().zip(history.messages.last());
    let Some((begins, ends)) = ends else { return Ok((None, None)) };
    let older = if history.before { first(From::Before(begins.sequence), MESSAGES)? } else { None };
    let newer = if history.after { first(From::After(ends.sequence), 1)? } else { None };
    Ok((older, newer))
}
