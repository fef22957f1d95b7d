//! An open input: reads and unpacks it forwards, in blocks of whole rows.
//!
//! Only finds where rows end; `reader` reads them. What of a block belongs to a row that is not finished is the start of
//! the next. Called by `pipeline`, one thread for each source.

use std::{
    fs::File,
    io::{Read, Seek},
    path::Path,
    sync::Arc,
};

use memchr::memchr;

use super::{
    Dialect, FileEnd, FileFormat, InputFormat, ReadError, ReadLimits,
    boundary::{RecordBoundary, array_boundary, csv_boundary, line_boundary},
    csv::{self, CsvFormat},
    csv_slow::position_after,
    decompress,
    inputs::{self, InputFile},
    read_buffer::ReadBuffer,
    row_parser::{JsonFormat, RowParser},
};
use crate::model::origin::{FileId, Position};

/// What is read at once. Of 64 KiB to 2 MiB this gave the most, by a little: smaller ones pay for each block, larger ones
/// leave the cache before they are parsed (source and parser on one core: 1.25, 1.44, 1.52, 1.38, 1.37, 1.30 GB/s).
const BLOCK_BYTES: usize = 256 * 1024;

/// Enough for the byte order mark.
const MIN_BLOCK_BYTES: usize = 4;

/// Places within a row have 32 bits, with room for its line break.
const MAX_RECORD_BYTES: u64 = u32::MAX as u64 - 2;

/// Whole rows, as they stand in the file.
#[derive(Debug, Default)]
pub struct Block {
    /// The line of the first byte, from 1.
    pub line: u64,
    /// The offset of the first byte in the unpacked file.
    pub start: u64,
    /// The rows.
    pub bytes: Vec<u8>,
}

/// An open input: gives its rows in blocks, in order. Sequential and cheap.
pub struct BlockReader {
    buffer: ReadBuffer,
    block_bytes: usize,
    input: InputFile,
    /// The open file that is read. It shares its place with the one that `ahead` reads from.
    handle: Option<File>,
    file: FileId,
    parser: RowParser,
    state: ReadState,
    end: FileEnd,
}

/// How far the rows have been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadState {
    /// Nothing yet.
    Start,
    /// Some.
    Rows,
    /// All elements: nothing may follow the bracket that closed the array.
    AfterArray,
    /// All there are of an array whose bracket is missing.
    TruncatedArray,
    /// All.
    End,
}

impl BlockReader {
    /// Opens an input and reads its header, if its form has one.
    ///
    /// # Errors
    ///
    /// [`ReadError`], for a file that cannot be opened, that is not as it was found, or whose header cannot be read.
    pub fn open(input: &InputFile, file: FileId, dialect: &Dialect, limits: ReadLimits) -> Result<Self, ReadError> {
        Self::open_with_block_size(BLOCK_BYTES, input, file, *dialect, limits)
    }

    /// The same in blocks of any size.
    pub(super) fn open_with_block_size(
        block_bytes: usize,
        input: &InputFile,
        file: FileId,
        dialect: Dialect,
        limits: ReadLimits,
    ) -> Result<Self, ReadError> {
        let opened = input.open()?;
        let handle = opened.try_clone().map_err(|error| input.error(error))?;
        let stream = decompress::stream(opened, limits.max_expansion).map_err(|error| input.error(error))?;
        match Self::from_stream(stream, block_bytes, input, file, dialect, limits) {
            Ok(source) => Ok(Self { handle: Some(handle), ..source }),
            Err(error) => input.ensure_unchanged(&handle).and(Err(error)),
        }
    }

    /// The same for any stream, in blocks of any size.
    pub(super) fn from_stream(
        stream: Box<dyn Read + Send>,
        block_bytes: usize,
        input: &InputFile,
        file: FileId,
        dialect: Dialect,
        limits: ReadLimits,
    ) -> Result<Self, ReadError> {
        let limits = ReadLimits { max_record: limits.max_record.min(MAX_RECORD_BYTES), ..limits };
        let name: Arc<str> = input.name.as_str().into();
        let format = JsonFormat { name: Arc::clone(&name), file, is_array: false, limits };
        let mut source = Self {
            buffer: ReadBuffer::new(stream),
            block_bytes: block_bytes.max(MIN_BLOCK_BYTES),
            input: input.clone(),
            handle: None,
            file,
            parser: RowParser::json(format.clone()),
            state: ReadState::Start,
            end: FileEnd { header: None, has_crlf: false, unterminated: None },
        };
        source.inspect_start()?;
        match source.detect_format(dialect.format)? {
            FileFormat::Csv => source.read_header(CsvFormat::new(name, file, dialect.delimiter, limits))?,
            FileFormat::Ndjson => {}
            FileFormat::JsonArray => {
                source.buffer.consume(source.buffer.leading_blanks() + 1);
                source.parser = RowParser::json(JsonFormat { is_array: true, ..format });
            }
        }
        Ok(source)
    }

