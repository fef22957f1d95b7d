//! Layout of a CSV file: its delimiter, its quotes, the lines before its header, and whether it has
//! one.
//!
//! The grammar is that of the crate `csv`; of each dialect counts how many rows have equally many
//! cells. Called by `survey`.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{
    number_forms::NumberForms,
    table::{SampleTable, ValueSource},
    values::is_data,
};
use crate::read::named_delimiter;

/// How a CSV file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CsvLayout {
    pub(super) dialect: CsvDialect,
    /// Whether a line `sep=;` names the delimiter, so that the profile need not.
    pub(super) has_separator_line: bool,
    /// Lines before the header, blank ones included; 0 if all of them are blank.
    pub(super) n_skipped_lines: usize,
    pub(super) has_header: bool,
    /// How rows of totals begin that have another number of cells than the header.
    pub(super) total_rows: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CsvDialect {
    pub(super) delimiter: u8,
    /// Whether quotes enclose cells.
    pub(super) has_quotes: bool,
    /// Whether a backslash makes a quote within them text.
    pub(super) has_escapes: bool,
}

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Rows that show a dialect.
const N_ROWS: usize = 500;

/// Rows of totals that are kept.
const MAX_TOTALS: usize = 5;

/// The layout of a text, and its rows. None if it is no table of at least two columns.
pub(super) fn csv_table(
    start: &str,
    parts: &[String],
    is_whole: bool,
) -> Option<(CsvLayout, SampleTable)> {
    let separator = separator_line(start);
    let text = separator.map_or(start, |(_, line)| &start[line.len()..]);
    let dialect = match separator {
        Some((delimiter, _)) => CsvDialect { delimiter, has_quotes: true, has_escapes: false },
        None => find_dialect(text)?,
    };
    let mut records = records_of(text, dialect);
    if !is_whole {
        // It may be cut.
        records.pop();
    }
    let n_cells = usual_length(&records[..records.len().min(N_ROWS)]);
    // Spreadsheets pad a line of title to the width of the table.
    let is_padded = |record: &StringRecord| {
        record.iter().filter(|cell| !cell.is_empty()).count() * 3 <= n_cells
    };
    let is_header = |record: &StringRecord| record.len() == n_cells && !is_padded(record);
    let header_at = records.iter().position(is_header)?;
    let mut n_skipped_lines = lines_before(text, &records, header_at);
    n_skipped_lines += usize::from(n_skipped_lines > 0 && separator.is_some());
    let mut rows = records.split_off(header_at);
    let has_header = !is_data(&rows[0]);
    let names: Vec<String> = if has_header {
        rows.remove(0).iter().map(str::to_owned).collect()
    } else {
        (1..=n_cells).map(|number| format!("Column {number}")).collect()
    };
    let of_parts = parts.iter().flat_map(|part| records_of(behind_first_line(part), dialect));
    rows.extend(of_parts.filter(|record| record.len() == n_cells));
    let is_total = |record: &&StringRecord| record.len() != n_cells && is_of_totals(record);
    // As it is in the file, unless in quotes: with the delimiter, so that no other cell begins so.
    let delimiter = char::from(dialect.delimiter);
    let first_cell =
        |record: &StringRecord| format!("{}{delimiter}", record.get(0).unwrap_or_default());
    let total_rows = rows.iter().filter(is_total).take(MAX_TOTALS).map(first_cell).collect();
    rows.retain(|record| record.len() == n_cells);
    let has_separator_line = separator.is_some();
    let layout = CsvLayout { dialect, has_separator_line, n_skipped_lines, has_header, total_rows };
    let columns = names.into_iter().map(ValueSource::Column).collect();
    Some((layout, SampleTable { columns, rows, parents: Vec::new() }))
}

/// A first line that names the delimiter for Excel, with its line end.
fn separator_line(text: &str) -> Option<(u8, &str)> {
    Some((named_delimiter(text.as_bytes())?, text.split_inclusive('\n').next()?))
}

