//! Who owns the server, and who may order what.

use parlor_chat::{Action, Door, Order, Refusal, SecretHash, ServerRole};

use crate::support::{accept, arrive, memory, person, proposal, refuse};
use crate::world::{GUEST, MEMBER, MODERATOR, OWNER, World};

fn order(number: u64, order: Order) -> parlor_chat::Proposal {
    proposal(person(number), Action::Order { order })
}

#[test]
fn of_two_who_claim_a_new_server_at_once_one_owns_it_and_the_secret_is_spent() {
    let mut log = memory();
    (0..2).for_each(|number| _ = accept(&mut log, arrive(number)));
    let offer = |secret| {
        proposal(parlor_chat::PersonId::SERVER, Action::Order { order: Order::OfferOwnership { secret } })
    };
    accept(&mut log, offer(SecretHash::of("old")));
    accept(&mut log, offer(SecretHash::of("secret")));
    let claim = |number, secret| order(number, Order::ClaimOwnership { secret: SecretHash::of(secret) });
    for guess in ["", "old", "Secret", "secret "] {
        assert_eq!(refuse(&mut log, claim(0, guess)), Refusal::OfferInvalid, "{guess:?}");
    }
    use parlor_chat::log::Log;
    let both = log.append(&[claim(1, "secret"), claim(0, "secret")]).unwrap();
    assert!(both[0].verdict.is_ok());
    assert_eq!(both[1].verdict, Err(Refusal::OfferInvalid));
    assert_eq!(refuse(&mut log, claim(1, "secret")), Refusal::OfferInvalid);
    assert_eq!(refuse(&mut log, offer(SecretHash::of("again"))), Refusal::OfferInvalid, "it is owned");
}

#[test]
fn only_an_owner_gives_roles_and_the_last_one_stays() {
    let mut world = World::new();
    let role = |number, role| Order::SetServerRole { person: person(number), role };
    for by in [MODERATOR, MEMBER, GUEST] {
        assert_eq!(world.not_ordered(by, role(by, ServerRole::Owner)), Refusal::NotAllowed);
        assert_eq!(world.not_ordered(by, Order::SetDoor { door: Door::Closed }), Refusal::NotAllowed);
    }
    assert_eq!(world.not_ordered(OWNER, role(OWNER, ServerRole::Member)), Refusal::LastServerOwner);
    world.order(OWNER, role(MODERATOR, ServerRole::Owner));
    assert_eq!(world.not_ordered(OWNER, role(MODERATOR, ServerRole::Guest)), Refusal::NotAllowed);
    world.order(OWNER, role(OWNER, ServerRole::Member));
    assert_eq!(world.not_ordered(MODERATOR, role(MODERATOR, ServerRole::Member)), Refusal::LastServerOwner);
    let keepers = world.see(person(MEMBER), |view| Ok(view.keepers()?)).unwrap();
    assert_eq!(keepers, [person(MODERATOR)]);
    world.does(MODERATOR, Action::EraseMe);
    let keepers = world.see(person(MEMBER), |view| Ok(view.keepers()?)).unwrap();
    assert_eq!(keepers, []);
    world.server(Order::OfferOwnership { secret: SecretHash::of("anew") });
}

#[test]
fn nobody_restrains_those_who_are_not_further_down() {
    let mut world = World::new();
    for (by, of) in
        [(GUEST, MEMBER), (MEMBER, GUEST), (MODERATOR, MODERATOR), (MODERATOR, OWNER), (OWNER, OWNER)]
    {
        let (of, reason) = (person(of), String::new);
        for order in [
            Order::Kick { person: of, reason: reason() },
            Order::Ban { person: of, until: None, reason: reason() },
            Order::Mute { person: of, room: None, until: None, reason: reason() },
            Order::Unban { person: of },
            Order::Unmute { person: of, room: None },
        ] {
            assert_eq!(world.not_ordered(by, order), Refusal::NotAllowed);
        }
    }
    world.order(OWNER, Order::Ban { person: person(MODERATOR), until: None, reason: String::new() });
}
