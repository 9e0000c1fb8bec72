//! From a request to its route in the table: who calls is found out, and whether they may.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use parlor_chat::PersonId;

use super::CameFrom;
use super::answer::{Answered, Problem};
use super::call::{Call, Caller};
use super::table::Route;
use crate::identity::Signed;
use crate::space::{Space, Standing};

/// Octets of a request's body at most: what the longest of them needs, some times over.
const LONGEST: usize = 16 * 1024;

/// Answers a request to a route.
pub(crate) async fn answer(space: Arc<Space>, route: &'static Route, request: Request) -> Response {
    call(space, route, request).await.unwrap_or_else(Problem::into_response)
}

async fn call(space: Arc<Space>, route: &'static Route, request: Request) -> Answered {
    let (head, body) = request.into_parts();
    let from = head.extensions.get::<CameFrom>().copied();
    let from = from.unwrap_or(CameFrom { address: None, is_secure: false });
    let caller = match space.identities.of_request(&head.headers) {
        Some(signed) => who_calls(&space, signed).await?,
        None => None,
    };
    if !route.who.may(caller.as_ref()) {
        return Err(Problem::not_signed_in());
    }
    let (body, stream) = match route.streams {
        true => (Bytes::new(), body),
        false => {
            let read = axum::body::to_bytes(body, LONGEST).await.map_err(|_| Problem::too_large())?;
            (read, Body::empty())
        }
    };
    let (uri, headers) = (head.uri, head.headers);
    (route.answer)(Call { space, caller, from, uri, headers, body, stream: stream.into() }).await
}

/// Who shows this token, unless the session has ended.
async fn who_calls(space: &Arc<Space>, signed: Signed) -> Result<Option<Caller>, Problem> {
    let caller = space.look(move |view| {
        if Standing::of(view, signed)? != Standing::SignedIn || signed.person == PersonId::SERVER {
            return Ok(None);
        }
        Ok(Some(Caller { signed, has_account: view.account(signed.person)?.is_some() }))
    });
    Ok(caller.await?)
}
