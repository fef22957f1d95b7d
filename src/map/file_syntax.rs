//! File syntax: how a profile says that the files of an export, or those beside it, are written.
//!
//! Compiles the keys of a profile that concern files, not rows. Does not read files: `pipeline`
//! passes it on to `read`.

use super::{
    document_paths::document_paths,
    file_keys_text::FileKeysText,
    input_settings::{LastLineEnd, Quote, RaggedRows},
    key_errors::{KeyError, KeyErrors},
};
use crate::model::{
    csv_syntax::CsvSyntax, document_path::DocumentPath, input::InputFormat,
    text_encoding::TextEncoding,
};

/// How the files of an export are written.
#[derive(Debug, Clone)]
pub struct FileSyntax {
    /// The format of the files, if it is always the same.
    pub format: Option<InputFormat>,
    /// Where the values of JSON files have their documents, if the profile declares it.
    pub documents: Option<Vec<DocumentPath>>,
    /// The encoding of their text.
    pub encoding: TextEncoding,
    /// The syntax of CSV files; its delimiter is a comma if none is declared.
    pub csv_syntax: CsvSyntax,
    /// Whether the profile declares the delimiter.
    pub declares_delimiter: bool,
    /// The lines before the header of a CSV file, blank ones included.
    pub skip_lines: usize,
    /// The names of the columns of CSV files that have no header.
    pub header: Option<Vec<String>>,
    /// If rows of a CSV file may have more or fewer empty cells at their end than the header: the
    /// columns of which each row must have a cell.
    pub padded_beside: Option<Vec<String>>,
    /// The columns of CSV files whose blank cells take the value above.
    pub fill_down: Vec<String>,
    /// Whether a file must end with a line break.
    pub last_line_end: LastLineEnd,
}

impl FileSyntax {
    /// Compiles the keys of a file; those with an error have their default.
    pub(super) fn compile(mut text: FileKeysText, errors: &mut KeyErrors) -> Self {
        let of_format = match text.format {
            Some(InputFormat::Csv) => "the profile's format is csv",
            _ => "the profile's format is JSON",
        };
        check_effect(&text, text.format, of_format, errors);
        if text.quote == Quote::None {
            let of_quotes = [("escape", text.escape.is_some()), ("skip_blanks", text.skip_blanks)];
            for (key, _) in of_quotes.into_iter().filter(|(_, is_set)| *is_set) {
                errors.add(key, "without effect: quotes are data (quote = \"none\")");
            }
        }
        let delimiter = errors.keep(delimiter(text.delimiter)).unwrap_or_default();
        let escape = text.escape.as_deref().map(|text| escape(text, delimiter)).transpose();
        let csv_syntax = CsvSyntax {
            delimiter,
            has_quotes: text.quote == Quote::Double,
            escape: errors.keep(escape).flatten(),
            skips_blanks: text.skip_blanks,
            unwraps_cells: text.cells.is_some(),
        };
        Self {
            format: text.format,
            documents: errors.keep(document_paths(text.documents.take())).flatten(),
            encoding: errors.keep(encoding(text.encoding.as_deref())).unwrap_or_default(),
            csv_syntax,
            declares_delimiter: text.delimiter.is_some(),
            skip_lines: text.skip_lines.unwrap_or_default(),
            header: errors.keep_below(&["header"], header(text.header.take())).flatten(),
            padded_beside: (text.ragged_rows == RaggedRows::Pad).then(Vec::new),
            fill_down: errors.keep(fill_down(text.fill_down.take())).unwrap_or_default(),
            last_line_end: text.last_line_end,
        }
    }
}

/// Refuses keys that have no effect on files of the only format that they can be of; `why` says
/// which one that is.
pub(super) fn check_effect(
    text: &FileKeysText,
    format: Option<InputFormat>,
    why: &str,
    errors: &mut KeyErrors,
) {
    let keys = [
        ("delimiter", text.delimiter.is_some(), InputFormat::Csv),
        ("skip_lines", text.skip_lines.is_some(), InputFormat::Csv),
        ("header", text.header.is_some(), InputFormat::Csv),
        ("quote", text.quote == Quote::None, InputFormat::Csv),
        ("escape", text.escape.is_some(), InputFormat::Csv),
        ("skip_blanks", text.skip_blanks, InputFormat::Csv),
        ("cells", text.cells.is_some(), InputFormat::Csv),
        ("fill_down", text.fill_down.is_some(), InputFormat::Csv),
        ("ragged_rows", text.ragged_rows == RaggedRows::Pad, InputFormat::Csv),
        ("documents", text.documents.is_some(), InputFormat::Ndjson),
    ];
    let is_of_other = |of: InputFormat| format.is_some_and(|format| format != of);
    for (key, ..) in keys.into_iter().filter(|(_, is_set, of)| *is_set && is_of_other(*of)) {
        errors.add(key, &format!("without effect: {why}"));
    }
}

