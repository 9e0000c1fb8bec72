//! What becomes of a subscriber that reads more slowly than is published.

/// What a topic does for a subscriber whose transport takes less than is published. It takes effect for what the
/// system's buffers did not take, once that is more than the [limit](Policy::limit). Nobody else notices, and control
/// frames (pings, pongs, the close) are never dropped.
///
/// ```
/// use websocket_hub::{Policy, Topic};
///
/// let prices = Topic::with_policy(Policy::keep_latest().limit(64 * 1024));
/// prices.publish_keyed("AAPL", "AAPL 182.50");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) drops: Drops,
    pub(crate) limit: Option<usize>,
}

/// What gives way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Drops {
    /// The connection itself.
    #[default]
    Connection,
    New,
    Old,
    Superseded,
}

impl Drops {
    /// What that is counted as.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Drops::Connection => "fell-behind",
            Drops::New => "drop-new",
            Drops::Old => "drop-old",
            Drops::Superseded => "keep-latest",
        }
    }
}

impl Policy {
    /// It is closed with 1013 (try again later), so that it can come back and ask for what it missed. What it was not
    /// given is thrown away. The default.
    pub const fn close() -> Self {
        Policy { drops: Drops::Connection, limit: None }
    }

    /// What it is behind by is kept, and what is published meanwhile is dropped, until it has read all of that.
    pub const fn drop_new() -> Self {
        Policy { drops: Drops::New, limit: None }
    }

    /// The oldest of what it is behind by is dropped, so that it gets the newest.
    pub const fn drop_old() -> Self {
        Policy { drops: Drops::Old, limit: None }
    }

    /// Of what it is behind by, the latest publication under each key is kept, and all without a key; see
    /// [`Topic::publish_keyed`](crate::Topic::publish_keyed). If that alone is more than the limit, it is closed with
    /// 1013.
    pub const fn keep_latest() -> Self {
        Policy { drops: Drops::Superseded, limit: None }
    }

    /// How far a subscriber may be behind, in octets on the wire. One publication more is always kept. Default: the
    /// connection's own [`Config::queue_limit`](crate::Config::queue_limit).
    #[must_use]
    pub const fn limit(mut self, octets: usize) -> Self {
        self.limit = Some(octets);
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        Policy::close()
    }
}
