//! Properties of the readers that must hold for any bytes, any block size and any truncation.

use std::{
    fs::{self, File, FileTimes},
    io::{self, BufRead, BufReader, Cursor, Read, Write},
    path::Path,
};

use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

use super::{
    Block, BlockReader, Dialect, FileFormat, Piece, ReadError, ReadLimits, ReadSettings,
    decompress::DecompressedSource,
    hashed_source::{HashedSource, hex},
    inputs::find_one,
};
use crate::{
    model::{
        csv_syntax::CsvSyntax,
        input::{Input, InputFormat, InputRead, LineBreak, Version},
        origin::{FileId, Place, Position},
        row::{Row, RowContent},
        text_encoding::TextEncoding,
    },
    storage::{ByteStream, LocalStorage, Source},
};

mod csv_dialects;
mod json_values;

/// Larger than any test's file: one block holds all.
const WHOLE: usize = 1 << 20;

fn input(name: &str) -> Input {
    Input { name: name.into(), location: name.into(), version: Version::default() }
}

fn limits() -> ReadLimits {
    ReadLimits { max_cell: 1000, max_record: 10_000, ..ReadLimits::default() }
}

fn settings() -> ReadSettings<'static> {
    ReadSettings { storage: &LocalStorage, dialect: Dialect::default(), limits: limits() }
}

/// Bytes that are no file: their version never changes.
struct TestSource<R>(BufReader<R>);

impl<R: Read> Read for TestSource<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R: Read> BufRead for TestSource<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, n_bytes: usize) {
        self.0.consume(n_bytes);
    }
}

impl<R: Read + Send> ByteStream for TestSource<R> {
    fn skip(&mut self, _: u64) -> io::Result<()> {
        unreachable!("a reader skips nothing")
    }
}

impl<R: Read + Send> Source for TestSource<R> {
    fn version(&self) -> io::Result<Version> {
        Ok(Version::default())
    }

    fn position(&self) -> io::Result<u64> {
        Ok(Version::default().size)
    }
}

fn stream(from: impl Read + Send + 'static) -> DecompressedSource {
    let source = TestSource(BufReader::with_capacity(16, from));
    DecompressedSource::Plain(HashedSource::unhashed(Box::new(source)))
}

fn open(
    name: &str,
    bytes: &[u8],
    block_bytes: usize,
    limits: ReadLimits,
) -> Result<BlockReader<'static>, ReadError> {
    let settings = ReadSettings { limits, ..settings() };
    BlockReader::from_stream(
        stream(Cursor::new(bytes.to_vec())),
        block_bytes,
        &input(name),
        FileId(0),
        &settings,
    )
}

