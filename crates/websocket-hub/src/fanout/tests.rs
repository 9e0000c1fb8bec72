//! Random conversations of a core with sockets that take what they like, against what everybody should have heard.

use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use websocket_driver::Prepared;

use super::{Fanout, Form, Home, MAX_PIECES, Plan, Recipient, Terms, Visit, merge};
use crate::policy::Policy;
use crate::writing::Writing;

/// Numbers that repeat themselves, from a seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

#[derive(Default)]
struct Noted {
    lag: AtomicUsize,
    fell_behind: AtomicBool,
}

impl Recipient for Noted {
    fn lags(&self, octets: usize) {
        self.lag.store(octets, Ordering::Relaxed);
    }

    fn falls_behind(&self) {
        self.fell_behind.store(true, Ordering::Relaxed);
    }
}

/// A connection whose socket is a list of octets.
struct Receiver {
    home: Home,
    noted: Arc<Noted>,
    form: Form,
    subscribed: Vec<bool>,
    writing: Writing,
    wrote: Vec<u8>,
    /// The frames that it should be given, in order.
    expected: Vec<Vec<u8>>,
}

struct World {
    random: Random,
    fanout: Fanout,
    plan: Plan,
    topics: Vec<Arc<Terms>>,
    receivers: Vec<Receiver>,
    published: usize,
    /// Publications are longer by less than this.
    padding: usize,
}

impl World {
    fn new(seed: u64, policy: Policy, forms: &[Form]) -> World {
        let mut fanout = Fanout::default();
        let topics: Vec<_> = (0..3).map(|_| Arc::new(Terms::new(policy))).collect();
        let receivers = forms.iter().zip(1..).map(|(form, id)| {
            let noted = Arc::new(Noted::default());
            let home = fanout.enter(id, Arc::clone(&noted) as _, *form, usize::MAX);
            let subscribed = vec![false; topics.len()];
            Receiver {
                home,
                noted,
                form: *form,
                subscribed,
                writing: Writing::default(),
                wrote: Vec::new(),
                expected: Vec::new(),
            }
        });
        let receivers = receivers.collect();
        let random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        World { random, fanout, plan: Plan::default(), topics, receivers, published: 0, padding: 300 }
    }

    fn subscribe(&mut self, which: usize, topic: usize, subscribed: bool) {
        let receiver = &mut self.receivers[which];
        if std::mem::replace(&mut receiver.subscribed[topic], subscribed) != subscribed {
            let (core, seat) = (&receiver.home.core, receiver.home.seat);
            if subscribed {
                core.subscribe(Arc::clone(&self.topics[topic]), seat);
            } else {
                core.unsubscribe(&self.topics[topic], seat);
            }
        }
    }

    fn publish(&mut self, topic: usize, key: Option<&str>) {
        self.published += 1;
        let padding = self.random.below(self.padding);
        let prepared = Prepared::new(format!("{:06} of {topic}{}", self.published, "x".repeat(padding)));
        let key = key.map(Arc::from);
        assert!(self.receivers[0].home.core.publish(&self.topics[topic], &prepared, key.as_ref()));
        for receiver in self.receivers.iter_mut().filter(|receiver| receiver.subscribed[topic]) {
            let plain = prepared.server_frame();
            receiver.expected.push(match receiver.form {
                Form::Plain => plain.to_vec(),
                Form::Compressed => prepared.compressed_server_frame().unwrap_or(plain).to_vec(),
            });
        }
    }

    fn send(&mut self, which: usize) {
        self.published += 1;
        let frame = Prepared::new(format!("{:06} to {which}", self.published)).server_frame().clone();
        let receiver = &mut self.receivers[which];
        receiver.expected.push(frame.to_vec());
        receiver.writing.push(frame, receiver.home.core.sequence());
        receiver.home.core.attend(receiver.home.seat);
    }

    /// Lets the sweep go on for some visits, to sockets that take at most so many octets each; false at its end.
    fn sweep(&mut self, visits: usize, most: usize) -> bool {
        self.fanout.collect();
        for _ in 0..visits {
            match self.fanout.next() {
                None => return false,
                Some(Visit::Turn(seat)) => self.turn(seat, most),
                Some(Visit::Straight(visit)) => {
                    let lag = self.fanout.lag(visit);
                    let (len, count) = (lag.len(), self.random.below(most + 1).min(lag.len()));
                    let receiver = &mut self.receivers[visit.seat as usize];
                    receiver.wrote.extend_from_slice(&lag[..count]);
                    self.fanout.advance(visit, count);
                    if count < len {
                        self.fanout.block(visit.seat);
                    }
                }
            }
        }
        true
    }

