//! Guessing is made slow: after some wrong attempts, each further one has to wait longer.
//!
//! Addresses and names are known here as hashes under a key of this process, in memory alone, for an hour at the longest.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Wrong attempts of one address at one name that cost nothing.
const AT_A_NAME: u32 = 5;
/// Wrong attempts of one address, at whatever name, that cost nothing: many people may share one.
const OF_AN_ADDRESS: u32 = 50;
/// Wrong attempts at one name, from whatever address, that cost nothing. More than of one address, so that nobody can
/// lock others out of their name easily.
const AT_A_NAME_FROM_ANYWHERE: u32 = 100;
/// The wait after the first attempt that costs something; it doubles with each.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// After this time without an attempt, all is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);
/// Names and addresses that are known at most; for one more, those are forgotten that tried longest ago.
const KNOWN: usize = 100_000;

/// Who tries what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt([(u64, u32); 3]);

#[derive(Debug, Clone, Copy)]
struct Wrong {
    times: u32,
    last: Instant,
    /// Before this, no attempt is looked at.
    until: Instant,
}

/// Wrong attempts.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    keys: RandomState,
    wrong: Mutex<HashMap<u64, Wrong>>,
}

impl Attempts {
    /// An attempt from an address (none for a Unix socket) at what is called this.
    pub(crate) fn of(&self, address: Option<IpAddr>, name: &str) -> Attempt {
        let name = name.to_lowercase();
        // Who has an IPv6 address has 2⁶⁴ of them.
        let address = address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits() >> 64 << 64,
        });
        Attempt([
            (self.keys.hash_one((0, address, &name)), AT_A_NAME),
            (self.keys.hash_one((1, address)), OF_AN_ADDRESS),
            (self.keys.hash_one((2, &name)), AT_A_NAME_FROM_ANYWHERE),
        ])
    }

    /// Whether an attempt may be made now. It counts as a wrong one until it is known to be [right](Self::right), so
    /// that many at once are not looked at for the price of one.
    ///
    /// # Errors
    ///
    /// After what time it may.
    pub(crate) fn begin(&self, attempt: &Attempt, now: Instant) -> Result<(), Duration> {
        let mut wrong = self.lock();
        let waits = attempt.0.iter().filter_map(|(key, _)| Some(wrong.get(key)?.until.duration_since(now)));
        if let Some(wait) = waits.max().filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        make_room(&mut wrong, now);
        for (key, free) in attempt.0 {
            let known = wrong.get(&key).filter(|known| now.duration_since(known.last) < FORGOTTEN);
            let times = known.map_or(0, |known| known.times).saturating_add(1);
            let paid = times.saturating_sub(free);
            let wait = match paid {
                0 => Duration::ZERO,
                _ => FIRST.saturating_mul(1 << (paid - 1).min(20)).min(LONGEST),
            };
            wrong.insert(key, Wrong { times, last: now, until: now + wait });
        }
        Ok(())
    }

    /// An attempt was right: it costs nothing, and those before it at this name from this address are forgotten.
    pub(crate) fn right(&self, attempt: &Attempt) {
        let mut wrong = self.lock();
        wrong.remove(&attempt.0[0].0);
        for (key, _) in &attempt.0[1..] {
            if let Some(known) = wrong.get_mut(key) {
                known.times = known.times.saturating_sub(1);
                known.until = known.last;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Wrong>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(wrong: &mut HashMap<u64, Wrong>, now: Instant) {
    if wrong.len() < KNOWN {
        return;
    }
    wrong.retain(|_, known| now.duration_since(known.last) < FORGOTTEN);
    if wrong.len() >= KNOWN {
        let mut times: Vec<Instant> = wrong.values().map(|known| known.last).collect();
        times.sort_unstable();
        let half = times[times.len() / 2];
        wrong.retain(|_, known| known.last > half);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn each_wrong_attempt_after_some_has_to_wait_twice_as_long() {
        let attempts = Attempts::default();
        let (attempt, mut now) = (attempts.of(address(1), "Ada"), Instant::now());
        for _ in 0..AT_A_NAME {
            assert_eq!(attempts.begin(&attempt, now), Ok(()));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            assert_eq!(attempts.begin(&attempt, now), Ok(()));
            let wait = Duration::from_secs(seconds);
            assert_eq!(attempts.begin(&attempts.of(address(1), "ADA"), now), Err(wait));
            now += wait;
        }
        assert_eq!(attempts.begin(&attempts.of(address(2), "ada"), now), Ok(()), "from elsewhere");
        assert_eq!(attempts.begin(&attempts.of(address(1), "bob"), now), Ok(()), "at another name");
        now += FORGOTTEN;
        for _ in 0..AT_A_NAME {
            assert_eq!(attempts.begin(&attempt, now), Ok(()), "all is forgotten");
        }
    }

    #[test]
    fn a_right_one_forgets_those_before_it() {
        let attempts = Attempts::default();
        let (attempt, now) = (attempts.of(address(1), "ada"), Instant::now());
        for _ in 0..100 * AT_A_NAME {
            assert_eq!(attempts.begin(&attempt, now), Ok(()));
            attempts.right(&attempt);
        }
    }

    #[test]
    fn one_address_and_one_name_are_bounded_whatever_the_other_is() {
        let now = Instant::now();
        let names = Attempts::default();
        let made = (0..200).filter(|n| names.begin(&names.of(address(1), &format!("n{n}")), now).is_ok());
        assert_eq!(made.count(), OF_AN_ADDRESS as usize + 1);
        let addresses = Attempts::default();
        let made = (0..200).filter(|n| addresses.begin(&addresses.of(address(*n), "ada"), now).is_ok());
        assert_eq!(made.count(), AT_A_NAME_FROM_ANYWHERE as usize + 1);
        let sixes = Attempts::default();
        let six = |n: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]));
        let made = (0..20).filter(|n| sixes.begin(&sixes.of(six(*n), "ada"), now).is_ok());
        assert_eq!(made.count(), AT_A_NAME as usize + 1, "a network of IPv6 counts as one address");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for number in 0..KNOWN as u64 {
            let at = now + Duration::from_micros(number);
            let _ = attempts.begin(&attempts.of(None, &number.to_string()), at);
            // Nobody's address is everybody's.
            attempts.right(&Attempt([(0, 0), (attempts.keys.hash_one((1, None::<u128>)), 0), (0, 0)]));
        }
        assert!(attempts.lock().len() < KNOWN + 3);
    }
}
