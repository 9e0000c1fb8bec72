//! Routes beside the page, and what holds for every request, whatever its route is, from the outside in.

mod answer;
mod call;
mod came_from;
mod codes;
mod dispatch;
mod export;
mod files;
mod headers;
mod health;
mod hosts;
mod limits;
mod me;
mod octets;
mod passkeys;
mod providers;
mod range;
mod request_id;
mod rules;
mod same_origin;
mod session;
mod shown;
mod table;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};

pub(crate) use came_from::CameFrom;
pub(crate) use dispatch::answer;
pub(crate) use health::health;
pub(crate) use rules::Rules;
pub(crate) use table::ROUTES;

/// These routes, under the rules.
pub(crate) fn under(rules: Rules, routes: Router) -> Router {
    let rules = Arc::new(rules);
    // The last one is the outermost.
    routes
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&rules), limits::body_and_time))
        .layer(from_fn_with_state(rules.origins.clone(), same_origin::guard))
        .layer(from_fn_with_state(Arc::clone(&rules), hosts::check))
        .layer(from_fn_with_state(Arc::clone(&rules), limits::head))
        .layer(from_fn_with_state(Arc::clone(&rules), headers::add))
        .layer(from_fn_with_state(rules, came_from::note))
        .layer(from_fn(request_id::give))
}
