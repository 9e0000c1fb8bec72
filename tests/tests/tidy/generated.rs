//! Rule: parts of documents that are made from the source say what the source says.
//!
//! A part stands between two marks, `<!-- name:begin -->` and `<!-- name:end -->`.

use super::Tree;
use super::layers::{package_name, position};
use super::toml::entries;
use super::tree::{File, Finding, expect_none, places};

const COMMAND: &str = "UPDATE=1 cargo test -p parlor-tests --test tidy";

struct Part {
    name: &'static str,
    document: &'static str,
    make: fn(&Tree) -> String,
}

/// Every generated part there is.
const PARTS: [Part; 1] = [Part { name: "modules", document: "ARCHITECTURE.md", make: modules }];

/// The documents whose generated parts are out of date, with their new text.
pub(crate) fn update(tree: &Tree) -> Vec<(String, String)> {
    let mut updated: Vec<(String, String)> = Vec::new();
    for part in &PARTS {
        let before = updated.iter().find(|(path, _)| path == part.document).map(|(_, text)| text.clone());
        let before = before.or_else(|| tree.get(part.document).map(|file| file.text.clone()));
        let Some(before) = before else { continue };
        if let Some(after) = part.renew(&before, tree).filter(|after| *after != before) {
            updated.retain(|(path, _)| path != part.document);
            updated.push((part.document.to_string(), after));
        }
    }
    updated
}

fn check(tree: &Tree) -> Vec<Finding> {
    let findings = PARTS.iter().filter_map(|part| {
        let finding = |line, what| Some(Finding { path: part.document.into(), line, what });
        let (begin, end) = part.marks();
        let Some(file) = tree.get(part.document) else {
            return finding(1, format!("is not there; it holds the generated part `{}`", part.name));
        };
        match part.renew(&file.text, tree) {
            None => {
                finding(1, format!("has no lines `{begin}` and `{end}`; put them where the list belongs"))
            }
            Some(text) if text != file.text => {
                let line = file.text.lines().zip(text.lines()).take_while(|(a, b)| a == b).count() + 1;
                finding(line, format!("the part `{}` is out of date: run `{COMMAND}`", part.name))
            }
            Some(_) => None,
        }
    });
    findings.collect()
}

impl Part {
    fn marks(&self) -> (String, String) {
        (format!("<!-- {}:begin -->", self.name), format!("<!-- {}:end -->", self.name))
    }

    /// The document with this part made anew; nothing if it has no place for it.
    fn renew(&self, document: &str, tree: &Tree) -> Option<String> {
        let (begin, end) = self.marks();
        let (before, rest) = document.split_once(&begin)?;
        let (_, after) = rest.split_once(&end)?;
        let note = format!("<!-- Made from the source by `{COMMAND}`. -->");
        Some(format!("{before}{begin}\n{note}\n\n{}\n\n{end}{after}", (self.make)(tree).trim_end()))
    }
}

/// For each crate, lowest first: its files and the first sentence of each.
fn modules(tree: &Tree) -> String {
    let mut crates: Vec<(String, &str)> = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.starts_with("crates/")) {
        if let Some(folder) = file.path.strip_suffix("/Cargo.toml") {
            crates.extend(package_name(&entries(&file.text)).map(|name| (name.to_string(), folder)));
        }
    }
    crates.sort_by_key(|(name, _)| (position(name), name.clone()));

    let mut list = String::new();
    for (name, folder) in crates {
        list.push_str(&format!("### {name}\n\n"));
        let source = format!("{folder}/src/");
        let mut files: Vec<&File> =
            tree.with_extension(&["rs"]).filter(|file| file.path.starts_with(&source)).collect();
        files.sort_by_key(|file| order(&file.path[source.len()..]));
        for file in files {
            let (path, shown) = (&file.path, &file.path[source.len()..]);
            list.push_str(&format!("- [{shown}]({path}): {}\n", first_sentence(&file.text)));
        }
        list.push('\n');
    }
    list
}

