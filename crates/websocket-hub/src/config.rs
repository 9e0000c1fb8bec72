//! What the hub adds to the driver's limits.

use std::sync::{Arc, LazyLock};

/// The limits and times of the connections that a handshake opens.
#[derive(Clone, Debug)]
pub struct Config {
    /// Those of the protocol: sizes, keep-alive, close.
    pub connection: Arc<websocket_driver::Config>,
    /// How many octets may wait to be written to one connection. A connection whose queue is that full when
    /// something more is sent to it has fallen behind: what waits is thrown away and it is closed with 1013. As far
    /// may it be behind in a topic whose [`Policy`](crate::Policy) names no limit. Default: 1 MiB.
    pub queue_limit: usize,
    /// While more octets wait, [`WebSocket::ready`](crate::WebSocket::ready) does, too; and nothing more is read from a
    /// connection while more of what was sent to it alone waits. Default: half of `queue_limit`.
    pub high_water: Option<usize>,
    /// Down to so many waiting octets `ready` waits, once it has to. Default: a quarter of `queue_limit`, and never
    /// more than the high-water mark.
    pub low_water: Option<usize>,
}

impl Config {
    /// The default, once for all who go by it: a program with a million connections needs no million of them.
    pub(crate) fn shared() -> Arc<Config> {
        static DEFAULT: LazyLock<Arc<Config>> = LazyLock::new(Arc::default);
        Arc::clone(&DEFAULT)
    }

    /// The high-water mark, in octets.
    pub(crate) fn high_water(&self) -> usize {
        self.high_water.unwrap_or(self.queue_limit / 2)
    }

    /// The low-water mark, in octets.
    pub(crate) fn low_water(&self) -> usize {
        self.low_water.unwrap_or(self.queue_limit / 4).min(self.high_water())
    }
}

impl Default for Config {
    fn default() -> Self {
        static CONNECTION: LazyLock<Arc<websocket_driver::Config>> = LazyLock::new(Arc::default);
        let connection = Arc::clone(&CONNECTION);
        Config { connection, queue_limit: 1 << 20, high_water: None, low_water: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_goes_by_the_default_shares_it() {
        assert!(Arc::ptr_eq(&Config::shared(), &Config::shared()));
        assert!(Arc::ptr_eq(&Config::default().connection, &Config::shared().connection));
    }

    #[test]
    fn water_marks_follow_the_limit_unless_they_are_named() {
        for (queue_limit, high_water, low_water, expected) in [
            (1000, None, None, (500, 250)),
            (1000, Some(900), None, (900, 250)),
            (1000, Some(100), None, (100, 100)),
            (1000, Some(900), Some(10), (900, 10)),
            (1000, None, Some(800), (500, 500)),
            (0, None, None, (0, 0)),
        ] {
            let config = Config { queue_limit, high_water, low_water, ..Config::default() };
            assert_eq!((config.high_water(), config.low_water()), expected, "{config:?}");
        }
    }
}
