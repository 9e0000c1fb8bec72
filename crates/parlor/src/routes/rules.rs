//! The settings that hold for every request.

use std::time::Duration;

use websocket_hub::{Origins, Proxies};

use crate::config::Config;

/// What holds for every request.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// Pages that may do what our own page may.
    pub(crate) origins: Origins,
    pub(crate) proxies: Proxies,
    /// The names under which the server is reached, in lower case; `None` for any.
    pub(crate) hosts: Option<Vec<String>>,
    /// The octets of a request's head.
    pub(crate) max_head: usize,
    /// The octets of a request's body.
    pub(crate) max_body: usize,
    /// The time from a request's head to the head of its answer.
    pub(crate) request_timeout: Duration,
    /// Whether everybody comes by https, whatever proxies say.
    pub(crate) is_tls: bool,
    /// For how many seconds browsers stay with https once they came by it.
    pub(crate) hsts: u32,
}

impl Rules {
    /// As the settings say.
    pub(crate) fn new(config: &Config) -> Self {
        let http = &config.http;
        let origins = http.allowed_origins.iter().filter(|origin| *origin != "none");
        let is_any = http.allowed_hosts.iter().any(|host| host == "any");
        Rules {
            origins: origins.fold(Origins::same(), |origins, origin| origins.allow(origin)),
            proxies: config.proxies.trusted(),
            hosts: (!is_any).then(|| http.allowed_hosts.clone()),
            max_head: http.max_head,
            max_body: http.max_body,
            request_timeout: http.request_timeout,
            is_tls: config.tls.is_on(),
            hsts: config.tls.hsts,
        }
    }
}
