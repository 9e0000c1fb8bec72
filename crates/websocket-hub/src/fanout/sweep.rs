//! A core's logs and receivers, and the sweep that brings every receiver up to date.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use slab::Slab;

use super::core::{Core, Home, Mail, Seat};
use super::lane::Form;
use super::log::{CLOSED, Log};
use super::receiver::{Flow, Receiver, Recipient, Subscription, index};
use super::terms::Terms;
use crate::memory::Use;
use crate::metrics::Metrics;
use crate::policy::Drops;

/// How many visits a loop makes before it looks at its input again.
pub(crate) const SLICE: usize = 256;

/// Everything that one core fans out.
#[derive(Debug, Default)]
pub(crate) struct Fanout {
    core: Arc<Core>,
    logs: Slab<Log>,
    by_topic: HashMap<u64, usize>,
    receivers: Slab<Receiver>,
    /// Logs that somebody may be behind in, each once.
    dirty: VecDeque<usize>,
    /// Receivers that have something of their own to write.
    attention: VecDeque<Seat>,
    mail: Vec<Mail>,
    /// The number of the newest publication that was taken in.
    collected: u64,
    /// Octets that everybody has been offered since the core was last told.
    swept: usize,
    /// Buffers for logs that are empty.
    spare: Vec<Vec<u8>>,
    /// Octets in them that the metrics were last told of.
    told_spare: usize,
    metrics: Metrics,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    /// Write its lag to this receiver's socket.
    Straight(Straight),
    /// Let this receiver write all it has.
    Turn(u32),
}

/// A receiver that has nothing to write now but what is in one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Straight {
    /// The index of its seat.
    pub(crate) seat: u32,
    log: u32,
    at: u32,
}

impl Fanout {
    /// Counts what it does.
    pub(crate) fn new(metrics: Metrics) -> Self {
        Fanout { metrics, ..Fanout::default() }
    }

    /// Gives connection number `id` a place, from which it may lag by `limit` octets.
    pub(crate) fn enter(&mut self, id: u64, recipient: Arc<dyn Recipient>, form: Form, limit: usize) -> Home {
        let place = self.receivers.insert(Receiver::new(id, recipient, form, limit));
        let seat = Seat { index: index(place), id };
        Home { core: Arc::clone(&self.core), seat }
    }

    /// Takes a connection's place away.
    pub(crate) fn leave(&mut self, seat: Seat) {
        // What it was to hear and does not is counted.
        self.collect();
        if self.receiver(seat).is_none() {
            return;
        }
        while let Some(last) = self.receivers[seat.index as usize].subscriptions.last() {
            self.remove(*last);
        }
        if let Flow::Blocked(since) = self.receivers.remove(seat.index as usize).flow {
            self.metrics.waited(since.elapsed());
        }
    }

    /// Takes in what other threads have left.
    pub(crate) fn collect(&mut self) {
        let mut mail = std::mem::take(&mut self.mail);
        self.core.collect(&mut mail);
        for mail in mail.drain(..) {
            match mail {
                Mail::Publication { topic, sequence, prepared, key } => {
                    self.collected = sequence;
                    let Some(&log) = self.by_topic.get(&topic) else {
                        // Everybody who subscribed here has left meanwhile.
                        self.swept += prepared.server_frame().len();
                        continue;
                    };
                    self.logs[log].append(sequence, &prepared, key, &mut self.spare);
                    self.metrics.wrote(0, self.logs[log].subscribers.len() as u64);
                    self.soil(log);
                }
                Mail::Overrun { topic, lost } => {
                    if let Some(&log) = self.by_topic.get(&topic) {
                        let subscribers = self.logs[log].subscribers.len() as u64;
                        self.metrics.dropped("overrun", lost * subscribers);
                        self.overrun(log);
                    }
                }
                Mail::Subscribe { terms, seat } => self.subscribe(terms, seat),
                Mail::Unsubscribe { topic, seat } => self.unsubscribe(topic, seat),
                Mail::Attend(seat) => {
                    if let Some(receiver) = self.receiver(seat) {
                        receiver.busy = true;
                        self.attention.push_back(seat);
                    }
                }
            }
        }
        self.mail = mail;
    }

    /// The number of the newest publication that was taken in.
    pub(crate) fn collected(&self) -> u64 {
        self.collected
    }

    /// Who is to be written to next; `None` when everybody has been offered everything.
    pub(crate) fn next(&mut self) -> Option<Visit> {
        while let Some(seat) = self.attention.pop_front() {
            if self.receiver(seat).is_some() {
                return Some(Visit::Turn(seat.index));
            }
        }
        while let Some(&log) = self.dirty.front() {
            if let Some(visit) = self.next_of(log) {
                return Some(visit);
            }
            if self.logs.get(log).is_some_and(|log| log.sweep.left > 0) {
                // The others come round, too, however busy this one is.
                self.dirty.rotate_left(1);
                self.logs[log].sweep.lap = 0;
            } else {
                self.dirty.pop_front();
                self.clean(log);
            }
        }
        let swept = std::mem::take(&mut self.swept);
        if swept > 0 {
            self.core.swept(swept);
        }
        None
    }

