//! The section `tls`.

use std::path::PathBuf;

use clap::Args;

use super::values::{Maybe, file, local_address};

/// HTTPS on every address that is listened on, without a proxy. It goes by a certificate from files.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Tls")]
pub(crate) struct Tls {
    /// The file with the certificate, the server's own first and then those that vouch for it, in PEM form; or none. It is
    /// read again when it changes, and on SIGHUP.
    #[arg(long, value_name = "FILE", default_value = "none", value_parser = file)]
    pub(crate) tls_cert: Maybe<PathBuf>,

    /// The file with the certificate's private key, in PEM form; or none. A file that every user of the machine can read is
    /// refused.
    #[arg(long, value_name = "FILE", default_value = "none", value_parser = file)]
    pub(crate) tls_key: Maybe<PathBuf>,

    /// Where http is listened on besides, to send everybody to https: an address, a port of this machine, unix:/path, or
    /// none.
    #[arg(long, value_name = "ADDR", default_value = "none", value_parser = local_address)]
    pub(crate) http_redirect: Maybe<String>,

    /// For how many seconds a browser that came by https is told to come by nothing else (HSTS); 0 tells it nothing.
    #[arg(long, value_name = "SECONDS", default_value = "31536000")]
    pub(crate) hsts: u32,
}

impl Tls {
    /// Whether TLS is spoken.
    pub(crate) fn is_on(&self) -> bool {
        self.tls_cert.0.is_some()
    }
}
