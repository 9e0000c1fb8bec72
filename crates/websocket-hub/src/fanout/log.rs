//! A topic's log on one core: what was published of late, and who has been given how much.

use std::collections::VecDeque;
use std::sync::Arc;

use websocket_driver::Prepared;

use super::lane::{Form, Lane};
use super::subscriber::{Key, Subscriber};
use super::terms::Terms;
use crate::memory::Use;
use crate::metrics::Metrics;

/// How many octets a log may hold before it is looked for what nobody needs any more, while sweeps never end.
const TRIM_FROM: usize = 64 * 1024;

/// What publications are counted as that a connection was not given because it ended first.
pub(super) const CLOSED: &str = "closed";

#[derive(Debug)]
pub(super) struct Log {
    pub(super) terms: Arc<Terms>,
    lanes: [Lane; 2],
    /// What is kept, oldest first.
    pub(super) publications: VecDeque<Publication>,
    /// How many there ever were.
    pub(super) count: u64,
    /// In no order.
    pub(super) subscribers: Vec<Subscriber>,
    pub(super) sweep: Sweep,
    trim_at: usize,
    metrics: Metrics,
    /// Octets that the metrics were last told of.
    told: usize,
}

#[derive(Debug)]
pub(super) struct Publication {
    pub(super) sequence: u64,
    /// Where it ends in each form.
    pub(super) ends: [u64; 2],
    pub(super) key: Option<Key>,
}

/// How far a sweep over the subscribers has come. It goes round, and begins where the last one ended.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    pub(super) at: usize,
    /// How many subscribers are still to be visited.
    pub(super) left: usize,
    /// How many were visited since the log had its last turn among the logs.
    pub(super) lap: usize,
    /// Octets that were published since everybody was last visited.
    pub(super) octets: usize,
    /// It waits for its turn among the logs.
    pub(super) is_dirty: bool,
}

impl Log {
    pub(super) fn new(terms: Arc<Terms>, metrics: Metrics) -> Self {
        Log {
            terms,
            lanes: [Lane::default(), Lane::default()],
            publications: VecDeque::new(),
            count: 0,
            subscribers: Vec::new(),
            sweep: Sweep::default(),
            trim_at: TRIM_FROM,
            metrics,
            told: 0,
        }
    }

    pub(super) fn lane(&self, form: Form) -> &Lane {
        &self.lanes[form as usize]
    }

    pub(super) fn append(
        &mut self,
        sequence: u64,
        prepared: &Prepared,
        key: Option<Key>,
        spare: &mut Vec<Vec<u8>>,
    ) {
        for form in Form::ALL {
            let lane = &mut self.lanes[form as usize];
            if lane.subscribers > 0 {
                let plain = prepared.server_frame();
                let frame = match form {
                    Form::Plain => plain,
                    Form::Compressed => prepared.compressed_server_frame().unwrap_or(plain),
                };
                lane.append(frame, spare);
            }
        }
        let ends = Form::ALL.map(|form| self.lane(form).end());
        self.publications.push_back(Publication { sequence, ends, key });
        self.count += 1;
        self.sweep.left = self.subscribers.len();
        self.sweep.octets += prepared.server_frame().len();
        if self.lanes.iter().map(Lane::len).sum::<usize>() > self.trim_at {
            self.trim(spare);
        }
    }

    /// Adds a subscriber, who hears what comes from now on, and says where it is.
    pub(super) fn add(&mut self, seat: u32, form: Form) -> usize {
        self.lanes[form as usize].subscribers += 1;
        self.subscribers.push(Subscriber::new(seat, form, self.lane(form).end()));
        self.subscribers.len() - 1
    }

    /// Takes a subscriber away. Says whose place is now its own, if anybody's was changed.
    pub(super) fn remove(&mut self, at: usize) -> Option<u32> {
        self.end_after(at, 0, CLOSED);
        let gone = self.subscribers.swap_remove(at);
        self.count_dropped(CLOSED, usize::from(gone.begun));
        self.lanes[gone.form as usize].subscribers -= 1;
        if self.sweep.left > 0 {
            // Somebody may have been moved to where the sweep has been. Another round finds who has everything.
            self.sweep.left = self.subscribers.len();
        }
        self.subscribers.get(at).map(|moved| moved.seat)
    }

