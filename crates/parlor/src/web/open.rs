//! Rooms for who has not come in: plain documents of those that are open to the web.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parlor_chat::{Failure, Trouble};

use super::{Asked, Site, is_secure, not_found, page_for, page_for_nobody, somebody};
use crate::content::{Content, Lasting};
use crate::pages::{self, Address, Part};

/// A room or a message, for somebody and for nobody; and what is new there.
pub(super) async fn room(State(site): State<Site>, request: Request) -> Response {
    let headers = request.headers();
    let address = Address::parse(request.uri().path());
    let is_feed = address.as_ref().is_some_and(|address| address.part == Part::Feed);
    let somebody = if is_feed { None } else { somebody(&site, headers).await };
    if let Some(signed) = somebody {
        return for_each_visitor(page_for(&site, signed, Asked::of(&request)).await);
    }
    let (base, assets) = (base(&request), site.assets.clone());
    let made = match address {
        Some(address) => {
            let made = site.space.look(move |view| pages::at(view, &address, &base, &assets)).await;
            found(made, headers)
        }
        None => Ok(None),
    };
    match made {
        Ok(Some(document)) => for_each_visitor(document),
        Ok(None) if is_feed => not_found(),
        Ok(None) => {
            // Whoever has a script may still come in, and see there what they may.
            let mut response = page_for_nobody(&site, &without_tags(headers), is_secure(&request));
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
        Err(trouble) => unreadable(&trouble),
    }
}

pub(super) async fn sitemap(State(site): State<Site>, request: Request) -> Response {
    let base = base(&request);
    let made = site.space.look(move |view| pages::sitemap(view, &base)).await;
    match found(made, request.headers()) {
        Ok(found) => found.unwrap_or_else(not_found),
        Err(trouble) => unreadable(&trouble),
    }
}

pub(super) async fn robots(request: Request) -> Response {
    pages::robots(&base(&request)).answer(request.headers(), Lasting::Asked)
}

/// The answer with what was read; nothing if it may not be read.
fn found(made: Result<Content, Failure>, headers: &HeaderMap) -> Result<Option<Response>, Trouble> {
    match made {
        Ok(content) => Ok(Some(content.answer(headers, Lasting::Asked))),
        Err(Failure::Refused(_)) => Ok(None),
        Err(Failure::Trouble(trouble)) => Err(trouble),
    }
}

/// The data cannot be read now.
fn unreadable(trouble: &Trouble) -> Response {
    tracing::warn!(%trouble, "a room cannot be read for the web");
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::RETRY_AFTER, "5")];
    let sentence = "This cannot be read at the moment; try again in a few seconds.\n";
    (StatusCode::SERVICE_UNAVAILABLE, headers, sentence).into_response()
}

/// What a visitor asked, but for what they have already: a page that is not found is sent all the same.
fn without_tags(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(header::IF_NONE_MATCH);
    headers
}

/// What is answered depends on who asks.
fn for_each_visitor(mut response: Response) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Cookie"));
    response
}

/// What whole addresses begin with, as the visitor calls us: such as `https://chat.example.org`. Which names are ours was
/// judged before.
fn base(request: &Request) -> String {
    let said = request.headers().get(header::HOST).and_then(|value| value.to_str().ok()?.parse().ok());
    let name: Option<Authority> = request.uri().authority().cloned().or(said);
    let scheme = if is_secure(request) { "https" } else { "http" };
    name.map_or(String::new(), |name| format!("{scheme}://{}", name.as_str().replace(['&', '\'', '@'], "")))
}
