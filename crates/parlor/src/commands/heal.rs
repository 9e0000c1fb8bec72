//! `parlor log heal`: what the servers of a cluster's log have lost is put back from the data folder of a node.

use std::path::Path;

use super::CommandError;
use crate::cluster::{self, Healed};
use crate::config::Cluster;
use crate::data::{DataFolder, Layout};

/// Puts back what a node has and the servers have lost. The node must not run.
pub(super) fn heal(folder: &Path, settings: &Cluster) -> Result<Healed, CommandError> {
    if !Layout::new(folder).chat_file().exists() {
        return Err(CommandError::NoChat(folder.to_owned()));
    }
    let data = DataFolder::open(folder)?;
    cluster::heal(settings, &data).map_err(CommandError::Cluster)
}