    /// Where the output of a subscriber ends for now.
    pub(super) fn end(&self, subscriber: &Subscriber) -> u64 {
        let drops = subscriber.kept.as_ref().is_some_and(|kept| kept.drops_from.is_some());
        let end = if drops { subscriber.cursor } else { self.lane(subscriber.form).end() };
        end.min(subscriber.until)
    }

    /// Octets that a subscriber has not been given.
    pub(super) fn lag(&self, subscriber: &Subscriber) -> usize {
        usize::try_from(self.end(subscriber) - subscriber.position()).unwrap_or(usize::MAX)
    }

    /// What lies between two positions of a subscriber. They do not lie on different sides of its cursor.
    pub(super) fn slice<'a>(&'a self, subscriber: &'a Subscriber, from: u64, to: u64) -> &'a [u8] {
        match subscriber.kept_at(from) {
            Some((kept, offset)) => {
                let len = usize::try_from(to - from).expect("it lies in memory");
                &kept.octets[offset..offset + len]
            }
            None => self.lane(subscriber.form).slice(from, to),
        }
    }

    /// So many octets more went out.
    pub(super) fn advance(&mut self, at: usize, count: usize) {
        if count == 0 {
            return;
        }
        let subscriber = &self.subscribers[at];
        let position = subscriber.position() + count as u64;
        let begun = position < self.end(subscriber) && !self.is_boundary(subscriber, position);
        let (log_end, total) = (self.lane(subscriber.form).end(), self.count);
        let subscriber = &mut self.subscribers[at];
        subscriber.begun = begun;
        let Some(kept) = &mut subscriber.kept else {
            subscriber.cursor = position;
            return;
        };
        if position < subscriber.cursor {
            kept.out += count;
            return;
        }
        let drops_from = kept.drops_from;
        subscriber.kept = None;
        subscriber.cursor = position;
        if let Some(before) = drops_from.filter(|_| subscriber.goes_on()) {
            // It has caught up with what was kept for it, and hears again what comes.
            subscriber.cursor = log_end;
            self.count_missed_between(before, total);
        }
    }

    /// Ends a subscription behind the publication with this number, or at the end of the frame that has begun.
    /// What it is not given then is counted under `reason`.
    pub(super) fn end_after(&mut self, at: usize, sequence: u64, reason: &'static str) {
        let subscriber = &self.subscribers[at];
        let position = subscriber.position();
        let from = if subscriber.begun { self.frame_end(subscriber, position) } else { position };
        let end = self.end(subscriber);
        let mut until = from;
        while until < end {
            let further = self.run_end(subscriber, until, sequence).min(end);
            if further == until {
                break;
            }
            until = further;
        }
        self.count_dropped(reason, self.frames_between(subscriber, until, end));
        if let Some(before) = subscriber.kept.as_ref().and_then(|kept| kept.drops_from) {
            // What it missed, up to that number.
            let is_later = |it: &&Publication| sequence > 0 && it.sequence > sequence;
            let later = self.publications.iter().rev().take_while(is_later).count();
            if subscriber.goes_on() {
                self.count_missed_between(before, (self.count - later as u64).max(before));
            }
        }
        self.subscribers[at].until = until;
    }

    /// The number of the publication at a position of a subscriber; `None` at the end.
    pub(super) fn sequence_at(&self, subscriber: &Subscriber, position: u64) -> Option<u64> {
        match subscriber.kept_at(position) {
            Some((kept, offset)) => kept.frame_at(offset).map(|frame| frame.sequence),
            None => self.publications.get(self.index_at(subscriber.form, position)).map(|it| it.sequence),
        }
    }

    /// Where the frame ends that the octet at `position` belongs to.
    pub(super) fn frame_end(&self, subscriber: &Subscriber, position: u64) -> u64 {
        match subscriber.kept_at(position) {
            Some((kept, offset)) => {
                let frame = kept.frame_at(offset).expect("an octet of a frame");
                subscriber.position_of(kept, frame.end)
            }
            None => {
                let form = subscriber.form;
                self.publications[self.index_at(form, position)].ends[form as usize]
            }
        }
    }

