//! Whether every place of a room is accounted for, and everybody was told of all of it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::evidence::{Event, Evidence};
use super::problems::Kind;
use super::wish::{Fate, Name, Place, Wished};

impl Evidence {
    /// Compares what was told with what was acknowledged, and with the last places of the rooms.
    pub(super) fn settle_accounts(&mut self, lasts: &[u64]) {
        for (room, last) in lasts.iter().enumerate() {
            self.settle_room(room, *last);
        }
        let open: Vec<Name> =
            self.wishes.iter().filter(|(_, wish)| wish.fate == Fate::Open).map(|(name, _)| *name).collect();
        for name in open {
            self.problems.add(Kind::Unsettled, || name.to_string());
        }
    }

    fn settle_room(&mut self, room: usize, last: u64) {
        let mut problems = std::mem::take(&mut self.problems);
        let wishes = || self.wishes.iter().filter(|(_, wish)| wish.room == room);
        let mut at: HashMap<u64, (Name, Place)> = HashMap::new();
        let mut deleted: HashSet<Name> = HashSet::new();
        for (name, wish) in wishes() {
            if let Wished::Delete(post) = &wish.wished {
                deleted.insert(*post);
            }
            let Some(place) = wish.place() else { continue };
            if let Some((other, _)) = at.insert(place.sequence, (*name, place)) {
                problems.add(Kind::Reordered, || {
                    format!("{name} and {other} were both acknowledged at {place:?} of room {room}")
                });
            }
        }
        let events = &self.rooms[room].events;
        let unknown = wishes().any(|(_, wish)| wish.fate == Fate::Open);
        for place in 1..=last.max(events.keys().last().copied().unwrap_or_default()) {
            match (at.get(&place), events.get(&place)) {
                (Some((name, acknowledged)), Some(event)) => {
                    if !self.fits(*name, *acknowledged, event) {
                        problems.add(Kind::Reordered, || {
                            format!("{name} was acknowledged at {acknowledged:?} of room {room}; there is {event:?}")
                        });
                    }
                }
                (Some(_), None) => {}
                // Something of ours that nobody acknowledged, although everything was.
                (None, Some(event)) if self.is_one_of_us(&event.by) && !unknown => {
                    problems.add(Kind::Doubled, || {
                        format!("nobody wished what stands at {place} of room {room}: {event:?}")
                    });
                }
                (None, None) if !unknown => {
                    problems.add(Kind::Gap, || format!("nothing stands at {place} of room {room}"));
                }
                (None, _) => {}
            }
        }
        for (place, (name, _)) in &at {
            if *place > last {
                problems.add(Kind::Lost, || {
                    format!("{name} was acknowledged at {place} of room {room}, which ends at {last}")
                });
            }
        }
        for place in &self.rooms[room].holes {
            let about = at.get(place).and_then(|(name, _)| match &self.wishes[name].wished {
                Wished::Post(_) => Some(*name),
                Wished::Edit(post, _) => Some(*post),
                _ => None,
            });
            if !about.is_some_and(|post| deleted.contains(&post)) && !unknown {
                problems.add(Kind::Gap, || {
                    format!("place {place} of room {room} was left out, and is not a deleted message's")
                });
            }
        }
        self.problems = problems;
    }

    /// Whether an event is what a wish must have become.
    fn fits(&self, name: Name, place: Place, event: &Event) -> bool {
        let wish = &self.wishes[&name];
        let place_of = |post: &Name| self.wishes.get(post)?.place().map(|place| place.sequence);
        let (kind, about) = match &wish.wished {
            Wished::Create => ("room_created", None),
            Wished::Join => ("joined", None),
            Wished::Post(_) => ("posted", None),
            Wished::Edit(post, _) => ("edited", place_of(post)),
            Wished::Delete(post) => ("deleted", place_of(post)),
            Wished::Read(_) | Wished::Erase => return false,
        };
        let post = match &wish.wished {
            Wished::Edit(post, _) => Some(*post),
            _ => Some(name),
        };
        // A message is told with the text that it had by then.
        let is_text_of =
            |text: &Option<Name>| match text.and_then(|text| Some((text, self.wishes.get(&text)?))) {
                Some((text, wish)) => match &wish.wished {
                    Wished::Post(_) => Some(text) == post && event.kind == "posted",
                    Wished::Edit(of, _) => Some(*of) == post,
                    _ => false,
                },
                None => !matches!(event.kind.as_str(), "posted" | "edited"),
            };
        event.kind == kind
            && event.position == place.position
            && event.by == self.person(name.client)
            && event.about == about.unwrap_or_default()
            && event.names.iter().all(is_text_of)
    }

    /// Rooms in which a client was not told everything up to the end.
    pub(super) fn behind(&self, client: usize, lasts: &[u64]) -> BTreeSet<usize> {
        (0..lasts.len()).filter(|room| self.cursor(*room, client) < lasts[*room]).collect()
    }
}
