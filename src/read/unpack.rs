//! A file's bytes, unpacked. What a file is packed with is told by its first bytes, not by its name.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek},
    path::Path,
};

/// Room for one read from the disk or the unpacker; larger gains nothing that could be measured.
const BUFFER: usize = 128 * 1024;

/// The UTF-8 byte order mark.
pub(super) const BOM: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Bytes that can be read by line.
pub type Bytes = BufReader<Box<dyn Read + Send>>;

/// Opens a file, plain, gzip (several members too) or zstd.
pub fn open(path: &Path) -> io::Result<Bytes> {
    let mut file = File::open(path)?;
    let mut magic = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut magic)?;
    let is_gzip = magic.starts_with(&[0x1F, 0x8B]);
    let is_zstd = magic.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]);
    file.rewind()?;
    let whole = BufReader::with_capacity(BUFFER, file);
    let unpacked: Box<dyn Read + Send> = if is_gzip {
        Box::new(flate2::bufread::MultiGzDecoder::new(whole))
    } else if is_zstd {
        Box::new(zstd::Decoder::with_buffer(whole)?)
    } else {
        Box::new(whole)
    };
    Ok(BufReader::with_capacity(BUFFER, unpacked))
}

/// The first bytes, left where they are; empty for an empty file.
pub fn first_bytes(bytes: &mut Bytes) -> io::Result<Vec<u8>> {
    Ok(bytes.fill_buf()?.iter().take(64).copied().collect())
}

/// Steps over a UTF-8 byte order mark and says how many bytes that were.
pub(super) fn skip_bom(bytes: &mut Bytes) -> io::Result<u64> {
    if bytes.fill_buf()?.starts_with(BOM) {
        bytes.consume(BOM.len());
        return Ok(BOM.len() as u64);
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn unpacked(packed: &[u8]) -> io::Result<String> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(packed)?;
        let mut text = String::new();
        open(file.path())?.read_to_string(&mut text)?;
        Ok(text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn unpacks_by_content() {
        assert_eq!(unpacked(b"").unwrap(), "");
        assert_eq!(unpacked(b"ab").unwrap(), "ab");
        assert_eq!(unpacked(&[gzip("one "), gzip("two")].concat()).unwrap(), "one two");
        assert_eq!(unpacked(&zstd::encode_all(&b"three"[..], 1).unwrap()).unwrap(), "three");
    }

    #[test]
    fn a_cut_archive_is_an_error_not_a_short_file() {
        let whole = gzip(&"order ".repeat(1000));
        assert!(unpacked(&whole[..whole.len() - 9]).is_err());
        let whole = zstd::encode_all("order ".repeat(1000).as_bytes(), 1).unwrap();
        assert!(unpacked(&whole[..whole.len() - 3]).is_err());
    }
}
