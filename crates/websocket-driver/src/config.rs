//! Every limit and time of a connection: its name, its unit, its default and the reason for it.

use std::sync::Arc;
use std::time::Duration;

use crate::budget::Budget;

/// What a connection allows and how long it waits. Share one between connections with an
/// [`Arc`].
#[derive(Clone, Debug)]
pub struct Config {
    /// The longest frame taken, in octets of payload; a longer one closes the connection with 1009 as soon as
    /// its header has arrived. Default: 1 MiB.
    pub max_frame: u64,
    /// The longest message taken, in octets; a longer one closes the connection with 1009. Default: 1 MiB.
    pub max_message: u64,
    /// The most frames that one message may come in; more close the connection with 1008. Empty fragments cost
    /// their sender two octets and us work without end, so there must be a limit; Autobahn's largest case
    /// sends 65,537, so it lies above. Default: 131,072.
    pub max_fragments: u32,
    /// Whether messages are delivered in parts, as they arrive, instead of whole: as
    /// [`Event::Part`](crate::Event::Part), each borrowed or small, so that a message of any length needs no
    /// memory of its length. The limits hold all the same. Default: no.
    pub deliver_parts: bool,
    /// The most heap that one connection may hold, in octets: unfinished messages, the queue, windows of
    /// compression. From half of it on the connection gives way, as [`Budget`] says. Default:
    /// 32 MiB.
    pub max_retained: usize,
    /// The account that the connection's heap is charged to, together with others'. Default: none.
    pub budget: Option<Arc<Budget>>,
    /// After this much silence from the peer a ping is sent. `None`: never. Default: 20 s, below the 30 to
    /// 60 s after which home routers and proxies forget a silent connection.
    pub ping_interval: Option<Duration>,
    /// After this much silence from the peer the connection counts as lost. Should leave a ping the time to be
    /// answered. `None`: never. Default: 45 s.
    pub idle_timeout: Option<Duration>,
    /// How long a close may take in all: our close frame, the peer's, and the end of the transport. Default:
    /// 10 s.
    pub close_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            max_frame: 1 << 20,
            max_message: 1 << 20,
            max_fragments: DEFAULT_MAX_FRAGMENTS,
            deliver_parts: false,
            max_retained: 32 << 20,
            budget: None,
            ping_interval: Some(Duration::from_secs(20)),
            idle_timeout: Some(Duration::from_secs(45)),
            close_timeout: Duration::from_secs(10),
        }
    }
}

const DEFAULT_MAX_FRAGMENTS: u32 = 1 << 17;

/// Autobahn's case 9.3.1 sends one message in 65,537 frames; a default below that would refuse it.
const _: () = assert!(DEFAULT_MAX_FRAGMENTS > 65_537);
