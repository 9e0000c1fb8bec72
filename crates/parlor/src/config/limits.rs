//! The section `limits`.

use std::num::NonZeroU32;

use clap::Args;

use super::values::{count, max_text, octets};

/// How much one connection may ask of the server. What is refused for it is told so.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// The longest WebSocket message taken, in octets; who sends a longer one is disconnected with close code 1009.
    #[arg(long, value_name = "OCTETS", default_value = "65536", value_parser = octets::<u64>)]
    pub(crate) max_message: u64,

    /// How many octets may wait for one reader; who falls further behind is disconnected with close code 1013
    /// and comes back.
    #[arg(long, value_name = "OCTETS", default_value = "1048576", value_parser = octets::<usize>)]
    pub(crate) queue_limit: usize,

    /// The longest text of a chat message, in octets of UTF-8; at most 65536.
    #[arg(long, value_name = "OCTETS", default_value = "16384", value_parser = max_text)]
    pub(crate) max_text: usize,

    /// How many requests a connection may make each second in the long run.
    #[arg(long, value_name = "COUNT", default_value = "20", value_parser = count::<NonZeroU32>)]
    pub(crate) requests_per_second: NonZeroU32,

    /// How many requests a connection may make at once after it was quiet.
    #[arg(long, value_name = "COUNT", default_value = "100", value_parser = count::<NonZeroU32>)]
    pub(crate) request_burst: NonZeroU32,
}
