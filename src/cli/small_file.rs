//! Bounded reader of small text files: settings, faults, profiles and lists.
//!
//! The size is limited because `--config /dev/zero` would otherwise fill the memory. Does not
//! parse the text.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::Path,
    string::FromUtf8Error,
};

use crate::model::encoding_hint::{BadByte, NOT_UTF8};

// In bytes; far more than settings or a profile need.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Reads a file of settings or a profile. The error contains neither the file's name nor a line.
///
/// # Errors
///
/// If the path is a folder, a pipe or a socket, the text is not UTF-8, or the file has more than 1
/// MiB.
pub(super) fn read_small_file(path: &Path) -> io::Result<String> {
    let file_type = fs::metadata(path)?.file_type();
    if file_type.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "is a folder, expected a file"));
    }
    // Checked before opening: opening a pipe blocks until a process writes to it.
    if is_pipe(file_type) {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "is a pipe or a socket, expected a file",
        ));
    }
    read_bounded(File::open(path)?, MAX_FILE_BYTES)
}

#[cfg(unix)]
fn is_pipe(file_type: fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    file_type.is_fifo() || file_type.is_socket()
}

#[cfg(not(unix))]
fn is_pipe(_: fs::FileType) -> bool {
    false
}

/// Reads a text of at most `max_bytes` bytes to its end.
///
/// # Errors
///
/// If the text is not UTF-8 or has more bytes.
pub(in crate::cli) fn read_bounded(from: impl Read, max_bytes: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    // One byte more than allowed shows that the text is too large, without reading the rest.
    let n_bytes = from.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if n_bytes as u64 > max_bytes {
        let size = bytesize::ByteSize(max_bytes);
        return Err(io::Error::new(
            ErrorKind::FileTooLarge,
            format!("the text is larger than the limit of {size}"),
        ));
    }
    String::from_utf8(bytes)
        .map_err(|error| io::Error::new(ErrorKind::InvalidData, not_utf8(&error)))
}

/// The message about the first byte of a text that is not UTF-8.
fn not_utf8(error: &FromUtf8Error) -> String {
    let (bytes, error) = (error.as_bytes(), error.utf8_error());
    let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    let byte = BadByte::of(bytes, error);
    format!("{NOT_UTF8} in line {line}, column {column}: {byte}\n  hint: save the file as UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_text(read: io::Result<String>) -> String {
        read.unwrap_err().to_string()
    }

    #[test]
    fn text_is_read_up_to_the_limit() {
        assert_eq!(read_bounded(&b"12345"[..], 5).unwrap(), "12345");
        assert_eq!(
            error_text(read_bounded(&b"123456"[..], 5)),
            "the text is larger than the limit of 5 B"
        );
        assert_eq!(
            error_text(read_bounded(io::repeat(0), 1024 * 1024)),
            "the text is larger than the limit of 1.0 MiB"
        );
        assert_eq!(
            error_text(read_bounded(&b"a\n\xC3\xBCb\xE4"[..], 9)),
            "is not UTF-8 in line 2, column 3: byte 0xE4, 'ä' in Windows-1252\n  \
             hint: save the file as UTF-8"
        );
    }

    #[test]
    fn folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(error_text(read_small_file(folder.path())), "is a folder, expected a file");
        assert_eq!(
            read_small_file(&folder.path().join("none")).unwrap_err().kind(),
            ErrorKind::NotFound
        );
        let file = folder.path().join("f.toml");
        fs::write(&file, "rate = 5").unwrap();
        assert_eq!(read_small_file(&file).unwrap(), "rate = 5");
    }
}
