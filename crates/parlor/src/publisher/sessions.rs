//! Whose sessions may have ended since a welcome was read.

use std::collections::HashMap;
use std::sync::Arc;

use parlor_chat::{Chat, PersonId, Position};

use crate::identity::Signed;

/// People whose last change is known, before those are forgotten whom no welcome is waiting for.
const KNOWN: usize = 10_000;

/// The last change of each account that had one lately.
pub(super) struct Sessions {
    chat: Arc<Chat>,
    changed: HashMap<PersonId, Position>,
}

impl Sessions {
    pub(super) fn new(chat: Arc<Chat>) -> Self {
        Sessions { chat, changed: HashMap::new() }
    }

    /// Something changed about an account. Nobody comes any more whose welcome is from before `forgotten`.
    pub(super) fn changed(&mut self, person: PersonId, position: Position, forgotten: Position) {
        if self.changed.len() >= KNOWN {
            self.changed.retain(|_, last| *last > forgotten);
        }
        self.changed.insert(person, position);
    }

    /// Whether a session has ended that was open when a welcome was read. The data is looked at only if something has
    /// changed since.
    pub(super) fn may_have_ended(&self, signed: Signed, position: Position) -> bool {
        self.changed.get(&signed.person).is_some_and(|changed| *changed > position) && !self.is_open(signed)
    }

    /// Whether somebody is signed in, as things are now. If that cannot be read, they are not.
    pub(super) fn is_open(&self, signed: Signed) -> bool {
        let open =
            self.chat.view(PersonId::SERVER, |view| Ok(view.is_signed_in(signed.person, signed.session)?));
        open.unwrap_or(false)
    }
}
