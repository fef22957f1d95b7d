//! `rejects/`: for each input, the original bytes of all rows of rejected orders, ready to be
//! corrected and sent again, and a file with the reasons.
//!
//! Copies bytes without interpreting them, so quoting, decimals and encodings stay as they were.
//! Reads each input once, forward, and holds none of it in memory. Does not decompress: `open`
//! returns decompressed bytes. Does not sort: the caller passes sorted rows and reasons. Called by
//! `recorder`.

use std::{
    collections::HashSet,
    io::{self, BufWriter, Write},
    iter::{self, Peekable},
    ops::Range,
    path::Path,
};

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    error::ReportError,
    order_line::{OmittedRows, ProblemLine, omitted, problem_lines},
};
use crate::{
    model::{
        input::{ExportRead, InputRead},
        order::OrderRecord,
        origin::{FileId, InputNames, RowOrigin},
        outcome::{OrderResult, Outcome},
    },
    storage::{ByteStream, RunFolder, StorageError},
};

/// The folder's name in the run folder.
pub const FOLDER: &str = "rejects";

/// Suffix of the file with the reasons.
const REASONS_SUFFIX: &str = ".reasons.ndjson";

/// Suffixes of compressed files; rejects are written decompressed.
const COMPRESSED_SUFFIXES: [&str; 2] = [".gz", ".zst"];

/// Bytes that are copied at once.
const CHUNK_BYTES: u64 = 64 * 1024;

#[derive(Serialize, JsonSchema)]
pub(super) struct ReasonLine<'a> {
    #[serde(rename = "referenceId")]
    reference_id: &'a str,
    outcome: Outcome,
    lines: Vec<u64>,
    /// The rows of joined files that belong to the order, such as `customers.csv:3`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    joined_rows: Vec<String>,
    reason: Option<&'a str>,
    problems: Vec<ProblemLine<'a>>,
    /// Rows by code whose problems are counted but not listed; the key is read by scripts and
    /// keeps its name.
    #[serde(rename = "problems_untold", skip_serializing_if = "OmittedRows::is_empty")]
    problems_omitted: OmittedRows<'a>,
}

/// A row or a reason, with the input that it belongs to.
pub type RejectEntry<T> = io::Result<(FileId, T)>;

/// Contents of the rejects, sorted by file; within a file, rows by byte range and reasons by the
/// first row of their order.
pub struct Rejects<'a> {
    /// Byte ranges of the rows.
    pub rows: Box<dyn Iterator<Item = RejectEntry<Range<u64>>> + 'a>,
    /// Lines of the reasons, one for each input that has rows of the order.
    pub reasons: Box<dyn Iterator<Item = RejectEntry<Vec<u8>>> + 'a>,
}

/// The files of `rejects/`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct WrittenRejects {
    /// The names of the files with rows.
    pub files: Vec<String>,
    /// The names of the inputs whose rows could not be copied.
    pub unavailable: Vec<String>,
}

/// Returns the reasons of a rejected order: for each input that has rows of it, the first byte
/// there and the line. An order without rows is listed for the input that it is reported from.
#[must_use]
pub fn reasons(
    record: &OrderRecord,
    result: &OrderResult,
    names: &InputNames,
) -> Vec<(FileId, u64, Vec<u8>)> {
    let mut files: Vec<FileId> = record.rows.iter().map(|row| row.file).collect();
    files.sort_unstable();
    files.dedup();
    if files.is_empty() {
        files.push(record.source.file);
    }
    let reason = |file| {
        let first = rows_in(record, file).map(|row| row.bytes.start).min().unwrap_or(0);
        let line = serde_json::to_string(&reason_line(record, result, file, names))
            .expect("text and numbers always serialize");
        (file, first, format!("{line}\n").into_bytes())
    };
    files.into_iter().map(reason).collect()
}

