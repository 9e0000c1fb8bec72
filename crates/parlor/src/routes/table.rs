//! The table of routes beside the page: who may call what, and what answers.

use std::pin::Pin;

use Who::{Account, Anybody, Guest, Somebody};

use super::answer::Answered;
use super::call::{Call, Caller};
use super::{codes, export, files, me, passkeys, providers, session};

/// Who may call a route. To others it answers 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Whoever comes.
    Anybody,
    /// Who is here, as a guest or with an account.
    Somebody,
    /// Who is here without an account.
    Guest,
    /// Who is signed in to an account.
    Account,
}

impl Who {
    /// Whether somebody may call it.
    pub(crate) fn may(self, caller: Option<&Caller>) -> bool {
        match (self, caller) {
            (Anybody, _) => true,
            (_, None) => false,
            (Somebody, Some(_)) => true,
            (Guest, Some(caller)) => !caller.has_account,
            (Account, Some(caller)) => caller.has_account,
        }
    }
}

/// What answers a call.
type Answers = fn(Call) -> Pin<Box<dyn Future<Output = Answered> + Send>>;

/// A route.
pub(crate) struct Route {
    /// `GET` or `POST`.
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) who: Who,
    pub(crate) answer: Answers,
    /// Whether the body goes to what answers as it comes, however long it is: that has limits of its own.
    pub(crate) streams: bool,
}

macro_rules! routes {
    ($($method:ident $path:literal $who:ident $answer:path $(, $streams:ident)?;)*) => {
        /// Every route.
        pub(crate) const ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            who: $who,
            answer: |call| Box::pin($answer(call)),
            streams: !stringify!($($streams)?).is_empty(),
        }),*];
    };
}

routes! {
    POST "/session" Anybody session::sign_in;
    POST "/session/passkey/begin" Anybody passkeys::begin_sign_in;
    POST "/session/passkey" Anybody passkeys::sign_in;
    GET "/session/providers" Anybody providers::list;
    POST "/session/provider/begin" Anybody providers::begin;
    POST "/session/provider" Anybody providers::arrive;
    POST "/session/provider/code" Anybody providers::show_code;
    POST "/session/claim" Guest session::claim;
    POST "/session/link" Anybody session::use_link;
    POST "/session/guest" Anybody session::become_guest;
    POST "/session/end" Somebody session::end;
    POST "/session/end-others" Account session::end_others;
    GET "/me" Somebody me::show;
    GET "/me/export" Somebody export::export;
    POST "/me/password" Account me::set_password;
    POST "/me/passkeys/begin" Somebody passkeys::begin_adding;
    POST "/me/passkeys" Somebody passkeys::add;
    POST "/me/passkeys/label" Account passkeys::label;
    POST "/me/passkeys/remove" Account passkeys::remove;
    POST "/me/identities/begin" Account providers::begin_linking;
    POST "/me/identities/remove" Account providers::unlink;
    POST "/me/codes/begin" Account codes::begin;
    POST "/me/codes" Account codes::set;
    POST "/me/codes/renew" Account codes::renew;
    POST "/me/codes/remove" Account codes::remove;
    POST "/me/delete" Somebody me::delete;
    POST "/files" Somebody files::bring, streams;
    GET "/files/{id}/{name}" Anybody files::have;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use parlor_chat::{PersonId, SessionId};

    use super::*;
    use crate::identity::Signed;

    #[test]
    fn a_route_is_there_once() {
        let routes: BTreeSet<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(routes.len(), ROUTES.len());
        assert!(ROUTES.iter().all(|route| ["GET", "POST"].contains(&route.method)));
    }

    #[test]
    fn the_document_has_every_route_and_who_may_call_it() {
        let text = include_str!("../../../../docs/accounts.md");
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|row| {
            let (route, rest) = row.split_once("` | ")?;
            let who = match rest.split(" |").next()? {
                "somebody" => Somebody,
                "a guest" => Guest,
                "an account" => Account,
                _ => Anybody,
            };
            Some((route.to_owned(), who))
        });
        let rows: Vec<_> = rows.filter(|(route, _)| route.contains(" /")).collect();
        let routes: Vec<_> =
            ROUTES.iter().map(|route| (format!("{} {}", route.method, route.path), route.who)).collect();
        assert_eq!(rows, routes);
    }

    #[test]
    fn who_may_call_is_decided_by_who_is_signed_in() {
        let signed = Signed { person: PersonId(7), session: SessionId(8) };
        let caller = |has_account| Some(Caller { signed, has_account });
        let callers = [None, caller(false), caller(true)];
        for (who, may) in [
            (Anybody, [true, true, true]),
            (Somebody, [false, true, true]),
            (Guest, [false, true, false]),
            (Account, [false, false, true]),
        ] {
            assert_eq!(callers.map(|caller| who.may(caller.as_ref())), may, "{who:?}");
        }
    }
}
