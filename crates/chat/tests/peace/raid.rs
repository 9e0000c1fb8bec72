//! A raid: what 200 guests did is undone in one act, brought back in another, and erased for good in a third.
//!
//! Places that were given out stay given out, as those of erased messages do. So "as if it had never been" means: whatever
//! anybody can see is the same, in the same order, with the same counts; only the numbers of places are not compared.
//! Brought back, the numbers are compared, too: everything is exactly what and where it was.

use std::collections::BTreeMap;
use std::fmt::Write;

use parlor_chat::log::Log;
use parlor_chat::view::{From, View};
use parlor_chat::{
    Action, Failure, InviteId, Order, Origin, PersonId, Position, Refusal, SecretHash, Selection, Sequence,
    ServerRole, ShownInvite, Timestamp, Visibility, What,
};

use crate::support::{memory, person, room, say as say_in};
use crate::world::{GUEST, LOBBY, MEMBER, MODERATOR, OWNER, World, join, say};

const RAIDERS: u64 = 200;
const MESSAGES: u64 = 5_000;
const INVITE: InviteId = InviteId(99);

/// What everybody does, with or without a raid; `meanwhile` happens in between.
fn story(meanwhile: impl Fn(&mut World, usize)) -> World {
    let mut world = World::new();
    let (secret, role) = (SecretHash::of("join us"), ServerRole::Guest);
    world.order(
        MODERATOR,
        Order::MakeInvite { invite: INVITE, secret, until: None, uses: 0, rooms: vec![], role },
    );
    for number in [OWNER, MODERATOR, GUEST] {
        world.does(number, join());
    }
    let first = world.does(GUEST, say("first"));
    let edit =
        |message, text: &str| Action::Edit { room: room(1), message, text: text.into(), mentions: vec![] };
    world.does(GUEST, edit(first, "first, edited"));
    let topic = world.does(MEMBER, say("topic"));
    world.does(MODERATOR, react(topic, "👍"));
    world.now += 3_600_000;
    for step in 0..24 {
        meanwhile(&mut world, step);
        let said = world.does(MEMBER, say(&format!("hello {step}")));
        let answer = Action::Post {
            room: room(1),
            text: format!("hello to you, {step}"),
            reply_to: Some(said),
            thread: Some(topic),
            mentions: vec![person(MEMBER)],
        };
        world.does(MODERATOR, answer);
        world.does(OWNER, react(said, "🎉"));
        world.does(OWNER, say_in(LOBBY, "in the lobby"));
        world.now += 1_000;
    }
    meanwhile(&mut world, 24);
    world
}

fn react(message: Sequence, reaction: &str) -> Action {
    Action::React { room: room(1), message, reaction: reaction.into() }
}

fn raider(number: u64) -> u64 {
    1_000 + number
}

/// One step of the raid: each raider does something; the guest, who was there before, takes part.
fn raid(world: &mut World, step: usize) {
    let (first, topic) = (Sequence(5), Sequence(7));
    if step == 0 {
        for number in 0..RAIDERS {
            let invite = Some(ShownInvite { invite: INVITE, secret: SecretHash::of("join us") });
            let from = Origin { invite, ..Origin::default() };
            world.does(raider(number), Action::Arrive { nickname: format!("raider-{number}"), from });
            world.does(raider(number), join());
        }
        for number in 0..20 {
            let (name, topic) = (format!("raided {number}"), "now ours".to_owned());
            let visibility = if number % 2 == 0 { Visibility::Public } else { Visibility::Private };
            world.does(
                raider(number),
                Action::CreateRoom { room: room(100 + number), visibility, name, topic },
            );
            let with = vec![person(MEMBER)];
            world.does(raider(number), Action::OpenDirect { room: room(200 + number), with });
            world.does(raider(number), Action::Invite { room: room(100 + number), person: person(OWNER) });
        }
    }
    let each = MESSAGES / RAIDERS / 25;
    for number in 0..RAIDERS {
        let rooms = [LOBBY, room(1), room(100 + number % 20), room(200 + number % 20)];
        let by = if number % 4 < 2 { raider(number) } else { raider(number % 20) };
        for message in 0..each {
            let text = format!("raid {step} {number} {message}");
            let said = world.does(by, say_in(rooms[(number % 4) as usize], &text));
            if number % 4 == 1 {
                world.does(raider(number + 1), react(said, "😈"));
                world.does(raider(number), Action::Pin { room: room(1), message: said });
                world.does(raider(number), Action::Unpin { room: room(1), message: said });
            }
        }
    }
    let wish = |world: &mut World, number, action| world.does(raider(number), action);
    let by = step as u64;
    wish(world, by, Action::Rename { nickname: format!("renamed-{step}") });
    wish(world, by, react(topic, if step.is_multiple_of(2) { "👍" } else { "😈" }));
    wish(
        world,
        30 + by,
        Action::Post {
            room: room(1),
            text: "in your thread".into(),
            reply_to: Some(topic),
            thread: Some(topic),
            mentions: vec![person(MEMBER), person(OWNER)],
        },
    );
    if step == 3 {
        wish(world, 7, Action::Pin { room: room(1), message: topic });
        world.does(GUEST, react(topic, "👍"));
        world.does(GUEST, say("joining in"));
        let text = "turned".to_owned();
        world
            .does(GUEST, Action::Edit { room: room(1), message: first, text, mentions: vec![person(OWNER)] });
    }
}

