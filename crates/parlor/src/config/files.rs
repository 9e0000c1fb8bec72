//! The section `files`.

use std::num::NonZeroU32;
use std::time::Duration;

use clap::Args;

use super::values::{count, octets_or_none, seconds};

/// What files people may share.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Files")]
pub(crate) struct Files {
    /// The largest file that is taken, in octets; 0 takes none.
    #[arg(long, value_name = "OCTETS", default_value = "26214400", value_parser = octets_or_none)]
    pub(crate) max_file: u64,

    /// How many octets of files one person may bring on a day (UTC), whatever stays of them.
    #[arg(long, value_name = "OCTETS", default_value = "1073741824", value_parser = octets_or_none)]
    pub(crate) files_a_day: u64,

    /// How many octets all files may have together, those of all nodes of a cluster; 0 stands for what the disk has, of which
    /// 67108864 always stay free.
    #[arg(long, value_name = "OCTETS", default_value = "0", value_parser = octets_or_none)]
    pub(crate) max_files: u64,

    /// For how many seconds a file stays that no message names.
    #[arg(long, value_name = "SECONDS", default_value = "86400", value_parser = seconds)]
    pub(crate) keep_unclaimed: Duration,

    /// How many files one person may bring at once.
    #[arg(long, value_name = "COUNT", default_value = "4", value_parser = count::<NonZeroU32>)]
    pub(crate) uploads_at_once: NonZeroU32,
}
