//! Rule: the repository stands alone: no file refers to places that only exist on somebody's machine.

use super::Tree;
use super::rust::is_word;
use super::tree::{Finding, expect_none, places};

// Put together here, so that this file does not contain them itself.
const OUTSIDE: [&str; 3] = [concat!("/wo", "rk/"), concat!("../sh", "ared"), concat!(".lib", "rary")];

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (index, line) in file.text.lines().enumerate() {
            for place in OUTSIDE.iter().filter(|place| starts_in(line, place)) {
                findings.push(file.finding(index + 1, format!("`{place}`")));
            }
        }
    }
    findings
}

/// Whether a line contains a path from its start, not as the middle of another path or name.
fn starts_in(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].bytes().last();
        let after = line.as_bytes().get(at + place.len()).copied();
        let is_whole = place.ends_with('/') || !after.is_some_and(is_word);
        is_whole && !before.is_some_and(|byte| is_word(byte) || b".-)]".contains(&byte))
    })
}

#[test]
fn the_repository_stands_alone() {
    expect_none(check(Tree::house()), "Refer to nothing outside of the repository:");
}

#[test]
fn references_to_the_outside_are_found() {
    let [root, shared, library] = OUTSIDE;
    let bad = format!("cd {root}main\n({shared}/notes.md)\n`{library}`\n`/{library}/x`\n");
    let good = format!("docs{root}plan\n./{}{shared}Buffer\nfoo{library}\n", "");
    let findings = check(&Tree::of(&[("a", &bad), ("b", &good)]));
    assert_eq!(places(&findings), ["a:1", "a:2", "a:3", "a:4"]);
}
