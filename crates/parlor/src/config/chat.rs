//! The section `chat`.

use std::time::Duration;

use clap::Args;
use parlor_chat::Retention;

use super::values::{milliseconds, retention};

/// What holds in the rooms.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Chat")]
pub(crate) struct Chat {
    /// How long messages stay where a room does not say otherwise: seconds, or forever. What is older is erased
    /// from the disk, not hidden.
    #[arg(long, value_name = "SECONDS", default_value = "forever", value_parser = retention)]
    pub(crate) retention: Retention,

    /// How many milliseconds there are at least between two lines that tell a room who came and went.
    #[arg(long, value_name = "MILLISECONDS", default_value = "1000", value_parser = milliseconds)]
    pub(crate) presence_interval: Duration,
}