/// The root of a crate first, then each module before what is below it.
fn order(path: &str) -> (bool, Vec<&str>) {
    let is_root = path == "lib.rs" || path == "main.rs";
    let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
    (!is_root, module.split('/').collect())
}

/// The first sentence of the `//!` lines, with links reduced to what they show.
fn first_sentence(text: &str) -> String {
    let doc = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let paragraph: Vec<&str> = doc.take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let paragraph = paragraph.trim_start_matches(['#', ' ']);
    let ends = paragraph.match_indices(". ").find(|(at, _)| {
        // What goes on in lower case, as after `e.g.`, has not ended.
        !paragraph[at + 2..].starts_with(char::is_lowercase)
    });
    without_links(&paragraph[..ends.map_or(paragraph.len(), |(at, _)| at + 1)])
}

/// `[text](target)`, `[text][target]` and `[text]` as `text`.
fn without_links(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, (inside, after))) =
        rest.split_once('[').and_then(|(before, rest)| Some((before, rest.split_once(']')?)))
    {
        shown.push_str(before);
        shown.push_str(inside);
        let target = ['(', '['].iter().zip([')', ']']).find(|(open, _)| after.starts_with(**open));
        rest = target.and_then(|(_, close)| after.split_once(close)).map_or(after, |(_, rest)| rest);
    }
    shown + rest
}

#[test]
fn generated_parts_are_fresh() {
    expect_none(check(Tree::house()), &format!("Run `{COMMAND}` and look at what it changed:"));
}

#[test]
fn the_list_of_modules_is_made_from_the_source() {
    let tree = Tree::of(&[
        ("crates/parlor/Cargo.toml", "[package]\nname = \"parlor\"\n"),
        ("crates/parlor/src/main.rs", "//! The server.\n"),
        ("crates/driver/Cargo.toml", "[package]\nname = \"websocket-driver\"\n"),
        ("crates/driver/src/b/c.rs", "//! C, e.g. a [`D`] or\n//! [an E](E::f). More.\n\nfn x() {}\n"),
        ("crates/driver/src/b.rs", "//! # B\n//!\n//! More.\n"),
        ("crates/driver/src/a.rs", "fn a() {}\n"),
        ("crates/driver/src/lib.rs", "//! The driver\n"),
    ]);
    let expected = "### websocket-driver\n\n\
        - [lib.rs](crates/driver/src/lib.rs): The driver\n\
        - [a.rs](crates/driver/src/a.rs): \n\
        - [b.rs](crates/driver/src/b.rs): B\n\
        - [b/c.rs](crates/driver/src/b/c.rs): C, e.g. a `D` or an E.\n\n\
        ### parlor\n\n- [main.rs](crates/parlor/src/main.rs): The server.\n\n";
    assert_eq!(modules(&tree), expected);
}

#[test]
fn parts_that_are_missing_or_stale_are_found_and_renewed() {
    assert_eq!(places(&check(&Tree::of(&[]))), ["ARCHITECTURE.md:1"]);
    let without = check(&Tree::of(&[("ARCHITECTURE.md", "# A\n")]));
    assert!(without[0].what.contains("<!-- modules:begin -->"), "{without:?}");

    let document = "# A\n\n<!-- modules:begin -->\nold\n<!-- modules:end -->\n\nEnd.\n";
    let krate = ("crates/parlor/Cargo.toml", "[package]\nname = \"parlor\"\n");
    let stale = Tree::of(&[("ARCHITECTURE.md", document), krate]);
    let findings = check(&stale);
    assert_eq!(places(&findings), ["ARCHITECTURE.md:4"]);
    assert!(findings[0].what.contains(COMMAND));

    let updated = update(&stale);
    let [(path, text)] = updated.as_slice() else { panic!("one document: {updated:?}") };
    assert!(text.starts_with("# A\n") && text.ends_with("<!-- modules:end -->\n\nEnd.\n"), "{text}");
    let fresh = Tree::of(&[(path, text), krate]);
    assert!(check(&fresh).is_empty() && update(&fresh).is_empty());
}
