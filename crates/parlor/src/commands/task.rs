//! What the commands are told, and what they say when they are done.

use std::io::Write;
use std::path::PathBuf;

use parlor_chat::Position;

use super::CommandError;
use super::backup::backup;
use super::export::export;
use super::heal::heal;
use super::replay::replay;
use super::reset::reset;
use super::restore::restore;
use super::show::show;
use super::upgrade::upgrade;
use super::verify::verify;
use crate::cluster::{Healed, move_in};
use crate::config::Cluster;
use crate::data::{DataFolder, Layout};
use crate::reset::GOOD_FOR;

/// Something to do with a data folder.
#[derive(Debug)]
pub(crate) enum Task {
    /// Print entries of the log.
    Show { data: PathBuf, from: Option<u64>, to: Option<u64> },
    /// Check the log.
    Verify { data: PathBuf },
    /// Write the log out, to a file or to standard output.
    Export { data: PathBuf, file: Option<PathBuf> },
    /// Make a data folder of an exported log, and with a cluster a node's.
    Replay { file: PathBuf, data: PathBuf, cluster: Box<Cluster> },
    /// Put back what the servers of a cluster have lost.
    Heal { data: PathBuf, cluster: Box<Cluster> },
    /// Write a backup.
    Backup { data: PathBuf, file: PathBuf },
    /// Make a data folder of a backup.
    Restore { file: PathBuf, data: PathBuf },
    /// Have the running server succeeded.
    Upgrade { data: PathBuf, program: Option<PathBuf> },
    /// Make a link that lets somebody in again.
    Reset { data: PathBuf, name: String, url: String },
}

/// Does it.
pub(crate) fn run(task: &Task, output: &mut dyn Write) -> Result<(), CommandError> {
    let said = match task {
        Task::Show { data, from, to } => return show(&Layout::new(data), *from, *to, output),
        Task::Verify { data } => return verify(&Layout::new(data), output),
        Task::Export { data, file } => {
            let forgotten = export(&Layout::new(data), file.as_deref(), output)?;
            if forgotten > Position(0) {
                // Standard output may be the export itself, which says it in its first line.
                eprintln!(
                    "parlor: the entries up to {forgotten} are forgotten; the export begins after them"
                );
            }
            return Ok(());
        }
        Task::Replay { file, data, cluster } => {
            let (last, state) = replay(file, data)?;
            if cluster.addresses().is_some() {
                move_in(cluster, &DataFolder::open(data)?).map_err(CommandError::Cluster)?;
            }
            let data = data.display();
            format!(
                "replayed up to entry {last} into {data}, to the state {state}. Its secret is new, so everybody has to \
                 sign in again"
            )
        }
        Task::Heal { data, cluster } => {
            let Healed { entries, last, state } = heal(data, cluster)?;
            format!("put back {entries} entries; all up to entry {last} are there, to the state {state}")
        }
        Task::Backup { data, file } => {
            let last = backup(&Layout::new(data), file)?.last;
            let file = file.display();
            format!(
                "{file} holds everything up to entry {last}, and was read back. Keep it as safe as the data folder: \
                 the server's secret is in it"
            )
        }
        Task::Reset { data, name, url } => {
            let link = reset(data, name)?;
            let hours = GOOD_FOR.as_secs() / 3_600;
            let url = url.trim_end_matches('/');
            format!(
                "{url}/link#{link}\nThis link is good once and for {hours} hours. Whoever opens it sets a new password for \
                 {name:?} and is the only one signed in then"
            )
        }
        Task::Upgrade { data, program } => {
            let process = upgrade(data, program.as_deref())?;
            format!("process {process} serves now; whoever was connected stays, or comes back to it")
        }
        Task::Restore { file, data } => {
            let last = restore(file, data)?.last;
            format!("restored everything up to entry {last} into {}", data.display())
        }
    };
    writeln!(output, "{said}").map_err(CommandError::Output)
}
