//! In front of the door: from which networks nobody is let in, how many guests one address may bring, and who listens
//! without being anybody.
//!
//! The log holds no address. A range of addresses stands in it as a keyed hash, which only this server can make, and
//! which is erased after a while.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use parlor_chat::{AddressRange, Chat, Door, Failure, PersonId, Timestamp, Trouble};
use sha2::Sha256;

use crate::rate::Rate;
use crate::spending::{Purse, Spending};

/// The lengths of prefixes that are told apart, narrowest first: of an IPv6 address, a household has the first 64 bits
/// at least.
const LENGTHS_4: [u8; 3] = [32, 24, 16];
const LENGTHS_6: [u8; 4] = [64, 56, 48, 32];
/// What the secret is used for here.
const PURPOSE: &[u8] = b"address range";
/// How often one more guest may come from an address after the first ones.
const GUEST: Duration = Duration::from_secs(5);
/// Addresses whose guests are counted; when there are more, those that could bring all their guests again are forgotten.
const COUNTED: usize = 10_000;

/// What is known in memory of who may come.
pub(crate) struct Gate {
    mac: Hmac<Sha256>,
    guests_at_once: u32,
    spending: Arc<Spending>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    door: Door,
    banned: HashMap<AddressRange, Option<Timestamp>>,
    guests: HashMap<AddressRange, Rate>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

impl Gate {
    /// What guests of an address spend is noted in `spending`.
    pub(crate) fn new(
        secret: &[u8; 32],
        guests_at_once: u32,
        spending: Arc<Spending>,
        chat: &Chat,
    ) -> Result<Self, Trouble> {
        let mac = Hmac::new_from_slice(secret).expect("any length of key will do");
        let gate = Gate { mac, guests_at_once, spending, state: Mutex::default() };
        gate.renew(chat)?;
        Ok(gate)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what the log says by now.
    pub(crate) fn renew(&self, chat: &Chat) -> Result<(), Trouble> {
        let read = chat.view(PersonId::SERVER, |view| Ok((view.door()?, view.banned_ranges()?)));
        let (door, banned) = read.map_err(trouble_of)?;
        let mut state = self.lock();
        state.door = door;
        state.banned = banned.into_iter().collect();
        Ok(())
    }

    /// The ranges that an address is in, narrowest first.
    pub(crate) fn ranges(&self, address: Option<IpAddr>) -> Vec<AddressRange> {
        let of = |address: IpAddr| {
            let lengths: &[u8] = if address.is_ipv4() { &LENGTHS_4 } else { &LENGTHS_6 };
            lengths.iter().map(|length| self.range(address, *length)).collect()
        };
        address.map(|address| of(address.to_canonical())).unwrap_or_default()
    }

    fn range(&self, address: IpAddr, length: u8) -> AddressRange {
        let (octets, bits) = match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let prefix = octets >> (bits - u32::from(length));
        let mac = self.mac.clone().chain_update(PURPOSE).chain_update([u8::from(address.is_ipv4()), length]);
        let hash = mac.chain_update(prefix.to_be_bytes()).finalize().into_bytes();
        AddressRange(u64::from_be_bytes(*hash.first_chunk().expect("a hash of 32 octets has eight")))
    }

    /// The range that a text such as `192.0.2.0/24` names; one address alone is the narrowest range that it is in.
    pub(crate) fn named(&self, text: &str) -> Option<AddressRange> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address = address.trim().parse::<IpAddr>().ok()?.to_canonical();
        let lengths: &[u8] = if address.is_ipv4() { &LENGTHS_4 } else { &LENGTHS_6 };
        let length = length.unwrap_or(lengths[0]);
        lengths.contains(&length).then(|| self.range(address, length))
    }

    /// Whether nobody new is let in from one of these ranges now, nor a guest who was here.
    pub(crate) fn is_banned(&self, ranges: &[AddressRange]) -> bool {
        let state = self.lock();
        let now = Timestamp::now();
        ranges
            .iter()
            .filter_map(|range| state.banned.get(range))
            .any(|until| until.is_none_or(|end| now < end))
    }

    /// Whether whoever is nobody may listen in the lobby.
    pub(crate) fn lets_listen(&self, ranges: &[AddressRange]) -> bool {
        let is_open = matches!(self.lock().door, Door::Open | Door::Claimed);
        is_open && !self.is_banned(ranges)
    }

    /// Counts one more guest of an address.
    ///
    /// # Errors
    ///
    /// After what time there may be another one.
    pub(crate) fn admit_guest(&self, address: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        // Behind a proxy on this machine that says nothing of its clients, everybody has its address.
        let Some(address) = address.map(|one| one.to_canonical()).filter(|one| !one.is_loopback()) else {
            return Ok(());
        };
        let Some(range) = self.ranges(Some(address)).first().copied() else { return Ok(()) };
        self.with_guests_of(range, now, |rate| rate.take(now))
    }

