//! Text steps: what a rule does with the text of a filled cell before it is looked up or parsed.
//!
//! In this order: `strip_prefix` and `strip_suffix`, `trim`, `split` with `part`, `pairs` with
//! `key`, `decode`, `upper` or `lower`; then, unless the text counts as empty by now, `pad_left`.
//! Compiled and applied by `rule`.

use std::borrow::Cow;

use super::{
    backslashes::decode_backslashes,
    html::decode_html,
    key_errors::{KeyError, KeyErrors, WHOLE_RULE},
    rule_text::{DecodeText, PadText, RuleText},
    steps::Steps,
    text_pair::TextPair,
    text_part::{SplitText, TextError, TextPart},
};
use crate::model::id_text::{is_invisible, is_placeholder};

/// The text steps of a rule, of which at least one is set.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct TextSteps {
    strip_prefix: Option<String>,
    strip_suffix: Option<String>,
    /// The steps after stripping, which few rules have.
    further: Option<Box<FurtherSteps>>,
}

#[derive(Debug, Clone, PartialEq, Default)]
struct FurtherSteps {
    /// Whether invisible characters around the text are removed, beside the blanks.
    trims: bool,
    part: Option<TextPart>,
    pair: Option<TextPair>,
    decode: Option<DecodeText>,
    case: Option<LetterCase>,
    padding: Option<Padding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LetterCase {
    Upper,
    Lower,
}

/// Characters before a text that is shorter than `length`, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Padding {
    length: usize,
    with: char,
    /// Whether a placeholder for none is not padded, so that it is still one.
    keeps_placeholders: bool,
}

impl TextSteps {
    /// Compiles the steps of a rule; none if it has none. Returns all errors.
    pub(super) fn new(text: &RuleText) -> Result<Option<Self>, KeyErrors> {
        let mut errors = KeyErrors::default();
        let further = FurtherSteps {
            trims: text.trim,
            part: errors.keep(TextPart::new(text)).flatten(),
            pair: errors
                .keep(TextPair::new(text.pairs.as_ref(), text.key.as_deref(), text.decode))
                .flatten(),
            decode: text.decode,
            case: errors.keep(letter_case(text)).flatten(),
            padding: errors.keep(text.pad_left.as_ref().map(Padding::new).transpose()).flatten(),
        };
        errors.ensure_none()?;
        let steps = Self {
            strip_prefix: text.strip_prefix.clone(),
            strip_suffix: text.strip_suffix.clone(),
            further: (further != FurtherSteps::default()).then(|| Box::new(further)),
        };
        Ok((steps != Self::default()).then_some(steps))
    }

    /// The texts that are stripped from the start and from the end of a value.
    pub(super) fn affixes(&self) -> [Option<&str>; 2] {
        [self.strip_prefix.as_deref(), self.strip_suffix.as_deref()]
    }

    /// The texts at which values are cut, each with its key.
    pub(super) fn separators(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let further = self.further.as_deref();
        let part = further.and_then(|further| further.part.as_ref());
        let pair = further.and_then(|further| further.pair.as_ref());
        let of_pairs = pair.into_iter().flat_map(TextPair::separators);
        let of_part = part.into_iter().map(|part| ("split", part.separator()));
        of_part.chain(of_pairs.map(|separator| ("pairs", separator)))
    }

    /// The texts that values are without, each with its key.
    pub(super) fn cut_off(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let [prefix, suffix] = self.affixes();
        let affixes = [("strip_prefix", prefix), ("strip_suffix", suffix)];
        let affixes = affixes.into_iter().filter_map(|(key, text)| Some((key, text?)));
        affixes.chain(self.separators())
    }

    /// A cell as `split` cuts it, if the rule has it and the cell the part.
    pub(super) fn split<'a>(&'a self, text: &'a str) -> Option<SplitText<'a>> {
        let further = self.further.as_ref()?;
        let text = further.trimmed(self.stripped(text), &mut ());
        further.part.as_ref()?.split(text)
    }

