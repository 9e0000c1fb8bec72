//! What is listened on beside the chat: where counts are read, and where http is sent on to https.

use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use http::uri::{Authority, PathAndQuery};
use http::{StatusCode, header};
use parlor_chat::PersonId;
use websocket_hub::{Metrics, Request, Response, Server, serve};

use super::ServeError;
use crate::exposition;
use crate::handover::{Door, Doors};
use crate::space::Space;

/// Serves the counts.
pub(super) fn metrics(
    doors: &mut Doors,
    address: &str,
    counts: Metrics,
    space: Weak<Space>,
) -> Result<Server, ServeError> {
    listen(doors, Door::Metrics, address, move |request: Request| {
        if request.uri().path() != "/metrics" {
            return answer(StatusCode::NOT_FOUND, "The counts are under /metrics.\n".to_owned());
        }
        let position =
            |space: &Arc<Space>| space.chat().view(PersonId::SERVER, |view| Ok(view.position()?)).ok();
        let space = space.upgrade();
        let entries = space.as_ref().and_then(position).map(|position| position.0);
        let nodes = space.and_then(|space| space.publisher().nodes());
        let text = exposition::text(&counts.snapshot(), entries, nodes.as_ref());
        let mut response = answer(StatusCode::OK, text);
        let kind = header::HeaderValue::from_static(exposition::CONTENT_TYPE);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    })
}

/// Sends everybody to https, on this port.
pub(super) fn redirect(
    doors: &mut Doors,
    address: &str,
    port: u16,
    hosts: Option<Vec<String>>,
) -> Result<Server, ServeError> {
    listen(doors, Door::Redirect, address, move |request: Request| {
        match target(&request, port, hosts.as_deref()) {
            Some(target) => {
                let mut response =
                    answer(StatusCode::PERMANENT_REDIRECT, format!("It is at {target} now.\n"));
                match target.try_into() {
                    Ok(target) => _ = response.headers_mut().insert(header::LOCATION, target),
                    Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
                }
                response
            }
            None => {
                answer(StatusCode::MISDIRECTED_REQUEST, "This server does not go by that name.\n".to_owned())
            }
        }
    })
}

/// Where a request belongs that came by http: the same, by https, if its name is one of ours.
fn target<B>(request: &http::Request<B>, port: u16, hosts: Option<&[String]>) -> Option<String> {
    let name = request.headers().get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok()?;
    if name.as_str().contains('@') {
        return None;
    }
    let host = name.host().to_lowercase();
    if hosts.is_some_and(|hosts| !hosts.contains(&host)) {
        return None;
    }
    let port = if port == 443 { String::new() } else { format!(":{port}") };
    let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    Some(format!("https://{host}{port}{path}"))
}

fn answer(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let nosniff = header::HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

fn listen(
    doors: &mut Doors,
    door: Door,
    address: &str,
    app: impl Fn(Request) -> Response + Send + Sync + 'static,
) -> Result<Server, ServeError> {
    let failed = |error| ServeError::Beside(door.flag(), address.to_owned(), error);
    let listeners = doors.open(door, &[address.to_owned()]).map_err(|(_, error)| failed(error))?;
    serve(app).workers(NonZeroUsize::MIN).listen(listeners).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_by_http_has_its_place_by_https() {
        let ours = ["chat.example.org".to_owned()];
        for (host, path, port, hosts, expected) in [
            ("chat.example.org", "/", 443, None, Some("https://chat.example.org/")),
            ("chat.example.org:80", "/room/a?b=c", 443, None, Some("https://chat.example.org/room/a?b=c")),
            ("Chat.example.org", "/", 8443, Some(&ours[..]), Some("https://chat.example.org:8443/")),
            ("[::1]:8080", "/", 443, None, Some("https://[::1]/")),
            ("evil.example", "/", 443, Some(&ours[..]), None),
            ("chat.example.org@evil.example", "/", 443, None, None),
            ("a b", "/", 443, None, None),
        ] {
            let request = http::Request::get(path).header("host", host).body(()).unwrap();
            assert_eq!(target(&request, port, hosts).as_deref(), expected, "{host}{path}");
        }
    }
}
