//! Hint for a lost row: what to do about a row whose order is not known.
//!
//! Most such rows are footers or comments, which the profile can name; some show that the whole
//! file is in another form than the profile or its name says. Called by `pass`.

use super::wrapped_orders::{ReadMembers, wrappers};
use crate::{
    map::{
        HALF_ORDER, NO_ORDER, NOTHING_LEFT, PLACEHOLDER_ORDER, REFUND_WITHOUT_KEY, UNTESTED_REFUND,
        UNTESTED_WITHOUT_KEY, profile::Profile,
    },
    model::{
        conversion::conversion,
        document_path::{DocumentPath, documents_hint},
        draft::{KeyedRow, RowKind},
        encoding_hint::encoding_hint,
        row::{RowContent, RowDamage, Unreadable},
    },
    read::{Block, FileFormat},
};

/// What to do about a row without a key that has cells of an item.
pub(super) const ITEM_WITHOUT_KEY: &str = "give the row the key of its order, which would go without the item; rows that belong to no \
     order are named in ignore_rows of the profile";

const ITEM_WITHOUT_PARENT: &str = "the profile takes the document as an item or a refund: give it \
     the id of its order, as parent reads it; if it is the order, let item_rows take items only, \
     and rows of [refunds] refunds";

const ACCEPT: &str = "or set unreadable_rows = \"accept\" to leave such rows out (exit code 1)";

/// The first line has shown that each line is a document.
const SEVERAL_LINES: &str = "fix the row; if documents are over several lines, or several are on \
     one, set documents = \".\" in the profile";

const QUOTES: &str = "fix the row, or set quote = \"none\" in the profile if quotes are data";

/// Begins each document of a JSON text sequence (RFC 7464).
const RECORD_SEPARATOR: char = '\u{1e}';

const ESCAPED: &str =
    "set escape = \"\\\\\" in the profile if a quote within a cell is written \\\"";

/// It has no meaning outside quotes, where some programs write it all the same.
const ESCAPE_IS_SET: &str = "write the cell within quotes, as \"…\": escape of the profile counts \
     only there; or remove escape if its character is data";

/// The hint for a lost row of a block; `file` is its name as messages show it.
pub(super) fn lost_row_hint(
    row: &KeyedRow<'_>,
    block: &Block,
    (file, format): (&str, FileFormat),
    profile: &Profile,
) -> String {
    let raw = String::from_utf8_lossy(block.row(&row.row.origin));
    let raw = raw.trim_end_matches(['\r', '\n']);
    if let RowContent::Unreadable(unreadable) = &row.row.content
        && let Some(hint) = encoding_hint(&unreadable.reason)
    {
        return hint;
    }
    match (&row.kind, &row.row.content, format) {
        (RowKind::WithoutKey { has_item: true, .. }, RowContent::Document(_), _)
            if profile.parent.is_some() =>
        {
            ITEM_WITHOUT_PARENT.to_owned()
        }
        (RowKind::WithoutKey { has_item: true, .. }, ..) => ITEM_WITHOUT_KEY.to_owned(),
        (_, RowContent::Unreadable(unreadable), FileFormat::Csv) => {
            csv_hint(unreadable, raw, profile.files.csv_syntax.escape)
        }
        (_, RowContent::Unreadable(unreadable), FileFormat::Ndjson) => {
            line_hint(unreadable.damage, row.row.origin.line, raw, file)
        }
        (_, RowContent::Unreadable(_), FileFormat::JsonValues) => {
            wrapper_hint(raw, profile).unwrap_or_else(|| format!("fix the document, {ACCEPT}"))
        }
        (RowKind::WithoutKey { .. }, RowContent::Document(_), _) => {
            wrapper_hint(raw, profile).unwrap_or_else(|| ignore_hint(None))
        }
        (RowKind::LostRefund { reason }, _, format) => {
            refund_hint(reason, format == FileFormat::Csv).unwrap_or_else(|| ignore_hint(None))
        }
        (RowKind::Unreadable { .. }, RowContent::Record(_), _) => QUOTES.to_owned(),
        _ => ignore_hint(None),
    }
}

