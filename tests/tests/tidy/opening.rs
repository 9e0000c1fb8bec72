//! Rule: every source file says in its first line what it is.

use super::Tree;
use super::tree::{File, Finding, expect_none, places};

fn check(tree: &Tree) -> Vec<Finding> {
    let findings = tree.files.iter().filter_map(|file| {
        let (line, marks) = expected(file)?;
        let text = file.text.lines().nth(line - 1).unwrap_or("").trim_start();
        let says_something = |mark: &&str| {
            let rest = text.strip_prefix(*mark).unwrap_or("").trim_start();
            rest.starts_with(|c: char| c.is_alphanumeric() || "`\"'([".contains(c))
        };
        let fits = marks.iter().any(says_something);
        (!fits).then(|| file.finding(line, format!("no opening line, `{} …`", marks[0])))
    });
    findings.collect()
}

/// The line that must be the opening and what it may start with; nothing for files of no interest.
fn expected(file: &File) -> Option<(usize, &'static [&'static str])> {
    let first = file.text.lines().next().unwrap_or("");
    match file.extension() {
        "rs" => Some((1, &["//!"])),
        _ if first.starts_with("#!") && first.contains("node") => Some((2, &["//"])),
        _ if first.starts_with("#!") && first.contains("python") => Some((2, &["#", "\"\"\""])),
        _ if first.starts_with("#!") => Some((2, &["#"])),
        "js" | "mjs" => Some((1, &["//"])),
        "sh" => Some((1, &["#"])),
        "py" => Some((1, &["#", "\"\"\""])),
        _ => None,
    }
}

#[test]
fn every_source_file_says_what_it_is() {
    expect_none(check(Tree::house()), "Say in the first line (the second of a script) what the file is:");
}

#[test]
fn missing_openings_are_found() {
    let tree = Tree::of(&[
        ("a.rs", "//! Good.\n"),
        ("b.rs", "// Bad.\n"),
        ("c.rs", "//!\n//! Bad.\n"),
        ("d.rs", ""),
        ("e.js", "// Good.\n"),
        ("f.js", "import g;\n"),
        ("h", "#!/bin/sh\n# Good.\n"),
        ("i", "#!/bin/sh\nset -e\n"),
        ("j", "#!/usr/bin/env node\n// Good.\n"),
        ("k.py", "\"\"\"Good.\"\"\"\n"),
        ("l.txt", "No matter.\n"),
    ]);
    assert_eq!(places(&check(&tree)), ["b.rs:1", "c.rs:1", "d.rs:1", "f.js:1", "i:2"]);
}
