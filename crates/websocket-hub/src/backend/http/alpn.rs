//! What TLS offers where HTTP/1.1 alone is spoken.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;

use crate::tls::H2;

/// The configuration without HTTP/2 among the protocols that are offered.
///
/// # Errors
///
/// When nothing else is: whoever wrote that wants what `backend` cannot do.
pub(in crate::backend) fn without_http2(
    mut config: Arc<ServerConfig>,
    backend: &str,
) -> io::Result<Arc<ServerConfig>> {
    if config.alpn_protocols.iter().any(|name| name == H2) {
        Arc::make_mut(&mut config).alpn_protocols.retain(|name| name != H2);
        if config.alpn_protocols.is_empty() {
            let message = format!(
                "the backend {backend} speaks HTTP/1.1, which the TLS configuration does not offer: add \
                 'http/1.1' to its ALPN protocols, or use the backend tokio"
            );
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
    }
    Ok(config)
}
