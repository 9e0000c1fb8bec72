//! The section `tls`.

use std::path::PathBuf;

use clap::Args;

use super::values::{Maybe, NONE, domain, file, https, local_address};

/// HTTPS on every address that is listened on, without a proxy: by a certificate from files, or by one that an authority
/// hands out by itself.
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

    /// A name that an authority is to vouch for (ACME), such as chat.example.org, or none: the certificate is asked for and
    /// renewed by itself, and kept in the data folder. The authority looks at port 443 of that name. May stand more than
    /// once.
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "none", value_parser = domain)]
    pub(crate) tls_domain: Vec<String>,

    /// The address of the authority's directory. With the default one, its terms of service are agreed to.
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://acme-v02.api.letsencrypt.org/directory",
        value_parser = https
    )]
    pub(crate) acme_directory: String,

    /// A file with the certificates that vouch for the authority's own server, in PEM form; none stands for those that the
    /// system trusts.
    #[arg(long, value_name = "FILE", default_value = "none", value_parser = file)]
    pub(crate) acme_ca: Maybe<PathBuf>,

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
        self.tls_cert.0.is_some() || !self.domains().is_empty()
    }

    /// The names that an authority is to vouch for.
    pub(crate) fn domains(&self) -> Vec<&str> {
        self.tls_domain.iter().map(String::as_str).filter(|name| *name != NONE).collect()
    }
}
