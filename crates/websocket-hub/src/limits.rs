//! How many connections there may be, from everywhere and from one address, and how quickly they may come.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How many octets of an IPv6 address one household or machine usually has to itself: those of a /64.
const NETWORK_OCTETS: usize = 8;

/// So many addresses may be remembered before those that owe nothing are forgotten.
const SWEEP_AT: usize = 1024;

/// Limits that several [`Handshake`](crate::Handshake)s can share. A clone is another handle of the same limits and
/// counts. The default limits nothing.
///
/// IPv6 addresses count by their /64, which is what one customer gets. Where the address is not known, only the
/// limits for everybody hold.
#[derive(Clone, Debug, Default)]
pub struct Limits(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    connections: Option<usize>,
    connections_per_address: Option<usize>,
    handshakes: Option<Rate>,
    handshakes_per_address: Option<Rate>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    open: usize,
    refused: u64,
    everybody: Bucket,
    addresses: HashMap<IpAddr, Address>,
    /// The number of addresses at which those that owe nothing are forgotten.
    sweep_at: usize,
}

#[derive(Debug, Default)]
struct Address {
    open: usize,
    bucket: Bucket,
}

impl Limits {
    /// No limits.
    pub fn new() -> Self {
        Limits::default()
    }

    /// At most so many connections at a time; one more is answered with 503.
    #[must_use]
    pub fn connections(self, most: usize) -> Self {
        self.with(|shared| shared.connections = Some(most))
    }

    /// At most so many connections at a time from one address; one more is answered with 429.
    #[must_use]
    pub fn connections_per_address(self, most: usize) -> Self {
        self.with(|shared| shared.connections_per_address = Some(most))
    }

    /// At most so many handshakes in a second, and never more than that at once; at least one. One more is
    /// answered with 503 and told when to come back.
    #[must_use]
    pub fn handshakes_per_second(self, most: u32) -> Self {
        self.with(|shared| shared.handshakes = Some(Rate::per_second(most)))
    }

    /// At most so many handshakes in a second from one address, and never more than that at once; at least one. One
    /// more is answered with 429 and told when to come back.
    #[must_use]
    pub fn handshakes_per_second_per_address(self, most: u32) -> Self {
        self.with(|shared| shared.handshakes_per_address = Some(Rate::per_second(most)))
    }

    /// How many connections there are under these limits.
    pub fn open(&self) -> usize {
        self.0.lock().open
    }

    /// How many were refused so far.
    pub fn refused(&self) -> u64 {
        self.0.lock().refused
    }

    /// The limits with a change, and with counts of their own.
    fn with(self, change: impl FnOnce(&mut Shared)) -> Self {
        let old = &self.0;
        let mut shared = Shared {
            connections: old.connections,
            connections_per_address: old.connections_per_address,
            handshakes: old.handshakes,
            handshakes_per_address: old.handshakes_per_address,
            counts: Mutex::default(),
        };
        change(&mut shared);
        Limits(Arc::new(shared))
    }