fn fill_down(columns: Option<Vec<String>>) -> Result<Vec<String>, KeyError> {
    let Some(columns) = columns else { return Ok(Vec::new()) };
    let error = |message: String| Err(("fill_down", message));
    if columns.is_empty() {
        return error(
            "no name; expected the columns whose blank cells take the value above".into(),
        );
    }
    let mut twice = columns.iter().enumerate();
    match twice.find(|(at, name)| columns[..*at].contains(name)) {
        Some((_, name)) => error(format!("{name:?} is named twice")),
        None => Ok(columns),
    }
}

fn encoding(label: Option<&str>) -> Result<TextEncoding, KeyError> {
    label.map_or(Ok(TextEncoding::Utf8), str::parse).map_err(|error| ("encoding", error))
}

fn header(names: Option<Vec<String>>) -> Result<Option<Vec<String>>, KeyErrors> {
    let Some(names) = names else { return Ok(None) };
    let mut errors = KeyErrors::default();
    if names.is_empty() {
        errors.add("", "no name; expected the names of all columns, in order");
    }
    for (index, name) in names.iter().enumerate() {
        let is_blank = name.trim() != name.as_str() || name.is_empty();
        let error = if is_blank {
            format!("name {name:?} is empty or has blanks around it; expected a name")
        } else if names[..index].contains(name) {
            format!("{name:?} is the name of an earlier column; expected another name")
        } else {
            continue;
        };
        errors.add(&index.to_string(), &error);
    }
    errors.ensure_none()?;
    Ok(Some(names))
}

fn delimiter(delimiter: Option<char>) -> Result<u8, KeyError> {
    let delimiter = delimiter.unwrap_or(',');
    // Quotes and line breaks have a meaning of their own in CSV.
    match u8::try_from(delimiter) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(byte),
        _ => {
            let error = format!(
                "invalid character {delimiter:?}; expected an ASCII character such as ; or \\t"
            );
            Err(("delimiter", error))
        }
    }
}

fn escape(text: &str, delimiter: u8) -> Result<u8, KeyError> {
    let error = match text.as_bytes() {
        [b'"'] => "a quote within a cell is written \"\" without an escape".to_owned(),
        [byte] if *byte == delimiter => format!("{text:?} is the delimiter"),
        [byte] if byte.is_ascii_punctuation() => return Ok(*byte),
        _ => format!(
            "invalid escape {text:?}; expected one ASCII character; a backslash is \"\\\\\" or '\\'"
        ),
    };
    Err(("escape", error))
}

#[cfg(test)]
mod tests {
    use crate::map::profile::Profile;

    fn parse(keys: &str) -> Result<Profile, String> {
        let text = format!("name = 'x'\n{keys}\norder.referenceId = {{ column = 'a' }}");
        Profile::parse("p.toml", &text).map_err(|error| error.to_string())
    }

