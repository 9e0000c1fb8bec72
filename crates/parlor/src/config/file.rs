//! The configuration file: TOML, a table for each section. Everything that is wrong with it is told at once.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::nearest;
use super::providers::{self, Provider};
use super::setting::{Setting, settings};

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) given: BTreeMap<String, Given>,
    pub(crate) providers: Vec<Provider>,
}

/// What a file says of one setting.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) values: Vec<String>,
    pub(crate) line: usize,
}

/// Why a file is of no use.
#[derive(Debug)]
pub(crate) enum FileError {
    Read(PathBuf, io::Error),
    /// What is wrong, with the lines.
    Wrong(PathBuf, Vec<(usize, String)>),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::Read(path, error) => write!(
                f,
                "the configuration {} cannot be read: {error}. `parlor config --example` prints one to begin with",
                path.display()
            ),
            FileError::Wrong(path, findings) => {
                for (index, (line, what)) in findings.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "\n" };
                    write!(f, "{separator}{}, line {line}: {what}", path.display())?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for FileError {}

impl ConfigFile {
    /// Reads a file and checks everything that it says.
    pub(crate) fn read(path: &Path) -> Result<Self, FileError> {
        let text = fs::read_to_string(path).map_err(|error| FileError::Read(path.to_owned(), error))?;
        ConfigFile::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        let line = |offset: usize| text[..offset].matches('\n').count() + 1;
        let wrong = |findings| FileError::Wrong(path.to_owned(), findings);
        let table = DeTable::parse(text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start.min(text.len()));
            wrong(vec![(line(offset), format!("this is not TOML: {}", error.message()))])
        })?;
        let known = settings();
        let mut reading =
            Reading { known: &known, given: BTreeMap::new(), findings: Vec::new(), line: &line };
        let mut providers = Vec::new();
        for (name, value) in table.get_ref() {
            if name.get_ref() == providers::NAME {
                let (read, wrong) = providers::read(value);
                reading.findings.extend(wrong.into_iter().map(|(offset, sentence)| (line(offset), sentence)));
                providers = read;
            } else {
                reading.section(name, value);
            }
        }
        let Reading { given, mut findings, .. } = reading;
        if findings.is_empty() {
            return Ok(ConfigFile { path: path.to_owned(), given, providers });
        }
        findings.sort();
        Err(wrong(findings))
    }
}

struct Reading<'a> {
    known: &'a [Setting],
    given: BTreeMap<String, Given>,
    findings: Vec<(usize, String)>,
    line: &'a dyn Fn(usize) -> usize,
}

type Name<'a> = Spanned<std::borrow::Cow<'a, str>>;

impl Reading<'_> {
    fn section(&mut self, name: &Name<'_>, value: &Spanned<DeValue<'_>>) {
        let line = (self.line)(name.span().start);
        let section = name.get_ref().as_ref();
        let mut sections: Vec<&str> = self.known.iter().map(|setting| setting.section.as_str()).collect();
        sections.dedup();
        let content = match value.get_ref() {
            DeValue::Table(content) if sections.contains(&section) => content,
            DeValue::Table(_) => {
                let hint = match nearest(section, sections.iter().copied()) {
                    Some(meant) => format!("did you mean [{meant}]?"),
                    None => format!("there are [{}]", sections.join("], [")),
                };
                return self.findings.push((line, format!("there is no section [{section}]; {hint}")));
            }
            _ => {
                let what = match self.find(section) {
                    Some(setting) => format!("{section} has to stand under [{}]", setting.section),
                    None => format!("there is no setting {section}{}", self.hint(section)),
                };
                return self.findings.push((line, what));
            }
        };
        for (name, value) in content {
            self.setting(section, name, value);
        }
    }

    fn setting(&mut self, section: &str, name: &Name<'_>, value: &Spanned<DeValue<'_>>) {
        let line = (self.line)(name.span().start);
        let name = name.get_ref().as_ref();
        let setting = match self.find(name) {
            Some(setting) if setting.section == section => setting,
            Some(setting) => {
                let what =
                    format!("{name} does not belong under [{section}] but under [{}]", setting.section);
                return self.findings.push((line, what));
            }
            None => {
                let what = format!("there is no setting {name} under [{section}]{}", self.hint(name));
                return self.findings.push((line, what));
            }
        };
        match values(setting, value.get_ref()) {
            Ok(values) => _ = self.given.insert(name.to_owned(), Given { values, line }),
            Err(what) => self.findings.push((line, what)),
        }
    }

    fn find(&self, name: &str) -> Option<&Setting> {
        self.known.iter().find(|setting| setting.name == name)
    }

    fn hint(&self, name: &str) -> String {
        let meant = nearest(name, self.known.iter().map(|setting| setting.name.as_str()));
        match meant.and_then(|meant| self.find(meant)) {
            Some(setting) => format!("; did you mean {} under [{}]?", setting.name, setting.section),
            None => "; `parlor config --example` prints all there are".to_owned(),
        }
    }
}

