//! Rule: documents have one title, and their links lead to files and headings that are there.

use super::Tree;
use super::tree::{File, Finding, expect_none, places};

fn check_titles(tree: &Tree) -> Vec<Finding> {
    let documents = tree.with_extension(&["md"]);
    let findings = documents.filter_map(|file| {
        let titles: Vec<usize> = headings(&file.text)
            .iter()
            .filter(|heading| heading.level == 1)
            .map(|heading| heading.line)
            .collect();
        match titles.as_slice() {
            [_] => None,
            [] => Some(file.finding(1, "no title, a line that starts with `# `")),
            [_, second, ..] => Some(file.finding(*second, "a second title")),
        }
    });
    findings.collect()
}

fn check_links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.with_extension(&["md"]) {
        for (line, text) in prose(&file.text) {
            for link in links(&text) {
                if let Some(problem) = problem_with(&link, file, tree) {
                    findings.push(file.finding(line, format!("`{link}`: {problem}")));
                }
            }
        }
    }
    findings
}

struct Heading {
    level: usize,
    text: String,
    line: usize,
}

fn headings(text: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    for (line, text) in lines_outside_fences(text) {
        let level = text.bytes().take_while(|byte| *byte == b'#').count();
        if let (1..=6, Some(title)) = (level, text[level..].strip_prefix(' ')) {
            headings.push(Heading { level, text: title.trim().to_string(), line });
        }
    }
    headings
}

/// The lines that are no example, counted from 1.
fn lines_outside_fences(text: &str) -> Vec<(usize, &str)> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        let ticks = start.len() - start.trim_start_matches('`').len();
        let tildes = start.len() - start.trim_start_matches('~').len();
        match fence {
            Some(open)
                if start.starts_with(open) && start.trim_start_matches(['`', '~']).trim().is_empty() =>
            {
                fence = None;
            }
            Some(_) => {}
            None if ticks >= 3 || tildes >= 3 => fence = Some(&start[..ticks.max(tildes)]),
            None => lines.push((index + 1, line)),
        }
    }
    lines
}

/// The lines outside of fences, without code between backticks.
fn prose(text: &str) -> Vec<(usize, String)> {
    let without_code = |line: &str| line.split('`').step_by(2).collect::<Vec<_>>().join("``");
    lines_outside_fences(text).into_iter().map(|(line, text)| (line, without_code(text))).collect()
}

/// The targets of `[text](target)`, `[name]: target`, `href="target"` and `src="target"` in a line.
fn links(line: &str) -> Vec<String> {
    let mut links = Vec::new();
    for (at, _) in line.match_indices("](") {
        let rest = &line[at + 2..];
        let mut depth = 0;
        let end = rest.find(|c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth < 0
        });
        links.push(rest[..end.unwrap_or(rest.len())].to_string());
    }
    for attribute in ["href=\"", "src=\""] {
        let quoted = line.match_indices(attribute).map(|(at, _)| &line[at + attribute.len()..]);
        links.extend(quoted.filter_map(|rest| rest.split_once('"')).map(|(target, _)| target.to_string()));
    }
    if let Some((_, target)) = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
        links.push(target.to_string());
    }
    // `target "title"` and `<target>` are targets too.
    let bare =
        |link: String| link.split(" \"").next().unwrap_or("").trim_matches([' ', '<', '>']).to_string();
    links.into_iter().map(bare).collect()
}

fn problem_with(link: &str, from: &File, tree: &Tree) -> Option<String> {
    let is_elsewhere =
        link.starts_with("//") || link.split_once(':').is_some_and(|(scheme, _)| !scheme.contains('/'));
    if is_elsewhere {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let Some(target) = target_path(&from.path, &path.replace("%20", " ")) else {
        return Some("leads out of the repository".into());
    };
    match (tree.get(&target), anchor) {
        (Some(file), Some(anchor)) => (!anchors(file).iter().any(|a| a == anchor))
            .then(|| format!("`{target}` has no such heading; it has {}", anchors(file).join(", "))),
        (Some(_), None) => None,
        (None, _) => {
            let folder = if target.is_empty() { String::new() } else { format!("{target}/") };
            let is_folder = tree.files.iter().any(|file| file.path.starts_with(&folder));
            (!is_folder).then(|| format!("there is no file `{target}`"))
        }
    }
}

/// The path from the root to which a link leads.
fn target_path(from: &str, link: &str) -> Option<String> {
    if link.is_empty() {
        return Some(from.to_string());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    if link.starts_with('/') {
        parts.clear();
    }
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// What `#…` may name in a file: headings and explicit ids of a document.
fn anchors(file: &File) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for heading in headings(&file.text) {
        let slug = slug(&heading.text);
        // A repeated heading gets a number.
        let mut unique = slug.clone();
        for number in 1.. {
            if !anchors.contains(&unique) {
                break;
            }
            unique = format!("{slug}-{number}");
        }
        anchors.push(unique);
    }
    let ids = file.text.match_indices(" id=\"").map(|(at, mark)| &file.text[at + mark.len()..]);
    anchors.extend(ids.filter_map(|rest| rest.split_once('"')).map(|(id, _)| id.to_string()));
    anchors
}

/// GitHub's rule: lower case, only letters, digits, `-` and `_`, and a hyphen for each space.
fn slug(heading: &str) -> String {
    let mut shown = heading.to_string();
    // Of a link only the text is shown.
    while let Some(middle) = shown.find("](") {
        let Some(end) = shown[middle..].find(')') else { break };
        shown.replace_range(middle..=middle + end, "");
    }
    let kept = shown.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_document_has_one_title() {
    expect_none(check_titles(Tree::house()), "Give each document one title:");
}

#[test]
fn links_lead_somewhere() {
    expect_none(check_links(Tree::house()), "Mend the links that lead nowhere:");
}

#[test]
fn missing_and_second_titles_are_found() {
    let tree = Tree::of(&[
        ("a.md", "# A\n\n```sh\n# not a title\n```\n\n## B\n"),
        ("b.md", "## B\n"),
        ("c.md", "# C\n\n~~~\n```\n~~~\n# D\n"),
    ]);
    assert_eq!(places(&check_titles(&tree)), ["b.md:1", "c.md:6"]);
}

#[test]
fn links_that_lead_nowhere_are_found() {
    let text = "# A (b)\n\
        [good](docs/b.md#two-words-1) [good](#a-b) [good](docs) [good](https://x.y/z) ![good](p.png)\n\
        `[example](nowhere)` [good](docs/b.md \"title\") [good](mailto:a@b) [good](docs/b.md#own)\n\
        [bad](docs/c.md)\n[bad](docs/b.md#three)\n[bad](../x)\n<img src=\"q.png\">\n[bad]: r.md\n";
    let b = "# Two words\n\n## `Two` [words](/a.md)!\n\n[good](../a.md) [bad](a.md) <a id=\"own\"></a>\n";
    let tree = Tree::of(&[("a.md", text), ("docs/b.md", b), ("p.png", "")]);
    let expected = ["a.md:4", "a.md:5", "a.md:6", "a.md:7", "a.md:8", "docs/b.md:5"];
    assert_eq!(places(&check_links(&tree)), expected);
}