    /// The loop will be woken when there is mail. False if there is some, or something to visit.
    pub(crate) fn sleep(&self, waker: &Waker) -> bool {
        // Mail may have been collected by somebody else than the loop that is woken by it.
        self.attention.is_empty() && self.dirty.is_empty() && self.core.sleep(waker)
    }

    /// What a receiver is to be written.
    pub(crate) fn lag(&self, visit: Straight) -> &[u8] {
        let log = &self.logs[visit.log as usize];
        let subscriber = &log.subscribers[visit.at as usize];
        log.slice(subscriber, subscriber.cursor, log.end(subscriber))
    }

    /// So many octets of the lag went out.
    pub(crate) fn advance(&mut self, visit: Straight, count: usize) {
        self.logs[visit.log as usize].advance(visit.at as usize, count);
        self.metrics.wrote(count as u64, 0);
    }

    /// This receiver's socket takes no more. It is left alone until it is [unblocked](Fanout::unblock), but for the
    /// policy of its topic.
    pub(crate) fn block(&mut self, index: u32) {
        let flow = &mut self.receivers[index as usize].flow;
        if !matches!(flow, Flow::Blocked(_)) {
            *flow = Flow::Blocked(Instant::now());
            self.metrics.waits();
        }
        for nth in 0..self.receivers[index as usize].subscriptions.len() {
            let place = self.receivers[index as usize].subscriptions[nth];
            self.judge(place);
        }
        let octets = self.octets_behind(index);
        self.receivers[index as usize].recipient.lags(octets);
    }

    /// Whoever drives this receiver was woken; it is left alone until it is [unblocked](Fanout::unblock).
    pub(crate) fn woken(&mut self, index: u32) {
        let flow = &mut self.receivers[index as usize].flow;
        if *flow == Flow::Free {
            *flow = Flow::Woken;
        }
    }

    /// This receiver has written, or may try again.
    pub(crate) fn unblock(&mut self, index: u32) {
        let receiver = &mut self.receivers[index as usize];
        if let Flow::Blocked(since) = std::mem::replace(&mut receiver.flow, Flow::Free) {
            self.metrics.waited(since.elapsed());
            // What was published since then is not late for want of its socket, and nobody would take it back.
            receiver.recipient.lags(0);
        }
    }

    /// Whether a receiver is not free: it has to be given its turn by whoever drives it.
    pub(crate) fn is_held(&self, index: u32) -> bool {
        self.receivers[index as usize].flow != Flow::Free
    }

    /// Whether a receiver has more to write than what is published, which the sweep must not overtake.
    pub(crate) fn set_busy(&mut self, index: u32, busy: bool) {
        self.receivers[index as usize].busy = busy;
    }

    /// Ends a receiver's subscriptions, each behind its last publication up to number `sequence`, or where the frame
    /// ends that has begun.
    pub(crate) fn end_after(&mut self, index: u32, sequence: u64) {
        let receiver = &mut self.receivers[index as usize];
        (receiver.busy, receiver.ended) = (true, true);
        // Whoever fell behind hears nothing more at all.
        let reason = if sequence == 0 { Drops::Connection.name() } else { CLOSED };
        for place in &receiver.subscriptions {
            self.logs[place.log as usize].end_after(place.at as usize, sequence, reason);
        }
    }

    /// Takes away those of a receiver's subscriptions that have ended and given everything.
    pub(crate) fn drop_ended(&mut self, index: u32) {
        let mut nth = 0;
        while let Some(place) = self.receivers[index as usize].subscriptions.get(nth).copied() {
            let subscriber = &self.logs[place.log as usize].subscribers[place.at as usize];
            if subscriber.position() >= subscriber.until {
                self.remove(place);
            } else {
                nth += 1;
            }
        }
    }

    /// Octets that its logs hold.
    #[cfg(test)]
    pub(super) fn retained(&self) -> usize {
        self.logs.iter().map(|(_, log)| log.retained()).sum()
    }

    pub(super) fn subscriptions(&self, index: u32) -> &[Subscription] {
        &self.receivers[index as usize].subscriptions
    }

    pub(super) fn log(&self, place: Subscription) -> &Log {
        &self.logs[place.log as usize]
    }

    pub(super) fn log_mut(&mut self, place: Subscription) -> &mut Log {
        &mut self.logs[place.log as usize]
    }