    fn inspect_start(&mut self) -> Result<(), ReadError> {
        self.fill(self.block_bytes)?;
        if self.buffer.bytes.starts_with(&[0xFF, 0xFE]) || self.buffer.bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(ReadError::Utf16(self.input.name.clone()));
        }
        self.buffer.skip_bom();
        let first_break = memchr(b'\n', &self.buffer.bytes).and_then(|position| position.checked_sub(1));
        self.end.has_crlf = first_break.is_some_and(|before| self.buffer.bytes[before] == b'\r');
        Ok(())
    }

    fn detect_format(&mut self, configured: Option<InputFormat>) -> Result<FileFormat, ReadError> {
        let configured = configured.or_else(|| inputs::format_by_name(Path::new(&self.input.name)));
        if configured == Some(InputFormat::Csv) {
            return Ok(FileFormat::Csv);
        }
        Ok(match (self.first_character()?, configured) {
            (Some(b'['), _) => FileFormat::JsonArray,
            (Some(b'{'), _) | (_, Some(_)) => FileFormat::Ndjson,
            _ => FileFormat::Csv,
        })
    }

    /// The first that is no blank, if it comes before the end of what a record may be.
    fn first_character(&mut self) -> Result<Option<u8>, ReadError> {
        loop {
            let first = self.buffer.bytes.get(self.buffer.leading_blanks()).copied();
            if first.is_some() || self.buffer.is_eof || self.is_too_long(self.buffer.bytes.len()) {
                return Ok(first);
            }
            self.read_more()?;
        }
    }

    fn read_header(&mut self, format: CsvFormat) -> Result<(), ReadError> {
        loop {
            let boundary = csv_boundary(&self.buffer.bytes, format.delimiter);
            let n_blank = self.buffer.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if self.buffer.is_eof || boundary.at > n_blank {
                break;
            }
            self.check_record_size(RecordBoundary { at: 0, ..boundary })?;
            self.read_more()?;
        }
        let (header, n_bytes) = csv::parse_header(&format, self.buffer.piece())?;
        let (header, bytes) = header.ok_or_else(|| ReadError::NoHeader(self.input.name.clone()))?;
        self.end.header = Some(bytes);
        self.end.has_crlf = matches!(self.buffer.bytes[..n_bytes], [.., b'\r', b'\n'] | [.., b'\r']);
        if !ends_with_break(&self.buffer.bytes[..n_bytes]) {
            self.end.unterminated = Some(Position { file: self.file, line: 1, column: None });
        }
        self.buffer.consume(n_bytes);
        self.parser = RowParser::csv(format.with_header(header)?);
        Ok(())
    }

    /// How its rows are read.
    #[must_use]
    pub fn parser(&self) -> &RowParser {
        &self.parser
    }

    /// What is known of the file; of its last row only when [`BlockReader::next_block`] has said that nothing is left.
    #[must_use]
    pub fn end(&self) -> FileEnd {
        self.end.clone()
    }

    /// The next block into `block`, whose buffer is used again; false where nothing is left, and all that was read is what
    /// the file held when it was found.
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`], [`ReadError::RecordTooLong`], [`ReadError::LoneCr`], [`ReadError::TextAfterArray`],
    /// [`ReadError::Changed`].
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        match self.read_block(block) {
            Ok(true) => Ok(true),
            Ok(false) => self.ensure_complete().map(|()| false),
            // What cannot be read may only be half written.
            Err(error) => self.ensure_unchanged().and(Err(error)),
        }
    }

    fn ensure_unchanged(&self) -> Result<(), ReadError> {
        self.handle.as_ref().map_or(Ok(()), |handle| self.input.ensure_unchanged(handle))
    }

    /// That the file is as it was found, and was read to its end.
    fn ensure_complete(&mut self) -> Result<(), ReadError> {
        self.ensure_unchanged()?;
        let Some(handle) = &mut self.handle else { return Ok(()) };
        let n_read = handle.stream_position().map_err(|error| self.input.error(error))?;
        if n_read == self.input.fingerprint.bytes {
            return Ok(());
        }
        let difference = format!("{n_read} of its {} bytes were read", self.input.fingerprint.bytes);
        Err(ReadError::Changed { name: self.input.name.clone(), difference })
    }

    fn read_block(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        block.bytes.clear();
        loop {
            let has_block = match self.state {
                ReadState::End => return Ok(false),
                ReadState::AfterArray => self.expect_end()?,
                ReadState::TruncatedArray => self.emit_block(0, ReadState::End, block),
                ReadState::Start | ReadState::Rows if self.parser.file_format() == FileFormat::JsonArray => {
                    self.next_array_block(block)?
                }
                ReadState::Start | ReadState::Rows => self.next_row_block(block)?,
            };
            if has_block {
                return Ok(true);
            }
        }
    }

    /// Gives rows, or reads more.
    fn next_row_block(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        self.fill(self.block_bytes)?;
        let boundary = match self.parser.delimiter() {
            Some(delimiter) => csv_boundary(&self.buffer.bytes, delimiter),
            None => line_boundary(&self.buffer.bytes),
        };
        self.check_record_size(boundary)?;
        if self.buffer.is_eof {
            if !ends_with_break(&self.buffer.bytes) {
                let line = self.buffer.line + self.buffer.n_lines(boundary.at);
                self.end.unterminated = Some(Position { file: self.file, line, column: None });
            }
            return Ok(self.emit_block(self.buffer.bytes.len(), ReadState::End, block) && !block.bytes.is_empty());
        }
        if boundary.at == 0 {
            self.read_more()?;
            return Ok(false);
        }
        Ok(self.emit_block(boundary.at, ReadState::Rows, block))
    }

    /// Gives elements of an array, or reads more.
    fn next_array_block(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        self.fill(self.block_bytes)?;
        let boundary = array_boundary(&self.buffer.bytes);
        if let Some(bracket) = boundary.bracket {
            // Of an array `[]` nothing is missing; behind a comma an element is.
            let is_missing = self.buffer.bytes[boundary.at..bracket].trim_ascii().is_empty()
                && (boundary.at > 0 || self.state == ReadState::Rows);
            self.emit_block(bracket + usize::from(is_missing), ReadState::AfterArray, block);
            self.buffer.consume(usize::from(!is_missing));
            return Ok(!block.bytes.is_empty());
        }
        self.check_record_size(RecordBoundary { at: boundary.at, open_quote: None })?;
        if self.buffer.is_eof {
            // An element that is cut off tells by itself that the array is.
            let state = if boundary.is_within { ReadState::End } else { ReadState::TruncatedArray };
            return Ok(self.emit_block(self.buffer.bytes.len(), state, block) && !block.bytes.is_empty());
        }
        if boundary.at == 0 {
            self.read_more()?;
            return Ok(false);
        }
        Ok(self.emit_block(boundary.at, ReadState::Rows, block))
    }

    fn emit_block(&mut self, n_bytes: usize, state: ReadState, block: &mut Block) -> bool {
        self.buffer.split_to(n_bytes, block);
        self.state = state;
        true
    }

    /// Reads on to the end of the file, which must be blank.
    fn expect_end(&mut self) -> Result<bool, ReadError> {
        let n_blank = self.buffer.leading_blanks();
        self.buffer.consume(n_blank);
        if !self.buffer.bytes.is_empty() {
            return Err(ReadError::TextAfterArray(self.input.name.clone(), self.buffer.line));
        }
        if self.buffer.is_eof {
            self.state = ReadState::End;
        }
        self.fill(self.block_bytes)?;
        Ok(false)
    }

    fn fill(&mut self, n_bytes: usize) -> Result<(), ReadError> {
        self.buffer.fill(n_bytes).map_err(|error| self.input.error(error))
    }

    /// Reads more than is ahead: twice as much, so that a long row is not looked through time and again, but not much
    /// more than a row may have.
    fn read_more(&mut self) -> Result<(), ReadError> {
        let n_buffered = self.buffer.bytes.len();
        let max_bytes = usize::try_from(self.parser.limits().max_record).unwrap_or(usize::MAX).saturating_add(3);
        self.fill((2 * n_buffered).min(max_bytes).max(n_buffered + self.block_bytes))
    }

    /// Whether a row with so many bytes, its line break included, is longer than one may be.
    fn is_too_long(&self, n_bytes: usize) -> bool {
        n_bytes as u64 > self.parser.limits().max_record + 2
    }

    /// Judges the row that is not finished: it must not fill the memory.
    fn check_record_size(&self, boundary: RecordBoundary) -> Result<(), ReadError> {
        if !self.is_too_long(self.buffer.bytes.len() - boundary.at) {
            return Ok(());
        }
        // The lines of an old Mac's file seem to be one.
        if let Err(error @ ReadError::LoneCr(..)) = self.parser.parse([self.buffer.piece()]) {
            return Err(error);
        }
        let quote = boundary.open_quote.map(|quote| {
            let (lines, column) = position_after(&self.buffer.bytes[..quote], 0, 1);
            (self.buffer.line + u64::from(lines), column)
        });
        let n_blank =
            self.buffer.bytes[boundary.at..].len() - self.buffer.bytes[boundary.at..].trim_ascii_start().len();
        Err(ReadError::RecordTooLong {
            name: self.input.name.clone(),
            line: self.buffer.line + self.buffer.n_lines(boundary.at + n_blank),
            limit: self.parser.limits().max_record,
            quote,
        })
    }
}

fn ends_with_break(bytes: &[u8]) -> bool {
    matches!(bytes.last(), None | Some(b'\r' | b'\n'))
}
