//! Putting into the stream of a cluster what a data folder has and the stream has not.

use parlor_chat::Position;
use parlor_chat::log::{Log, StateHash};
use parlor_chat::storage::{self, Sqlite};
use parlor_jetstream::JetStreamLog;

use super::{ClusterError, folder, options};
use crate::config;
use crate::data::DataFolder;

/// What was put back.
#[derive(Debug)]
pub(crate) struct Healed {
    /// How many entries.
    pub(crate) entries: u64,
    /// The place of the last one, in the folder and in the stream.
    pub(crate) last: Position,
    /// The state that they lead to.
    pub(crate) state: StateHash,
}

/// Puts back what a node's folder has and the stream has lost, in its old order.
pub(crate) fn heal(settings: &config::Cluster, data: &DataFolder) -> Result<Healed, ClusterError> {
    let options = options(settings)?.ok_or(ClusterError::Nowhere)?;
    folder::belongs_to(data, &options.space)?;
    put(options, data)
}

/// Makes a folder that was just replayed a node's, and puts all of it into a space in which nothing is yet.
pub(crate) fn move_in(settings: &config::Cluster, data: &DataFolder) -> Result<Healed, ClusterError> {
    let options = options(settings)?.ok_or(ClusterError::Nowhere)?;
    folder::becomes(data, &options.space)?;
    put(options, data)
}

fn put(options: parlor_jetstream::Options, data: &DataFolder) -> Result<Healed, ClusterError> {
    let storage = Sqlite::open(data.chat_file(), storage::Options::default())?;
    let mut log = JetStreamLog::open(options, storage)?;
    let entries = log.heal()?;
    Ok(Healed { entries, last: log.last(), state: log.state_hash()? })
}
