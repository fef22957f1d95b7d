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
    Bounds, Dialect, FileEnd, Form, Format, ReadError,
    ahead::Ahead,
    cells::place_behind,
    csv::{self, CsvForm},
    cut::{Cut, array_cut, csv_cut, line_cut},
    inputs::{self, Input},
    reader::{JsonForm, RowReader},
    unpack,
};
use crate::model::origin::{FileId, Position};

/// What is read at once. Of 64 KiB to 2 MiB this gave the most, by a little: smaller ones pay for each block, larger ones
/// leave the cache before they are parsed (source and parser on one core: 1.25, 1.44, 1.52, 1.38, 1.37, 1.30 GB/s).
const BLOCK: usize = 256 * 1024;

/// Enough for the byte order mark.
const LEAST_BLOCK: usize = 4;

/// Places within a row have 32 bits, with room for its line break.
const MOST_RECORD: u64 = u32::MAX as u64 - 2;

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
pub struct Source {
    ahead: Ahead,
    block_bytes: usize,
    input: Input,
    /// The open file that is read. It shares its place with the one that `ahead` reads from.
    open: Option<File>,
    file: FileId,
    reader: RowReader,
    state: State,
    end: FileEnd,
}

/// How far the rows have been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing yet.
    Begun,
    /// Some.
    Within,
    /// All elements: nothing may follow the bracket that closed the array.
    BehindArray,
    /// All there are of an array whose bracket is missing.
    CutArray,
    /// All.
    Ended,
}

impl Source {
    /// Opens an input and reads its header, if its form has one.
    ///
    /// # Errors
    ///
    /// [`ReadError`], for a file that cannot be opened, that is not as it was found, or whose header cannot be read.
    pub fn open(input: &Input, file: FileId, dialect: &Dialect, limits: Bounds) -> Result<Self, ReadError> {
        Self::in_blocks(BLOCK, input, file, *dialect, limits)
    }

    /// The same in blocks of any size.
    pub(super) fn in_blocks(
        block_bytes: usize,
        input: &Input,
        file: FileId,
        dialect: Dialect,
        limits: Bounds,
    ) -> Result<Self, ReadError> {
        let opened = input.open()?;
        let handle = opened.try_clone().map_err(|error| input.error(error))?;
        let stream = unpack::stream(opened, limits.expansion).map_err(|error| input.error(error))?;
        match Self::of(stream, block_bytes, input, file, dialect, limits) {
            Ok(source) => Ok(Self { open: Some(handle), ..source }),
            Err(error) => input.ensure_unchanged(&handle).and(Err(error)),
        }
    }

    /// The same for any stream, in blocks of any size.
    pub(super) fn of(
        stream: Box<dyn Read + Send>,
        block_bytes: usize,
        input: &Input,
        file: FileId,
        dialect: Dialect,
        limits: Bounds,
    ) -> Result<Self, ReadError> {
        let limits = Bounds { record: limits.record.min(MOST_RECORD), ..limits };
        let name: Arc<str> = input.name.as_str().into();
        let format = JsonForm { name: Arc::clone(&name), file, is_array: false, bounds: limits };
        let mut source = Self {
            ahead: Ahead::new(stream),
            block_bytes: block_bytes.max(LEAST_BLOCK),
            input: input.clone(),
            open: None,
            file,
            reader: RowReader::json(format.clone()),
            state: State::Begun,
            end: FileEnd { header: None, has_crlf: false, unfinished: None },
        };
        source.begin()?;
        match source.format(dialect.format)? {
            Form::Csv => source.read_header(CsvForm::new(name, file, dialect.delimiter, limits))?,
            Form::Ndjson => {}
            Form::JsonArray => {
                source.ahead.skip(source.ahead.n_blank() + 1);
                source.reader = RowReader::json(JsonForm { is_array: true, ..format });
            }
        }
        Ok(source)
    }

