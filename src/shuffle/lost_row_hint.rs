//! Hint for a lost row: what to do about a row whose order is not known.
//!
//! Most such rows are footers or comments, which the profile can name; some show that the whole
//! file is in another form than the profile or its name says. Called by `pass`.

use crate::{
    model::{
        draft::{KeyedRow, RowKind},
        row::{RowContent, Unreadable},
    },
    read::FileFormat,
};

/// What to do about a row without a key that has cells of an item.
pub(super) const ITEM_WITHOUT_KEY: &str =
    "give the row the key of its order, which would go without the item";

const ACCEPT: &str = "or set unreadable_rows = \"accept\" to leave such rows out (exit code 1)";

/// Longest start of a row in a hint, in characters and in words: more could be personal data.
const MAX_CHARS: usize = 24;
const MAX_WORDS: usize = 2;

/// The hint for a lost row. `raw` is the row as it is in the file, `n_lost` the number of lost rows
/// nearby.
pub(super) fn lost_row_hint(
    row: &KeyedRow<'_>,
    raw: &[u8],
    format: FileFormat,
    n_lost: u64,
) -> String {
    let raw = String::from_utf8_lossy(raw.trim_ascii());
    match (&row.kind, &row.row.content, format) {
        (RowKind::WithoutKey { has_item: true, .. }, ..) => ITEM_WITHOUT_KEY.to_owned(),
        (_, RowContent::Unreadable(unreadable), FileFormat::Csv) => csv_hint(unreadable, &raw),
        (_, RowContent::Unreadable(unreadable), FileFormat::Ndjson) => {
            line_hint(unreadable, &raw, n_lost)
        }
        (_, RowContent::Unreadable(_), FileFormat::JsonArray) => {
            format!("fix the element, {ACCEPT}")
        }
        _ => ignore_hint(None),
    }
}

fn csv_hint(unreadable: &Unreadable<'_>, raw: &str) -> String {
    if unreadable.reason.contains("quote") {
        return "fix the row, or set quote = \"none\" in the profile if quotes are data".to_owned();
    }
    match unreadable.salvaged.as_deref() {
        // A line of text; a row of several cells may be a damaged one.
        Some(RowContent::Record(record)) if record.n_cells() == 1 => ignore_hint(Some(raw)),
        _ => ignore_hint(None),
    }
}

fn line_hint(unreadable: &Unreadable<'_>, raw: &str, n_lost: u64) -> String {
    let is_cut = unreadable.reason.contains("EOF while parsing") && n_lost > 1;
    if is_cut || matches!(raw, "{" | "[") {
        return "the file is JSON over several lines, expected one document per line: \
                jq -c . FILE > orders.ndjson"
            .to_owned();
    }
    if raw.contains("}{") || raw.contains("} {") {
        return "write each document on a line of its own: jq -c . FILE > orders.ndjson".to_owned();
    }
    if raw.starts_with('{') { format!("fix the row, {ACCEPT}") } else { ignore_hint(Some(raw)) }
}

/// Recommends `ignore_rows`, for rows with this text.
fn ignore_hint(raw: Option<&str>) -> String {
    let start = raw.and_then(start_of).unwrap_or("…");
    let test = if raw.is_some_and(|raw| raw == start) { "is" } else { "starts_with" };
    // A literal string of TOML, since the row may have double quotes.
    let quote = if start.contains('"') { '\'' } else { '"' };
    format!(
        "fix the row; if such rows belong to no order, name them in the profile: ignore_rows = \
         [{{ raw = true, {test} = {quote}{start}{quote} }}]"
    )
}

/// The first words of a row; none if they may be personal data, or cannot be quoted.
fn start_of(raw: &str) -> Option<&str> {
    let end_of_words = raw.match_indices(' ').map(|(at, _)| at).nth(MAX_WORDS - 1);
    let start = &raw[..end_of_words.unwrap_or(raw.len())];
    let end = start.char_indices().nth(MAX_CHARS).map_or(start.len(), |(at, _)| at);
    let start = &start[..end];
    let is_quotable =
        |character: char| !character.is_control() && !matches!(character, '\'' | '\\');
    (!raw.contains('@') && start.chars().all(is_quotable)).then_some(start)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::model::{
        origin::{FileId, RowOrigin},
        row::{CellLayout, Record, Row},
    };

    fn hint(raw: &str, reason: &str, format: FileFormat, n_lost: u64) -> String {
        let ends = [u32::try_from(raw.len()).unwrap()];
        let record = Record { text: raw, ends: &ends, layout: CellLayout::Unquoted };
        let salvaged = (format == FileFormat::Csv).then(|| RowContent::Record(record).into());
        let content = RowContent::Unreadable(Unreadable { reason: reason.to_owned(), salvaged });
        let origin = RowOrigin { file: FileId(0), line: 3, bytes: 0..9 };
        let row = &Row { origin, content };
        let kind = RowKind::Unreadable { key: None::<Cow<'_, str>>, reason };
        lost_row_hint(&KeyedRow { row, kind }, raw.as_bytes(), format, n_lost)
    }

    #[test]
    fn footers_and_comments_are_named() {
        let csv = |raw| hint(raw, "the row has 1 cell", FileFormat::Csv, 1);
        let test = |hint: String| hint.split_once("raw = true, ").unwrap().1.to_owned();
        assert_eq!(test(csv("Seller ID : shop")), "starts_with = \"Seller ID\" }]");
        assert_eq!(test(csv("\"2 record(s) downloaded\"")), "starts_with = '\"2 record(s)' }]");
        assert_eq!(test(csv("#")), "is = \"#\" }]");
        // An address, and a text that TOML would read otherwise.
        assert_eq!(test(csv("by ann@example.com")), "starts_with = \"…\" }]");
        assert_eq!(test(csv("O'Neil\\x")), "starts_with = \"…\" }]");
        let line = |raw| hint(raw, "no object", FileFormat::Ndjson, 1);
        assert_eq!(test(line("null")), "is = \"null\" }]");
        assert_eq!(test(line("// exported 2026-11-20")), "starts_with = \"// exported\" }]");
    }

    #[test]
    fn other_forms_are_recognised() {
        let lines =
            |raw, n_lost| hint(raw, "EOF while parsing an object", FileFormat::Ndjson, n_lost);
        assert!(lines("{", 1).contains("jq -c ."));
        assert!(lines("{\"id\":", 9).contains("jq -c ."));
        // The only document is cut off.
        assert!(lines("{\"id\":", 1).starts_with("fix the row, or set unreadable_rows"));
        let one_line = hint("{}{}", "trailing characters", FileFormat::Ndjson, 1);
        assert!(one_line.contains("jq -c ."), "{one_line}");
        let quote = hint("a,\"b", "the quote is never closed", FileFormat::Csv, 1);
        assert!(quote.contains("quote = \"none\""), "{quote}");
    }
}
