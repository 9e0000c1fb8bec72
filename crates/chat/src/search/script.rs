//! What a letter belongs to: a word, a script without spaces, or what stands between.

use unicode_normalization::char::is_combining_mark;

/// How a letter takes part in searching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Part of a word, which ends where letters of another class begin.
    Word,
    /// Of a script that is written without spaces, or a symbol that says something alone, such as an emoji.
    Dense,
    /// White space, punctuation, controls.
    Between,
}

/// Scripts without spaces between words, Hangul (whose words carry particles at their ends), and symbols.
///
/// Unicode calls the marks and tones of these scripts something else than their letters; here they are one.
const DENSE: [(char, char); 27] = [
    ('\u{0e01}', '\u{0e3a}'),   // Thai
    ('\u{0e40}', '\u{0e4e}'),   // Thai
    ('\u{0e81}', '\u{0ecd}'),   // Lao
    ('\u{0edc}', '\u{0edf}'),   // Lao
    ('\u{0f40}', '\u{0fbc}'),   // Tibetan
    ('\u{1000}', '\u{103f}'),   // Myanmar
    ('\u{1050}', '\u{108f}'),   // Myanmar
    ('\u{1100}', '\u{11ff}'),   // Hangul, in single letters
    ('\u{1780}', '\u{17d3}'),   // Khmer
    ('\u{20a0}', '\u{20cf}'),   // currencies
    ('\u{2190}', '\u{2bff}'),   // arrows, mathematics, technical and other symbols, dingbats
    ('\u{2e80}', '\u{2fdf}'),   // radicals of Han
    ('\u{3005}', '\u{3007}'),   // Han: repetition, closing, zero
    ('\u{3021}', '\u{3029}'),   // Han: numerals
    ('\u{3041}', '\u{309f}'),   // Hiragana
    ('\u{30a1}', '\u{30fa}'),   // Katakana
    ('\u{30fc}', '\u{30ff}'),   // Katakana: the long vowel
    ('\u{3105}', '\u{312f}'),   // Bopomofo
    ('\u{31a0}', '\u{31bf}'),   // Bopomofo
    ('\u{31f0}', '\u{31ff}'),   // Katakana, small letters
    ('\u{3400}', '\u{4dbf}'),   // Han
    ('\u{4e00}', '\u{a4cf}'),   // Han, Yi
    ('\u{a960}', '\u{a97f}'),   // Hangul
    ('\u{ac00}', '\u{d7ff}'),   // Hangul
    ('\u{f900}', '\u{faff}'),   // Han
    ('\u{1b000}', '\u{1b16f}'), // Kana
    ('\u{1f000}', '\u{3ffff}'), // emoji and other symbols, and the Han planes
];

/// The class of a folded letter.
pub(super) fn class(letter: char) -> Class {
    if letter.is_ascii() {
        return if letter.is_ascii_alphanumeric() { Class::Word } else { Class::Between };
    }
    if is_dense(letter) {
        Class::Dense
    } else if letter.is_alphanumeric() || is_combining_mark(letter) {
        Class::Word
    } else {
        Class::Between
    }
}

fn is_dense(letter: char) -> bool {
    let above = DENSE.partition_point(|(first, _)| *first <= letter);
    above > 0 && letter <= DENSE[above - 1].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_has_its_class() {
        for (letters, expected) in [
            ("aZ9éßжΩאع١कि\u{94d}", Class::Word),
            ("字かカー한ไทยກខမ🎉→€☃🇩𠮷々", Class::Dense),
            (" \n\t_-:./@#+!?…—“。、「」・·\u{200b}\u{0}", Class::Between),
        ] {
            for letter in letters.chars() {
                assert_eq!(class(letter), expected, "{letter:?}");
            }
        }
    }

    #[test]
    fn the_table_is_in_order() {
        for pair in DENSE.windows(2) {
            assert!(pair[0].0 <= pair[0].1 && pair[0].1 < pair[1].0, "{pair:?}");
        }
    }
}
