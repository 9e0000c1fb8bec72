//! What must be in a room by everything that was acknowledged, and whether it is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::evidence::Evidence;
use super::line::{Line, Unread};
use super::problems::{Kind, Problems};
use super::wish::{Fate, Name, Place, Wished};

/// Unread messages that a server counts before it says that there are more.
const COUNTED: u64 = 100;

/// What must be in a room.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// By their places.
    messages: BTreeMap<u64, Message>,
    /// Where messages were deleted.
    deleted: BTreeSet<u64>,
    /// Wishes that were never acknowledged: they may have come about or not.
    open: HashSet<Name>,
    us: HashSet<String>,
    /// Somebody else was in the room, and what they said is not known.
    has_strangers: bool,
}

#[derive(Debug)]
struct Message {
    name: Name,
    position: u64,
    by: String,
    /// The text that was acknowledged last, and who is mentioned in it.
    text: Name,
    mentions: Vec<String>,
    /// Texts that may be there instead, because nobody knows whether their edit came about.
    others: HashSet<Name>,
    may_be_gone: bool,
}

impl Expected {
    /// What must be in a room.
    pub(super) fn of(evidence: &Evidence, room: usize) -> Self {
        let mut events = evidence.rooms[room].events.values();
        let has_strangers = events.any(|event| !evidence.is_one_of_us(&event.by));
        let mut expected = Expected { has_strangers, ..Expected::default() };
        let mentions = |mentioned: &Option<usize>| -> Vec<String> {
            mentioned.iter().map(|client| evidence.person(*client).to_owned()).collect()
        };
        let mut places = HashMap::new();
        for (name, wish) in evidence.wishes.iter().filter(|(_, wish)| wish.room == room) {
            expected.us.insert(evidence.person(name.client).to_owned());
            if wish.fate == Fate::Open {
                expected.open.insert(*name);
            }
            if let (Wished::Post(mentioned), Some(place)) = (&wish.wished, wish.place()) {
                places.insert(*name, place.sequence);
                let message = Message {
                    name: *name,
                    position: place.position,
                    by: evidence.person(name.client).to_owned(),
                    text: *name,
                    mentions: mentions(mentioned),
                    others: HashSet::new(),
                    may_be_gone: false,
                };
                // Two at one place are noticed where places are accounted for.
                expected.messages.insert(place.sequence, message);
            }
        }
        let mut edits: Vec<(Place, Name)> = Vec::new();
        for (name, wish) in evidence.wishes.iter().filter(|(_, wish)| wish.room == room) {
            let about = |post: &Name| places.get(post).copied();
            match &wish.wished {
                Wished::Edit(post, _) => match (wish.place(), about(post)) {
                    (Some(place), _) => edits.push((place, *name)),
                    (None, Some(at)) if wish.fate == Fate::Open => {
                        expected.messages.entry(at).and_modify(|message| _ = message.others.insert(*name));
                    }
                    _ => {}
                },
                Wished::Delete(post) => match (wish.place(), about(post)) {
                    (Some(_), Some(at)) => _ = expected.deleted.insert(at),
                    (None, Some(at)) if wish.fate == Fate::Open => {
                        expected.messages.entry(at).and_modify(|message| message.may_be_gone = true);
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        edits.sort_unstable();
        for (_, name) in edits {
            let Wished::Edit(post, mentioned) = &evidence.wishes[&name].wished else { continue };
            if let Some(message) = places.get(post).and_then(|at| expected.messages.get_mut(at)) {
                (message.text, message.mentions) = (name, mentions(mentioned));
            }
        }
        let Expected { messages, deleted, .. } = &mut expected;
        messages.retain(|at, _| !deleted.contains(at));
        expected
    }

    /// Compares the whole history of the room, as somebody read it.
    pub(super) fn compare(&self, who: &str, history: &[Line], problems: &mut Problems) {
        let mut seen = BTreeSet::new();
        let mut last = (0, 0);
        for message in history {
            let place = (message.sequence, message.position);
            if place.0 <= last.0 || place.1 <= last.1 {
                problems.add(Kind::Reordered, || format!("{who} reads {place:?} after {last:?}"));
            }
            last = place;
            seen.insert(message.sequence);
            self.compare_message(who, message, problems);
        }
        for (at, message) in &self.messages {
            if !seen.contains(at) && !message.may_be_gone {
                let name = message.name;
                problems.add(Kind::Lost, || format!("{who} does not read {name}, which stood at {at}"));
            }
        }
    }

    fn compare_message(&self, who: &str, read: &Line, problems: &mut Problems) {
        let at = read.sequence;
        let named = Name::of_text(&read.text);
        let Some(message) = self.messages.get(&at) else {
            // A stranger may say what they like, and what is not known to have come about may have.
            if self.us.contains(&read.by) && !named.is_some_and(|name| self.open.contains(&name)) {
                let kind = if self.deleted.contains(&at) { Kind::Lost } else { Kind::Doubled };
                problems.add(kind, || format!("{who} reads {named:?} at {at}, which must not be there"));
            }
            return;
        };
        if read.position != message.position || read.by != message.by {
            problems.add(Kind::Reordered, || format!("{who} reads {read:?} instead of {message:?}"));
        }
        let is_last = named == Some(message.text) && read.mentions == message.mentions;
        if !is_last && !named.is_some_and(|name| message.others.contains(&name)) {
            problems
                .add(Kind::Lost, || format!("{who} reads at {at} another text: {read:?}, not {message:?}"));
        }
    }

    /// Compares what is unread for somebody who has read up to a place.
    pub(super) fn compare_unread(
        &self,
        person: &str,
        read_up_to: u64,
        counted: Option<Unread>,
        problems: &mut Problems,
    ) {
        // It is known only if everything was answered, and everything said here is ours.
        if !self.open.is_empty() || self.has_strangers {
            return;
        }
        let mut expected = Unread::default();
        for message in self.messages.range(read_up_to + 1..).map(|(_, message)| message) {
            if message.by == person {
                continue;
            }
            if expected.messages == COUNTED {
                expected.more = true;
                break;
            }
            expected.messages += 1;
            expected.mentions += u64::from(message.mentions.iter().any(|mentioned| mentioned == person));
        }
        if counted != Some(expected) {
            problems.add(Kind::Unread, || {
                format!("{person} read up to {read_up_to}: {counted:?} are counted, not {expected:?}")
            });
        }
    }

    /// How many messages there must be.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }
}