    /// The next visit to a subscriber of this log, within this lap.
    fn next_of(&mut self, log_index: usize) -> Option<Visit> {
        while let Some(log) = self.logs.get_mut(log_index) {
            let count = log.subscribers.len();
            if log.sweep.left == 0 || log.sweep.lap >= count {
                return None;
            }
            let at = log.sweep.at % count;
            let sweep = &mut log.sweep;
            (sweep.at, sweep.left, sweep.lap) = (at + 1, sweep.left - 1, sweep.lap + 1);
            let subscriber = &log.subscribers[at];
            let seat = subscriber.seat;
            let receiver = &self.receivers[seat as usize];
            if log.lag(subscriber) == 0 {
                continue;
            }
            match receiver.flow {
                Flow::Free => {}
                Flow::Woken => continue,
                Flow::Blocked(_) => {
                    self.judge(Subscription { log: index(log_index), at: index(at) });
                    let octets = self.octets_behind(seat);
                    self.receivers[seat as usize].recipient.lags(octets);
                    continue;
                }
            }
            let is_simple = !receiver.busy && subscriber.goes_on() && subscriber.kept.is_none();
            let (log, at) = (index(log_index), index(at));
            if !is_simple || self.lags_elsewhere(seat, Subscription { log, at }) {
                return Some(Visit::Turn(seat));
            }
            return Some(Visit::Straight(Straight { seat, log, at }));
        }
        None
    }

    /// What becomes of a subscriber whose socket takes no more.
    fn judge(&mut self, place: Subscription) {
        let log = &mut self.logs[place.log as usize];
        log.count_missed(place.at as usize);
        let subscriber = &log.subscribers[place.at as usize];
        let receiver = &self.receivers[subscriber.seat as usize];
        let limit = log.terms.policy.limit.unwrap_or(receiver.limit);
        let is_too_far = subscriber.goes_on() && log.lag(subscriber) > limit;
        if is_too_far && !log.relieve(place.at as usize, limit) {
            receiver.recipient.falls_behind();
        }
    }

    /// Publications of this log were lost before they came here, for everybody.
    fn overrun(&self, log: usize) {
        let log = &self.logs[log];
        if log.terms.policy.drops == Drops::Connection {
            for subscriber in log.subscribers.iter().filter(|subscriber| subscriber.goes_on()) {
                self.receivers[subscriber.seat as usize].recipient.falls_behind();
            }
        }
    }

    /// Somebody is behind in this log.
    fn soil(&mut self, log: usize) {
        if !std::mem::replace(&mut self.logs[log].sweep.is_dirty, true) {
            self.dirty.push_back(log);
        }
    }

    /// Everybody was offered everything of this log.
    fn clean(&mut self, index: usize) {
        let Some(log) = self.logs.get_mut(index) else { return };
        self.swept += std::mem::take(&mut log.sweep.octets);
        log.sweep.is_dirty = false;
        log.trim(&mut self.spare);
        let spare = self.spare.iter().map(Vec::capacity).sum();
        self.metrics.retains(Use::Topics, std::mem::replace(&mut self.told_spare, spare), spare);
    }

    fn subscribe(&mut self, terms: Arc<Terms>, seat: Seat) {
        let receiver = self.receiver(seat).filter(|receiver| !receiver.ended);
        let Some(form) = receiver.map(|receiver| receiver.form) else { return };
        let (logs, topic, metrics) = (&mut self.logs, terms.id(), self.metrics.clone());
        let log = *self.by_topic.entry(topic).or_insert_with(|| logs.insert(Log::new(terms, metrics)));
        let at = self.logs[log].add(seat.index, form);
        let subscriptions = &mut self.receivers[seat.index as usize].subscriptions;
        // Most connections have one.
        subscriptions.reserve_exact(usize::from(subscriptions.is_empty()));
        subscriptions.push(Subscription { log: index(log), at: index(at) });
    }

    /// What was published before is still given.
    fn unsubscribe(&mut self, topic: u64, seat: Seat) {
        let Some(&log) = self.by_topic.get(&topic) else { return };
        let Some(receiver) = self.receiver(seat) else { return };
        let places = receiver.subscriptions.clone();
        for place in places.iter().filter(|place| place.log as usize == log) {
            self.logs[log].end_after(place.at as usize, u64::MAX, CLOSED);
        }
        self.drop_ended(seat.index);
    }

    fn remove(&mut self, place: Subscription) {
        let (log_index, at) = (place.log as usize, place.at as usize);
        let log = &mut self.logs[log_index];
        let seat = log.subscribers[at].seat;
        let last = index(log.subscribers.len() - 1);
        self.receivers[seat as usize].subscriptions.retain(|other| *other != place);
        if let Some(moved) = log.remove(at) {
            let subscriptions = &mut self.receivers[moved as usize].subscriptions;
            let moved_from = Subscription { log: place.log, at: last };
            let moved = subscriptions.iter_mut().find(|other| **other == moved_from);
            moved.expect("a subscriber knows its place").at = place.at;
        }
        if log.subscribers.is_empty() {
            self.swept += log.sweep.octets;
            self.by_topic.remove(&log.terms.id());
            self.logs.remove(log_index);
            self.dirty.retain(|dirty| *dirty != log_index);
        }
    }

    fn receiver(&mut self, seat: Seat) -> Option<&mut Receiver> {
        self.receivers.get_mut(seat.index as usize).filter(|receiver| receiver.id == seat.id)
    }
}
