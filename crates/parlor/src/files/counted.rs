//! How much is brought: by one person at once and on one day, and by all together. What is on its way counts, too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use parlor_chat::{PersonId, Timestamp};

use super::Options;
use super::about::About;
use super::unfit::Unfit;

/// Milliseconds of a day.
const DAY: u64 = 24 * 60 * 60 * 1_000;
/// Files that are on their way at once, whoever brings them: each keeps a file open.
pub(super) const ALL_AT_ONCE: u32 = 64;

/// The day of a time, since 1970 (UTC).
pub(super) fn day(at: Timestamp) -> u64 {
    at.0 / DAY
}

/// Milliseconds until the next day.
fn rest_of_day(at: Timestamp) -> u64 {
    DAY - at.0 % DAY
}

/// The counts.
#[derive(Debug)]
pub(super) struct Counted {
    options: Options,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Octets of all files.
    all: u64,
    today: u64,
    /// Octets that people have brought today.
    spent: HashMap<PersonId, u64>,
    /// Files that people are bringing.
    running: HashMap<PersonId, u32>,
    all_running: u32,
}

/// One file's part in the counts. What it has counted is taken back when it is dropped without being kept.
#[derive(Debug)]
pub(super) struct Share {
    counted: Arc<Counted>,
    owner: PersonId,
    octets: u64,
    day: u64,
    is_kept: bool,
}

impl Counted {
    /// With what is there already, and what was brought today.
    pub(super) fn new(options: Options, all: u64, today: u64, spent: Vec<(PersonId, u64)>) -> Self {
        let counts = Counts { all, today, spent: spent.into_iter().collect(), ..Counts::default() };
        Counted { options, counts: Mutex::new(counts) }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file came that another node was brought.
    pub(super) fn came(&self, about: &About) {
        let mut counts = self.lock();
        counts.all = counts.all.saturating_add(about.size);
        if counts.today == day(about.at) {
            let spent = counts.spent.entry(about.owner).or_default();
            *spent = spent.saturating_add(about.size);
        }
    }

    /// Files of so many octets altogether are gone.
    pub(super) fn gone(&self, octets: u64) {
        let mut counts = self.lock();
        counts.all = counts.all.saturating_sub(octets);
    }

    /// Begins one file more of somebody, if its octets, as far as they are said before, have room.
    pub(super) fn begin(
        self: &Arc<Self>,
        owner: PersonId,
        octets: Option<u64>,
        at: Timestamp,
    ) -> Result<Share, Unfit> {
        let mut counts = self.lock();
        let counts = &mut *counts;
        if counts.all_running >= ALL_AT_ONCE {
            return Err(Unfit::Busy);
        }
        if counts.running.get(&owner).copied().unwrap_or_default() >= self.options.at_once {
            return Err(Unfit::TooManyAtOnce(self.options.at_once));
        }
        counts.turn(day(at));
        counts.check(&self.options, owner, octets.unwrap_or_default(), at)?;
        *counts.running.entry(owner).or_default() += 1;
        counts.all_running += 1;
        Ok(Share { counted: Arc::clone(self), owner, octets: 0, day: day(at), is_kept: false })
    }
}

impl Counts {
    /// Begins a new day, if it is one.
    fn turn(&mut self, day: u64) {
        if day > self.today {
            self.today = day;
            self.spent.clear();
        }
    }

    fn check(&self, options: &Options, owner: PersonId, octets: u64, at: Timestamp) -> Result<(), Unfit> {
        let spent = self.spent.get(&owner).copied().unwrap_or_default();
        if spent.saturating_add(octets) > options.a_day {
            return Err(Unfit::SpentToday { limit: options.a_day, again_after: rest_of_day(at) });
        }
        if options.all.is_some_and(|limit| self.all.saturating_add(octets) > limit) {
            return Err(Unfit::ServerFull);
        }
        Ok(())
    }
}

impl Share {
    /// Counts octets that came, if there is room for them.
    pub(super) fn add(&mut self, octets: u64, at: Timestamp) -> Result<(), Unfit> {
        let mut counts = self.counted.lock();
        let counts = &mut *counts;
        counts.check(&self.counted.options, self.owner, octets, at)?;
        counts.all += octets;
        // What goes on past midnight is of the day on which it began.
        if counts.today == self.day {
            *counts.spent.entry(self.owner).or_default() += octets;
        }
        self.octets += octets;
        Ok(())
    }

