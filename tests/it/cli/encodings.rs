//! Tests of exports in other encodings than UTF-8: read as their text says, with rejects in the
//! bytes of the export.

use std::fs;

use encoding_rs::{Encoding, SHIFT_JIS, UTF_16LE, WINDOWS_1252};

use crate::support::workspace::{ExportRow, HEADER, Workspace, export};

/// A valid order with letters beyond ASCII, and an invalid one.
fn text(name: &str) -> String {
    let valid = ExportRow { reference: "A-1", name, ..ExportRow::default() }.csv();
    let invalid = ExportRow { reference: "A-2", name, price: "none", ..ExportRow::default() }.csv();
    format!("{HEADER}{valid}{invalid}").replace('\n', "\r\n")
}

fn encoded(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    if encoding == UTF_16LE {
        return text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    }
    encoding.encode(text).0.into_owned()
}

#[test]
fn letters_are_read_and_rejects_keep_their_bytes() {
    for (label, encoding, name) in [
        ("windows-1252", WINDOWS_1252, "Größe €"),
        ("utf-16le", UTF_16LE, "Größe 😀"),
        ("shift_jis", SHIFT_JIS, "テスト"),
    ] {
        let bytes = encoded(encoding, &format!("\u{feff}{}", text(name)));
        // A page of Windows has no mark.
        let bytes = if encoding == UTF_16LE { bytes } else { encoded(encoding, &text(name)) };
        let workspace = Workspace::with("orders.csv", &bytes);
        let command = format!("check orders.csv --pos x --encoding {label} --max-invalid 100%");
        let ran = workspace.run(&format!("{command} --events events.ndjson"));
        assert_eq!(ran.code, 1, "{label}: {}", ran.err);
        // The cell is shown as text.
        assert!(ran.out.contains("price"), "{label}: {}", ran.out);
        let events = fs::read_to_string(workspace.path("events.ndjson")).unwrap();
        assert!(events.contains(name), "{label}: {events}");
        let mark = if encoding == UTF_16LE { "\u{feff}" } else { "" };
        let expected = text(name)
            .lines()
            .filter(|line| !line.starts_with("A-1"))
            .fold(mark.to_owned(), |lines, line| lines + line + "\r\n");
        let rejects = fs::read(ran.path("rejects/orders.csv")).unwrap();
        assert!(rejects == encoded(encoding, &expected), "{label}: {rejects:?}");
        // They are read in the same way.
        workspace.file("rejects.csv", &rejects);
        let again = workspace.run(&command.replace("orders.csv", "rejects.csv"));
        assert_eq!((again.code, again.results().len()), (1, 1), "{label}: {}", again.err);
    }
}

#[test]
fn wrong_encoding_is_refused() {
    let workspace = Workspace::new();
    workspace.file("marked.csv", encoded(UTF_16LE, &format!("\u{feff}{}", text("Rope"))));
    workspace.file("utf8.csv", text("Größe"));
    workspace.file("page.csv", encoded(WINDOWS_1252, &text("Größe")));
    workspace.file("cut.csv", [export(&["A-1"]).as_bytes(), b"A-2,\x81,"].concat());
    let run = |command: &str| {
        let ran = workspace.run(&format!("check {command} --pos x --max-invalid 100%"));
        let is_shown = |line: &&str| {
            let starts = ["error", "hint", "--> ", "= "];
            starts.iter().any(|start| line.trim_start().starts_with(start))
        };
        let shown = ran.err.lines().chain(ran.out.lines()).filter(is_shown);
        format!("{command}: exit {}\n{}", ran.code, shown.collect::<Vec<_>>().join("\n"))
    };
    let found = [
        "marked.csv",
        "utf8.csv --encoding windows-1252",
        "page.csv",
        "cut.csv --encoding shift_jis",
        "utf8.csv --encoding windows-1251x",
    ]
    .map(run)
    .join("\n");
    insta::assert_snapshot!(found, @r#"
    marked.csv: exit 2
    error: marked.csv:1: the file is utf-16le, expected utf-8
      hint: set encoding = "utf-16le" in the profile, or give --encoding utf-16le
    utf8.csv --encoding windows-1252: exit 2
    error: utf8.csv:1: the file is utf-8, expected windows-1252
      hint: set encoding = "utf-8" in the profile, or give --encoding utf-8
    page.csv: exit 1
    error[row_unreadable]: a row cannot be read
     --> page.csv:2:57  order A-1, column item.name
      = the cell of column "item.name" is not UTF-8: byte 0xF6, 'ö' in
    error[row_unreadable]: a row cannot be read
     --> page.csv:3:56  order A-2, column item.name
      = the cell of column "item.name" is not UTF-8: byte 0xF6, 'ö' in
      = hint: Excel and Windows often write Windows-1252; if that is it, give
    cut.csv --encoding shift_jis: exit 1
    error[row_unreadable]: a row cannot be read
     --> cut.csv:3  order A-2
      = the row has 3 cells, the header has 12; if it lacks only empty ones at its
      = hint: correct the row: in CSV, a cell with a delimiter, a quote or a line
     --> cut.csv:3  order A-2
      = the file's last row ends without a line break; if the file was cut off, a
      = hint: let the export end its last line, and rename the file to its final
    utf8.csv --encoding windows-1251x: exit 2
    error[config]: unknown encoding "windows-1251x"
     --> --encoding windows-1251x
     = meant "windows-1251"?
    "#);
}
