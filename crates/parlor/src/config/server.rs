//! The section `server`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tracing::level_filters::LevelFilter;
use websocket_hub::Backend;

use super::values::{Maybe, Workers, backend, count, local_address, log_level, seconds};

/// How the process runs: where it listens, where it keeps things, what serves the connections.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Server {
    /// An address to listen on; port 0 picks a free one, and unix:/path is a Unix socket. May stand more than once.
    /// Sockets that systemd hands over are listened on instead.
    #[arg(long, value_name = "ADDR", value_delimiter = ',', default_value = "127.0.0.1:8080")]
    pub(crate) listen: Vec<String>,

    #[command(flatten)]
    pub(crate) data: DataOption,

    /// What serves the connections: tokio (event loops; HTTP/2), threads (a thread for each connection) or uring
    /// (event loops on io_uring).
    #[arg(long, value_name = "NAME", default_value = "tokio", value_parser = backend)]
    pub(crate) backend: Backend,

    /// How many event loops there are; auto is one for each core.
    #[arg(long, value_name = "COUNT", default_value = "auto")]
    pub(crate) workers: Workers,

    /// How many connections there may be at a time with the backend threads; who comes then is told 503.
    #[arg(long, value_name = "COUNT", default_value = "4096", value_parser = count::<NonZeroUsize>)]
    pub(crate) max_threads: NonZeroUsize,

    /// How many seconds a request's head may take to arrive.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) handshake_timeout: Duration,

    /// After how many seconds of silence a connection counts as lost. A ping is sent at half of it.
    #[arg(long, value_name = "SECONDS", default_value = "45", value_parser = seconds)]
    pub(crate) idle_timeout: Duration,

    /// How many seconds stopping may take. The goodbyes are spread over half of it at most; who has not left at
    /// its end is cut off.
    #[arg(long, value_name = "SECONDS", default_value = "4", value_parser = seconds)]
    pub(crate) drain_within: Duration,

    /// Where the counts of the running server can be read, in the text format of Prometheus, under /metrics: a
    /// port of this machine, an address, unix:/path, or none. Whoever reaches it may read them.
    #[arg(long, value_name = "ADDR", default_value = "none", value_parser = local_address)]
    pub(crate) metrics: Maybe<String>,

    /// How much is told on standard error: off, error, warn, info, debug or trace. No level tells a token, a
    /// password, a key or what is said.
    #[arg(long, value_name = "LEVEL", default_value = "warn", value_parser = log_level)]
    pub(crate) log: LevelFilter,
}

/// Where everything is kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct DataOption {
    /// The folder that everything is kept in. It is made, for this user alone, if it is not there. A path that does
    /// not begin with / begins in the working directory.
    #[arg(id = "data", long = "data", value_name = "DIR", default_value = "parlor-data")]
    pub(crate) folder: PathBuf,
}