/// Writes `rejects/`. Each input with rejected orders gets two files: its header and the rows of
/// those orders, in the order of the input, each once and followed by a line break, unless it is
/// the input's last row and has none; and `NAME.reasons.ndjson` with one line per order. A header
/// that is repeated between two of the rows is between them again; of a joined file without
/// rejected orders, but with such a header, the headers alone are written. Without rejects the
/// folder stays empty.
///
/// `reopen` returns the text of an input from the start, with a byte order mark; none if the file
/// is gone or has changed.
///
/// # Errors
///
/// [`ReportError::Storage`] for a file that is written, [`ReportError::Input`] for an input,
/// [`ReportError::InputChanged`] for an input that has become shorter.
pub fn write_rejects(
    folder: &RunFolder,
    export: &ExportRead,
    rejects: Rejects<'_>,
    reopen: impl Fn(&InputRead) -> io::Result<Option<Box<dyn ByteStream>>>,
) -> Result<WrittenRejects, ReportError> {
    folder.create_folder(FOLDER)?;
    let mut written = WrittenRejects::default();
    let inputs = &export.inputs;
    let names: Vec<String> = inputs.iter().map(|read| read.input.name.clone()).collect();
    let names = file_names(&names);
    let (mut rows, mut reasons) = (rejects.rows.peekable(), rejects.reasons.peekable());
    let mut write = |file: usize, rows: &mut dyn Iterator<Item = io::Result<Range<u64>>>| {
        let (input, name) = (&inputs[file], &names[file]);
        let unreadable = |error| ReportError::Input { name: input.input.name.clone(), error };
        if let Some(source) = reopen(input).map_err(unreadable)? {
            let rows = with_repeated_headers(rows, &input.repeated_headers, export.joins_files);
            write_rows(folder, name, input, rows, source)?;
            written.files.push(name.clone());
        } else {
            // The iterator is shared by all files, so the rows of this one are consumed.
            rows.for_each(drop);
            written.unavailable.push(input.input.name.clone());
        }
        Ok::<_, ReportError>(())
    };
    let mut last: Option<usize> = None;
    // Driven by the reasons: every rejected order has one, also an order without rows.
    while let Some(file) = next_file(&mut reasons, folder)? {
        let index = file.0 as usize;
        let Some(name) = names.get(index) else { break };
        let passed = last.map_or(index..index, |last| last + 1..index);
        for passed in passed.filter(|passed| separates(export, *passed)) {
            write(passed, &mut iter::empty())?;
        }
        write(index, &mut entries_of_file(&mut rows, file))?;
        write_reasons(folder, name, entries_of_file(&mut reasons, file))?;
        last = Some(index);
    }
    Ok(written)
}

/// Whether the rows of the files before and after a file are never one order, though files are
/// joined: it has a header within it.
fn separates(export: &ExportRead, file: usize) -> bool {
    export.joins_files && !export.inputs[file].repeated_headers.is_empty()
}

fn next_file<T>(
    entries: &mut Peekable<impl Iterator<Item = RejectEntry<T>>>,
    folder: &RunFolder,
) -> Result<Option<FileId>, ReportError> {
    if let Some(Err(error)) = entries.next_if(Result::is_err) {
        return Err(StorageError::at(folder.file(FOLDER), "collect the rows")(error).into());
    }
    Ok(entries.peek().and_then(|entry| entry.as_ref().ok()).map(|(file, _)| *file))
}

/// Returns the next entries as long as they belong to the file; an error belongs to every file.
fn entries_of_file<T>(
    entries: &mut Peekable<impl Iterator<Item = RejectEntry<T>>>,
    file: FileId,
) -> impl Iterator<Item = io::Result<T>> {
    std::iter::from_fn(move || {
        let next = entries.next_if(|entry| entry.as_ref().map_or(true, |(id, _)| *id == file))?;
        Some(next.map(|(_, entry)| entry))
    })
}

fn rows_in(record: &OrderRecord, file: FileId) -> impl Iterator<Item = &RowOrigin> {
    record.rows.iter().filter(move |row| row.file == file)
}

/// Adds the repeated headers between the rows: what is above one and what is below it are never one
/// order. Of several headers between two rows the last one is enough. Those before the first row
/// and after the last one separate it from the rows of the files before and after, if they are
/// joined.
fn with_repeated_headers<E>(
    rows: impl Iterator<Item = Result<Range<u64>, E>>,
    headers: &[Range<u64>],
    is_joined: bool,
) -> impl Iterator<Item = Result<Range<u64>, E>> {
    let (mut n_passed, mut separates) = (0, is_joined);
    let end = is_joined.then_some(None);
    rows.map(Some).chain(end).flat_map(move |row| {
        let n_above = match &row {
            Some(Ok(row)) => headers.partition_point(|header| header.start < row.start),
            Some(Err(_)) => n_passed,
            None => headers.len(),
        };
        let passed = headers.get(n_passed..n_above).unwrap_or_default();
        let header = passed.last().filter(|_| separates).cloned();
        (n_passed, separates) = (n_above, true);
        header.map(Ok).into_iter().chain(row)
    })
}

