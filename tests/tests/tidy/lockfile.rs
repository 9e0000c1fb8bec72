//! Rule: no crate is compiled in two incompatible versions, unless `deny.toml` says why.
//!
//! The exceptions are the `skip` entries under `[bans]` in `deny.toml`, each with its reason, so that
//! `cargo deny check bans` and this test, which needs no further tool, agree.

use std::collections::BTreeMap;

use super::Tree;
use super::toml::{Entry, entries, strings_of};
use super::tree::{Finding, expect_none, places};

fn check(tree: &Tree) -> Vec<Finding> {
    let Some(lock) = tree.get("Cargo.lock") else {
        return vec![Finding { path: "Cargo.lock".into(), line: 1, what: "is not there".into() }];
    };
    let deny = tree.get("deny.toml");
    let deny_entries = deny.map(|file| entries(&file.text)).unwrap_or_default();
    let skip = deny_entries.iter().find(|entry| entry.table == "bans" && entry.key == "skip");

    let packages = packages(&lock.text);
    let excused = skip.map(|skip| strings_of(&skip.value, "crate")).unwrap_or_default();
    let mut findings = Vec::new();
    for (name, versions) in &packages {
        let counted = versions.iter().filter(|(version, _)| {
            !excused.iter().any(|spec| *spec == name || *spec == format!("{name}@{version}"))
        });
        let mut compatible: BTreeMap<String, usize> = BTreeMap::new();
        for (version, line) in counted {
            compatible.insert(compatibility(version), *line);
        }
        if let (true, Some(line)) = (compatible.len() > 1, compatible.values().next()) {
            let all: Vec<&str> = versions.iter().map(|(version, _)| version.as_str()).collect();
            findings.push(lock.finding(*line, format!("`{name}` in versions {}", all.join(", "))));
        }
    }
    if let (Some(file), Some(skip)) = (deny, skip) {
        let needs = |spec: &&str| {
            let (name, version) = spec.split_once('@').map_or((*spec, None), |(n, v)| (n, Some(v)));
            packages.get(name).is_some_and(|versions| {
                versions.len() > 1 && version.is_none_or(|wanted| versions.iter().any(|(v, _)| v == wanted))
            })
        };
        for spec in excused.iter().filter(|spec| !needs(spec)) {
            findings.push(file.finding(skip.line, format!("`{spec}` needs no exception any more")));
        }
        if strings_of(&skip.value, "reason").len() < excused.len() {
            findings.push(file.finding(skip.line, "an exception has no reason"));
        }
    }
    findings
}

/// Each crate with its versions and their lines.
fn packages(lock: &str) -> BTreeMap<String, Vec<(String, usize)>> {
    let mut packages: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    let entries = entries(lock);
    let of_packages: Vec<&Entry> = entries.iter().filter(|entry| entry.table == "package").collect();
    for pair in of_packages.windows(2).filter(|pair| pair[0].key == "name" && pair[1].key == "version") {
        let version = (pair[1].string().to_string(), pair[1].line);
        packages.entry(pair[0].string().to_string()).or_default().push(version);
    }
    packages
}

/// The part of a version that must be equal for cargo to see one crate: up to the first number above zero.
fn compatibility(version: &str) -> String {
    let numbers: Vec<&str> = version.split(['.', '-', '+']).take(3).collect();
    let significant = numbers.iter().position(|number| *number != "0").unwrap_or(2);
    numbers[..=significant.min(numbers.len() - 1)].join(".")
}

#[test]
fn no_crate_is_there_twice() {
    let advice = "Choose versions that agree, or add a `skip` with its reason to deny.toml:";
    expect_none(check(Tree::house()), advice);
}

#[test]
fn incompatible_versions_are_found() {
    let lock = "[[package]]\nname = \"a\"\nversion = \"0.1.2\"\n[[package]]\nname = \"a\"\nversion = \"0.2.0\"\n\
        [[package]]\nname = \"b\"\nversion = \"1.2.0\"\n[[package]]\nname = \"b\"\nversion = \"1.9.0\"\n";
    assert_eq!(places(&check(&Tree::of(&[("Cargo.lock", lock)]))), ["Cargo.lock:3"]);

    let skip = "[bans]\nskip = [{ crate = \"a@0.1.2\", reason = \"old\" }]\n";
    assert!(check(&Tree::of(&[("Cargo.lock", lock), ("deny.toml", skip)])).is_empty());
    let stale = "[bans]\nskip = [{ crate = \"a\", reason = \"old\" }, { crate = \"c\" }]\n";
    let findings = check(&Tree::of(&[("Cargo.lock", lock), ("deny.toml", stale)]));
    assert_eq!(findings.len(), 2, "one is not needed, and one has no reason: {findings:?}");
}

#[test]
fn compatibility_is_cargos() {
    assert_eq!(["1.2.3", "0.3.4", "0.0.5", "0.0.0-alpha"].map(compatibility), ["1", "0.3", "0.0.5", "0.0.0"]);
}
