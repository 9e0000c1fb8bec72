//! One question to a site over HTTP, bounded in time and in what comes back. Nobody is sent on elsewhere by the answer.

use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use websocket_hub::rustls::ClientConfig;
use websocket_hub::rustls::pki_types::ServerName;

use super::SiteError;

/// How long a question may take, from the name of the site to the last octet.
pub(super) const WITHIN: Duration = Duration::from_secs(7);

/// Octets of an answer at most; those of large sites have some 10,000.
pub(super) const LARGEST: usize = 256 * 1024;

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Asks. `tls` is needed for https.
pub(super) async fn ask(
    tls: Option<Arc<ClientConfig>>,
    request: Request<String>,
) -> Result<Answer, SiteError> {
    let asked = tokio::time::timeout(WITHIN, exchange(tls, request)).await;
    asked.unwrap_or_else(|_| Err(format!("no answer within {} s", WITHIN.as_secs()))).map_err(SiteError::Down)
}

async fn exchange(tls: Option<Arc<ClientConfig>>, mut request: Request<String>) -> Result<Answer, String> {
    let uri = request.uri().clone();
    let authority = uri.authority().ok_or("an address without a host")?;
    let is_https = uri.scheme() == Some(&Scheme::HTTPS);
    let port = authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    // An address of IPv6 stands in brackets.
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let shown = HeaderValue::try_from(authority.as_str()).map_err(|error| error.to_string())?;
    request.headers_mut().insert(HOST, shown);
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    *request.uri_mut() = path.parse::<Uri>().map_err(|error| error.to_string())?;
    let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|error| error.to_string())?;
    if !is_https {
        return speak(stream, request).await;
    }
    let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
    let connector = TlsConnector::from(tls.ok_or("no certificate can vouch for it")?);
    let stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
    speak(stream, request).await
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<String>,
) -> Result<Answer, String> {
    let failed = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // Ends with this question, however that ends.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let answer =
        sender.send_request(request.map(|body| Full::new(Bytes::from(body)))).await.map_err(failed)?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, LARGEST).collect().await.map_err(|error| error.to_string())?;
    Ok(Answer { status: head.status, body: body.to_bytes() })
}
