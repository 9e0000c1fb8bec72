//! Nodes that tell each other who is there, over a network that loses, doubles and turns round what they say.

mod differing;

use proptest::prelude::*;

use super::part::Part;
use super::*;

const LOBBY: RoomId = RoomId::LOBBY;
/// As long as everything here takes to come to rest: somebody is gone, and somebody else asks again.
const REST: Duration = Duration::from_secs(60);

/// What happens.
#[derive(Debug, Clone)]
enum Step {
    Enter(usize, u64, u64),
    Leave(usize, u64, u64),
    /// Time passes, in units of 100 ms.
    Pass(u32),
    /// What is on its way to a node comes in another order, some of it not at all and some twice.
    Disturb(usize, Vec<u8>),
    /// A node ends, with a word or without, and starts again.
    Restart(usize, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || (0..3_usize, 1..4_u64, 0..6_u64);
    let step = prop_oneof![
        4 => who().prop_map(|(node, room, person)| Step::Enter(node, room, person)),
        3 => who().prop_map(|(node, room, person)| Step::Leave(node, room, person)),
        3 => (0..30_u32).prop_map(Step::Pass),
        3 => (0..3_usize, proptest::collection::vec(any::<u8>(), 0..12)).prop_map(|(node, how)| Step::Disturb(node, how)),
        1 => (0..3_usize, any::<bool>()).prop_map(|(node, bye)| Step::Restart(node, bye)),
    ];
    proptest::collection::vec(step, 0..60)
}

/// A node, and what it has been told.
struct Node {
    roster: Roster,
    /// What is on its way to it.
    arriving: Vec<Vec<u8>>,
    /// By how many other nodes somebody is there, as the news say it.
    heard: BTreeMap<Watch, usize>,
    /// How often somebody was told as come or gone for all nodes.
    changes: Vec<(Watch, bool)>,
    is_cut_off: bool,
}

struct World {
    now: Instant,
    nodes: Vec<Node>,
    starts: u64,
}

impl World {
    fn new(nodes: u64) -> World {
        let mut world = World { now: Instant::now(), nodes: Vec::new(), starts: 0 };
        for number in 0..nodes {
            let node = world.start(number);
            world.nodes.push(node);
        }
        world
    }

    fn start(&mut self, number: u64) -> Node {
        self.starts += 1;
        Node {
            roster: Roster::new(100 + number, self.starts, self.now),
            arriving: Vec::new(),
            heard: BTreeMap::new(),
            changes: Vec::new(),
            is_cut_off: false,
        }
    }

    fn restart(&mut self, number: usize, says_goodbye: bool) {
        if says_goodbye {
            self.nodes[number].roster.say_goodbye();
            self.exchange();
        }
        self.nodes[number] = self.start(number as u64);
    }

    /// Everybody says what they have to say; it is on its way then.
    fn send(&mut self) {
        for at in 0..self.nodes.len() {
            if self.nodes[at].roster.poll_timeout() <= self.now {
                self.nodes[at].roster.handle_timeout(self.now);
            }
            while let Some(octets) = self.nodes[at].roster.poll_transmit() {
                if !self.nodes[at].is_cut_off {
                    let hearing = self.nodes.iter_mut().filter(|node| !node.is_cut_off);
                    hearing.for_each(|node| node.arriving.push(octets.clone()));
                }
            }
        }
    }

