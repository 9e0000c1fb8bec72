//! What not every backend has. One that lacks a feature says so when it is asked for it.

use std::io::ErrorKind;
use std::sync::Arc;

use websocket_hub::{Backend, Request, Response, serve};

use crate::backends_without;
use crate::transport::{Transport, server_config};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// HTTP/2, within TLS and without.
    Http2,
}

/// The whole table: who lacks what.
const LACKS: [(Backend, Feature); 2] = [(Backend::Threads, Feature::Http2), (Backend::Uring, Feature::Http2)];

pub(crate) fn has(backend: Backend, feature: Feature) -> bool {
    !LACKS.contains(&(backend, feature))
}

/// What a transport needs.
pub(crate) fn carries(backend: Backend, transport: Transport) -> bool {
    !transport.is_http2() || has(backend, Feature::Http2)
}

#[test]
fn who_has_no_http2_does_not_start_when_nothing_else_may_be_spoken() {
    for backend in backends_without(Feature::Http2) {
        let mut config = server_config();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let app = |_: Request| Response::new("page".into());
        let error = serve(app).backend(backend).tls(Arc::new(config)).bind("127.0.0.1:0").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let told = error.to_string();
        assert!(told.contains(backend.name()) && told.contains("http/1.1"), "{told}");
    }
}
