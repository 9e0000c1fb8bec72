//! The section `http`.

use std::time::Duration;

use clap::Args;

use super::values::{host, max_head, octets, origin, seconds};

/// What is asked of every HTTP request, whatever it is for.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Http")]
pub(crate) struct Http {
    /// A name under which the server is reached, without a port, such as chat.example.org; any stands for all. Requests for
    /// other names are answered with 421, except for /healthz and /readyz. May stand more than once.
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "any", value_parser = host)]
    pub(crate) allowed_hosts: Vec<String>,

    /// The origin of pages elsewhere that may do all that our own page may, such as `https://chat.example.org`; none
    /// stands for nobody. Needed where a proxy changes the header Host. May stand more than once.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', default_value = "none", value_parser = origin)]
    pub(crate) allowed_origins: Vec<String>,

    /// How many octets the headers of a request may have, from 1024 to 16384; who sends more is answered with 431.
    #[arg(long, value_name = "OCTETS", default_value = "16384", value_parser = max_head)]
    pub(crate) max_head: usize,

    /// How many octets the body of a request may have; who sends more is answered with 413.
    #[arg(long, value_name = "OCTETS", default_value = "65536", value_parser = octets::<usize>)]
    pub(crate) max_body: usize,

    /// How many seconds may pass from a request's head to the head of its answer, its body included; then it is
    /// answered with 408.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) request_timeout: Duration,
}
