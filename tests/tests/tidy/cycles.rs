//! Rule: modules that are siblings do not depend on each other in a circle.
//!
//! The graph is read from paths in code that is not for tests: `crate::…`, `super::…`, `self::…` and `use`. What a
//! module below a sibling uses counts for the sibling. A parent may use and re-export its children, and they may
//! use what it defines; a name that the parent only re-exports counts as the child that defines it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Tree;
use super::paths::{Path, Source};
use super::tree::{File, Finding, expect_none, places};

/// Who uses whom among siblings, with the first place where it does.
type Graph<'a> = BTreeMap<(Path, Path), (&'a File, usize)>;

fn check(tree: &Tree) -> Vec<Finding> {
    let mut crates: BTreeMap<&str, Vec<Source>> = BTreeMap::new();
    for file in tree.with_extension(&["rs"]) {
        if let Some((name, source)) = Source::read(file) {
            crates.entry(name).or_default().push(source);
        }
    }
    crates.into_values().flat_map(|sources| circles(&graph(&without_test_modules(sources)))).collect()
}

/// Leaves out the modules that their parent declares under `#[cfg(test)]`, and what is below them.
fn without_test_modules(sources: Vec<Source>) -> Vec<Source> {
    let tests: Vec<Path> = sources.iter().flat_map(|source| source.test_modules.clone()).collect();
    sources.into_iter().filter(|source| !tests.iter().any(|test| source.module.starts_with(test))).collect()
}

fn graph<'a>(sources: &[Source<'a>]) -> Graph<'a> {
    let modules: BTreeSet<Path> = sources.iter().map(|source| source.module.clone()).collect();
    let mut exports: BTreeMap<Path, Path> = BTreeMap::new();
    for source in sources {
        for import in &source.paths {
            if let (Some(name), Some(definition)) = (import.imported(), import.absolute(&modules)) {
                exports.insert(name, definition);
            }
        }
    }
    let mut graph = Graph::new();
    for source in sources {
        for path in &source.paths {
            let Some(target) = path.absolute(&modules) else { continue };
            let target = resolve(target, &modules, &exports);
            let shared = source.module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            // One of them above the other is no matter of siblings.
            if source.module.len() > shared && target.len() > shared {
                let (from, to) = (source.module[..=shared].to_vec(), target[..=shared].to_vec());
                graph.entry((from, to)).or_insert((source.file, path.line));
            }
        }
    }
    graph
}

/// The module that defines what a path names: the deepest one on the way, seen through re-exports.
fn resolve(mut path: Path, modules: &BTreeSet<Path>, exports: &BTreeMap<Path, Path>) -> Path {
    // A chain of re-exports is short; the bound is there for one that runs in a circle.
    for _ in 0..8 {
        let depth = (0..=path.len()).rev().find(|depth| modules.contains(&path[..*depth])).unwrap_or(0);
        let export = path.get(..=depth).and_then(|name| exports.get(name));
        match export {
            Some(definition) => path = [definition, &path[depth + 1..]].concat(),
            None => return path[..depth].to_vec(),
        }
    }
    path
}

/// One shortest circle through each module that is in one and that was not in one before.
fn circles(graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen: BTreeSet<&Path> = BTreeSet::new();
    for (start, _) in graph.keys() {
        let Some(circle) = (!seen.contains(start)).then(|| circle_from(start, graph)).flatten() else {
            continue;
        };
        seen.extend(circle.iter().copied());
        let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
        let mut what = names.join(" -> ");
        for pair in circle.windows(2) {
            let (file, line) = graph[&(pair[0].clone(), pair[1].clone())];
            let (from, to) = (pair[0].join("::"), pair[1].join("::"));
            what.push_str(&format!("\n    {from} uses {to} at {}:{line}", file.path));
        }
        let (file, line) = graph[&(circle[0].clone(), circle[1].clone())];
        findings.push(file.finding(line, what));
    }
    findings
}

/// The shortest way from a module back to itself.
fn circle_from<'a>(start: &'a Path, graph: &'a Graph) -> Option<Vec<&'a Path>> {
    let mut came_from: BTreeMap<&Path, &Path> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(module) = queue.pop_front() {
        for (_, next) in graph.keys().filter(|(from, _)| from == module) {
            if next == start {
                let mut circle = vec![start, module];
                while let Some(before) = came_from.get(circle[circle.len() - 1]) {
                    circle.push(before);
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, module);
                queue.push_back(next);
            }
        }
    }
    None
}

#[test]
fn siblings_do_not_go_in_circles() {
    let advice = "Modules point one way only; move what both need below both, or pass it in:";
    expect_none(check(Tree::house()), advice);
}

#[test]
fn circles_are_found_however_they_are_written() {
    let tree = Tree::of(&[
        ("c/src/lib.rs", "//! C.\nmod one;\nmod two;\nmod three;\npub use three::Three;\n"),
        ("c/src/one.rs", "//! 1.\nuse crate::two::{self, Two};\n"),
        ("c/src/two.rs", "//! 2.\nmod deep;\n"),
        ("c/src/two/deep.rs", "//! 2d.\nfn f() -> super::super::Three { f() }\n"),
        (
            "c/src/three.rs",
            "//! 3.\nfn f() {\n    let a = \"crate::two\"; // crate::two\n    super::one::g();\n}\n",
        ),
    ]);
    let findings = check(&tree);
    assert_eq!(places(&findings), ["c/src/one.rs:2"]);
    let report = "one -> two -> three -> one\n    one uses two at c/src/one.rs:2\n    \
        two uses three at c/src/two/deep.rs:2\n    three uses one at c/src/three.rs:4";
    assert_eq!(findings[0].what, report);
}

#[test]
fn circles_deeper_down_are_found() {
    let tree = Tree::of(&[
        ("c/src/a/mod.rs", "//! A.\nmod b;\nmod c;\npub use c::C;\n"),
        ("c/src/a/b.rs", "//! B.\nuse super::C;\n"),
        ("c/src/a/c.rs", "//! C.\nuse crate::a::b::B;\n"),
    ]);
    assert_eq!(check(&tree)[0].what.lines().next(), Some("a::b -> a::c -> a::b"));
}

#[test]
fn what_is_no_circle_passes() {
    let tree = Tree::of(&[
        ("c/src/lib.rs", "//! C.\nmod a;\nmod b;\npub use a::A;\npub use b::B;\npub struct Error;\n"),
        // A parent and its child; a test that looks back; a path that says who may see.
        (
            "c/src/a.rs",
            "//! A.\nmod deep;\nuse deep::D;\nuse crate::{Error, b::B};\n#[cfg(test)]\nmod tests;\n",
        ),
        ("c/src/a/deep.rs", "//! D.\nuse super::A;\nuse crate::b;\nuse b::B;\n"),
        ("c/src/a/tests.rs", "//! T.\nuse crate::a::A;\n"),
        (
            "c/src/b.rs",
            "//! B.\npub(in crate::a) fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n",
        ),
        ("c/src/b/inner.rs", "//! I.\nmod own {\n    use super::x;\n}\n"),
        // Another crate with the same names.
        ("d/src/b.rs", "//! B.\nuse crate::a::A;\n"),
        ("d/src/a.rs", "//! A.\nuse ::b::B;\n"),
    ]);
    assert!(check(&tree).is_empty(), "{:?}", check(&tree));
}
