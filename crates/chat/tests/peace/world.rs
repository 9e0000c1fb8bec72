//! A server with an owner, a moderator, members and guests, and short ways to order something and to look.

use parlor_chat::log::{LocalLog, Log};
use parlor_chat::storage::Memory;
use parlor_chat::view::View;
use parlor_chat::{
    Action, Failure, Order, Outcome, PersonId, Proposal, Refusal, RoomId, SecretHash, Sequence, ServerRole,
    Timestamp, Visibility,
};

use crate::support::{self, START, accept, arrive, ask, create, person, proposal, room};

pub(crate) const OWNER: u64 = 0;
pub(crate) const MODERATOR: u64 = 1;
pub(crate) const MEMBER: u64 = 2;
pub(crate) const GUEST: u64 = 3;
pub(crate) const LOBBY: RoomId = RoomId::LOBBY;

/// A log in memory at a time that moves on.
pub(crate) struct World {
    pub(crate) log: LocalLog<Memory>,
    pub(crate) now: u64,
}

impl World {
    /// An owner, a moderator, a member and a guest. The member owns the public room 1 and the private room 2.
    pub(crate) fn new() -> Self {
        let mut world = World { log: support::memory(), now: START };
        (0..4).for_each(|number| _ = accept(&mut world.log, arrive(number)));
        let secret = SecretHash::of("first");
        world.server(Order::OfferOwnership { secret });
        world.order(OWNER, Order::ClaimOwnership { secret });
        world.role(MODERATOR, ServerRole::Moderator);
        world.role(MEMBER, ServerRole::Member);
        accept(&mut world.log, create(MEMBER, 1, Visibility::Public));
        accept(&mut world.log, create(MEMBER, 2, Visibility::Private));
        world
    }

    fn role(&mut self, number: u64, role: ServerRole) {
        self.order(OWNER, Order::SetServerRole { person: person(number), role });
    }

    pub(crate) fn wish(&mut self, by: PersonId, action: Action) -> Outcome {
        let at = Timestamp(self.now);
        ask(&mut self.log, Proposal { at, ..proposal(by, action) })
    }

    /// Something that must be accepted; its place in its room (0 without one).
    #[track_caller]
    pub(crate) fn does(&mut self, number: u64, action: Action) -> Sequence {
        let receipt = self.wish(person(number), action.clone()).verdict;
        let receipt = receipt.unwrap_or_else(|refusal| panic!("{number} {action:?}: {refusal}"));
        receipt.place.map(|place| place.sequence).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn may_not(&mut self, number: u64, action: Action) -> Refusal {
        self.wish(person(number), action.clone()).verdict.expect_err(&format!("{number} {action:?}"))
    }

    #[track_caller]
    pub(crate) fn order(&mut self, number: u64, order: Order) -> Outcome {
        let outcome = self.wish(person(number), Action::Order { order: order.clone() });
        assert!(outcome.verdict.is_ok(), "{number} {order:?}: {:?}", outcome.verdict);
        outcome
    }

    #[track_caller]
    pub(crate) fn not_ordered(&mut self, number: u64, order: Order) -> Refusal {
        self.may_not(number, Action::Order { order })
    }

    #[track_caller]
    pub(crate) fn server(&mut self, order: Order) -> Outcome {
        let outcome = self.wish(PersonId::SERVER, Action::Order { order });
        assert!(outcome.verdict.is_ok(), "{:?}", outcome.verdict);
        outcome
    }

    pub(crate) fn see<T>(
        &self,
        asker: PersonId,
        look: impl Fn(&View<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut result = None;
        let mut source = self.log.source()?;
        source.read(&mut |state| {
            let view = View::at(state, asker, Timestamp(self.now));
            result = Some(view.and_then(|view| look(&view)));
            Ok(())
        })?;
        result.expect("a source calls once")
    }

    pub(crate) fn texts(&self, asker: u64, room: RoomId) -> Vec<String> {
        let page = self.see(person(asker), |view| view.history(room, parlor_chat::view::From::Latest, 200));
        page.unwrap().messages.into_iter().map(|message| message.text).collect()
    }
}

pub(crate) fn say(text: &str) -> Action {
    support::say(room(1), text)
}

pub(crate) fn join() -> Action {
    Action::Join { room: room(1) }
}

pub(crate) fn refused<T>(refusal: Refusal) -> Result<T, Failure> {
    Err(Failure::Refused(refusal))
}
