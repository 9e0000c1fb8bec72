//! What a server agrees to: the judgement of a request that wants to become a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use http::Version;
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use websocket_driver::Events;
use websocket_driver::deflate::Deflate;
use websocket_driver::handshake::{http2, server};

use crate::config::Config;
use crate::connections::Connections;
use crate::context::Context;
use crate::limits::Limits;
use crate::origin::Origins;
use crate::proxies::Proxies;
use crate::refused::Refused;
use crate::source::Source;
use crate::trace;
use crate::upgrade::Upgrade;
use crate::websocket::WebSocket;

/// What a server agrees to in an opening handshake. The default: pages of the same origin, no subprotocol, the
/// default [`Config`].
#[derive(Clone, Debug)]
pub struct Handshake {
    origins: Origins,
    options: server::Options,
    config: Arc<Config>,
    proxies: Proxies,
    limits: Option<Limits>,
    connections: Option<Connections>,
}

impl Default for Handshake {
    fn default() -> Self {
        Handshake {
            origins: Origins::default(),
            options: server::Options::default(),
            config: Config::shared(),
            proxies: Proxies::default(),
            limits: None,
            connections: None,
        }
    }
}

impl Handshake {
    /// The default.
    pub fn new() -> Self {
        Handshake::default()
    }

    /// Which pages may connect.
    #[must_use]
    pub fn origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// The subprotocols that the program speaks.
    #[must_use]
    pub fn subprotocols<I: IntoIterator<Item: Into<String>>>(mut self, names: I) -> Self {
        self.options.subprotocols = names.into_iter().map(Into::into).collect();
        self
    }

    /// Agrees to compression with clients that offer it (RFC 7692). Default: none.
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

    /// How many connections there may be, and how quickly they may come. Default: as many as like.
    #[must_use]
    pub fn limits(mut self, limits: &Limits) -> Self {
        self.limits = Some(limits.clone());
        self
    }

    /// The proxies that say whose address a request comes from. Default: none, so that it is the peer's.
    #[must_use]
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Keeps a list of the connections, which ends them when somebody else's server stops. A [`Server`] of ours
    /// does so by itself.
    ///
    /// [`Server`]: crate::Server
    #[must_use]
    pub fn connections(mut self, connections: &Connections) -> Self {
        self.connections = Some(connections.clone());
        self
    }

    /// Judges a request: a GET in HTTP/1.1, a CONNECT in HTTP/2. Routes to it must take both methods.
    ///
    /// # Errors
    ///
    /// [`Refused`], which becomes the answer.
    pub fn upgrade<B>(&self, request: http::Request<B>) -> Result<Upgrade, Refused> {
        self.judge(request, None)?.with_transport()
    }

    /// As [`upgrade`](Handshake::upgrade), in somebody else's server, which knows from where the request came.
    ///
    /// # Errors
    ///
    /// As [`upgrade`](Handshake::upgrade).
    pub fn upgrade_from<B>(&self, request: http::Request<B>, peer: SocketAddr) -> Result<Upgrade, Refused> {
        self.judge(request, Some(peer))?.with_transport()
    }

    /// As [`upgrade_from`](Handshake::upgrade_from), for a request whose transport the caller brings: the connection
    /// is to be started by [`Upgrade::start_over`].
    ///
    /// # Errors
    ///
    /// As [`upgrade`](Handshake::upgrade), but never [`Refused::NotUpgradable`].
    pub fn accept<B>(&self, request: http::Request<B>, peer: Option<SocketAddr>) -> Result<Upgrade, Refused> {
        self.judge(request, peer)
    }

    fn judge<B>(&self, mut request: http::Request<B>, peer: Option<SocketAddr>) -> Result<Upgrade, Refused> {
        let context = request.extensions_mut().remove::<Context>();
        let counts = [
            context.as_ref().map(|context| context.tracker.metrics().clone()),
            self.connections.as_ref().map(Connections::metrics),
        ];
        let source = peer.map(Source::from).or(context.as_ref().map(|context| context.source));
        self.judge_from(source, &mut request).map(|upgrade| Upgrade { context, ..upgrade }).inspect_err(
            |refused| {
                counts.iter().flatten().for_each(|metrics| metrics.refused(refused.name()));
                trace::refused(
                    refused,
                    source.and_then(|source| source.remote.address()),
                    request.uri().path(),
                );
            },
        )
    }

    fn judge_from<B>(
        &self,
        source: Option<Source>,
        request: &mut http::Request<B>,
    ) -> Result<Upgrade, Refused> {
        let accepted = if request.version() < Version::HTTP_2 {
            server::accept(request, &self.options).map_err(Refused::Handshake)?
        } else {
            let protocol = request.extensions().get().map(Protocol::as_str);
            http2::accept(request, protocol, &self.options).map_err(Refused::Http2)?
        };
        if !self.origins.permit(request) {
            return Err(Refused::Origin);
        }
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let peer = source.and_then(|source| source.remote.address());
        let client = source.and_then(|source| self.proxies.client_of(&source, request.headers()));
        let admit = |limits: &Limits| limits.admit(client, Instant::now());
        let permit = self.limits.as_ref().map(admit).transpose().map_err(Refused::TooMany)?;
        let span = trace::connection(request, peer, client, accepted.subprotocol.as_deref());
        Ok(Upgrade {
            accepted,
            upgrade,
            context: None,
            span,
            config: Arc::clone(&self.config),
            events: Events::new(),
            peer,
            client,
            permit,
            connections: self.connections.clone(),
        })
    }
}

impl WebSocket {
    /// Judges a request by the default [`Handshake`]; see [`Handshake::upgrade`].
    ///
    /// # Errors
    ///
    /// [`Refused`], which becomes the answer.
    pub fn upgrade<B>(request: http::Request<B>) -> Result<Upgrade, Refused> {
        Handshake::new().upgrade(request)
    }
}