/// The values of a setting, each as it would stand on the command line.
fn values(setting: &Setting, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let name = &setting.name;
    let values = match value {
        DeValue::Array(values) if setting.delimiter().is_some() => {
            let values: Option<Vec<String>> = values.iter().map(|value| text(value.get_ref())).collect();
            values.filter(|values| !values.is_empty())
        }
        value => text(value).map(|value| vec![value]),
    };
    let values = values.ok_or_else(|| {
        let expected = if setting.delimiter().is_some() { "a list of texts" } else { "one value" };
        format!("{name} is {}; it must be {expected}", kind(value))
    })?;
    for value in &values {
        setting.check(value).map_err(|sentence| format!("{name} = {value} is not allowed: {sentence}"))?;
    }
    Ok(values)
}

/// A simple value as a text.
fn text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            let decimal = i128::from_str_radix(number.as_str(), number.radix()).ok();
            decimal.map(|number| number.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Datetime(_) => "a date",
        DeValue::Array(values) if values.is_empty() => "an empty list",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
        _ => "a value that cannot be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ConfigFile, String> {
        ConfigFile::parse(Path::new("parlor.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_kind_of_value_is_read_with_its_line() {
        let file = parse(
            "[server]\nlisten = ['127.0.0.1:1', \"[::1]:2\"]\nidle-timeout = 1.5\n\n[limits]\nmax-text = 0x1_000\n\
             [search]\nsearch-parts-of-words = true\n[chat]\nretention = 'forever'",
        );
        let given = file.unwrap().given;
        for (name, values, line) in [
            ("listen", &["127.0.0.1:1", "[::1]:2"][..], 2),
            ("idle-timeout", &["1.5"], 3),
            ("max-text", &["4096"], 6),
            ("search-parts-of-words", &["true"], 8),
            ("retention", &["forever"], 10),
        ] {
            let values = values.iter().map(ToString::to_string).collect();
            assert_eq!(given.get(name), Some(&Given { values, line }), "{name}");
        }
        assert_eq!(given.len(), 5);
        let dotted = parse("limits.max-text = 7\nserver.listen = 'one:1'").unwrap().given;
        assert_eq!(dotted["max-text"], Given { values: vec!["7".into()], line: 1 });
        assert_eq!(dotted["listen"], Given { values: vec!["one:1".into()], line: 2 });
    }

    #[test]
    fn what_is_wrong_is_said_with_line_name_value_and_what_would_be_right() {
        for (text, sentence) in [
            (
                "[limits]\n\nmax-txt = 1",
                "line 3: there is no setting max-txt under [limits]; did you mean max-text \
              under [limits]?",
            ),
            (
                "[limits]\ncolour = 1",
                "line 2: there is no setting colour under [limits]; `parlor config --example` \
              prints all there are",
            ),
            ("[chat]\nmax-text = 1", "line 2: max-text does not belong under [chat] but under [limits]"),
            ("max-text = 1", "line 1: max-text has to stand under [limits]"),
            ("max-txt = 1", "line 1: there is no setting max-txt; did you mean max-text under [limits]?"),
            ("[limit]\nmax-text = 1", "line 1: there is no section [limit]; did you mean [limits]?"),
            (
                "[colours]",
                "line 1: there is no section [colours]; there are [server], [tls], [proxies], [http], [limits], [chat], \
                 [files], [search], [cluster]",
            ),
            (
                "[limits]\nmax-text = 99999",
                "line 2: max-text = 99999 is not allowed: it must be a whole number of \
              octets from 1 to 65536",
            ),
            (
                "[server]\nbackend = 'forks'",
                "line 2: backend = forks is not allowed: it must be one of: tokio, \
              threads, uring",
            ),
            (
                "[server]\nidle-timeout = ''",
                "line 2: idle-timeout =  is not allowed: it must be a number of seconds \
              above zero",
            ),
            ("[server]\nidle-timeout = [1]", "line 2: idle-timeout is a list; it must be one value"),
            ("[server]\nlisten = []", "line 2: listen is an empty list; it must be a list of texts"),
            ("[server]\nlisten = [[1]]", "line 2: listen is a list; it must be a list of texts"),
            ("[server]\nidle-timeout = 1979-05-27", "line 2: idle-timeout is a date; it must be one value"),
            ("[server.idle-timeout]\na = 1", "line 1: idle-timeout is a table; it must be one value"),
        ] {
            assert_eq!(parse(text).unwrap_err(), format!("parlor.toml, {sentence}"), "{text}");
        }
        let error = parse("[limits]\nmax-text = ").unwrap_err();
        assert!(error.starts_with("parlor.toml, line 2: this is not TOML: "), "{error}");
    }

    #[test]
    fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
        let error = parse("[search]\nx = 1\n[chat]\ny = 2\n").unwrap_err();
        let starts: Vec<&str> = error.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(starts, ["parlor.toml, line 2", "parlor.toml, line 4"]);
    }
}