fn write_rows(
    folder: &RunFolder,
    file_name: &str,
    input: &InputRead,
    rows: impl Iterator<Item = io::Result<Range<u64>>>,
    source: Box<dyn ByteStream>,
) -> Result<(), ReportError> {
    let name = Path::new(FOLDER).join(file_name);
    let mut to = BufWriter::new(folder.create_file(&name)?);
    let unreadable = |error| ReportError::Input { name: input.input.name.clone(), error };
    let unwritable =
        |error| ReportError::from(StorageError::at(folder.file(&name), "write")(error));
    let mut source = ForwardReader { from: source, at: 0, chunk: Vec::new() };
    let (encoding, framing) = (input.encoding, &input.framing);
    let line_break = encoding.encode_ascii(input.line_break.bytes());
    let mut last = None;
    to.write_all(&encoding.encode_ascii(framing.opening())).map_err(unwritable)?;
    let heading = input.header.clone().filter(|heading| !heading.is_empty());
    for bytes in heading.map(Ok).into_iter().chain(rows) {
        let bytes = bytes.map_err(unwritable)?;
        // An unreadable row may belong to two orders; it is copied once.
        if last.as_ref() == Some(&bytes) {
            continue;
        }
        if last.is_some() {
            to.write_all(&line_break).map_err(unwritable)?;
            to.write_all(&encoding.encode_ascii(framing.separator())).map_err(unwritable)?;
        }
        last = Some(bytes.clone());
        source.copy(bytes, &mut to).map_err(|error| match error {
            CopyError::Read(error) => unreadable(error),
            CopyError::Truncated(end) => {
                ReportError::InputChanged { name: input.input.name.clone(), end }
            }
            CopyError::Write(error) => unwritable(error),
        })?;
    }
    // A row that may be cut off must not come back as a complete one.
    let is_unterminated = input.unterminated.is_some() && source.is_at_end().map_err(unreadable)?;
    if last.is_some() && !is_unterminated {
        to.write_all(&line_break).map_err(unwritable)?;
    }
    to.write_all(&encoding.encode_ascii(framing.closing()))
        .and_then(|()| to.flush())
        .map_err(unwritable)
}

fn write_reasons(
    folder: &RunFolder,
    file_name: &str,
    lines: impl Iterator<Item = io::Result<Vec<u8>>>,
) -> Result<(), ReportError> {
    let name = Path::new(FOLDER).join(format!("{file_name}{REASONS_SUFFIX}"));
    let mut to = BufWriter::new(folder.create_file(&name)?);
    let write = || {
        lines.into_iter().try_for_each(|line| to.write_all(&line?))?;
        to.flush()
    };
    Ok(write().map_err(StorageError::at(folder.file(&name), "write"))?)
}

fn reason_line<'a>(
    record: &'a OrderRecord,
    result: &'a OrderResult,
    file: FileId,
    names: &'a InputNames,
) -> ReasonLine<'a> {
    let mut lines: Vec<u64> = rows_in(record, file).map(|row| row.line).collect();
    lines.sort_unstable();
    ReasonLine {
        reference_id: &record.reference,
        outcome: result.outcome,
        lines,
        joined_rows: record.side_rows.iter().map(|at| names.locate(*at)).collect(),
        reason: result.reason.as_deref(),
        problems: problem_lines(&record.problems, names),
        problems_omitted: omitted(&record.problems),
    }
}

/// Copies byte ranges of an input, reading forward only.
struct ForwardReader {
    from: Box<dyn ByteStream>,
    at: u64,
    /// Kept for its memory.
    chunk: Vec<u8>,
}

/// Error of a copy, by side.
enum CopyError {
    Read(io::Error),
    Write(io::Error),
    Truncated(u64),
}

