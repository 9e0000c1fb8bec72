//! Accounts: what is checked before the log is asked, without a socket or a request.

mod attempts;
mod device;
mod passwords;

pub(crate) use attempts::{Attempt, Attempts};
pub(crate) use device::device;
pub(crate) use passwords::{PasswordError, Passwords};
