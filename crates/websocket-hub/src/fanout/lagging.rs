//! What becomes of a subscriber that is further behind than its topic allows.

use std::collections::HashSet;

use super::log::Log;
use super::receiver::Subscription;
use super::subscriber::{Kept, Key};
use super::sweep::Fanout;
use crate::policy::Drops;

impl Fanout {
    /// Octets of its topics that a receiver has not been given.
    pub(crate) fn octets_behind(&self, index: u32) -> usize {
        self.subscriptions(index).iter().fold(0, |sum, place| {
            let log = self.log(*place);
            sum.saturating_add(log.lag(&log.subscribers[place.at as usize]))
        })
    }

    /// Whether a receiver lags in another of its subscriptions than this one, of which two may be in one log: it has left
    /// and come again. Most connections have several topics, of which one at a time has something to say.
    pub(super) fn lags_elsewhere(&self, index: u32, but: Subscription) -> bool {
        let others = self.subscriptions(index);
        others.iter().filter(|place| **place != but).any(|place| {
            let log = self.log(*place);
            log.lag(&log.subscribers[place.at as usize]) > 0
        })
    }
}

impl Log {
    /// Sees to it that a subscriber is at most `limit` octets behind, as far as the policy can; false if its connection
    /// has to be closed.
    pub(super) fn relieve(&mut self, at: usize, limit: usize) -> bool {
        match self.terms.policy.drops {
            Drops::Connection => return false,
            Drops::Old => self.drop_old(at, limit),
            Drops::New => self.drop_new(at, limit),
            Drops::Superseded => return self.drop_superseded(at, limit),
        }
        true
    }

    /// Counts what a subscriber has missed that hears nothing new for the time being.
    pub(super) fn count_missed(&mut self, at: usize) {
        let (count, subscriber) = (self.count, &mut self.subscribers[at]);
        let Some(kept) = subscriber.kept.as_mut().filter(|_| subscriber.until == u64::MAX) else { return };
        if let Some(before) = &mut kept.drops_from {
            let before = std::mem::replace(before, count);
            self.count_missed_between(before, count);
        }
    }

    /// Moves the cursor on.
    fn drop_old(&mut self, at: usize, limit: usize) {
        self.keep_begun(at);
        let subscriber = &self.subscribers[at];
        let (form, end) = (subscriber.form, self.end(subscriber));
        let first = self.index_at(form, subscriber.cursor);
        let is_too_far = |from: u64| end - from > limit as u64;
        let dropped =
            self.publications.range(first..).take_while(|it| is_too_far(it.ends[form as usize])).count();
        // The one that crosses the limit goes, too, but never the newest.
        let Some(newest_but_one) = self.publications.len().checked_sub(2) else { return };
        let last = (first + dropped).min(newest_but_one);
        if last < first || !is_too_far(subscriber.cursor) {
            return;
        }
        let cursor = self.publications[last].ends[form as usize];
        self.subscribers[at].cursor = cursor;
        self.count_dropped(Drops::Old.name(), last + 1 - first);
    }

    /// Keeps what it is behind by up to the limit, and nothing of what follows.
    fn drop_new(&mut self, at: usize, limit: usize) {
        let subscriber = &self.subscribers[at];
        if subscriber.kept.is_some() {
            return;
        }
        let (form, cursor) = (subscriber.form, subscriber.cursor);
        let first = self.index_at(form, cursor);
        let fits = |to: u64| to - cursor <= limit as u64;
        let fitting = self.publications.range(first..).take_while(|it| fits(it.ends[form as usize])).count();
        let count = fitting.max(1);
        let mut kept = Kept::default();
        let mut from = cursor;
        for publication in self.publications.range(first..).take(count) {
            let end = publication.ends[form as usize];
            kept.push(publication.sequence, self.lane(form).slice(from, end), publication.key.clone());
            from = end;
        }
        let after = self.publications.len() - first - count;
        kept.drops_from = Some(self.count - after as u64);
        let subscriber = &mut self.subscribers[at];
        subscriber.cursor = from;
        subscriber.kept = Some(Box::new(kept));
    }

    /// Keeps the latest of each key; false if that is too much.
    fn drop_superseded(&mut self, at: usize, limit: usize) -> bool {
        let subscriber = &self.subscribers[at];
        let form = subscriber.form;
        let mut frames: Vec<(u64, &[u8], Option<&Key>)> = Vec::new();
        let kept = subscriber.kept.iter().flat_map(|kept| kept.rest());
        frames.extend(kept.map(|(frame, octets)| (frame.sequence, octets, frame.key.as_ref())));
        let mut from = subscriber.cursor;
        for publication in self.publications.range(self.index_at(form, from)..) {
            let end = publication.ends[form as usize];
            let octets = self.lane(form).slice(from, end);
            frames.push((publication.sequence, octets, publication.key.as_ref()));
            from = end;
        }
        let mut later = HashSet::new();
        let mut keeps: Vec<bool> =
            frames.iter().rev().map(|(_, _, key)| key.is_none_or(|key| later.insert(key))).collect();
        keeps.reverse();
        if let Some(first) = keeps.first_mut() {
            // What has begun is completed.
            *first |= subscriber.begun;
        }
        let mut kept = Kept::default();
        for ((sequence, octets, key), _) in frames.iter().zip(&keeps).filter(|(_, keeps)| **keeps) {
            kept.push(*sequence, octets, key.cloned());
        }
        let dropped = keeps.iter().filter(|keeps| !**keeps).count();
        if kept.octets.len() > limit {
            return false;
        }
        let subscriber = &mut self.subscribers[at];
        (subscriber.cursor, subscriber.kept) = (from, Some(Box::new(kept)));
        self.count_dropped(Drops::Superseded.name(), dropped);
        true
    }

    /// Keeps the rest of the frame that has begun, so that the cursor can be moved.
    fn keep_begun(&mut self, at: usize) {
        let subscriber = &self.subscribers[at];
        if !subscriber.begun || subscriber.kept.is_some() {
            return;
        }
        let (from, form) = (subscriber.cursor, subscriber.form);
        let publication = &self.publications[self.index_at(form, from)];
        let end = publication.ends[form as usize];
        let mut kept = Kept::default();
        kept.push(publication.sequence, self.lane(form).slice(from, end), None);
        let subscriber = &mut self.subscribers[at];
        (subscriber.cursor, subscriber.kept) = (end, Some(Box::new(kept)));
    }
}