/// The dialect in which the most rows have equally many cells, and then the most cells.
fn find_dialect(text: &str) -> Option<CsvDialect> {
    let start = first_lines(text);
    let quotes = if start.contains('"') { &[true, false][..] } else { &[true] };
    let dialects = quotes.iter().flat_map(|has_quotes| {
        DELIMITERS.map(|delimiter| {
            let has_escapes = *has_quotes && has_escaped_quote(start, delimiter);
            CsvDialect { delimiter, has_quotes: *has_quotes, has_escapes }
        })
    });
    let scored = dialects.filter_map(|dialect| Some((score(start, dialect)?, dialect)));
    // Of equal ones the first: quotes enclose cells in most files.
    let best = scored.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map(|(_, dialect)| dialect)
}

fn first_lines(text: &str) -> &str {
    let end = text.match_indices('\n').nth(N_ROWS).map_or(text.len(), |(at, _)| at + 1);
    &text[..end]
}

/// The rows of the usual length in a thousand, and the cells of a row.
fn score(text: &str, dialect: CsvDialect) -> Option<(usize, usize)> {
    let records = records_of(text, dialect);
    let n_cells = usual_length(&records);
    let n_even = records.iter().filter(|record| record.len() == n_cells).count();
    let is_misread = |line: &&str| dialect.has_quotes && has_stray_quote(line, dialect.delimiter);
    let n_misread = text.lines().filter(is_misread).count();
    let has_enclosed = |record: &StringRecord| {
        !dialect.has_quotes && record.iter().any(|cell| cell.len() > 1 && is_enclosed(cell))
    };
    let n_enclosed = records.iter().filter(|record| has_enclosed(record)).count();
    let n_good = n_even.saturating_sub(n_misread).saturating_sub(n_enclosed);
    (n_cells > 1).then(|| (n_good * 1000 / records.len(), n_cells))
}

/// Whether a line has a quote that neither encloses a cell nor is doubled or escaped.
fn has_stray_quote(line: &str, delimiter: u8) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| *byte == delimiter || *byte == b'"');
    let bytes = line.as_bytes();
    let is_stray = |at: usize| {
        let (before, after) = (at.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(at + 1));
        !is_edge(before) && !is_edge(after) && before != Some(&b'\\')
    };
    line.match_indices('"').any(|(at, _)| is_stray(at))
}

/// Whether a quote behind a backslash is text, not the end of a cell.
fn has_escaped_quote(text: &str, delimiter: u8) -> bool {
    let is_end = |byte: &u8| [delimiter, b'"', b'\n', b'\r'].contains(byte);
    let bytes = text.as_bytes();
    text.match_indices("\\\"").any(|(at, _)| bytes.get(at + 2).is_some_and(|byte| !is_end(byte)))
}

fn is_enclosed(cell: &str) -> bool {
    cell.starts_with('"') && cell.ends_with('"')
}

fn records_of(text: &str, dialect: CsvDialect) -> Vec<StringRecord> {
    let mut reader = ReaderBuilder::new()
        .delimiter(dialect.delimiter)
        .quoting(dialect.has_quotes)
        .escape(dialect.has_escapes.then_some(b'\\'))
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    reader.records().map_while(Result::ok).collect()
}

/// Whether a row belongs to no order: its first filled cell is a word such as `Total`, and the others
/// are numbers.
pub(super) fn is_of_totals(record: &StringRecord) -> bool {
    const WORDS: [&str; 10] =
        ["total", "sum", "summe", "gesamt", "somme", "totale", "totaal", "suma", "anzahl", "count"];
    let has_word = |cell: &str| {
        let cell = cell.to_lowercase();
        let mut words = cell.split(|c: char| !c.is_alphabetic());
        let is_word = |word: &str| WORDS.contains(&word) || word.ends_with("summe");
        cell.len() <= 40 && words.any(is_word)
    };
    let mut filled = record.iter().filter(|cell| !cell.is_empty());
    filled.next().is_some_and(has_word)
        && filled.all(|cell| NumberForms::default().add(cell) || has_word(cell))
}

