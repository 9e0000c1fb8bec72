//! The section `proxies`.

use clap::{ArgAction, Args};
use websocket_hub::ForwardedHeader;

use super::values::{NONE, forwarded_header, network, switch};

/// Proxies in front of the server, and what is believed of what they say about their clients.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Proxies")]
pub(crate) struct Proxies {
    /// The address or network of a proxy whose word is taken for who its clients are and whether they came by https,
    /// such as 127.0.0.1 or 10.0.0.0/8; unix: stands for whoever comes by a Unix socket, and none for nobody. May stand
    /// more than once.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', default_value = "none", value_parser = network)]
    pub(crate) trusted_proxies: Vec<String>,

    /// The header in which they name their clients: x-forwarded-for (and x-forwarded-proto beside it) or forwarded
    /// (RFC 7239). They have to set it, whatever their client wrote there.
    #[arg(long, value_name = "NAME", default_value = "x-forwarded-for", value_parser = forwarded_header)]
    pub(crate) forwarded_header: ForwardedHeader,

    /// Whether they say by the PROXY protocol who connects: true or false. Then each of their connections has to begin
    /// with it; from anybody else nothing of the kind is read.
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
    pub(crate) proxy_protocol: bool,
}

impl Proxies {
    /// Those that are trusted.
    pub(crate) fn trusted(&self) -> websocket_hub::Proxies {
        let networks = self.trusted_proxies.iter().filter(|network| *network != NONE);
        let trusted = websocket_hub::Proxies::trust(networks).expect("each was parsed when it was read");
        trusted.header(self.forwarded_header)
    }

    /// Whether anybody is.
    pub(crate) fn is_anybody_trusted(&self) -> bool {
        self.trusted_proxies.iter().any(|network| network != NONE)
    }
}