    fn turn(&mut self, seat: u32, most: usize) {
        let receiver = &mut self.receivers[seat as usize];
        self.fanout.collect();
        let until = self.fanout.collected().max(receiver.writing.last_after());
        let blocked = loop {
            merge(&mut self.plan, &receiver.writing, Some((seat, &self.fanout)), until);
            if self.plan.is_empty() {
                break false;
            }
            let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
            let count = self.plan.pieces(&receiver.writing, Some(&self.fanout), &mut pieces);
            let octets: Vec<u8> = pieces[..count].iter().flat_map(|piece| piece.iter().copied()).collect();
            let taken = self.random.below(most + 1).min(octets.len());
            receiver.wrote.extend_from_slice(&octets[..taken]);
            let own = self.plan.written(taken, Some(&mut self.fanout));
            receiver.writing.written(own);
            if taken < octets.len() {
                break true;
            }
        };
        self.fanout.drop_ended(seat);
        self.fanout.set_busy(seat, !receiver.writing.is_empty());
        if blocked { self.fanout.block(seat) } else { self.fanout.unblock(seat) }
    }

    /// Everybody takes everything.
    fn finish(&mut self) {
        while self.sweep(1000, usize::MAX - 1) {}
        for seat in 0..u32::try_from(self.receivers.len()).unwrap() {
            self.turn(seat, usize::MAX - 1);
        }
        assert!(!self.sweep(1000, usize::MAX - 1));
    }

    fn act(&mut self) {
        let (which, topic) = (self.random.below(self.receivers.len()), self.random.below(self.topics.len()));
        match self.random.below(10) {
            0 => self.subscribe(which, topic, true),
            1 if self.random.one_in(3) => self.subscribe(which, topic, false),
            2 => self.send(which),
            3 | 4 => {
                let visits = 1 + self.random.below(6);
                self.sweep(visits, 700);
            }
            // A socket takes octets again.
            5 => self.turn(u32::try_from(which).unwrap(), 2000),
            _ => {
                let key = ["a", "b", "c"][self.random.below(3)];
                self.publish(topic, Some(key));
            }
        }
    }
}

const FORMS: [Form; 5] = [Form::Plain, Form::Compressed, Form::Plain, Form::Plain, Form::Compressed];

#[test]
fn everybody_hears_everything_in_order_however_little_sockets_take() {
    for seed in 0..300 {
        let mut world = World::new(seed, Policy::close(), &FORMS);
        (0..400).for_each(|_| world.act());
        world.finish();
        for (which, receiver) in world.receivers.iter().enumerate() {
            assert_eq!(receiver.wrote, receiver.expected.concat(), "receiver {which} of seed {seed}");
            assert_eq!(receiver.noted.lag.load(Ordering::Relaxed), 0);
        }
        assert_eq!(world.topics.iter().map(|terms| terms.dropped()).sum::<u64>(), 0);
        assert_eq!(world.receivers[0].home.core.unswept(), 0);
    }
}

/// What was written is a selection of whole frames in their order, and the rest is counted.
#[test]
fn what_is_dropped_is_counted_and_what_is_written_is_whole_and_in_order() {
    const LIMIT: usize = 1500;
    for policy in [Policy::drop_new(), Policy::drop_old(), Policy::keep_latest()] {
        let mut dropped_in_all = 0;
        for seed in 0..200 {
            let mut world = World::new(seed, policy.limit(LIMIT), &FORMS);
            (0..400).for_each(|_| world.act());
            world.finish();
            let mut missing = 0;
            for (which, receiver) in world.receivers.iter().enumerate() {
                let mut rest = &receiver.wrote[..];
                for frame in &receiver.expected {
                    match rest.strip_prefix(&frame[..]) {
                        Some(after) => rest = after,
                        None => missing += 1,
                    }
                }
                assert!(rest.is_empty(), "receiver {which} of seed {seed} with {policy:?}");
            }
            let dropped = world.topics.iter().map(|terms| terms.dropped()).sum::<u64>();
            assert_eq!(dropped, missing, "seed {seed} with {policy:?}");
            dropped_in_all += dropped;
        }
        assert!(dropped_in_all > 1000, "{policy:?} dropped {dropped_in_all}");
    }
}

/// One receiver whose socket takes nothing once the first octet of a frame is out.
fn stuck(policy: Policy) -> World {
    let mut world = World::new(1, policy, &[Form::Plain]);
    world.padding = 1;
    world.subscribe(0, 0, true);
    world.publish(0, Some("begun"));
    world.fanout.collect();
    let Some(Visit::Straight(visit)) = world.fanout.next() else { panic!("it is behind") };
    world.receivers[0].wrote.push(world.fanout.lag(visit)[0]);
    world.fanout.advance(visit, 1);
    world.fanout.block(visit.seat);
    world
}

