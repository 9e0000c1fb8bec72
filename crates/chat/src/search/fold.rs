//! Folding: letters as people mean them (case, diacritics, width), each knowing where in the text it came from.

use std::ops::Range;

use unicode_normalization::char::{compose, decompose_compatible};

/// A text in folded letters. One letter of the text may become none, one or several.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// The folded letters.
    pub(super) letters: Vec<char>,
    /// For each letter, the octets of the text that it came from.
    pub(super) sources: Vec<Range<u32>>,
    /// For each letter, whether it was a capital.
    pub(super) capitals: Vec<bool>,
}

impl Folded {
    /// Folds a text of at most 4 GiB; what lies beyond is left out.
    pub(super) fn new(text: &str) -> Self {
        let mut folded = Folded::default();
        folded.letters.reserve(text.len());
        folded.sources.reserve(text.len());
        folded.capitals.reserve(text.len());
        for (start, letter) in text.char_indices() {
            let end = start + letter.len_utf8();
            let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else { break };
            folded.take(letter, start..end);
        }
        folded
    }

    fn take(&mut self, letter: char, source: Range<u32>) {
        if letter.is_ascii() {
            self.push(letter.to_ascii_lowercase(), source, letter.is_ascii_uppercase());
        } else if let Some(plain) = plain_punctuation(letter) {
            self.push(plain, source, false);
        } else if is_invisible(letter) {
            self.extend_last(source.end);
        } else {
            let capital = letter.is_uppercase();
            decompose_compatible(letter, |part| self.take_part(part, &source, capital));
        }
    }

    /// Takes one code point of a decomposition.
    fn take_part(&mut self, part: char, source: &Range<u32>, capital: bool) {
        if let Some(last) = self.letters.last_mut()
            && joins(*last, part)
            && let Some(joined) = compose(*last, part)
        {
            *last = joined;
            self.extend_last(source.end);
        } else if is_diacritic(part) {
            self.extend_last(source.end);
        } else {
            for lower in part.to_lowercase().filter(|lower| !is_diacritic(*lower)) {
                match spelling(lower) {
                    Some(letters) => {
                        letters.chars().for_each(|letter| self.push(letter, source.clone(), capital));
                    }
                    None => self.push(lower, source.clone(), capital),
                }
            }
        }
    }

    fn push(&mut self, letter: char, source: Range<u32>, capital: bool) {
        self.letters.push(letter);
        self.sources.push(source);
        self.capitals.push(capital);
    }

    /// A mark belongs to the letter before it, so that highlighting does not cut between them.
    fn extend_last(&mut self, end: u32) {
        if let Some(last) = self.sources.last_mut() {
            last.end = end;
        }
    }
}

/// What belongs together again after decomposing: syllables of Hangul, voiced Kana, and the Cyrillic short i, which
/// is a letter of its own to those who read it.
fn joins(last: char, part: char) -> bool {
    match part {
        '\u{1161}'..='\u{1175}' | '\u{11a8}'..='\u{11c2}' | '\u{3099}' | '\u{309a}' => true,
        '\u{0306}' => last == 'и',
        _ => false,
    }
}

/// Marks that people leave out when they type in a hurry. Vowel signs of Indic scripts and Thai are none of them.
fn is_diacritic(letter: char) -> bool {
    matches!(letter,
        '\u{0300}'..='\u{036f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}'
        // Hebrew points, Arabic vowels.
        | '\u{0591}'..='\u{05bd}' | '\u{05bf}'..='\u{05c7}' | '\u{0610}'..='\u{061a}' | '\u{064b}'..='\u{065f}'
        | '\u{0670}')
}

/// What changes how a text looks and not what it says: joiners, selectors, soft hyphens, skin tones, tatweel.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{00ad}' | '\u{0640}' | '\u{200c}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e01ef}')
}

/// Typographic punctuation as a keyboard has it.
fn plain_punctuation(letter: char) -> Option<char> {
    match letter {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{02bc}' => Some('\''),
        '\u{201c}'..='\u{201f}' | '\u{2033}' | '«' | '»' => Some('"'),
        _ => None,
    }
}

/// Letters that Unicode does not decompose, as they are written without them.
fn spelling(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ħ' => "h",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        Folded::new(text).letters.into_iter().collect()
    }

    #[test]
    fn letters_are_folded_as_people_mean_them() {
        for (text, expected) in [
            ("Hello, World", "hello, world"),
            ("Crème Brûlée", "creme brulee"),
            ("cre\u{300}me", "creme"),
            ("STRASSE Straße", "strasse strasse"),
            ("Ærøskøbing Łódź Đà Nẵng", "aeroskobing lodz da nang"),
            ("İstanbul ılık", "istanbul ilik"),
            ("ΟΔΥΣΣΕΎΣ Οδυσσεύς", "οδυσσευσ οδυσσευσ"),
            ("Ёлка Йод и\u{306}од", "елка йод йод"),
            ("Ｆｕｌｌ ｗｉｄｔｈ １２３", "full width 123"),
            ("ﬁne ① ½", "fine 1 1⁄2"),
            ("ｶﾞｷﾞ か\u{3099}", "ガギ が"),
            ("\u{1112}\u{1161}\u{11ab}글", "한글"),
            ("state‐of–the—art −1", "state-of-the-art -1"),
            ("it’s “quoted”", "it's \"quoted\""),
            ("so\u{ad}ft 👍🏽 ❤\u{fe0f}", "soft 👍 ❤"),
            ("שָׁלוֹם مُحَمَّد", "שלום محمد"),
            ("नमस्ते", "नमस्ते"),
        ] {
            assert_eq!(folded(text), expected, "{text}");
        }
    }

    #[test]
    fn each_letter_knows_the_octets_it_came_from() {
        let text = "Ae\u{301}ßか\u{3099}!";
        let folded = Folded::new(text);
        let pieces: Vec<(char, &str)> = folded
            .letters
            .iter()
            .zip(&folded.sources)
            .map(|(letter, source)| (*letter, &text[source.start as usize..source.end as usize]))
            .collect();
        assert_eq!(
            pieces,
            [('a', "A"), ('e', "e\u{301}"), ('s', "ß"), ('s', "ß"), ('が', "か\u{3099}"), ('!', "!")]
        );
        assert_eq!(folded.capitals, [true, false, false, false, false, false]);
    }

    #[test]
    fn folding_a_folded_text_changes_nothing() {
        for text in ["Crème ẞ İ ǅ ﬃ", "ｶﾞ 한글 ÅÅ", "Ω ϐ ς ſ", "x\u{306}и\u{306}"] {
            let once = folded(text);
            assert_eq!(folded(&once), once, "{text}");
        }
    }
}
