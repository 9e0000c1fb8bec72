//! The verdict on made-up histories: a good one, and ones that are wrong in one way each.

use serde_json::json;

use super::evidence::{Evidence, Way};
use super::expected::Expected;
use super::line::{Line, Unread};
use super::problems::{Kind, Problems};
use super::wish::{Name, Place, Wished};

/// Two clients in one room, and what each of them, and the log, made of it.
struct Story {
    evidence: Evidence,
    /// What the room really has, by its places.
    events: Vec<Line>,
    history: Vec<Line>,
    read: [u64; 2],
    unread: [Unread; 2],
}

fn name(client: usize, number: u64) -> Name {
    Name { client, number }
}

fn event(kind: &str, by: usize, sequence: u64, text: &str, about: u64) -> Line {
    let line = json!({"type": kind, "by": format!("person-{by}"), "sequence": sequence, "message": about,
        "position": 10 * sequence, "text": text, "room": "room"});
    serde_json::from_value(line).unwrap()
}

fn place(sequence: u64) -> Place {
    Place { sequence, position: 10 * sequence }
}

impl Story {
    /// Client 0 opens the room, 1 joins; they say four things, of which one is edited and one deleted.
    fn good() -> Story {
        let mut evidence = Evidence::new(2, 1);
        evidence.rooms[0].id = "room".into();
        let wishes = [
            (name(0, 1), Wished::Create, "room_created", "", 0),
            (name(1, 1), Wished::Join, "joined", "", 0),
            (name(0, 2), Wished::Post(None), "posted", "wish-0-2 a", 0),
            (name(1, 2), Wished::Post(Some(0)), "posted", "wish-1-2 b", 0),
            (name(1, 3), Wished::Post(None), "posted", "wish-1-3 c", 0),
            (name(1, 4), Wished::Edit(name(1, 3), None), "edited", "wish-1-4 d", 5),
            (name(0, 3), Wished::Post(None), "posted", "wish-0-3 e", 0),
            (name(0, 4), Wished::Delete(name(0, 3)), "deleted", "", 7),
            (name(0, 5), Wished::Post(None), "posted", "wish-0-5 f", 0),
        ];
        let mut events = Vec::new();
        for (client, person) in ["person-0", "person-1"].into_iter().enumerate() {
            evidence.is(client, person);
        }
        for ((name, wished, kind, text, about), sequence) in wishes.into_iter().zip(1..) {
            evidence.wished(name, 0, wished);
            evidence.acknowledged(name, place(sequence));
            events.push(event(kind, name.client, sequence, text, about));
        }
        let mut history: Vec<Line> =
            [3, 4, 5, 9].iter().map(|sequence| events[sequence - 1].clone()).collect();
        history[1].mentions = vec!["person-0".into()];
        history[2].text = "wish-1-4 d".into();
        let unread = [
            Unread { messages: 2, mentions: 1, more: false },
            Unread { messages: 1, mentions: 0, more: false },
        ];
        Story { evidence, events, history, read: [3, 3], unread }
    }

    /// Client 0 hears everything as it happens; client 1 hears the first half so, and resumes.
    fn judge(mut self) -> Problems {
        let split = 4;
        for (number, line) in self.events.iter().enumerate() {
            self.evidence.told(0, 0, line, Way::Live);
            if number < split {
                self.evidence.told(0, 1, line, Way::Live);
            }
        }
        for line in self.events[split..].iter().filter(|line| line.sequence != 7) {
            self.evidence.told(0, 1, line, Way::Resumed);
        }
        let last = self.events.last().map_or(0, |line| line.sequence);
        self.evidence.told_up_to(0, 1, last);
        let expected = Expected::of(&self.evidence, 0);
        let mut problems = Problems::default();
        expected.compare("somebody", &self.history, &mut problems);
        for (client, unread) in self.unread.into_iter().enumerate() {
            let person = self.evidence.person(client).to_owned();
            expected.compare_unread(&person, self.read[client], Some(unread), &mut problems);
        }
        self.evidence.problems.merge(problems);
        self.evidence.settle_accounts(&[last]);
        self.evidence.problems
    }
}

#[test]
fn a_good_history_has_no_problems() {
    let problems = Story::good().judge();
    assert!(problems.is_empty(), "{problems:?}");
}

