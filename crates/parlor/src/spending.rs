//! What people and addresses spend here of what they may, for the other nodes of a cluster: each counts what was spent at the
//! others as if it had been spent at itself.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use parlor_jetstream::Spent;

/// Spenders that are kept until they are told of at most; others spend unheard. One takes some 32 octets.
const KEPT: usize = 50_000;

/// What somebody may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Purse(pub(crate) u8);

impl Purse {
    /// A person's requests.
    pub(crate) const REQUESTS: Purse = Purse(1);
    /// Guests of an address.
    pub(crate) const GUESTS: Purse = Purse(2);
    /// Attempts at a secret: of an address at a name, of an address, and at a name.
    pub(crate) const ATTEMPTS: [Purse; 3] = [Purse(3), Purse(4), Purse(5)];
    /// Having written out what is kept about somebody, as attempts are counted.
    pub(crate) const EXPORTS: [Purse; 3] = [Purse(6), Purse(7), Purse(8)];
}

/// What was spent since others were told.
#[derive(Debug, Default)]
pub(crate) struct Spending {
    /// Nothing is kept while there is nobody to tell.
    spent: OnceLock<Mutex<HashMap<(Purse, u64), Sum>>>,
}

#[derive(Debug, Clone, Copy)]
struct Sum {
    count: i32,
    /// Less than this is not worth telling.
    least: f64,
}

impl Spending {
    /// From now on there are others to tell.
    pub(crate) fn begin(&self) {
        self.spent.get_or_init(Mutex::default);
    }

    /// Somebody has spent something, or was given it back. If it is less than `least` until others are told, they are not.
    pub(crate) fn note(&self, purse: Purse, key: u64, count: i32, least: f64) {
        let Some(spent) = self.spent.get() else { return };
        let mut spent = spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.len() < KEPT || spent.contains_key(&(purse, key)) {
            let sum = spent.entry((purse, key)).or_insert(Sum { count: 0, least });
            sum.count = sum.count.saturating_add(count);
        }
    }

    /// What others are to be told: who spent most comes first.
    pub(crate) fn take(&self) -> Vec<Spent> {
        let Some(spent) = self.spent.get() else { return Vec::new() };
        let spent = std::mem::take(&mut *spent.lock().unwrap_or_else(PoisonError::into_inner));
        let told =
            spent.into_iter().filter(|(_, sum)| sum.count != 0 && f64::from(sum.count).abs() >= sum.least);
        let told = told.map(|((Purse(purse), key), Sum { count, .. })| Spent { purse, key, count });
        let mut told: Vec<Spent> = told.collect();
        told.sort_unstable_by_key(|one| Reverse(one.count.unsigned_abs()));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worth_it_is_told_once_and_who_spent_most_comes_first() {
        let spending = Spending::default();
        spending.note(Purse::REQUESTS, 1, 9, 1.0);
        assert_eq!(spending.take(), [], "there is nobody to tell");
        spending.begin();
        for (purse, key, count) in [
            (Purse::REQUESTS, 1, 2),
            (Purse::REQUESTS, 2, 4),
            (Purse::REQUESTS, 1, 3),
            (Purse::REQUESTS, 3, 2),
            (Purse::GUESTS, 1, 3),
            (Purse::GUESTS, 4, 3),
            (Purse::GUESTS, 4, -3),
            (Purse::ATTEMPTS[0], 5, -7),
        ] {
            spending.note(purse, key, count, 3.0);
        }
        let of = |Purse(purse): Purse, key, count| Spent { purse, key, count };
        let expected = [
            of(Purse::ATTEMPTS[0], 5, -7),
            of(Purse::REQUESTS, 1, 5),
            of(Purse::REQUESTS, 2, 4),
            of(Purse::GUESTS, 1, 3),
        ];
        assert_eq!(spending.take(), expected);
        assert_eq!(spending.take(), []);
    }

    #[test]
    fn no_more_spenders_are_kept_than_a_number() {
        let spending = Spending::default();
        spending.begin();
        (0..2 * KEPT as u64).for_each(|key| spending.note(Purse::GUESTS, key, 1, 1.0));
        spending.note(Purse::GUESTS, 0, 1, 1.0);
        let told = spending.take();
        assert_eq!((told.len(), told[0].key, told[0].count), (KEPT, 0, 2));
    }
}
