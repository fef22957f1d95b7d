//! CSV dialects beside RFC 4180: what their rows hold, and that neither the size of blocks nor
//! reading a row again changes it.

use super::*;

/// A dialect with these keys, whose columns `k` and `v` are required.
#[derive(Debug, Clone, Copy, Default)]
struct Keys {
    syntax: CsvSyntax,
    pads: bool,
}

fn open_as(keys: Keys, bytes: &[u8], block_bytes: usize) -> BlockReader<'static> {
    let required: &'static [String] = Box::leak(Box::new(["k", "v"].map(str::to_owned)));
    let padded_beside = keys.pads.then_some(required);
    let dialect = Dialect { csv_syntax: keys.syntax, padded_beside, ..Dialect::default() };
    let settings = ReadSettings { dialect, ..settings() };
    let bytes = stream(Cursor::new(bytes.to_vec()));
    BlockReader::from_stream(bytes, block_bytes, &input("a.csv"), FileId(0), &settings).unwrap()
}

/// What a stage sees of a row.
fn described(row: &Row<'_>) -> String {
    let cells = |content: &RowContent<'_>| match content {
        RowContent::Record(record) => {
            let cells = (0..record.n_cells()).map(|index| record.cell(index));
            cells.collect::<Vec<_>>().join("|")
        }
        _ => String::new(),
    };
    match &row.content {
        RowContent::Unreadable(bad) => {
            let salvaged = bad.salvaged.as_deref().map(cells).unwrap_or_default();
            format!("{} {} ({salvaged})", row.origin.line, bad.reason)
        }
        content => format!("{} {}", row.origin.line, cells(content)),
    }
}

/// The rows of a file, or the error that ends them. Each is also parsed alone.
fn rows_as(keys: Keys, text: &str, block_bytes: usize) -> Vec<String> {
    let (mut source, mut rows) = (open_as(keys, text.as_bytes(), block_bytes), Vec::new());
    loop {
        let mut block = Block::default();
        match source.next_block(&mut block) {
            Ok(true) => {}
            Ok(false) => return rows,
            Err(error) => return vec![error.to_string()],
        }
        let parsed = match source.parser().parse([Piece::from(&block)]) {
            Ok(parsed) => parsed,
            Err(error) => return vec![error.to_string()],
        };
        for row in parsed.rows() {
            let (line, start, bytes) =
                (row.origin.line, row.origin.bytes.start, block.row(&row.origin));
            let alone = source.parser().parse([Piece::of_row((line, 1), start, bytes)]).unwrap();
            let alone: Vec<_> = alone.rows().map(|row| described(&row)).collect();
            assert_eq!(alone, [described(&row)], "{text:?}");
            rows.push(described(&row));
        }
    }
}

fn rows_of(keys: Keys, text: &str) -> String {
    rows_as(keys, &format!("k,v,w\n{text}"), WHOLE).join("\n")
}

const PADDED: Keys = Keys {
    pads: true,
    syntax: CsvSyntax {
        delimiter: b',',
        has_quotes: true,
        escape: None,
        skips_blanks: false,
        unwraps_cells: false,
    },
};