/// The number of cells that the most rows have.
fn usual_length(records: &[StringRecord]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for record in records {
        *counts.entry(record.len()).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(_, n_records)| *n_records).map_or(0, |(length, _)| length)
}

/// The lines before a record; 0 if none of them is filled.
fn lines_before(text: &str, records: &[StringRecord], index: usize) -> usize {
    let is_blank = |record: &StringRecord| record.iter().all(str::is_empty);
    if records[..index].iter().all(is_blank) {
        return 0;
    }
    // The position of a record is that of the blank lines before it.
    let at = records[index].position().map_or(0, csv::Position::byte);
    let before = usize::try_from(at).ok().and_then(|at| text.split_at_checked(at));
    let (before, rest) = before.unwrap_or_default();
    let n_blank = rest.lines().take_while(|line| line.is_empty()).count();
    before.matches('\n').count() + n_blank
}

fn behind_first_line(part: &str) -> &str {
    part.split_once('\n').map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str) -> (CsvLayout, SampleTable) {
        csv_table(text, &[], true).unwrap()
    }

    fn delimiter(text: &str) -> char {
        char::from(layout(text).0.dialect.delimiter)
    }

    #[test]
    fn delimiter_is_the_one_with_which_rows_are_even() {
        assert_eq!(delimiter("a,b,c\n1,2,3\n4,5,6\n"), ',');
        assert_eq!(delimiter("Nr;Name;Preis\n1;\"Mug, red\";1,50\n2;Jug;2,75\n"), ';');
        assert_eq!(delimiter("a\tb\n1,5\t2\n1,5\t3\n"), '\t');
        assert_eq!(delimiter("sep=;\na;b,c\n1;2,3\n"), ';');
    }

    #[test]
    fn quotes_may_be_data() {
        let (amazon, table) =
            layout("id\tname\n1\tSheet 40\" x 60\"\n2\t\"Big\" mug\n3\t5\" pot\n");
        assert!(!amazon.dialect.has_quotes);
        assert_eq!(table.rows.len(), 3);
        assert!(layout("id,name\n1,\"a\"\"b\"\n2,\"c,d\"\n").0.dialect.has_quotes);
        let (escaped, table) = layout("id,name\n1,\"a \\\"b\\\" c\"\n2,\"c,d\"\n");
        assert!(escaped.dialect.has_quotes && escaped.dialect.has_escapes);
        assert_eq!(table.cell(0, 1), "a \"b\" c");
    }

    #[test]
    fn lines_before_the_header_are_counted() {
        let (preamble, table) =
            layout("Orders of May\n\nid,name,total\n1,a,2.50\n2,b,3.50\nSum,6\n");
        assert_eq!(preamble.n_skipped_lines, 2);
        assert_eq!(table.columns[0], ValueSource::Column("id".to_owned()));
        assert_eq!(preamble.total_rows, ["Sum,"]);
        assert_eq!(layout("\n\nid,name\n1,a\n2,b\n").0.n_skipped_lines, 0);
        let padded = "Orders of May,,,\n,,,\nid,name,total,date\n1,a,2.50,x\n2,b,3.50,y\n";
        assert_eq!(layout(padded).0.n_skipped_lines, 2);
    }

    #[test]
    fn missing_header_is_noticed() {
        let (layout, table) = layout("1001,ann@example.com,12.50\n1002,bob@example.com,3.00\n");
        assert!(!layout.has_header);
        assert_eq!((table.rows.len(), table.columns[1].name()), (2, "Column 2"));
    }

    #[test]
    fn text_without_columns_is_no_table() {
        assert!(csv_table("", &[], true).is_none());
        assert!(csv_table("hello\nworld\n", &[], true).is_none());
    }
}
