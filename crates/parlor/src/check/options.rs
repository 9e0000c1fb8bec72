//! What `parlor check` can be told.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::text::to_duration;

/// Clients talk, edit, break off, come back and send again; then it is proved that nothing is lost, doubled or out of
/// order.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The server to check, such as ws://127.0.0.1:8080. It is asked to forget everything at the end.
    #[arg(value_name = "ADDRESS", required_unless_present = "faults", conflicts_with = "faults")]
    pub(super) address: Option<String>,

    /// Checks a server of its own, in a temporary folder, that is killed or succeeded (`parlor upgrade`) every few
    /// seconds, through a network that delays, repeats and breaks off.
    #[arg(long)]
    pub(super) faults: bool,

    /// Checks a cluster of its own instead: three nodes and three nats-servers, which are killed, stopped, paused, cut off
    /// and slow, alone and together, with clients that go to another node when theirs is away.
    #[arg(long, requires = "faults", conflicts_with_all = ["full_disk", "disk"])]
    pub(super) cluster: bool,

    /// Leaves the nats-servers of that cluster alone, but for slow ways to them: for those that do not keep one order when they
    /// are killed, such as 2.9.
    #[arg(long, requires = "cluster")]
    pub(super) spare_brokers: bool,

    /// Lets the disk of that server be full for a few seconds now and then: nothing can be appended to its files.
    #[arg(long, requires = "faults")]
    pub(super) full_disk: bool,

    /// Keeps the data of that server in this folder, and fills up its disk with one large file now and then. It must
    /// be empty, on a disk of its own of up to 1 GiB.
    #[arg(long, value_name = "FOLDER", requires = "faults")]
    pub(super) disk: Option<PathBuf>,

    /// Puts the network that delays, repeats and breaks off before the server at ADDRESS, too.
    #[arg(long)]
    pub(super) bad_network: bool,

    /// How many clients talk.
    #[arg(long, value_name = "COUNT", default_value = "8")]
    pub(super) clients: NonZeroUsize,

    /// In how many rooms they talk; each client is in all of them.
    #[arg(long, value_name = "COUNT", default_value = "3")]
    pub(super) rooms: NonZeroUsize,

    /// How long they talk, in minutes.
    #[arg(long, value_name = "MINUTES", value_parser = minutes, conflicts_with = "seconds")]
    pub(super) minutes: Option<Duration>,

    /// How long they talk, in seconds; 60 if nothing is said.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) seconds: Option<Duration>,

    /// How many requests each client makes a second; never more than the server allows.
    #[arg(long, value_name = "COUNT", default_value = "10")]
    pub(super) rate: NonZeroU32,

    /// What all chance is drawn from; another one each time if nothing is said.
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,
}

impl Options {
    pub(super) fn duration(&self) -> Duration {
        self.minutes.or(self.seconds).unwrap_or(Duration::from_secs(60))
    }
}

fn minutes(text: &str) -> Result<Duration, String> {
    to_duration(text, 60)
}

fn seconds(text: &str) -> Result<Duration, String> {
    to_duration(text, 1)
}
