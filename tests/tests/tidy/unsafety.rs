//! Rule: unsafe code is in the modules that are listed here, and nowhere else.

use super::Tree;
use super::leftovers::has_word;
use super::rust::code_only;
use super::tree::{Finding, expect_none, places};

/// Each has its reason in ARCHITECTURE.md.
const MODULES: [&str; 3] = [
    "crates/websocket-driver/src/mask/simd.rs",
    "crates/websocket-hub/src/backend/uring/ring.rs",
    "crates/websocket-hub/src/backend/uring/ring/tests.rs",
];

/// The benchmark is a program of its own, which nobody runs but us: it counts the heap and reads a clock.
const APART: &str = "bench/";

const WORDS: [&str; 2] = ["unsafe", "unsafe_code"];

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.with_extension(&["rs"]) {
        if file.path.starts_with(APART) || MODULES.contains(&file.path.as_str()) {
            continue;
        }
        for (index, line) in code_only(&file.text).lines().enumerate() {
            for word in WORDS.iter().filter(|word| has_word(line, word)) {
                findings.push(file.finding(index + 1, format!("`{word}`")));
            }
        }
    }
    findings
}

#[test]
fn unsafe_code_is_where_it_is_known_to_be() {
    expect_none(
        check(Tree::house()),
        "Write it without; masking was measured to need it and io_uring cannot do without, and those are the exceptions:",
    );
}

#[test]
fn unsafe_code_is_found_elsewhere() {
    let tree = Tree::of(&[
        ("crates/a/src/lib.rs", "//! unsafe\n#![allow(unsafe_code)]\nfn a() { unsafe { b() } }\n"),
        ("tests/tests/b.rs", "unsafe fn b() {}\nlet c = \"unsafe\"; // unsafe\n"),
        ("bench/src/heap.rs", "unsafe impl A for B {}\n"),
        (MODULES[0], "unsafe { a() }\n"),
    ]);
    assert_eq!(
        places(&check(&tree)),
        ["crates/a/src/lib.rs:2", "crates/a/src/lib.rs:3", "tests/tests/b.rs:1"]
    );
}