/// Calls `visit` with each row, and returns how the file ended.
fn each_row(
    source: &mut BlockReader<'_>,
    mut visit: impl FnMut(&Row<'_>),
) -> Result<InputRead, ReadError> {
    let mut block = Block::default();
    while source.next_block(&mut block)? {
        source.parser().parse([Piece::from(&block)])?.rows().for_each(|row| visit(&row));
    }
    Ok(source.input_read())
}

/// The rows as text, and the error that ended them.
fn read(name: &str, bytes: &[u8], block_bytes: usize) -> (Vec<String>, Option<String>) {
    let mut rows = Vec::new();
    let read = open(name, bytes, block_bytes, limits())
        .and_then(|mut source| each_row(&mut source, |row| rows.push(format!("{row:?}"))));
    (rows, read.err().map(|error| error.to_string()))
}

/// The rows of a file in another encoding, or the error that ended them.
fn read_encoded(bytes: &[u8], block_bytes: usize, label: &str) -> Result<Vec<String>, String> {
    let encoding = TextEncoding::for_label(label).unwrap();
    let dialect = Dialect { encoding, ..Dialect::default() };
    let settings = ReadSettings { dialect, ..settings() };
    let bytes = stream(Cursor::new(bytes.to_vec()));
    let source =
        BlockReader::from_stream(bytes, block_bytes, &input("a.csv"), FileId(0), &settings);
    let mut rows = Vec::new();
    source
        .and_then(|mut source| each_row(&mut source, |row| rows.push(format!("{row:?}"))))
        .map(|_| rows)
        .map_err(|error| error.to_string())
}

fn end(bytes: &[u8]) -> InputRead {
    each_row(&mut open("a.csv", bytes, WHOLE, limits()).unwrap(), |_| {}).unwrap()
}

fn describe_rows(name: &str, bytes: &[u8]) -> Vec<String> {
    let mut rows = Vec::new();
    each_row(&mut open(name, bytes, WHOLE, limits()).unwrap(), |row| {
        let location = format!("{} {:?}", row.origin.line, row.origin.bytes);
        rows.push(match &row.content {
            RowContent::Record(record) => {
                let cells = (0..record.n_cells()).map(|index| {
                    let at = record.position(&row.origin, index);
                    format!("{}@{}:{}", record.cell(index), at.line, at.column.unwrap())
                });
                format!("{location} {}", cells.collect::<Vec<_>>().join(" "))
            }
            RowContent::Unreadable(bad) => {
                format!("{location} {} {}", bad.reason, bad.salvaged.is_some())
            }
            RowContent::Document(document) => {
                let at = document.root().member("a").map(|a| a.position(&row.origin));
                format!(
                    "{location} {}",
                    at.map_or("-".into(), |Position { line, column, .. }| format!(
                        "{line}:{}",
                        column.unwrap()
                    ))
                )
            }
        });
    })
    .unwrap();
    rows
}

fn read_error(name: &str, bytes: &[u8]) -> String {
    read(name, bytes, WHOLE).1.unwrap()
}

#[test]
fn line_column_and_bytes_of_every_cell() {
    let rows = |bytes| describe_rows("a.csv", bytes);
    assert_eq!(rows(b"k,v\na,b\ncc,d\n"), ["2 4..7 a@2:1 b@2:3", "3 8..12 cc@3:1 d@3:4"]);
    assert_eq!(
        rows(b"\xEF\xBB\xBFk,v\r\na,b\r\n\r\ncc,d"),
        ["2 8..11 a@2:1 b@2:3", "4 15..19 cc@4:1 d@4:4"]
    );
    assert_eq!(
        rows("k,v\n\"é\n\"\"x\",b\nü,d\n".as_bytes()),
        ["2 4..14 é\n\"x@2:1 b@3:6", "4 15..19 ü@4:1 d@4:3"]
    );
}

#[test]
fn unreadable_row_has_a_reason() {
    let rows = |bytes| describe_rows("a.csv", bytes);
    assert_eq!(rows(b"k,v\na,b,c\n"), ["2 4..9 the row has 3 cells, the header has 2 true"]);
    assert_eq!(rows(b"k,v\n  \t\na,b\n  "), ["3 8..11 a@3:1 b@3:3"], "lines of blanks");
    assert_eq!(rows(b"  \t\n \nk,v\na,b\n"), ["4 10..13 a@4:1 b@4:3"], "blanks above the header");
    assert_eq!(
        rows(b"k,v\na,\xFF\n"),
        ["2 4..7 the cell of column \"v\" is not UTF-8: byte 0xFF, 'ÿ' in Windows-1252 true"]
    );
    assert_eq!(
        rows(b"k,v\na,\"b\nc,d\ne\n"),
        ["2 4..14 the quote opened at column 3 is never closed false"]
    );
    let long = [b"k,v\n", "é".repeat(501).as_bytes(), b",b\n"].concat();
    let reason = "the cell of column \"k\" has 1002 bytes, expected at most 1000 (max_cell)";
    assert_eq!(rows(&long), [format!("2 4..1008 {reason} true")]);
}

#[test]
fn damaged_cell_has_its_place() {
    let places = |bytes: &[u8]| {
        let mut places = Vec::new();
        each_row(&mut open("a.csv", bytes, WHOLE, limits()).unwrap(), |row| {
            let Place { position: Position { line, column, .. }, column_name } = row.damage_place();
            places.push((line, column, column_name));
        })
        .unwrap();
        places
    };
    let of_v = |line, column| (line, Some(column), Some("v".to_owned()));
    assert_eq!(places(b"k,v\n\"a\",\xFF\n"), [of_v(2, 5)]);
    assert_eq!(places(b"k,v\na, \"b\"\n"), [of_v(2, 3)]);
    let long = ["k,v\n\"a\nb\",", &"\u{e9}".repeat(501), "\n"].concat();
    assert_eq!(places(long.as_bytes()), [of_v(3, 4)]);
    // It is not known which column the cells are of.
    assert_eq!(places(b"k,v\na,\xFF,c\n"), [(2, None, None)]);
    assert_eq!(places(b"k,v\na,\"\xFF\n"), [(2, Some(3), None)]);
}

#[test]
fn record_of_many_records_is_refused() {
    let refused = |rows: &str| read("a.csv", format!("k,v\n{rows}").as_bytes(), 16).1;
    let found = "a.csv:3: the record of lines 3 to 5 can be read in two ways";
    for rows in ["a,b\nc,\"d\ne,f\r\ng,h\"\n", "a,b\nc,\"d\ne,f\ng,h\n\n"] {
        let error = refused(rows).unwrap();
        assert!(error.starts_with(found) && error.contains("quote = \"none\""), "{error}");
    }
    for rows in ["c,\"d\n\ne,f\"\n", "c,\"d\ne\n\"\n", "c,\"d, e\nf,g\"\n", "\"c\",\"d\"\n"] {
        assert_eq!(refused(rows), None, "{rows}");
    }
    // Every line of a table with one column is a record.
    assert_eq!(read("a.csv", b"k\n\"a\nb\"\n", 16).1, None);
}

#[test]
fn quotes_may_be_data() {
    let csv_syntax = CsvSyntax { has_quotes: false, ..CsvSyntax::default() };
    let dialect = Dialect { csv_syntax, ..Dialect::default() };
    let bytes = b"\"k,v\n\"a,b\n\"c\",\"\n d , \"e\n";
    let mut rows = Vec::new();
    for block_bytes in [4, WHOLE] {
        let settings = ReadSettings { dialect, ..settings() };
        let mut source = BlockReader::from_stream(
            stream(&bytes[..]),
            block_bytes,
            &input("a.csv"),
            FileId(0),
            &settings,
        )
        .unwrap();
        each_row(&mut source, |row| match &row.content {
            RowContent::Record(record) => rows.push([record.cell(0), record.cell(1)].join("|")),
            other => panic!("{other:?}"),
        })
        .unwrap();
    }
    let expected = ["\"a|b", "\"c\"|\"", "d|\"e"];
    assert_eq!(rows, [expected, expected].concat());
}

#[test]
fn unterminated_last_row_is_detected() {
    assert_eq!(end(b"k,v\na,b").unterminated.map(|at| at.line), Some(2));
    assert_eq!(end(b"k,v\na,\"\nb\"\n\nc,d").unterminated.map(|at| at.line), Some(5));
    assert_eq!(end(b"k,v\na,b\r\n").unterminated, None);
    let header = Some(Position { file: FileId(0), line: 1, column: None });
    let expected =
        InputRead { header: Some(0..3), unterminated: header, ..InputRead::unread(input("a.csv")) };
    assert_eq!(end(b"k,v"), expected);
    assert_eq!(end(b"k,v\r\na,b\r\n").line_break, LineBreak::CrLf);
    assert_eq!(end(b"k,v\na,b\n").line_break, LineBreak::Lf);
}

#[test]
fn fatal_csv_errors_end_reading() {
    assert!(read_error("a.csv", b"").starts_with("a.csv:1: the file is empty"));
    assert!(read_error("a.csv", b"\xFF\xFEk").contains("utf-16le"));
    assert!(
        read_error("a.csv", b"k,\"v\n").contains("the quote opened at column 3 is never closed")
    );
    assert!(
        read_error("a.csv", b"k,v\na,b\nc,d\re,f\n")
            .starts_with("a.csv:3: the line ends in CR alone")
    );
    assert!(
        read_error("a.csv", &b"k,v\r".repeat(10_000))
            .starts_with("a.csv:1: the line ends in CR alone")
    );
    assert!(
        read_error("a.csv", &b",".repeat(10_000))
            .contains("the header has more than 10000 columns")
    );
    let long = [b"k,v\na,b\na\n\xC3\xA9,\"".to_vec(), b"c,d\n".repeat(5000)].concat();
    let error = read_error("a.csv", &long);
    let expected = "a.csv:4: the record that begins here has more than 10000 bytes; the quote opened at 4:3 is not closed";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn first_character_selects_json_format() {
    let format = |name, bytes| {
        open(name, bytes, 4, limits()).map(|source| source.parser().file_format()).unwrap()
    };
    assert_eq!(format("-", b" \r\n\n   {}"), FileFormat::Ndjson);
    assert_eq!(format("-", b"\xEF\xBB\xBF\n\n      [{}]"), FileFormat::JsonValues);
    assert_eq!(format("a.json.gz", b"[{}]"), FileFormat::JsonValues);
    assert_eq!(format("a.json", b"x"), FileFormat::Ndjson);
    assert_eq!(format("-", b"x"), FileFormat::Csv);
    assert_eq!(format("a.csv", b"[x]"), FileFormat::Csv);
    let dialect = Dialect { format: Some(InputFormat::Ndjson), ..Dialect::default() };
    let settings = ReadSettings { dialect, ..settings() };
    let source =
        BlockReader::from_stream(stream(&b"[{}]"[..]), 4, &input("a.txt"), FileId(0), &settings)
            .unwrap();
    assert_eq!(source.parser().file_format(), FileFormat::JsonValues);
}

#[test]
fn documents_by_line_and_by_element() {
    assert_eq!(
        describe_rows("a.ndjson", b"{\"a\":1}\r\n\n {\"a\":1} \n"),
        ["1 0..7 1:6", "3 10..19 3:7"]
    );
    let joined = b"\xEF\xBB\xBF{\"a\":1}\n\xEF\xBB\xBF{\"a\":1}\n";
    assert_eq!(describe_rows("a.ndjson", joined), ["1 3..10 1:6", "2 14..21 2:6"]);
    let array = b"\n[ {\"a\":1},\n  {\n    \"a\": 1\n  }\n]\n";
    assert_eq!(describe_rows("a.json", array), ["2 3..10 2:8", "3 14..30 4:10"]);
    assert!(describe_rows("a.json", b" [ ] \n").is_empty());
}

#[test]
fn damaged_array_is_reported() {
    let rows = |bytes: &[u8]| describe_rows("a.json", bytes).join("; ");
    let truncated = "the file ends before the \"]\" that closes its array; if it was truncated, orders are missing false";
    assert_eq!(rows(b"["), format!("1 1..1 {truncated}"));
    assert_eq!(rows(b"[{\"a\":1}\n"), format!("1 1..8 1:7; 2 9..9 {truncated}"));
    assert_eq!(rows(b"[{\"a\":1},\n"), format!("1 1..8 1:7; 2 10..10 {truncated}"));
    let eof = "the document is not a single JSON object: it ends within";
    assert_eq!(
        rows(b"[{\"a\":1},{\"a\""),
        format!("1 1..8 1:7; 1 9..13 {eof} an object at column 13 false")
    );
    let none = "no element before the comma, expected a JSON object false";
    assert_eq!(rows(b"[{},,{}]"), format!("1 1..3 -; 1 4..5 {none}; 1 5..7 -"));
    let none =
        "no element between the last comma and the end of the array, expected a JSON object false";
    assert_eq!(rows(b"[{},\n]"), format!("1 1..3 -; 2 5..6 {none}"));
    assert!(rows(b"[{}{}, {}]").contains("text after the object at column 4 false; 1 7..9 -"));
    assert!(
        rows(b"[\n{\n\"a\":\n x}]").contains("expected value at column 2 (2 lines below) false")
    );
    assert!(rows(b"[{\"a\":1,\"a\":2}]").contains("the member \"a\" occurs twice true"));
    assert!(
        rows(b"[{\n\"a\":\"\xFF\"}]")
            .contains("byte 6 of the line (1 line below) is not UTF-8 false")
    );
    assert!(
        read_error("a.json", b"[{}]\nx")
            .starts_with("a.json:2: found \"x\", expected \"{\", \"[\" or")
    );
    assert!(
        read_error("a.json", &[b"[\n{\"".to_vec(), vec![b'a'; 20_000]].concat())
            .starts_with("a.json:2: the record")
    );
}

/// A file that does not end; fails a test that reads too much of it.
struct Endless {
    start: &'static [u8],
    left: usize,
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("the test read too much of an endless file"));
        }
        if !self.start.is_empty() {
            return self.start.read(into);
        }
        let n_bytes = into.len().min(self.left);
        into[..n_bytes].fill(b'a');
        self.left -= n_bytes;
        Ok(n_bytes)
    }
}

