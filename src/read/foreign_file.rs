//! Foreign files: what a file is that is neither CSV nor JSON, by its first bytes, and what to type.
//!
//! Called by `block_reader` before it looks for a format.

use crate::model::shell::{shell_path, shell_word};

/// A file that is no export as it is.
pub(super) struct ForeignFile {
    /// What it is.
    pub(super) kind: &'static str,
    /// What to do; `NAME` stands for the name of the file, `SQL` for a statement that converts it.
    hint: &'static str,
}

impl ForeignFile {
    /// What to do with the file of this name.
    pub(super) fn hint(&self, name: &str) -> String {
        if self.hint.contains("SQL") {
            return self.hint.replace("SQL", &conversion_to_csv(name));
        }
        self.hint.replace("NAME", &shell_path(name))
    }

    /// The kind of a file with this start; `None` of a text.
    pub(super) fn detect(start: &[u8]) -> Option<Self> {
        // Further on, compressed bytes hold these letters by chance.
        let names = &start[..start.len().min(4096)];
        let has = |text: &[u8]| names.windows(text.len()).any(|window| window == text);
        let signature = SIGNATURES.iter().find(|(signature, ..)| start.starts_with(signature));
        if let Some((.., kind, hint)) = signature {
            let is_workbook = *kind == ZIP && (has(b"xl/") || has(b"[Content_Types].xml"));
            let (kind, hint) = if is_workbook { WORKBOOK } else { (*kind, *hint) };
            return Some(Self { kind, hint });
        }
        if start.get(TAR_MAGIC_AT..).is_some_and(|rest| rest.starts_with(b"ustar")) {
            return Some(Self { kind: "a tar archive", hint: "unpack it first: tar -xf NAME" });
        }
        let text = start.trim_ascii_start();
        let begins = |tag: &str| {
            text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
        };
        if begins("<!doctype html") || begins("<html") {
            let hint = "it may be a page that asks to log in or shows an error; look at it, and \
                        download the export again";
            return Some(Self { kind: "an HTML page", hint });
        }
        let hint = "let the shop export CSV or JSON";
        begins("<?xml").then_some(Self { kind: "an XML file", hint })
    }
}

/// The statement of `DuckDB` that writes a file as CSV, as a word for a shell.
fn conversion_to_csv(name: &str) -> String {
    let name = name.replace('\'', "''");
    let sql = format!("COPY (FROM '{name}') TO 'converted.csv' (HEADER)");
    // Double quotes keep the single ones of SQL readable, but these characters mean something in
    // them.
    if sql.contains(['"', '$', '`', '\\', '!']) {
        shell_word(&sql).into_owned()
    } else {
        format!("\"{sql}\"")
    }
}

const ZIP: &str = "a zip archive";
const WORKBOOK: (&str, &str) =
    ("an Excel workbook", "open it and save the sheet as CSV UTF-8, or export CSV");

/// Where a tar archive has its signature: behind the attributes of its first file.
const TAR_MAGIC_AT: usize = 257;

/// The first bytes of files, their kinds, and what to do.
const SIGNATURES: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", ZIP, "unpack it first: unzip NAME"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", WORKBOOK.0, WORKBOOK.1),
    (b"PAR1\x15", "a Parquet file", "convert it first: duckdb -c SQL"),
    (b"BZh91AY&SY", "compressed with bzip2", "decompress it first: bunzip2 -k NAME"),
    (b"\xFD7zXZ\x00", "compressed with xz", "decompress it first: unxz -k NAME"),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", "unpack it first: 7z x NAME"),
    (b"%PDF-", "a PDF file", "let the shop export CSV or JSON"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_files_are_known_by_their_start() {
        let tar = [&[b'a'; 257][..], b"ustar\x0000"].concat();
        for (start, kind) in [
            (&b"PK\x03\x04....orders.csv"[..], "a zip archive"),
            (b"PK\x03\x04....[Content_Types].xml", "an Excel workbook"),
            (b"PAR1\x15...", "a Parquet file"),
            (&tar, "a tar archive"),
            (b"\n<!DOCTYPE HTML><html>", "an HTML page"),
            (b"<?xml version='1.0'?>", "an XML file"),
        ] {
            assert_eq!(ForeignFile::detect(start).map(|found| found.kind), Some(kind));
        }
        for text in ["", "Name,Email\nPAR1,x", "[{\"a\": 1}]", "PK,BZ\n", "<id>,<name>\n"] {
            assert!(ForeignFile::detect(text.as_bytes()).is_none(), "{text}");
        }
        let hint = ForeignFile::detect(b"PK\x03\x04").unwrap().hint("o.zip");
        assert_eq!(hint, "unpack it first: unzip o.zip");
        let hint = ForeignFile::detect(b"BZh91AY&SY").unwrap().hint("my orders.bz2");
        assert_eq!(hint, "decompress it first: bunzip2 -k 'my orders.bz2'");
        let parquet = ForeignFile::detect(b"PAR1\x15").unwrap();
        for (name, sql) in [
            ("o.parquet", r#""COPY (FROM 'o.parquet') TO 'converted.csv' (HEADER)""#),
            ("my o's", r#""COPY (FROM 'my o''s') TO 'converted.csv' (HEADER)""#),
            ("$a", r"'COPY (FROM '\''$a'\'') TO '\''converted.csv'\'' (HEADER)'"),
        ] {
            assert_eq!(parquet.hint(name), format!("convert it first: duckdb -c {sql}"));
        }
    }
}
