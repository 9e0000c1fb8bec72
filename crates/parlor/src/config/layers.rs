//! Which value holds when several places name one: a flag before the environment, that before the file, that before
//! the default.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use clap::Command;

use super::nearest::nearest;
use super::setting::settings;
use super::{ConfigFile, PREFIX, Provider};

/// The variables of the environment that may be settings.
#[derive(Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect()
    }

    /// What a variable is set to.
    pub(crate) fn get(&self, name: &str) -> Option<&OsString> {
        self.0.get(name)
    }
}

impl FromIterator<(String, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, OsString)>>(variables: I) -> Self {
        Environment(variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect())
    }
}

/// A variable of the environment that says what cannot be.
#[derive(Debug)]
pub(crate) struct EnvironmentError {
    variable: String,
    value: String,
    /// What is allowed.
    sentence: String,
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EnvironmentError { variable, value, sentence } = self;
        write!(f, "{variable}={value} in the environment is not allowed: {sentence}")
    }
}

impl std::error::Error for EnvironmentError {}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    /// A line of a file.
    File(PathBuf, usize),
    /// A variable.
    Environment(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Origin::Environment(variable) => write!(f, "environment, {variable}"),
            Origin::Flag => f.write_str("command line"),
        }
    }
}

/// What file and environment say together, by the settings' names.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    given: BTreeMap<String, (Vec<String>, Origin)>,
    /// Variables that begin as settings do and are none, each with the one that may be meant.
    pub(crate) unknown: Vec<(String, Option<String>)>,
    /// Those of the file, where alone they may stand.
    pub(crate) providers: Vec<Provider>,
}

impl Layers {
    /// Puts the environment over the file. `others` are variables with a meaning beside the settings.
    pub(crate) fn new(
        environment: &Environment,
        others: &[&str],
        file: Option<ConfigFile>,
    ) -> Result<Self, EnvironmentError> {
        let (mut given, mut providers) = (BTreeMap::new(), Vec::new());
        if let Some(file) = file {
            providers = file.providers;
            for (name, said) in file.given {
                given.insert(name, (said.values, Origin::File(file.path.clone(), said.line)));
            }
        }
        let mut known: BTreeSet<String> = others.iter().map(ToString::to_string).collect();
        for setting in settings() {
            let variable = setting.variable();
            if let Some(value) = environment.get(&variable) {
                let wrong = |value: &str, sentence| EnvironmentError {
                    variable: variable.clone(),
                    value: value.to_owned(),
                    sentence,
                };
                let text = value.to_str().ok_or_else(|| {
                    wrong(&value.to_string_lossy(), "it must be a text in UTF-8".to_owned())
                })?;
                let values: Vec<String> = match setting.delimiter() {
                    Some(delimiter) => text.split(delimiter).map(ToOwned::to_owned).collect(),
                    None => vec![text.to_owned()],
                };
                for value in &values {
                    setting.check(value).map_err(|sentence| wrong(value, sentence))?;
                }
                given.insert(setting.name.clone(), (values, Origin::Environment(variable.clone())));
            }
            known.insert(variable);
        }
        let unknown = environment.0.keys().filter(|name| !known.contains(*name));
        // Without what all of them begin with, which would make them look alike.
        let bare = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
        let names: Vec<String> = known.iter().map(|name| bare(name)).collect();
        let meant = |name: &str| {
            nearest(&bare(name), names.iter().map(String::as_str)).map(|name| PREFIX.to_owned() + name)
        };
        let unknown = unknown.map(|name| (name.clone(), meant(name))).collect();
        Ok(Layers { given, unknown, providers })
    }

    /// A command that falls back on these values where no flag is given.
    pub(crate) fn under(&self, command: Command) -> Command {
        let command = command.mut_args(|arg| match arg.get_long().and_then(|name| self.given.get(name)) {
            Some((values, _)) => arg.default_values(values.clone()),
            None => arg,
        });
        command.mut_subcommands(|command| self.under(command))
    }

    /// Where the value of a setting comes from that is not on the command line.
    pub(crate) fn origin(&self, name: &str) -> Origin {
        self.given.get(name).map_or(Origin::Default, |(_, origin)| origin.clone())
    }
}
