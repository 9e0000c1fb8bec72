//! Helpers of the end-to-end tests.

pub mod authenticator_app;
pub mod broker;
pub mod browser;
pub mod client;
pub mod crowd;
pub mod files;
pub mod http1;
pub mod process;
pub mod provider;
pub mod successor;
pub mod tools;