    #[test]
    fn required_columns_are_not_padded() {
        let text = r#"
name = "x"
ragged_rows = "pad"
key = { column = "k" }
item_rows = { column = "i", is = "a" }
[[skip]]
reason = "r"
when = { any = [{ column = "s", is = "a" }, { column = "t", is = "b" }] }
[order]
referenceId = { column = "r" }
price = { sum = ["p", "q"] }
orderedAt = { column = "o", date = "%F %T", zone = { column = "z" } }
paymentType = [
    { column = "u", when = { not = { column = "w", is = "a" } } },
    { column = "v" },
]
[item]
name = { column = "m", optional = true }
"#;
        let mut padded = Profile::parse("p.toml", text).unwrap().files.padded_beside.unwrap();
        padded.sort();
        assert_eq!(padded, ["i", "k", "o", "p", "q", "r", "s", "t", "w", "z"]);
        assert_eq!(parse("").unwrap().files.padded_beside, None);
        let join = "[[join]]\nas = 'j'\nprofile.ragged_rows = 'pad'\nmany = 'all'\n\
                    pick.largest = 'b'\non = [{ column = 'a', to = 'k' }]\n\
                    [[skip]]\nreason = 'r'\nwhen = { column = 'j.s', is = 'x' }\n\
                    [guest]\nfirstname.column = 'j.n'";
        let text = format!(
            "name = 'x'\norder.referenceId = {{ column = 'a' }}\n\
                            order.price.column = 'j.p'\n{join}"
        );
        let profile = Profile::parse("p.toml", &text).unwrap();
        let mut of_join = profile.joins[0].files.padded_beside.clone().unwrap();
        of_join.sort();
        assert_eq!(of_join, ["b", "k", "p", "s"]);
        assert_eq!(profile.files.padded_beside, None);
        let items = |order_price: &str| {
            let keys = format!("ragged_rows = 'pad'\norder_price = '{order_price}'");
            let items = "item.price = [{ column = 'p' }, { sum = ['q', 's'] }]\n\
                         item.quantity.column = 'n'\nitem.name.column = 'm'";
            parse(&format!("{keys}\n{items}")).unwrap().files.padded_beside.unwrap()
        };
        assert_eq!(items("given"), ["a"]);
        assert_eq!(items("sum_of_lines"), ["a", "p", "q", "s", "n"]);
    }

    #[test]
    fn keys_that_contradict_are_errors() {
        let errors = [
            "quote = 'none'\nescape = '\\'\nskip_blanks = true",
            "escape = '\"'",
            "delimiter = '|'\nescape = '|'",
            "escape = '\\\\'",
            "cells = 'sheet'",
            "ragged_rows = 'cut'",
            "fill_down = []",
            "fill_down = ['a', 'b', 'a']",
            "fill_down = ['a']\nrows_adjacent = false",
            "fill_down = ['a']\nkey.column = ['b', 'a']",
            "delimiter = ';'\nskip_lines = 1\nkey.path = 'a'",
            "documents = 'a[]'\nkey.column = 'a'",
            "format = 'ndjson'\nescape = '\\'\nskip_blanks = true\ncells = 'spreadsheet'\n\
             ragged_rows = 'pad'\nfill_down = ['a']",
        ];
        let errors = errors.map(|keys| parse(keys).unwrap_err());
        insta::assert_snapshot!(errors.join("\n"), @r#"
        p.toml:3:10: escape: without effect: quotes are data (quote = "none")
          p.toml:4:15: skip_blanks: without effect: quotes are data (quote = "none")
        p.toml:2:10: escape: a quote within a cell is written "" without an escape
        p.toml:3:10: escape: "|" is the delimiter
        p.toml:2:10: escape: invalid escape "\\\\"; expected one ASCII character; a backslash is "\\" or '\'
        p.toml:2:9: cells: unknown value "sheet"; expected "spreadsheet"
        p.toml:2:15: ragged_rows: unknown value "cut"; expected "refuse", "pad"
        p.toml:2:13: fill_down: no name; expected the columns whose blank cells take the value above
        p.toml:2:13: fill_down: "a" is named twice
        p.toml:2:13: fill_down: rows_adjacent = false contradicts it: the order of a row with a blank cell is that of the row above
        p.toml:2:13: fill_down: "a" is one of several columns of the key; expected a key of one column
        p.toml:2:13: delimiter: without effect: the order key has a path only, as in JSON
          p.toml:3:14: skip_lines: without effect: the order key has a path only, as in JSON
          p.toml:5:7: order.referenceId: the rule has a column only, but the order key a path only, as in JSON; expected a path
        p.toml:2:13: documents: without effect: the order key has a column only, as in CSV
        p.toml:3:10: escape: without effect: the profile's format is JSON
          p.toml:4:15: skip_blanks: without effect: the profile's format is JSON
          p.toml:5:9: cells: without effect: the profile's format is JSON
          p.toml:6:15: ragged_rows: without effect: the profile's format is JSON
          p.toml:7:13: fill_down: without effect: the profile's format is JSON
        "#);
    }

    #[test]
    fn filled_rows_are_adjacent() {
        assert!(!parse("").unwrap().has_adjacent_rows);
        assert!(parse("fill_down = ['a']").unwrap().has_adjacent_rows);
    }
}
