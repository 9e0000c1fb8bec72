//! Muting and banning: what stops, for how long, and that nothing is read meanwhile.

use parlor_chat::view::{From, View};
use parlor_chat::{
    Action, AddressRange, Failure, Order, Origin, PersonId, Position, Refusal, Sequence, Timestamp,
};

use crate::support::{person, room};
use crate::world::{GUEST, LOBBY, MEMBER, MODERATOR, World, join, refused, say};

fn ban(number: u64, until: Option<u64>) -> Order {
    Order::Ban { person: person(number), until: until.map(Timestamp), reason: "spam".into() }
}

#[test]
fn who_is_banned_sees_nothing_and_does_nothing_until_it_is_over() {
    let mut world = World::new();
    world.does(GUEST, join());
    let message = world.does(GUEST, say("mine"));
    let start = world.now;
    world.order(MODERATOR, ban(GUEST, Some(start + 60_000)));
    type Look = fn(&View<'_>) -> Result<(), Failure>;
    let looks: [(&str, Look); 12] = [
        ("room", |view| view.room(LOBBY).map(drop)),
        ("rooms", |view| Ok(view.rooms().map(drop)?)),
        ("public rooms", |view| Ok(view.public_rooms("", "", 9).map(drop)?)),
        ("members", |view| view.members(room(1), PersonId(0), 9).map(drop)),
        ("history", |view| view.history(room(1), From::Latest, 9).map(drop)),
        ("history around", |view| view.history(room(1), From::Around(Sequence(2)), 9).map(drop)),
        ("subscribe", |view| view.since(room(1), Sequence(0), 9).map(drop)),
        ("message", |view| view.message(room(1), Sequence(3)).map(drop)),
        ("thread", |view| view.thread(room(1), Sequence(3), Sequence(0), 9).map(drop)),
        ("pins", |view| view.pins(room(1)).map(drop)),
        ("mentions", |view| Ok(view.mentions(Position(u64::MAX - 1), 9).map(drop)?)),
        ("person", |view| Ok(view.person(person(0)).map(drop)?)),
    ];
    let acts = [
        say("again"),
        Action::Delete { room: room(1), message },
        Action::Leave { room: room(1) },
        Action::Rename { nickname: "other".into() },
        Action::Read { room: room(1), up_to: message },
        Action::Order { order: Order::Report { room: room(1), message, note: String::new() } },
    ];
    for (name, look) in looks {
        assert_eq!(world.see(person(GUEST), look), refused(Refusal::Banned), "{name}");
    }
    for act in &acts {
        assert_eq!(world.may_not(GUEST, act.clone()), Refusal::Banned);
    }
    assert_eq!(world.see(person(MODERATOR), |view| view.restrained(view_time(start))).unwrap().len(), 1);
    world.now = start + 60_000;
    for (name, look) in looks {
        assert_eq!(world.see(person(GUEST), look), Ok(()), "{name}");
    }
    world.does(GUEST, say("back"));
    let over = world.see(person(MODERATOR), |view| view.restrained(view_time(start + 60_000))).unwrap();
    assert_eq!(over, []);
}

fn view_time(at: u64) -> Timestamp {
    Timestamp(at)
}

#[test]
fn a_ban_without_an_end_is_lifted_by_hand_and_nobody_is_kept_from_erasing_themselves() {
    let mut world = World::new();
    world.order(MODERATOR, ban(GUEST, None));
    world.now += 1_000_000_000_000;
    assert_eq!(world.may_not(GUEST, Action::Rename { nickname: "x".into() }), Refusal::Banned);
    world.order(MODERATOR, Order::Unban { person: person(GUEST) });
    world.does(GUEST, Action::Rename { nickname: "x".into() });
    world.order(MODERATOR, ban(GUEST, None));
    world.does(GUEST, Action::EraseMe);
    assert_eq!(world.not_ordered(MODERATOR, ban(GUEST, None)), Refusal::NoSuchPerson);
    let past = world.now;
    assert_eq!(world.not_ordered(MODERATOR, ban(MEMBER, Some(past))), Refusal::ReasonInvalid);
}

#[test]
fn who_is_muted_reads_on_and_says_nothing() {
    let mut world = World::new();
    world.does(GUEST, join());
    let message = world.does(GUEST, say("mine"));
    let mute = |room| Order::Mute { person: person(GUEST), room, until: None, reason: String::new() };
    let said = [
        say("again"),
        Action::Edit { room: room(1), message, text: "changed".into(), mentions: vec![] },
        Action::React { room: room(1), message, reaction: "x".into() },
        Action::Pin { room: room(1), message },
    ];
    // The room's owner mutes in the room alone, and not who stands above them.
    world.order(MEMBER, mute(Some(room(1))));
    for act in &said {
        assert_eq!(world.may_not(GUEST, act.clone()), Refusal::Muted);
    }
    world.does(GUEST, crate::support::say(LOBBY, "elsewhere"));
    assert_eq!(world.texts(GUEST, room(1)), ["mine"]);
    let of_owner = Order::Mute { person: person(0), room: Some(room(1)), until: None, reason: String::new() };
    assert_eq!(world.not_ordered(MEMBER, of_owner), Refusal::NotAllowed);
    world.order(MEMBER, Order::Unmute { person: person(GUEST), room: Some(room(1)) });
    world.does(GUEST, say("free"));

    world.order(MODERATOR, mute(None));
    for act in said.iter().chain([&crate::support::say(LOBBY, "elsewhere")]) {
        assert_eq!(world.may_not(GUEST, act.clone()), Refusal::Muted);
    }
    world.does(GUEST, Action::Delete { room: room(1), message });
    world.order(MODERATOR, Order::Unmute { person: person(GUEST), room: None });
    world.does(GUEST, say("free again"));
}

#[test]
fn slow_mode_lets_everybody_speak_only_so_often_but_whoever_moderates() {
    let mut world = World::new();
    world.does(GUEST, join());
    let slow = |milliseconds| Order::SetSlowMode { room: room(1), milliseconds };
    assert_eq!(world.not_ordered(GUEST, slow(10_000)), Refusal::NotAllowed);
    world.order(MEMBER, slow(10_000));
    world.does(GUEST, say("one"));
    assert_eq!(world.may_not(GUEST, say("two")), Refusal::SlowMode);
    world.does(MEMBER, say("three"));
    world.does(MEMBER, say("four"));
    world.now += 9_999;
    assert_eq!(world.may_not(GUEST, say("two")), Refusal::SlowMode);
    world.now += 1;
    world.does(GUEST, say("two"));
    world.now += 10_000;
    let taken_back = world.does(GUEST, say("no"));
    world.does(GUEST, Action::Delete { room: room(1), message: taken_back });
    assert_eq!(world.may_not(GUEST, say("yes")), Refusal::SlowMode, "what was taken back counts");
    world.order(MEMBER, slow(0));
    world.does(GUEST, say("five"));
    assert_eq!(world.see(person(GUEST), |view| view.room(room(1))).unwrap().slow_mode, 0);
}

#[test]
fn nobody_new_comes_from_a_banned_range() {
    let mut world = World::new();
    let arrive = |ranges: &[u64]| Action::Arrive {
        nickname: "new".into(),
        from: Origin { ranges: ranges.iter().copied().map(AddressRange).collect(), ..Origin::default() },
    };
    let range = AddressRange(77);
    let end = world.now + 1_000;
    world.order(MODERATOR, Order::BanRange { range, until: Some(Timestamp(end)), reason: String::new() });
    assert_eq!(world.may_not(50, arrive(&[1, 77, 3])), Refusal::RangeBanned);
    world.does(51, Action::Arrive { nickname: "elsewhere".into(), from: Origin::default() });
    world.now = end;
    world.does(50, arrive(&[1, 77, 3]));
    world.order(MODERATOR, Order::BanRange { range, until: None, reason: String::new() });
    world.order(MODERATOR, Order::UnbanRange { range });
    world.does(
        52,
        Action::Arrive {
            nickname: "newer".into(),
            from: Origin { ranges: vec![range], ..Origin::default() },
        },
    );
}

#[test]
fn where_somebody_came_from_is_forgotten_and_leaves_nothing_in_the_log() {
    let mut world = World::new();
    let from = Origin { ranges: vec![AddressRange(77)], ..Origin::default() };
    world.does(50, Action::Arrive { nickname: "new".into(), from });
    let selection = parlor_chat::Selection { range: Some(AddressRange(77)), ..Default::default() };
    let found = |world: &World| world.see(person(MODERATOR), |view| view.review(&selection)).unwrap().people;
    assert_eq!(found(&world), [person(50)]);
    world.server(Order::ForgetOrigins { people: vec![person(50), person(MEMBER)] });
    assert_eq!(found(&world), []);
    use parlor_chat::log::Log;
    let entries = world.log.tail(Position(0), usize::MAX).unwrap();
    let is_kept = entries.iter().any(|entry| {
        matches!(entry.event.as_ref().map(|event| &event.what),
            Some(parlor_chat::What::Arrived { ranges, .. }) if !ranges.is_empty())
    });
    assert!(!is_kept);
    assert_eq!(world.not_ordered(MODERATOR, Order::ForgetOrigins { people: vec![] }), Refusal::NotAllowed);
}