fn selection(world: &World) -> Selection {
    let since = Timestamp(world.now - 10 * 60_000);
    Selection { people: vec![person(GUEST)], invite: Some(INVITE), range: None, since }
}

/// Everything that somebody can see; with `numbers`, also which place of log and room it has.
fn picture(world: &World, asker: u64, numbers: bool) -> String {
    world.see(person(asker), |view| draw(view, numbers)).unwrap()
}

fn draw(view: &View<'_>, numbers: bool) -> Result<String, Failure> {
    let mut text = String::new();
    let name = |person: PersonId| {
        let found = view.person(person)?;
        Ok::<_, Failure>(found.map(|one| (one.nickname, one.is_here)).unwrap_or_default())
    };
    let public = view.public_rooms("", "", 200)?;
    let own = view.rooms()?;
    for room in public.into_iter().chain(own) {
        let unread = view.unread(room.id, 10_000);
        let _ = writeln!(
            text,
            "{:?} {} {:?} {:?} {}",
            room.id, room.name, room.topic, room.visibility, room.members
        );
        let _ = writeln!(text, "  {:?} {unread:?}", room.role);
        let mut after = PersonId(0);
        loop {
            let page = view.members(room.id, after, 200)?;
            let Some(last) = page.last() else { break };
            after = last.person;
            for member in page {
                let _ = writeln!(
                    text,
                    "  member {:?} {:?} {:?}",
                    name(member.person)?,
                    member.role,
                    member.since
                );
            }
        }
        let (mut messages, mut from) = (Vec::new(), From::After(Sequence(0)));
        loop {
            let page = view.history(room.id, from, 200)?;
            messages.extend(page.messages);
            if !page.after {
                break;
            }
            from =
                From::After(messages.last().map(|last: &parlor_chat::view::Message| last.sequence).unwrap());
        }
        let ranks: BTreeMap<Sequence, usize> =
            messages.iter().enumerate().map(|(rank, message)| (message.sequence, rank)).collect();
        for mut message in messages {
            let answers =
                (message.reply_to.map(|at| ranks.get(&at)), message.thread.map(|at| ranks.get(&at)));
            let replies = message.replies.map(|thread| (thread.count, ranks.get(&thread.last).copied()));
            let by = name(message.by)?;
            let pin = message.pin.map(|pin| (pin.by, pin.at));
            let thread = view.thread(room.id, message.sequence, Sequence(0), 200)?;
            let thread: Vec<_> = thread.iter().map(|reply| ranks[&reply.sequence]).collect();
            if !numbers {
                (message.sequence, message.position) = Default::default();
                (message.reply_to, message.thread, message.replies) = Default::default();
            }
            let _ = writeln!(text, "  {by:?} {message:?} {answers:?} {replies:?} {pin:?} {thread:?}");
        }
        let pins: Vec<_> = view.pins(room.id)?.iter().map(|pin| ranks[&pin.sequence]).collect();
        let _ = writeln!(text, "  pins {pins:?}");
    }
    for mention in view.mentions(Position(u64::MAX - 1), 200)? {
        let _ = writeln!(text, "mentioned {:?} {}", mention.room, mention.message.text);
    }
    for nickname in ["raider-1", "raider-50", "renamed-3", "user-3"] {
        let _ = writeln!(text, "{nickname}: {:?}", view.person_called(nickname)?.map(|one| one.is_here));
    }
    Ok(text)
}

