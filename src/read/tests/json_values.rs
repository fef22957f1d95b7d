//! Documents over any number of lines, and those within other values.

use super::*;
use crate::model::document_path::{DocumentPath, PathStep};

/// A path such as `data.orders[].node`.
fn path(text: &str) -> DocumentPath {
    let step = |name: &str| PathStep::Member(name.to_owned());
    let mut steps = Vec::new();
    for part in text.split('.').filter(|part| !part.is_empty()) {
        let name = part.trim_end_matches("[]");
        steps.extend((!name.is_empty()).then(|| step(name)));
        steps.extend(part.ends_with("[]").then_some(PathStep::Elements));
    }
    DocumentPath { text: text.to_owned(), steps }
}

/// The rows at some paths, and the error that ended them.
fn read_at(paths: &[&str], bytes: &[u8], block_bytes: usize) -> (Vec<String>, Option<String>) {
    let forms: Vec<_> = paths.iter().map(|text| path(text)).collect();
    let dialect =
        Dialect { documents: (!forms.is_empty()).then_some(&*forms), ..Dialect::default() };
    let settings = ReadSettings { dialect, ..settings() };
    let mut rows = Vec::new();
    let from = stream(Cursor::new(bytes.to_vec()));
    let read = BlockReader::from_stream(from, block_bytes, &input("a.json"), FileId(0), &settings)
        .and_then(|mut source| {
            each_row(&mut source, |row| {
                let own = &row.origin.bytes;
                let own = usize::try_from(own.start).unwrap()..usize::try_from(own.end).unwrap();
                if let Ok(before) = str::from_utf8(&bytes[..own.start]) {
                    assert_eq!(row.origin.column, column_at(before), "{before}");
                }
                let document = String::from_utf8_lossy(&bytes[own]).replace('\n', "|");
                let text = match &row.content {
                    RowContent::Unreadable(unreadable) => unreadable.reason.clone(),
                    RowContent::Document(_) => String::new(),
                    RowContent::Record(_) => unreachable!("a JSON file"),
                };
                rows.push(format!("{} {document} {text}", row.origin.line).trim_end().to_owned());
            })
        });
    (rows, read.err().map(|error| error.to_string()))
}

/// The character of its line at which the text after these bytes begins. The mark of the file is
/// none.
fn column_at(before: &str) -> u32 {
    let before = before.strip_prefix('\u{feff}').unwrap_or(before);
    let own_line = before.rsplit('\n').next().unwrap_or_default();
    u32::try_from(own_line.chars().count() + 1).unwrap()
}

/// The same in blocks of several sizes, which make no difference.
fn rows_at(paths: &[&str], text: &str) -> String {
    let (rows, error) = read_at(paths, text.as_bytes(), WHOLE);
    for block_bytes in [1, 5, 17] {
        let (in_blocks, other) = read_at(paths, text.as_bytes(), block_bytes);
        assert_eq!(error, other, "{text}");
        assert!(error.is_some() || rows == in_blocks, "{text} {block_bytes} {in_blocks:?}");
    }
    error.unwrap_or_else(|| rows.join("; "))
}

#[test]
fn documents_are_read_over_several_lines() {
    let rows = |text: &str| rows_at(&[], text);
    assert_eq!(rows("{\n \"a\": 1\n}\n{\"a\":\n2}\n"), "1 {| \"a\": 1|}; 4 {\"a\":|2}");
    assert_eq!(rows("\u{feff}\n{}{}[{}, {}]\r\n"), "2 {}; 2 {}; 2 {}; 2 {}");
    assert_eq!(rows("[{}]\n\n[]\n[{}]"), "1 {}; 4 {}");
    assert_eq!(rows("{}\r{}"), "1 {}; 1 {}");
    assert_eq!(rows("{\n}\n\u{feff}{\n}\n"), "1 {|}; 3 {|}");
    let truncated = rows("{\n}\n{\n\"a\": 1");
    assert!(truncated.starts_with("1 {|}; 3 {|\"a\": 1 the document is not"), "{truncated}");
}

#[test]
fn damaged_first_line_is_one_row() {
    let rows = |text: &str| {
        let (rows, error) = read_at(&[], text.as_bytes(), 7);
        assert!(
            error.is_none() && rows.len() == 2 && !rows[1].contains("not"),
            "{rows:?} {error:?}"
        );
        rows[0].clone()
    };
    for line in [
        "{\"a\": [1,",
        "{\"a\": \"x",
        "{\"a\": 1",
        "{\"a\": 1,",
        "{\"a\": tru",
        "{\"a\": 1},",
        "{\"a\" 1",
    ] {
        let first = rows(&format!("{line}\n{{\"a\": 2}}\n"));
        assert!(first.contains("the line is not a single JSON object"), "{first}");
    }
    // The next line may go on with the value, but not what follows that.
    assert_eq!(read_at(&[], b"{\"a\": [1,\n{}\n\n{}\n", 3).0[1..], ["2 {}", "4 {}"]);
}