    /// Counts a connection from this address until the permit is dropped.
    pub(crate) fn admit(&self, address: Option<IpAddr>, now: Instant) -> Result<Permit, TooMany> {
        let address = address.map(network);
        let mut counts = self.0.lock();
        match self.0.judge(&mut counts, address, now) {
            Ok(()) => Ok(Permit { limits: self.clone(), address }),
            Err(too_many) => {
                counts.refused += 1;
                Err(too_many)
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        // Counts are changed in single steps, so they are right even behind a panic.
        self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Nothing is counted unless everything is within its limit, so that a refusal costs nobody anything.
    fn judge(&self, counts: &mut Counts, address: Option<IpAddr>, now: Instant) -> Result<(), TooMany> {
        if self.connections.is_some_and(|most| counts.open >= most) {
            return Err(TooMany::Connections);
        }
        let everybody = match self.handshakes {
            Some(rate) => counts.everybody.judge(rate, now).map_err(TooMany::Handshakes)?,
            None => counts.everybody,
        };
        if let Some(address) = address.filter(|_| self.knows_addresses()) {
            counts.sweep(now);
            let known = counts.addresses.entry(address).or_default();
            if self.connections_per_address.is_some_and(|most| known.open >= most) {
                return Err(TooMany::ConnectionsFromAddress);
            }
            if let Some(rate) = self.handshakes_per_address {
                known.bucket = known.bucket.judge(rate, now).map_err(TooMany::HandshakesFromAddress)?;
            }
            known.open += 1;
        }
        counts.everybody = everybody;
        counts.open += 1;
        Ok(())
    }

    fn knows_addresses(&self) -> bool {
        self.connections_per_address.is_some() || self.handshakes_per_address.is_some()
    }
}

impl Counts {
    /// Forgets the addresses that have nothing open and may come at once, whenever their number has doubled.
    fn sweep(&mut self, now: Instant) {
        if self.addresses.len() >= self.sweep_at.max(SWEEP_AT) {
            self.addresses.retain(|_, address| address.open > 0 || address.bucket.owes(now));
            self.sweep_at = 2 * self.addresses.len();
        }
    }
}

/// The part of an address that stands for one customer.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[NETWORK_OCTETS..].fill(0);
            Ipv6Addr::from(octets).into()
        }
    }
}

/// A rate whose burst is what comes together in one second.
#[derive(Clone, Copy, Debug)]
struct Rate {
    interval: Duration,
    burst: Duration,
}

impl Rate {
    fn per_second(most: u32) -> Rate {
        let most = most.max(1);
        let interval = Duration::from_secs(1) / most;
        Rate { interval, burst: interval * (most - 1) }
    }
}

/// When the debt of those who came is paid off, if each pays one interval.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket(Option<Instant>);

impl Bucket {
    /// The bucket after one more, or how long that one has to wait.
    fn judge(self, rate: Rate, now: Instant) -> Result<Bucket, Duration> {
        let paid = self.0.unwrap_or(now).max(now);
        let ahead = paid - now;
        if ahead > rate.burst {
            return Err(ahead - rate.burst);
        }
        Ok(Bucket(Some(paid + rate.interval)))
    }

    fn owes(self, now: Instant) -> bool {
        self.0.is_some_and(|paid| paid > now)
    }
}

/// One connection that counts until this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    limits: Limits,
    address: Option<IpAddr>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.limits.0.lock();
        counts.open -= 1;
        if let Some(known) = self.address.and_then(|address| counts.addresses.get_mut(&address)) {
            known.open -= 1;
        }
    }
}

/// Which limit a connection would be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TooMany {
    /// There are as many connections as there may be.
    Connections,
    /// There are as many connections from this address as there may be.
    ConnectionsFromAddress,
    /// Handshakes come too quickly; there is room again after this time.
    Handshakes(Duration),
    /// Handshakes from this address come too quickly; there is room again after this time.
    HandshakesFromAddress(Duration),
}

impl TooMany {
    /// Whether it is this client's own doing.
    pub(crate) fn is_of_address(self) -> bool {
        matches!(self, TooMany::ConnectionsFromAddress | TooMany::HandshakesFromAddress(_))
    }

