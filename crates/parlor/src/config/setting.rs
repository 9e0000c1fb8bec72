//! What is known of a setting: its names, its section, its explanation, and how it is checked.

use clap::{Arg, Args, Command};

use super::{Chat, Cluster, Config, Files, Http, Limits, PREFIX, Proxies, Search, Server, Tls};

/// One setting.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    /// Its name on the command line and in the file, such as `max-text`.
    pub(crate) name: String,
    /// The section of the file that it stands in, such as `limits`.
    pub(crate) section: String,
    arg: Arg,
}

/// A section of the file.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    /// What its settings are about.
    pub(crate) about: String,
    pub(crate) settings: Vec<Setting>,
}

/// Every section, in the order of the file.
pub(crate) fn sections() -> Vec<Section> {
    let of = [
        Server::augment_args(Command::new("")),
        Tls::augment_args(Command::new("")),
        Proxies::augment_args(Command::new("")),
        Http::augment_args(Command::new("")),
        Limits::augment_args(Command::new("")),
        Chat::augment_args(Command::new("")),
        Files::augment_args(Command::new("")),
        Search::augment_args(Command::new("")),
        Cluster::augment_args(Command::new("")),
    ];
    of.into_iter().map(section).collect()
}

/// Every setting, in the order of the file.
pub(crate) fn settings() -> Vec<Setting> {
    Config::augment_args(Command::new("")).get_arguments().map(Setting::of).collect()
}

fn section(command: Command) -> Section {
    let settings: Vec<Setting> = command.get_arguments().map(Setting::of).collect();
    let name = settings.first().map(|setting| setting.section.clone()).unwrap_or_default();
    Section { name, about: text(command.get_about()), settings }
}

fn text(help: Option<&clap::builder::StyledStr>) -> String {
    help.map(ToString::to_string).unwrap_or_default()
}

impl Setting {
    fn of(arg: &Arg) -> Self {
        let name = arg.get_long().expect("every setting has a long name").to_owned();
        let section = arg.get_help_heading().expect("every setting stands in a section").to_lowercase();
        Setting { name, section, arg: arg.clone() }
    }

    /// What clap calls it.
    pub(crate) fn id(&self) -> String {
        self.arg.get_id().to_string()
    }

    /// Its name in the environment, such as `PARLOR_MAX_TEXT`.
    pub(crate) fn variable(&self) -> String {
        PREFIX.to_owned() + &self.name.replace('-', "_").to_uppercase()
    }

    /// What it is, its unit and what follows from it.
    pub(crate) fn help(&self) -> String {
        let help = text(self.arg.get_help());
        // The short form of a help text is without its full stop.
        if help.ends_with('.') { help } else { help + "." }
    }

    /// What stands for its value in a synopsis, such as `OCTETS`.
    #[cfg(test)]
    pub(crate) fn value_name(&self) -> String {
        self.arg.get_value_names().and_then(<[_]>::first).map(ToString::to_string).unwrap_or_default()
    }

    /// Its values if nobody says otherwise.
    pub(crate) fn defaults(&self) -> Vec<String> {
        self.arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect()
    }

    /// What lies between its values in one text, if it can have several.
    pub(crate) fn delimiter(&self) -> Option<char> {
        self.arg.get_value_delimiter()
    }

    /// Checks that it may have this value; an error says what is allowed.
    pub(crate) fn check(&self, value: &str) -> Result<(), String> {
        let flag = format!("--{}={value}", self.name);
        // Without clap's frame around what the value's own parser says.
        let command = Command::new("").no_binary_name(true).arg(self.arg.clone());
        match command.try_get_matches_from([flag]) {
            Ok(_) => Ok(()),
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                Err(source.unwrap_or_else(|| "it must not be empty".to_owned()))
            }
        }
    }

    /// Values as they are written in the file.
    pub(crate) fn as_toml(&self, values: &[String]) -> String {
        let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
        if self.delimiter().is_some() { format!("[{}]", values.join(", ")) } else { values.join(", ") }
    }
}

/// A number or `true` as it is, anything else as a string (TOML 1.0, §String).
fn literal(value: &str) -> String {
    let is_bare = value.parse::<bool>().is_ok()
        || value.parse::<f64>().is_ok() && value.starts_with(|first: char| first.is_ascii_digit());
    if is_bare {
        return value.to_owned();
    }
    let mut text = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            character if character.is_control() => text += &format!("\\u{:04X}", u32::from(character)),
            character => text.push(character),
        }
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_setting_has_one_name_everywhere() {
        let settings = settings();
        let find = |name: &str| settings.iter().find(|setting| setting.name == name).unwrap();
        assert_eq!(find("max-text").variable(), "PARLOR_MAX_TEXT");
        assert_eq!(find("max-text").section, "limits");
        assert_eq!(find("data").section, "server");
        let names: BTreeSet<&str> = settings.iter().map(|setting| setting.name.as_str()).collect();
        assert_eq!(names.len(), settings.len(), "no name stands in two sections");
    }

    #[test]
    fn the_sections_have_every_setting_and_everything_is_explained() {
        let sections = sections();
        let names: Vec<&str> = sections.iter().map(|section| section.name.as_str()).collect();
        assert_eq!(
            names,
            ["server", "tls", "proxies", "http", "limits", "chat", "files", "search", "cluster"]
        );
        let inside = sections.iter().flat_map(|section| &section.settings);
        let (inside, all) = (inside.map(|each| &each.name).collect::<Vec<_>>(), settings());
        assert_eq!(inside, all.iter().map(|each| &each.name).collect::<Vec<_>>());
        assert!(sections.iter().all(|section| section.about.len() > 10), "{sections:?}");
        for setting in &all {
            assert!(setting.help().len() > 20, "{}", setting.name);
            assert!(!setting.value_name().is_empty(), "{}", setting.name);
            assert!(!setting.defaults().is_empty(), "{}", setting.name);
        }
    }

    #[test]
    fn every_default_is_allowed() {
        for setting in settings() {
            for value in setting.defaults() {
                assert_eq!(setting.check(&value), Ok(()), "{}", setting.name);
            }
        }
    }

    #[test]
    fn values_are_written_as_toml() {
        for (value, expected) in [
            ("16384", "16384"),
            ("0.5", "0.5"),
            ("true", "true"),
            ("inf", "\"inf\""),
            ("127.0.0.1:8080", "\"127.0.0.1:8080\""),
            ("C:\\a \"b\"\n", "\"C:\\\\a \\\"b\\\"\\u000A\""),
        ] {
            assert_eq!(literal(value), expected);
        }
    }
}
