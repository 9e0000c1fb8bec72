//! Somebody new: a person and a nickname that nobody else has.

use std::sync::Arc;

use parlor_chat::{Action, PersonId, Proposal, Refusal, Timestamp};

use crate::identity::random;
use crate::space::Space;

/// Draws after which a longer number is drawn, because most of the short ones are taken.
const SHORT_DRAWS: u32 = 16;
/// Draws after which something else must be wrong.
pub(super) const DRAWS: u32 = 64;

/// What is called with who somebody is now; it must not block.
pub(super) type Arrived = Box<dyn FnOnce(Result<PersonId, NotArrived>) + Send>;

/// Why nobody arrived.
pub(super) enum NotArrived {
    /// The person is here already.
    IsHere,
    Failed,
}

/// Makes a person, under a nickname `user-` and a number that is drawn until it is free.
pub(super) fn arrive(space: &Arc<Space>, person: PersonId, then: Arrived) {
    draw(Arc::clone(space), person, 0, then);
}

/// A nickname that may be free.
pub(super) fn draw_nickname(draws: u32) -> String {
    let below = if draws < SHORT_DRAWS { 100_000 } else { 1_000_000_000 };
    format!("user-{}", random() % below)
}

fn draw(space: Arc<Space>, person: PersonId, draws: u32, then: Arrived) {
    let nickname = draw_nickname(draws);
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
            Ok(Ok(_)) => then(Ok(person)),
            Ok(Err(Refusal::NicknameTaken)) if draws < DRAWS => draw(again, person, draws + 1, then),
            Ok(Err(Refusal::IdTaken)) => then(Err(NotArrived::IsHere)),
            Ok(Err(_)) | Err(_) => then(Err(NotArrived::Failed)),
        }
    });
    if handed_in.is_err()
        && let Some(then) = take(&then)
    {
        then(Err(NotArrived::Failed));
    }
}
