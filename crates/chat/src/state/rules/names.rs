//! What people, rooms and reactions may be called.

use precis_core::profile::PrecisFastInvocation;
use precis_profiles::Nickname;

/// Characters that nobody sees, or that turn the direction of what follows: with them one name looks like another.
///
/// The joiners U+200C and U+200D are not among them: emoji and some scripts need them.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0001}')
}

fn is_visible(c: char) -> bool {
    !c.is_control() && !is_hidden(c) && (c == ' ' || !c.is_whitespace())
}

/// Whether a text of up to this many characters can be a name.
pub(crate) fn is_name(text: &str, most: usize) -> bool {
    let length = text.chars().take(most + 1).count();
    let has_edges = text.starts_with(' ') || text.ends_with(' ');
    length >= 1 && length <= most && !has_edges && text.chars().all(is_visible)
}

/// Whether a name is one as RFC 8266 has nicknames: in its one form, without spaces that are none or too many. Emoji that
/// are joined to one picture are taken, too.
pub(crate) fn is_nickname(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !matches!(c, '\u{200d}' | '\u{fe0f}')).collect();
    let is_joined =
        plain.len() == text.len() || plain.chars().any(|c| c >= '\u{2190}' && !c.is_alphanumeric());
    is_joined && Nickname::enforce(plain.as_str()).is_ok_and(|enforced| enforced == plain)
}

/// Whether a text of up to this many characters can be the line under a name.
pub(crate) fn is_line(text: &str, most: usize) -> bool {
    text.chars().take(most + 1).count() <= most && text.chars().all(is_visible)
}

/// Whether a text of up to this many octets can be a reaction.
pub(crate) fn is_reaction(text: &str, most: usize) -> bool {
    !text.is_empty() && text.len() <= most && text.chars().all(|c| is_visible(c) && c != ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_people_can_see() {
        for name in ["a", "user-123", "Zoë Müller", "李小龍", "👩‍🚀", &"x".repeat(8)] {
            assert!(is_name(name, 10), "{name:?}");
        }
        for name in ["", " ", " a", "a ", "a\u{200b}b", "a\nb", "\u{202e}evil", "a\u{a0}b", &"x".repeat(11)] {
            assert!(!is_name(name, 10), "{name:?}");
        }
        for name in ["a", "Zoë Müller", "李小龍", "👩‍🚀", "❤️", "שלום", "user-1"] {
            assert!(is_nickname(name), "{name:?}");
        }
        for name in ["a  b", "ａｄａ", "e\u{301}", "a\u{200d}b", "a\u{fe0f}", "Ⅳ", "\u{2000}a"] {
            assert!(!is_nickname(name), "{name:?}");
        }
        assert!(is_line("", 5) && is_line(" a b ", 5) && !is_line("a\nb", 5) && !is_line("abcdef", 5));
        assert!(is_reaction("👍🏽", 8) && is_reaction(":+1:", 8));
        assert!(
            !is_reaction("", 8) && !is_reaction("a b", 8) && !is_reaction("\0", 8) && !is_reaction("👍🏽!", 8)
        );
    }
}
