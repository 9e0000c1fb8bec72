//! Everything that can be set: sections of settings, whose doc comments are the only place where they are explained.
//!
//! From them come `--help`, `parlor config --example` and docs/configuration.md. A setting has one name: `max-text` is
//! `--max-text`, `PARLOR_MAX_TEXT` and `max-text` in the file.

mod chat;
mod cluster;
mod example;
mod file;
mod files;
mod http;
mod in_force;
mod layers;
mod limits;
mod nearest;
mod providers;
mod proxies;
mod search;
mod server;
mod setting;
mod tls;
mod values;

use clap::Args;

pub(crate) use chat::Chat;
pub(crate) use cluster::Cluster;
pub(crate) use example::example;
pub(crate) use file::{ConfigFile, FileError};
pub(crate) use files::Files;
pub(crate) use http::Http;
pub(crate) use in_force::InForce;
pub(crate) use layers::{Environment, EnvironmentError, Layers};
pub(crate) use limits::Limits;
pub(crate) use providers::{ClientSecret, Provider, is_site};
pub(crate) use proxies::Proxies;
pub(crate) use search::Search;
pub(crate) use server::{DataOption, Server};
pub(crate) use tls::Tls;
pub(crate) use values::Workers;

/// What begins the name of a setting in the environment.
pub(crate) const PREFIX: &str = "PARLOR_";

/// The configuration file that is read if it is there: in the working directory, as the data folder is.
pub(crate) const FILE: &str = "parlor.toml";

/// All settings, as they are in force.
#[derive(Clone, Debug, Args)]
pub(crate) struct Config {
    #[command(flatten)]
    pub(crate) server: Server,
    #[command(flatten)]
    pub(crate) tls: Tls,
    #[command(flatten)]
    pub(crate) proxies: Proxies,
    #[command(flatten)]
    pub(crate) http: Http,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) chat: Chat,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) search: Search,
    #[command(flatten)]
    pub(crate) cluster: Cluster,
    /// Only in the file, since there may be several.
    #[arg(skip)]
    pub(crate) providers: Vec<Provider>,
}

#[cfg(test)]
mod document;
#[cfg(test)]
mod tests;
