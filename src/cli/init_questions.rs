//! Questions of `init`: what only a person can answer, asked in a terminal, and a preview of the
//! first orders.
//!
//! Called by `init`.

use anyhow::Context;
use dialoguer::{Input as TextPrompt, Select, theme::ColorfulTheme};

use super::{print, profile_files::errors_of};
use crate::{
    model::{printable::printable, text_encoding::TextEncoding},
    sniff::{CommandQuestion, EncodingCandidate, ProfileDraft, Question},
};

/// Asks for the encoding of a file; none if the person does not know it.
pub(super) fn ask_encoding(
    name: &str,
    candidates: &[EncodingCandidate],
) -> anyhow::Result<Option<TextEncoding>> {
    let mut shown: Vec<String> = candidates
        .iter()
        .map(|candidate| format!("{}: {}", candidate.encoding, candidate.words.join(" ")))
        .collect();
    shown.push(LATER.to_owned());
    let chosen = select(&format!("{name}: how do these words read well?"), &shown)?;
    Ok(candidates.get(chosen).map(|candidate| candidate.encoding))
}

/// The answer of a person who does not know.
const LATER: &str = "I do not know yet";

/// The answer of a person who knows another one.
const OTHER: &str = "something else";

/// Asks all open questions of a draft. An answer with which the profile has an error is asked again.
pub(super) fn ask(draft: &mut ProfileDraft) -> anyhow::Result<()> {
    let known = errors_of(&draft.text());
    for question in draft.questions() {
        while let Some(answer) = ask_one(&question)? {
            let mut answered = draft.clone();
            answered.answer(&question, &answer);
            // Another error of the draft is no error of the answer.
            let errors = errors_of(&answered.text());
            if let Some(error) = errors.iter().find(|error| !known.contains(error)) {
                print::status(error);
            } else {
                *draft = answered;
                break;
            }
        }
    }
    Ok(())
}

/// Asks what only the command can answer.
pub(super) fn ask_of_command(questions: &mut [CommandQuestion]) -> anyhow::Result<()> {
    for question in questions {
        let typed = ask_typed(&format!("{} ({})", question.text, question.key))?;
        question.answer = Some(typed).filter(|typed| !typed.is_empty());
    }
    Ok(())
}

fn ask_one(question: &Question) -> anyhow::Result<Option<String>> {
    let prompt = format!("{} ({})", question.text, question.key);
    if question.choices.is_empty() {
        return ask_text(&prompt);
    }
    let mut shown: Vec<&str> =
        question.choices.iter().map(|choice| choice.meaning.as_str()).collect();
    shown.extend([OTHER, LATER]);
    let chosen = select(&prompt, &shown)?;
    match question.choices.get(chosen) {
        Some(choice) => Ok(Some(choice.answer.clone())),
        None if shown[chosen] == OTHER => ask_text(&prompt),
        None => Ok(None),
    }
}

fn select(prompt: &str, items: &[impl std::fmt::Display]) -> anyhow::Result<usize> {
    // Texts of the export do not steer the terminal. No answer is chosen before a person chooses one.
    let items: Vec<_> =
        items.iter().map(|item| printable(&item.to_string()).into_owned()).collect();
    Select::with_theme(&ColorfulTheme::default())
        .with_prompt(printable(prompt))
        .items(&items)
        .interact()
        .context("cannot ask in this terminal; --yes does not ask")
}

/// A text as a value of TOML; none if it is empty.
fn ask_text(prompt: &str) -> anyhow::Result<Option<String>> {
    let typed = ask_typed(prompt)?;
    Ok((!typed.is_empty()).then(|| toml_value(&typed)))
}

fn ask_typed(prompt: &str) -> anyhow::Result<String> {
    let text: String = TextPrompt::with_theme(&ColorfulTheme::default())
        .with_prompt(format!("{} (empty: later)", printable(prompt)))
        .allow_empty(true)
        .interact_text()
        .context("cannot ask in this terminal; --yes does not ask")?;
    Ok(text.trim().to_owned())
}

/// A number or a table as it is typed, anything else as a text.
fn toml_value(typed: &str) -> String {
    let parsed: Option<toml::Table> = toml::from_str(&format!("value = {typed}")).ok();
    let parsed =
        parsed.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    let is_plain = matches!(parsed, Some(toml::Value::Integer(_) | toml::Value::Table(_)));
    if is_plain { typed.to_owned() } else { toml::Value::from(typed).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_answers_become_values_of_toml() {
        for (typed, value) in [
            ("Europe/Berlin", "\"Europe/Berlin\""),
            ("2", "2"),
            ("{ skip = \"open\" }", "{ skip = \"open\" }"),
            ("1\nname = 2", "\"\"\"\n1\nname = 2\"\"\""),
            ("2026-10-01", "\"2026-10-01\""),
        ] {
            assert_eq!(toml_value(typed), value);
        }
    }
}
