//! Drafting: what was found in the files of an export → a draft of their profile.
//!
//! Each value says why it is what it is. Called by `cli`.

use super::{
    built_in::{
        CommandQuestion, extending_draft, join_of_format, joining_format, known_format,
        questions_of_command,
    },
    draft::ProfileDraft,
    draft_file::file_section,
    draft_guest::guest_sections,
    draft_items::{PriceFindings, has_items, item_sections},
    draft_joins::join_sections,
    draft_order::order_sections,
    draft_values::counted,
    file_names::file_name,
    joins::{JoinedFile, join},
    survey::{FileLayout, Survey},
};
use crate::{map::KnownFormat, model::redact::looks_personal};

/// A draft, and what is known of the files that it is for.
#[derive(Debug)]
pub struct DraftedProfile {
    /// The profile.
    pub draft: ProfileDraft,
    /// The format of the export, if a built-in profile reads it.
    pub format: Option<&'static KnownFormat>,
    /// The format that joins such a file as the export is to its orders.
    pub joining_format: Option<&'static KnownFormat>,
    /// The index of each file that holds orders, the first one first.
    pub exports: Vec<usize>,
    /// The index of each joined file, with the name of its join.
    pub joined: Vec<(usize, String)>,
    /// The index of each file that has nothing in common with the others.
    pub unrelated: Vec<usize>,
    /// Whether the export has items.
    pub has_items: bool,
    /// Questions that the profile cannot answer, since their keys are in lists: the command does.
    pub command_questions: Vec<CommandQuestion>,
}

/// Drafts the profile of an export in one file or several.
#[must_use]
pub fn draft_profile(mut surveys: Vec<Survey>) -> DraftedProfile {
    let main = main_file(&surveys);
    let format = surveys.get(main).and_then(known_format);
    let mut order: Vec<usize> = (0..surveys.len()).collect();
    order.retain(|index| *index != main);
    let mut export = surveys.remove(main);
    let (mut exports, mut joined, mut unrelated) = (vec![main], Vec::new(), Vec::new());
    let mut files = Vec::new();
    for (index, side) in order.into_iter().zip(&surveys) {
        if is_same_form(&export, side) {
            exports.push(index);
        } else if let Some(format) = format {
            // Its own profile says which files it joins.
            match join_of_format(side, format) {
                Some(name) => joined.push((index, name.to_owned())),
                None => unrelated.push(index),
            }
        } else if let Some(file) = join(&mut export, side) {
            joined.push((index, file.name.clone()));
            files.push(file);
        } else {
            unrelated.push(index);
        }
    }
    let has_items = format.is_some() || has_items(&export);
    let draft = match format {
        Some(format) => extending_draft(&export, format),
        None => draft_of(&export, &files),
    };
    let mut command_questions = format.map(questions_of_command).unwrap_or_default();
    let is_answered = |key: &str| joined.iter().any(|(_, name)| key == format!("join.{name}.file"));
    command_questions.retain(|question| !is_answered(&question.key));
    let joining_format = joining_format(&export).filter(|_| format.is_none());
    DraftedProfile {
        draft,
        format,
        joining_format,
        exports,
        joined,
        unrelated,
        has_items,
        command_questions,
    }
}

/// The file whose rows are orders: a known format, else the one with the most fields of orders.
fn main_file(surveys: &[Survey]) -> usize {
    let score = |survey: &Survey| {
        let n_items = survey.n_item_fields();
        (known_format(survey).is_some(), survey.n_order_fields(), std::cmp::Reverse(n_items))
    };
    let scored = surveys.iter().enumerate().rev();
    scored.max_by_key(|(_, survey)| score(survey)).map_or(0, |(index, _)| index)
}

/// Whether two files have the same columns, as the parts of one export have.
fn is_same_form(one: &Survey, other: &Survey) -> bool {
    let has_names = |survey: &Survey| match &survey.layout {
        FileLayout::Csv(layout) => layout.has_header,
        FileLayout::Json(_) => true,
    };
    has_names(one) && has_names(other) && one.rows.table.columns == other.rows.table.columns
}

fn draft_of(survey: &Survey, files: &[JoinedFile]) -> ProfileDraft {
    let prices = PriceFindings::of(survey);
    let mut sections = vec![file_section(survey, &prices)];
    let (skips, guest) = guest_sections(survey);
    sections.extend(join_sections(files));
    sections.extend(skips);
    sections.extend(order_sections(survey));
    sections.extend(item_sections(survey, &prices));
    sections.extend(guest);
    ProfileDraft { heading: heading(survey), sections }
}

/// What is said above all keys.
fn heading(survey: &Survey) -> Vec<String> {
    let name = file_name(&survey.name);
    let n_rows = survey.rows.table.rows.len();
    let sample = match &survey.layout {
        FileLayout::Csv(_) => counted(n_rows, "row"),
        FileLayout::Json(_) => counted(n_rows, "document"),
    };
    let mut lines = vec![
        format!("A draft of a profile for {name}, made by orderferry init from {sample}."),
        "Each value is sure (the export shows it), guessed (by a name, or because it is likely), or \
         \"?\", an open question that only you can answer. Check what is guessed: orderferry check \
         EXPORT --explain-first 3 shows how the first orders come to be."
            .to_owned(),
    ];
    if !has_items(survey) {
        lines.push("No items were found: the orders go without them.".to_owned());
    }
    let mut unused: Vec<_> =
        survey.rows.unused().map(|column| survey.rows.source(column).name()).collect();
    // The names of members may be data.
    unused.retain(|name| !looks_personal(name));
    if !unused.is_empty() {
        let shown = unused.iter().take(MAX_UNUSED).copied().collect::<Vec<_>>().join(", ");
        let more = if unused.len() > MAX_UNUSED { ", …" } else { "" };
        lines.push(format!(
            "No rule reads these: {shown}{more}. What marketing needs of them becomes an attribute of \
             the order in [order.ext], such as: channel = {{ column = \"Channel\" }}"
        ));
    }
    lines
}

/// Columns that are listed because nothing reads them.
const MAX_UNUSED: usize = 40;
