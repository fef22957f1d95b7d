//! Language (`language` of a rule): which text of an object is taken whose names are languages.
//!
//! `{"de-DE": "Tasse", "en": "Mug"}` is one text in two languages. A language is never guessed: the
//! export says which one is wanted, or the profile which ones are taken. Compiled by `rule`;
//! `language_binding` finds the values in documents.

use super::{
    compared_texts::ensure_trimmed,
    key_errors::{KeyErrors, WHOLE_RULE},
    one_or_many::OneOrMany,
    rule_checks::check_path,
    rule_text::{LanguageText, RuleText},
};
use crate::model::document::JsonNode;

/// The key in messages.
pub(super) const LANGUAGE: &str = "language";

/// The fallback that is any language.
const ANY: &str = "*";

/// The languages of which a rule takes the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LanguageRule {
    /// Where the wanted language is; the first filled path counts.
    pub(super) paths: Vec<String>,
    /// The languages that are taken where the wanted one has no text.
    fallback: Vec<String>,
}

impl LanguageRule {
    /// Compiles the key, or returns all of its errors.
    pub(super) fn new(text: &RuleText) -> Result<Option<Self>, KeyErrors> {
        let Some(LanguageText { path, fallback }) = &text.language else { return Ok(None) };
        let mut errors = KeyErrors::default();
        check_keys(text, &mut errors);
        let texts = |texts: &Option<OneOrMany>| texts.clone().map(OneOrMany::into_vec);
        let (paths, languages) = (texts(path), texts(fallback));
        if paths.is_none() && languages.is_none() {
            errors.add(LANGUAGE, "has no path and no fallback; expected one of them");
        }
        for (key, names) in [("path", &paths), ("fallback", &languages)] {
            if names.as_ref().is_some_and(Vec::is_empty) {
                errors.add_at(&[LANGUAGE, key], "is empty, expected a text or several");
            }
        }
        let (paths, fallback) = (paths.unwrap_or_default(), languages.unwrap_or_default());
        for error in paths.iter().filter_map(|path| check_path(path, false).err()) {
            errors.add_at(&[LANGUAGE, "path"], &error);
        }
        for error in fallback.iter().filter_map(|language| check_language(language).err()) {
            errors.add_at(&[LANGUAGE, "fallback"], &error);
        }
        if fallback.iter().rev().skip(1).any(|language| language == ANY) {
            let error = "has a language behind \"*\", which is any; expected \"*\" at the end";
            errors.add_at(&[LANGUAGE, "fallback"], error);
        }
        errors.ensure_none()?;
        Ok(Some(Self { paths, fallback }))
    }

    /// The text of the first of the languages that has one, with its name in `texts`.
    pub(super) fn choose<'a>(
        &self,
        texts: JsonNode<'a>,
        wanted: Option<&str>,
        is_filled: impl Fn(JsonNode<'_>) -> bool,
    ) -> Option<(&'a str, JsonNode<'a>)> {
        let find = |language: &str| {
            let mut members = texts.members();
            members.find(|(name, text)| is_same_language(language, name) && is_filled(*text))
        };
        self.languages(wanted).flat_map(shorter_forms).find_map(find)
    }

    /// The wanted language, and those that are taken where it has no text.
    pub(super) fn languages<'l>(
        &'l self,
        wanted: Option<&'l str>,
    ) -> impl Iterator<Item = &'l str> {
        // Only the profile can say that any language will do.
        let wanted = wanted.filter(|language| *language != ANY);
        wanted.into_iter().chain(self.fallback.iter().map(String::as_str))
    }
}

/// Adds the errors of keys that have no value of one path.
fn check_keys(text: &RuleText, errors: &mut KeyErrors) {
    if text.path.is_none() && text.has_source() {
        let error = "has a language, but no path of texts in several languages; a cell has one";
        errors.add(WHOLE_RULE, error);
    }
    for (key, is_set) in [("join", text.join.is_some()), ("scale", text.scale.is_some())] {
        if is_set {
            errors.add(key, "is not for a text in several languages; expected no language");
        }
    }
}

fn check_language(language: &str) -> Result<(), String> {
    if language.trim().is_empty() {
        return Err(
            "has an empty text; expected a language such as \"en\", or \"*\" for any".into()
        );
    }
    ensure_trimmed(language)
}

/// A language and its shorter forms: `zh-Hant-TW`, `zh-Hant`, `zh`.
fn shorter_forms(language: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(language), |language| {
        language.rfind(is_hyphen).map(|end| &language[..end])
    })
}

/// Whether a member has the text of a language: `de-DE` is `de_de` too.
fn is_same_language(language: &str, name: &str) -> bool {
    let lower = |c: char| if is_hyphen(c) { '-' } else { c.to_ascii_lowercase() };
    language == ANY || language.chars().map(lower).eq(name.chars().map(lower))
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '_')
}
