//! Proxies: which one leads to an address, and the way through it.

mod bypass;
mod error;
mod http_connect;
mod server;
mod socks5;
mod tunnel;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::address::Address;
use bypass::Bypass;
use http_connect::HttpConnect;
use server::Protocol;
use socks5::Socks5;

pub use error::ProxyError;
pub(crate) use server::ProxyServer;

/// By which proxy servers are reached. The default is [`from_env`](Proxy::from_env).
///
/// TLS goes through the proxy, not to it: of a `wss:` connection the proxy sees the host, the port and
/// encrypted bytes.
#[derive(Clone)]
pub struct Proxy(Choice);

#[derive(Clone)]
enum Choice {
    Direct,
    Always(Arc<ProxyServer>),
    Environment(Arc<Environment>),
}

/// What the variables said.
struct Environment {
    /// For `ws:` addresses.
    http: Option<String>,
    /// For `wss:` addresses.
    https: Option<String>,
    bypass: Bypass,
}

impl Proxy {
    /// No proxy, whatever the environment says.
    pub fn none() -> Self {
        Proxy(Choice::Direct)
    }

    /// An HTTP proxy, `http://user:password@host:port`, asked by `CONNECT`. Without a port it is 80. Special
    /// characters in the credentials are percent-encoded.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Address`] for anything else, such as a proxy that is itself spoken to by TLS.
    pub fn http(address: &str) -> Result<Self, ProxyError> {
        Proxy::always(address, Protocol::Http)
    }

    /// A SOCKS 5 proxy, `socks5://user:password@host:port` or `socks5h://…`. Without a port it is 1080. With
    /// either scheme it is the proxy that resolves the server's name, so that neither is the name given away to
    /// the local network nor need it be known there.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Address`] for anything else.
    pub fn socks5(address: &str) -> Result<Self, ProxyError> {
        Proxy::always(address, Protocol::Socks5)
    }

