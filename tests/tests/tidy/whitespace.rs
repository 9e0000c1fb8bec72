//! Rule: no white space that nobody sees: none at the end of lines, no tabs, one newline at the end of a file.

use super::Tree;
use super::tree::{File, Finding, expect_none, places};

const KINDS: [&str; 10] = ["md", "rs", "toml", "js", "mjs", "css", "html", "sh", "py", "yml"];

fn check(tree: &Tree) -> Vec<Finding> {
    tree.with_extension(&KINDS).flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut lines = 0;
    for (index, line) in file.text.split_terminator('\n').enumerate() {
        lines = index + 1;
        if line.ends_with(char::is_whitespace) {
            findings.push(file.finding(lines, "ends with white space"));
        } else if line.contains('\t') {
            findings.push(file.finding(lines, "contains a tab"));
        }
    }
    let ends_well = file.text.ends_with('\n') && !file.text.ends_with("\n\n");
    if !file.text.is_empty() && !ends_well {
        findings.push(file.finding(lines, "does not end with exactly one newline"));
    }
    findings
}

#[test]
fn there_is_no_invisible_white_space() {
    expect_none(check(Tree::house()), "Take out the white space that nobody sees:");
}

#[test]
fn invisible_white_space_is_found() {
    let tree = Tree::of(&[
        ("a.rs", "a\n\n    b\n"),
        ("b.rs", "a \nb\n\tc\n"),
        ("c.md", "a"),
        ("d.md", "a\n\n"),
        ("e.toml", "a\r\n"),
        ("f.txt", "a\t"),
        ("g.rs", ""),
    ]);
    assert_eq!(places(&check(&tree)), ["b.rs:1", "b.rs:3", "c.md:1", "d.md:2", "e.toml:1"]);
}
