//! What the log keeps about somebody: what they did, and what others did to them.

use super::View;
use crate::account::AccountChange;
use crate::entry::Entry;
use crate::event::{Event, What};
use crate::failure::Failure;
use crate::id::PersonId;
use crate::order::Order;
use crate::place::Position;
use crate::refusal::Refusal;
use crate::trouble::Trouble;

/// Entries that are read at once: 4 MiB of texts at the most.
const AT_ONCE: usize = 64;
/// Entries that are looked at in one moment, so that no reading holds the write-ahead log for long.
const LOOKED_AT: usize = 4_096;
/// Octets of texts after which a piece ends.
const OCTETS: usize = 64 * 1024;

/// A piece of what the log keeps about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concerning {
    /// In the order of the log. Of what others said to them, the text is left out: it is about those, too.
    pub events: Vec<Event>,
    /// What comes after this place has not been looked at; nothing once everything has been.
    pub next: Option<Position>,
}

impl View<'_> {
    /// What the log keeps about somebody between two places of it, for themselves and the server.
    ///
    /// A call looks at a bounded part; the next one goes on from where it says.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotAllowed`] for everybody else.
    pub fn concerning(
        &self,
        person: PersonId,
        after: Position,
        up_to: Position,
    ) -> Result<Concerning, Failure> {
        if self.asker != person && self.asker != PersonId::SERVER {
            return Err(Refusal::NotAllowed.into());
        }
        let (mut events, mut octets, mut at) = (Vec::new(), 0, after);
        for _ in 0..LOOKED_AT / AT_ONCE {
            let read = self.state.entries(at.0, AT_ONCE)?;
            let Some((last, _)) = read.last() else { return Ok(Concerning { events, next: None }) };
            at = Position(*last);
            for (_, entry) in read.iter().filter(|(position, _)| *position <= up_to.0) {
                let event = Entry::from_octets(entry).map_err(Trouble::from)?.event;
                let event = event.and_then(|event| told_to(person, event));
                octets += if event.is_some() { entry.len() } else { 0 };
                events.extend(event);
            }
            if at >= up_to {
                return Ok(Concerning { events, next: None });
            }
            if octets >= OCTETS {
                break;
            }
        }
        Ok(Concerning { events, next: Some(at) })
    }
}

/// An event as it is told to somebody whom it concerns; nothing if it does not.
fn told_to(person: PersonId, mut event: Event) -> Option<Event> {
    if event.by == person {
        return Some(event);
    }
    match &mut event.what {
        What::Posted { text, mentions, .. } | What::Edited { text, mentions, .. }
            if mentions.contains(&person) =>
        {
            text.clear();
            *mentions = vec![person];
            Some(event)
        }
        What::Joined { person: who } | What::Left { person: who } | What::RoleSet { person: who, .. }
            if *who == person =>
        {
            Some(event)
        }
        What::RoomCreated { with, .. } if with.contains(&person) => Some(event),
        What::Deleted { of: Some(who), .. } if *who == person => Some(event),
        What::Ordered { order } if order.person() == Some(person) => Some(event),
        What::Account { change: AccountChange::IssueLink { person: who, .. } } if *who == person => {
            Some(event)
        }
        // A report is not in it: who reports somebody is kept from them.
        What::Ordered { order: Order::Undone { undone } } if undone.people.contains(&person) => {
            undone.people = vec![person];
            undone.rooms.clear();
            Some(event)
        }
        What::Ordered { order } if order.person() == Some(person) => Some(event),
        _ => None,
    }
}
