//! Why a server is no node of a cluster, as sentences for who runs it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use parlor_chat::Trouble;

use crate::data::DataError;

/// Why a server does not join a cluster, or does not run alone.
#[derive(Debug)]
pub(crate) enum ClusterError {
    /// No server is named.
    Nowhere,
    /// One of two settings that belong together is missing.
    Half(&'static str),
    /// The file with what is shown to the servers cannot be read.
    Login(PathBuf, io::Error),
    /// Everybody can read it.
    OpenLogin(PathBuf, u32),
    /// The data folder holds a server that is alone.
    Alone(PathBuf),
    /// The data folder is a node's of this space, and should be another's or nobody's.
    Another(PathBuf, String),
    /// A file of the data folder cannot be read or written.
    File(PathBuf, io::Error),
    Data(DataError),
    /// The stream lacks what this node has.
    Lost(Trouble),
    Trouble(Trouble),
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClusterError::Nowhere => {
                f.write_str("no cluster is named: say where its servers are with --cluster ADDR")
            }
            ClusterError::Half(missing) => {
                write!(f, "a certificate and its key belong together: --{missing} FILE is missing")
            }
            ClusterError::Login(file, error) => {
                write!(f, "{} (--cluster-login) cannot be read: {error}", file.display())
            }
            ClusterError::OpenLogin(file, mode) => write!(
                f,
                "everybody on this machine may read {} (mode {mode:o}): run `chmod o-rwx {}`",
                file.display(),
                file.display()
            ),
            ClusterError::Alone(folder) => write!(
                f,
                "the data folder {} holds a server of its own, which is no copy of what the cluster has. To join, choose \
                 an empty folder with --data DIR; to bring the server into a new cluster, run `parlor log export`, and \
                 `parlor log replay` with --cluster ADDR",
                folder.display()
            ),
            ClusterError::Another(folder, space) => write!(
                f,
                "the data folder {} is a node's of the space {space}. Start it with --cluster ADDR and --cluster-space \
                 {space}, or choose another folder with --data DIR",
                folder.display()
            ),
            ClusterError::File(file, error) => write!(f, "{}: {error}", file.display()),
            ClusterError::Data(error) => error.fmt(f),
            ClusterError::Lost(trouble) => write!(
                f,
                "{trouble}. To put back what they have lost, stop all nodes, and run `parlor log heal` with the settings of \
                 the node that has most"
            ),
            ClusterError::Trouble(Trouble::Unreachable(what)) => write!(
                f,
                "no server of the cluster can be used: {what}. Look whether they run, whether --cluster ADDR names them, \
                 and whether most of them are up; then start again"
            ),
            ClusterError::Trouble(trouble) => trouble.fmt(f),
        }
    }
}

impl std::error::Error for ClusterError {}

impl From<DataError> for ClusterError {
    fn from(error: DataError) -> Self {
        ClusterError::Data(error)
    }
}

impl From<Trouble> for ClusterError {
    fn from(trouble: Trouble) -> Self {
        ClusterError::Trouble(trouble)
    }
}
