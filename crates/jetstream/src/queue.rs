//! Proposals that wait to be published: what waits at the same time goes out in one message, and nobody's words are turned
//! round.
//!
//! A server that ends in the middle of many messages may take the later ones and lose the earlier, which then come after
//! them. So what somebody says waits as long as something of theirs is under way in another message.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use parlor_chat::PersonId;
use tokio::time::Instant;

use crate::message::{OCTETS, TOGETHER};

/// A proposal, and when it is given up.
#[derive(Debug)]
pub(crate) struct Proposed {
    /// By which its author's node knows it.
    pub(crate) number: u64,
    pub(crate) by: PersonId,
    pub(crate) payload: Bytes,
    pub(crate) deadline: Instant,
}

/// Proposals in order, and who has some under way.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Proposed>,
    /// Of who has something under way, what comes after that.
    later: HashMap<PersonId, VecDeque<Proposed>>,
}

impl Queue {
    pub(crate) fn push(&mut self, proposed: Proposed) {
        self.waiting.push_back(proposed);
    }

    /// What goes out in the next message, and is under way from now on; nothing if nothing may.
    pub(crate) fn next(&mut self) -> Option<Vec<Proposed>> {
        let (mut proposed, mut octets) = (Vec::new(), 0);
        while let Some(next) = self.waiting.pop_front() {
            if let Some(later) = self.later.get_mut(&next.by) {
                later.push_back(next);
                continue;
            }
            octets += next.payload.len();
            if !proposed.is_empty() && octets > OCTETS {
                self.waiting.push_front(next);
                break;
            }
            proposed.push(next);
            if proposed.len() == TOGETHER {
                break;
            }
        }
        for Proposed { by, .. } in &proposed {
            self.later.entry(*by).or_default();
        }
        (!proposed.is_empty()).then_some(proposed)
    }

    /// The next of these people may go out: what they said before is acknowledged.
    pub(crate) fn acknowledged(&mut self, people: &[PersonId]) {
        for person in people {
            self.waiting.extend(self.later.remove(person).unwrap_or_default());
        }
    }

    /// Takes out what these people said after something that failed.
    pub(crate) fn failed(&mut self, people: &[PersonId]) -> Vec<u64> {
        let mut numbers = Vec::new();
        for person in people {
            numbers.extend(self.later.remove(person).into_iter().flatten().map(|proposed| proposed.number));
        }
        self.waiting.retain(|proposed| {
            let stays = !people.contains(&proposed.by);
            numbers.extend((!stays).then_some(proposed.number));
            stays
        });
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn proposed(number: u64, by: u64, octets: usize) -> Proposed {
        Proposed { number, by: PersonId(by), payload: vec![0; octets].into(), deadline: Instant::now() }
    }

    fn queue(proposals: impl IntoIterator<Item = Proposed>) -> Queue {
        let mut queue = Queue::default();
        proposals.into_iter().for_each(|proposed| queue.push(proposed));
        queue
    }

    fn numbers(batch: Option<Vec<Proposed>>) -> Vec<u64> {
        batch.into_iter().flatten().map(|proposed| proposed.number).collect()
    }

    #[test]
    fn what_waits_goes_out_together_up_to_a_number_and_to_octets() {
        let mut many = queue((0..=TOGETHER as u64).map(|number| proposed(number, number, 1)));
        assert_eq!(numbers(many.next()).len(), TOGETHER);
        assert_eq!(numbers(many.next()), [TOGETHER as u64]);

        let mut large = queue(
            [(1, 1), (2, OCTETS), (3, OCTETS - 1), (4, 1), (5, 1)]
                .map(|(by, octets)| proposed(by, by, octets)),
        );
        let all: Vec<Vec<u64>> = (0..5).map(|_| numbers(large.next())).collect();
        assert_eq!(all, [vec![1], vec![2], vec![3, 4], vec![5], vec![]]);
    }

    #[test]
    fn who_has_something_under_way_waits_and_nobody_else() {
        let mut queue = queue([(1, 7), (2, 7), (3, 8)].map(|(number, by)| proposed(number, by, 1)));
        assert_eq!(numbers(queue.next()), [1, 2, 3]);
        [(4, 7), (5, 9), (6, 7)].into_iter().for_each(|(number, by)| queue.push(proposed(number, by, 1)));
        assert_eq!(numbers(queue.next()), [5]);
        assert!(queue.next().is_none());
        queue.acknowledged(&[PersonId(7), PersonId(8)]);
        assert_eq!(numbers(queue.next()), [4, 6]);
    }

    #[test]
    fn what_somebody_said_after_what_failed_fails_too() {
        let mut queue = queue([proposed(1, 7, 1)]);
        assert_eq!(numbers(queue.next()), [1]);
        [(2, 7), (3, 8)].into_iter().for_each(|(number, by)| queue.push(proposed(number, by, 1)));
        assert_eq!(numbers(queue.next()), [3]);
        [(4, 7), (5, 9)].into_iter().for_each(|(number, by)| queue.push(proposed(number, by, 1)));
        assert_eq!(queue.failed(&[PersonId(7)]), [2, 4]);
        assert_eq!(numbers(queue.next()), [5]);
        queue.push(proposed(6, 7, 1));
        assert_eq!(numbers(queue.next()), [6], "what comes later may go out");
    }

    proptest! {
        #[test]
        fn of_nobody_two_messages_are_under_way_and_all_go_out_in_order(
            said in vec((0..6_u64, 0..40_000_usize), 1..200),
            ends in vec(any::<prop::sample::Index>(), 400),
        ) {
            let mut queue = Queue::default();
            let mut under_way: Vec<Vec<(u64, PersonId)>> = Vec::new();
            let mut out: HashMap<PersonId, Vec<u64>> = HashMap::new();
            let mut said = said.into_iter().enumerate();
            for end in ends.iter().cycle() {
                if let Some((number, (by, octets))) = said.next() {
                    queue.push(proposed(number as u64, by, octets));
                }
                if let Some(batch) = queue.next() {
                    let batch: Vec<_> = batch.iter().map(|proposed| (proposed.number, proposed.by)).collect();
                    for (number, by) in &batch {
                        prop_assert!(under_way.iter().flatten().all(|(_, other)| other != by));
                        out.entry(*by).or_default().push(*number);
                    }
                    under_way.push(batch);
                } else if under_way.is_empty() && said.len() == 0 {
                    break;
                }
                if !under_way.is_empty() {
                    let ended = under_way.swap_remove(end.index(under_way.len()));
                    queue.acknowledged(&ended.into_iter().map(|(_, by)| by).collect::<Vec<_>>());
                }
            }
            prop_assert!(out.values().all(|numbers| numbers.is_sorted()));
            prop_assert!(queue.waiting.is_empty() && queue.later.is_empty());
        }
    }
}