    /// Whether values are only stripped.
    pub(super) fn only_strips(&self) -> bool {
        self.further.is_none()
    }

    /// Lets padding hide no placeholder: the `0` of people without a number would be one number.
    pub(super) fn keep_placeholders(&mut self) {
        if let Some(padding) = self.further.as_mut().and_then(|further| further.padding.as_mut()) {
            padding.keeps_placeholders = true;
        }
    }

    /// Whether values are padded, which no number can be.
    pub(super) fn pads(&self) -> bool {
        self.further.as_ref().is_some_and(|further| further.padding.is_some())
    }

    /// The text after all steps but padding; the notes say what each did.
    #[inline]
    pub(super) fn apply<'a>(
        &self,
        text: &'a str,
        steps: &mut impl Steps,
    ) -> Result<Cow<'a, str>, TextError> {
        self.add_strip_steps(text, steps);
        let text = self.stripped(text);
        match &self.further {
            Some(further) => further.apply(text, steps),
            None => Ok(Cow::Borrowed(text)),
        }
    }

    /// Whether they take the value of a key.
    pub(super) fn read_pair(&self) -> bool {
        self.further.as_ref().is_some_and(|further| further.pair.is_some())
    }

    /// A text that does not count as empty, padded to its length.
    pub(super) fn padded<'a>(&self, text: Cow<'a, str>, steps: &mut impl Steps) -> Cow<'a, str> {
        match self.further.as_ref().and_then(|further| further.padding) {
            Some(padding) => padding.pad(text, steps),
            None => text,
        }
    }

    /// The text without what is stripped.
    pub(super) fn stripped<'a>(&self, text: &'a str) -> &'a str {
        let [prefix, suffix] = self.affixes();
        let text = prefix.and_then(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
        suffix.and_then(|suffix| text.strip_suffix(suffix)).unwrap_or(text).trim()
    }

    /// Why no text is this one after all steps, if that is so. `ignores_case` tells whether one in
    /// another case will do.
    pub(super) fn never_yield(&self, text: &str, ignores_case: bool) -> Option<String> {
        if let Some(affix) = self.affix_of(text) {
            return Some(format!("{affix:?} is stripped"));
        }
        let further = self.further.as_ref()?;
        let is_padded = further.padding.is_some();
        if let Some(padding) = further.padding.filter(|padding| padding.lengthens(text)) {
            return Some(format!("pad_left makes {} characters of each text", padding.length));
        }
        let separator = further.part.as_ref().map(TextPart::separator);
        if further.decode.is_none()
            && !is_padded
            && let Some(separator) = separator.filter(|separator| text.contains(separator))
        {
            return Some(format!("no part of a text has {separator:?} after split"));
        }
        let (case, changed) = match further.case? {
            LetterCase::Upper => ("upper", text.to_uppercase()),
            LetterCase::Lower => ("lower", text.to_lowercase()),
        };
        let is_changed = changed != text && !ignores_case && !is_padded;
        is_changed.then(|| format!("texts are as {changed:?} after {case}"))
    }

    /// What is stripped that a text still has. Letters and digits may be there twice.
    fn affix_of(&self, text: &str) -> Option<&str> {
        let [prefix, suffix] = self.affixes();
        let is_mark = |c: Option<char>| c.is_some_and(|c| !c.is_alphanumeric());
        let prefix = prefix.filter(|affix| is_mark(affix.chars().last()));
        let suffix = suffix.filter(|affix| is_mark(affix.chars().next()));
        let prefix = prefix.filter(|affix| text.starts_with(affix));
        prefix.or(suffix.filter(|affix| text.ends_with(affix)))
    }

    /// Whether nothing is left of a text that is stripped and split.
    pub(super) fn leave_nothing(&self, text: &str) -> bool {
        let text = self.stripped(text);
        let part = self.further.as_ref().and_then(|further| further.part.as_ref());
        text.is_empty() || part.is_some_and(|part| part.of(text).is_ok_and(str::is_empty))
    }

    /// Notes what [`stripped`](Self::stripped) removes.
    pub(super) fn add_strip_steps(&self, text: &str, steps: &mut impl Steps) {
        let prefix = self.strip_prefix.iter().filter(|prefix| text.starts_with(*prefix));
        let suffix = self.strip_suffix.iter().filter(|suffix| text.ends_with(*suffix));
        for affix in prefix.chain(suffix) {
            steps.add(|| format!("without {affix:?}"));
        }
    }
}

