//! Text in HTML and XML.

/// A text that stands for itself between two tags and in an attribute with quotes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // No document of the web has them, and XML cannot (XML 1.0 §2.2).
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push('\u{fffd}');
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// The beginning of a text in one line, of up to so many characters.
pub(super) fn beginning(text: &str, characters: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_for_itself() {
        assert_eq!(escape("<a b=\"c\" d='e'>&amp;"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;");
        assert_eq!(escape("a\0b\u{1b}c\nd\te"), "a\u{fffd}b\u{fffd}c\nd\te");
    }

    #[test]
    fn a_long_text_has_a_short_beginning() {
        assert_eq!(beginning("  one\n two  ", 20), "one two");
        assert_eq!(beginning("one two three", 7), "one two…");
        assert_eq!(beginning("日本語です", 3), "日本語…");
    }
}
