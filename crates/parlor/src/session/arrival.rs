//! Somebody new: a person and a nickname that nobody else has.

use std::sync::Arc;

use parlor_chat::{Action, Failure, Origin, PersonId, Proposal, Refusal, Timestamp};

use crate::identity::random;
use crate::space::Space;

/// Draws after which a longer number is drawn, because most of the short ones are taken.
const SHORT_DRAWS: u32 = 16;
/// Draws after which something else must be wrong.
const DRAWS: u32 = 64;

/// A nickname that may be free.
pub(super) fn draw_nickname() -> String {
    drawn(100_000)
}

fn drawn(below: u64) -> String {
    format!("user-{}", random() % below)
}

/// Makes a person under this nickname or, if somebody has it, under one that is drawn until it is free. `then` is called
/// once, and must not block.
pub(super) fn arrive(
    space: &Arc<Space>,
    person: PersonId,
    nickname: String,
    from: Origin,
    then: impl FnOnce(Result<(), Failure>) + Send + 'static,
) {
    attempt(Arc::clone(space), person, (nickname, from), 0, then);
}

fn attempt(
    space: Arc<Space>,
    person: PersonId,
    (nickname, from): (String, Origin),
    draws: u32,
    then: impl FnOnce(Result<(), Failure>) + Send + 'static,
) {
    let action = Action::Arrive { nickname, from: from.clone() };
    let proposal = Proposal { at: Timestamp::now(), by: person, key: None, action };
    let again = Arc::clone(&space);
    space.propose(proposal, move |outcome| match outcome.map(|outcome| outcome.verdict) {
        Ok(Ok(_)) => then(Ok(())),
        Ok(Err(Refusal::NicknameTaken)) if draws < DRAWS => {
            let nickname = if draws < SHORT_DRAWS { draw_nickname() } else { drawn(1_000_000_000) };
            attempt(again, person, (nickname, from), draws + 1, then);
        }
        Ok(Err(refusal)) => then(Err(refusal.into())),
        Err(trouble) => then(Err(trouble.into())),
    });
}
