//! Signing in by another site: people are sent there and come back, to the page `/signed-in`, which hands in here what it
//! was called with.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use parlor_chat::{AccountChange, Action, Fingerprint, PersonId, Position, Timestamp};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

use super::answer::{Answered, Problem, json};
use super::call::Call;
use super::codes;
use super::me::confirm;
use super::session::start;
use super::shown::Shown;
use crate::account::openid::{AWAY, Back, Claims, Pending, Trip, Trips};
use crate::identity::{Signed, cookie_called};
use crate::nickname;
use crate::providers::{Site, SiteError};

/// Where a site sends people back to.
const BACK: &str = "/signed-in";

/// The cookie of somebody who is away. Under its second name no other host can set it (RFC 6265bis §4.1.3.2).
const COOKIES: [&str; 2] = ["parlor-away", "__Host-parlor-away"];

/// Tells by which sites people may sign in.
pub(super) async fn list(call: Call) -> Answered {
    Ok(json(&json!({"providers": call.space.options.providers.names()})))
}

#[derive(Deserialize)]
struct Begin {
    provider: String,
    /// The password, to link an account that has one.
    #[serde(default)]
    password: String,
}

/// Sends somebody to a site, to sign in by it.
pub(super) async fn begin(call: Call) -> Answered {
    let asked: Begin = call.read()?;
    leave(&call, &asked.provider, None).await
}

/// Sends somebody to a site, to sign in to their account by it from then on.
pub(super) async fn begin_linking(call: Call) -> Answered {
    let asked: Begin = call.read()?;
    let caller = call.caller()?;
    confirm(&call, caller.person, &asked.password).await?;
    leave(&call, &asked.provider, Some(caller)).await
}

async fn leave(call: &Call, provider: &str, link: Option<Signed>) -> Answered {
    let origin = call.origin()?;
    let site = call.space.options.providers.named(provider).ok_or_else(Problem::no_such_provider)?;
    let trip = Trip {
        provider: site.name.clone(),
        origin: origin.to_owned(),
        link: link.map(|Signed { person, session }| (person, session)),
        at: Timestamp::now().0,
    };
    let begun = trips(call).begin(&trip);
    let (redirect, cookie) = (format!("{origin}{BACK}"), keep(call, &begun.cookie));
    let asked = Arc::clone(&site);
    let asked = async move { asked.address(&redirect, &begun).await };
    let url = call.space.options.providers.ask(asked).await.map_err(|error| problem(&site, &error))?;
    Ok(with(json(&json!({"url": url})), cookie))
}

#[derive(Deserialize)]
struct Arrive {
    code: String,
    state: String,
    /// Who is said to have sent the browser back.
    iss: Option<String>,
}

/// Takes somebody in whom a site has sent back.
pub(super) async fn arrive(call: Call) -> Answered {
    let asked: Arrive = call.read()?;
    let origin = call.origin()?.to_owned();
    let cookie = kept(&call.headers).ok_or_else(Problem::away_too_long)?;
    // Each code costs a question to the site.
    let attempt = call.begin_attempt(&format!("away {cookie}"))?;
    let back = trips(&call).back(&cookie, &asked.state, Timestamp::now().0);
    let back = back.filter(|back| back.trip.origin == origin).ok_or_else(Problem::away_too_long)?;
    let site = call.space.options.providers.named(&back.trip.provider);
    let site = site.ok_or_else(Problem::no_such_provider)?;
    let link = back.trip.link;
    let redeemed = redeem(&call, &site, asked, back).await;
    // If the site fails, whoever comes has made nothing wrong.
    if redeemed != Err(SiteError::Refused) {
        call.space.counters.attempts.right(&attempt);
    }
    let claims = redeemed.map_err(|error| problem(&site, &error))?;
    let identity = call.space.derive.of(&["who somebody is", &site.issuer, &claims.subject]);
    let identity = Fingerprint(*identity.first_chunk().expect("this hash has 32 octets"));
    if let Some((person, session)) = link {
        let caller = call.caller.map(|caller| caller.signed);
        if caller != Some(Signed { person, session }) {
            return Err(Problem::away_too_long());
        }
        let provider = site.name.clone();
        call.change(person, AccountChange::LinkIdentity { identity, provider }).await?;
        return Ok(with(json(&json!({"linked": site.name})), drop_kept(&call)));
    }
    let known = call.space.look(move |view| {
        let Some(person) = view.who_is(identity)? else { return Ok(None) };
        Ok(view.account(person)?.map(|account| (person, account)))
    });
    let Some((person, account)) = known.await? else {
        return claim(&call, &site, identity, &claims).await;
    };
    let linked = account.identities.iter().find(|linked| linked.identity == identity);
    let with_identity = linked.map(|linked| linked.id).ok_or_else(Problem::not_linked)?;
    if !account.totp.is_empty() {
        let pending = Pending { person, identity: with_identity, at: Timestamp::now().0 };
        let cookie = keep(&call, &trips(&call).wait(&pending));
        return Ok(with(Problem::code_needed().into_response(), cookie));
    }
    let shown = Shown { with: with_identity, ..Shown::default() };
    Ok(with(start(&call, person, shown).await?, drop_kept(&call)))
}