fn first_difference(one: &str, other: &str) -> String {
    let pairs = one.lines().zip(other.lines());
    let different = pairs.filter(|(one, other)| one != other).take(3);
    let lines = (one.lines().count(), other.lines().count());
    format!("{lines:?} {:#?}", different.collect::<Vec<_>>())
}

#[track_caller]
fn assert_same(one: &str, other: &str) {
    assert!(one == other, "{}", first_difference(one, other));
}

const ASKERS: [u64; 4] = [OWNER, MODERATOR, MEMBER, GUEST];

#[test]
fn a_raid_is_undone_as_if_it_had_never_been_and_brought_back_as_it_was() {
    let calm = story(|_, _| {});
    let mut raided = story(raid);
    let before: Vec<String> = ASKERS.iter().map(|asker| picture(&raided, *asker, true)).collect();

    let review = raided.see(person(MODERATOR), |view| view.review(&selection(&raided))).unwrap();
    assert!(review.messages as u64 >= MESSAGES / 2, "{review:?}");
    assert_eq!((review.people.len() as u64, review.arrived as u64), (RAIDERS + 1, RAIDERS));
    assert_eq!((review.rooms_opened, review.samples.is_empty()), (40, false));
    assert_eq!(raided.not_ordered(MEMBER, undo(&raided)), Refusal::NotAllowed);

    let order = undo(&raided);
    let begun = std::time::Instant::now();
    let undone = raided.order(MODERATOR, order).position;
    println!("undone in {:?}", begun.elapsed());
    for asker in ASKERS {
        assert_same(&picture(&calm, asker, false), &picture(&raided, asker, false));
    }
    assert_eq!(raided.may_not(raider(3), say("again")), Refusal::UnknownPerson);

    raided.order(MODERATOR, Order::Restore { withheld: undone, rooms: vec![] });
    for (asker, before) in ASKERS.iter().zip(&before) {
        assert_same(before, &picture(&raided, *asker, true));
    }
    raided.does(raider(3), say("again"));
    let gone = raided.not_ordered(MODERATOR, Order::Restore { withheld: undone, rooms: vec![] });
    assert_eq!(gone, Refusal::NoSuchOrder, "it is brought back once");
}

fn undo(world: &World) -> Order {
    Order::Undo { selection: selection(world) }
}

#[test]
fn what_is_undone_is_erased_for_good_and_the_log_comes_to_the_same_state() {
    let calm = story(|_, _| {});
    let mut raided = story(raid);
    let order = undo(&raided);
    let undone = raided.order(MODERATOR, order).position;
    let purged = raided.order(MODERATOR, Order::Purge { withheld: undone, messages: vec![] });
    let What::Ordered { order: Order::Purge { messages, .. } } = purged.event.unwrap().what else { panic!() };
    assert!(messages.len() as u64 >= MESSAGES, "search is told of {}", messages.len());
    for asker in ASKERS {
        assert_same(&picture(&calm, asker, false), &picture(&raided, asker, false));
    }
    let entries = raided.log.tail(Position(0), usize::MAX).unwrap();
    let log = serde_json::to_string(&entries).unwrap();
    assert!(!log.contains("raid 3 1") && !log.contains("turned") && !log.contains("renamed-3"));
    let mut replayed = memory();
    replayed.replay(&entries).unwrap();
    assert_eq!(replayed.state_hash().unwrap(), raided.log.state_hash().unwrap());
}

