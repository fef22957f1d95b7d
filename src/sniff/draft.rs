//! Draft of a profile: its sections and keys, each with how certain its value is.
//!
//! Knows no export. Made by `drafting`; `cli` answers its questions and writes its text.

use std::fmt::Write;

use crate::model::{folded::folded, printable::printable};

/// A profile that is not finished.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileDraft {
    /// What is said above all keys.
    pub(super) heading: Vec<String>,
    pub(super) sections: Vec<DraftSection>,
}

/// The keys below a header such as `[order]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DraftSection {
    /// As in the file; empty for the keys of the file itself.
    pub(super) header: String,
    /// The path of its keys.
    path: String,
    pub(super) entries: Vec<DraftEntry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DraftEntry {
    key: String,
    /// As in the file, of TOML.
    value: String,
    certainty: Certainty,
    /// Why it has this value.
    note: String,
}

/// How certain a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Certainty {
    /// The bytes of the export show it.
    Sure,
    /// A name, or what is likely, says it.
    Guessed,
    /// Only a person can know it.
    Open(Vec<Choice>),
    /// A person said it.
    Answered,
}

/// What a person may answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it means.
    pub meaning: String,
    /// The answer, as a value of TOML.
    pub answer: String,
}

/// An open question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The key, as `--answer` names it.
    pub key: String,
    /// What is asked.
    pub text: String,
    /// Answers to choose from; others are possible.
    pub choices: Vec<Choice>,
    at: (usize, usize),
}

/// How many values are how certain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Certainties {
    /// Values that the bytes of the export show.
    pub n_sure: usize,
    /// Values that are guessed.
    pub n_guessed: usize,
    /// Values that only a person can know.
    pub n_open: usize,
}

/// What stands for an answer that is missing.
const QUESTION: &str = "\"?\"";

impl DraftSection {
    pub(super) fn new(header: &str) -> Self {
        Self::of_list(header, header.trim_matches(['[', ']']))
    }

    /// A section of a list of tables, whose keys have this path.
    pub(super) fn of_list(header: &str, path: &str) -> Self {
        Self { header: header.to_owned(), path: path.to_owned(), entries: Vec::new() }
    }

    /// A value that the bytes of the export show.
    pub(super) fn sure(&mut self, key: &str, value: impl Into<String>, note: impl Into<String>) {
        self.add(key, value.into(), Certainty::Sure, note.into());
    }

    /// A value that a name says, or that is likely.
    pub(super) fn guess(&mut self, key: &str, value: impl Into<String>, note: impl Into<String>) {
        self.add(key, value.into(), Certainty::Guessed, note.into());
    }

    /// A value that is sure or guessed.
    pub(super) fn found(
        &mut self,
        is_sure: bool,
        key: &str,
        value: impl Into<String>,
        note: impl Into<String>,
    ) {
        let certainty = if is_sure { Certainty::Sure } else { Certainty::Guessed };
        self.add(key, value.into(), certainty, note.into());
    }

    /// A question in place of a value, or of `"?"` in it.
    pub(super) fn ask(
        &mut self,
        key: &str,
        value: impl Into<String>,
        text: impl Into<String>,
        choices: Vec<Choice>,
    ) {
        self.add(key, value.into(), Certainty::Open(choices), text.into());
    }

    /// The path of a key, as `--answer` names it.
    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn add(&mut self, key: &str, value: String, certainty: Certainty, note: String) {
        self.entries.push(DraftEntry { key: key.to_owned(), value, certainty, note });
    }
}

impl ProfileDraft {
    /// The open questions, in the order of the file.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        for (section_index, section) in self.sections.iter().enumerate() {
            for (index, entry) in section.entries.iter().enumerate() {
                if let Certainty::Open(choices) = &entry.certainty {
                    questions.push(Question {
                        key: section.path_of(&entry.open_key()),
                        text: entry.note.clone(),
                        choices: choices.clone(),
                        at: (section_index, index),
                    });
                }
            }
        }
        questions
    }

    /// Answers a question with a value of TOML.
    pub fn answer(&mut self, question: &Question, value: &str) {
        let (section, index) = question.at;
        let entry = self.sections.get_mut(section).and_then(|found| found.entries.get_mut(index));
        if let Some(entry) = entry {
            entry.value = entry.value.replacen(QUESTION, value, 1);
            entry.certainty = Certainty::Answered;
        }
    }

    /// How many values are how certain.
    #[must_use]
    pub fn certainties(&self) -> Certainties {
        let mut counts = Certainties::default();
        for entry in self.sections.iter().flat_map(|section| &section.entries) {
            match entry.certainty {
                Certainty::Sure | Certainty::Answered => counts.n_sure += 1,
                Certainty::Guessed => counts.n_guessed += 1,
                Certainty::Open(_) => counts.n_open += 1,
            }
        }
        counts
    }

    /// The profile as the text of a file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.heading {
            comment(&mut text, line);
        }
        for section in self.sections.iter().filter(|section| !section.entries.is_empty()) {
            text.push('\n');
            if !section.header.is_empty() {
                text.push_str(&section.header);
                text.push('\n');
            }
            for entry in &section.entries {
                entry.write(&mut text);
            }
        }
        text
    }
}