#[test]
fn endless_record_is_bounded_in_memory() {
    for (name, start) in
        [("a.csv", "k,v\n\""), ("a.csv", ""), ("a.csv", "\""), ("a.ndjson", "{"), ("a.json", "[\"")]
    {
        let from = stream(Endless { start: start.as_bytes(), left: 40_000 });
        let source = BlockReader::from_stream(from, 100, &input(name), FileId(0), &settings());
        let error =
            source.and_then(|mut source| each_row(&mut source, |_| {})).unwrap_err().to_string();
        assert!(error.contains("has more than 10000 bytes"), "{name} {start} {error}");
    }
}

#[test]
fn record_of_maximum_size_is_read() {
    let limits = ReadLimits { max_cell: 100_000, ..limits() };
    for (n_bytes, is_allowed) in [(10_000, true), (10_001, false)] {
        for block_bytes in [10, 3333, WHOLE] {
            let bytes = [b"k\n".to_vec(), vec![b'a'; n_bytes], b"\r\n\r\nb".to_vec()].concat();
            let mut source = open("a.csv", &bytes, block_bytes, limits).unwrap();
            assert_eq!(
                each_row(&mut source, |_| {}).is_ok(),
                is_allowed,
                "{n_bytes} {block_bytes}"
            );
        }
    }
}

