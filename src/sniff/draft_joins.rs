//! Draft of the files beside the export.
//!
//! Called by `drafting`.

use super::{
    draft::{DraftSection, quoted},
    draft_values::rule_keys,
    joins::JoinedFile,
};

/// The section of each joined file.
pub(super) fn join_sections(files: &[JoinedFile]) -> Vec<DraftSection> {
    files.iter().map(join_section).collect()
}

fn join_section(file: &JoinedFile) -> DraftSection {
    let mut section = DraftSection::new("[[join]]");
    section.guess("as", quoted(&file.name), "");
    section.guess("file", quoted(&file.file), "beside the export, or --join NAME=FILE");
    let mut keys = Vec::new();
    if let Some(layout) = &file.layout {
        if layout.dialect.delimiter != b',' && !layout.has_separator_line {
            let delimiter = char::from(layout.dialect.delimiter).to_string();
            keys.push(format!("delimiter = {}", quoted(&delimiter)));
        }
        if layout.n_skipped_lines > 0 {
            keys.push(format!("skip_lines = {}", layout.n_skipped_lines));
        }
    }
    if file.encoding != "utf-8" {
        keys.push(format!("encoding = {}", quoted(&file.encoding)));
    }
    if !keys.is_empty() {
        section.sure("profile", format!("{{ {} }}", keys.join(", ")), "how the file is written");
    }
    let parts = file
        .on
        .iter()
        .map(|(source, to)| format!("{{ {}, to = {} }}", rule_keys(source), quoted(to)));
    let on = format!("[{}]", parts.collect::<Vec<_>>().join(", "));
    let note = format!("{} of {} keys of the sample are in the file", file.n_matched, file.n_keys);
    section.sure("on", on, note);
    if file.has_items {
        section.sure("items", "true", "its rows are the items");
    }
    section
}
