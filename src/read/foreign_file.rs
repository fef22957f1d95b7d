//! Foreign files: what a file is that is neither CSV nor JSON, by its first bytes, and what to
//! type.
//!
//! Called by `block_reader` before it looks for a format.

use super::decompress::Compression;
use crate::model::shell::{shell_path, shell_word};

/// A file that is no export as it is.
pub(super) struct ForeignFile {
    /// What it is.
    pub(super) kind: &'static str,
    /// What to do; `NAME` stands for the name of the file, `SQL` for a statement that converts it.
    hint: &'static str,
}

impl ForeignFile {
    /// What to do with the file of this name, whose bytes are compressed in this way if at all.
    pub(super) fn hint(&self, name: &str, compression: Option<Compression>) -> String {
        // Standard input has no name.
        let name = if name == "-" { "FILE" } else { name };
        let path = shell_path(name);
        match compression {
            // A command for what is in an archive does not read the archive, but for tar.
            Some(compression) if self.has_command() && self.hint != UNTAR => {
                let program = match compression {
                    Compression::Gzip => "gzip",
                    Compression::Zstd => "zstd",
                };
                format!("decompress it first: {program} -dc {path} > unpacked; then check that")
            }
            _ if self.hint.contains("SQL") => self.hint.replace("SQL", &conversion_to_csv(name)),
            _ => self.hint.replace("NAME", &path),
        }
    }

    fn has_command(&self) -> bool {
        self.hint.contains("NAME") || self.hint.contains("SQL")
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
        if let Some(hint) = conversion_of_utf32(start) {
            return Some(Self { kind: "text in UTF-32", hint });
        }
        if !names.is_empty() && names.iter().all(|byte| *byte == 0) {
            let hint = "it was not written to its end, as after a crash or on a full disk; export \
                        it again";
            return Some(Self { kind: "nothing but NUL bytes", hint });
        }
        if start.get(TAR_MAGIC_AT..).is_some_and(|rest| rest.starts_with(b"ustar")) {
            return Some(Self { kind: "a tar archive", hint: UNTAR });
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

/// How to convert a file in UTF-32, with a mark or without one, if it is one: each of its first
/// characters has four bytes, and is ASCII.
fn conversion_of_utf32(start: &[u8]) -> Option<&'static str> {
    let characters = start[..start.len().min(64)].chunks_exact(4);
    let are_all =
        |is_one: fn(&[u8]) -> bool| characters.len() > 1 && characters.clone().all(is_one);
    let is_mark_or_ascii = |bytes: &[u8]| match *bytes {
        [0xFF, 0xFE, 0, 0] => true,
        [ascii, 0, 0, 0] => ascii > 0,
        _ => false,
    };
    let is_mark_or_ascii_at_end = |bytes: &[u8]| match *bytes {
        [0, 0, 0xFE, 0xFF] => true,
        [0, 0, 0, ascii] => ascii > 0,
        _ => false,
    };
    if are_all(is_mark_or_ascii) {
        Some("convert it first: iconv -f UTF-32LE -t UTF-8 NAME > converted")
    } else if are_all(is_mark_or_ascii_at_end) {
        Some("convert it first: iconv -f UTF-32BE -t UTF-8 NAME > converted")
    } else {
        None
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
const TWICE: &str = "compressed twice";
const WORKBOOK: (&str, &str) =
    ("an Excel workbook", "open it and save the sheet as CSV UTF-8, or export CSV");

const UNTAR: &str = "unpack it first: tar -xf NAME";

/// Where a tar archive has its signature: behind the attributes of its first file.
const TAR_MAGIC_AT: usize = 257;

/// The first bytes of files, their kinds, and what to do.
const SIGNATURES: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", ZIP, "unpack it first: unzip NAME"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", WORKBOOK.0, WORKBOOK.1),
    (b"PAR1\x15", "a Parquet file", "convert it first: duckdb -c SQL"),
    (b"BZh91AY&SY", "compressed with bzip2", "decompress it first: bzip2 -dc NAME > unpacked"),
    (b"\xFD7zXZ\x00", "compressed with xz", "decompress it first: xz -dc NAME > unpacked"),
    // What is read is decompressed once.
    (b"\x1F\x8B\x08", TWICE, "decompress NAME"),
    (b"\x28\xB5\x2F\xFD", TWICE, "decompress NAME"),
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
            (b"\x1F\x8B\x08\x00", "compressed twice"),
            (b"\xFF\xFE\0\0I\0\0\0d\0\0\0", "text in UTF-32"),
            (b"\0\0\0I\0\0\0d", "text in UTF-32"),
            (&[0; 500], "nothing but NUL bytes"),
        ] {
            assert_eq!(ForeignFile::detect(start).map(|found| found.kind), Some(kind));
        }
        for text in [
            "",
            "Name,Email\nPAR1,x",
            "[{\"a\": 1}]",
            "PK,BZ\n",
            "<id>,<name>\n",
            "I\0d\0",
            "\u{feff}I\0\0\0",
        ] {
            assert!(ForeignFile::detect(text.as_bytes()).is_none(), "{text}");
        }
        let hint = |start: &[u8], name| ForeignFile::detect(start).unwrap().hint(name, None);
        assert_eq!(hint(b"PK\x03\x04", "o.zip"), "unpack it first: unzip o.zip");
        assert_eq!(hint(b"PK\x03\x04", "-"), "unpack it first: unzip FILE");
        assert_eq!(
            hint(b"BZh91AY&SY", "my orders.csv"),
            "decompress it first: bzip2 -dc 'my orders.csv' > unpacked"
        );
        let parquet = ForeignFile::detect(b"PAR1\x15").unwrap();
        for (name, sql) in [
            ("o.parquet", r#""COPY (FROM 'o.parquet') TO 'converted.csv' (HEADER)""#),
            ("my o's", r#""COPY (FROM 'my o''s') TO 'converted.csv' (HEADER)""#),
            ("$a", r"'COPY (FROM '\''$a'\'') TO '\''converted.csv'\'' (HEADER)'"),
        ] {
            assert_eq!(parquet.hint(name, None), format!("convert it first: duckdb -c {sql}"));
        }
    }

    #[test]
    fn archive_within_a_compressed_file_is_decompressed_first() {
        let hint = |start: &[u8], compression| {
            ForeignFile::detect(start).unwrap().hint("my o.gz", Some(compression))
        };
        for start in [&b"PK\x03\x04"[..], b"PAR1\x15", b"\x1F\x8B\x08", b"\x28\xB5\x2F\xFD"] {
            assert_eq!(
                hint(start, Compression::Gzip),
                "decompress it first: gzip -dc 'my o.gz' > unpacked; then check that"
            );
        }
        assert!(hint(b"%PDF-", Compression::Zstd).starts_with("let the shop export"));
    }
}