#[test]
fn who_catches_up_is_told_what_is_not_shown_any_longer_and_what_is_again() {
    let mut world = World::new();
    world.does(GUEST, join());
    let spam = world.does(GUEST, say("spam"));
    let since = Timestamp(world.now);
    let people = vec![person(GUEST)];
    let selection = Selection { people, since, ..Selection::default() };
    let undone = world.order(MODERATOR, Order::Undo { selection });
    let told = undone.event.unwrap().in_rooms();
    let of_room = told.iter().find(|event| event.place.unwrap().room == room(1)).unwrap();
    assert_eq!(of_room.what, What::Hidden { messages: vec![spam] });
    let since = |world: &World, after| {
        let found = world.see(person(MEMBER), |view| view.since(room(1), after, 100)).unwrap();
        let parlor_chat::view::Since::Complete { events, .. } = found else { panic!("{found:?}") };
        events.into_iter().map(|event| event.what).collect::<Vec<_>>()
    };
    assert_eq!(since(&world, spam), [What::Hidden { messages: vec![spam] }]);
    world.order(MODERATOR, Order::Restore { withheld: undone.position, rooms: vec![] });
    let both = [What::Hidden { messages: vec![spam] }, What::Shown { messages: vec![spam] }];
    assert_eq!(since(&world, spam), both);
}

#[test]
fn names_that_others_took_meanwhile_are_not_taken_from_them() {
    let mut world = World::new();
    let arrive = |name: &str| Action::Arrive { nickname: name.into(), from: Origin::default() };
    let create = |number, name: &str| {
        let (name, topic) = (name.to_owned(), String::new());
        Action::CreateRoom { room: room(number), visibility: Visibility::Public, name, topic }
    };
    world.now += 1_000;
    let since = Timestamp(world.now);
    world.does(50, arrive("troll"));
    world.does(50, create(60, "the cave"));
    let selection = Selection { people: vec![person(50)], since, ..Selection::default() };
    let undone = world.order(MODERATOR, Order::Undo { selection }).position;
    let restore = || Order::Restore { withheld: undone, rooms: vec![] };
    world.does(51, arrive("troll"));
    world.does(MEMBER, create(61, "The Cave"));
    assert_eq!(world.not_ordered(MODERATOR, restore()), Refusal::RoomNameTaken);
    world.does(MEMBER, Action::RenameRoom { room: room(61), name: "the hill".into() });
    assert_eq!(world.not_ordered(MODERATOR, restore()), Refusal::NicknameTaken);
    world.does(51, Action::Rename { nickname: "hermit".into() });
    world.order(MODERATOR, restore());
    world.does(50, say_in(room(60), "mine again"));
}

#[test]
fn nobody_undoes_what_those_did_who_are_not_further_down() {
    let mut world = World::new();
    world.does(MODERATOR, say_in(LOBBY, "a moderator's"));
    let of = |people: Vec<PersonId>| Order::Undo { selection: Selection { people, ..Selection::default() } };
    assert_eq!(world.not_ordered(MODERATOR, of(vec![person(MODERATOR)])), Refusal::NotAllowed);
    assert_eq!(world.not_ordered(MODERATOR, of(vec![person(OWNER)])), Refusal::NotAllowed);
    let nothing = world.order(MODERATOR, of(vec![person(GUEST + 40)]));
    assert!(nothing.event.is_none(), "nothing was done, so nothing is undone");
    world.order(OWNER, of(vec![person(MODERATOR)]));
    assert_eq!(world.texts(OWNER, LOBBY), [""; 0]);
}

#[test]
fn what_was_put_on_a_message_that_is_deleted_meanwhile_does_not_come_back() {
    let mut world = World::new();
    world.does(GUEST, join());
    let message = world.does(MEMBER, say("hello"));
    world.now += 1_000;
    let since = Timestamp(world.now);
    let react = Action::React { room: room(1), message, reaction: ":raid:".into() };
    let reacted = world.does(GUEST, react);
    let selection = Selection { people: vec![person(GUEST)], since, ..Selection::default() };
    let undone = world.order(MODERATOR, Order::Undo { selection }).position;
    world.does(MEMBER, Action::Delete { room: room(1), message });
    world.order(MODERATOR, Order::Restore { withheld: undone, rooms: vec![] });
    let after = Sequence(reacted.0 - 1);
    let found = world.see(person(MEMBER), |view| view.since(room(1), after, 100)).unwrap();
    let parlor_chat::view::Since::Complete { events, .. } = found else { panic!("{found:?}") };
    assert!(!events.iter().any(|event| matches!(event.what, What::Reacted { .. })), "{events:?}");
    let entries = world.log.tail(Position(0), usize::MAX).unwrap();
    assert!(!serde_json::to_string(&entries).unwrap().contains(":raid:"));
}
