//! Analysis: a text becomes units, words with their parts and runs of scripts that know no spaces.
//!
//! Messages and queries go through the same analysis, so what it does not know it does not know on both sides.

use std::ops::Range;

use super::fold::Folded;
use super::script::{Class, class};

/// Parts that one word may have (`parseHttpRequest` has three). A word that would have more, such as a number in
/// hexadecimal or a key, has none: they would fill the index with noise.
pub(super) const PARTS: usize = 8;

/// A text that is analysed.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    folded: Folded,
    units: Vec<Unit>,
    /// Where parts of words start, for all words one after another.
    starts: Vec<usize>,
}

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Found whole, by how it begins, or by its parts.
    Word,
    /// Found by anything that it contains.
    Run,
}

/// A word or a run.
#[derive(Debug, Clone)]
struct Unit {
    kind: Kind,
    /// Its letters.
    letters: Range<usize>,
    /// Its parts after the first, in [`Analysis::starts`].
    starts: Range<usize>,
}

impl Analysis {
    /// Analyses a text.
    pub(super) fn new(text: &str) -> Self {
        let mut analysis = Analysis { folded: Folded::new(text), units: Vec::new(), starts: Vec::new() };
        let mut at = 0;
        while at < analysis.folded.letters.len() {
            let kind = class(analysis.folded.letters[at]);
            let rest = &analysis.folded.letters[at..];
            let length = rest.iter().position(|letter| class(*letter) != kind).unwrap_or(rest.len());
            match kind {
                Class::Word => analysis.push(Kind::Word, at..at + length),
                Class::Dense => analysis.push(Kind::Run, at..at + length),
                Class::Between => {}
            }
            at += length;
        }
        analysis
    }

    fn push(&mut self, kind: Kind, letters: Range<usize>) {
        let first = self.starts.len();
        if kind == Kind::Word {
            let starts =
                part_starts(&self.folded.letters[letters.clone()], &self.folded.capitals[letters.clone()]);
            self.starts.extend(starts.into_iter().map(|start| letters.start + start));
        }
        self.units.push(Unit { kind, letters, starts: first..self.starts.len() });
    }

    /// How many units there are.
    pub(super) fn len(&self) -> usize {
        self.units.len()
    }

    /// How many letters there are, those between units too.
    pub(super) fn letter_count(&self) -> usize {
        self.folded.letters.len()
    }

    /// What a unit is.
    pub(super) fn kind(&self, unit: usize) -> Kind {
        self.units[unit].kind
    }

    /// Where a unit's letters are.
    pub(super) fn range(&self, unit: usize) -> Range<usize> {
        self.units[unit].letters.clone()
    }

    /// A unit's letters.
    pub(super) fn letters(&self, unit: usize) -> &[char] {
        self.slice(self.range(unit))
    }

    /// Any letters.
    pub(super) fn slice(&self, range: Range<usize>) -> &[char] {
        &self.folded.letters[range]
    }

    /// Where a word's parts are. The first is the word's beginning; a word without parts has none at all.
    pub(super) fn parts(&self, unit: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        let unit = &self.units[unit];
        let starts = &self.starts[unit.starts.clone()];
        let first = (!starts.is_empty()).then_some(unit.letters.start);
        let ends = starts.iter().copied().chain([unit.letters.end]);
        first.into_iter().chain(starts.iter().copied()).zip(ends).map(|(start, end)| start..end)
    }

    /// The octets of the text that these letters came from.
    pub(super) fn source(&self, letters: Range<usize>) -> Range<usize> {
        let (Some(first), Some(last)) =
            (self.folded.sources.get(letters.start), self.folded.sources[letters].last())
        else {
            return 0..0;
        };
        first.start as usize..last.end as usize
    }
}

/// Where the parts of a word start, but for the first: `parse|Http|Request`, `HTTP|Server`, `v|1`, `10|ms`.
fn part_starts(letters: &[char], capitals: &[bool]) -> Vec<usize> {
    let is_digit = |at: usize| letters[at].is_numeric();
    let digits: Vec<usize> = (1..letters.len()).filter(|at| is_digit(*at) != is_digit(at - 1)).collect();
    let humps = (1..letters.len()).filter(|&at| {
        let next_is_small = letters.get(at + 1).is_some_and(|_| !capitals[at + 1] && !is_digit(at + 1));
        capitals[at] && (!capitals[at - 1] || next_is_small)
    });
    let mut starts: Vec<usize> = humps.collect();
    // More than one change between letters and digits is a number or a key, not two things written together.
    if let [change] = digits[..] {
        starts.push(change);
    }
    starts.sort_unstable();
    starts.dedup();
    if starts.len() >= PARTS { Vec::new() } else { starts }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units separated by spaces, runs in brackets, parts separated by bars.
    fn shown(text: &str) -> String {
        let analysis = Analysis::new(text);
        let text_of = |range| analysis.slice(range).iter().collect::<String>();
        (0..analysis.len())
            .map(|unit| match analysis.kind(unit) {
                Kind::Run => format!("[{}]", text_of(analysis.range(unit))),
                Kind::Word => {
                    let parts: Vec<String> = analysis.parts(unit).map(text_of).collect();
                    if parts.is_empty() { text_of(analysis.range(unit)) } else { parts.join("|") }
                }
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn texts_become_words_with_parts_and_runs() {
        for (text, expected) in [
            ("Hello, world!", "hello world"),
            ("state-of-the-art", "state of the art"),
            ("snake_case std::mem::swap", "snake case std mem swap"),
            ("parseHttpRequest HTTPServer iPhone", "parse|http|request http|server i|phone"),
            ("XMLHttpRequest2", "xml|http|request|2"),
            ("v1.2.3 utf8 10ms x86_64", "v|1 2 3 utf|8 10|ms x|86 64"),
            ("SHOUTING École ÉCOLE", "shouting ecole ecole"),
            ("deadbeef01ab23 a1b2c3", "deadbeef01ab23 a1b2c3"),
            ("anna@example.com", "anna example com"),
            ("使用Rust编写", "[使用] rust [编写]"),
            ("東京タワー。大阪", "[東京タワー] [大阪]"),
            ("안녕 세계", "[안녕] [세계]"),
            ("สวัสดีครับ", "[สวัสดีครับ]"),
            ("ok 👍🎉 done", "ok [👍🎉] done"),
            ("नमस्ते दुनिया", "नमस्ते दुनिया"),
            ("", ""),
            ("?!", ""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_has_at_most_eight_parts() {
        assert_eq!(shown("AbCdEfGhIjKlMnOp").matches('|').count(), PARTS - 1);
        assert_eq!(shown("AbCdEfGhIjKlMnOpQr"), "abcdefghijklmnopqr");
    }

    #[test]
    fn letters_lead_back_to_the_text() {
        let text = "Die Straße, ja";
        let analysis = Analysis::new(text);
        assert_eq!(&text[analysis.source(analysis.range(1))], "Straße");
    }
}