#[test]
fn empty_cells_are_added_and_dropped() {
    insta::assert_snapshot!(rows_of(PADDED, "a,b\na,b,c,,\na,b,c,\" \"\na,b,c,d\na\na,b,\"c\nd\",\n\"a\nb\",c\na,b,c,\u{a0}\n"), @r#"
    2 a|b|
    3 a|b|c
    4 a|b|c
    5 the row has 4 cells, the header has 3; ragged_rows drops only empty ones at the end (a|b|c|d)
    6 the row has 1 cell, the header has 3; ragged_rows adds none of column "v", which is required (a)
    7 a|b|c
    d
    9 the row has 2 cells, the header has 3; ragged_rows adds none to a row of several lines ()
    11 a|b|c
    "#);
}

#[test]
fn last_row_without_line_end_is_not_padded() {
    insta::assert_snapshot!(rows_of(PADDED, "a,b\na,b"), @r#"
    2 a|b|
    3 the row has 2 cells, the header has 3; ragged_rows changes no last row without a line end, which may be cut off (a|b)
    "#);
    insta::assert_snapshot!(rows_of(PADDED, "a,b,c,"), @"2 the row has 4 cells, the header has 3; ragged_rows changes no last row without a line end, which may be cut off (a|b|c|)");
    insta::assert_snapshot!(rows_of(PADDED, "a,b\r\n"), @"2 a|b|");
}

#[test]
fn quotes_around_rows_with_too_many_cells_are_refused() {
    let swallowed = "a,\"b,c,\nd,e,f,\ng,h\",i,\n";
    insta::assert_snapshot!(rows_of(PADDED, swallowed), @r#"
    a.csv:2: the record of lines 2 to 4 can be read in two ways: a quote within it encloses line breaks, but each of its lines has as many cells as the header
      hint: if quotes are data in this export, set quote = "none" in the profile; otherwise the export must write a quote within a cell as ""
    "#);
}

#[test]
fn damage_in_other_dialects_has_its_place() {
    let escape = CsvSyntax { escape: Some(b'\\'), ..CsvSyntax::default() };
    let escape = Keys { syntax: escape, ..Keys::default() };
    insta::assert_snapshot!(rows_of(escape, "a,\"b\n\\n\",c\na,b\\,c\na,C:\\x,c\na,\\N,\"\\\"c\\\\\"\n"), @r#"
    2 the cell of column "v" has an escape at column 1 (1 line below) that may be text; expected a quote, a delimiter, a line break or another escape behind it ()
    4 an escape outside quotes at column 4, where it is uncertain whether the cell ends; expected the cell within quotes ()
    5 the cell of column "v" has an escape at column 5 that may be text; expected a quote, a delimiter, a line break or another escape behind it (a||c)
    6 a|\N|"c\
    "#);
    let blanks = CsvSyntax { skips_blanks: true, ..CsvSyntax::default() };
    let blanks = Keys { syntax: blanks, ..Keys::default() };
    insta::assert_snapshot!(rows_of(blanks, " \"a\", \"b,\n\",c\na, \"b\" ,c\na, \"b,c\n"), @r#"
    2 a|b,|c
    4 text after a closing quote at column 7, expected a delimiter; a quote within a cell is written "" ()
    5 the quote opened at column 4 is never closed ()
    "#);
    let sheet = CsvSyntax { unwraps_cells: true, ..CsvSyntax::default() };
    let sheet = Keys { syntax: sheet, ..Keys::default() };
    insta::assert_snapshot!(rows_of(sheet, "=\"01\",'2,\"=\"\"3\"\"\"\n=\"1,b,c\n"), @r#"
    2 01|2|3
    3 the cell of column "k" begins with =", expected a quote at its end as in ="00123" (|b|c)
    "#);
}

#[test]
fn header_is_written_as_the_rows() {
    let syntax = CsvSyntax {
        escape: Some(b'\\'),
        skips_blanks: true,
        unwraps_cells: true,
        ..CsvSyntax::default()
    };
    let keys = Keys { syntax, pads: true };
    let reader = open_as(keys, b"'k, \"v \\\" \nx\",\"=\"\"w\"\"\"\na,b,c\n", WHOLE);
    assert_eq!(reader.parser().header().unwrap().names, ["k", "v \" \nx", "w"]);
}

/// Bytes that resemble exports of these dialects.
fn export() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "a,b,c\n",
        "a,b\n",
        "a,b,c,,\n",
        "a, \"b\", \"c\"\r\n",
        "\"a\\\"\",\"b\\\\\",c\n",
        "\\N,",
        "=\"01\",'2,c\n",
        "a",
        ",",
        "\n",
        "\r\n",
        "\"",
        "\\",
        "\\\"",
        " ",
        "\t",
        "'",
        "=\"",
        "\",\"",
    ];
    prop::collection::vec(prop::sample::select(PARTS), 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn rows_do_not_depend_on_block_size(
        text in export(),
        block_bytes in 1_usize..40,
        escapes in any::<bool>(),
        skips_blanks in any::<bool>(),
        unwraps_cells in any::<bool>(),
        pads in any::<bool>(),
    ) {
        let escape = escapes.then_some(b'\\');
        let syntax = CsvSyntax { escape, skips_blanks, unwraps_cells, ..CsvSyntax::default() };
        let (keys, text) = (Keys { syntax, pads }, format!("k,v,w\n{text}"));
        prop_assert_eq!(rows_as(keys, &text, block_bytes), rows_as(keys, &text, WHOLE));
    }
}