/// Bytes that resemble an export often enough to reach every branch.
fn export(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        30 => prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..3),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

const CSV: &[&str] = &[
    "a",
    "b",
    ",",
    "\n",
    "a,b\n",
    "\"a\",b\r\n",
    "\"a\n\",\"b\"\n",
    "\"a \"\"b\"\"\",ü\n",
    "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789,",
    "\r\n",
    "\"",
    "\"\"",
    "é",
    " ",
    "\r",
];
const CSV_WITHOUT_CR: &[&str] =
    &["a", "b", ",", "\n", "a,b\n", "\"a\",b\r\n", "\"a\n\",\"b\"\n", "\r\n", "\"", "\"\"", "é"];
const JSON: &[&str] = &[
    "{\"a\":1}",
    "{\"a\":\"é\\\"\"}",
    ",",
    "\n",
    " ",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\",
    "{\n\"a\":[1,\n2]},\n",
    "{}\r\n",
    "x",
];

fn any_file() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let with = |start: &'static [u8]| move |bytes: Vec<u8>| [start, &bytes].concat();
    prop_oneof![
        export(CSV).prop_map(with(b"k,v\n")).prop_map(|bytes| ("a.csv", bytes)),
        export(CSV).prop_map(|bytes| ("a.csv", bytes)),
        export(JSON).prop_map(|bytes| ("a.ndjson", bytes)),
        export(JSON).prop_map(with(b"[{\"a\":1},")).prop_map(|bytes| ("a.json", bytes)),
    ]
}