    /// The file stays, with this many octets on the disk.
    pub(super) fn keep(mut self, size: u64) {
        self.is_kept = true;
        let mut counts = self.counted.lock();
        counts.all = counts.all.saturating_sub(self.octets).saturating_add(size);
    }

    /// The day and the octets that were counted.
    pub(super) fn spent(&self) -> (u64, u64) {
        (self.day, self.octets)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.counted.lock();
        let counts = &mut *counts;
        counts.all_running -= 1;
        if let Some(running) = counts.running.get_mut(&self.owner) {
            *running -= 1;
            if *running == 0 {
                counts.running.remove(&self.owner);
            }
        }
        if self.is_kept {
            return;
        }
        counts.all = counts.all.saturating_sub(self.octets);
        if let Some(spent) = counts.spent.get_mut(&self.owner).filter(|_| counts.today == self.day) {
            *spent = spent.saturating_sub(self.octets);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ANNA: PersonId = PersonId(1);
    const BEN: PersonId = PersonId(2);
    const NOON: Timestamp = Timestamp(DAY * 100 + DAY / 2);

    fn counted(all: Option<u64>) -> Arc<Counted> {
        let options =
            Options { largest: 1_000, a_day: 100, all, keep_unclaimed: Duration::from_secs(1), at_once: 2 };
        Arc::new(Counted::new(options, 0, day(NOON), vec![]))
    }

    #[test]
    fn a_day_has_an_end_for_each_person_and_then_begins_again() {
        let counted = counted(None);
        let mut share = counted.begin(ANNA, Some(100), NOON).unwrap();
        share.add(100, NOON).unwrap();
        let spent = Unfit::SpentToday { limit: 100, again_after: DAY / 2 };
        assert_eq!(share.add(1, NOON), Err(spent));
        share.keep(90);
        assert_eq!(
            counted.begin(ANNA, Some(1), NOON).unwrap_err(),
            spent,
            "what was brought counts, whatever stays"
        );
        counted.begin(BEN, Some(100), NOON).unwrap();
        counted.gone(90);
        assert!(counted.begin(ANNA, Some(1), NOON).is_err(), "removing gives nothing back");
        let tomorrow = Timestamp(NOON.0 + DAY / 2);
        assert_eq!(counted.begin(ANNA, Some(101), tomorrow).unwrap_err().code(), "spent-today");
        counted.begin(ANNA, Some(100), tomorrow).unwrap();
    }

    #[test]
    fn what_does_not_come_to_its_end_is_not_counted() {
        let counted = counted(Some(100));
        let mut share = counted.begin(ANNA, None, NOON).unwrap();
        share.add(100, NOON).unwrap();
        assert_eq!(counted.begin(BEN, Some(1), NOON).unwrap_err(), Unfit::ServerFull);
        drop(share);
        counted.begin(ANNA, Some(100), NOON).unwrap();
    }

    #[test]
    fn all_files_together_have_a_limit_that_falls_free_again() {
        let counted = counted(Some(100));
        let mut share = counted.begin(ANNA, None, NOON).unwrap();
        share.add(60, NOON).unwrap();
        share.keep(60);
        let mut share = counted.begin(BEN, Some(40), NOON).unwrap();
        assert_eq!(share.add(41, NOON), Err(Unfit::ServerFull));
        counted.gone(60);
        share.add(100, NOON).unwrap();
    }

    #[test]
    fn somebody_brings_so_many_files_at_once() {
        let counted = counted(None);
        let first = counted.begin(ANNA, None, NOON).unwrap();
        let _second = counted.begin(ANNA, None, NOON).unwrap();
        assert_eq!(counted.begin(ANNA, None, NOON).unwrap_err(), Unfit::TooManyAtOnce(2));
        counted.begin(BEN, None, NOON).unwrap();
        drop(first);
        counted.begin(ANNA, None, NOON).unwrap();
        let others: Vec<_> = (0..ALL_AT_ONCE - 1)
            .map(|number| counted.begin(PersonId(100 + number as u64), None, NOON).unwrap())
            .collect();
        assert_eq!(counted.begin(BEN, None, NOON).unwrap_err(), Unfit::Busy);
        drop(others);
        counted.begin(BEN, None, NOON).unwrap();
    }
}
