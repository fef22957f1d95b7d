//! Small texts that are read as a whole: profiles here, settings and lists in `cli`.
//!
//! Bounded: `--config /dev/zero` would fill the memory.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::Path,
};

/// Far more than settings or a profile take, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The text of a file of settings or of a profile. The error names neither the file nor a line.
///
/// # Errors
///
/// For a folder, a pipe or a socket, for text that is not UTF-8, and for more than 1 MiB.
pub fn read_small_file(path: &Path) -> io::Result<String> {
    let file_type = fs::metadata(path)?.file_type();
    if file_type.is_dir() {
        return Err(io::Error::new(ErrorKind::IsADirectory, "is a folder, expected a file"));
    }
    // To open a pipe waits until someone writes to it.
    if is_pipe(file_type) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "is a pipe or a socket, expected a file"));
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

/// A text to its end, of at most so many bytes.
///
/// # Errors
///
/// For text that is not UTF-8 or has more bytes.
pub fn read_bounded(from: impl Read, max_bytes: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    let n_bytes = from.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if n_bytes as u64 > max_bytes {
        let size = bytesize::ByteSize(max_bytes);
        return Err(io::Error::new(
            ErrorKind::FileTooLarge,
            format!("the text has more than {size}, the most that is read"),
        ));
    }
    String::from_utf8(bytes)
        .map_err(|error| io::Error::new(ErrorKind::InvalidData, format!("is no UTF-8 text: {}", error.utf8_error())))
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
        assert_eq!(error_text(read_bounded(&b"123456"[..], 5)), "the text has more than 5 B, the most that is read");
        assert_eq!(
            error_text(read_bounded(io::repeat(0), 1024 * 1024)),
            "the text has more than 1.0 MiB, the most that is read"
        );
        assert!(error_text(read_bounded(&b"a\xff"[..], 5)).starts_with("is no UTF-8 text: "));
    }

    #[test]
    fn folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(error_text(read_small_file(folder.path())), "is a folder, expected a file");
        assert_eq!(read_small_file(&folder.path().join("none")).unwrap_err().kind(), ErrorKind::NotFound);
        let file = folder.path().join("f.toml");
        fs::write(&file, "rate = 5").unwrap();
        assert_eq!(read_small_file(&file).unwrap(), "rate = 5");
    }
}
