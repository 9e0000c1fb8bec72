//! Rule: nothing is left lying about: no marks for later, no debugging, no test that is switched off silently.

use super::Tree;
use super::rust::is_word;
use super::tree::{Finding, expect_none, places};

// The marks are put together here, so that this file does not contain them itself.
const ANYWHERE: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
const IN_RUST: [&str; 4] =
    [concat!("to", "do!"), concat!("unimple", "mented!"), concat!("db", "g!"), concat!("#[ig", "nore]")];

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| !["lock", "svg"].contains(&file.extension())) {
        let in_rust = if file.extension() == "rs" { IN_RUST.as_slice() } else { &[] };
        for (index, line) in file.text.lines().enumerate() {
            for mark in ANYWHERE.iter().chain(in_rust).filter(|mark| has_word(line, mark)) {
                findings.push(file.finding(index + 1, format!("`{mark}`")));
            }
        }
    }
    findings
}

/// Whether a line contains a word that is not part of a longer one.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (line[..at].bytes().last(), line.as_bytes().get(at + word.len()).copied());
        let is_open = |edge: Option<&u8>, beyond: Option<u8>| {
            !(edge.is_some_and(|byte| is_word(*byte)) && beyond.is_some_and(is_word))
        };
        is_open(word.as_bytes().first(), before) && is_open(word.as_bytes().last(), after)
    })
}

#[test]
fn nothing_is_left_lying_about() {
    expect_none(check(Tree::house()), "Finish it or take it out (a test may be `#[ignore = \"why\"]`):");
}

#[test]
fn leftovers_are_found() {
    let marks = ANYWHERE.map(|mark| format!("a # {mark}: later\n")).concat();
    let in_rust = IN_RUST.map(|mark| format!("  {mark}(\"b\")\n")).concat();
    let tree = Tree::of(&[
        ("a.md", &marks),
        ("b.rs", &in_rust),
        ("c.md", &in_rust),
        ("d.rs", concat!("mktemp aXX", "XXXX\nHA", "CKNEY\n#[ig", "nore = \"slow\"]\nmytodo!\n")),
    ]);
    let expected = ["a.md:1", "a.md:2", "a.md:3", "a.md:4", "b.rs:1", "b.rs:2", "b.rs:3", "b.rs:4"];
    assert_eq!(places(&check(&tree)), expected);
}
