//! Rule: every crate takes the lints of the workspace, and these keep unsafe code out.

use super::Tree;
use super::layers::package_name;
use super::toml::{Entry, entries};
use super::tree::{Finding, expect_none, places};

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.name() == "Cargo.toml") {
        let entries = entries(&file.text);
        let has = |fits: &dyn Fn(&Entry) -> bool| entries.iter().any(fits);
        if file.path == "Cargo.toml" {
            let keeps_unsafe_out = has(&|entry| {
                let is_lint = entry.table == "workspace.lints.rust" && entry.key == "unsafe_code";
                is_lint && ["\"forbid\"", "\"deny\""].iter().any(|level| entry.value.contains(level))
            });
            if !keeps_unsafe_out {
                findings.push(file.finding(1, "[workspace.lints.rust] does not forbid or deny unsafe_code"));
            }
        }
        // A workspace of its own, as fuzzing needs, has no lints of ours to take.
        let is_apart =
            file.path != "Cargo.toml" && file.text.lines().any(|line| line.trim() == "[workspace]");
        let takes_lints = has(&|entry| {
            let path = format!("{}.{}", entry.table, entry.key);
            path.trim_start_matches('.') == "lints.workspace" && entry.value == "true"
        });
        if package_name(&entries).is_some() && !is_apart && !takes_lints {
            findings.push(file.finding(1, "the lints of the workspace are not taken"));
        }
    }
    findings
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    expect_none(check(Tree::house()), "Write `[lints]` and `workspace = true` in the manifest:");
}

#[test]
fn missing_lints_are_found() {
    let tree = Tree::of(&[
        ("Cargo.toml", "[workspace]\n[workspace.lints.rust]\nunsafe_code = \"warn\"\n"),
        ("a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n"),
        ("b/Cargo.toml", "[package]\nname = \"b\"\n[lints.rust]\nunsafe_code = \"allow\"\n"),
        ("fuzz/Cargo.toml", "[package]\nname = \"fuzz\"\n[workspace]\n"),
    ]);
    assert_eq!(places(&check(&tree)), ["Cargo.toml:1", "b/Cargo.toml:1"]);
}