impl ForwardReader {
    /// Copies a range of the input. What is before the range is skipped.
    fn copy(&mut self, bytes: Range<u64>, to: &mut impl Write) -> Result<(), CopyError> {
        if bytes.start > self.at {
            self.from.skip(bytes.start - self.at).map_err(CopyError::Read)?;
            self.at = bytes.start;
        }
        while self.at < bytes.end {
            self.chunk.clear();
            let n_bytes = (bytes.end - self.at).min(CHUNK_BYTES);
            let copied = self.from.read_original(n_bytes, &mut self.chunk);
            let n_copied = copied.map_err(CopyError::Read)?;
            if n_copied == 0 {
                return Err(CopyError::Truncated(self.at));
            }
            to.write_all(&self.chunk).map_err(CopyError::Write)?;
            self.at += n_copied;
        }
        Ok(())
    }

    /// Whether nothing follows what was copied. No range can be copied after that.
    fn is_at_end(&mut self) -> io::Result<bool> {
        self.chunk.clear();
        Ok(self.from.read_original(1, &mut self.chunk)? == 0)
    }
}

/// Returns the inputs' file names in `rejects/`: the input's own name without a suffix of
/// compression, and with a number where another input or its reasons already use the name. Names
/// that differ only in case count as equal, as on case-insensitive file systems.
fn file_names(inputs: &[String]) -> Vec<String> {
    let mut used = HashSet::new();
    inputs.iter().map(|input| unique_name(&decompressed_name(input), &mut used)).collect()
}

fn decompressed_name(input: &str) -> String {
    if input == "-" {
        return "stdin".to_owned();
    }
    let name = Path::new(input)
        .file_name()
        .map_or_else(|| "input".to_owned(), |name| name.to_string_lossy().into_owned());
    let decompressed = COMPRESSED_SUFFIXES.iter().find_map(|ending| {
        let (stem, end) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
        // A name that is nothing but a suffix is kept: `.gz`.
        (!stem.is_empty() && end.eq_ignore_ascii_case(ending)).then(|| stem.to_owned())
    });
    decompressed.unwrap_or(name)
}