    /// So many guests of an address came to other nodes.
    pub(crate) fn guests_elsewhere(&self, range: AddressRange, count: i32, now: Instant) {
        self.with_guests_of(range, now, |rate| rate.taken_elsewhere(count, now));
    }

    fn with_guests_of<T>(&self, range: AddressRange, now: Instant, run: impl FnOnce(&mut Rate) -> T) -> T {
        let mut state = self.lock();
        if state.guests.len() >= COUNTED && !state.guests.contains_key(&range) {
            state.guests.retain(|_, rate| !rate.is_full(now));
        }
        let full = || {
            let full = Rate::every(GUEST, self.guests_at_once, now);
            full.told(&self.spending, Purse::GUESTS, range.0)
        };
        run(state.guests.entry(range).or_insert_with(full))
    }
}

/// The server sees everything, so nothing but trouble keeps it from looking.
pub(crate) fn trouble_of(failure: Failure) -> Trouble {
    match failure {
        Failure::Trouble(trouble) => trouble,
        Failure::Refused(refusal) => Trouble::Io(refusal.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use parlor_chat::log::LocalLog;
    use parlor_chat::storage::Memory;

    use super::*;

    fn gate(secret: u8) -> Gate {
        let chat = Chat::start(LocalLog::open(Memory::new()).unwrap(), Box::new(|_| {})).unwrap();
        Gate::new(&[secret; 32], 3, Arc::default(), &chat).unwrap()
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_address_is_in_the_ranges_that_name_it_and_in_no_others() {
        let gate = gate(1);
        for (text, ranges, others) in [
            (
                "192.0.2.7",
                vec!["192.0.2.7", "192.0.2.7/32", "192.0.2.0/24", "192.0.9.9/16"],
                vec!["192.0.3.0/24"],
            ),
            ("::ffff:192.0.2.7", vec!["192.0.2.0/24"], vec!["::/64"]),
            (
                "2001:db8:1:2:3::4",
                vec!["2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8::/32"],
                vec!["2001:db9::/32"],
            ),
        ] {
            let known = gate.ranges(address(text));
            assert!(ranges.iter().all(|range| known.contains(&gate.named(range).unwrap())), "{text}");
            assert!(!others.iter().any(|range| known.contains(&gate.named(range).unwrap())), "{text}");
        }
        for text in ["", "192.0.2.0/25", "192.0.2.0/", "nowhere", "2001:db8::/128"] {
            assert_eq!(gate.named(text), None, "{text}");
        }
        assert_eq!(gate.ranges(None), []);
    }

    #[test]
    fn only_who_knows_the_secret_knows_an_address_again() {
        assert_ne!(gate(1).ranges(address("192.0.2.7")), gate(2).ranges(address("192.0.2.7")));
    }

    #[test]
    fn guests_who_came_to_other_nodes_are_counted_as_if_they_had_come_here() {
        let (here, there, now) = (gate(1), gate(1), Instant::now());
        there.spending.begin();
        assert!((0..2).all(|_| there.admit_guest(address("192.0.2.7"), now).is_ok()));
        for spent in there.spending.take() {
            assert_eq!(spent.purse, Purse::GUESTS.0);
            here.guests_elsewhere(AddressRange(spent.key), spent.count, now);
        }
        assert!(here.admit_guest(address("192.0.2.7"), now).is_ok());
        assert_eq!(here.admit_guest(address("192.0.2.7"), now), Err(GUEST));
        assert!((0..3).all(|_| here.admit_guest(address("192.0.2.8"), now).is_ok()), "another address");
    }

    #[test]
    fn one_address_brings_so_many_guests_at_once_and_then_one_after_another() {
        let (gate, start) = (gate(1), Instant::now());
        let come =
            |text: &str, after: u64| gate.admit_guest(address(text), start + Duration::from_secs(after));
        assert!((0..3).all(|_| come("192.0.2.7", 0).is_ok()));
        assert_eq!(come("192.0.2.7", 0), Err(GUEST));
        assert!(come("192.0.2.8", 0).is_ok(), "another address");
        assert!(come("192.0.2.7", 5).is_ok() && come("192.0.2.7", 5).is_err());
        assert!((0..100).all(|_| come("127.0.0.1", 0).is_ok() && gate.admit_guest(None, start).is_ok()));
        // Of one household, each device has an address of its own.
        assert!((0..3).all(|_| come("2001:db8::1", 0).is_ok()));
        assert!(come("2001:db8::2", 0).is_err());
    }
}
