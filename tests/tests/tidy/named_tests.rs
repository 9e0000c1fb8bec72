//! Rule: a test that a document names is there: `name` in `path.rs`.

use super::Tree;
use super::tree::{Finding, expect_none, places};

/// Between a name and its file.
const IN: &str = "` in `";

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        for (index, line) in file.text.lines().enumerate() {
            for (name, path) in named(line) {
                if !has_test(tree, name, path) {
                    findings.push(file.finding(index + 1, format!("`{name}` is no test in `{path}`")));
                }
            }
        }
    }
    findings
}

/// Each `name` in `path.rs` of a line.
fn named(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.match_indices(IN).filter_map(|(at, _)| {
        let name = line[..at].rsplit('`').next()?;
        let path = line[at + IN.len()..].split('`').next()?;
        path.ends_with(".rs").then_some((name, path))
    })
}

fn has_test(tree: &Tree, name: &str, path: &str) -> bool {
    let head = format!("fn {name}(");
    tree.files.iter().filter(|file| file.path == path).any(|file| {
        let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
        lines.iter().enumerate().any(|(index, line)| {
            let marks = lines[..index].iter().rev().take_while(|mark| mark.starts_with('#'));
            line.contains(&head) && marks.clone().any(|mark| mark.contains("test]"))
        })
    })
}

#[test]
fn tests_that_documents_name_are_there() {
    expect_none(check(Tree::house()), "Documents name tests that are there:");
}

#[test]
fn tests_that_are_not_there_are_found() {
    let rust = "#[test]\nfn it_works() {}\n\nfn helper() {}\n\n#[tokio::test]\nasync fn it_waits() {}\n";
    let good = "| `it_works` in `a.rs` | `it_waits` in `a.rs` | `x` in `b` |\n";
    let bad = "`it_fails` in `a.rs`\n`it_works` in `b.rs`\n`helper` in `a.rs`\n";
    let findings = check(&Tree::of(&[("a.rs", rust), ("good.md", good), ("bad.md", bad)]));
    assert_eq!(places(&findings), ["bad.md:1", "bad.md:2", "bad.md:3"]);
}