async fn redeem(call: &Call, site: &Arc<Site>, asked: Arrive, back: Back) -> Result<Claims, SiteError> {
    let at_site = Arc::clone(site);
    let question = async move {
        let redirect = format!("{}{BACK}", back.trip.origin);
        at_site.redeem(&asked.code, asked.iss.as_deref(), &redirect, &back).await
    };
    call.space.options.providers.ask(question).await
}

/// Makes a guest's name their own by what the site says. A guest who has chosen no name is called as there, if that is free.
async fn claim(call: &Call, site: &Site, identity: Fingerprint, claims: &Claims) -> Answered {
    let guest = call.caller.filter(|caller| !caller.has_account).ok_or_else(Problem::not_linked)?;
    let person = guest.signed.person;
    let name = call.space.look(move |view| Ok(view.person(person)?)).await?.map(|found| found.nickname);
    let (session, label) = call.new_session();
    let provider = site.name.clone();
    call.change(person, AccountChange::ClaimByIdentity { identity, provider, session, label }).await?;
    if name.is_some_and(|name| nickname::is_given(&name)) {
        for name in &claims.names {
            // Not every name can be had; the one that was given can always be changed.
            let rename = Action::Rename { nickname: name.trim().to_owned() };
            if call.space.ask(person, rename).await.is_ok() {
                break;
            }
        }
    }
    Ok(with(call.signed_in(Signed { person, session }).await?, drop_kept(call)))
}

#[derive(Deserialize)]
struct ShowCode {
    code: String,
}

/// Takes somebody in who was vouched for, and shows the code that is asked for besides.
pub(super) async fn show_code(call: Call) -> Answered {
    let asked: ShowCode = call.read()?;
    let waiting = kept(&call.headers).and_then(|kept| trips(&call).waiting(&kept, Timestamp::now().0));
    let Pending { person, identity, .. } = waiting.ok_or_else(Problem::away_too_long)?;
    let attempt = call.begin_attempt(&format!("code of {person}"))?;
    let account = call.space.look(move |view| view.account(person)).await?;
    let account = account.ok_or_else(Problem::away_too_long)?;
    let shown = codes::shown(&call, person, &account, identity, &asked.code)?;
    let answer = start(&call, person, shown).await.map_err(Problem::of_code)?;
    call.space.counters.attempts.right(&attempt);
    Ok(with(answer, drop_kept(&call)))
}

#[derive(Deserialize)]
struct Unlink {
    identity: Position,
    #[serde(default)]
    password: String,
}

/// Has somebody sign in by a site no longer.
pub(super) async fn unlink(call: Call) -> Answered {
    let asked: Unlink = call.read()?;
    let person: PersonId = call.caller()?.person;
    confirm(&call, person, &asked.password).await?;
    call.change(person, AccountChange::UnlinkIdentity { identity: asked.identity }).await?;
    Ok(json(&json!({})))
}

fn trips(call: &Call) -> Trips<'_> {
    Trips { seal: &call.space.seal, derive: &call.space.derive }
}

/// Tells why a site vouches for nobody, and whoever runs the server the particulars.
fn problem(site: &Site, error: &SiteError) -> Problem {
    match error {
        SiteError::Refused => return Problem::away_too_long(),
        SiteError::Down(_) | SiteError::Invalid(_) => {}
    }
    tracing::warn!(provider = site.name, issuer = site.issuer, "{error}");
    let is_down = matches!(error, SiteError::Down(_));
    if is_down { Problem::provider_down(&site.name) } else { Problem::provider_invalid(&site.name) }
}

/// What the browser keeps of being away.
fn kept(headers: &HeaderMap) -> Option<String> {
    COOKIES.iter().rev().find_map(|name| cookie_called(headers, name).next()).map(ToOwned::to_owned)
}

fn keep(call: &Call, value: &str) -> HeaderValue {
    cookie(call, value, AWAY.as_secs())
}

fn drop_kept(call: &Call) -> HeaderValue {
    cookie(call, "", 0)
}

/// No script reads it, and it comes along from our own pages alone.
fn cookie(call: &Call, value: &str, max_age: u64) -> HeaderValue {
    let is_secure = call.from.is_secure;
    let (name, secure) = (COOKIES[usize::from(is_secure)], if is_secure { "; Secure" } else { "" });
    let cookie = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(cookie).expect("it is visible ASCII")
}

fn with(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
