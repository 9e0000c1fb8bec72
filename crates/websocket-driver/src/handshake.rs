//! The opening handshake (RFC 6455 §4), apart from the connection: requests and responses as `http` types.
//!
//! A server turns a request into an answer with [`server::accept`]; a client makes a request with
//! [`client::request`] and judges the answer with [`client::verify`]. Programs that have no HTTP stack read and
//! write the bytes with [`http1`]. [`http2`] has the same four steps for HTTP/2 and HTTP/3. The connection itself
//! never sees HTTP.

pub mod client;
mod headers;
pub mod http1;
pub mod http2;
mod key;
pub mod server;

pub use key::Key;
