//! Draft of a profile for a known format: it extends the built-in one and answers its questions.
//!
//! Called by `drafting`.

use super::{
    draft::{DraftSection, ProfileDraft, quoted},
    draft_file::encoding_key,
    draft_values::choice,
    file_names::{file_name, profile_name},
    survey::{FileLayout, Survey},
};
use crate::map::{
    BuiltInQuestion, KnownFormat, built_in_questions, known_documents, known_header,
    known_joined_header,
};

/// The known format of an export, if it is one.
pub(super) fn known_format(survey: &Survey) -> Option<&'static KnownFormat> {
    match &survey.layout {
        FileLayout::Csv(_) => known_header(column_names(survey)),
        FileLayout::Json(layout) => known_documents(|paths| layout.has_object_with(paths)),
    }
}

/// The join of a known format whose file it is.
pub(super) fn join_of_format(survey: &Survey, format: &KnownFormat) -> Option<&'static str> {
    format.join_of(column_names(survey))
}

/// The known format that joins such a file, which has no orders itself.
pub(super) fn joining_format(survey: &Survey) -> Option<&'static KnownFormat> {
    known_joined_header(&column_names(survey))
}

fn column_names(survey: &Survey) -> impl Iterator<Item = &str> + Clone {
    survey.rows.table.columns.iter().map(super::table::ValueSource::name)
}

/// A profile that extends the built-in one of a format.
pub(super) fn extending_draft(survey: &Survey, format: &KnownFormat) -> ProfileDraft {
    let mut file = DraftSection::new("");
    file.guess("name", quoted(profile_name(&survey.name)), "of the file");
    file.sure("extends", quoted(format.profile), "");
    encoding_key(&mut file, "encoding", &survey.encoding);
    let questions = built_in_questions(format.profile);
    for question in questions.iter().filter(|question| question.is_key) {
        let choices =
            question.examples.iter().map(|example| choice(quoted(example), example.clone()));
        file.ask(&question.key, "\"?\"", question_text(question), choices.collect());
    }
    let heading = vec![
        format!(
            "{} looks like {}, which the built-in profile {} reads: orderferry profiles show {}",
            file_name(&survey.name), format.title, format.profile, format.profile
        ),
        "What is written here adds to it, or takes the place of its rules: orderferry help profile, \
         \"Profiles that extend others\"."
            .to_owned(),
    ];
    ProfileDraft { heading, sections: vec![file] }
}

/// An open question that only the command can answer, with `--answer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandQuestion {
    /// The key, as `--answer` names it.
    pub key: String,
    /// What is asked.
    pub text: String,
    /// The answer, once a person gave one.
    pub answer: Option<String>,
}

/// The questions that a profile which extends the built-in one cannot answer: they are within a
/// list, so that the command has to.
pub(super) fn questions_of_command(format: &KnownFormat) -> Vec<CommandQuestion> {
    let questions = built_in_questions(format.profile).into_iter();
    let of_command = questions.filter(|question| !question.is_key).map(|question| {
        let text = question_text(&question);
        CommandQuestion { key: question.key, text, answer: None }
    });
    of_command.collect()
}

fn question_text(question: &BuiltInQuestion) -> String {
    if question.text.is_empty() { "only you can know it".to_owned() } else { question.text.clone() }
}
