//! Somebody new: a person and a nickname that nobody else has.

use std::sync::Arc;

use parlor_chat::{Action, PersonId, Proposal, Refusal, Timestamp};

use crate::identity::{new_person, random};
use crate::space::Space;
use crate::wire::WireError;

/// Draws after which a longer number is drawn, because most of the short ones are taken.
const SHORT_DRAWS: u32 = 16;
/// Draws after which something else must be wrong.
const DRAWS: u32 = 64;

/// What is called with who somebody is now and what they are called; it must not block.
pub(super) type Arrived = Box<dyn FnOnce(Result<(PersonId, String), WireError>) + Send>;

/// Makes a person, under a nickname `user-` and a number that is drawn until it is free.
pub(super) fn arrive(space: &Arc<Space>, person: PersonId, then: Arrived) {
    draw(Arc::clone(space), person, 0, then);
}

fn draw(space: Arc<Space>, person: PersonId, draws: u32, then: Arrived) {
    let below = if draws < SHORT_DRAWS { 100_000 } else { 1_000_000_000 };
    let nickname = format!("user-{}", random() % below);
    let action = Action::Arrive { nickname: nickname.clone() };
    let proposal = Proposal { at: Timestamp::now(), by: person, key: None, action };
    let again = Arc::clone(&space);
    // If it is not even taken, `then` is lost with the closure; so it is kept where both find it.
    let then = Arc::new(std::sync::Mutex::new(Some(then)));
    let called = Arc::clone(&then);
    let take = |kept: &std::sync::Mutex<Option<Arrived>>| {
        kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    };
    let handed_in = space.propose(proposal, move |outcome| {
        let Some(then) = take(&called) else { return };
        match outcome.map(|outcome| outcome.verdict) {
            Ok(Ok(_)) => then(Ok((person, nickname))),
            Ok(Err(Refusal::NicknameTaken)) if draws < DRAWS => draw(again, person, draws + 1, then),
            Ok(Err(Refusal::IdTaken)) if draws < DRAWS => draw(again, new_person(), draws + 1, then),
            Ok(Err(refusal)) => then(Err(refusal.into())),
            Err(trouble) => then(Err(trouble.into())),
        }
    });
    if let Err(trouble) = handed_in
        && let Some(then) = take(&then)
    {
        then(Err(trouble.into()));
    }
}
