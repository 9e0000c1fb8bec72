//! How much each person may ask, over all connections that they have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use parlor_chat::PersonId;

use crate::rate::Rate;
use crate::spending::{Purse, Spending};
use crate::wire::Limits;

/// People whose buckets are kept without looking whether that is still of use.
const KEPT: usize = 1_000;

/// A person's bucket, which their connections share.
pub(crate) type Shared = Arc<Mutex<Rate>>;

/// The buckets of those who are connected, and of those who were until a moment ago: who comes back at once finds
/// what they have left.
#[derive(Debug)]
pub(crate) struct Rates {
    per_second: u32,
    burst: u32,
    spending: Arc<Spending>,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    buckets: HashMap<PersonId, Shared>,
    /// With how many it is looked next which ones are of no use any more.
    clear_at: usize,
}

impl Rates {
    /// What is spent is noted in `spending`.
    pub(crate) fn new(limits: &Limits, spending: Arc<Spending>) -> Self {
        let kept = Kept { buckets: HashMap::new(), clear_at: KEPT };
        let Limits { requests_per_second: per_second, request_burst: burst, .. } = *limits;
        Rates { per_second, burst, spending, kept: Mutex::new(kept) }
    }

    /// A bucket of its own, for who is nobody yet.
    pub(crate) fn of_nobody(&self, now: Instant) -> Shared {
        Arc::new(Mutex::new(self.full(now)))
    }

    fn full(&self, now: Instant) -> Rate {
        Rate::new(self.per_second, self.burst, now)
    }

    /// A person's bucket.
    pub(crate) fn of(&self, person: PersonId, now: Instant) -> Shared {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.buckets.len() >= kept.clear_at {
            kept.buckets.retain(|_, rate| Arc::strong_count(rate) > 1 || !lock(rate).is_full(now));
            // Looking costs as much as there are, so it is done the more seldom.
            kept.clear_at = KEPT.max(2 * kept.buckets.len());
        }
        let full = || Arc::new(Mutex::new(self.full(now).told(&self.spending, Purse::REQUESTS, person.0)));
        Arc::clone(kept.buckets.entry(person).or_insert_with(full))
    }

    /// Somebody has asked so much at other nodes.
    pub(crate) fn taken_elsewhere(&self, person: PersonId, count: i32, now: Instant) {
        lock(&self.of(person, now)).taken_elsewhere(count, now);
    }
}

pub(crate) fn lock(rate: &Mutex<Rate>) -> MutexGuard<'_, Rate> {
    rate.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rates() -> Rates {
        let limits = Limits { text: 1, file_octets: 1, requests_per_second: 1, request_burst: 3 };
        Rates::new(&limits, Arc::default())
    }

    #[test]
    fn all_connections_of_a_person_share_and_those_of_others_do_not() {
        let now = Instant::now();
        let rates = rates();
        let (here, there) = (rates.of(PersonId(1), now), rates.of(PersonId(1), now));
        for rate in [&here, &there, &here] {
            assert_eq!(lock(rate).take(now), Ok(()));
        }
        assert!(lock(&there).take(now).is_err());
        drop((here, there));
        assert!(lock(&rates.of(PersonId(1), now)).take(now).is_err(), "coming again fills nothing");
        assert_eq!(lock(&rates.of(PersonId(2), now)).take(now), Ok(()));
    }

    #[test]
    fn what_somebody_asks_elsewhere_is_missing_here_even_if_they_come_later() {
        let now = Instant::now();
        let rates = rates();
        let here = rates.of(PersonId(1), now);
        for person in [1, 2] {
            rates.taken_elsewhere(PersonId(person), 2, now);
        }
        for rate in [here, rates.of(PersonId(2), now)] {
            assert_eq!(lock(&rate).take(now), Ok(()));
            assert!(lock(&rate).take(now).is_err());
        }
        let left = (0..9).filter(|_| lock(&rates.of(PersonId(3), now)).take(now).is_ok());
        assert_eq!(left.count(), 3, "somebody else");
    }

    #[test]
    fn nothing_is_kept_of_people_who_are_gone_and_asked_nothing() {
        let now = Instant::now();
        let rates = rates();
        let stays = rates.of(PersonId(0), now);
        assert_eq!(lock(&rates.of(PersonId(1), now)).take(now), Ok(()));
        (2..10_000).for_each(|person| drop(rates.of(PersonId(person), now)));
        let kept = || rates.kept.lock().unwrap().buckets.len();
        assert!(kept() <= KEPT, "{}", kept());
        let left = (0..3).filter(|_| lock(&rates.of(PersonId(1), now)).take(now).is_ok());
        assert_eq!(left.count(), 2, "who has asked is remembered");
        let later = now + Duration::from_secs(10);
        (10_000..20_000).for_each(|person| drop(rates.of(PersonId(person), later)));
        assert!(kept() <= KEPT && Arc::ptr_eq(&stays, &rates.of(PersonId(0), later)));
    }
}