    /// When to come back, in whole seconds, as `Retry-After` has it.
    pub(crate) fn retry_after(self) -> u64 {
        match self {
            TooMany::Handshakes(wait) | TooMany::HandshakesFromAddress(wait) => {
                wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
            }
            // Nobody knows when one ends; until then asking is cheap.
            TooMany::Connections | TooMany::ConnectionsFromAddress => 10,
        }
    }
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            TooMany::Connections => "The server has as many connections as it may have",
            TooMany::ConnectionsFromAddress => {
                "Your address has as many connections as it may have; close one of them"
            }
            TooMany::Handshakes(_) => "Too many connect at once",
            TooMany::HandshakesFromAddress(_) => "Your address connects too often",
        };
        write!(f, "{what}; try again in {} s", self.retry_after())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn from(address: &str) -> Option<IpAddr> {
        Some(address.parse().unwrap())
    }

    #[test]
    fn a_connection_counts_until_it_is_gone() {
        let (limits, now) = (Limits::new().connections(2), Instant::now());
        let first = limits.admit(from("192.0.2.1"), now).unwrap();
        let _second = limits.admit(None, now).unwrap();
        assert_eq!(limits.admit(from("192.0.2.2"), now).unwrap_err(), TooMany::Connections);
        assert_eq!((limits.open(), limits.refused()), (2, 1));
        drop(first);
        assert!(limits.admit(from("192.0.2.2"), now).is_ok());
    }

    #[test]
    fn addresses_are_told_apart_by_what_one_customer_has() {
        for (one, other, is_same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
        ] {
            let (limits, now) = (Limits::new().connections_per_address(1), Instant::now());
            let _held = limits.admit(from(one), now).unwrap();
            let refused = limits.admit(from(other), now).err();
            assert_eq!(refused, is_same.then_some(TooMany::ConnectionsFromAddress), "{one} and {other}");
            assert!(limits.admit(None, now).is_ok(), "who has no address is under no limit of addresses");
        }
    }

    #[test]
    fn handshakes_come_in_bursts_of_a_second_and_then_at_the_rate() {
        let start = Instant::now();
        let limits = Limits::new().handshakes_per_second(4);
        // Milliseconds, and how long one has to wait then.
        let rows = [
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 250),
            (100, 150),
            (250, 0),
            (250, 250),
            (5000, 0),
            (5000, 0),
        ];
        for (at, wait) in rows {
            let refused = limits.admit(None, start + at * MS).map(drop).err();
            assert_eq!(refused, (wait > 0).then_some(TooMany::Handshakes(wait * MS)), "at {at} ms");
        }
    }

    #[test]
    fn who_is_refused_for_an_address_takes_nothing_from_the_others() {
        let now = Instant::now();
        let limits = Limits::new().handshakes_per_second(3).handshakes_per_second_per_address(1);
        assert!(limits.admit(from("192.0.2.1"), now).is_ok());
        for _ in 0..10 {
            let refused = limits.admit(from("192.0.2.1"), now).unwrap_err();
            assert_eq!(refused, TooMany::HandshakesFromAddress(Duration::from_secs(1)));
        }
        assert!(limits.admit(from("192.0.2.2"), now).is_ok());
        assert!(limits.admit(from("192.0.2.3"), now).is_ok());
        assert_eq!(limits.refused(), 10);
    }

    #[test]
    fn a_rate_of_nothing_is_taken_as_one() {
        let (limits, now) = (Limits::new().handshakes_per_second(0), Instant::now());
        assert!(limits.admit(None, now).is_ok());
        assert_eq!(limits.admit(None, now).unwrap_err(), TooMany::Handshakes(Duration::from_secs(1)));
        assert!(limits.admit(None, now + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn addresses_that_owe_nothing_are_forgotten() {
        let limits = Limits::new().handshakes_per_second_per_address(1);
        let start = Instant::now();
        for second in 0..10 {
            for host in 0..1000_u32 {
                let address = IpAddr::from((second * 1000 + host).to_be_bytes());
                drop(limits.admit(Some(address), start + second * Duration::from_secs(2)).unwrap());
            }
        }
        let known = limits.0.lock().addresses.len();
        assert!(known <= 2 * SWEEP_AT, "{known} of 10,000 addresses are remembered");
    }

    #[test]
    fn refusals_say_when_to_come_back() {
        for (too_many, seconds) in [
            (TooMany::Handshakes(MS), 1),
            (TooMany::HandshakesFromAddress(1001 * MS), 2),
            (TooMany::HandshakesFromAddress(3000 * MS), 3),
            (TooMany::Connections, 10),
        ] {
            assert_eq!(too_many.retry_after(), seconds);
            assert!(too_many.to_string().ends_with(&format!("try again in {seconds} s")), "{too_many}");
        }
    }
}
