//! The section `chat`.

use std::time::Duration;

use clap::Args;
use parlor_chat::{Door, Retention};

use super::values::{door, milliseconds, retention, seconds};

/// What holds in the rooms.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Chat")]
pub(crate) struct Chat {
    /// How long messages stay where a room does not say otherwise: seconds, or forever. What is older is erased
    /// from the disk, not hidden.
    #[arg(long, value_name = "SECONDS", default_value = "forever", value_parser = retention)]
    pub(crate) retention: Retention,

    /// Who is let in: open (whoever comes may talk), claimed (guests may read), invite (who has an invitation), closed
    /// (nobody new). It holds from the first start on until an owner says otherwise.
    #[arg(long, value_name = "DOOR", default_value = "open", value_parser = door)]
    pub(crate) door: Door,

    /// For how many seconds it is kept where somebody came from, so that what a whole network did can be undone: as
    /// keyed hashes, never as addresses. Then it is erased.
    #[arg(long, value_name = "SECONDS", default_value = "86400", value_parser = seconds)]
    pub(crate) keep_origins: Duration,

    /// How many milliseconds there are at least between two lines that tell a room who came and went.
    #[arg(long, value_name = "MILLISECONDS", default_value = "1000", value_parser = milliseconds)]
    pub(crate) presence_interval: Duration,
}