/// The hint for a readable row that may refund any order, for this reason. `is_csv`: whether it is
/// of a CSV file.
pub(super) fn refund_hint(reason: &str, is_csv: bool) -> Option<String> {
    let hint = match reason {
        NO_ORDER | HALF_ORDER => {
            let name = if is_csv { "column" } else { "path" };
            return Some(format!(
                "let rows under [refunds] tell which rows are refunds, by a value that only they have: \
                 rows = {{ {name} = \"…\", empty = false }}; or let order read the whole key of an order"
            ));
        }
        NOTHING_LEFT => {
            "let the value count as empty where it stands for no order: empty = [\"#\"], with the \
             text of the cell, in the rule of order under [refunds]"
        }
        REFUND_WITHOUT_KEY => {
            "give the refund the key of its order, or leave refunds out with mode = \"leave_out\" \
             under [refunds]"
        }
        PLACEHOLDER_ORDER => {
            "let the placeholder be empty: empty = [\"0\"] in the rule of order under [refunds]"
        }
        UNTESTED_WITHOUT_KEY => {
            "name rows that belong to no order, such as a footer, in ignore_rows; or let rows of \
             [refunds] test another column or path"
        }
        UNTESTED_REFUND => {
            "fix the value that rows of [refunds] tests, or let it test another column or path"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// The hint for a row of CSV; `escape` is that of the profile.
fn csv_hint(unreadable: &Unreadable<'_>, raw: &str, escape: Option<u8>) -> String {
    // A quote that is data has taken rows below into its cell.
    if unreadable.damage == RowDamage::Quotes || raw.contains('\n') {
        let hint = match escape {
            Some(escape) if raw.contains(char::from(escape)) => ESCAPE_IS_SET,
            None if raw.contains("\\\"") => ESCAPED,
            _ => QUOTES,
        };
        return hint.to_owned();
    }
    match unreadable.salvaged.as_deref() {
        // A line of text; a row of several cells may be a damaged one.
        Some(RowContent::Record(record)) if record.n_cells() == 1 => ignore_hint(Some(raw)),
        _ => ignore_hint(None),
    }
}

/// The hint for a line of NDJSON.
fn line_hint(damage: RowDamage, line: u64, whole: &str, file: &str) -> String {
    let raw = whole.trim_ascii();
    match damage {
        _ if raw.starts_with(RECORD_SEPARATOR) => {
            let command = conversion("tr -d '\\036'", file);
            format!("the lines begin with record separators (RFC 7464): {command}")
        }
        _ if line == 1 && raw.contains([',', ';', '\t']) && is_text(raw) => {
            "the first line is the header of CSV, or no document; give a CSV file a name that ends \
             in .csv, or set format = \"csv\" in the profile"
                .to_owned()
        }
        RowDamage::CutOff if raw.ends_with(['{', '[', ',']) => SEVERAL_LINES.to_owned(),
        RowDamage::TextAfter if raw.ends_with("},") => {
            let command = conversion("sed 's/},$/}/'", file);
            format!("a line ends with its document, without a comma: {command}")
        }
        RowDamage::TextAfter => SEVERAL_LINES.to_owned(),
        _ if raw.starts_with('{') => format!("fix the row, {ACCEPT}"),
        _ => ignore_hint(Some(whole)),
    }
}

/// The hint for a document that probably has the orders within it.
fn wrapper_hint(raw: &str, profile: &Profile) -> Option<String> {
    let members = ReadMembers {
        is_read: &|name| profile.reads_member(name),
        is_key: &|name| profile.may_be_key(name),
    };
    let names = wrappers(raw, &members);
    let paths: Vec<_> = names.iter().map(|name| DocumentPath::text_of_member(name, true)).collect();
    (!paths.is_empty()).then(|| documents_hint(&paths))
}

/// Whether a line begins like neither JSON nor a comment.
fn is_text(raw: &str) -> bool {
    raw.starts_with(|first: char| first == '"' || first.is_alphanumeric())
}

/// Recommends `ignore_rows`, for rows with this text.
fn ignore_hint(raw: Option<&str>) -> String {
    let test = match raw {
        Some("null") => "is = \"null\"".to_owned(),
        raw => {
            // The text of a row may be personal data; the mark of a comment is not.
            let mark = raw.and_then(comment_mark).unwrap_or("…");
            format!("starts_with = {mark:?}")
        }
    };
    format!(
        "fix the row; if such rows belong to no order, name them in the profile: ignore_rows = \
         [{{ raw = true, {test} }}]"
    )
}

/// The punctuation that a comment begins with, and the blanks before it.
fn comment_mark(raw: &str) -> Option<&str> {
    let text = raw.trim_start_matches([' ', '\t']);
    let comment = text.trim_start_matches(['#', '/', '*', '-', '=']);
    Some(&raw[..raw.len() - comment.len()]).filter(|_| comment.len() < text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        origin::{FileId, RowOrigin},
        record::{Header, Record, RecordForm},
        row::Row,
    };

    fn hint(raw: &str, damage: RowDamage, format: FileFormat) -> String {
        hint_of_line(3, raw, damage, format)
    }

    fn hint_of_line(line: u64, raw: &str, damage: RowDamage, format: FileFormat) -> String {
        let ends = [u32::try_from(raw.len()).unwrap()];
        let record = Record {
            header: &Header::default(),
            text: raw,
            ends: &ends,
            form: RecordForm::Unquoted,
        };
        let salvaged = (format == FileFormat::Csv).then(|| RowContent::Record(record).into());
        let reason = "damaged".to_owned();
        let content = RowContent::Unreadable(Unreadable {
            reason,
            at: None,
            column_name: None,
            damage,
            salvaged,
        });
        // A line is followed by the rest of the block.
        let is_line = format != FileFormat::JsonValues;
        let own = raw.lines().next().filter(|_| is_line).unwrap_or(raw);
        let length = own.len() as u64;
        let origin = RowOrigin { file: FileId(0), line, column: 1, bytes: 0..length };
        let row = &Row { origin, content };
        let kind = RowKind::Unreadable { key: None, reason: "damaged" };
        let block = Block { line: 3, bytes: raw.into(), ..Block::default() };
        let profile = Profile::built_in("canonical").unwrap();
        lost_row_hint(&KeyedRow { row, kind }, &block, ("my orders.json", format), &profile)
    }

    #[test]
    fn footers_and_comments_are_named() {
        let test = |raw, format| {
            let hint = hint(raw, RowDamage::Other, format);
            hint.split_once("raw = true, ").unwrap().1.to_owned()
        };
        assert_eq!(test("# ann@example.com", FileFormat::Csv), "starts_with = \"#\" }]");
        assert_eq!(test("Ann Smith", FileFormat::Csv), "starts_with = \"…\" }]");
        assert_eq!(test(" \t# note ", FileFormat::Csv), "starts_with = \" \\t#\" }]");
        assert_eq!(test("null", FileFormat::Ndjson), "is = \"null\" }]");
        assert_eq!(test("// exported", FileFormat::Ndjson), "starts_with = \"//\" }]");
    }

    #[test]
    fn other_forms_are_recognised() {
        let line = |raw, damage| hint(raw, damage, FileFormat::Ndjson);
        for raw in ["{\n  \"referenceId\": \"A-1\",\n  \"orderItems\": [{", "{}{}"] {
            let damage = if raw == "{}{}" { RowDamage::TextAfter } else { RowDamage::CutOff };
            assert!(line(raw, damage).contains("set documents = \".\""), "{raw}");
        }
        for (raw, keys) in [
            ("{\"orders\": [\n{", "set documents = \"orders[]\" in"),
            ("{\n  \"my.orders\": [\n    {", "set documents = \"\\\"my.orders\\\"[]\" in"),
            (
                "{\n  \"a\": [\n    {}], \"b\": [{}], \"meta\": {}",
                "set documents = \"a[]\", or documents = \"b[]\" in",
            ),
        ] {
            let hint = hint(raw, RowDamage::Other, FileFormat::JsonValues);
            assert!(hint.contains(keys), "{hint}");
        }
        let cut_off = line("{\"id\": \"A", RowDamage::CutOff);
        assert!(cut_off.starts_with("fix the row, or set unreadable_rows"), "{cut_off}");
        assert!(line("{},", RowDamage::TextAfter).contains("sed 's/},$/}/'"));
        assert!(line("\u{1e}{}", RowDamage::Other).contains("tr -d '\\036'"));
        let header = hint_of_line(1, "id,price", RowDamage::Other, FileFormat::Ndjson);
        assert!(header.contains("format = \"csv\""), "{header}");
        let quotes = hint("a,\"b", RowDamage::Quotes, FileFormat::Csv);
        assert!(quotes.contains("quote = \"none\""), "{quotes}");
        let escaped = hint(r#"a,"b\"c",d"#, RowDamage::Quotes, FileFormat::Csv);
        assert!(escaped.contains(r#"escape = "\\""#), "{escaped}");
        let unreadable = Unreadable {
            reason: "damaged".to_owned(),
            at: None,
            column_name: None,
            damage: RowDamage::Quotes,
            salvaged: None,
        };
        let is_set = csv_hint(&unreadable, r#"a,b\"c,d"#, Some(b'\\'));
        assert!(is_set.starts_with("write the cell within quotes"), "{is_set}");
        assert_eq!(csv_hint(&unreadable, r#"a,"b"c,d"#, Some(b'\\')), QUOTES);
        let too_short = Unreadable { damage: RowDamage::Other, ..unreadable };
        assert_eq!(csv_hint(&too_short, "Total,\"30\nA1,5\"", None), QUOTES);
        assert_eq!(csv_hint(&too_short, "Total,\"30\"", None), ignore_hint(None));
    }
}
