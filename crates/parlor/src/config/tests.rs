//! What holds for the settings as a whole: the example is a file, and the file says what is in force.

use std::path::Path;

use super::*;
use crate::config::setting::settings;

#[test]
fn the_example_changes_nothing_and_with_everything_uncommented_says_the_defaults() {
    let folder = crate::scratch::Scratch::new();
    std::fs::create_dir(folder.path()).unwrap();
    let path = folder.path().join(FILE);
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        ConfigFile::read(&path).unwrap().given
    };
    assert!(read(&example()).is_empty());

    let is_setting = |line: &&str| line.starts_with('#') && !line.starts_with("# ");
    assert_eq!(example().lines().filter(is_setting).count(), settings().len());
    let uncommented: Vec<String> = example()
        .lines()
        .map(|line| if is_setting(&line) { line[1..].to_owned() } else { line.to_owned() })
        .collect();
    let given = read(&uncommented.join("\n"));
    for setting in settings() {
        assert_eq!(given[&setting.name].values, setting.defaults(), "{}", setting.name);
    }
}

#[test]
fn the_example_explains_everything_in_lines_that_fit() {
    let example = example();
    for setting in settings() {
        let first = setting.help().split_whitespace().take(4).collect::<Vec<_>>().join(" ");
        assert!(example.contains(&format!("\n# {first}")), "{first}");
    }
    assert!(example.lines().all(|line| line.chars().count() <= 100), "{example}");
}

#[test]
fn a_file_that_is_not_there_is_told_with_what_to_do() {
    let error = ConfigFile::read(Path::new("/nowhere/parlor.toml")).unwrap_err().to_string();
    assert!(error.starts_with("the configuration /nowhere/parlor.toml cannot be read: "), "{error}");
    assert!(error.contains("parlor config --example"), "{error}");
}
