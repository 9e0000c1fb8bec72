//! What a node has to know to take part: where the servers are, which space, and how much may go wrong.

use std::path::PathBuf;
use std::time::Duration;

/// How long an append waits at most while the servers have no leader. An election takes up to 13 seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a node takes part in a cluster. It has no `Debug`, because it holds secrets.
#[derive(Clone)]
pub struct Options {
    /// The servers, with commas between them: `nats://user:password@host:4222,nats://other:4222`, or `tls://…`. One
    /// is enough: the others are learnt from it.
    pub servers: String,
    /// What is shown to the servers, if that does not stand in their address.
    pub secret: Secret,
    /// Certificates of those who may vouch for the servers, as PEM; those of the system if nothing.
    pub authorities: Option<PathBuf>,
    /// This node's own certificate and its key, as PEM, for servers that ask for one.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Which space: 1 to 32 of `a-z`, `0-9`, `-` and `_`.
    pub space: String,
    /// On how many servers each message lies: 1, 3 or 5.
    pub replicas: usize,
    /// Whether to run on a stream that may lose what was acknowledged.
    pub accept_risk: bool,
    /// After how many entries since the newest snapshot some node writes another; 0 if none does by itself.
    pub snapshot_every: u64,
    /// How many of the newest messages the stream keeps at least when it is trimmed behind a snapshot; with 0 it is never
    /// trimmed.
    pub keep: u64,
    /// How long an append waits for the servers, at most [`Options::LONGEST_PATIENCE`].
    pub patience: Duration,
}

impl Options {
    /// Longer than this no append may wait, because the servers forget after twice as long what they have seen, and
    /// then what is sent once more would be there twice.
    pub const LONGEST_PATIENCE: Duration = Duration::from_secs(60);

    /// A space on these servers, with one replica and nothing to show but what stands in the address.
    pub fn new(servers: impl Into<String>, space: impl Into<String>) -> Self {
        Options {
            servers: servers.into(),
            secret: Secret::None,
            authorities: None,
            certificate: None,
            space: space.into(),
            replicas: 1,
            accept_risk: false,
            snapshot_every: 0,
            keep: 0,
            patience: PATIENCE,
        }
    }
}

/// What a node shows to the servers.
#[derive(Clone, Default)]
pub enum Secret {
    /// Nothing but what stands in their address.
    #[default]
    None,
    /// A user and a password.
    User(String, String),
    /// A token.
    Token(String),
    /// The seed of an nkey, which begins with `SU`: it signs what the server asks and is never sent.
    Nkey(String),
    /// What stands in a `.creds` file.
    Credentials(String),
}
