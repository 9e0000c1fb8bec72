//! Rule: a file is at most 400 lines long and a function at most 70.
//!
//! Tests that end a file as an inline `#[cfg(test)] mod` do not count. An exception is written down with its
//! present length, which may only fall; no exception reaches beyond the hard limits.

use super::Tree;
use super::rust::{code_only, end_of_block, is_word, line_of, test_items};
use super::tree::{File, Finding, expect_none, places};

const FILE: Limit = Limit { usual: 400, hard: 600, exceptions: &[] };
const FUNCTION: Limit = Limit { usual: 70, hard: 140, exceptions: &[] };

struct Limit {
    usual: usize,
    hard: usize,
    /// `path`, or `path::function`, and its length.
    exceptions: &'static [(&'static str, usize)],
}

/// Something with a length: its name as in the exceptions, its file and the line where it starts.
struct Measured<'a> {
    name: String,
    file: &'a File,
    line: usize,
    length: usize,
}

impl Limit {
    fn check(&self, all: &[Measured]) -> Vec<Finding> {
        let mut findings: Vec<Finding> = all.iter().filter_map(|one| self.check_one(one)).collect();
        for (name, _) in self.exceptions {
            if !all.iter().any(|one| one.name == *name) {
                let what = format!("`{name}` is gone; take out its exception");
                findings.push(Finding { path: "tests/tests/tidy/length.rs".into(), line: 1, what });
            }
        }
        findings
    }

    fn check_one(&self, one: &Measured) -> Option<Finding> {
        let exception = self.exceptions.iter().find(|(name, _)| *name == one.name).map(|(_, length)| *length);
        let (length, usual) = (one.length, self.usual);
        let what = match exception {
            _ if length > self.hard => format!("{length} lines, beyond the hard limit of {}", self.hard),
            None if length > usual => format!("{length} lines, more than {usual}"),
            Some(allowed) if length > allowed => {
                format!("{length} lines, grown beyond its exception of {allowed}")
            }
            Some(_) if length <= usual => format!("{length} lines: take out its exception"),
            Some(allowed) if length < allowed => {
                format!("{length} lines: lower its exception from {allowed}")
            }
            _ => return None,
        };
        let function = one.name.rsplit_once("::").map(|(_, name)| format!("`{name}`: ")).unwrap_or_default();
        Some(one.file.finding(one.line, format!("{function}{what}")))
    }
}

fn files(tree: &Tree) -> Vec<Measured<'_>> {
    let sources = tree.with_extension(&["rs", "js", "mjs"]);
    sources.map(|file| Measured { name: file.path.clone(), file, line: 1, length: length(file) }).collect()
}

/// The lines of a file without the module of tests at its end.
fn length(file: &File) -> usize {
    let lines = file.text.lines().count();
    if file.extension() != "rs" {
        return lines;
    }
    let code = code_only(&file.text);
    match test_items(&code).last() {
        Some((start, end)) if code[*end..].trim().is_empty() && code[*start..*end].contains("mod ") => {
            lines - code[*start..].lines().count()
        }
        _ => lines,
    }
}

fn functions(tree: &Tree) -> Vec<Measured<'_>> {
    tree.with_extension(&["rs"]).flat_map(functions_of).collect()
}

fn functions_of(file: &File) -> Vec<Measured<'_>> {
    let code = code_only(&file.text);
    let bytes = code.as_bytes();
    let mut functions = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let is_keyword = at == 0 || !is_word(bytes[at - 1]);
        let name: String = code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(open) = body_of(bytes, at).filter(|_| is_keyword && !name.is_empty()) else { continue };
        let (first, last) = (line_of(&code, at), line_of(&code, end_of_block(bytes, open) - 1));
        let name = format!("{}::{name}", file.path);
        functions.push(Measured { name, file, line: first, length: last - first + 1 });
    }
    functions
}

/// Where the body of a function opens; nothing if it is only declared.
fn body_of(code: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match code.get(at)? {
            b'{' => return Some(at),
            b';' => return None,
            b'(' | b'[' => at = end_of_block(code, at),
            _ => at += 1,
        }
    }
}

#[test]
fn no_file_is_too_long() {
    expect_none(FILE.check(&files(Tree::house())), "Find the second idea in the file and give it its own:");
}

#[test]
fn no_function_is_too_long() {
    expect_none(FUNCTION.check(&functions(Tree::house())), "Name a part of the function and take it out:");
}

#[test]
fn long_files_are_found() {
    let long = "//! A.\n".repeat(401);
    let tests =
        format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "//! B.\n".repeat(400), "    // C.\n".repeat(99));
    let tree = Tree::of(&[("a.rs", &long), ("b.rs", &tests), ("c.js", &long), ("d.md", &long)]);
    assert_eq!(places(&FILE.check(&files(&tree))), ["a.rs:1", "c.js:1"]);
}

#[test]
fn long_functions_are_found() {
    let lines = "    a();\n".repeat(69);
    let text = format!(
        "trait T {{\n    fn short(x: [u8; 3]);\n}}\nfn long(f: fn(u8)) {{\n{lines}}}\nfn fits() {{\n{}}}\n",
        &lines[..lines.len() - "    a();\n".len()]
    );
    assert_eq!(places(&FUNCTION.check(&functions(&Tree::of(&[("a.rs", &text)])))), ["a.rs:4"]);
}

#[test]
fn exceptions_only_fall() {
    let limit = Limit { usual: 2, hard: 6, exceptions: &[("a.js", 4), ("gone.js", 3)] };
    let reports = [2, 3, 4, 5, 7].map(|length| {
        let tree = Tree::of(&[("a.js", &"//\n".repeat(length)), ("gone.js", "//\n//\n//\n")]);
        limit.check(&files(&tree)).iter().map(|finding| finding.what.clone()).collect::<String>()
    });
    let parts = ["take out", "lower", "", "grown", "hard"];
    assert!(reports.iter().zip(parts).all(|(report, part)| report.contains(part)), "{reports:?}");
    assert!(reports[2].is_empty());
    let gone = limit.check(&files(&Tree::of(&[("a.js", "//\n//\n//\n//\n")])));
    assert_eq!(places(&gone), ["tests/tests/tidy/length.rs:1"]);
}