    fn exchange(&mut self) {
        self.send();
        for node in &mut self.nodes {
            for octets in std::mem::take(&mut node.arriving) {
                node.roster.receive(&octets).unwrap();
            }
            while let Some(heard) = node.roster.poll_heard() {
                node.hear(&heard);
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.now += Duration::from_millis(100);
            self.exchange();
        }
    }

    fn carry_out(&mut self, step: Step) {
        match step {
            Step::Enter(node, room, person) => {
                self.nodes[node].roster.enter(RoomId(room), PersonId(person), None);
            }
            Step::Leave(node, room, person) => self.nodes[node].roster.leave(RoomId(room), PersonId(person)),
            Step::Pass(units) => self.pass(Duration::from_millis(100) * units),
            Step::Disturb(node, how) => {
                self.now += PAUSE;
                self.send();
                let arriving = &mut self.nodes[node].arriving;
                for (at, how) in how.into_iter().enumerate() {
                    if at >= arriving.len() {
                        break;
                    }
                    match how % 4 {
                        0 => _ = arriving.remove(at),
                        1 => arriving.push(arriving[at].clone()),
                        2 => arriving.swap(at, 0),
                        _ => {}
                    }
                }
            }
            Step::Restart(node, says_goodbye) => self.restart(node, says_goodbye),
        }
    }

    fn people(&self, node: usize) -> Vec<u64> {
        let people: BTreeSet<u64> = self.nodes[node].roster.people(LOBBY).map(|person| person.0).collect();
        people.into_iter().collect()
    }
}

impl Node {
    fn hear(&mut self, heard: &Heard) {
        match *heard {
            Heard::Came { room, person, .. } => {
                let nodes = self.heard.entry((room, person)).or_default();
                *nodes += 1;
                if *nodes == 1 {
                    self.changes.push(((room, person), true));
                }
            }
            Heard::Left { room, person } => {
                let nodes = self.heard.get_mut(&(room, person)).expect("who left has come");
                *nodes -= 1;
                if *nodes == 0 {
                    self.heard.remove(&(room, person));
                    self.changes.push(((room, person), false));
                }
            }
            Heard::Writes { .. } | Heard::Spent(_) | Heard::Differs { .. } => {}
        }
    }
}

proptest! {
    #[test]
    fn whatever_happened_on_the_way_all_come_to_the_same_union(steps in steps()) {
        let mut world = World::new(3);
        let mut there: Vec<BTreeMap<Watch, usize>> = vec![BTreeMap::new(); 3];
        for step in steps {
            match step {
                Step::Enter(node, room, person) => {
                    *there[node].entry((RoomId(room), PersonId(person))).or_default() += 1;
                }
                Step::Leave(node, room, person) => {
                    let watch = (RoomId(room), PersonId(person));
                    let count = there[node].get(&watch).map_or(0, |count| count - 1);
                    if count == 0 { there[node].remove(&watch); } else { there[node].insert(watch, count); }
                }
                Step::Restart(node, _) => there[node].clear(),
                Step::Pass(_) | Step::Disturb(..) => {}
            }
            world.carry_out(step);
        }
        world.pass(REST);
        for (at, node) in world.nodes.iter().enumerate() {
            prop_assert_eq!(node.roster.nodes(), 2);
            let others = there.iter().enumerate().filter(|(other, _)| *other != at);
            let mut expected: BTreeMap<Watch, usize> = BTreeMap::new();
            others.flat_map(|(_, there)| there.keys()).for_each(|watch| *expected.entry(*watch).or_default() += 1);
            prop_assert_eq!(&node.heard, &expected);
            for room in 1..4 {
                let mut people: BTreeMap<Watch, usize> = BTreeMap::new();
                let told = node.roster.people(RoomId(room)).map(|person| (RoomId(room), person));
                told.for_each(|watch| *people.entry(watch).or_default() += 1);
                let expected = expected.iter().filter(|(watch, _)| watch.0 == RoomId(room));
                prop_assert!(people.iter().eq(expected));
            }
        }
    }
}

#[test]
fn who_comes_is_told_at_once_with_their_name_and_a_new_node_hears_of_all() {
    let mut world = World::new(1);
    world.nodes[0].roster.enter(LOBBY, PersonId(1), Some("user-1"));
    world.exchange();
    let late = world.start(1);
    world.nodes.push(late);
    world.pass(Duration::from_millis(300));
    assert_eq!(world.people(1), [1]);
    let guest = Some("user-2".to_owned());
    world.nodes[0].roster.enter(LOBBY, PersonId(2), guest.as_deref());
    world.now += PAUSE;
    world.send();
    let Node { roster, arriving, .. } = &mut world.nodes[1];
    arriving.drain(..).for_each(|octets| roster.receive(&octets).unwrap());
    assert_eq!(roster.poll_heard(), Some(Heard::Came { room: LOBBY, person: PersonId(2), guest }));
}

#[test]
fn ten_thousand_who_come_at_once_are_few_messages() {
    let mut world = World::new(2);
    world.pass(Duration::from_secs(3));
    (0..10_000).for_each(|person| world.nodes[0].roster.enter(LOBBY, PersonId(person), None));
    world.now += PAUSE;
    world.send();
    assert!(world.nodes[1].arriving.len() <= 3, "{}", world.nodes[1].arriving.len());
    world.exchange();
    assert_eq!(world.people(1).len(), 10_000);
}

#[test]
fn a_node_that_falls_silent_is_gone_ten_seconds_later_and_not_six() {
    let mut world = World::new(2);
    world.nodes[0].roster.enter(LOBBY, PersonId(1), None);
    world.pass(Duration::from_secs(5));
    assert_eq!(world.people(1), [1]);
    world.nodes.remove(0);
    world.pass(Duration::from_secs(6));
    assert_eq!(world.people(0), [1]);
    world.pass(Duration::from_secs(4));
    assert_eq!(world.people(0), [0; 0]);
    assert_eq!(world.nodes[0].changes.last(), Some(&((LOBBY, PersonId(1)), false)));
}

#[test]
fn who_hears_nothing_of_itself_believes_nobody_gone() {
    let mut world = World::new(2);
    [1, 2].into_iter().for_each(|person| world.nodes[0].roster.enter(LOBBY, PersonId(person), None));
    world.pass(Duration::from_secs(5));
    world.nodes[1].is_cut_off = true;
    world.pass(REST);
    assert_eq!(world.people(1), [1, 2]);
    world.nodes[1].changes.clear();
    world.nodes[0].roster.leave(LOBBY, PersonId(1));
    world.pass(REST);
    world.nodes[1].is_cut_off = false;
    world.pass(Duration::from_secs(5));
    assert_eq!(world.people(1), [2], "what was missed is asked for");
    assert_eq!(world.nodes[1].changes, [((LOBBY, PersonId(1)), false)], "and nobody else was away");
}

#[test]
fn a_node_that_says_goodbye_leaves_its_people_time_to_come_back() {
    let mut world = World::new(3);
    (0..100).for_each(|person| world.nodes[0].roster.enter(LOBBY, PersonId(person), None));
    world.pass(Duration::from_secs(5));
    world.restart(0, true);
    world.nodes[1].changes.clear();
    for person in 0..100 {
        world.pass(Duration::from_millis(100));
        // One in ten goes to the third node, and one stays away.
        let node = if person % 10 == 0 { 2 } else { 0 };
        if person != 55 {
            world.nodes[node].roster.enter(LOBBY, PersonId(person), None);
        }
    }
    assert_eq!(world.nodes[1].changes, [], "nobody was away, as far as is known");
    world.pass(REST);
    assert_eq!(world.nodes[1].changes, [((LOBBY, PersonId(55)), false)]);
}

#[test]
fn a_later_life_supersedes_an_earlier_one_that_says_something_still() {
    let mut world = World::new(2);
    world.nodes[0].roster.enter(LOBBY, PersonId(1), None);
    world.pass(Duration::from_secs(5));
    world.nodes[0].roster.enter(LOBBY, PersonId(2), None);
    world.now += PAUSE;
    world.send();
    let late = std::mem::take(&mut world.nodes[1].arriving);
    world.restart(0, false);
    world.nodes[0].roster.enter(LOBBY, PersonId(3), None);
    world.pass(Duration::from_secs(1));
    late.iter().for_each(|octets| world.nodes[1].roster.receive(octets).unwrap());
    assert_eq!(world.people(1), [1, 3]);
    assert_eq!(world.nodes[1].roster.nodes(), 1);
    world.pass(REST);
    assert_eq!(world.people(1), [3]);
}

#[test]
fn two_nodes_of_one_folder_are_both_heard() {
    let mut world = World::new(2);
    let twin = world.start(0);
    world.nodes.push(twin);
    world.nodes[0].roster.enter(LOBBY, PersonId(1), None);
    world.nodes[2].roster.enter(LOBBY, PersonId(2), None);
    world.pass(REST);
    assert_eq!((world.people(1), world.people(0), world.people(2)), (vec![1, 2], vec![2], vec![1]));
}

#[test]
fn who_writes_is_told_a_few_times_a_second_unless_they_have_said_it() {
    let mut world = World::new(2);
    world.pass(Duration::from_secs(1));
    let mut messages = 0;
    for _ in 0..100 {
        (0..10).for_each(|person| world.nodes[0].roster.writes(LOBBY, PersonId(person)));
        world.nodes[0].roster.has_said(LOBBY, PersonId(9));
        world.now += Duration::from_millis(10);
        world.send();
        let Node { roster, arriving, .. } = &mut world.nodes[1];
        arriving.drain(..).for_each(|octets| roster.receive(&octets).unwrap());
        let heard: Vec<Heard> = std::iter::from_fn(|| roster.poll_heard()).collect();
        messages += usize::from(!heard.is_empty());
        assert!(heard.is_empty() || heard.len() == 9, "{heard:?}");
    }
    assert!((3..=5).contains(&messages), "{messages} in a second");
}

#[test]
fn no_more_nodes_are_listened_to_than_a_number_and_nonsense_is_not() {
    let mut roster = Roster::new(0, 1, Instant::now());
    let beat = |node: u64| {
        let from = Life { node, start: 1 };
        Message { from, what: What::Beat { number: 1, version: 0 } }.to_octets()
    };
    let listened = (1..=300).filter(|node| roster.receive(&beat(*node)).is_ok()).count();
    assert_eq!((listened, roster.nodes()), (NODES, NODES));
    assert_eq!(roster.receive(b"PING"), Err(Foreign));
    let piece = What::Piece { version: 1, index: 2, pieces: 2, part: Part::default() };
    let from = Life { node: 1, start: 1 };
    assert_eq!(roster.receive(&Message { from, what: piece }.to_octets()), Err(Foreign));
}

#[test]
fn what_was_spent_is_heard_once_and_no_more_of_it_than_a_number() {
    let mut world = World::new(2);
    let spend = |world: &mut World, keys: std::ops::Range<u64>| {
        world.nodes[0].roster.spent(keys.map(|key| Spent { purse: 1, key, count: 1 }).collect());
        world.send();
        std::mem::take(&mut world.nodes[1].arriving)
    };
    let hear = |world: &mut World, arriving: &[Vec<u8>]| {
        let Node { roster, .. } = &mut world.nodes[1];
        arriving.iter().for_each(|octets| roster.receive(octets).unwrap());
        std::iter::from_fn(|| roster.poll_heard()).count()
    };
    let first = spend(&mut world, 0..2);
    let second = spend(&mut world, 0..3);
    assert_eq!(hear(&mut world, &first), 2);
    assert_eq!(hear(&mut world, &first), 0, "it came again");
    assert_eq!(hear(&mut world, &second), 3);
    assert_eq!(hear(&mut world, &first), 0, "it comes after what was said later");
    let many = spend(&mut world, 0..100_000);
    assert!(many.iter().all(|octets| octets.len() <= 48 << 10));
    assert_eq!(hear(&mut world, &many), SPENDERS);
}

#[test]
fn what_a_later_version_says_is_passed_over_and_harms_nothing() {
    let mut world = World::new(2);
    world.nodes[0].roster.enter(LOBBY, PersonId(1), None);
    world.pass(Duration::from_secs(5));
    let mut octets = Message { from: world.nodes[0].roster.life, what: What::Goodbye }.to_octets();
    octets[1] = u8::MAX;
    octets.extend([1, 2, 3]);
    assert_eq!(world.nodes[1].roster.receive(&octets), Err(Foreign));
    world.pass(REST);
    assert_eq!((world.people(1), world.nodes[1].roster.nodes()), (vec![1], 1));
    assert_eq!(world.nodes[1].changes, [((LOBBY, PersonId(1)), true)]);
}
