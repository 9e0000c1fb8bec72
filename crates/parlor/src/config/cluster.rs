//! The section `cluster`.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::values::{Maybe, NONE, broker, entries, file, replicas, space, switch};

/// Several nodes that are one server: where the servers of NATS JetStream are that hold their log, and what they are shown.
/// Without an address, this server is alone and keeps its log itself.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct Cluster {
    /// The address of a server of NATS, such as nats://host:4222 or tls://host:4222, or none. One is enough, the others are
    /// learnt from it; with several, a node starts while one is down. May stand more than once.
    #[arg(long, value_name = "ADDR", value_delimiter = ',', default_value = "none", value_parser = broker)]
    pub(crate) cluster: Vec<String>,

    /// A file with what this node shows to them: a user and a password with a colon between them, a token, the seed of an
    /// nkey, or what stands in a .creds file; or none. A file that every user of the machine can read is refused.
    #[arg(long, value_name = "FILE", default_value = "none", value_parser = file)]
    pub(crate) cluster_login: Maybe<PathBuf>,

    /// A file with the certificates that vouch for them, in PEM form; none stands for those that the system trusts.
    #[arg(long, value_name = "FILE", default_value = "none", value_parser = file)]
    pub(crate) cluster_ca: Maybe<PathBuf>,

    /// The file with the certificate that this node shows to them, in PEM form; or none.
    #[arg(long, value_name = "FILE", default_value = "none", value_parser = file)]
    pub(crate) cluster_cert: Maybe<PathBuf>,

    /// The file with that certificate's private key, in PEM form; or none.
    #[arg(long, value_name = "FILE", default_value = "none", value_parser = file)]
    pub(crate) cluster_key: Maybe<PathBuf>,

    /// What the nodes call what they have in common: the stream is parlor- and this name. Up to 32 of a-z, 0-9, - and _.
    #[arg(long, value_name = "NAME", default_value = "main", value_parser = space)]
    pub(crate) cluster_space: String,

    /// On how many of their servers each message lies: 3 stand the loss of one, 5 that of two, 1 none.
    #[arg(long, value_name = "COUNT", default_value = "3", value_parser = replicas)]
    pub(crate) cluster_replicas: usize,

    /// After how many entries of the log one of the nodes writes a snapshot, with which new nodes begin; there is also one a
    /// day if anything was said. With 0 no node writes one by itself.
    #[arg(long, value_name = "COUNT", default_value = "100000", value_parser = entries)]
    pub(crate) cluster_snapshot_every: u64,

    /// How many of the newest entries their servers keep at least, when older ones are dropped behind a snapshot. A node that
    /// was away for longer goes on with the snapshot. With 0 they keep everything.
    #[arg(long, value_name = "COUNT", default_value = "1000000", value_parser = entries)]
    pub(crate) cluster_keep: u64,

    /// Whether to run on a stream that may lose what was acknowledged: true or false.
    #[arg(
        long,
        value_name = "BOOLEAN",
        default_value = "false",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        action = ArgAction::Set,
        value_parser = switch
    )]
    pub(crate) accept_risk: bool,
}

impl Cluster {
    /// The servers' addresses, with commas between them; nothing if this server is alone.
    pub(crate) fn addresses(&self) -> Option<String> {
        let addresses: Vec<&str> =
            self.cluster.iter().map(String::as_str).filter(|address| *address != NONE).collect();
        Some(addresses.join(",")).filter(|addresses| !addresses.is_empty())
    }
}
