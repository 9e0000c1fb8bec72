//! Accounts: what is checked before the log is asked, without a socket or a request.

mod attempts;
mod challenges;
mod derive;
mod device;
pub(crate) mod openid;
mod passwords;
mod seal;
pub(crate) mod totp;
pub(crate) mod webauthn;

pub(crate) use attempts::{Attempt, Attempts};
pub(crate) use challenges::Challenges;
pub(crate) use derive::Derive;
pub(crate) use device::device;
pub(crate) use passwords::{PasswordError, Passwords};
pub(crate) use seal::Seal;