impl FurtherSteps {
    fn trimmed<'a>(&self, text: &'a str, steps: &mut impl Steps) -> &'a str {
        if !self.trims {
            return text;
        }
        let trimmed = text.trim_matches(is_trimmed);
        if trimmed != text {
            steps.add(|| "without invisible characters around it".to_owned());
        }
        trimmed
    }

    fn apply<'a>(&self, text: &'a str, steps: &mut impl Steps) -> Result<Cow<'a, str>, TextError> {
        let mut text = self.trimmed(text, steps);
        if let Some(part) = &self.part {
            text = part.of(text)?;
            steps.add(|| part.step());
        }
        if let Some(pair) = &self.pair {
            text = pair.of(text)?;
            steps.add(|| pair.step());
        }
        let mut text = Cow::Borrowed(text);
        text = match self.decode {
            Some(DecodeText::Html) => replaced(text, decode_html, "HTML entities decoded", steps),
            Some(DecodeText::Backslash) => {
                replaced(text, decode_backslashes, "backslashes decoded", steps)
            }
            None => text,
        };
        Ok(match self.case {
            Some(LetterCase::Upper) => {
                replaced(text, |text| text.to_uppercase().into(), "in upper case", steps)
            }
            Some(LetterCase::Lower) => {
                replaced(text, |text| text.to_lowercase().into(), "in lower case", steps)
            }
            None => text,
        })
    }
}

/// Whether a character around a text is no part of it. Selectors of variants and tags are: emoji
/// end with them.
fn is_trimmed(c: char) -> bool {
    let is_of_emoji = matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
    c.is_whitespace() || is_invisible(c) && !is_of_emoji
}

/// The text that a step returns, and a note if it is another one.
fn replaced<'a>(
    text: Cow<'a, str>,
    step: impl Fn(&str) -> Cow<'_, str>,
    words: &str,
    steps: &mut impl Steps,
) -> Cow<'a, str> {
    let new = step(&text);
    if new == text {
        return text;
    }
    steps.add(|| words.to_owned());
    Cow::Owned(new.into_owned())
}

fn letter_case(text: &RuleText) -> Result<Option<LetterCase>, KeyError> {
    match (text.upper, text.lower) {
        (true, true) => Err((WHOLE_RULE, "has upper and lower, which exclude each other".into())),
        (true, false) => Ok(Some(LetterCase::Upper)),
        (false, true) => Ok(Some(LetterCase::Lower)),
        (false, false) => Ok(None),
    }
}

impl Padding {
    fn new(text: &PadText) -> Result<Self, KeyError> {
        let mut characters = text.with.chars();
        match (characters.next(), characters.next()) {
            (Some(with), None) => {
                Ok(Self { length: text.length.get().into(), with, keeps_placeholders: false })
            }
            _ => Err(("pad_left", format!("has with = {:?}; expected one character", text.with))),
        }
    }

    /// Whether a text becomes a longer one.
    fn lengthens(self, text: &str) -> bool {
        text.chars().count() < self.length && !(self.keeps_placeholders && is_placeholder(text))
    }

    fn pad<'a>(self, text: Cow<'a, str>, steps: &mut impl Steps) -> Cow<'a, str> {
        let missing = self.length.saturating_sub(text.chars().count());
        if missing == 0 || self.keeps_placeholders && is_placeholder(&text) {
            return text;
        }
        steps.add(|| format!("filled up with {:?} to {} characters", self.with, self.length));
        Cow::Owned((0..missing).map(|_| self.with).chain(text.chars()).collect())
    }
}
