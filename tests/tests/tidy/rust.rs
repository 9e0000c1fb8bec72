//! Just enough understanding of Rust source: what is code, what is a test, where a block ends.

/// The text with comments, strings and characters blanked out: as long as before, line for line.
pub(crate) fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => find(bytes, at, b"\n").unwrap_or(bytes.len()),
            b'/' if bytes[at..].starts_with(b"/*") => end_of_block_comment(bytes, at),
            b'"' => end_of_string(bytes, at),
            b'\'' => match end_of_char(bytes, at) {
                Some(end) => end,
                None => {
                    at += 1;
                    continue;
                }
            },
            byte if is_word(byte) => {
                // A word is stepped over whole, so that the `r` of `for` starts no raw string.
                let word = at + bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
                match (&bytes[at..word], raw_string_hashes(&bytes[word..])) {
                    (b"r" | b"br" | b"cr", Some(hashes)) => end_of_raw_string(bytes, word, hashes),
                    _ => {
                        at = word;
                        continue;
                    }
                }
            }
            _ => {
                at += 1;
                continue;
            }
        };
        blank(&mut out[at..end]);
        at = end;
    }
    String::from_utf8(out).expect("whole characters are blanked")
}

/// Code (from [`code_only`]) with every item under `#[cfg(test)]` blanked out.
pub(crate) fn without_tests(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    for (start, end) in test_items(code) {
        blank(&mut out[start..end]);
    }
    String::from_utf8(out).expect("whole characters are blanked")
}

/// Where the items under `#[cfg(test)]` start and end, from the attribute on.
pub(crate) fn test_items(code: &str) -> Vec<(usize, usize)> {
    let mut items = Vec::new();
    let mut from = 0;
    while let Some(start) = next_test_attribute(code, from) {
        from = end_of_item(code.as_bytes(), start);
        items.push((start, from));
    }
    items
}

/// The position after the bracket that closes the one at `open`, in code from [`code_only`].
pub(crate) fn end_of_block(code: &[u8], open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code[open..].iter().enumerate() {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return open + offset + 1;
        }
    }
    code.len()
}

/// The line of a position, counted from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count()
}

/// Whether a byte can be part of a name.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn next_test_attribute(code: &str, from: usize) -> Option<usize> {
    let forms = ["#[cfg(test)]", "#[cfg(all(test,", "#[cfg(all(test)"];
    forms.iter().filter_map(|form| code[from..].find(form)).min().map(|offset| from + offset)
}

/// The end of an item that starts with attributes: after its block, or after its semicolon.
fn end_of_item(code: &[u8], start: usize) -> usize {
    let mut at = start;
    while at < code.len() {
        match code[at] {
            b';' => return at + 1,
            b'}' => return at,
            b'(' | b'[' => at = end_of_block(code, at),
            b'{' => {
                let end = end_of_block(code, at);
                let rest = code[end..].trim_ascii_start();
                let is_use_tree = rest.first() == Some(&b';');
                return if is_use_tree { code.len() - rest.len() + 1 } else { end };
            }
            _ => at += 1,
        }
    }
    code.len()
}

fn blank(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    bytes[from..].windows(what.len()).position(|window| window == what).map(|offset| from + offset)
}

fn end_of_block_comment(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start + 2, 1);
    while at < bytes.len() && depth > 0 {
        let step = match &bytes[at..] {
            [b'/', b'*', ..] => 1,
            [b'*', b'/', ..] => -1,
            _ => 0,
        };
        depth += step;
        at += if step == 0 { 1 } else { 2 };
    }
    at
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of a character literal, or nothing if the quote starts a lifetime or a label.
fn end_of_char(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes.get(start + 1) == Some(&b'\\') {
        return find(bytes, start + 3, b"'").map(|quote| quote + 1);
    }
    let rest = std::str::from_utf8(&bytes[start + 1..]).ok()?;
    let width = rest.chars().next()?.len_utf8();
    (bytes.get(start + 1 + width) == Some(&b'\'')).then_some(start + width + 2)
}

fn raw_string_hashes(bytes: &[u8]) -> Option<usize> {
    let hashes = bytes.iter().take_while(|byte| **byte == b'#').count();
    (bytes.get(hashes) == Some(&b'"')).then_some(hashes)
}

fn end_of_raw_string(bytes: &[u8], start: usize, hashes: usize) -> usize {
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    find(bytes, start + hashes + 1, &close).map_or(bytes.len(), |at| at + close.len())
}

#[test]
fn comments_strings_and_characters_are_no_code() {
    let text = "a /* b /* c */ d */ e // f\n\"g\\\"{\" r#\"h\"i\"# '{' '\\'' b'{' 'life for\"é\" 'ü' j";
    let code = code_only(text);
    assert_eq!(code.len(), text.len());
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(words, ["a", "e", "b", "'life", "for", "j"]);
    assert_eq!(line_of(&code, code.find("'life").unwrap()), 2);
}

#[test]
fn items_for_tests_are_left_out() {
    let code =
        "#[cfg(test)]\nuse a::{b};\nfn c() {}\n#[cfg(all(test, unix))]\n#[d]\nmod e { fn f() {} }\nmod g;";
    let words: Vec<String> = without_tests(code).split_whitespace().map(String::from).collect();
    assert_eq!(words, ["fn", "c()", "{}", "mod", "g;"]);
}
