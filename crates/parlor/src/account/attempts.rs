//! Guessing is made slow: after some wrong attempts, each further one has to wait longer.
//!
//! Addresses and names are known here as keyed hashes that only the nodes of this server can make, in memory alone, for an
//! hour at the longest.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Derive;
use crate::spending::{Purse, Spending};

/// Wrong attempts of one address at one name that cost nothing.
const AT_A_NAME: u32 = 5;
/// Wrong attempts of one address, at whatever name, that cost nothing: many people may share one.
const OF_AN_ADDRESS: u32 = 50;
/// Wrong attempts at one name, from whatever address, that cost nothing. More than of one address, so that nobody can
/// lock others out of their name easily.
const AT_A_NAME_FROM_ANYWHERE: u32 = 100;
/// Each attempt is worth telling other nodes of.
const ALL: f64 = 1.0;
/// What costs nothing, by what is counted.
const FREE: [u32; 3] = [AT_A_NAME, OF_AN_ADDRESS, AT_A_NAME_FROM_ANYWHERE];
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
pub(crate) struct Attempt([u64; 3]);

#[derive(Debug, Clone, Copy)]
struct Wrong {
    times: u32,
    last: Instant,
    /// Before this, no attempt is looked at.
    until: Instant,
}

/// Wrong attempts.
#[derive(Debug)]
pub(crate) struct Attempts {
    derive: Derive,
    purses: [Purse; 3],
    spending: Arc<Spending>,
    wrong: Mutex<HashMap<u64, Wrong>>,
}

impl Attempts {
    /// None yet. Those of an address at a name, of an address and at a name are noted in `spending` under these purses, which
    /// are nobody else's.
    pub(crate) fn new(secret: &[u8; 32], purses: [Purse; 3], spending: Arc<Spending>) -> Self {
        Attempts { derive: Derive::new(secret), purses, spending, wrong: Mutex::default() }
    }

