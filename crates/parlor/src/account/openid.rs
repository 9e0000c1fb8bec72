//! OpenID Connect: what another site says of somebody is checked as OpenID Connect Core 1.0 asks for (§3.1.3.7), without a
//! socket.

mod claims;
mod keys;
mod token;
mod trip;
mod unfit;

pub(crate) use claims::{Claims, Expected};
pub(crate) use keys::Keys;
pub(crate) use token::Token;
pub(crate) use trip::{AWAY, Back, Begun, Pending, Trip, Trips};
pub(crate) use unfit::Unfit;

#[cfg(test)]
mod tests;
