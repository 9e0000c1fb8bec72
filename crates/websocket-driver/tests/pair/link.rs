//! One direction of an invented network: octets go in at one time and come out at another, in other pieces.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;

/// How much of what has arrived is read at once. A stream does not keep the boundaries of what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pieces {
    /// All of it.
    Whole,
    /// At most so many octets.
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
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) latency: Duration,
    pub(super) pieces: Pieces,
    random: Random,
    /// What is under way, and when it arrives.
    transit: VecDeque<(Instant, Arrival)>,
    /// What has arrived and was not read.
    arrived: BytesMut,
    /// Everything that was ever written.
    written: Vec<u8>,
    ended: Option<Instant>,
    is_cut: bool,
}

impl Link {
    pub(super) fn new(random: Random) -> Link {
        Link {
            latency: Duration::ZERO,
            pieces: Pieces::Whole,
            random,
            transit: VecDeque::new(),
            arrived: BytesMut::new(),
            written: Vec::new(),
            ended: None,
            is_cut: false,
        }
    }

    pub(super) fn write(&mut self, octets: &[u8], now: Instant) {
        self.written.extend_from_slice(octets);
        if self.ended.is_none() {
            self.put(Arrival::Octets(octets.into()), now);
        }
    }

    pub(super) fn end(&mut self, now: Instant) {
        if self.ended.is_none() {
            self.put(Arrival::End, now);
            self.ended = Some(now);
        }
    }

    pub(super) fn cut(&mut self) {
        self.is_cut = true;
        self.transit.clear();
        self.arrived.clear();
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
            Pieces::Random(most) => 1 + self.random.below(most.max(1)),
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

    fn put(&mut self, arrival: Arrival, now: Instant) {
        if !self.is_cut {
            let last = self.transit.back().map_or(now, |(at, _)| *at);
            self.transit.push_back(((now + self.latency).max(last), arrival));
        }
    }
}

/// Chance that repeats itself: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Another source, which does not depend on how much of this one is used later.
    pub(super) fn split(&mut self) -> Random {
        Random(self.next())
    }

    pub(super) fn key(&mut self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.next().to_le_bytes();
        [a, b, c, d]
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("less than a usize")
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