/// Columns of a line with a comment behind its value.
const MAX_COLUMNS: usize = 100;

impl DraftEntry {
    /// The key of the open question, which may be within the value: `{ value = "?" }`.
    fn open_key(&self) -> String {
        let within = self.value.find(QUESTION).and_then(|at| self.value[..at].strip_suffix(" = "));
        let name = within.map(|before| before.rsplit([' ', '{', ',']).next().unwrap_or_default());
        name.map_or_else(|| self.key.clone(), |name| format!("{}.{name}", self.key))
    }

    fn write(&self, text: &mut String) {
        let note = match (&self.certainty, self.note.as_str()) {
            (Certainty::Sure | Certainty::Answered, "") => String::new(),
            (Certainty::Sure, note) => format!("sure: {note}"),
            (Certainty::Guessed, "") => "guessed".to_owned(),
            (Certainty::Guessed, note) => format!("guessed: {note}"),
            (Certainty::Open(choices), note) => with_choices(note, choices),
            (Certainty::Answered, note) => format!("answered: {note}"),
        };
        let note = on_one_line(&note);
        let line = format!("{} = {}", self.key, self.value);
        if note.is_empty() {
            let _ = writeln!(text, "{line}");
        } else if line.chars().count() + note.chars().count() + 4 <= MAX_COLUMNS {
            let _ = writeln!(text, "{line}    # {note}");
        } else {
            comment(text, &note);
            let _ = writeln!(text, "{line}");
        }
    }
}

/// A question with the answers to choose from.
fn with_choices(question: &str, choices: &[Choice]) -> String {
    let shown = choices.iter().map(|Choice { meaning, answer }| {
        // A name such as Europe/Berlin, or a reason, says what it means.
        if answer.contains(meaning.as_str()) {
            answer.clone()
        } else {
            format!("{answer} ({meaning})")
        }
    });
    let shown: Vec<_> = shown.collect();
    if shown.is_empty() { question.to_owned() } else { format!("{question} {}", shown.join(", ")) }
}

/// Writes a comment, folded. Texts of the export may have line breaks and control characters.
fn comment(text: &mut String, line: &str) {
    let _ = writeln!(text, "{}", folded(&on_one_line(line), MAX_COLUMNS, "# ", "# "));
}

fn on_one_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text as a value of TOML.
// A basic string on one line, so that it may be a key too: the escapes of JSON are those of TOML,
// but for DEL.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Texts as a list of TOML.
pub(super) fn list(texts: &[&str]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> ProfileDraft {
        let mut file = DraftSection::new("");
        file.sure("delimiter", quoted(";"), "412 of 412 rows have 9 cells");
        let mut order = DraftSection::new("[order]");
        order.guess("price", "{ column = \"Gesamt\" }", "by its name");
        let choice =
            Choice { meaning: "of Germany".to_owned(), answer: "\"Europe/Berlin\"".to_owned() };
        order.ask("currencyCode", "{ value = \"?\" }", "in which currency?", Vec::new());
        order.ask("zone", "\"?\"", "in which time zone are the dates?", vec![choice]);
        ProfileDraft { heading: vec!["A profile.".to_owned()], sections: vec![file, order] }
    }

    #[test]
    fn text_says_how_certain_each_value_is() {
        insta::assert_snapshot!(draft().text(), @r##"
        # A profile.

        delimiter = ";"    # sure: 412 of 412 rows have 9 cells

        [order]
        price = { column = "Gesamt" }    # guessed: by its name
        currencyCode = { value = "?" }    # in which currency?
        zone = "?"    # in which time zone are the dates? "Europe/Berlin" (of Germany)
        "##);
    }

    #[test]
    fn answers_take_the_place_of_questions() {
        let mut draft = draft();
        let questions = draft.questions();
        let keys: Vec<_> = questions.iter().map(|question| question.key.as_str()).collect();
        assert_eq!(keys, ["order.currencyCode.value", "order.zone"]);
        assert_eq!(draft.certainties(), Certainties { n_sure: 1, n_guessed: 1, n_open: 2 });
        draft.answer(&questions[1], "\"Europe/Berlin\"");
        assert_eq!(draft.questions().len(), 1);
        assert!(draft.text().contains("zone = \"Europe/Berlin\"    # answered: in which"));
    }
}
