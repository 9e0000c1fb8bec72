//! Rule: every message of the page is said somewhere; what nothing says need not be translated.

use super::Tree;
use super::tree::{Finding, expect_none, places};

const ENGLISH: &str = "web/languages/en.js";

fn check(tree: &Tree) -> Vec<Finding> {
    let Some(english) = tree.get(ENGLISH) else { return Vec::new() };
    let page: Vec<&str> = tree
        .with_extension(&["js", "html"])
        .filter(|file| file.path.starts_with("web/") && !file.path.starts_with("web/languages/"))
        .map(|file| file.text.as_str())
        .collect();
    let server: Vec<&str> = tree
        .with_extension(&["rs"])
        .filter(|file| file.path.starts_with("crates/"))
        .map(|file| file.text.as_str())
        .collect();
    let lines = english.text.lines().enumerate();
    lines
        .filter_map(|(index, line)| Some((index, key(line)?)))
        .filter(|(_, key)| !is_said(key, &page, &server))
        .map(|(index, key)| english.finding(index + 1, format!("nothing says `{key}`")))
        .collect()
}

/// The key of a line such as `'side.label': 'Rooms',`.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.trim().strip_prefix('\'')?.split_once("':")?;
    Some(key)
}

/// By its name, or put together from its beginning and an end that stands somewhere: in the page, or among the
/// codes of the server.
fn is_said(key: &str, page: &[&str], server: &[&str]) -> bool {
    let has = |files: &[&str], text: &str| files.iter().any(|file| file.contains(text));
    if has(page, &format!("'{key}'")) || has(page, &format!("\"{key}\"")) {
        return true;
    }
    let Some((beginning, end)) = key.split_once('.') else { return false };
    let is_put_together = has(page, &format!("`{beginning}.${{"));
    let quoted = [format!("'{end}'"), format!(" {end}: "), format!("\"{end}\"")];
    is_put_together && quoted.iter().any(|end| has(page, end) || has(server, end))
}

#[test]
fn every_message_is_said_somewhere() {
    expect_none(check(Tree::house()), "Remove messages that nothing says, in every language:");
}

#[test]
fn messages_that_nothing_says_are_found() {
    let english = "export const messages = {\n  'a.one': 'One',\n  'a.two': 'Two',\n  'b.busy': 'Busy',\n  \
                   'b.idle': 'Idle',\n  'c.three': 'Three',\n};\n";
    let tree = Tree::of(&[
        (ENGLISH, english),
        ("web/languages/de.js", "t('a.two')"),
        ("web/main.js", "t('a.one'); t(`b.${code}`);"),
        ("web/index.html", "<p data-say=\"c.three\">"),
        ("crates/chat/src/refusal.rs", "const BUSY: &str = \"busy\";"),
    ]);
    assert_eq!(places(&check(&tree)), ["web/languages/en.js:3", "web/languages/en.js:5"]);
}
