//! The page's files without what only their readers need, so that less of them goes over the network.

/// A module or a stylesheet without its indentation, the comments that have lines to themselves, and what is said for the
/// type checker. Every line stays a line. A text that goes over several lines would change; there is none on the page.
pub(crate) fn slim(source: &str) -> String {
    let mut slim = String::with_capacity(source.len());
    let mut is_inside = false;
    for line in source.lines() {
        let words = line.trim();
        let begins = !is_inside && words.starts_with("/*");
        let ends = words.find("*/");
        if is_inside || begins {
            // What follows a comment in its line is code.
            let rest = ends.map_or("", |at| words[at + 2..].trim_start());
            is_inside = ends.is_none();
            slim.push_str(rest);
        } else if !words.starts_with("//") {
            push_untyped(&mut slim, words);
        }
        slim.push('\n');
    }
    slim
}

/// Adds what is left of a line without the types in it.
fn push_untyped(slim: &mut String, mut line: &str) {
    while let Some((before, rest)) = line.split_once("/** @") {
        let Some((_, after)) = rest.split_once("*/") else { break };
        slim.push_str(before);
        line = after.trim_start();
    }
    slim.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_stays_in_its_line() {
        for (source, left) in [
            ("const a = 1;\n", "const a = 1;\n"),
            ("// Why.\nconst a = 1; // One.\n", "\nconst a = 1; // One.\n"),
            ("  const a = {\n    b,\n  };\n", "const a = {\nb,\n};\n"),
            ("/** @typedef {import('./a.js').A} A */\na();\n", "\na();\n"),
            ("/**\n * @param {A} a\n */\nfunction b(a) {}\n", "\n\n\nfunction b(a) {}\n"),
            ("/** @type {A} */ (a).b();\n", "(a).b();\n"),
            ("a(/** @type {B} */ (b), (/** @type {C} */ c) => c);\n", "a((b), (c) => c);\n"),
            ("a = '/* no comment */';\n", "a = '/* no comment */';\n"),
            ("a = 4\n  / 2;\n", "a = 4\n/ 2;\n"),
            ("/* One. */\n.a {\n  b: c;\n  /* Two,\n     three. */\n}\n", "\n.a {\nb: c;\n\n\n}\n"),
            ("a\n\n\nb", "a\n\n\nb\n"),
        ] {
            assert_eq!(slim(source), left, "{source}");
        }
    }
}
