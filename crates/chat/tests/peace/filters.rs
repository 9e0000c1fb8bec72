//! Filters, what they hold back, reports, and the list of what was ordered.

use parlor_chat::{Action, Failure, FilterAction, FilterKind, Order, Position, Refusal, What, limits};

use crate::support::{person, room};
use crate::world::{GUEST, MEMBER, MODERATOR, OWNER, World, join, refused, say};

fn filter(pattern: &str, action: FilterAction) -> Order {
    Order::SetFilter { kind: FilterKind::Word, pattern: pattern.into(), action }
}

#[test]
fn what_a_filter_refuses_is_not_said_nor_edited_in() {
    let mut world = World::new();
    world.does(GUEST, join());
    assert_eq!(world.not_ordered(MEMBER, filter("spam", FilterAction::Refuse)), Refusal::NotAllowed);
    world.order(MODERATOR, filter("Spam", FilterAction::Refuse));
    assert_eq!(world.may_not(GUEST, say("buy SPAM now")), Refusal::Filtered);
    let message = world.does(GUEST, say("spammers are fine"));
    let edit = |text: &str| Action::Edit { room: room(1), message, text: text.into(), mentions: vec![] };
    assert_eq!(world.may_not(GUEST, edit("spam")), Refusal::Filtered);
    // Whoever moderates the room has to be able to talk about it.
    world.does(MEMBER, say("no spam here"));
    let remove = || Order::RemoveFilter { kind: FilterKind::Word, pattern: "SPAM".into() };
    world.order(MODERATOR, remove());
    assert_eq!(world.not_ordered(MODERATOR, remove()), Refusal::NoSuchOrder);
    world.does(GUEST, say("spam"));
    for pattern in ["", " ", &"x".repeat(limits::FILTER + 1), "two\nlines"] {
        assert_eq!(world.not_ordered(MODERATOR, filter(pattern, FilterAction::Hold)), Refusal::ReasonInvalid);
    }
}

#[test]
fn what_a_filter_holds_back_is_seen_by_nobody_until_it_is_let_through_at_its_place() {
    let mut world = World::new();
    world.does(GUEST, join());
    world.order(MODERATOR, filter("hmm", FilterAction::Hold));
    world.does(MEMBER, say("before"));
    let held = world.wish(person(GUEST), say("hmm, really"));
    assert!(matches!(held.event.unwrap().what, What::Withheld { .. }));
    let other = world.wish(person(GUEST), say("hmm, worse"));
    world.does(MEMBER, say("after"));
    for asker in [OWNER, MODERATOR, MEMBER, GUEST] {
        assert_eq!(world.texts(asker, room(1)), ["before", "after"]);
    }
    let waiting = world.see(person(MODERATOR), |view| view.withheld()).unwrap();
    let texts: Vec<_> = waiting.iter().map(|one| one.samples[0].text.as_str()).collect();
    assert_eq!(texts, ["hmm, really", "hmm, worse"]);
    assert_eq!(world.see(person(MEMBER), |view| view.withheld()), refused(Refusal::NotAllowed));
    let restore = || Order::Restore { withheld: held.position, rooms: vec![] };
    assert_eq!(world.not_ordered(MEMBER, restore()), Refusal::NotAllowed);
    world.order(MODERATOR, restore());
    assert_eq!(world.texts(GUEST, room(1)), ["before", "hmm, really", "after"]);
    world.order(MODERATOR, Order::Purge { withheld: other.position, messages: vec![] });
    assert_eq!(world.texts(GUEST, room(1)), ["before", "hmm, really", "after"]);
    use parlor_chat::log::Log;
    let entries = world.log.tail(Position(other.position.0 - 1), 1).unwrap();
    assert_eq!(entries[0].event.as_ref().unwrap().what, What::Erased, "it is gone from the log, too");
    assert_eq!(world.not_ordered(MODERATOR, restore()), Refusal::NoSuchOrder);
}

#[test]
fn a_report_reaches_the_moderators_once_and_only_about_what_its_author_could_read() {
    let mut world = World::new();
    world.does(GUEST, join());
    let message = world.does(MEMBER, say("rude"));
    let report = |room, message| Order::Report { room, message, note: "rude".into() };
    assert_eq!(world.not_ordered(GUEST, report(room(2), message)), Refusal::NoSuchRoom);
    assert_eq!(world.not_ordered(GUEST, report(room(1), message.next())), Refusal::NoSuchMessage);
    let position = world.order(GUEST, report(room(1), message)).position;
    assert_eq!(world.see(person(GUEST), |view| view.reports()), refused(Refusal::NotAllowed));
    let reports = world.see(person(MODERATOR), |view| view.reports()).unwrap();
    assert_eq!((reports.len(), reports[0].by, reports[0].message.sequence), (1, person(GUEST), message));
    world.order(MODERATOR, Order::SettleReport { report: position, note: "warned".into() });
    assert_eq!(world.see(person(MODERATOR), |view| view.reports()).unwrap(), []);
    for _ in 0..limits::REPORTS {
        world.order(GUEST, report(room(1), message));
    }
    assert_eq!(world.not_ordered(GUEST, report(room(1), message)), Refusal::TooManyOrders);
}

#[test]
fn every_act_of_a_moderator_is_listed_for_those_who_may_read_where_it_was() {
    let mut world = World::new();
    world.does(GUEST, join());
    let message = world.does(GUEST, say("rude"));
    let secret = world.does(MEMBER, crate::support::say(room(2), "private"));
    world.does(MEMBER, Action::Invite { room: room(2), person: person(GUEST) });
    world.does(MODERATOR, Action::Delete { room: room(1), message });
    world.order(MODERATOR, Order::Kick { person: person(GUEST), reason: "rude".into() });
    world.does(MEMBER, Action::Remove { room: room(2), person: person(GUEST) });
    world.does(MEMBER, Action::Delete { room: room(2), message: secret });
    let audit = |world: &World, asker: u64| {
        world.see(person(asker), |view| {
            let (mut acts, mut before) = (Vec::new(), Position(u64::MAX - 1));
            // Page by page.
            loop {
                let (page, next) = view.audit(before, 1)?;
                acts.extend(page);
                match next {
                    Some(next) => before = next,
                    None => return Ok::<_, Failure>(acts),
                }
            }
        })
    };
    let acts = audit(&world, OWNER).unwrap();
    let what: Vec<_> = acts.iter().map(|act| serde_json::to_value(&act.what).unwrap()).collect();
    assert_eq!(what[0]["order"]["act"], "kick");
    assert_eq!((what[1]["type"].as_str(), &acts[1].by), (Some("deleted"), &person(MODERATOR)));
    assert!(matches!(&acts[1].what, What::Deleted { of, .. } if *of == Some(person(GUEST))));
    assert_eq!(what[2]["order"]["act"], "set_server_role");
    assert_eq!(
        acts.len(),
        5,
        "two roles and the claim; what happened in the private room is not theirs to read"
    );
    assert_eq!(audit(&world, MEMBER), refused(Refusal::NotAllowed));
}