    /// What the environment says now, in the variables that curl and others read; each is read in lower case
    /// first, then in upper case, and an empty one counts as not set.
    ///
    /// - `http_proxy` for `ws:` addresses. `HTTP_PROXY` is not read where `REQUEST_METHOD` is set: in a CGI
    ///   program it may come from the client (CVE-2016-5385, "httpoxy").
    /// - `https_proxy` for `wss:` addresses.
    /// - `all_proxy` for either, where the other is not set.
    /// - `no_proxy`: the exceptions, between commas. `example.org` is that host and all below it, `.example.org`
    ///   only those below it, `host:port` that port of it, `*` everything; IP addresses and networks
    ///   (`10.0.0.0/8`) match hosts that are written as IP addresses, nothing is looked up for them.
    ///
    /// This machine itself (`localhost`, `127.0.0.0/8`, `::1`) is always reached directly. A variable that holds
    /// no proxy makes connecting fail: going on without it could tell what was not to be told.
    pub fn from_env() -> Self {
        Proxy::from_variables(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// [`from_env`](Proxy::from_env) with variables of one's own: `look_up` gets a name and gives the value.
    pub fn from_variables(look_up: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| look_up(name).map(|value| value.trim().to_owned()).filter(|v| !v.is_empty());
        let either = |name: &str| value(name).or_else(|| value(&name.to_ascii_uppercase()));
        let is_cgi = look_up("REQUEST_METHOD").is_some();
        let http = if is_cgi { value("http_proxy") } else { either("http_proxy") };
        let all = either("all_proxy");
        Proxy(Choice::Environment(Arc::new(Environment {
            http: http.or_else(|| all.clone()),
            https: either("https_proxy").or(all),
            bypass: Bypass::parse(&either("no_proxy").unwrap_or_default()),
        })))
    }

    fn always(text: &str, protocol: Protocol) -> Result<Self, ProxyError> {
        let server = ProxyServer::parse(text)?;
        if server.protocol != protocol {
            return Err(ProxyError::Address(server.to_string()));
        }
        Ok(Proxy(Choice::Always(Arc::new(server))))
    }

    /// The proxy that leads to `address`, if one does.
    pub(crate) fn to(&self, address: &Address) -> Result<Option<Arc<ProxyServer>>, ProxyError> {
        match &self.0 {
            Choice::Direct => Ok(None),
            Choice::Always(server) => Ok(Some(server.clone())),
            Choice::Environment(environment) => {
                let text = if address.secure { &environment.https } else { &environment.http };
                match text {
                    Some(text) if !environment.spares(address) => {
                        Ok(Some(Arc::new(ProxyServer::parse(text)?)))
                    }
                    _ => Ok(None),
                }
            }
        }
    }
}

impl Environment {
    fn spares(&self, address: &Address) -> bool {
        let host = address.host.as_str();
        let is_local = match host.parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical().is_loopback(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        };
        is_local || self.bypass.contains(host, address.port)
    }
}

/// Makes `stream`, which leads to `server`, lead on to `address`.
pub(crate) async fn pass<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    server: &ProxyServer,
    address: &Address,
) -> Result<(), ProxyError> {
    let (host, port, credentials) = (&address.host, address.port, server.credentials.as_ref());
    match server.protocol {
        Protocol::Http => tunnel::negotiate(stream, HttpConnect::new(host, port, credentials)).await,
        Protocol::Socks5 => tunnel::negotiate(stream, Socks5::new(host, port, credentials)?).await,
    }
}

impl Default for Proxy {
    fn default() -> Self {
        Proxy::from_env()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values of variables may hold passwords.
        match &self.0 {
            Choice::Direct => write!(f, "Proxy(none)"),
            Choice::Always(server) => write!(f, "Proxy({server:?})"),
            Choice::Environment(_) => write!(f, "Proxy(environment)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which proxy is chosen with these variables.
    fn chosen(variables: &[(&str, &str)], address: &str) -> String {
        let look_up = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let address = Address::parse(address).unwrap();
        match Proxy::from_variables(look_up).to(&address) {
            Ok(Some(server)) => server.to_string(),
            Ok(None) => "direct".to_owned(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn variables() {
        let (ws, wss) = ("ws://example.org/", "wss://example.org/");
        for (variables, address, expected) in [
            (&[][..], ws, "direct"),
            (&[("http_proxy", "http://p:1")], ws, "p:1"),
            (&[("http_proxy", "http://p:1")], wss, "direct"),
            (&[("https_proxy", "p:1")], wss, "p:1"),
            (&[("HTTPS_PROXY", "p:1")], wss, "p:1"),
            (&[("HTTPS_PROXY", "p:1"), ("https_proxy", "q:1")], wss, "q:1"),
            (&[("HTTP_PROXY", "p:1"), ("http_proxy", " ")], ws, "p:1"),
            (&[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")], ws, "direct"),
            (&[("http_proxy", "p:1"), ("REQUEST_METHOD", "GET")], ws, "p:1"),
            (&[("ALL_PROXY", "socks5://p")], ws, "p:1080"),
            (&[("all_proxy", "socks5h://p"), ("https_proxy", "q:1")], wss, "q:1"),
            (&[("all_proxy", "socks5h://p"), ("https_proxy", "q:1")], ws, "p:1080"),
            (&[("http_proxy", "p:1"), ("NO_PROXY", "example.org")], ws, "direct"),
            (&[("http_proxy", "p:1"), ("no_proxy", "other"), ("NO_PROXY", "*")], ws, "p:1"),
            (&[("http_proxy", "p:1")], "ws://localhost:9/", "direct"),
            (&[("http_proxy", "p:1")], "ws://a.localhost/", "direct"),
            (&[("http_proxy", "p:1")], "ws://127.1.2.3/", "direct"),
            (&[("http_proxy", "p:1")], "ws://[::1]/", "direct"),
            (&[("http_proxy", "p:1")], "ws://[::ffff:127.0.0.1]/", "direct"),
            (&[("http_proxy", "p:1")], "ws://10.0.0.1/", "p:1"),
            (&[("http_proxy", "https://p:1")], ws, "Address(\"https://p:1\")"),
            (&[("http_proxy", "u:secret@p:x")], ws, "Address(\"p:x\")"),
        ] {
            assert_eq!(chosen(variables, address), expected, "{variables:?} {address}");
        }
    }

    #[test]
    fn a_proxy_of_ones_own_has_no_exceptions() {
        let address = Address::parse("ws://localhost/").unwrap();
        let proxy = Proxy::http("http://user:secret@p:1").unwrap();
        assert_eq!(proxy.to(&address).unwrap().unwrap().to_string(), "p:1");
        assert!(!format!("{proxy:?}").contains("secret"));
        assert!(Proxy::none().to(&address).unwrap().is_none());
        assert!(Proxy::http("socks5://p").is_err());
        assert!(Proxy::socks5("http://p").is_err());
    }
}
