//! A node of a cluster: from the settings to the log that it shares with the others, and the secret that all have alike.

mod error;
mod folder;
mod heal;
mod login;
mod number;

use std::fmt;
use std::time::Duration;

use parlor_chat::log::{Log, LogReader};
use parlor_chat::storage::{self, Source, Sqlite, SqliteReader};
use parlor_chat::{Chat, Listener, Position, Trouble};
use parlor_jetstream::{JetStreamLog, Options, SharedFiles, check_readiness};

use crate::config;
use crate::data::{DataFolder, Layout};
use crate::publisher::Publisher;

pub(crate) use error::ClusterError;
pub(crate) use heal::{Healed, heal, move_in};

/// How long who speaks waits while the servers of the log have no leader; then they are asked to try again, which the page
/// does by itself. An election takes up to 13 seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// What the secret is called among what all nodes have alike.
const SECRET: &str = "secret";

/// This server's part in a cluster, before it serves.
pub(crate) struct Node {
    log: JetStreamLog<Sqlite>,
    files: SharedFiles,
    number: u64,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Node")
    }
}

impl Node {
    /// Joins the cluster that the settings name, if they do: the data folder holds this node's copy of everything then,
    /// and the secret of all nodes. It waits for the network, on a thread that may.
    pub(crate) fn join(
        settings: &config::Cluster,
        data: &mut DataFolder,
    ) -> Result<Option<Self>, ClusterError> {
        let Some(options) = options(settings)? else {
            folder::is_alone(data)?;
            return Ok(None);
        };
        folder::belongs_to(data, &options.space)?;
        let storage = Sqlite::open(data.chat_file(), storage::Options::default())?;
        let log = JetStreamLog::open(options.clone(), storage)?;
        if let Some(trouble) = log.unfit() {
            return Err(ClusterError::Lost(trouble.clone()));
        }
        let secret = log.agree(SECRET, data.secret())?;
        let secret = secret.try_into().map_err(|_| {
            Trouble::Unfit("what the nodes have in common is no secret of this program".to_owned())
        })?;
        data.adopt_secret(secret)?;
        let files = log.files(&options)?;
        Ok(Some(Node { log, files, number: number::of(data)? }))
    }

    /// Whether this node could join now, while another process has its data: whoever is to be succeeded had better go on
    /// otherwise. It waits for the network, on a thread that may.
    pub(crate) fn could_join(settings: &config::Cluster, layout: &Layout) -> Result<(), ClusterError> {
        let Some(options) = options(settings)? else { return Ok(()) };
        SqliteReader::open(layout.chat_file())?
            .read(&mut |read| check_readiness(&options, &LogReader::new(read)))?;
        Ok(())
    }

    /// What whoever runs the server may want to know of where the log lies.
    pub(crate) fn notes(&self) -> &[String] {
        self.log.notes()
    }

    /// How far this node has everything.
    pub(crate) fn last(&self) -> Position {
        self.log.last()
    }

    /// What all nodes were brought, and a way to start to take part. The publisher learns from the others who is there, and
    /// tells them.
    pub(crate) fn into_parts(
        self,
    ) -> (SharedFiles, impl FnOnce(Listener, &Publisher) -> Result<Chat, Trouble>) {
        let Node { log, files, number } = self;
        let start = move |listener, publisher: &Publisher| {
            publisher.join(number, log.decisions(), |hear| log.broadcast(hear));
            Chat::start_shared(log, listener, Box::new(tell))
        };
        (files, start)
    }
}

/// Tells whoever runs the server when nothing can be said any more, and when it can again.
fn tell(standing: Result<(), &Trouble>) {
    match standing {
        Ok(()) => eprintln!("parlor: the log takes everything again"),
        Err(trouble) => eprintln!("parlor: what is said waits: {trouble}"),
    }
}

/// What the settings say; nothing if this server is alone.
fn options(settings: &config::Cluster) -> Result<Option<Options>, ClusterError> {
    let Some(addresses) = settings.addresses() else { return Ok(None) };
    let certificate = match (&settings.cluster_cert.0, &settings.cluster_key.0) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        (None, None) => None,
        (Some(_), None) => return Err(ClusterError::Half("cluster-key")),
        (None, Some(_)) => return Err(ClusterError::Half("cluster-cert")),
    };
    let secret = settings.cluster_login.0.as_deref().map(login::read).transpose()?;
    Ok(Some(Options {
        secret: secret.unwrap_or_default(),
        authorities: settings.cluster_ca.0.clone(),
        certificate,
        replicas: settings.cluster_replicas,
        accept_risk: settings.accept_risk,
        snapshot_every: settings.cluster_snapshot_every,
        keep: settings.cluster_keep,
        patience: PATIENCE,
        ..Options::new(addresses, settings.cluster_space.clone())
    }))
}
