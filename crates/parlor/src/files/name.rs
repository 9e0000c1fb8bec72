//! What a file is called: cleaned of what could mislead a person, a path or a header.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::kind::Kind;

/// Characters of a name, its ending included.
pub(crate) const NAME: usize = 100;
/// What is encoded in an address and in a header (RFC 8187 §3.2.1).
const IN_ADDRESS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Characters of an ending; what is longer is no ending.
const ENDING: usize = 16;
/// What a name is that has nothing left.
const NAMELESS: &str = "file";
/// What the name of something unknown ends in.
const UNKNOWN: &str = "bin";

/// A name that is safe to be shown, written into a header and saved under; of what the octets were found to be, it has the
/// ending.
pub(crate) fn cleaned(name: &str, kind: Option<&Kind>) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let harmless = last.chars().filter(|letter| !is_hidden(*letter)).map(|letter| match letter {
        // Systems keep these to themselves.
        '"' | '<' | '>' | ':' | '|' | '?' | '*' => '_',
        letter if letter.is_whitespace() => ' ',
        letter => letter,
    });
    let name: String = harmless.collect();
    let is_edge = |letter: char| letter == '.' || letter.is_whitespace();
    let name = name.trim_matches(is_edge);
    let is_ending = |ending: &str| {
        (1..=ENDING).contains(&ending.len()) && ending.bytes().all(|octet| octet.is_ascii_alphanumeric())
    };
    let split = name.rsplit_once('.').filter(|(_, ending)| is_ending(ending));
    let (stem, ending) = match (split, kind) {
        (Some((stem, ending)), Some(kind)) if kind.ends_in(ending) => (stem, ending),
        (Some((stem, ending)), None) => (stem, ending),
        (_, kind) => (name, kind.map_or(UNKNOWN, |kind| kind.endings[0])),
    };
    let stem: String = stem.chars().take(NAME - 1 - ending.len()).collect();
    let stem = stem.trim_matches(is_edge);
    format!("{}.{ending}", if stem.is_empty() { NAMELESS } else { stem })
}

/// Whether a character is not seen, or changes how others are.
fn is_hidden(letter: char) -> bool {
    let is_mark = matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}');
    let is_direction = matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    letter.is_control() || is_mark || is_direction
}

/// A name as it stands in an address and in a header (RFC 8187): letters, digits, `-`, `.`, `_`, `~`, and octets as `%41`.
pub(crate) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, IN_ADDRESS).to_string()
}

/// The octets that an encoded name stands for.
pub(crate) fn decoded(encoded: &str) -> Vec<u8> {
    percent_decode_str(encoded).collect()
}

#[cfg(test)]
mod tests {
    use super::super::kind::kind_of;
    use super::*;

    #[test]
    fn a_name_is_cleaned_of_what_could_mislead() {
        for (name, expected) in [
            ("photo.png", "photo.png"),
            ("Grüße aus Köln.pdf", "Grüße aus Köln.pdf"),
            ("", "file.bin"),
            ("noending", "noending.bin"),
            ("..", "file.bin"),
            ("../../etc/passwd", "passwd.bin"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("/", "file.bin"),
            (".htaccess", "htaccess.bin"),
            ("a\r\nSet-Cookie: parlor=x.txt", "aSet-Cookie_ parlor=x.txt"),
            ("in\u{202e}gnp.exe", "ingnp.exe"),
            ("zero\u{200b}width\u{feff}.txt", "zerowidth.txt"),
            ("nul\0l.txt", "null.txt"),
            ("\"quoted\".txt", "_quoted_.txt"),
            ("what?*.txt", "what__.txt"),
            ("trailing. . ", "trailing.bin"),
            ("tab\tand\u{a0}space.txt", "taband space.txt"),
            ("archive.tar.gz", "archive.tar.gz"),
            ("a.this ending is none", "a.this ending is none.bin"),
            (".png", "png.bin"),
        ] {
            assert_eq!(cleaned(name, None), expected, "{name:?}");
        }
    }

    #[test]
    fn what_is_shown_in_a_page_ends_in_what_it_is() {
        let png = kind_of("image/png", b"\x89PNG\r\n\x1a\n");
        assert!(png.is_some());
        for (name, expected) in [
            ("a.png", "a.png"),
            ("a.PNG", "a.PNG"),
            ("a.exe", "a.exe.png"),
            ("a.html", "a.html.png"),
            ("a", "a.png"),
            ("", "file.png"),
        ] {
            assert_eq!(cleaned(name, png), expected, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_keeps_its_ending() {
        for (name, ending) in [("x".repeat(500) + ".pdf", "pdf"), ("é".repeat(500), "bin")] {
            let name = cleaned(&name, None);
            assert_eq!(name.chars().count(), NAME);
            assert!(name.ends_with(&format!(".{ending}")), "{name}");
        }
    }

    #[test]
    fn an_address_has_nothing_in_it_that_means_something_elsewhere() {
        for name in ["a b.png", "é(1)[2].png", "\"<'>\".txt", "100%.txt", "a+b&c=d;e,f.txt", "日本.txt"] {
            let encoded = encoded(name);
            let is_plain = |octet: u8| {
                octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'%')
            };
            assert!(encoded.bytes().all(is_plain), "{encoded}");
            assert_eq!(decoded(&encoded), name.as_bytes());
        }
        for (text, octets) in
            [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%+1", "%+1"), ("a%41", "aA"), ("%2e%2E", "..")]
        {
            assert_eq!(decoded(text), octets.as_bytes(), "{text}");
        }
    }
}