/// The rows as the csv crate parses them, the header first.
fn by_csv_crate(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let rows = reader.byte_records().map(Result::unwrap).filter(|row| !is_blank_line(bytes, row));
    rows.map(|row| row.iter().map(<[u8]>::to_vec).collect()).collect()
}

/// Whether a row of the csv crate is a line of blanks, which is no row.
fn is_blank_line(bytes: &[u8], row: &::csv::ByteRecord) -> bool {
    let start = usize::try_from(row.position().unwrap().byte()).unwrap();
    let mut lines = bytes[start..].split(|byte| matches!(byte, b'\r' | b'\n'));
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    line.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// Reads an export of many blocks, calls `change` after the first block, and returns the result.
fn changed_while_read(content: &[u8], change: impl FnOnce(&Path)) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, content).unwrap();
    let input = find_one(&LocalStorage, "a.csv", path.clone().into()).unwrap();
    let mut source =
        BlockReader::open_with_block_size(100, &input, FileId(0), &settings()).unwrap();
    assert!(source.next_block(&mut Block::default()).unwrap());
    change(&path);
    each_row(&mut source, |_| {})
        .map(drop)
        .map_err(|error| error.to_string().lines().next().unwrap().to_owned())
}

fn append(path: &Path, bytes: &[u8]) {
    File::options().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// Overwrites the last bytes, and sets the modification time back.
fn rewrite_keeping_mtime(path: &Path) {
    let mut file = File::options().write(true).open(path).unwrap();
    let metadata = file.metadata().unwrap();
    io::Seek::seek(&mut file, io::SeekFrom::Start(metadata.len() - 4)).unwrap();
    file.write_all(b"x,y\n").unwrap();
    file.set_times(FileTimes::new().set_modified(metadata.modified().unwrap())).unwrap();
}

#[test]
fn file_modified_while_read_is_refused() {
    let content = [b"k,v\n".to_vec(), b"a,b\n".repeat(1000)].concat();
    let change = |change: &dyn Fn(&Path)| changed_while_read(&content, change);
    let truncate =
        |path: &Path| File::options().write(true).open(path).unwrap().set_len(2000).unwrap();
    let resized = |now| {
        Err(format!(
            "a.csv: changed while it was read: it had 4004 bytes at the start and has {now} now; nothing was sent"
        ))
    };
    assert_eq!(change(&|_| {}), Ok(()));
    assert_eq!(change(&|path| append(path, b"c,d\n")), resized(4008));
    assert_eq!(change(&truncate), resized(2000));
    assert_eq!(change(&|path| fs::write(path, b"").unwrap()), resized(0));
    let rewritten = "a.csv: changed while it was read: its content or its permissions were changed, and it has the same size; nothing was sent";
    assert_eq!(change(&|path| fs::write(path, &content).unwrap()), Err(rewritten.to_owned()));
    #[cfg(unix)]
    assert_eq!(change(&rewrite_keeping_mtime), Err(rewritten.to_owned()));
    // Truncated and filled up again: the size is the same as at the start.
    let refill = |path: &Path| {
        truncate(path);
        append(path, &content[2000..]);
    };
    assert_eq!(change(&refill), Err(rewritten.to_owned()));
}

/// The open file is read to its end, whatever happens to its path.
#[test]
#[cfg(unix)]
fn replaced_or_moved_file_is_read() {
    let content = [b"k,v\n".to_vec(), b"a,b\n".repeat(1000)].concat();
    let next = |path: &Path| path.with_extension("next");
    let replace = |path: &Path| {
        fs::write(next(path), b"k,v\n").unwrap();
        fs::rename(next(path), path).unwrap();
    };
    let actions: [&dyn Fn(&Path); 4] = [
        &replace,
        &|path| fs::rename(path, next(path)).unwrap(),
        &|path| fs::hard_link(path, next(path)).unwrap(),
        &|path| fs::remove_file(path).unwrap(),
    ];
    for action in actions {
        assert_eq!(changed_while_read(&content, action), Ok(()));
    }
    // What is written to it after the move still counts.
    let moved_and_appended = |path: &Path| {
        fs::rename(path, next(path)).unwrap();
        append(&next(path), b"c,d\n");
    };
    assert!(changed_while_read(&content, moved_and_appended).is_err());
}

/// A damaged archive may be one that is half written: then the error is that it has changed.
#[test]
fn compressed_file_modified_while_read_is_refused() {
    let rows: Vec<_> =
        (0..40_000_u32).map(|n| format!("{},{n}\n", n.wrapping_mul(2_654_435_761))).collect();
    let text = format!("k,v\n{}", rows.concat());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    for compressed in [gzip.finish().unwrap(), zstd::encode_all(text.as_bytes(), 1).unwrap()] {
        assert_eq!(changed_while_read(&compressed, |_| {}), Ok(()));
        let half = compressed.len() as u64 / 2;
        let truncate =
            |path: &Path| File::options().write(true).open(path).unwrap().set_len(half).unwrap();
        let changes: [&dyn Fn(&Path); 3] =
            [&truncate, &|path| append(path, &compressed), &|path| {
                fs::write(path, &compressed).unwrap();
            }];
        for change in changes {
            let refused = changed_while_read(&compressed, change).unwrap_err();
            assert!(refused.starts_with("a.csv: changed while it was read: "), "{refused}");
        }
    }
}

/// SHA-256 in hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    hex(digest.as_ref())
}