    /// Where the last publication up to `sequence` ends that lies in one piece with `position`; `position` itself if
    /// there is none behind it.
    pub(super) fn run_end(&self, subscriber: &Subscriber, position: u64, sequence: u64) -> u64 {
        let end = match subscriber.kept_at(position) {
            Some((kept, _)) => {
                let count = kept.frames.partition_point(|frame| frame.sequence <= sequence);
                let end = count.checked_sub(1).map(|last| kept.frames[last].end);
                end.map_or(0, |end| subscriber.position_of(kept, end.max(kept.out)))
            }
            None => {
                let count = self.publications.partition_point(|it| it.sequence <= sequence);
                count.checked_sub(1).map_or(0, |last| self.publications[last].ends[subscriber.form as usize])
            }
        };
        end.max(position)
    }

    /// How many frames of a subscriber end between two positions.
    fn frames_between(&self, subscriber: &Subscriber, mut from: u64, to: u64) -> usize {
        let mut count = 0;
        while from < to {
            from = self.frame_end(subscriber, from);
            count += 1;
        }
        count
    }

    fn is_boundary(&self, subscriber: &Subscriber, position: u64) -> bool {
        // The octet before it ends a frame.
        position == subscriber.cursor || self.frame_end(subscriber, position - 1) == position
    }

    /// The publication that the octet at `position` belongs to.
    pub(super) fn index_at(&self, form: Form, position: u64) -> usize {
        self.publications.partition_point(|publication| publication.ends[form as usize] <= position)
    }

    /// Counts publications that one subscriber is not given.
    pub(super) fn count_dropped(&self, reason: &'static str, count: usize) {
        self.terms.count_dropped(count);
        self.metrics.dropped(reason, count as u64);
    }

    /// Counts those by their policy that one subscriber missed after the first so many, up to so many.
    pub(super) fn count_missed_between(&self, before: u64, count: u64) {
        let missed = usize::try_from(count - before).unwrap_or(usize::MAX);
        self.count_dropped(self.terms.policy.drops.name(), missed);
    }

    /// Octets held.
    pub(super) fn retained(&self) -> usize {
        let kept = self.subscribers.iter().flat_map(|subscriber| &subscriber.kept);
        self.lanes.iter().map(Lane::capacity).sum::<usize>()
            + kept.map(|kept| kept.octets.capacity()).sum::<usize>()
            + self.publications.capacity() * size_of::<Publication>()
    }

    /// Forgets what nobody needs any more.
    pub(super) fn trim(&mut self, spare: &mut Vec<Vec<u8>>) {
        let mut needed = Form::ALL.map(|form| self.lane(form).end());
        let drops = |it: &&Subscriber| it.kept.as_ref().is_some_and(|kept| kept.drops_from.is_some());
        for subscriber in self.subscribers.iter().filter(|subscriber| !drops(subscriber)) {
            let needed = &mut needed[subscriber.form as usize];
            *needed = subscriber.cursor.min(*needed);
        }
        for (lane, needed) in self.lanes.iter_mut().zip(needed) {
            lane.trim(needed, spare);
        }
        let is_needed = |publication: &Publication| {
            let lanes = self.lanes.iter().zip(needed);
            let mut ends = publication.ends.iter().zip(lanes);
            ends.any(|(end, (lane, needed))| lane.subscribers > 0 && *end > needed)
        };
        while self.publications.front().is_some_and(|oldest| !is_needed(oldest)) {
            self.publications.pop_front();
        }
        if self.publications.is_empty() && self.publications.capacity() > 64 {
            self.publications = VecDeque::new();
        }
        self.trim_at = TRIM_FROM.max(2 * self.lanes.iter().map(Lane::len).sum::<usize>());
        self.tell();
    }

    /// Tells how much it holds.
    fn tell(&mut self) {
        let retained = self.retained();
        self.metrics.retains(Use::Topics, std::mem::replace(&mut self.told, retained), retained);
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.metrics.retains(Use::Topics, self.told, 0);
    }
}
