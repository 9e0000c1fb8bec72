//! What a client asks for: one JSON object, its `type` says what, its `id` comes back with the answer.

use parlor_chat::Key;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::WireError;
use super::orders::{Order, Oversight};
use super::request::{Query, Wish};

/// A request as it was read.
#[derive(Debug)]
pub(crate) struct Asked {
    /// What the client calls it, as JSON; nothing if it wants no answer's id.
    pub(crate) id: Option<Box<RawValue>>,
    /// What the client calls the wish for ever.
    pub(crate) key: Option<Key>,
    pub(crate) request: Request,
}

/// What every request begins with.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// What a request has that changes something.
#[derive(Deserialize)]
struct Keyed {
    key: Option<Key>,
}

/// Octets of JSON that an id may have.
pub(crate) const ID: usize = 64;

/// Everything that can be asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    Wish(Wish),
    Query(Query),
    Order(Order),
    Oversight(Oversight),
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and the id to answer it under, if that could be read.
    pub(crate) fn parse(text: &str) -> Result<Asked, (Option<Box<RawValue>>, WireError)> {
        let bad = |error: serde_json::Error| WireError::bad_request(&error);
        let head: Head<'_> = serde_json::from_str(text).map_err(|error| (None, bad(error)))?;
        let is_id = |id: &&RawValue| matches!(id.get().as_bytes()[0], b'"' | b'-' | b'0'..=b'9');
        let id = head.id.filter(|id| id.get().len() <= ID && is_id(id));
        if id.is_none() && head.id.is_some() {
            return Err((None, WireError::bad_id()));
        }
        let id = id.map(ToOwned::to_owned);
        if let Some(query) = Query::parse(&head.kind, text) {
            return match query {
                Ok(query) => Ok(Asked { id, key: None, request: Request::Query(query) }),
                Err(error) => Err((id, bad(error))),
            };
        }
        if let Some(look) = Oversight::parse(&head.kind, text) {
            return match look {
                Ok(look) => Ok(Asked { id, key: None, request: Request::Oversight(look) }),
                Err(error) => Err((id, bad(error))),
            };
        }
        let wish = Wish::parse(&head.kind, text).map(|wish| wish.map(Request::Wish));
        let wish = wish.or_else(|| Some(Order::parse(&head.kind, text)?.map(Request::Order)));
        let Some(wish) = wish else { return Err((id, WireError::unsupported())) };
        match (wish, serde_json::from_str::<Keyed>(text)) {
            (Ok(request), Ok(keyed)) => Ok(Asked { id, key: keyed.key, request }),
            (Err(error), _) | (_, Err(error)) => Err((id, bad(error))),
        }
    }
}
