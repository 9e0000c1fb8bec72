//! What can be said on the command line or in the environment: every option, its name, unit and default.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use websocket_hub::{Backend, UnknownBackend};

/// A chat server. Started without anything, it serves the chat and its page on http://127.0.0.1:8080.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the chat and its page. It is what happens without a command, too.
    Serve(ServeOptions),
}

/// The options of `parlor serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeOptions {
    /// An address to listen on; port 0 picks a free one. May stand more than once.
    #[arg(
        long,
        value_name = "ADDR",
        env = "PARLOR_LISTEN",
        value_delimiter = ',',
        default_value = "127.0.0.1:8080"
    )]
    pub(crate) listen: Vec<String>,

    /// The folder that everything is kept in. It is made, for this user alone, if it is not there.
    #[arg(long, value_name = "DIR", env = "PARLOR_DATA", default_value = "parlor-data")]
    pub(crate) data: PathBuf,

    /// The longest message taken, in octets; who sends a longer one is disconnected with close code 1009.
    #[arg(long, value_name = "OCTETS", env = "PARLOR_MAX_MESSAGE", default_value_t = 64 * 1024)]
    pub(crate) max_message: u64,

    /// How many octets may wait for one reader; who falls further behind is disconnected with close code 1013
    /// and comes back.
    #[arg(long, value_name = "OCTETS", env = "PARLOR_QUEUE_LIMIT", default_value_t = 1024 * 1024)]
    pub(crate) queue_limit: usize,

    /// After how many seconds of silence a connection counts as lost. A ping is sent at half of it.
    #[arg(long, value_name = "SECONDS", env = "PARLOR_IDLE_TIMEOUT", default_value = "45", value_parser = seconds)]
    pub(crate) idle_timeout: Duration,

    /// How many seconds a request's head may take to arrive.
    #[arg(long, value_name = "SECONDS", env = "PARLOR_HANDSHAKE_TIMEOUT", default_value = "10", value_parser = seconds)]
    pub(crate) handshake_timeout: Duration,

    /// What serves the connections: tokio (event loops; HTTP/2), threads (a thread for each connection) or uring
    /// (event loops on io_uring).
    #[arg(long, value_name = "NAME", env = "PARLOR_BACKEND", default_value_t, value_parser = backend)]
    pub(crate) backend: Backend,

    /// How many connections there may be at a time with --backend threads; who comes then is told 503.
    #[arg(long, value_name = "COUNT", env = "PARLOR_MAX_THREADS", default_value = "4096")]
    pub(crate) max_threads: NonZeroUsize,

    /// How many event loops there are. [default: one per core]
    #[arg(long, value_name = "COUNT", env = "PARLOR_WORKERS")]
    pub(crate) workers: Option<NonZeroUsize>,
}

impl Options {
    /// What to serve, with or without the command's name.
    pub(crate) fn serve(self) -> ServeOptions {
        match self.command {
            Some(Command::Serve(options)) => options,
            None => self.serve,
        }
    }
}

/// A backend by its name; the error says which there are.
fn backend(name: &str) -> Result<Backend, UnknownBackend> {
    name.parse()
}

/// A length of time in seconds, fractions too.
fn seconds(text: &str) -> Result<Duration, String> {
    let sentence = "it must be a number of seconds above zero";
    let seconds: f64 = text.parse().map_err(|_| sentence.to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(sentence.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<ServeOptions, clap::Error> {
        Options::try_parse_from([&["parlor"], arguments].concat()).map(Options::serve)
    }

    #[test]
    fn the_command_may_be_left_out() {
        for arguments in [&[][..], &["serve"]] {
            assert_eq!(parse(arguments).unwrap().listen, ["127.0.0.1:8080"], "{arguments:?}");
        }
        for arguments in [&["--listen", "[::1]:0"][..], &["serve", "--listen", "[::1]:0"]] {
            assert_eq!(parse(arguments).unwrap().listen, ["[::1]:0"], "{arguments:?}");
        }
    }

    #[test]
    fn listen_may_stand_more_than_once() {
        let options = parse(&["--listen", "127.0.0.1:1", "--listen", "127.0.0.1:2"]).unwrap();
        assert_eq!(options.listen, ["127.0.0.1:1", "127.0.0.1:2"]);
    }

    #[test]
    fn every_backend_has_a_name() {
        assert_eq!(parse(&[]).unwrap().backend, Backend::Tokio);
        for backend in Backend::ALL {
            assert_eq!(parse(&["--backend", backend.name()]).unwrap().backend, backend);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for arguments in [
            ["--idle-timeout", "0"],
            ["--idle-timeout", "-1"],
            ["--idle-timeout", "inf"],
            ["--handshake-timeout", "soon"],
            ["--workers", "0"],
            ["--max-threads", "0"],
            ["--backend", "forks"],
            ["--max-message", "much"],
        ] {
            assert!(parse(&arguments).is_err(), "{arguments:?}");
        }
    }
}