#[test]
fn hash_is_of_the_bytes_on_disk() {
    let long = format!("k,v\n{}", "a,b\n".repeat(200_000));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(long.as_bytes()).unwrap();
    let member = gzip.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let hash = |content: &[u8], opened_hashed: bool| {
        let path = folder.path().join("a.txt");
        fs::write(&path, content).unwrap();
        let input = find_one(&LocalStorage, "a.txt", path.into()).unwrap();
        let open = if opened_hashed { BlockReader::open_hashed } else { BlockReader::open };
        let mut reader = open(&input, FileId(0), &settings()).unwrap();
        assert_eq!(reader.input_read().sha256, None, "not read to its end");
        while reader.next_block(&mut Block::default()).unwrap() {}
        reader.input_read().sha256
    };
    for content in [
        b"\xef\xbb\xbf\n\nk,v\na,b".to_vec(),
        b" [{\"a\":1}, {\"a\":2}]\n \n".to_vec(),
        [&member[..], &member[..]].concat(),
        zstd::encode_all(long.as_bytes(), 1).unwrap(),
        long.into_bytes(),
    ] {
        assert_eq!(hash(&content, true), Some(sha256(&content)), "{} bytes", content.len());
        assert_eq!(hash(&content, false), None);
    }
}

#[test]
#[cfg(unix)]
fn open_refuses_file_changed_since_discovery() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let open_after = |change: &dyn Fn()| {
        fs::write(&path, "k,v\na,b\n").unwrap();
        let input = find_one(&LocalStorage, "a.csv", path.clone().into()).unwrap();
        change();
        let opened = BlockReader::open(&input, FileId(0), &settings());
        opened.map(drop).map_err(|error| error.to_string().lines().next().unwrap().to_owned())
    };
    let replace = || {
        fs::write(path.with_extension("next"), "k,v\na,b\n").unwrap();
        fs::rename(path.with_extension("next"), &path).unwrap();
    };
    assert_eq!(open_after(&|| {}), Ok(()));
    assert!(
        open_after(&|| append(&path, b"c,d\n"))
            .unwrap_err()
            .contains("had 8 bytes at the start and has 12 now")
    );
    assert!(open_after(&replace).unwrap_err().contains("another file is in its place"));
    assert!(
        open_after(&|| rewrite_keeping_mtime(&path))
            .unwrap_err()
            .contains("its content or its permissions were changed")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn encoded_rows_are_those_of_the_text(
        cells in prop::collection::vec("[a-zß-ü€, \"]{0,6}", 0..30),
        block_bytes in 4..80usize,
    ) {
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let rows = cells.chunks(2).map(|cells| cells.iter().map(quoted).collect::<Vec<_>>().join(","));
        let text = rows.fold("k,ö\n".to_owned(), |text, row| text + &row + "\r\n");
        let expected = read("a.csv", text.as_bytes(), WHOLE).0;
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        prop_assert_eq!(read_encoded(&utf16, block_bytes, "utf-16be"), Ok(expected.clone()));
        let page = WINDOWS_1252.encode(&text).0;
        prop_assert_eq!(read_encoded(&page, block_bytes, "windows-1252"), Ok(expected));
    }

    #[test]
    fn arbitrary_bytes_in_any_encoding_are_read(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        block_bytes in 4..80usize,
        label in prop::sample::select(vec!["utf-16le", "shift_jis", "gb18030", "iso-2022-jp", "cp437"]),
    ) {
        let whole = read_encoded(&bytes, WHOLE, label);
        prop_assert_eq!(read_encoded(&bytes, block_bytes, label), whole);
    }

    #[test]
    fn cells_equal_csv_crate(rows in export(CSV_WITHOUT_CR)) {
        let bytes = [b"k,v\n", rows.as_slice()].concat();
        let expected = by_csv_crate(&bytes);
        let mut found = vec![None];
        let mut source = open("a.csv", &bytes, 16, limits()).unwrap();
        let read = each_row(&mut source, |row| found.push(match &row.content {
            // A cell is returned without blanks around it, which the csv crate keeps.
            RowContent::Record(record) => Some((0..record.n_cells()).map(|index| record.cell(index).as_bytes().to_vec()).collect()),
            _ => None,
        }));
        prop_assume!(read.is_ok());
        prop_assert_eq!(found.len(), expected.len());
        for (found, expected) in found.into_iter().zip(expected) {
            let trimmed = |cell: Vec<u8>| String::from_utf8_lossy(&cell).trim().as_bytes().to_vec();
            let found: Option<Vec<Vec<u8>>> = found;
            if let Some(found) = found {
                prop_assert_eq!(found, expected.into_iter().map(trimmed).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn rows_are_independent_of_block_size((name, bytes) in any_file(), block_bytes in 1_usize..40) {
        let (whole, whole_error) = read(name, &bytes, WHOLE);
        let (rows, error) = read(name, &bytes, block_bytes);
        prop_assert_eq!(&whole_error, &error);
        // An error in a later block is found after the rows before it were returned.
        if error.is_none() {
            prop_assert_eq!(whole, rows);
        }
        let ends = [WHOLE, block_bytes].map(|size| {
            open(name, &bytes, size, limits()).and_then(|mut source| each_row(&mut source, |_| {})).ok().map(|end| (end.header, end.unterminated))
        });
        prop_assert_eq!(&ends[0], &ends[1]);
    }

    #[test]
    fn spilled_row_parses_identically((name, bytes) in any_file()) {
        let Ok(mut source) = open(name, &bytes, WHOLE, limits()) else { return Ok(()) };
        let mut block = Block::default();
        let mut from = 0;
        while let Ok(true) = source.next_block(&mut block) {
            let Ok(parsed) = source.parser().parse([Piece::from(&block)]) else { return Ok(()) };
            for row in parsed.rows() {
                let range = row.origin.bytes.clone();
                prop_assert!(from <= range.start && range.start <= range.end);
                from = range.end;
                let own = &bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
                let piece = Piece::of_row((row.origin.line, row.origin.column), range.start, own);
                let again = source.parser().parse([piece]).unwrap();
                prop_assert_eq!(again.rows().collect::<Vec<_>>(), vec![row]);
            }
        }
    }

    #[test]
    fn truncated_array_is_always_detected(elements in prop::collection::vec(export(JSON), 0..4)) {
        let elements: Vec<String> = elements.iter().map(|text| format!("{{\"a\": {:?}}}", String::from_utf8_lossy(text).replace(|c: char| !c.is_ascii_graphic(), ""))).collect();
        let whole = format!("[{}]", elements.join(",\n"));
        let (rows, error) = read("a.json", whole.as_bytes(), 8);
        prop_assert!(error.is_none() && rows.len() == elements.len() && !rows.iter().any(|row| row.contains("Unreadable")));
        for n_bytes in 1..whole.len() {
            let (rows, error) = read("a.json", &whole.as_bytes()[..n_bytes], 8);
            prop_assert!(error.is_none() && rows.last().is_some_and(|row| row.contains("Unreadable")), "{n_bytes} {rows:?}");
        }
    }
}
