//! The routes: the page, its files, and the way into the chat.

mod open;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, any, get, on};
use parlor_chat::view::View;
use websocket_hub::driver::deflate::Deflate;
use websocket_hub::{Config, Handshake, Refused};

use crate::assets::Assets;
use crate::content::Lasting;
use crate::identity::{Signed, new_person};
use crate::pages;
use crate::routes::{self, CameFrom, ROUTES, Rules};
use crate::session::{Session, Ticket};
use crate::space::{Space, Standing};
use crate::wire::SUBPROTOCOL;

#[derive(Clone)]
struct Site {
    space: Arc<Space>,
    handshake: Handshake,
    assets: Arc<Assets>,
}

/// The whole site.
pub(crate) fn router(config: Config, space: Arc<Space>, rules: Rules) -> Router {
    let handshake = Handshake::new()
        .subprotocols([SUBPROTOCOL])
        .deflate(Deflate::default())
        .config(config)
        .origins(rules.origins.clone())
        .proxies(rules.proxies.clone());
    let health = routes::health(Arc::clone(&space));
    let site = Site { space, handshake, assets: Arc::new(Assets::new()) };
    let site = Router::new()
        .route("/", any(root))
        .route("/chat", any(chat))
        .route("/room/{*place}", get(open::room))
        .route("/robots.txt", get(open::robots))
        .route("/sitemap.xml", get(open::sitemap))
        .route("/private/{*place}", get(place))
        .route("/direct/{*place}", get(place))
        .route("/web/{*path}", get(asset))
        .route("/service-worker.js", get(service_worker))
        .route("/link", get(place))
        .route("/signed-in", get(place))
        .merge(accounts())
        .fallback(async || not_found())
        .with_state(site);
    routes::under(rules, site.merge(health))
}

/// The routes of the table.
fn accounts() -> Router<Site> {
    ROUTES.iter().fold(Router::new(), |router, route| {
        let method = Method::from_bytes(route.method.as_bytes()).expect("the table has methods");
        let filter = MethodFilter::try_from(method).expect("the table has methods that axum knows");
        let answer =
            move |State(site): State<Site>, request: Request| routes::answer(site.space, route, request);
        router.route(route.path, on(filter, answer))
    })
}

/// The page for a browser's address bar, the chat for a WebSocket client.
async fn root(State(site): State<Site>, request: Request) -> Response {
    // Over HTTP/2 a WebSocket opens with CONNECT (RFC 8441).
    if request.headers().contains_key(header::UPGRADE) || request.method() == Method::CONNECT {
        return chat(State(site), request).await;
    }
    match request.method().as_str() {
        "GET" | "HEAD" => page(&site, Asked::of(&request)).await,
        _ => {
            (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")], "Only GET is understood here.\n")
                .into_response()
        }
    }
}

/// The page under the address of a room or a message.
async fn place(State(site): State<Site>, request: Request) -> Response {
    page(&site, Asked::of(&request)).await
}

/// Whether the client came by https, so that its cookie goes by https alone.
fn is_secure(request: &Request) -> bool {
    request.extensions().get::<CameFrom>().is_some_and(|from| from.is_secure)
}

/// A request for the page, but for its body.
#[derive(Clone, Copy)]
struct Asked<'a> {
    path: &'a str,
    headers: &'a HeaderMap,
    is_secure: bool,
}

impl<'a> Asked<'a> {
    fn of(request: &'a Request) -> Self {
        Asked { path: request.uri().path(), headers: request.headers(), is_secure: is_secure(request) }
    }
}

/// The page, and for a browser that is nobody yet the cookie that makes it somebody.
async fn page(site: &Site, asked: Asked<'_>) -> Response {
    match somebody(site, asked.headers).await {
        Some(signed) => page_for(site, signed, asked).await,
        None => page_for_nobody(site, asked.headers, asked.is_secure),
    }
}

/// The page for somebody, with what they may read at its address already in it.
async fn page_for(site: &Site, signed: Signed, asked: Asked<'_>) -> Response {
    let (assets, path) = (site.assets.clone(), asked.path.to_owned());
    let read = move |view: &View<'_>| pages::early(view, signed.person, &path, &assets);
    match site.space.look_as(signed.person, false, read).await {
        Ok(Some(page)) => page.answer(asked.headers, Lasting::Once),
        // The page finds out for itself why there is nothing, and says so.
        _ => site.assets.page(asked.headers),
    }
}

/// The page with the cookie that makes somebody of a browser.
fn page_for_nobody(site: &Site, headers: &HeaderMap, is_secure: bool) -> Response {
    let mut response = site.assets.page(headers);
    let cookie = site.space.identities.cookie(Signed::guest(new_person()), is_secure);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    // Nobody else may be handed this cookie.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whom a request comes from, if they can come.
async fn somebody(site: &Site, headers: &HeaderMap) -> Option<Signed> {
    let signed = site.space.identities.of_request(headers)?;
    may_come(&site.space, signed).await.then_some(signed)
}

/// Whether somebody can come as whom they show to be. If that cannot be read now, they keep what they have.
async fn may_come(space: &Arc<Space>, signed: Signed) -> bool {
    let standing = space.look(move |view| Ok(Standing::of(view, signed)?)).await;
    standing.is_err() || matches!(standing, Ok(Standing::SignedIn | Standing::Unknown))
}

async fn chat(State(site): State<Site>, request: Request) -> Response {
    let shown = site.space.identities.of_request(request.headers());
    let ticket = Ticket::of(request.uri().query());
    let answer = site.handshake.upgrade(request).map(|upgrade| {
        let session = Session::new(site.space, upgrade.subprotocol(), shown, ticket);
        upgrade.start_with(session)
    });
    answer.unwrap_or_else(|refused: Refused| refused.into()).map(Body::new)
}

async fn asset(State(site): State<Site>, path: Path<String>, headers: HeaderMap) -> Response {
    site.assets.answer(&path, &headers).unwrap_or_else(not_found)
}

/// It stands at the root because it serves the whole site when there is no network.
async fn service_worker(State(site): State<Site>, headers: HeaderMap) -> Response {
    site.assets.worker(&headers)
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response()
}
