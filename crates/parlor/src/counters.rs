//! What is counted of people and addresses against a limit, here and at the other nodes of a cluster.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use parlor_chat::{AddressRange, PersonId};
use parlor_jetstream::Spent;

use crate::account::Attempts;
use crate::gate::Gate;
use crate::rates::Rates;
use crate::spending::{Purse, Spending};
use crate::wire::Limits;

/// All that other nodes are told of, and that changes by what they tell.
pub(crate) struct Counters {
    pub(crate) rates: Rates,
    /// Attempts at a secret.
    pub(crate) attempts: Attempts,
    /// How often people have had written out what is kept about them.
    pub(crate) exports: Attempts,
    /// It counts guests.
    pub(crate) gate: Arc<Gate>,
    /// What others have not been told of yet.
    pub(crate) spending: Arc<Spending>,
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counters")
    }
}

impl Counters {
    /// `gate` notes in `spending`, too.
    pub(crate) fn new(secret: &[u8; 32], limits: &Limits, gate: Arc<Gate>, spending: Arc<Spending>) -> Self {
        let attempts = |purses| Attempts::new(secret, purses, Arc::clone(&spending));
        Counters {
            rates: Rates::new(limits, Arc::clone(&spending)),
            attempts: attempts(Purse::ATTEMPTS),
            exports: attempts(Purse::EXPORTS),
            gate,
            spending,
        }
    }

    /// Takes up what another node told. What is counted only there, since it is of a later version, is passed over.
    pub(crate) fn spent_elsewhere(&self, Spent { purse, key, count }: Spent, now: Instant) {
        match Purse(purse) {
            Purse::REQUESTS => self.rates.taken_elsewhere(PersonId(key), count, now),
            Purse::GUESTS => self.gate.guests_elsewhere(AddressRange(key), count, now),
            purse => {
                self.attempts.begun_elsewhere(purse, key, count, now);
                self.exports.begun_elsewhere(purse, key, count, now);
            }
        }
    }
}