    fn begin(&mut self) -> Result<(), ReadError> {
        self.fill(self.block_bytes)?;
        if self.ahead.bytes.starts_with(&[0xFF, 0xFE]) || self.ahead.bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(ReadError::Utf16(self.input.name.clone()));
        }
        self.ahead.skip_bom();
        let first_break = memchr(b'\n', &self.ahead.bytes).and_then(|position| position.checked_sub(1));
        self.end.has_crlf = first_break.is_some_and(|before| self.ahead.bytes[before] == b'\r');
        Ok(())
    }

    fn format(&mut self, configured: Option<Format>) -> Result<Form, ReadError> {
        let configured = configured.or_else(|| inputs::format_by_name(Path::new(&self.input.name)));
        if configured == Some(Format::Csv) {
            return Ok(Form::Csv);
        }
        Ok(match (self.first_character()?, configured) {
            (Some(b'['), _) => Form::JsonArray,
            (Some(b'{'), _) | (_, Some(_)) => Form::Ndjson,
            _ => Form::Csv,
        })
    }

    /// The first that is no blank, if it comes before the end of what a record may be.
    fn first_character(&mut self) -> Result<Option<u8>, ReadError> {
        loop {
            let first = self.ahead.bytes.get(self.ahead.n_blank()).copied();
            if first.is_some() || self.ahead.is_last || self.is_too_long(self.ahead.bytes.len()) {
                return Ok(first);
            }
            self.grow()?;
        }
    }

    fn read_header(&mut self, format: CsvForm) -> Result<(), ReadError> {
        loop {
            let boundary = csv_cut(&self.ahead.bytes, format.delimiter);
            let n_blank = self.ahead.bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if self.ahead.is_last || boundary.at > n_blank {
                break;
            }
            self.judge(Cut { at: 0, ..boundary })?;
            self.grow()?;
        }
        let (header, n_bytes) = csv::header(&format, self.ahead.piece())?;
        let (header, bytes) = header.ok_or_else(|| ReadError::NoHeader(self.input.name.clone()))?;
        self.end.header = Some(bytes);
        self.end.has_crlf = matches!(self.ahead.bytes[..n_bytes], [.., b'\r', b'\n'] | [.., b'\r']);
        if !ends_with_break(&self.ahead.bytes[..n_bytes]) {
            self.end.unfinished = Some(Position { file: self.file, line: 1, column: None });
        }
        self.ahead.skip(n_bytes);
        self.reader = RowReader::csv(format.with(header)?);
        Ok(())
    }

    /// How its rows are read.
    #[must_use]
    pub fn reader(&self) -> &RowReader {
        &self.reader
    }

    /// What is known of the file; of its last row only when [`Source::next_block`] has said that nothing is left.
    #[must_use]
    pub fn end(&self) -> FileEnd {
        self.end.clone()
    }

    /// The next block into `block`, whose buffer is used again; false where nothing is left, and all that was read is what
    /// the file held when it was found.
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`], [`ReadError::RecordTooLong`], [`ReadError::LoneCr`], [`ReadError::BehindArray`],
    /// [`ReadError::Changed`].
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        match self.next_rows_or_elements(block) {
            Ok(true) => Ok(true),
            Ok(false) => self.ensure_whole().map(|()| false),
            // What cannot be read may only be half written.
            Err(error) => self.ensure_unchanged().and(Err(error)),
        }
    }

    fn ensure_unchanged(&self) -> Result<(), ReadError> {
        self.open.as_ref().map_or(Ok(()), |handle| self.input.ensure_unchanged(handle))
    }

    /// That the file is as it was found, and was read to its end.
    fn ensure_whole(&mut self) -> Result<(), ReadError> {
        self.ensure_unchanged()?;
        let Some(handle) = &mut self.open else { return Ok(()) };
        let n_read = handle.stream_position().map_err(|error| self.input.error(error))?;
        if n_read == self.input.found.bytes {
            return Ok(());
        }
        let difference = format!("{n_read} of its {} bytes were read", self.input.found.bytes);
        Err(ReadError::Changed { name: self.input.name.clone(), difference })
    }

    fn next_rows_or_elements(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        block.bytes.clear();
        loop {
            let has_block = match self.state {
                State::Ended => return Ok(false),
                State::BehindArray => self.nothing_left()?,
                State::CutArray => self.given(0, State::Ended, block),
                State::Begun | State::Within if self.reader.form() == Form::JsonArray => self.next_elements(block)?,
                State::Begun | State::Within => self.next_rows(block)?,
            };
            if has_block {
                return Ok(true);
            }
        }
    }

    /// Gives rows, or reads more.
    fn next_rows(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        self.fill(self.block_bytes)?;
        let boundary = match self.reader.delimiter() {
            Some(delimiter) => csv_cut(&self.ahead.bytes, delimiter),
            None => line_cut(&self.ahead.bytes),
        };
        self.judge(boundary)?;
        if self.ahead.is_last {
            if !ends_with_break(&self.ahead.bytes) {
                let line = self.ahead.line + self.ahead.n_lines(boundary.at);
                self.end.unfinished = Some(Position { file: self.file, line, column: None });
            }
            return Ok(self.given(self.ahead.bytes.len(), State::Ended, block) && !block.bytes.is_empty());
        }
        if boundary.at == 0 {
            self.grow()?;
            return Ok(false);
        }
        Ok(self.given(boundary.at, State::Within, block))
    }

    /// Gives elements of an array, or reads more.
    fn next_elements(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        self.fill(self.block_bytes)?;
        let boundary = array_cut(&self.ahead.bytes);
        if let Some(bracket) = boundary.close {
            // Of an array `[]` nothing is missing; behind a comma an element is.
            let is_missing = self.ahead.bytes[boundary.at..bracket].trim_ascii().is_empty()
                && (boundary.at > 0 || self.state == State::Within);
            self.given(bracket + usize::from(is_missing), State::BehindArray, block);
            self.ahead.skip(usize::from(!is_missing));
            return Ok(!block.bytes.is_empty());
        }
        self.judge(Cut { at: boundary.at, open_quote: None })?;
        if self.ahead.is_last {
            // An element that is cut off tells by itself that the array is.
            let state = if boundary.is_within { State::Ended } else { State::CutArray };
            return Ok(self.given(self.ahead.bytes.len(), state, block) && !block.bytes.is_empty());
        }
        if boundary.at == 0 {
            self.grow()?;
            return Ok(false);
        }
        Ok(self.given(boundary.at, State::Within, block))
    }

    fn given(&mut self, n_bytes: usize, state: State, block: &mut Block) -> bool {
        self.ahead.give(n_bytes, block);
        self.state = state;
        true
    }

    /// Reads on to the end of the file, which must be blank.
    fn nothing_left(&mut self) -> Result<bool, ReadError> {
        let n_blank = self.ahead.n_blank();
        self.ahead.skip(n_blank);
        if !self.ahead.bytes.is_empty() {
            return Err(ReadError::BehindArray(self.input.name.clone(), self.ahead.line));
        }
        if self.ahead.is_last {
            self.state = State::Ended;
        }
        self.fill(self.block_bytes)?;
        Ok(false)
    }

    fn fill(&mut self, n_bytes: usize) -> Result<(), ReadError> {
        self.ahead.fill(n_bytes).map_err(|error| self.input.error(error))
    }

    /// Reads more than is ahead: twice as much, so that a long row is not looked through time and again, but not much
    /// more than a row may have.
    fn grow(&mut self) -> Result<(), ReadError> {
        let n_buffered = self.ahead.bytes.len();
        let max_bytes = usize::try_from(self.reader.bounds().record).unwrap_or(usize::MAX).saturating_add(3);
        self.fill((2 * n_buffered).min(max_bytes).max(n_buffered + self.block_bytes))
    }

    /// Whether a row with so many bytes, its line break included, is longer than one may be.
    fn is_too_long(&self, n_bytes: usize) -> bool {
        n_bytes as u64 > self.reader.bounds().record + 2
    }

    /// Judges the row that is not finished: it must not fill the memory.
    fn judge(&self, boundary: Cut) -> Result<(), ReadError> {
        if !self.is_too_long(self.ahead.bytes.len() - boundary.at) {
            return Ok(());
        }
        // The lines of an old Mac's file seem to be one.
        if let Err(error @ ReadError::LoneCr(..)) = self.reader.parse([self.ahead.piece()]) {
            return Err(error);
        }
        let quote = boundary.open_quote.map(|quote| {
            let (lines, column) = place_behind(&self.ahead.bytes[..quote], 0, 1);
            (self.ahead.line + u64::from(lines), column)
        });
        let n_blank = self.ahead.bytes[boundary.at..].len() - self.ahead.bytes[boundary.at..].trim_ascii_start().len();
        Err(ReadError::RecordTooLong {
            name: self.input.name.clone(),
            line: self.ahead.line + self.ahead.n_lines(boundary.at + n_blank),
            limit: self.reader.bounds().record,
            quote,
        })
    }
}

fn ends_with_break(bytes: &[u8]) -> bool {
    matches!(bytes.last(), None | Some(b'\r' | b'\n'))
}
