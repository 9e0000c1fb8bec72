//! Memory as one account: what connections retain, alone and together, and how they give way when it runs short.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An account of heap that many connections are charged to, such as all of a process.
///
/// As it fills, connections give way, each when it next receives, sends or keeps a deadline:
///
/// 1. from a half on they *hibernate*: let go of the windows that only make their own messages shorter;
/// 2. from three quarters on they *shrink*: give back memory that was taken in advance;
/// 3. from seven eighths on they *stop reading* while their queue is not taken
///    ([`Connection::wants_read`](crate::Connection::wants_read));
/// 4. when it is full, whoever grows is closed: with 1009 if an unfinished message is most of what it holds, else
///    with 1013, and what waits to be sent is thrown away. A connection that grew by sending is closed by
///    [`Connection::handle_timeout`](crate::Connection::handle_timeout), which is due at once.
///
/// The same steps hold for a connection alone and
/// [`Config::max_retained`](crate::Config::max_retained). A connection that is dropped gives back all it held.
///
/// ```
/// use websocket_driver::{Budget, Config, Connection};
///
/// let budget = Budget::new(256 << 20);
/// let config = Config { budget: Some(budget.clone()), ..Config::default() };
/// let mut connection = Connection::server(config.into(), std::time::Instant::now());
/// connection.send("not yet on the wire")?;
/// assert_eq!(budget.used(), connection.retained());
/// drop(connection);
/// assert_eq!(budget.used(), 0);
/// # Ok::<(), websocket_driver::UsageError>(())
/// ```
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    used: AtomicUsize,
}

impl Budget {
    /// An account of `limit` octets.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Budget { limit, used: AtomicUsize::new(0) })
    }

    /// How many octets there are.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// How many octets are retained now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether more is retained than there may be.
    pub fn is_full(&self) -> bool {
        self.used() > self.limit
    }

    /// Charges octets that somebody else holds than a connection, such as a queue in front of one, until they are
    /// [released](Budget::release).
    pub fn charge(&self, octets: usize) {
        self.used.fetch_add(octets, Ordering::Relaxed);
    }

    /// Takes back what was [charged](Budget::charge), and no more than that.
    pub fn release(&self, octets: usize) {
        self.used.fetch_sub(octets, Ordering::Relaxed);
    }
}

/// How short memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pressure {
    None,
    Hibernate,
    Shrink,
    StopReading,
    Full,
}

impl Pressure {
    pub(crate) fn of(used: usize, limit: usize) -> Pressure {
        match used {
            // Nearly always.
            used if used < limit / 2 => Pressure::None,
            used if used > limit => Pressure::Full,
            used if used >= limit / 8 * 7 => Pressure::StopReading,
            used if used >= limit / 4 * 3 => Pressure::Shrink,
            _ => Pressure::Hibernate,
        }
    }
}

/// What one connection is charged.
#[derive(Debug, Default)]
pub(crate) struct Account {
    charged: usize,
    /// What of it is not owed to pings.
    lasting: usize,
    budget: Option<Arc<Budget>>,
}

impl Account {
    pub(crate) fn new(budget: Option<Arc<Budget>>) -> Self {
        Account { charged: 0, lasting: 0, budget }
    }

    /// Charges `retained` octets instead of what was charged before, and says whether that is more. `control`
    /// octets of them are control frames, which do not count as growth: whoever only answers a ping, at a time
    /// when others have used everything up, is not to be closed for it.
    pub(crate) fn charge(&mut self, retained: usize, control: usize) -> bool {
        let lasted = std::mem::replace(&mut self.lasting, retained - control);
        self.settle(retained);
        self.lasting > lasted
    }

    /// Charges that a part of what lasts became `after` octets from `before`.
    #[inline]
    pub(crate) fn change(&mut self, before: usize, after: usize) {
        self.lasting = self.lasting - before + after;
        self.settle(self.charged - before + after);
    }

    fn settle(&mut self, retained: usize) {
        let before = std::mem::replace(&mut self.charged, retained);
        if let Some(budget) = &self.budget {
            match retained.checked_sub(before) {
                Some(0) => {}
                Some(more) => _ = budget.used.fetch_add(more, Ordering::Relaxed),
                None => _ = budget.used.fetch_sub(before - retained, Ordering::Relaxed),
            }
        }
    }

    /// How short memory is for this connection: alone, or, if it grew, together with the others.
    pub(crate) fn pressure(&self, max_retained: usize, grew: bool) -> Pressure {
        let alone = Pressure::of(self.charged, max_retained);
        let Some(budget) = &self.budget else { return alone };
        match Pressure::of(budget.used(), budget.limit) {
            // Who did not grow does not pay for who did.
            Pressure::Full if !grew => alone.max(Pressure::StopReading),
            together => alone.max(together),
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.used.fetch_sub(self.charged, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_giving_way() {
        for (used, pressure) in [
            (0, Pressure::None),
            (499, Pressure::None),
            (500, Pressure::Hibernate),
            (750, Pressure::Shrink),
            (875, Pressure::StopReading),
            (1000, Pressure::StopReading),
            (1001, Pressure::Full),
        ] {
            assert_eq!(Pressure::of(used, 1000), pressure, "{used} of 1000");
        }
    }

    #[test]
    fn what_is_held_beside_connections_presses_them() {
        let budget = Budget::new(1000);
        let mut account = Account::new(Some(budget.clone()));
        budget.charge(900);
        assert!(!budget.is_full());
        let grew = account.charge(200, 0);
        assert_eq!(account.pressure(usize::MAX, grew), Pressure::Full);
        assert!(budget.is_full());
        budget.release(900);
        assert_eq!((budget.used(), budget.is_full()), (200, false));
    }

    #[test]
    fn connections_share_an_account_and_leave_it_as_they_found_it() {
        let budget = Budget::new(1000);
        let mut one = Account::new(Some(budget.clone()));
        let mut other = Account::new(Some(budget.clone()));
        let charge = |account: &mut Account, retained, limit| {
            let grew = account.charge(retained, 0);
            account.pressure(limit, grew)
        };
        assert_eq!(charge(&mut one, 400, usize::MAX), Pressure::None);
        assert_eq!(charge(&mut other, 200, usize::MAX), Pressure::Hibernate);
        assert_eq!(charge(&mut other, 700, usize::MAX), Pressure::Full);
        // The one that grew has to go, not the one that did not.
        assert_eq!(charge(&mut one, 400, usize::MAX), Pressure::StopReading);
        assert_eq!(budget.used(), 1100);
        drop(other);
        assert_eq!(budget.used(), 400);
        assert_eq!(charge(&mut one, 100, 100), Pressure::StopReading);
        drop(one);
        assert_eq!(budget.used(), 0);
    }
}
