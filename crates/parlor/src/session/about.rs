//! What is known of one person, and what filters hold back: the views know who may know it.

use parlor_chat::view::View;
use parlor_chat::{AddressRange, Failure, InviteId, PersonId, Place, Role, Sequence, ServerRole, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

use super::names::Names;
use crate::wire::{About, People, Term, ok};

/// The answer to `about`.
pub(super) fn card(view: &View<'_>, id: Option<&RawValue>, wish: &About) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct Card {
        person: PersonId,
        name: String,
        /// Since when they are here.
        since: u64,
        /// On the server.
        server_role: ServerRole,
        /// In the room that was asked about.
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
        #[serde(skip_serializing_if = "Option::is_none")]
        muted: Option<Term>,
        #[serde(skip_serializing_if = "Option::is_none")]
        muted_here: Option<Term>,
        #[serde(skip_serializing_if = "Option::is_none")]
        banned: Option<Term>,
        #[serde(skip_serializing_if = "Option::is_none")]
        came_by: Option<InviteId>,
        /// The ranges that they came from, narrowest first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ranges: Vec<AddressRange>,
    }
    let found = view.card(wish.person, wish.room)?;
    let now = Timestamp::now();
    let in_force =
        |term: Option<parlor_chat::view::Term>| term.filter(|term| term.holds(now)).map(Term::from);
    let card = Card {
        person: found.person.id,
        name: found.person.nickname,
        since: found.person.arrived_at.0,
        server_role: found.person.role,
        role: found.role,
        muted: in_force(found.muted),
        muted_here: in_force(found.muted_here),
        banned: in_force(found.banned),
        came_by: found.came_by,
        ranges: found.ranges,
    };
    Ok(ok(id, &card))
}

/// The answer to `held`.
pub(super) fn held(view: &View<'_>, id: Option<&RawValue>) -> Result<String, Failure> {
    #[derive(Serialize)]
    struct One {
        withheld: u64,
        at: u64,
        #[serde(flatten)]
        message: Place,
        by: PersonId,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        thread: Option<Sequence>,
    }
    #[derive(Serialize)]
    struct All {
        held: Vec<One>,
        people: People,
    }
    let mut names = Names::new(view);
    let mut all = Vec::new();
    for one in view.held()? {
        names.meet(&[one.sample.by])?;
        let (message, by, text) = (one.sample.message, one.sample.by, one.sample.text);
        all.push(One { withheld: one.position.0, at: one.at.0, message, by, text, thread: one.thread });
    }
    Ok(ok(id, &All { held: all, people: names.known }))
}
