//! From a host's name to its addresses.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

/// What [`Resolve::resolve`] gives back.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Finds the addresses of a host.
///
/// Every host that is dialled goes through it, also one that is written as an IP address, so a resolver that
/// refuses addresses guards against all of them. Behind a proxy it sees the proxy's host only: the proxy
/// resolves the server's name.
pub trait Resolve: Send + Sync {
    /// The addresses of `host`, the best one first. `host` is a name, or an IP address without brackets.
    ///
    /// # Errors
    ///
    /// Whatever keeps the host from being dialled; an empty list counts as not found.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a>;
}

/// The system's resolver (`getaddrinfo`), on a thread of the runtime's for blocking work.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
