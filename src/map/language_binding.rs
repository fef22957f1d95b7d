//! Binding of a language: the texts in several languages that a rule finds in documents.
//!
//! `language` chooses between them. Called by `field_value`, and by `trace` for its steps.

use super::{
    bound_rule::FieldBinding,
    language::LanguageRule,
    path::Path,
    profile::Profile,
    rule::Rule,
    tested_row::test,
    view::{Found, Value, View},
};
use crate::model::{
    document::JsonNode,
    draft::CellOrigin,
    problem::{Code, Problem},
};

/// The maximum number of languages in a message.
const MAX_SHOWN: usize = 8;

impl<S> FieldBinding<'_, S> {
    /// The value in the language of the rule, if there are several. An error is what is found in
    /// the place of the wanted language.
    pub(super) fn in_language<'a, V: View<'a, Source = S>>(
        &self,
        found: Found<'a>,
        view: V,
        has_events: bool,
    ) -> Result<Found<'a>, Found<'a>> {
        let (Some(language), Value::Object(texts)) = (&self.rule.language, found.value) else {
            return Ok(found);
        };
        let wanted = self.wanted_language(view, has_events)?;
        let is_filled = |text: JsonNode<'_>| Value::of(Some(text)).is_filled(self.rule);
        Ok(match language.choose(texts, wanted, is_filled) {
            Some((_, text)) => Found { value: Value::of(Some(text)), at: view.place_of(text) },
            None => Found { value: Value::Missing, at: found.at },
        })
    }

    /// The first filled value of the paths of the wanted language: of the element, or else of its
    /// document. An error is a value that is no text.
    fn wanted_language<'a, V: View<'a, Source = S>>(
        &self,
        view: V,
        has_events: bool,
    ) -> Result<Option<&'a str>, Found<'a>> {
        let views = [Some(view), view.document(has_events)];
        for view in views.into_iter().flatten() {
            for found in self.language.iter().map(|source| view.find(source)) {
                let is_filled = found.value.is_filled_unless(|text| self.rule.is_empty(text));
                if is_filled || found.value.is_misplaced(self.rule) {
                    return found.value.text().map(Some).ok_or(found);
                }
            }
        }
        Ok(None)
    }

    /// The warning of a field without a value, one of whose rules finds texts in other languages
    /// than it takes.
    pub(super) fn other_languages<'a, V: View<'a, Source = S>>(
        &self,
        view: V,
        profile: &Profile,
    ) -> Option<Problem> {
        for binding in self.chain() {
            let Some(language) = &binding.rule.language else { continue };
            let when = binding.when.as_ref();
            if !when.is_none_or(|when| matches!(test(when, view, profile), Ok(true))) {
                continue;
            }
            for found in binding.sources.iter().map(|source| view.find(source)) {
                let Value::Object(texts) = found.value else { continue };
                let chosen = binding.in_language(found, view, profile.checkout_events);
                let has_none = matches!(chosen, Ok(Found { value: Value::Missing, .. }));
                let names = filled_languages(texts, binding.rule);
                if has_none && !names.is_empty() {
                    let wanted = binding.wanted_language(view, profile.checkout_events);
                    let message = message(language, &names, wanted.ok().flatten());
                    return Some(Problem::for_field(
                        Code::LanguageMissing,
                        &binding.field,
                        found.at,
                        message,
                    ));
                }
            }
        }
        None
    }
}

/// The texts in several languages of which a rule took that of a cell, if it did.
pub(super) fn texts_around<'a>(rule: &Rule, at: CellOrigin<'a>) -> Option<JsonNode<'a>> {
    let (Some(_), CellOrigin::Node(_, taken)) = (&rule.language, at) else { return None };
    let texts = taken.parent()?;
    let paths: Vec<_> = rule.paths.iter().map(|path| Path::new(path)).collect();
    let mut above = std::iter::successors(texts.parent(), |above| above.parent());
    let is_read = |above: JsonNode<'_>| paths.iter().any(|path| path.leads_to(above, texts));
    above.any(is_read).then_some(texts)
}

/// Which of several languages the text of a cell is in, for a person.
pub(super) fn language_step(texts: JsonNode<'_>, at: CellOrigin<'_>) -> String {
    let is_taken = |text: JsonNode<'_>| at.index() == Some(text.index());
    let (mut taken, mut others) = ("", Vec::new());
    for (name, text) in texts.members() {
        if is_taken(text) { taken = name } else { others.push(name) }
    }
    match quoted(others.into_iter()) {
        others if others.is_empty() => format!("in {taken:?}"),
        others => format!("in {taken:?}, not in {others}"),
    }
}

/// The languages of the filled texts.
fn filled_languages<'a>(texts: JsonNode<'a>, rule: &Rule) -> Vec<&'a str> {
    let is_filled = |text: JsonNode<'_>| Value::of(Some(text)).is_filled(rule);
    texts.members().filter(|(_, text)| is_filled(*text)).map(|(name, _)| name).collect()
}

fn message(language: &LanguageRule, found: &[&str], wanted: Option<&str>) -> String {
    let (found, expected) = (quoted(found.iter().copied()), quoted(language.languages(wanted)));
    if expected.is_empty() {
        let paths = language.paths.join(", ");
        format!("texts in {found}, but {paths} names no language, and there is no fallback")
    } else {
        format!("texts in {found}, expected one in {expected}")
    }
}

fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.take(MAX_SHOWN).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}
