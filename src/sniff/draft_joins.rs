//! Draft of the files beside the export.
//!
//! Called by `drafting`.

use super::{
    draft::{DraftSection, quoted},
    draft_file::{dialect_keys, encoding_key},
    draft_values::rule_keys,
    joins::JoinedFile,
};

/// The section of each joined file.
pub(super) fn join_sections(files: &[JoinedFile]) -> Vec<DraftSection> {
    files.iter().map(join_section).collect()
}

fn join_section(file: &JoinedFile) -> DraftSection {
    let mut section = DraftSection::of_list("[[join]]", &format!("join.{}", file.name));
    section.guess("as", quoted(&file.name), "");
    section.guess("file", quoted(&file.file), "beside the export, or --join NAME=FILE");
    for (key, value, note) in file.layout.iter().flat_map(dialect_keys) {
        section.sure(&format!("profile.{key}"), value, note);
    }
    encoding_key(&mut section, "profile.encoding", &file.encoding);
    let parts = file
        .on
        .iter()
        .map(|(source, to)| format!("{{ {}, to = {} }}", rule_keys(source), quoted(to)));
    let on = format!("[{}]", parts.collect::<Vec<_>>().join(", "));
    let note = format!("{} of {} keys of the sample are in the file", file.n_matched, file.n_keys);
    section.found(file.is_sure, "on", on, note);
    if file.has_items {
        section.guess("items", "true", "an order has several of its rows");
    }
    section
}
