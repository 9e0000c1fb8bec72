//! The way to a server: names, TCP, a proxy, TLS.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use tokio::net::TcpStream;

use crate::address::Address;
use crate::error::ConnectError;
use crate::eyeballs;
use crate::proxy::{self, Proxy, ProxyError};
use crate::resolve::{Resolve, SystemResolver};
use crate::tls;
use crate::transport::Transport;

/// By which means servers are reached.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) proxy: Proxy,
    pub(crate) resolver: Arc<dyn Resolve>,
    /// `None`: the system's roots.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

enum DialError {
    Resolve(io::Error),
    Connect(io::Error),
}

impl Route {
    pub(crate) fn new() -> Self {
        Route { proxy: Proxy::default(), resolver: Arc::new(SystemResolver), tls: None }
    }

    /// Goes the whole way.
    pub(crate) async fn open(&self, address: &Address) -> Result<Transport, ConnectError> {
        let in_words = |error| ConnectError::Proxy { proxy: String::new(), error };
        let stream = match self.proxy.to(address).map_err(in_words)? {
            None => self.dial(&address.host, address.port).await.map_err(|error| match error {
                DialError::Resolve(error) => ConnectError::Resolve { host: address.host.clone(), error },
                DialError::Connect(error) => {
                    ConnectError::Connect { host: format!("{}:{}", address.host, address.port), error }
                }
            })?,
            Some(server) => {
                let failed = |error| ConnectError::Proxy { proxy: server.to_string(), error };
                let dialled = self.dial(&server.host, server.port).await.map_err(|error| match error {
                    DialError::Resolve(error) => ProxyError::Resolve(error),
                    DialError::Connect(error) => ProxyError::Connect(error),
                });
                let mut stream = dialled.map_err(failed)?;
                proxy::pass(&mut stream, &server, address).await.map_err(failed)?;
                stream
            }
        };
        self.secure(Transport::tcp(stream), address).await
    }

    /// Goes the last part of the way: TLS, if the address asks for it.
    pub(crate) async fn secure(
        &self,
        transport: Transport,
        address: &Address,
    ) -> Result<Transport, ConnectError> {
        if !address.secure {
            return Ok(transport);
        }
        let opened = tls::open(transport, &address.host, self.tls.as_ref()).await;
        opened.map_err(|error| ConnectError::Tls { host: address.host.clone(), error })
    }

    async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, DialError> {
        let addresses = self.resolver.resolve(host, port).await.map_err(DialError::Resolve)?;
        if addresses.is_empty() {
            let error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
            return Err(DialError::Resolve(error));
        }
        let stream = eyeballs::race(addresses, TcpStream::connect).await.map_err(DialError::Connect)?;
        // Small frames must not wait for the acknowledgement of the one before.
        stream.set_nodelay(true).map_err(DialError::Connect)?;
        Ok(stream)
    }
}
