//! What people are called, known in memory for those who are heard of now.

use std::collections::HashMap;
use std::sync::Arc;

use parlor_chat::{Chat, Event, PersonId, What};

/// Names that are known at most; when there are more, all are looked up again.
const KNOWN: usize = 100_000;

pub(super) struct Names {
    chat: Arc<Chat>,
    known: HashMap<PersonId, String>,
    /// Those who are here and in no log: who speaks plain text and has not spoken yet.
    guests: HashMap<PersonId, String>,
}

impl Names {
    pub(super) fn new(chat: Arc<Chat>) -> Self {
        Names { chat, known: HashMap::new(), guests: HashMap::new() }
    }

    /// What somebody is called; empty if they are erased, or if the data cannot be read now.
    pub(super) fn of(&mut self, person: PersonId) -> String {
        if let Some(name) = self.known.get(&person).or_else(|| self.guests.get(&person)) {
            return name.clone();
        }
        let found = self.chat.view(PersonId::SERVER, |view| Ok(view.person(person)?));
        let Ok(Some(found)) = found else { return String::new() };
        self.set(person, found.nickname.clone());
        found.nickname
    }

    /// Somebody is here under a name that is in no log.
    pub(super) fn enter(&mut self, guest: PersonId, name: String) {
        self.guests.insert(guest, name);
    }

    /// Somebody is gone who spoke plain text. Returns what they were called.
    pub(super) fn leave(&mut self, guest: PersonId) -> String {
        self.guests.remove(&guest).unwrap_or_else(|| self.of(guest))
    }

    fn set(&mut self, person: PersonId, name: String) {
        if self.known.len() >= KNOWN {
            self.known.clear();
        }
        self.known.insert(person, name);
    }

    /// What somebody is called who speaks plain text, if they are here or at another node.
    pub(super) fn guest(&self, person: PersonId) -> Option<&str> {
        self.guests.get(&person).map(String::as_str)
    }

    /// Somebody at another node is gone who may have spoken plain text. Returns what they were called then.
    pub(super) fn forget(&mut self, person: PersonId) -> Option<String> {
        self.guests.remove(&person)
    }

    /// Takes over what an event says about names.
    pub(super) fn learn(&mut self, event: &Event) {
        match &event.what {
            What::Arrived { nickname, .. } | What::Renamed { nickname } => {
                if let Some(guest) = self.guests.get_mut(&event.by) {
                    guest.clone_from(nickname);
                }
                self.set(event.by, nickname.clone());
            }
            What::PersonErased => self.set(event.by, String::new()),
            _ => {}
        }
    }

    /// Whether somebody may read a room, as things are now.
    pub(super) fn may_read(&self, person: PersonId, room: parlor_chat::RoomId) -> bool {
        self.chat.view(person, |view| view.room(room)).is_ok()
    }
}