/// What can be wrong, what it must count as, and how a good story becomes so.
type Harm = (&'static str, Kind, fn(&mut Story));

const HARMS: &[Harm] = &[
    ("a message is missing from the history", Kind::Lost, |story| _ = story.history.remove(1)),
    ("an edit is missing", Kind::Lost, |story| story.history[2].text = "wish-1-3 c".into()),
    ("a mention is missing", Kind::Lost, |story| story.history[1].mentions.clear()),
    ("a deleted message is there", Kind::Lost, |story| story.history.insert(3, story.events[6].clone())),
    ("the end of the room is missing", Kind::Lost, |story| {
        story.events.pop();
        story.history.pop();
        story.unread[1].messages = 0;
    }),
    ("somebody comes back as somebody else", Kind::Lost, |story| story.evidence.is(1, "person-2")),
    ("the room's end goes back", Kind::Lost, |story| {
        story.evidence.told_up_to(0, 1, 1);
        story.evidence.told_of_gap(0, 1, 0);
    }),
    ("a message stands there twice", Kind::Doubled, |story| {
        let again = event("posted", 0, 10, "wish-0-2 a", 0);
        story.history.push(again.clone());
        story.events.push(again);
    }),
    ("a resend got another place", Kind::Doubled, |story| {
        story.evidence.acknowledged(name(0, 2), place(10));
    }),
    ("something is acknowledged that nobody wished", Kind::Doubled, |story| {
        story.evidence.acknowledged(name(0, 99), place(10));
    }),
    ("an event is told twice", Kind::Doubled, |story| story.events.insert(4, story.events[3].clone())),
    ("two events have changed places for one", Kind::Reordered, |story| {
        let line = event("posted", 1, 3, "wish-1-2 b", 0);
        story.evidence.told_up_to(0, 1, 2);
        story.evidence.told(0, 1, &line, Way::Live);
        story.evidence.told_of_gap(0, 1, 3);
    }),
    ("the history is in another order", Kind::Reordered, |story| story.history.swap(0, 1)),
    ("an acknowledgement names another's place", Kind::Reordered, |story| {
        story.evidence.wished(name(0, 6), 0, Wished::Post(None));
        story.evidence.acknowledged(name(0, 6), place(3));
    }),
    ("an event has another place in the log", Kind::Reordered, |story| story.events[2].position = 31),
    ("a message has another author", Kind::Reordered, |story| story.events[2].by = "person-1".into()),
    ("a message is told with another's text", Kind::Reordered, |story| {
        story.events[2].text = "wish-1-2 b".into();
    }),
    ("an event is not told when it happens", Kind::Gap, |story| _ = story.events.remove(2)),
    ("a place is empty", Kind::Gap, |story| {
        for line in [&mut story.events[8], &mut story.history[3]] {
            (line.sequence, line.position) = (10, 100);
        }
    }),
    ("a message is left out that is not deleted", Kind::Gap, |story| {
        story.evidence.told_up_to(0, 1, 3);
        story.evidence.told_of_gap(0, 1, 3);
    }),
    ("a count is too low", Kind::Unread, |story| story.unread[0].messages = 1),
    ("a count is too high", Kind::Unread, |story| story.unread[1].messages = 2),
    ("a mention is not counted", Kind::Unread, |story| story.unread[0].mentions = 0),
    ("more are said to be there", Kind::Unread, |story| story.unread[0].more = true),
    ("a wish is refused", Kind::Refused, |story| story.evidence.refused(name(0, 2), "no-such-room")),
    ("a wish is never answered", Kind::Unsettled, |story| {
        story.evidence.wished(name(0, 6), 0, Wished::Post(None));
    }),
];

#[test]
fn a_history_that_is_wrong_in_one_way_is_found_to_be_so() {
    for (what, kind, harm) in HARMS {
        let mut story = Story::good();
        harm(&mut story);
        let problems = story.judge();
        assert!(problems.count(*kind) > 0, "{what}: {problems:?}");
    }
}

#[test]
fn what_nobody_knows_may_have_come_about_or_not() {
    for came_about in [false, true] {
        let mut story = Story::good();
        story.evidence.wished(name(0, 6), 0, Wished::Post(None));
        story.evidence.wished(name(1, 6), 0, Wished::Edit(name(1, 2), None));
        story.evidence.wished(name(1, 7), 0, Wished::Delete(name(1, 3)));
        if came_about {
            let lines = [
                event("posted", 0, 10, "wish-0-6 a", 0),
                event("edited", 1, 11, "wish-1-6 a", 4),
                event("deleted", 1, 12, "", 5),
            ];
            story.history.push(lines[0].clone());
            story.history[1].text = "wish-1-6 a".into();
            story.history[1].mentions.clear();
            story.history.remove(2);
            story.events.extend(lines);
        }
        let problems = story.judge();
        assert_eq!(problems.count(Kind::Unsettled), 3, "{problems:?}");
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Unsettled) {
            assert_eq!(problems.count(kind), 0, "{problems:?}");
        }
    }
}

#[test]
fn a_stranger_may_say_what_they_like() {
    let mut story = Story::good();
    let line = event("posted", 9, 10, "wish-0-2 a", 0);
    story.history.push(line.clone());
    story.events.push(line);
    story.unread[0].messages += 1;
    let problems = story.judge();
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn a_hundred_unread_messages_are_counted_and_then_there_are_more() {
    let mut evidence = Evidence::new(2, 1);
    evidence.is(0, "person-0");
    for number in 1..=150 {
        evidence.wished(name(1, number), 0, Wished::Post(Some(0)));
        evidence.acknowledged(name(1, number), place(number));
    }
    let expected = Expected::of(&evidence, 0);
    assert_eq!(expected.len(), 150);
    for (read, messages, more) in [(0, 100, true), (49, 100, true), (50, 100, false), (51, 99, false)] {
        let mut problems = Problems::default();
        let unread = Unread { messages, mentions: messages, more };
        expected.compare_unread("person-0", read, Some(unread), &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        expected.compare_unread("person-0", read, None, &mut problems);
        assert_eq!(problems.count(Kind::Unread), 1);
    }
}

#[test]
fn what_is_told_as_erased_is_accounted_for_like_what_is_left_out() {
    let mut evidence = Evidence::new(1, 1);
    for (kind, place) in [("posted", 1), ("erased", 2), ("posted", 3)] {
        evidence.told(0, 0, &event(kind, 0, place, "", 0), Way::Live);
    }
    assert!(evidence.problems.is_empty(), "{:?}", evidence.problems);
    assert!(evidence.rooms[0].holes.iter().eq(&[2]) && evidence.rooms[0].events.keys().eq(&[1, 3]));
}
