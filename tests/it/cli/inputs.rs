//! Tests of inputs: valid content is read identically in every encoding, damaged content is
//! reported with its position.

use std::{fs, io::Write};

use crate::support::workspace::{ExportRow, HEADER, Workspace, export, row, run_cases};

const CHECK: &str = "check orders.csv --pos x --max-invalid 100%";
const CHECK_LINES: &str = "check orders.ndjson --pos x --max-invalid 100%";

/// One order as NDJSON, with `members` appended.
fn line(reference: &str, members: &str) -> String {
    format!(
        r#"{{"referenceId":"{reference}","orderedAt":"2025-03-01T10:00:00Z","status":"PURCHASED","currencyCode":"EUR","price":30.60,"paymentType":"other","guest":{{"email":"ann@example.com"}}{members}}}"#
    )
}

#[test]
fn non_export_files_are_refused() {
    let good = export(&["A-1"]);
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let found = run_cases(
        "orders.csv",
        CHECK,
        &[
            ("empty", &b""[..]),
            ("only blank lines", b"\n\r\n\n"),
            ("header alone", HEADER.as_bytes()),
            ("UTF-16", &[&[0xFF, 0xFE], &utf16[..]].concat()),
            ("header in Latin-1", &[b"gr\xF6\xDFe,", good.as_bytes()].concat()),
            ("no key column", good.replace("referenceId", "reference").as_bytes()),
            ("a column twice", good.replace("status", "price").as_bytes()),
            ("a JSON array", b"[{\"referenceId\":\"A-1\"}]"),
            ("JSON with quotes behind texts", b"{\"referenceId\": \"A-1\", \"price\": 1}\n"),
            ("UTF-16 without a mark", &utf16),
            ("another delimiter", good.replace(',', ";").as_bytes()),
            ("a line for Excel", format!("sep=,\r\n{good}").as_bytes()),
            ("a zip archive", b"PK\x03\x04\x14\x00\x00\x00orders.csv"),
            ("a workbook", b"PK\x03\x04\x14\x00\x00\x00[Content_Types].xml"),
            ("a tar archive", &[&[b'o'; 257][..], b"ustar\x0000"].concat()),
            ("a Parquet file", b"PAR1\x15\x04\x15"),
            ("a page", b"<!doctype html><html><title>Log in</title>"),
        ],
    );
    insta::assert_snapshot!(found, @r#"
    empty: exit 2
        error: orders.csv:1: the file is empty, expected a header
          hint: a file without rows still has its header line; export it anew
    only blank lines: exit 2
        error: orders.csv:1: the file is empty, expected a header
          hint: a file without rows still has its header line; export it anew
    header alone: exit 0
    UTF-16: exit 2
        error: orders.csv:1: the file is utf-16le, expected utf-8
          hint: set encoding = "utf-16le" in the profile, or give --encoding utf-16le
    header in Latin-1: exit 2
        error: orders.csv:1: the header cannot be read: the cell of column 1 is not UTF-8: byte 0xF6, 'ö' in Windows-1252
          hint: Excel and Windows often write Windows-1252; if that is it, give --encoding windows-1252, or set encoding = "windows-1252" in the profile
    no key column: exit 2
        error[profile]: there is no column "referenceId" in the export
         --> orders.csv
         |
         = the profile needs it for referenceId
         = orders.csv has "reference", its 1st column of 12

        1 error in orders.csv. Nothing was sent.
    a column twice: exit 2
        error[profile]: column "price" occurs twice
         --> orders.csv:1:23
         |
         = the profile needs exactly one for price; it is at orders.csv:1:42 too
         = hint: nth = 1 in its rule takes the first one; which one is meant is not
                 guessed

        1 error in orders.csv. Nothing was sent.
    a JSON array: exit 2
        error[profile]: there is no column "referenceId" in the export
         --> orders.csv
         |
         = the profile needs it for referenceId
         = hint: the file is JSON; give it a name that ends in .json or .ndjson

        1 error in orders.csv. Nothing was sent.
    JSON with quotes behind texts: exit 2
        error: orders.csv:1: the file is JSON, expected a header of CSV
          hint: give it a name that ends in .json or .ndjson, or set format = "json" in the profile
    UTF-16 without a mark: exit 2
        error: orders.csv:1: the file is utf-16le, expected utf-8
          hint: set encoding = "utf-16le" in the profile, or give --encoding utf-16le
    another delimiter: exit 2
        error[profile]: there is no column "referenceId" in the export
         --> orders.csv
         |
         = the profile needs it for referenceId
         = hint: the cells are separated by ';'; copy the profile
                 (orderferry profiles show canonical > shop.toml) and write delimiter
                 = ";" in it

        1 error in orders.csv. Nothing was sent.
    a line for Excel: exit 0
        A-1 valid
    a zip archive: exit 2
        error: orders.csv: the file is a zip archive, expected CSV or JSON
          hint: unpack it first: unzip orders.csv
    a workbook: exit 2
        error: orders.csv: the file is an Excel workbook, expected CSV or JSON
          hint: open it and save the sheet as CSV UTF-8, or export CSV
    a tar archive: exit 2
        error: orders.csv: the file is a tar archive, expected CSV or JSON
          hint: unpack it first: tar -xf orders.csv
    a Parquet file: exit 2
        error: orders.csv: the file is a Parquet file, expected CSV or JSON
          hint: convert it first: duckdb -c "COPY (FROM 'orders.csv') TO 'converted.csv' (HEADER)"
    a page: exit 2
        error: orders.csv: the file is an HTML page, expected CSV or JSON
          hint: it may be a page that asks to log in or shows an error; look at it, and download the export again
    "#);
}

/// The header is fine, so the encoding shows in the rows only: what to type is said once.
#[test]
fn rows_in_another_encoding_have_one_hint() {
    let of_row = |n: usize| row(&format!("A-{n}")).replace("Rope", "Röpe");
    let text = export(&["A-0"]) + &(1..6).map(of_row).collect::<String>();
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let ran = Workspace::with("my orders.csv", bytes)
        .run("check my?orders.csv --pos x --max-invalid 100%");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let shown = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let byte = "the cell of column \"item.name\" is not UTF-8: byte 0xF6, 'ö' in Windows-1252";
    assert_eq!(shown.matches(byte).count(), 3, "{}", ran.out);
    let hint = "give --encoding windows-1252, or set encoding";
    assert_eq!(shown.matches(hint).count(), 1, "{}", ran.out);
}

#[test]
fn unreadable_rows_are_reported() {
    let with = |rows: &[u8]| [export(&["A-1"]).as_bytes(), rows, row("A-3").as_bytes()].concat();
    let quoted =
        |name| with(ExportRow { reference: "A-2", name, ..ExportRow::default() }.csv().as_bytes());
    let cells_missing = with(b"A-2,2025-03-01T10:00:00Z\n");
    let found = run_cases(
        "orders.csv",
        CHECK,
        &[
            ("too few cells", cells_missing),
            ("one cell", with(b"A-2\n")),
            ("too many cells", with(row("A-2").replace("Rope", "Rope, red").as_bytes())),
            (
                "not UTF-8",
                with(
                    &row("A-2")
                        .into_bytes()
                        .iter()
                        .map(|b| if *b == b'o' { 0xF6 } else { *b })
                        .collect::<Vec<_>>(),
                ),
            ),
            ("a quote that is never closed", quoted("\"Rope")),
            ("text behind a closing quote", quoted("\"Rope\" red")),
            ("no key and no time", with(row("").replace("2025-03-01T10:00:00Z", "").as_bytes())),
        ],
    );
    insta::assert_snapshot!(found, @r#"
    too few cells: exit 1
        A-1 valid
        A-2 invalid
            row_unreadable 3:null the row has 2 cells, the header has 12; if it lacks only empty ones at its end, ragged_rows = "pad" adds them
        A-3 valid
    one cell: exit 2
        error: orders.csv:3: the row has 1 cell, the header has 12; it is not known which order the row belongs to
          hint: fix the row; if such rows belong to no order, name them in the profile: ignore_rows = [{ raw = true, starts_with = "…" }]
    too many cells: exit 1
        A-1 valid
        A-2 invalid
            row_unreadable 3:null the row has 13 cells, the header has 12
        A-3 valid
    not UTF-8: exit 1
        A-1 valid
        A-2 invalid
            row_unreadable 3:46 the cell of column "paymentType" is not UTF-8: byte 0xF6, 'ö' in Windows-1252
        A-3 valid
    a quote that is never closed: exit 2
        error: orders.csv:3: the record of lines 3 to 4 can be read in two ways: a quote within it encloses line breaks, but each of its lines has as many cells as the header
          hint: if quotes are data in this export, set quote = "none" in the profile; otherwise the export must write a quote within a cell as ""
    text behind a closing quote: exit 2
        error: orders.csv:3:63: text after a closing quote at column 63, expected a delimiter; a quote within a cell is written ""; it is not known which order the row belongs to
          hint: fix the row, or set quote = "none" in the profile if quotes are data
    no key and no time: exit 2
        error: orders.csv:3: the row has no order key; it is not known which order the row belongs to
          hint: give the row the key of its order, which would go without the item; rows that belong to no order are named in ignore_rows of the profile
    "#);
}

#[test]
fn row_without_key_invalidates_possible_orders() {
    let other_time =
        ExportRow { reference: "A-2", ordered_at: "2025-03-02T10:00:00Z", ..ExportRow::default() }
            .csv();
    let with = |line: ExportRow<'_>| format!("{}{other_time}{}", export(&["A-1"]), line.csv());
    let lost = ExportRow { reference: "", ..ExportRow::default() };
    let found = run_cases(
        "orders.csv",
        CHECK,
        &[
            ("the same time", with(lost)),
            ("the same price, written otherwise", with(ExportRow { price: "30.6", ..lost })),
            ("another price", with(ExportRow { price: "31", ..lost })),
            ("a broken time", with(ExportRow { ordered_at: "2025-03-32T10:00:00Z", ..lost })),
        ],
    );
    insta::assert_snapshot!(found, @r#"
    the same time: exit 1
        A-1 invalid
            row_without_key 4:null this row has no order key and may belong to the order
        A-2 valid
         invalid
            row_without_key 4:1 there is no order key, so it is not known which order this is
            missing_attribute 4:1 referenceId is required and has no value
    the same price, written otherwise: exit 1
        A-1 invalid
            row_without_key 4:null this row has no order key and may belong to the order
        A-2 valid
         invalid
            row_without_key 4:1 there is no order key, so it is not known which order this is
            missing_attribute 4:1 referenceId is required and has no value
    another price: exit 1
        A-1 invalid
            row_without_key 4:null this row has no order key and may belong to the order
        A-2 valid
         invalid
            row_without_key 4:1 there is no order key, so it is not known which order this is
            missing_attribute 4:1 referenceId is required and has no value
            total_differs 4:37 the items add up to 30.60, the order's price is 31
    a broken time: exit 2
        error: orders.csv:4: the row has no order key; it is not known which order the row belongs to
          hint: give the row the key of its order, which would go without the item; rows that belong to no order are named in ignore_rows of the profile
    "#);
}

#[test]
fn invalid_json_lines_are_reported() {
    let good = line("A-1", "");
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let found = run_cases(
        "orders.ndjson",
        CHECK_LINES,
        &[
            ("an empty file is no orders", Vec::new()),
            ("an array", format!("[{good}]\n").into_bytes()),
            ("cut off behind the key", good.as_bytes()[..60].to_vec()),
            ("cut off before the key", good.as_bytes()[..10].to_vec()),
            ("two objects on a line", format!("{good}\n{good}{good}\n").into_bytes()),
            ("a comma too many", line("A-1", ",").into_bytes()),
            ("no object", b"5\n\"x\"\nnull\n".to_vec()),
            ("deep nesting", deep.into_bytes()),
            ("a number with a leading zero", line("A-1", ",\"x\":007").into_bytes()),
            ("not UTF-8", [line("A-1", ",\"x\":\"").as_bytes(), b"\xFF\"}\n"].concat()),
        ],
    );
    insta::assert_snapshot!(found, @r#"
    an empty file is no orders: exit 0
    an array: exit 0
        A-1 valid
    cut off behind the key: exit 1
        A-1 invalid
            row_unreadable 1:60 the line is not a single JSON object: it ends within a string at column 60
    cut off before the key: exit 2
        error: orders.ndjson:1:10: the line is not a single JSON object: it ends within a string at column 10; it is not known which order the row belongs to
          hint: fix the row, or set unreadable_rows = "accept" to leave such rows out (exit code 1)
    two objects on a line: exit 2
        error: orders.ndjson:2:171: the line is not a single JSON object: text after the object at column 171; it is not known which order the row belongs to
          hint: fix the row; if documents are over several lines, or several are on one, set documents = "." in the profile
    a comma too many: exit 1
        A-1 invalid
            row_unreadable 1:171 the line is not a single JSON object: a comma before the end at column 171
    no object: exit 2
        error: orders.ndjson:1:1: the line is not a single JSON object: found integer 5, expected a JSON object at column 1; it is not known which order the row belongs to (2 more such rows)
          hint: fix the row; if such rows belong to no order, name them in the profile: ignore_rows = [{ raw = true, starts_with = "…" }]
    deep nesting: exit 2
        error: orders.ndjson:1: nested deeper than 64 levels; it is not known which order the row belongs to
          hint: fix the row, or set unreadable_rows = "accept" to leave such rows out (exit code 1)
    a number with a leading zero: exit 1
        A-1 invalid
            row_unreadable 1:176 the line is not a single JSON object: invalid number at column 176
    not UTF-8: exit 1
        A-1 invalid
            row_unreadable 1:177 byte 177 of the line is not UTF-8
    "#);
}

#[test]
fn members_of_the_wrong_type_are_reported() {
    let found = run_cases(
        "orders.ndjson",
        CHECK_LINES,
        &[
            ("items that are no array", line("A-1", ",\"orderItems\":\"x\"")),
            ("items that are no objects", line("A-1", ",\"orderItems\":[1,null,[]]")),
            (
                "an identifier without a provider",
                line("A-1", "")
                    .replace("\"email\":\"ann@example.com\"", "\"identifiers\":[{\"id\":5}]"),
            ),
            (
                "an identifier without an id",
                line("A-1", "").replace(
                    "\"email\":\"ann@example.com\"",
                    "\"identifiers\":[{\"provider\":\"crm\",\"id\":null}]",
                ),
            ),
            ("an extension within an extension", line("A-1", ",\"extensions\":{\"a\":{\"b\":1}}")),
            ("two extension objects", line("A-1", ",\"extensions\":[{\"a\":1},{\"b\":1}]")),
            (
                "names that are taken",
                line("A-1", ",\"extensions\":{\"name\":\"x\",\"key\":\"y\",\"a b\":1}"),
            ),
            (
                "an attribute of two types",
                format!(
                    "{}\n{}\n",
                    line("A-1", ",\"extensions\":{\"a\":1}"),
                    line("A-2", ",\"extensions\":{\"a\":\"1\"}")
                ),
            ),
            ("a number as text is a number", line("A-1", "").replace("30.60", "\"30.60\"")),
            ("a boolean is none", line("A-1", "").replace("30.60", "true")),
        ],
    );
    insta::assert_snapshot!(found, @r#"
    items that are no array: exit 1
        A-1 invalid
            not_a_scalar 1:184 "orderItems" is a string, expected an array of items
    items that are no objects: exit 1
        A-1 invalid
            not_a_scalar 1:185 a number where an item is expected
            item_empty 1:187 null where an item is expected
            not_a_scalar 1:192 an array where an item is expected
    an identifier without a provider: exit 1
        A-1 invalid
            missing_attribute 1:159 identifier without a provider or an id; expected {"provider": …, "id": …}
    an identifier without an id: exit 1
        A-1 invalid
            missing_attribute 1:159 identifier without a provider or an id; expected {"provider": …, "id": …}
    an extension within an extension: exit 1
        A-1 invalid
            not_a_scalar 1:189 an object where a single value is expected
    two extension objects: exit 1
        A-1 invalid
            extension_value 1:193 2 extension objects, expected one
    names that are taken: exit 1
        A-1 invalid
            extension_name 1:192 "name" is reserved by the extension object itself
            extension_name 1:202 "key" is reserved by the extension object itself
            extension_name 1:212 "a b" is not alphanumeric
    an attribute of two types: exit 1
        A-1 valid
        A-2 invalid
            extension_type_conflict 2:189 string here, but integer before: an attribute keeps its type
    a number as text is a number: exit 0
        A-1 valid
    a boolean is none: exit 1
        A-1 invalid
            number_unreadable 1:107 "true" is not a decimal number such as 1234.50
    "#);
}

/// Attributes that a single event drops need not have the shape that multi mode requires.
#[test]
fn single_mode_ignores_multi_only_shapes() {
    let product = r#","orderItems":[{"type":"PRODUCT","name":"Tee","productId":"T","price":30.60,"quantity":1,"product":{"brand":"X","variant":{"size":"L"}}}]"#;
    let contacts = r#","contacts":"call first","consumers":["Cy",{"firstname":["x"]}]"#;
    let export = format!("{}\n{}\n", line("A-1", product), line("A-2", contacts));
    let workspace = Workspace::with("orders.ndjson", export);
    let single = workspace.run(CHECK_LINES);
    insta::assert_snapshot!(single.report(), @"
    exit 0
        A-1 valid
            detail_left_out 1:null a single event cannot carry item.product.brand; mode multi can
        A-2 valid
            order_without_items 2:null the order has no items
            detail_left_out 2:null a single event cannot carry 1 consumer; mode multi can
    ");
    let multi = workspace.run(&format!("{CHECK_LINES} --mode multi")).report();
    assert_eq!(multi.matches("not_a_scalar").count(), 4, "{multi}");
}

/// A byte order mark, line breaks, blank lines, compression and standard input do not change the
/// results.
#[test]
fn encoding_variants_read_identically() {
    let plain = format!(
        "{}{}",
        export(&["A-1", "A-2"]),
        ExportRow { reference: "A-3", price: "x", ..ExportRow::default() }.csv()
    );
    let packed = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let expected_value = Workspace::with("orders.csv", &plain).run(CHECK);
    assert_eq!(expected_value.outcomes(), "A-1 valid, A-2 valid, A-3 invalid");
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("orders.csv", [b"\xEF\xBB\xBF", plain.as_bytes()].concat()),
        ("orders.csv", plain.replace('\n', "\r\n").into_bytes()),
        ("orders.csv", plain.trim_end().as_bytes().to_vec()),
        ("orders.csv.gz", packed.clone()),
        ("orders.csv.zst", zstd::encode_all(plain.as_bytes(), 1).unwrap()),
        ("packed-but-not-called-so.csv", packed.clone()),
        ("orders.txt", plain.clone().into_bytes()),
    ];
    for (name, content) in forms {
        let ran = Workspace::with(name, content).run(&CHECK.replace("orders.csv", name));
        assert_eq!((ran.code, ran.outcomes()), (1, expected_value.outcomes()), "{name}");
        let results = ran.results();
        let last = results[2]["problems"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["line"], &last["column"]),
            (&4.into(), &40.into()),
            "{name}: {}",
            ran.report()
        );
    }
    for content in [plain.as_bytes(), &packed] {
        let ran = Workspace::new().run_with(&CHECK.replace("orders.csv", "-"), &[], content);
        assert_eq!((ran.code, ran.outcomes()), (1, expected_value.outcomes()));
        assert_eq!(ran.summary()["inputs"][0]["file"], "-");
        let left: Vec<_> =
            fs::read_dir(ran.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("input")), "{left:?}");
    }
}

#[test]
fn positions_count_blank_lines_and_quoted_breaks() {
    let rows = "\n\nA-1,2025-03-01T10:00:00Z,PURCHASED,EUR,5,other,GEAR,\"Rö\npe\",q,1,ann@example.com,x\n\n\n";
    let last = ExportRow { reference: "A-2", price: "x", ..ExportRow::default() }.csv();
    for (content, line_of_last) in
        [(format!("\n{HEADER}{rows}{last}"), 9), (format!("{HEADER}{last}"), 2)]
    {
        for content in [content.clone(), content.replace('\n', "\r\n")] {
            let ran = Workspace::with("orders.csv", content).run(CHECK);
            let results = ran.results();
            let problems = |index: usize| results[index]["problems"][0].clone();
            let of_last = problems(results.len() - 1);
            assert_eq!((&of_last["line"], &of_last["column"]), (&line_of_last.into(), &40.into()));
            if results.len() == 2 {
                assert_eq!(
                    (&problems(0)["line"], &problems(0)["column"]),
                    (&6.into(), &5.into()),
                    "{}",
                    ran.report()
                );
            }
        }
    }
}

#[test]
fn truncated_archive_is_refused() {
    let rows: String = (0..2000).map(|number| row(&format!("A-{number}"))).collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(format!("{HEADER}{rows}").as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    for length in [packed.len() - 3, packed.len() / 2, 30] {
        let ran =
            Workspace::with("orders.csv.gz", &packed[..length]).run("check orders.csv.gz --pos x");
        assert_eq!((ran.code, &ran.summary()["orders"]["read"]), (2, &0.into()), "{}", ran.err);
        assert!(ran.err.starts_with("error: orders.csv.gz: "), "{}", ran.err);
    }
}

/// If the profile requires a final line end, a file without one is still being written.
#[test]
fn missing_final_line_end_is_refused_if_required() {
    let canonical = Workspace::new().run("profiles show canonical").out;
    let report = |name: &str, content: &str, key: &str| {
        let workspace = Workspace::with(name, content);
        workspace.file(
            "shop.toml",
            canonical.replacen("unknown_columns", &format!("{key}\nunknown_columns"), 1),
        );
        workspace.run(&format!("check {name} --profile shop.toml --pos x")).report()
    };
    let required = |name, content: &str| report(name, content, "last_line_end = \"required\"");
    let csv = export(&["A-1", "A-2"]);
    let ndjson = format!("{}\n{}\n", line("A-1", ""), line("A-2", ""));
    let refused = |file_and_line: &str| {
        let found = "the last row ends without a line end, expected one (last_line_end = \"required\" in the profile)";
        let hint =
            "the export is still being written, or was cut off; run it again when it is complete";
        format!(
            "exit 2\n    error: {file_and_line}: {found}; nothing was sent\n      hint: {hint}\n"
        )
    };
    assert_eq!(required("orders.csv", csv.trim_end()), refused("orders.csv:3"));
    assert_eq!(required("orders.csv", &csv[..csv.len() - 3]), refused("orders.csv:3"));
    // No row is written yet, or the header is truncated.
    assert_eq!(required("orders.csv", HEADER.trim_end()), refused("orders.csv:1"));
    assert_eq!(required("orders.ndjson", ndjson.trim_end()), refused("orders.ndjson:2"));
    assert_eq!(required("orders.ndjson", &ndjson[..ndjson.len() - 3]), refused("orders.ndjson:2"));
    let array = format!("[{},{}]", line("A-1", ""), line("A-2", ""));
    for (name, content) in
        [("orders.csv", csv.as_str()), ("orders.ndjson", ndjson.as_str()), ("orders.json", &array)]
    {
        assert_eq!(required(name, content), "exit 0\n    A-1 valid\n    A-2 valid\n", "{name}");
    }
    for key in ["", "last_line_end = \"optional\""] {
        let report = report("orders.csv", csv.trim_end(), key);
        assert!(report.starts_with("exit 0") && report.contains("no_final_newline 3:"), "{report}");
    }
}

#[test]
fn missing_inputs_are_reported() {
    let workspace = Workspace::with("sub/notes.txt", "x");
    let found: Vec<String> = ["none.csv", "*.csv", "[", "sub", ""]
        .iter()
        .map(|input| {
            format!("{input:?}: {}", workspace.run(&format!("check {input} --pos x")).report())
        })
        .collect();
    insta::assert_snapshot!(found.concat(), @r#"
    "none.csv": exit 2
        error: none.csv: No such file or directory (os error 2)
    "*.csv": exit 2
        error: *.csv: no input found
          hint: name a file, a folder or a glob with .csv, .ndjson, .jsonl or .json files (also .gz, .zst)
    "[": exit 2
        error: [: Pattern syntax error near position 0: invalid range pattern
    "sub": exit 2
        error: sub: no input found
          hint: name a file, a folder or a glob with .csv, .ndjson, .jsonl or .json files (also .gz, .zst)
    "": exit 2
        error: : No such file or directory (os error 2)
    "#);
}

#[test]
fn duplicate_inputs_and_orders_count_once() {
    let workspace = Workspace::with("a.csv", export(&["A-1"]));
    workspace.file("sub/b.csv", export(&["A-1", "B-1"])).file("sub/deeper/c.csv", export(&["C-1"]));
    let outcomes = |inputs: &str| {
        workspace.run(&format!("check {inputs} --pos x --max-invalid 100%")).outcomes()
    };
    assert_eq!(outcomes("a.csv ./a.csv *.csv"), "A-1 valid");
    assert_eq!(outcomes("a.csv sub"), "A-1 valid, B-1 valid");
    workspace.file("d.csv", export(&["A-1"]).replace("30.60,other", "31,other"));
    assert_eq!(outcomes("a.csv d.csv"), "A-1 invalid, A-1 invalid");
}

/// The damaged copy may be the correct one, so the order of the files does not matter.
#[test]
fn damaged_copy_is_not_a_duplicate() {
    let damaged = [export(&["A-1"]).into_bytes(), b"A-1,damaged\n".to_vec()].concat();
    let disagreeing = format!(
        "{}{}",
        export(&["A-1"]),
        "A-1,2025-03-01T10:00:00Z,PURCHASED,EUR,31,other,,,,,,\n"
    );
    for copy in [damaged, disagreeing.into_bytes()] {
        let workspace = Workspace::with("a.csv", export(&["A-1"]));
        workspace.file("b.csv", copy);
        for inputs in ["a.csv b.csv", "b.csv a.csv"] {
            let ran = workspace.run(&format!("check {inputs} --pos x --max-invalid 100%"));
            assert!(!ran.outcomes().contains(" valid"), "{inputs}: {}", ran.report());
        }
    }
}

#[test]
fn decimals_are_exact_or_rejected() {
    let prices = [
        "30.60",
        "007.50",
        "+5",
        "-5.00",
        "1.",
        ".5",
        "1e2",
        "1E-2",
        "1.50e1",
        "-0.00",
        "79228162514264337593543950335",
        "0.0000000000000000000000000001",
        "123456789012345678901234567890",
        "0.12345678901234567890123456789012e1",
        "1e29",
        "1e-29",
        "1.00000000000000000000000000001",
        "12;50",
        "1 000",
        "1e",
        "e5",
        "0x1",
        "NaN",
        "٣",
    ];
    let found: Vec<String> = prices
        .iter()
        .map(|price| {
            let line = ExportRow { price, ..ExportRow::default() }.csv();
            let ran = Workspace::with("orders.csv", format!("{HEADER}{line}")).run(CHECK);
            format!("{price} {} {}\n", ran.outcomes(), ran.summary()["money"][0]["read"])
        })
        .collect();
    insta::assert_snapshot!(found.concat(), @r#"
    30.60 A-1 valid "30.60"
    007.50 A-1 valid "7.50"
    +5 A-1 valid "5"
    -5.00 A-1 invalid "-5.00"
    1. A-1 valid "1"
    .5 A-1 valid "0.5"
    1e2 A-1 valid "100"
    1E-2 A-1 valid "0.01"
    1.50e1 A-1 valid "15.0"
    -0.00 A-1 valid "0.00"
    79228162514264337593543950335 A-1 valid "79228162514264337593543950335"
    0.0000000000000000000000000001 A-1 valid "0.0000000000000000000000000001"
    123456789012345678901234567890 A-1 invalid null
    0.12345678901234567890123456789012e1 A-1 invalid null
    1e29 A-1 invalid null
    1e-29 A-1 invalid null
    1.00000000000000000000000000001 A-1 invalid null
    12;50 A-1 invalid null
    1 000 A-1 invalid null
    1e A-1 invalid null
    e5 A-1 invalid null
    0x1 A-1 invalid null
    NaN A-1 invalid null
    ٣ A-1 invalid null
    "#);
}

#[test]
fn huge_cells_and_many_columns_are_read() {
    let name = "x".repeat(5_000_000);
    let content = format!(
        "{HEADER}{}{}",
        ExportRow { name: &name, ..ExportRow::default() }.csv(),
        row("A-2")
    );
    let ran = Workspace::with("orders.csv", content).run(CHECK);
    assert_eq!((ran.code, ran.outcomes().as_str()), (1, "A-1 invalid, A-2 valid"));
    let columns: Vec<_> = (0..2000).map(|number| format!(",more{number}")).collect();
    let content = format!(
        "{}{}\n{}{}\n",
        HEADER.trim_end(),
        columns.concat(),
        row("A-1").trim_end(),
        ",".repeat(2000)
    );
    let ran = Workspace::with("orders.csv", content).run(CHECK);
    assert_eq!((ran.code, ran.outcomes().as_str()), (0, "A-1 valid"));
}

#[test]
fn daylight_saving_times_are_converted() {
    let profile = "name = 'local'\n[order]\nreferenceId = { column = 'referenceId' }\nstatus = { column = 'status' }\ncurrencyCode = { column = 'currencyCode' }\nprice = { column = 'price' }\npaymentType = { column = 'paymentType' }\norderedAt = { column = 'orderedAt', date = '%Y-%m-%d %H:%M', zone = 'Europe/London' }\n[guest]\nemail = { column = 'guest.email' }\n";
    let times = [
        "2025-03-30 00:30",
        "2025-03-30 01:30",
        "2025-10-26 00:30",
        "2025-10-26 01:30",
        "2025-10-26 02:30",
    ];
    let at = |ordered_at: &&str| {
        ExportRow { reference: ordered_at, ordered_at, ..ExportRow::default() }.csv()
    };
    let workspace = Workspace::with("local.toml", profile);
    workspace.file("orders.csv", format!("{HEADER}{}", times.iter().map(at).collect::<String>()));
    let ran = workspace.run("check orders.csv --pos x --profile local.toml");
    let shown: Vec<_> = ran
        .results()
        .iter()
        .map(|result| {
            format!(
                "{} {} {}\n",
                result["referenceId"], result["orderedAt"], result["problems"][0]["code"]
            )
        })
        .collect();
    insta::assert_snapshot!(shown.concat(), @r#"
    "2025-03-30 00:30" "2025-03-30T00:30:00.000Z" null
    "2025-03-30 01:30" "2025-03-30T01:30:00.000Z" "timestamp_ambiguous"
    "2025-10-26 00:30" "2025-10-25T23:30:00.000Z" null
    "2025-10-26 01:30" "2025-10-26T00:30:00.000Z" "timestamp_ambiguous"
    "2025-10-26 02:30" "2025-10-26T02:30:00.000Z" null
    "#);
}

/// What an API answers: the orders in an array of an object.
#[test]
fn wrapped_json_is_read_with_one_key() {
    let workspace = Workspace::with("orders.json", "{\n  \"next\": null,\n  \"data\": [\n    {\n");
    let ran = workspace.run("check orders.json --pos x");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("set documents = \"data[]\" in the profile"), "{}", ran.err);
}
