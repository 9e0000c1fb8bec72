//! The files of the repository as values, and the report of what a rule found in them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fmt::Write, fs};

/// One file: its path from the root with `/` between the parts, and its text (empty if it is not text).
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What follows the last dot of the name, or nothing.
    pub(crate) fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// A finding at a line of this file, counted from 1.
    pub(crate) fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, what: what.into() }
    }
}

/// The files that a rule looks at: the whole repository, or a sample.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// A sample for the test of a rule.
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File { path: (*path).into(), text: (*text).into() };
        Tree { files: files.iter().map(file).collect() }
    }

    /// The repository, read once for all rules, with generated parts brought up to date first if asked.
    pub(crate) fn house() -> &'static Tree {
        static HOUSE: LazyLock<Tree> = LazyLock::new(|| {
            let mut tree = Tree { files: list().into_iter().filter_map(read).collect() };
            if env::var_os("UPDATE").is_some_and(|value| value == "1") {
                for (path, text) in super::generated::update(&tree) {
                    fs::write(root().join(&path), &text).expect("a generated document is writable");
                    tree.files.retain(|file| file.path != path);
                    tree.files.push(File { path, text });
                }
            }
            tree.files.sort_by(|a, b| a.path.cmp(&b.path));
            tree
        });
        &HOUSE
    }

    /// The file at this path.
    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files whose extension is one of these.
    pub(crate) fn with_extension<'a>(&'a self, extensions: &'a [&str]) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(|file| extensions.contains(&file.extension()))
    }
}

/// Something that a rule objects to.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// Fails the test with every finding and with what to do about them.
#[track_caller]
pub(crate) fn expect_none(mut findings: Vec<Finding>, advice: &str) {
    if findings.is_empty() {
        return;
    }
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let mut report = String::new();
    for Finding { path, line, what } in &findings {
        write!(report, "\n  {path}:{line}: {what}").expect("writing to a string succeeds");
    }
    panic!("{advice}{report}\n");
}

/// For the tests of rules: the findings as `path:line`, in the order in which they were found.
pub(crate) fn places(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{}:{}", finding.path, finding.line)).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What git tracks, and what it would if it were told to add everything.
fn list() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("file names are UTF-8");
    let mut names: Vec<String> = names.split_terminator('\0').map(String::from).collect();
    // A file in conflict is listed once for each side.
    names.sort();
    names.dedup();
    names
}

/// Reads a file; nothing for links and for files that are deleted but not yet removed from the index.
fn read(path: String) -> Option<File> {
    let full = root().join(&path);
    let is_file = fs::symlink_metadata(&full).is_ok_and(|metadata| metadata.is_file());
    // A file may vanish between the look and the read while somebody works in the tree.
    let bytes = if is_file { fs::read(full).ok()? } else { return None };
    Some(File { path, text: String::from_utf8(bytes).unwrap_or_default() })
}

#[test]
fn a_report_names_the_place_and_the_remedy() {
    let file = File { path: "a/b.rs".into(), text: String::new() };
    let report = std::panic::catch_unwind(|| expect_none(vec![file.finding(7, "is odd")], "Do this:"));
    let report = *report.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(report, "Do this:\n  a/b.rs:7: is odd\n");
    expect_none(Vec::new(), "Do nothing:");
}

#[test]
fn the_house_contains_this_file() {
    assert!(Tree::house().get("tests/tests/tidy/tree.rs").is_some());
}