fn unique_name(wanted: &str, used: &mut HashSet<String>) -> String {
    let (stem, ending) = match wanted.split_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (wanted, String::new()),
    };
    let numbered = (2..).map(|number| format!("{stem}-{number}{ending}"));
    let is_unused = |name: &String| {
        let name = name.to_lowercase();
        !used.contains(&name) && !used.contains(&format!("{name}{REASONS_SUFFIX}"))
    };
    let unique = std::iter::once(wanted.to_owned())
        .chain(numbered)
        .find(is_unused)
        .expect("an unused number exists");
    // The name of the reasons too: another input may have that name.
    used.insert(unique.to_lowercase());
    used.insert(format!("{}{REASONS_SUFFIX}", unique.to_lowercase()));
    unique
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        input::{Input, LineBreak, Version},
        order::OrderId,
        origin::Position,
        problem::{Code, Problem},
    };

    fn record(reference: &str, rows: Vec<RowOrigin>) -> OrderRecord {
        let source = rows
            .first()
            .map_or(Position { file: FileId(0), line: 2, column: None }, RowOrigin::position);
        let problems =
            vec![Problem::for_field(Code::MissingAttribute, "price", source, "no value")].into();
        let reference = reference.to_owned();
        OrderRecord {
            id: OrderId(0),
            reference,
            ordered_at: None,
            source,
            money: None,
            item_count: 1,
            side_rows: Vec::new(),
            rows,
            problems,
        }
    }

    /// Splits a text into rows at its line breaks; the tests quote none.
    fn rows_of(file: u32, text: &[u8], line_break: LineBreak) -> Vec<RowOrigin> {
        let (mut rows, mut start) = (Vec::new(), 0);
        for end in 0..text.len() {
            if text[end..].starts_with(line_break.bytes()) {
                let line = rows.len() as u64 + 1;
                rows.push(RowOrigin {
                    file: FileId(file),
                    line,
                    column: 1,
                    bytes: start..end as u64,
                });
                start = (end + line_break.bytes().len()) as u64;
            }
        }
        rows
    }

    impl ByteStream for io::Cursor<Vec<u8>> {
        fn skip(&mut self, n_bytes: u64) -> io::Result<()> {
            self.set_position(self.position() + n_bytes);
            Ok(())
        }
    }

    /// Writes the rejects of these orders, sorted as the contract demands. `reopen` returns an
    /// input's bytes.
    fn run_with(
        inputs: &[InputRead],
        rejects: &[(&OrderRecord, &OrderResult)],
        reopen: impl Fn(&InputRead) -> io::Result<Option<Box<dyn ByteStream>>>,
    ) -> (tempfile::TempDir, Result<WrittenRejects, ReportError>) {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(dir.path()).unwrap();
        let names = inputs.iter().map(|read| read.input.name.as_str()).collect();
        let rejects: Vec<_> =
            rejects.iter().filter(|(_, result)| result.outcome.is_rejected()).collect();
        let mut rows: Vec<_> = rejects.iter().flat_map(|(record, _)| &record.rows).collect();
        rows.sort_by_key(|row| (row.file, row.bytes.start, row.bytes.end));
        let mut lines: Vec<_> =
            rejects.iter().flat_map(|(record, result)| reasons(record, result, &names)).collect();
        lines.sort();
        let rejects = Rejects {
            rows: Box::new(rows.into_iter().map(|row| Ok((row.file, row.bytes.clone())))),
            reasons: Box::new(lines.into_iter().map(|(file, _, line)| Ok((file, line)))),
        };
        let export = ExportRead { inputs: inputs.to_vec(), ..ExportRead::default() };
        let done = write_rejects(&folder, &export, rejects, reopen);
        (dir, done)
    }

    fn run(
        inputs: &[InputRead],
        contents: &[&[u8]],
        rejects: &[(&OrderRecord, &OrderResult)],
    ) -> (tempfile::TempDir, Result<WrittenRejects, ReportError>) {
        run_with(inputs, rejects, |wanted| {
            let index = inputs.iter().position(|read| read == wanted).unwrap();
            Ok(Some(Box::new(io::Cursor::new(contents[index].to_vec()))))
        })
    }

    fn input(name: &str, header: Option<Range<u64>>, line_break: LineBreak) -> InputRead {
        let input =
            Input { name: name.to_owned(), location: name.into(), version: Version::default() };
        InputRead { header, line_break, ..InputRead::unread(input) }
    }

    fn written(dir: &tempfile::TempDir, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(dir.path().join(FOLDER).join(name)).unwrap()).into_owned()
    }

    fn reject_files(dir: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(dir.path().join(FOLDER)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn rejected_rows_are_copied_unchanged() {
        let text = b"\xef\xbb\xbfid;price\r\nA;\"1,50\"\r\nB;2\r\nA; 3\r\nC;\xff\xfe";
        let rows = |ranges: &[(u64, Range<u64>)]| -> Vec<RowOrigin> {
            ranges
                .iter()
                .map(|(line, bytes)| RowOrigin {
                    file: FileId(0),
                    line: *line,
                    column: 1,
                    bytes: bytes.clone(),
                })
                .collect()
        };
        let a = record("A", rows(&[(2, 13..21), (4, 28..32)]));
        let b = record("B", rows(&[(3, 23..26)]));
        let c = record("C", rows(&[(5, 34..38)]));
        let invalid = OrderResult::without_request(Outcome::Invalid, None);
        let accepted = OrderResult::without_request(Outcome::Accepted, None);
        let refused = OrderResult {
            attempts: 1,
            http_status: Some(400),
            ..OrderResult::without_request(Outcome::Refused, Some("no".to_owned()))
        };
        let rejects = [(&c, &refused), (&b, &accepted), (&a, &invalid)];
        let inputs = [input("exports/orders.csv.gz", Some(3..11), LineBreak::CrLf)];
        let (dir, done) = run(&inputs, &[text], &rejects);
        done.unwrap();
        assert_eq!(reject_files(&dir), ["orders.csv", "orders.csv.reasons.ndjson"]);
        let bytes = fs::read(dir.path().join("rejects/orders.csv")).unwrap();
        assert_eq!(bytes, b"id;price\r\nA;\"1,50\"\r\nA; 3\r\nC;\xff\xfe\r\n");
        insta::assert_snapshot!(written(&dir, "orders.csv.reasons.ndjson"), @r#"
        {"referenceId":"A","outcome":"invalid","lines":[2,4],"reason":null,"problems":[{"code":"missing_attribute","severity":"error","field":"price","file":"exports/orders.csv.gz","line":2,"column":null,"column_name":null,"message":"no value"}]}
        {"referenceId":"C","outcome":"refused","lines":[5],"reason":"no","problems":[{"code":"missing_attribute","severity":"error","field":"price","file":"exports/orders.csv.gz","line":5,"column":null,"column_name":null,"message":"no value"}]}
        "#);
    }

    #[test]
    fn header_is_repeated_between_rows() {
        let rows = |starts: &[u64]| starts.iter().map(|at| Ok(*at..at + 1)).collect::<Vec<_>>();
        let found = |starts: &[u64], is_joined| -> Vec<u64> {
            let headers = [20..25, 30..35, 50..55];
            let all = with_repeated_headers(rows(starts).into_iter(), &headers, is_joined);
            all.map(|bytes: Result<_, ()>| bytes.unwrap().start).collect()
        };
        assert_eq!(found(&[10, 40, 41, 60], false), [10, 30, 40, 41, 50, 60]);
        assert_eq!(found(&[40, 60], false), [40, 50, 60]);
        assert_eq!(found(&[10, 11], false), [10, 11]);
        assert_eq!(found(&[40], true), [30, 40, 50]);
        assert_eq!(found(&[10], true), [10, 50]);
    }

    #[test]
    fn unterminated_row_stays_unterminated() {
        let text = b"id,price\nA,1\nB,2";
        let row = |line, bytes| vec![RowOrigin { file: FileId(0), line, column: 1, bytes }];
        let (a, b) = (record("A", row(2, 9..12)), record("B", row(3, 13..16)));
        let invalid = OrderResult::without_request(Outcome::Invalid, None);
        let unterminated = Some(Position { file: FileId(0), line: 3, column: None });
        let inputs = [InputRead { unterminated, ..input("orders.csv", Some(0..8), LineBreak::Lf) }];
        let rejects_of = |rejects: &[(&OrderRecord, &OrderResult)]| {
            let (dir, done) = run(&inputs, &[text], rejects);
            done.unwrap();
            written(&dir, "orders.csv")
        };
        assert_eq!(rejects_of(&[(&b, &invalid), (&a, &invalid)]), "id,price\nA,1\nB,2");
        assert_eq!(rejects_of(&[(&a, &invalid)]), "id,price\nA,1\n");
    }

    #[test]
    fn order_in_two_files_is_rejected_in_both() {
        let (first, second) =
            (b"{\"a\":1}\n{\"b\":2}\n".as_slice(), b"{\"c\":3}\n{\"d\":4}\n".as_slice());
        let rows = [rows_of(0, first, LineBreak::Lf), rows_of(1, second, LineBreak::Lf)].concat();
        let both = record("both", vec![rows[1].clone(), rows[2].clone()]);
        let adjacent = record("adjacent", vec![rows[2].clone()]);
        let nowhere = record("nowhere", Vec::new());
        let failed = OrderResult::without_request(Outcome::Failed, Some("service down".to_owned()));
        let rejects = [&both, &adjacent, &nowhere].map(|record| (record, &failed));
        let inputs = [input("one.ndjson", None, LineBreak::Lf), input("-", None, LineBreak::Lf)];
        let (dir, done) = run(&inputs, &[first, second], &rejects);
        done.unwrap();
        assert_eq!(written(&dir, "one.ndjson"), "{\"b\":2}\n");
        assert_eq!(written(&dir, "stdin"), "{\"c\":3}\n");
        assert_eq!(written(&dir, "one.ndjson.reasons.ndjson").lines().count(), 2);
        assert_eq!(written(&dir, "stdin.reasons.ndjson").lines().count(), 2);
    }

    #[test]
    fn no_input_is_opened_without_rejects() {
        let inputs = [input("orders.csv", Some(0..3), LineBreak::Lf)];
        let (dir, done) = run_with(&inputs, &[], |_| panic!("opened"));
        done.unwrap();
        assert_eq!(reject_files(&dir), [""; 0]);
    }

    #[test]
    fn shortened_input_is_reported() {
        let text = b"id\nA\nB\n";
        let late = record("B", rows_of(0, text, LineBreak::Lf)[2..].to_vec());
        let result = OrderResult::without_request(Outcome::Invalid, None);
        let inputs = [input("orders.csv", Some(0..2), LineBreak::Lf)];
        let (_dir, done) = run(&inputs, &[b"id\nA\n"], &[(&late, &result)]);
        insta::assert_snapshot!(done.unwrap_err().to_string(), @"
        orders.csv: ends at byte 5, before a row that was read from it; the file changed during the run
          hint: run again, and do not change the file until the run has ended
        ");
    }

    #[test]
    fn unreadable_input_is_reported() {
        let order = record("A", rows_of(0, b"A\n", LineBreak::Lf));
        let result = OrderResult::without_request(Outcome::Invalid, None);
        let inputs = [input("orders.csv", None, LineBreak::Lf)];
        let rejects = [(&order, &result)];
        let (_dir, done) = run_with(&inputs, &rejects, |_| Err(io::ErrorKind::NotFound.into()));
        assert_eq!(
            done.unwrap_err().to_string(),
            "orders.csv: cannot read the file again for rejects/: entity not found"
        );
    }

    #[test]
    fn replaced_input_gets_only_reasons() {
        let text = b"A\n";
        let order = |file| record("A", rows_of(file, text, LineBreak::Lf));
        let (first, second) = (order(0), order(1));
        let result = OrderResult::without_request(Outcome::Invalid, None);
        let inputs = ["replaced.csv", "orders.csv"].map(|name| input(name, None, LineBreak::Lf));
        let (dir, done) = run_with(&inputs, &[(&first, &result), (&second, &result)], |input| {
            let bytes = io::Cursor::new(text.to_vec());
            Ok((input.input.name == "orders.csv").then(|| Box::new(bytes) as Box<dyn ByteStream>))
        });
        assert_eq!(done.unwrap().unavailable, ["replaced.csv"]);
        let expected = ["orders.csv", "orders.csv.reasons.ndjson", "replaced.csv.reasons.ndjson"];
        assert_eq!(reject_files(&dir), expected);
    }

    #[test]
    fn reject_file_names_are_unique() {
        let cases: [(&[&str], &[&str]); 6] = [
            (&["-", "stdin"], &["stdin", "stdin-2"]),
            (
                &["a/orders.csv", "b/orders.csv.gz", "c/orders.CSV.ZST"],
                &["orders.csv", "orders-2.csv", "orders-3.CSV"],
            ),
            (
                &["orders-2.csv", "a/orders.csv", "b/orders.csv"],
                &["orders-2.csv", "orders.csv", "orders-3.csv"],
            ),
            (&["a.csv.reasons.ndjson", "a.csv"], &["a.csv.reasons.ndjson", "a-2.csv"]),
            (&["a.csv", "a.csv.reasons.ndjson"], &["a.csv", "a-2.csv.reasons.ndjson"]),
            (&[".gz", "..", "ü.gz", "x/.gz"], &[".gz", "input", "ü", ".gz-2"]),
        ];
        for (inputs, expected) in cases {
            let inputs: Vec<String> = inputs.iter().map(ToString::to_string).collect();
            assert_eq!(file_names(&inputs), expected, "{inputs:?}");
        }
    }

    proptest! {
        #[test]
        fn rejects_are_byte_identical(
            rows in prop::collection::vec((prop::collection::vec(any::<u8>().prop_filter("a line break", |b| *b != b'\n'), 0..40), any::<bool>()), 1..40),
            seed in any::<u64>(),
        ) {
            let text: Vec<u8> = rows.iter().flat_map(|(row, _)| [row.as_slice(), b"\n"].concat()).collect();
            let expected: Vec<u8> = rows.iter().filter(|(_, wanted)| *wanted).flat_map(|(row, _)| [row.as_slice(), b"\n"].concat()).collect();
            let origins = rows_of(0, &text, LineBreak::Lf);
            let mut wanted: Vec<_> = origins.into_iter().zip(&rows).filter(|(_, (_, wanted))| *wanted).map(|(origin, _)| origin).collect();
            prop_assume!(!wanted.is_empty());
            let shift = usize::try_from(seed % wanted.len() as u64).unwrap();
            wanted.rotate_left(shift);
            let records: Vec<_> = wanted.chunks(3).map(|rows| record("A", rows.to_vec())).collect();
            let invalid = OrderResult::without_request(Outcome::Invalid, None);
            let rejects: Vec<_> = records.iter().map(|record| (record, &invalid)).collect();
            let (dir, done) = run(&[input("orders.ndjson", None, LineBreak::Lf)], &[&text], &rejects);
            done.unwrap();
            prop_assert_eq!(fs::read(dir.path().join("rejects/orders.ndjson")).unwrap(), expected);
        }
    }
}