#[test]
fn documents_are_found_at_paths() {
    let orders = "{\"n\": [1, {\"x\": \"]}\"}], \"orders\": [{\"a\":1},\n {}], \"next\": null}\n";
    assert_eq!(rows_at(&["orders[]"], &orders.repeat(2)), "1 {\"a\":1}; 2 {}; 3 {\"a\":1}; 4 {}");
    assert_eq!(rows_at(&["orders[]"], "{\"orders\": []}\n{\"orders\":[ ]}"), "");
    let nested = "{\"data\": {\"o\": {\"edges\": [{\"c\": 1, \"node\": {}}, {\"node\": {}}]}}}";
    assert_eq!(rows_at(&["data.o.edges[].node"], nested), "1 {}; 1 {}");
    assert_eq!(rows_at(&["[].order"], "[{\"order\": {}}, {\"order\": {}}]"), "1 {}; 1 {}");
    let forms = ["orders[]", "order", "."];
    let mixed = "{\"order\": {}} {\"a\": {\"order\": {}}}\n{\"orders\": [{}]}";
    assert_eq!(rows_at(&forms, mixed), "1 {}; 1 {\"a\": {\"order\": {}}}; 2 {}");
    assert_eq!(
        rows_at(&["orders", "orders[]"], "{\"orders\": {}}{\"orders\": [{}]}"),
        "1 {}; 1 {}"
    );
    assert_eq!(rows_at(&["\u{e9}[]"], "{\"\\u00e9\": [{}]}"), "1 {}");
}