/// Which publications a receiver was given, from the first.
fn heard(world: &World) -> Vec<usize> {
    let receiver = &world.receivers[0];
    let mut rest = &receiver.wrote[..];
    let mut heard = Vec::new();
    for (number, frame) in (1..).zip(&receiver.expected) {
        if let Some(after) = rest.strip_prefix(&frame[..]) {
            (rest, heard) = (after, [heard, vec![number]].concat());
        }
    }
    assert!(rest.is_empty());
    heard
}

#[test]
fn each_policy_keeps_what_it_says() {
    for (policy, expected, dropped) in [
        (Policy::drop_new().limit(1), vec![1, 12], 10),
        (Policy::drop_old().limit(1), vec![1, 11, 12], 9),
        (Policy::drop_new().limit(1 << 20), (1..=12).collect(), 0),
        (Policy::drop_old().limit(1 << 20), (1..=12).collect(), 0),
        // The frame that has begun, and one of 15 octets for each key.
        (Policy::keep_latest().limit(14 + 3 * 15), vec![1, 9, 10, 11, 12], 7),
    ] {
        let mut world = stuck(policy);
        for number in 2..=11 {
            world.publish(0, Some(["a", "b", "c"][number % 3]));
            while world.sweep(10, 0) {}
        }
        world.turn(0, usize::MAX - 1);
        world.publish(0, None);
        world.finish();
        assert_eq!(heard(&world), expected, "{policy:?}");
        assert_eq!(world.topics[0].dropped(), dropped, "{policy:?}");
        assert!(!world.receivers[0].noted.fell_behind.load(Ordering::Relaxed));
    }
}

#[test]
fn who_is_too_far_behind_is_closed_where_nothing_may_be_dropped() {
    for policy in [Policy::close(), Policy::keep_latest()] {
        let mut world = stuck(policy.limit(1000));
        // Publications without a key are all kept.
        for sent in 0.. {
            world.publish(0, None);
            while world.sweep(10, 0) {}
            let lag = world.receivers[0].noted.lag.load(Ordering::Relaxed);
            let fell_behind = world.receivers[0].noted.fell_behind.load(Ordering::Relaxed);
            assert_eq!(fell_behind, lag > 1000, "{lag} octets after {sent}");
            if fell_behind {
                break;
            }
        }
        let seat = world.receivers[0].home.seat;
        world.fanout.end_after(seat.index, 0);
        world.turn(0, usize::MAX - 1);
        assert_eq!(heard(&world), [1], "the frame that had begun is completed");
        assert_eq!(world.topics[0].dropped(), world.published as u64 - 1);
    }
}

#[test]
fn a_log_whose_slowest_reader_stands_still_is_bounded_by_its_limit() {
    for policy in [Policy::drop_new(), Policy::drop_old(), Policy::keep_latest()] {
        let mut world = stuck(policy.limit(10_000));
        for _ in 0..20_000 {
            world.publish(0, Some("same"));
            while world.sweep(10, 0) {}
        }
        assert!(world.fanout.retained() < 200_000, "{policy:?}: {}", world.fanout.retained());
        // And what is left of the frame that has begun.
        assert!(world.fanout.octets_behind(0) <= 10_000 + 20);
    }
}

#[test]
fn who_leaves_in_the_middle_takes_no_place_of_others_away() {
    for seed in 0..100 {
        let mut world = World::new(seed, Policy::close(), &FORMS);
        (0..FORMS.len()).for_each(|which| (0..3).for_each(|topic| world.subscribe(which, topic, true)));
        for round in 0..60 {
            world.publish(round % 3, None);
            let visits = world.random.below(4);
            world.sweep(visits, 300);
            if round == 30 {
                let leaver = &mut world.receivers[1];
                leaver.subscribed.fill(false);
                world.fanout.leave(leaver.home.seat);
            }
        }
        while world.sweep(1000, usize::MAX - 1) {}
        for which in [0, 2, 3, 4] {
            world.turn(which, usize::MAX - 1);
            let receiver = &world.receivers[which as usize];
            assert_eq!(receiver.wrote, receiver.expected.concat(), "receiver {which} of seed {seed}");
        }
    }
}

#[test]
fn a_core_that_is_overrun_loses_publications_and_closes_or_counts() {
    let large = Prepared::new(vec![0; 1 << 20]);
    for (policy, falls_behind) in [(Policy::close(), true), (Policy::drop_new(), false)] {
        let mut world = World::new(1, policy, &[Form::Plain]);
        world.subscribe(0, 0, true);
        let core = Arc::clone(&world.receivers[0].home.core);
        let taken = (0..100).take_while(|_| core.publish(&world.topics[0], &large, None)).count();
        assert_eq!(taken, super::core::MAX_UNSWEPT >> 20);
        world.sweep(10, usize::MAX - 1);
        assert_eq!(world.receivers[0].noted.fell_behind.load(Ordering::Relaxed), falls_behind);
        assert!(core.publish(&world.topics[0], &large, None), "it goes on");
    }
}
