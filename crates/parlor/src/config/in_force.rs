//! What is in force and where it comes from, as a file that would say the same.

use std::fmt;

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::layers::Origin;
use super::setting::{Setting, settings};
use super::{Layers, Provider};

/// Every setting with its value.
#[derive(Debug)]
pub(crate) struct InForce {
    settings: Vec<(Setting, Vec<String>, Origin)>,
    unknown: Vec<(String, Option<String>)>,
    providers: Vec<Provider>,
}

impl InForce {
    /// What came of a command line on top of what was there.
    pub(crate) fn new(matches: &ArgMatches, layers: &Layers) -> Self {
        let in_force = |setting: Setting| {
            let id = setting.id();
            let values = matches.get_raw(&id).unwrap_or_default();
            let values = values.map(|value| value.to_string_lossy().into_owned()).collect();
            let origin = match matches.value_source(&id) {
                Some(ValueSource::CommandLine) => Origin::Flag,
                _ => layers.origin(&setting.name),
            };
            (setting, values, origin)
        };
        InForce {
            settings: settings().into_iter().map(in_force).collect(),
            unknown: layers.unknown.clone(),
            providers: layers.providers.clone(),
        }
    }
}

impl fmt::Display for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |(setting, values, _): &(Setting, Vec<String>, Origin)| {
            format!("{} = {}", setting.name, setting.as_toml(values))
        };
        let width = self.settings.iter().map(|one| line(one).chars().count()).max().unwrap_or_default();
        let mut section = "";
        for one in &self.settings {
            let (setting, _, origin) = one;
            if setting.section != section {
                let gap = if section.is_empty() { "" } else { "\n" };
                section = &setting.section;
                writeln!(f, "{gap}[{section}]")?;
            }
            writeln!(f, "{:width$}  # {origin}", line(one))?;
        }
        for provider in &self.providers {
            let Provider { name, issuer, client_id, .. } = provider;
            writeln!(f, "\n[[provider]]\nname = {name:?}\nissuer = {issuer:?}\nclient-id = {client_id:?}")?;
            writeln!(f, "# its secret is shown nowhere")?;
        }
        for (name, meant) in &self.unknown {
            let hint = meant.as_ref().map(|meant| format!(" Is {meant} meant?")).unwrap_or_default();
            writeln!(f, "\n# {name} is set in the environment, but there is no such setting.{hint}")?;
        }
        Ok(())
    }
}
