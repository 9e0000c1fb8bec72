//! What is known of one person: everybody sees roles, whoever it is about sees a mute, whoever keeps the peace the rest.

use parlor_chat::view::{Card, Term};
use parlor_chat::{
    Action, AddressRange, FilterAction, FilterKind, Order, Origin, Refusal, Role, ServerRole, Timestamp,
};

use crate::support::{person, room};
use crate::world::{GUEST, MEMBER, MODERATOR, OWNER, World, join, refused, say};

fn card(world: &World, asker: u64, who: u64) -> Card {
    world.see(person(asker), |view| view.card(person(who), Some(room(1)))).unwrap()
}

fn mute(in_room: bool, reason: &str) -> Order {
    let until = Some(Timestamp(u64::MAX));
    Order::Mute { person: person(GUEST), room: in_room.then(|| room(1)), until, reason: reason.into() }
}

#[test]
fn everybody_sees_roles_and_only_some_see_what_holds_for_somebody() {
    let mut world = World::new();
    world.does(GUEST, join());
    world.order(MODERATOR, mute(false, "cool down"));
    world.order(MEMBER, mute(true, "not here"));
    let reason = |term: &Option<Term>| term.as_ref().map(|term| term.reason.clone());
    // Asker, and whether they see the mute everywhere and the one of the room, whose owner the member is.
    for (asker, everywhere, here) in
        [(OWNER, true, true), (MODERATOR, true, true), (MEMBER, false, true), (GUEST, true, true)]
    {
        let card = card(&world, asker, GUEST);
        assert_eq!((card.person.role, card.role), (ServerRole::Guest, Some(Role::Member)));
        assert_eq!(reason(&card.muted), everywhere.then(|| "cool down".to_owned()), "{asker}");
        assert_eq!(reason(&card.muted_here), here.then(|| "not here".to_owned()), "{asker}");
    }
    let moderator = card(&world, GUEST, MODERATOR);
    assert_eq!((moderator.person.role, moderator.role), (ServerRole::Moderator, None));
    // What the page tells whoever is muted before they write.
    let own = world.see(person(GUEST), |view| Ok((view.muted()?, view.room(room(1))?.muted))).unwrap();
    assert_eq!((reason(&own.0), reason(&own.1)), (Some("cool down".into()), Some("not here".into())));
    world.order(MODERATOR, Order::Ban { person: person(GUEST), until: None, reason: "spam".into() });
    assert_eq!(reason(&card(&world, MODERATOR, GUEST).banned), Some("spam".into()));
    assert_eq!(card(&world, MEMBER, GUEST).banned, None);
    let private = world.see(person(GUEST + 9), |view| view.card(person(GUEST), None));
    assert_eq!(private, refused(Refusal::UnknownPerson));
    let hidden = world.see(person(OWNER), |view| view.card(person(GUEST), Some(room(2))));
    assert_eq!(hidden, refused(Refusal::NoSuchRoom));
    let nobody = world.see(person(OWNER), |view| view.card(person(77), None));
    assert_eq!(nobody, refused(Refusal::NoSuchPerson));
}

#[test]
fn where_somebody_came_from_is_for_whoever_may_shut_them_out() {
    let mut world = World::new();
    let ranges = vec![AddressRange(7), AddressRange(8)];
    let origin = Origin { ranges: ranges.clone(), ..Origin::default() };
    world.does(9, Action::Arrive { nickname: "new".into(), from: origin });
    assert_eq!(card(&world, MODERATOR, 9).ranges, ranges);
    assert_eq!(card(&world, MEMBER, 9).ranges, []);
    assert_eq!(card(&world, 9, 9).ranges, []);
}

#[test]
fn what_is_held_back_is_shown_to_its_author_and_to_whoever_may_let_it_through() {
    let mut world = World::new();
    world.does(GUEST, join());
    let kind = FilterKind::Word;
    world.order(MODERATOR, Order::SetFilter { kind, pattern: "hmm".into(), action: FilterAction::Hold });
    let held = world.wish(person(GUEST), say("hmm, really"));
    let texts = |world: &World, asker: u64| -> Vec<String> {
        let held = world.see(person(asker), |view| view.held()).unwrap();
        held.into_iter().map(|one| one.sample.text).collect()
    };
    for (asker, seen) in [(OWNER, true), (MODERATOR, true), (MEMBER, false), (GUEST, true)] {
        assert_eq!(texts(&world, asker).len(), usize::from(seen), "{asker}");
    }
    assert_eq!(texts(&world, GUEST), ["hmm, really"]);
    world.order(MODERATOR, Order::Restore { withheld: held.position, rooms: vec![] });
    assert!(texts(&world, GUEST).is_empty());
}

#[test]
fn who_is_muted_in_a_room_is_listed_for_whoever_may_read_it() {
    let mut world = World::new();
    world.does(GUEST, join());
    world.order(MEMBER, mute(true, "not here"));
    let listed = |world: &World| world.see(person(MODERATOR), |view| view.restrained(Timestamp(0))).unwrap();
    let found: Vec<_> = listed(&world).into_iter().map(|one| (one.person, one.room, one.muted)).collect();
    assert_eq!(found, [(Some(person(GUEST)), Some(room(1)), true)]);
    world.order(MEMBER, Order::Unmute { person: person(GUEST), room: Some(room(1)) });
    assert_eq!(listed(&world), []);
}