    /// An attempt from an address (none for a Unix socket) at what is called this.
    pub(crate) fn of(&self, address: Option<IpAddr>, name: &str) -> Attempt {
        let name = name.to_lowercase();
        // Who has an IPv6 address has 2⁶⁴ of them.
        let address = address.map_or_else(String::new, |address| match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => (address.to_bits() >> 64).to_string(),
        });
        let key = |purse: usize, who: &[&str]| {
            let purse = self.purses[purse].0.to_string();
            let hash = self.derive.of(&[&["attempt", &purse], who].concat());
            u64::from_be_bytes(*hash.first_chunk().expect("a hash of 32 octets has eight"))
        };
        Attempt([key(0, &[&address, &name]), key(1, &[&address]), key(2, &[&name])])
    }

    /// Whether an attempt may be made now. It counts as a wrong one until it is known to be [right](Self::right), so
    /// that many at once are not looked at for the price of one.
    ///
    /// # Errors
    ///
    /// After what time it may.
    pub(crate) fn begin(&self, attempt: &Attempt, now: Instant) -> Result<(), Duration> {
        let mut wrong = self.lock();
        let waits = attempt.0.iter().filter_map(|key| Some(wrong.get(key)?.until.duration_since(now)));
        if let Some(wait) = waits.max().filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        for ((key, free), purse) in attempt.0.into_iter().zip(FREE).zip(self.purses) {
            add(&mut wrong, (key, free), 1, now);
            self.spending.note(purse, key, 1, ALL);
        }
        Ok(())
    }

    /// So many attempts were begun at other nodes, or, if it is less than 0, forgotten there. Those of purses that are not
    /// counted here are passed over.
    pub(crate) fn begun_elsewhere(&self, purse: Purse, key: u64, count: i32, now: Instant) {
        let Some(which) = self.purses.iter().position(|known| *known == purse) else { return };
        let (mut wrong, times) = (self.lock(), count.unsigned_abs());
        if count > 0 {
            add(&mut wrong, (key, FREE[which]), times, now);
        } else {
            forget(&mut wrong, key, times);
        }
    }

    /// An attempt was right: it costs nothing, and those before it at this name from this address are forgotten.
    pub(crate) fn right(&self, attempt: &Attempt) {
        let mut wrong = self.lock();
        let at_the_name = wrong.get(&attempt.0[0]).map_or(0, |known| known.times);
        for ((key, times), purse) in attempt.0.into_iter().zip([at_the_name, 1, 1]).zip(self.purses) {
            forget(&mut wrong, key, times);
            self.spending.note(purse, key, 0_i32.saturating_sub_unsigned(times), ALL);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Wrong>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts wrong attempts: each that costs something doubles the wait.
fn add(wrong: &mut HashMap<u64, Wrong>, (key, free): (u64, u32), times: u32, now: Instant) {
    make_room(wrong, now);
    let known = wrong.get(&key).filter(|known| now.duration_since(known.last) < FORGOTTEN);
    let times = known.map_or(0, |known| known.times).saturating_add(times);
    let wait = match times.saturating_sub(free) {
        0 => Duration::ZERO,
        paid => FIRST.saturating_mul(1 << (paid - 1).min(20)).min(LONGEST),
    };
    wrong.insert(key, Wrong { times, last: now, until: now + wait });
}

/// Counts so many less, and lets the next one be looked at without a wait.
fn forget(wrong: &mut HashMap<u64, Wrong>, key: u64, times: u32) {
    let Some(known) = wrong.get_mut(&key) else { return };
    known.times = known.times.saturating_sub(times);
    known.until = known.last;
    if known.times == 0 {
        wrong.remove(&key);
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

    fn attempts() -> Attempts {
        Attempts::new(&[1; 32], Purse::ATTEMPTS, Arc::default())
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn each_wrong_attempt_after_some_has_to_wait_twice_as_long() {
        let attempts = attempts();
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
        let attempts = attempts();
        let (attempt, now) = (attempts.of(address(1), "ada"), Instant::now());
        for _ in 0..100 * AT_A_NAME {
            assert_eq!(attempts.begin(&attempt, now), Ok(()));
            attempts.right(&attempt);
        }
    }

    #[test]
    fn what_was_tried_at_other_nodes_is_counted_and_what_was_right_there_is_forgotten() {
        let now = Instant::now();
        let nodes = [attempts(), attempts()];
        let [here, there] = &nodes;
        nodes.iter().for_each(|node| node.spending.begin());
        let tell = |from: &Attempts, to: &Attempts| {
            for spent in from.spending.take() {
                to.begun_elsewhere(Purse(spent.purse), spent.key, spent.count, now);
            }
        };
        let [attempt, other] = [here.of(address(1), "ada"), here.of(address(1), "bob")];
        assert_eq!(attempt.0, there.of(address(1), "Ada").0, "the same at all nodes");
        (0..3).for_each(|_| assert_eq!(here.begin(&attempt, now), Ok(())));
        tell(here, there);
        (0..4).for_each(|_| _ = there.begin(&attempt, now));
        tell(there, here);
        for node in &nodes {
            assert_eq!(node.begin(&attempt, now), Err(Duration::from_secs(1)), "three and three");
            assert_eq!(node.begin(&other, now), Ok(()));
        }
        there.right(&attempt);
        tell(there, here);
        assert!((0..6).all(|_| here.begin(&attempt, now).is_ok()));
        here.begun_elsewhere(Purse::EXPORTS[0], attempt.0[0], 1_000, now);
        assert_eq!(here.begin(&attempt, now), Err(Duration::from_secs(1)), "something else");
    }

    #[test]
    fn one_address_and_one_name_are_bounded_whatever_the_other_is() {
        let now = Instant::now();
        let names = attempts();
        let made = (0..200).filter(|n| names.begin(&names.of(address(1), &format!("n{n}")), now).is_ok());
        assert_eq!(made.count(), OF_AN_ADDRESS as usize + 1);
        let addresses = attempts();
        let made = (0..200).filter(|n| addresses.begin(&addresses.of(address(*n), "ada"), now).is_ok());
        assert_eq!(made.count(), AT_A_NAME_FROM_ANYWHERE as usize + 1);
        let sixes = attempts();
        let six = |n: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]));
        let made = (0..20).filter(|n| sixes.begin(&sixes.of(six(*n), "ada"), now).is_ok());
        assert_eq!(made.count(), AT_A_NAME as usize + 1, "a network of IPv6 counts as one address");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (attempts, now) = (attempts(), Instant::now());
        for number in 0..KNOWN as u64 {
            let at = now + Duration::from_micros(number);
            let _ = attempts.begin(&attempts.of(None, &number.to_string()), at);
            // Nobody's address is everybody's.
            attempts.right(&Attempt([0, attempts.of(None, "").0[1], 0]));
        }
        assert!(attempts.lock().len() < KNOWN + 3);
    }
}