#[test]
fn damage_around_documents_ends_the_file() {
    let mut errors = Vec::new();
    for (paths, text) in [
        (&["orders[]"][..], "\n{\"errors\": [\n{}]}"),
        (&["orders[]"], "{\"orders\": null}"),
        (&["orders[]", "order"], "[{}]"),
        (&["orders[]"], "{\n\"orders\": [{}],\n\"orders\": []}"),
        (&["orders[]", "order"], "{\"orders\": [],\n\"order\": {}}"),
        (&["e[].node"], "{\"e\": [{\"node\": {}},\n{\"nod\": {}}]}"),
        (&["e[].node"], "{\"e\": [{\"node\": {}},\n{\"node\": []}]}"),
        (&["e[].node"], "{\"e\": [{\"node\": {}},\n]}"),
        (&["orders[]"], "{\"orders\": [{}]} {\"id\": 1}"),
        (&["orders[]"], "{\"orders\": [{}]\n\"id\": 1}"),
        (&["orders[]"], "{\"orders\": [{}],\n id: 1}"),
        (&["orders[]"], "{\"id\" 1}"),
        (&["orders[]"], "{\"a\": \"b,\n \"orders\": [{}]}"),
        (&["orders[]"], "{\"orders\": [{}],\n"),
        (&["orders[]"], "{\"orders\": [{}]}\n},"),
        (&[], "{\n},\n{\n}"),
        (&[], "{}\n{}\n"),
        (&[], "{\n\"b\": 1,\n\"a\": \"x\n}\n{\"b\": \"y\"}"),
        (&[], "{\n\"b\": 1,\n\"a\": [1}\n}\n"),
    ] {
        errors.push(rows_at(paths, text));
    }
    insta::assert_snapshot!(errors.join("\n"), @r#"
    a.json:2: the value that begins at line 2 has no documents at "orders[]"
      hint: name where the documents are: documents = "orders[]" in the profile, or several places in a list; "." is the whole value
    a.json:1: the value that begins at line 1 has no documents at "orders[]"
      hint: name where the documents are: documents = "orders[]" in the profile, or several places in a list; "." is the whole value
    a.json:1: the value that begins at line 1 has no documents at "orders[]" or "order"
      hint: name where the documents are: documents = "orders[]" in the profile, or several places in a list; "." is the whole value
    a.json:3: the member "orders" occurs twice in one object
      hint: fix the file: which of the two counts is not known
    a.json:1: the value that begins here has documents at "orders[]" and at "order"
      hint: name in documents of the profile only the place that has the orders
    a.json:2: element 2 of an array in the value that begins at line 1 has no document at "e[].node"
      hint: each element needs a document there: remove an empty one from the file, or name another place in documents of the profile
    a.json:2: element 2 of an array in the value that begins at line 1 has no document at "e[].node"
      hint: each element needs a document there: remove an empty one from the file, or name another place in documents of the profile
    a.json:2: found "]", expected another element after the comma
      hint: fix the file there, or export it again; what follows damage cannot be read safely
    a.json:1: the value that begins at line 1 has no documents at "orders[]"
      hint: name where the documents are: documents = "orders[]" in the profile, or several places in a list; "." is the whole value
    a.json:2: found a quote, expected "," or "}"
      hint: fix the file there, or export it again; what follows damage cannot be read safely
    a.json:2: found "i", expected a name in quotes
      hint: fix the file there, or export it again; what follows damage cannot be read safely
    a.json:1: found "1", expected ":"
      hint: fix the file there, or export it again; what follows damage cannot be read safely
    a.json:1: a string is not closed on its line, expected \n for a line break within a string
      hint: fix the file there, or export it again; what follows damage cannot be read safely
    a.json:2: the file ends within the value that begins at line 1; if it was truncated, orders are missing
      hint: export the file again
    a.json:2: found "}", expected "{", "[" or the end of the file
      hint: fix the file there, or export it again; what follows damage cannot be read safely
    a.json:2: found ",", expected "{", "[" or the end of the file
      hint: documents follow each other without commas, or stand in one array: [ before the first one and ] after the last one
    1 {}; 2 {}
    a.json:1: the document that begins here is damaged, so that its end is not known: a string is not closed on its line at line 3
      hint: fix the file there, or export it again; what follows damage cannot be read safely
    a.json:1: the document that begins here is damaged, so that its end is not known: a bracket closes another kind of bracket at line 3
      hint: fix the file there, or export it again; what follows damage cannot be read safely
    "#);
}

#[test]
fn truncated_array_of_wrapped_documents_is_reported() {
    let whole = "{\"a\": 1, \"orders\": [{\"id\": 1}, {\"id\": 2}], \"b\": {\"c\": [2]}}";
    for n_bytes in 1..whole.len() {
        let (rows, error) = read_at(&["orders[]"], &whole.as_bytes()[..n_bytes], 3);
        let is_reported = error.is_some() || rows.last().is_some_and(|row| row.contains(' '));
        assert!(is_reported, "{n_bytes} {rows:?}");
        let last = rows
            .last()
            .is_some_and(|row| row.contains("the file ends") || row.contains("not a single"));
        assert!(error.is_some() || last, "{n_bytes} {rows:?}");
    }
    assert_eq!(rows_at(&["orders[]"], whole), "1 {\"id\": 1}; 1 {\"id\": 2}");
}

/// What is around documents may be larger than any document.
#[test]
fn wrapper_of_any_size_is_not_held() {
    let many = "{\"id\": 12345},".repeat(5000);
    let text =
        format!("{{\"customers\": [{many}{{}}], \"orders\": [{many}{{}}], \"text\": \"{many}\"}}")
            .replace("\"text\": \"{\"id\": 12345}", "\"text\": \"");
    let text = text.split("\"text\"").next().unwrap().trim_end_matches(", ").to_owned() + "}";
    let (rows, error) = read_at(&["orders[]"], text.as_bytes(), 100);
    assert_eq!((rows.len(), error), (5001, None));
    let (_, error) = read_at(&["orders[]", "."], text.as_bytes(), 100);
    assert!(error.is_some_and(|error| error.contains("documents = \"orders[]\"")));
}

const PIECES: &[&str] = &[
    "{\"orders\": [",
    "{\"order\":",
    "{\"a\":1}",
    "{\"a\":\"é\\\"\"}",
    "]}",
    ",",
    "\n",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "{\n\"a\":[1,\n2]}",
    ",\"b\": [1, {}]}",
    "null",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn values_are_independent_of_block_size(
        pieces in export(PIECES),
        paths in prop::sample::select(vec![&[][..], &["orders[]"], &["orders[]", "order", "."], &["orders[].order"], &["[]", "."]]),
        block_bytes in 1..40_usize,
    ) {
        let bytes = [b"{\"orders\": [", &pieces[..]].concat();
        let (whole, whole_error) = read_at(paths, &bytes, WHOLE);
        let (rows, error) = read_at(paths, &bytes, block_bytes);
        prop_assert_eq!(&whole_error, &error);
        if error.is_none() {
            prop_assert_eq!(whole, rows);
        }
    }
}

#[test]
fn documents_on_one_line_have_their_own_columns() {
    let text = "{\"é\": [{\"a\": 1}, {\"b\": \"ü\", \"a\": 2},\n {\"a\": 3}, {\"ö\": 0, \"a\": 4,\n\"a\": 5}, {\"a\": 6x}]}";
    let forms = [path("é[]")];
    let dialect = Dialect { documents: Some(&forms), ..Dialect::default() };
    let settings = ReadSettings { dialect, ..settings() };
    for block_bytes in [1, 16, WHOLE] {
        let from = stream(Cursor::new(text.as_bytes().to_vec()));
        let (mut places, mut reasons) = (Vec::new(), String::new());
        let mut source =
            BlockReader::from_stream(from, block_bytes, &input("a.json"), FileId(0), &settings)
                .unwrap();
        each_row(&mut source, |row| {
            let at = match &row.content {
                RowContent::Document(document) => {
                    document.root().member("a").unwrap().position(&row.origin)
                }
                RowContent::Unreadable(unreadable) => {
                    reasons += &unreadable.reason;
                    row.damage_place().position
                }
                RowContent::Record(_) => unreachable!("a JSON file"),
            };
            places.push((at.line, at.column.unwrap()));
        })
        .unwrap();
        assert_eq!(places, [(1, 14), (1, 34), (2, 8), (3, 6), (3, 17)], "{block_bytes}");
        assert!(reasons.ends_with("at column 17"), "{reasons}");
    }
}
