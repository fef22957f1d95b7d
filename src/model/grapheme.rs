//! Graphemes: what readers see as one character may be several code points.
//!
//! The most frequent rules of Unicode's UAX #29: combining marks, emoji and flags. Called by `map`,
//! which cuts texts.

use unicode_normalization::char::is_combining_mark;

const ZERO_WIDTH_JOINER: char = '\u{200d}';

/// The end of what readers see as one character, at or before `end`: an accent stays with its
/// letter, and an emoji with what modifies it. `end` itself if the whole text is one.
#[must_use]
pub fn grapheme_end(text: &str, end: usize) -> usize {
    let is_end = |at: &usize| {
        let (before, after) = text.split_at(*at);
        let (last, next) = (before.chars().next_back(), after.chars().next());
        last != Some(ZERO_WIDTH_JOINER)
            && !next.is_some_and(extends_character)
            && !(next.is_some_and(is_flag_letter) && ends_within_flag(before))
    };
    let ends = text[..end].char_indices().rev().map(|(at, _)| at).filter(|at| *at > 0);
    std::iter::once(end).chain(ends).find(is_end).unwrap_or(end)
}

/// Whether a code point belongs to the character before it.
fn extends_character(c: char) -> bool {
    let is_skin_tone = ('\u{1f3fb}'..='\u{1f3ff}').contains(&c);
    let is_tag = ('\u{e0020}'..='\u{e007f}').contains(&c);
    c == ZERO_WIDTH_JOINER || is_skin_tone || is_tag || is_combining_mark(c)
}

/// Whether two of these code points are a flag, the code of a country.
fn is_flag_letter(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

fn ends_within_flag(text: &str) -> bool {
    text.chars().rev().take_while(|c| is_flag_letter(*c)).count() % 2 == 1
}
