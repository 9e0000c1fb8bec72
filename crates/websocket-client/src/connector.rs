//! From an address to an open connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use websocket_driver::Config;
use websocket_driver::deflate::Deflate;
use websocket_driver::handshake::client::Options;

use crate::address::{Address, without_credentials};
use crate::error::ConnectError;
use crate::handshake::{self, Answer};
use crate::proxy::Proxy;
use crate::redirect::Trail;
use crate::refusal::Refusal;
use crate::resolve::Resolve;
use crate::route::Route;
use crate::tls;
use crate::transport::Transport;
use crate::websocket::WebSocket;

/// A time that no program lives to see, for time limits beyond what a clock can show.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Connects to a `ws:` or `wss:` address, with everything at its default; see [`Connector`].
///
/// # Errors
///
/// [`ConnectError`] says which step failed.
pub async fn connect(address: &str) -> Result<WebSocket, ConnectError> {
    Connector::new().connect(address).await
}

/// How to connect. Make one and use it for every connection.
///
/// ```no_run
/// use std::time::Duration;
/// use http::header::{AUTHORIZATION, HeaderValue};
/// use websocket_client::{Connector, Proxy};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = Connector::new()
///     .subprotocols(["chat.v2", "chat.v1"])
///     .header(AUTHORIZATION, HeaderValue::from_static("Bearer …"))
///     .proxy(Proxy::socks5("socks5h://127.0.0.1:9050")?)
///     .timeout(Duration::from_secs(5));
/// let ws = connector.connect("wss://example.org/chat").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Connector {
    options: Options,
    config: Arc<Config>,
    route: Route,
    timeout: Duration,
    redirects: u32,
}

impl Connector {
    /// No subprotocol, no headers of one's own, no compression, the driver's default limits, the proxy that the
    /// environment names, the system's root certificates and resolver, at most 5 redirects, 30 s to connect.
    pub fn new() -> Self {
        Connector {
            options: Options::default(),
            config: Arc::default(),
            route: Route::new(),
            timeout: Duration::from_secs(30),
            redirects: 5,
        }
    }

    /// The subprotocols that the program speaks, the best one first. A server may choose none of them.
    #[must_use]
    pub fn subprotocols<I: IntoIterator<Item: Into<String>>>(mut self, names: I) -> Self {
        self.options.subprotocols = names.into_iter().map(Into::into).collect();
        self
    }

    /// A further header of the request, such as `Origin`, `Authorization` or `Cookie`. The types let no line end
    /// through, so a value cannot smuggle in another header. Those of the handshake itself, such as `Host` and
    /// `Connection`, are not taken from here.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.options.headers.append(name, value);
        self
    }

    /// Offers compression (RFC 7692). Default: none.
    #[must_use]
    pub fn deflate(mut self, deflate: Deflate) -> Self {
        self.options.deflate = Some(deflate);
        self
    }

    /// The limits and times of the connection.
    #[must_use]
    pub fn config(mut self, config: impl Into<Arc<Config>>) -> Self {
        self.config = config.into();
        self
    }

    /// How long connecting may take in all, redirects and everything. Default: 30 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many redirects (301, 302, 303, 307, 308) are followed. 0: none, they are refusals like others.
    /// Default: 5.
    ///
    /// `http:` and `https:` in a `Location` are read as `ws:` and `wss:`. A redirect from `wss:` to `ws:` is
    /// never followed, nor one in a circle. `Authorization`, `Cookie` and `Proxy-Authorization` go to the host,
    /// port and scheme that they were given for and to no other.
    #[must_use]
    pub fn redirects(mut self, limit: u32) -> Self {
        self.redirects = limit;
        self
    }

    /// By which proxy servers are reached. Default: [`Proxy::from_env`], read in [`new`](Connector::new).
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.route.proxy = proxy;
        self
    }

    /// How TLS is spoken, instead of with the system's root certificates: with a certificate authority or a
    /// client certificate of one's own. ALPN is set to `http/1.1`, whatever the configuration says.
    ///
    /// Make the configuration with `ClientConfig::builder_with_provider`: `ClientConfig::builder` panics in
    /// programs that have two providers of cryptography among their dependencies.
    #[must_use]
    pub fn tls(mut self, config: impl Into<Arc<ClientConfig>>) -> Self {
        self.route.tls = Some(tls::with_alpn(&config.into()));
        self
    }

    /// Who finds the addresses of hosts. Default: the system.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.route.resolver = Arc::new(resolver);
        self
    }

    /// Connects to a `ws:` or `wss:` address. A `wss:` connection is encrypted or does not come about.
    ///
    /// Dropping the future gives the attempt up and closes what it has opened.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says which step failed.
    pub async fn connect(&self, address: &str) -> Result<WebSocket, ConnectError> {
        let mut trail = Trail::new(parse(address)?, self.redirects);
        let mut options = self.options.clone();
        handshake::check(trail.here(), &options)?;
        let deadline = self.deadline();
        loop {
            let address = trail.here();
            let asked = async {
                let mut transport = self.route.open(address).await?;
                let answer = handshake::ask(&mut transport, address, &options, &self.config).await?;
                Ok((transport, answer))
            };
            let (transport, answer) = self.in_time(deadline, asked).await?;
            if let Answer::Refusal { response, .. } = &answer
                && trail.follow(response, &mut options.headers).map_err(ConnectError::Redirect)?
            {
                continue;
            }
            return finish(transport, answer, deadline).await;
        }
    }

    /// Connects over a stream that leads to the server already: a Unix socket, a tunnel, a pipe in a test. For a
    /// `wss:` address TLS is spoken over it. Redirects are not followed.
    ///
    /// Dropping the future drops the stream.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says which step failed.
    pub async fn over<S>(&self, stream: S, address: &str) -> Result<WebSocket, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let address = parse(address)?;
        handshake::check(&address, &self.options)?;
        let deadline = self.deadline();
        let asked = async {
            let mut transport = self.route.secure(Transport::other(stream), &address).await?;
            let answer = handshake::ask(&mut transport, &address, &self.options, &self.config).await?;
            Ok((transport, answer))
        };
        let (transport, answer) = self.in_time(deadline, asked).await?;
        finish(transport, answer, deadline).await
    }

    fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.timeout).unwrap_or(now + FAR)
    }

    async fn in_time<T>(
        &self,
        deadline: Instant,
        step: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        let done = tokio::time::timeout_at(deadline, step).await;
        done.unwrap_or(Err(ConnectError::TimedOut(self.timeout)))
    }
}

fn parse(address: &str) -> Result<Address, ConnectError> {
    Address::parse(address).ok_or_else(|| ConnectError::Address(without_credentials(address)))
}

async fn finish(
    mut transport: Transport,
    answer: Answer,
    deadline: Instant,
) -> Result<WebSocket, ConnectError> {
    match answer {
        Answer::Open { connection, early, subprotocol } => {
            Ok(WebSocket::new(transport, *connection, early, subprotocol))
        }
        Answer::Refusal { reason, response, early } => {
            let refusal = Refusal::read(reason, &response, &early, &mut transport, deadline).await;
            Err(ConnectError::Refused(Box::new(refusal)))
        }
    }
}

impl Default for Connector {
    fn default() -> Self {
        Connector::new()
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The headers may hold secrets.
        f.debug_struct("Connector")
            .field("subprotocols", &self.options.subprotocols)
            .field("config", &self.config)
            .field("proxy", &self.route.proxy)
            .field("timeout", &self.timeout)
            .field("redirects", &self.redirects)
            .finish_non_exhaustive()
    }
}
