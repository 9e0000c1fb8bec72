//! Rule: crates depend on each other in one direction, the one in the table below.

use super::Tree;
use super::toml::{Entry, entries, strings_of};
use super::tree::{Finding, expect_none, places};

/// A crate of ours, what it may stand on, and what its own tests may use besides.
struct Layer {
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
}

/// The whole direction, lowest first.
const LAYERS: [Layer; 6] = [
    Layer { name: "websocket-driver", uses: &[], tests_use: &[] },
    Layer { name: "websocket-hub", uses: &["websocket-driver"], tests_use: &["websocket-client"] },
    Layer { name: "websocket-client", uses: &["websocket-driver"], tests_use: &[] },
    Layer { name: "parlor-chat", uses: &[], tests_use: &[] },
    Layer { name: "parlor-jetstream", uses: &["parlor-chat"], tests_use: &["parlor-chat"] },
    Layer {
        name: "parlor",
        // The client is for `parlor check`.
        uses: &["websocket-hub", "websocket-driver", "websocket-client", "parlor-chat", "parlor-jetstream"],
        tests_use: &[],
    },
];

/// What stands beside the crates and may use all of them.
const OUTSIDE: [&str; 3] = ["tests/", "bench/", "fuzz/"];

struct Dependency {
    name: String,
    is_for_tests: bool,
    line: usize,
}

/// Crates in the order of the table; the generated documents use the same order.
pub(crate) fn position(name: &str) -> usize {
    LAYERS.iter().position(|layer| layer.name == name).unwrap_or(LAYERS.len())
}

/// The name of the package that a manifest describes.
pub(crate) fn package_name(entries: &[Entry]) -> Option<&str> {
    entries.iter().find(|entry| entry.table == "package" && entry.key == "name").map(Entry::string)
}

fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = || tree.files.iter().filter(|file| file.name() == "Cargo.toml");
    let mut ours: Vec<String> = LAYERS.iter().map(|layer| layer.name.to_string()).collect();
    ours.extend(manifests().filter_map(|file| package_name(&entries(&file.text)).map(String::from)));

    let mut findings = Vec::new();
    for file in manifests().filter(|file| !OUTSIDE.iter().any(|folder| file.path.starts_with(folder))) {
        let entries = entries(&file.text);
        let Some(package) = package_name(&entries) else { continue };
        let Some(layer) = LAYERS.iter().find(|layer| layer.name == package) else {
            findings.push(file.finding(1, format!("`{package}` has no place in the table of layers")));
            continue;
        };
        for dependency in dependencies(&entries).iter().filter(|dependency| ours.contains(&dependency.name)) {
            let name = dependency.name.as_str();
            // A crate's tests may use the crate itself, with features that its users choose.
            let is_allowed = layer.uses.contains(&name)
                || dependency.is_for_tests && (layer.tests_use.contains(&name) || name == package);
            if !is_allowed {
                let kind = if dependency.is_for_tests { "tests of " } else { "" };
                findings
                    .push(file.finding(dependency.line, format!("{kind}`{package}` may not use `{name}`")));
            }
        }
    }
    findings
}

/// What the tables of dependencies name, whatever form they are written in.
fn dependencies(entries: &[Entry]) -> Vec<Dependency> {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut found = Vec::new();
    for entry in entries {
        let parts: Vec<&str> = entry.table.split('.').collect();
        let dotted = format!("{}.{}", entry.table, entry.key);
        // In `[target.'cfg(unix)'.dependencies]` and `[dependencies.name]` the kind is not the first part.
        let Some(kind) = kinds.iter().find(|kind| parts.contains(kind)) else { continue };
        if parts[0] == "workspace" {
            continue;
        }
        let (_, path) = dotted.split_once(&format!("{kind}.")).expect("the table contains its kind");
        let renamed = match path.split_once('.') {
            Some((_, "package")) => Some(entry.string()),
            _ => strings_of(&entry.value, "package").first().copied(),
        };
        let name = renamed.unwrap_or_else(|| path.split('.').next().unwrap_or(path));
        let is_for_tests = *kind == "dev-dependencies";
        found.push(Dependency { name: name.to_string(), is_for_tests, line: entry.line });
    }
    found
}

#[test]
fn crates_depend_in_one_direction() {
    expect_none(check(Tree::house()), "Crates point one way only; move the code, or change tidy's LAYERS:");
}

#[test]
fn every_form_of_dependency_is_seen() {
    let driver = "[package]\nname = \"websocket-driver\"\n[dependencies]\nbytes = \"1\"\n\
        websocket-hub.workspace = true\nx = { package = \"websocket-client\", path = \"y\" }\n\
        [target.'cfg(unix)'.dev-dependencies]\nparlor = { path = \"z\" }\n\
        [build-dependencies.y]\npackage = \"parlor-tests\"\n";
    let tests = "[package]\nname = \"parlor-tests\"\n[dependencies]\nparlor.workspace = true\n";
    let tree = Tree::of(&[("crates/websocket-driver/Cargo.toml", driver), ("tests/Cargo.toml", tests)]);
    let lines: Vec<usize> = check(&tree).iter().map(|finding| finding.line).collect();
    assert_eq!(lines, [5, 6, 8, 10]);
}

#[test]
fn tests_may_use_more_than_the_crate_itself() {
    let hub = "[package]\nname = \"websocket-hub\"\n[dependencies]\nwebsocket-driver.workspace = true\n\
        websocket-client.workspace = true\n[dev-dependencies]\nwebsocket-client.workspace = true\n";
    assert_eq!(places(&check(&Tree::of(&[("h/Cargo.toml", hub)]))), ["h/Cargo.toml:5"]);
}

#[test]
fn a_crate_needs_a_place_in_the_table() {
    let tree = Tree::of(&[("crates/attic/Cargo.toml", "[package]\nname = \"attic\"\n")]);
    assert_eq!(places(&check(&tree)), ["crates/attic/Cargo.toml:1"]);
}
