//! One direction of an invented network: octets go in at one time and come out at another, in other pieces.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::random::Random;

/// How much of what has arrived is read at once. A stream does not keep the boundaries of what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pieces {
    /// All of it.
    Whole,
    /// At most so many octets; 0 counts as 1.
    Of(usize),
    /// From one to so many octets, as chance has it.
    Random(usize),
}

/// What a read gives.
#[derive(Debug)]
pub(super) enum Arrival {
    Octets(BytesMut),
    /// The other side ended this direction. Comes once, after all octets.
    End,
    /// The transport broke. Comes once, and nothing after it.
    Reset,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) latency: Duration,
    /// Up to this much is added to the latency, as chance has it.
    pub(super) jitter: Duration,
    pub(super) loss: Loss,
    pub(super) pieces: Pieces,
    random: Random,
    /// What is under way, and when it arrives.
    transit: VecDeque<(Instant, Arrival)>,
    /// What has arrived and was not read.
    arrived: BytesMut,
    /// Everything that was ever written.
    written: Vec<u8>,
    ended: Option<Instant>,
    /// So many more octets are carried; then the direction is dead.
    carries: Option<usize>,
}

/// How often a write is lost, and what that costs: a reliable transport sends it again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    pub(super) per_thousand: u64,
    pub(super) resent_after: Duration,
}

impl Link {
    pub(super) fn new(random: Random) -> Link {
        Link {
            latency: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: Loss::default(),
            pieces: Pieces::Whole,
            random,
            transit: VecDeque::new(),
            arrived: BytesMut::new(),
            written: Vec::new(),
            ended: None,
            carries: None,
        }
    }

    pub(super) fn write(&mut self, octets: &[u8], now: Instant) {
        self.written.extend_from_slice(octets);
        let carried = self.carries.unwrap_or(usize::MAX).min(octets.len());
        if let Some(left) = &mut self.carries {
            *left -= carried;
        }
        if self.ended.is_none() && carried > 0 {
            let at = now + self.delay();
            self.put(Arrival::Octets(octets[..carried].into()), at);
        }
    }

    pub(super) fn end(&mut self, now: Instant) {
        if self.ended.is_none() {
            self.ended = Some(now);
            if self.carries != Some(0) {
                let at = now + self.delay();
                self.put(Arrival::End, at);
            }
        }
    }

    /// The direction carries `octets` more and is dead then.
    pub(super) fn cut_after(&mut self, octets: usize) {
        self.carries = Some(octets);
    }

    /// The direction is dead; what is under way is lost.
    pub(super) fn cut(&mut self) {
        self.carries = Some(0);
        self.transit.clear();
        self.arrived.clear();
    }

    /// The direction is dead, and whoever reads it is told so.
    pub(super) fn reset(&mut self, now: Instant, travels: bool) {
        self.cut();
        let at = if travels { now + self.delay() } else { now };
        self.transit.push_back((at, Arrival::Reset));
        self.ended.get_or_insert(now);
    }

    pub(super) fn read(&mut self, now: Instant) -> Option<Arrival> {
        while let Some((_, Arrival::Octets(octets))) = self.transit.front().filter(|(at, _)| *at <= now) {
            self.arrived.extend_from_slice(octets);
            self.transit.pop_front();
        }
        if self.arrived.is_empty() {
            return self.transit.pop_front_if(|(at, _)| *at <= now).map(|(_, end)| end);
        }
        let most = match self.pieces {
            Pieces::Whole => self.arrived.len(),
            Pieces::Of(most) => most.max(1),
            Pieces::Random(most) => {
                1 + usize::try_from(self.random.below(most.max(1) as u64)).expect("less than a usize")
            }
        };
        Some(Arrival::Octets(self.arrived.split_to(most.min(self.arrived.len()))))
    }

    /// When what is under way arrives next.
    pub(super) fn next_arrival(&self) -> Option<Instant> {
        self.transit.front().map(|(at, _)| *at)
    }

    pub(super) fn written(&self) -> &[u8] {
        &self.written
    }

    pub(super) fn ended(&self) -> Option<Instant> {
        self.ended
    }

    fn put(&mut self, arrival: Arrival, at: Instant) {
        // Nothing is overtaken: a stream keeps its order, whatever becomes of the packets.
        let last = self.transit.back().map_or(at, |(at, _)| *at);
        self.transit.push_back((at.max(last), arrival));
    }

    fn delay(&mut self) -> Duration {
        let mut delay = self.latency;
        let jitter = u64::try_from(self.jitter.as_nanos()).unwrap_or(u64::MAX - 1);
        if jitter > 0 {
            delay += Duration::from_nanos(self.random.below(jitter + 1));
        }
        if self.loss.per_thousand > 0 && self.random.below(1000) < self.loss.per_thousand {
            delay += self.loss.resent_after;
        }
        delay
    }
}
