//! Block reader: reads and decompresses one input forward, in blocks of complete rows.
//!
//! Finds only where rows end; `row_parser` parses them. The bytes of an incomplete row at the end
//! of a block begin the next one. Called by `shuffle`, one thread for each reader.

use std::{ops::Range, path::Path};

use memchr::memchr;

use super::{
    block::{Block, Piece},
    boundary::RecordBoundary,
    csv,
    csv_format::CsvFormat,
    csv_heading::{end_of_lines, named_delimiter},
    decompress::DecompressedSource,
    dialect::{Dialect, FileFormat, ReadLimits},
    document_scanner::{DocumentScanner, Scan},
    error::ReadError,
    file_encoding::other_encoding,
    foreign_file::ForeignFile,
    hashed_source::HashedSource,
    inputs,
    json::{JsonFormat, begins_several_lines},
    position::position_after,
    read_buffer::ReadBuffer,
    row_parser::RowParser,
    settings::ReadSettings,
};
use crate::{
    model::{
        document_path::DocumentPath,
        input::{Framing, Input, InputFormat, InputRead, LineBreak},
        origin::{FileId, Position},
        record::Header,
        text_encoding::TextEncoding,
    },
    storage::{Source, Storage},
};

/// Bytes per block.
//
// Of 64 KiB to 2 MiB this was the fastest, by a little (reader and parser on one core: 1.25, 1.44,
// 1.52, 1.38, 1.37, 1.30 GB/s): smaller blocks pay a fixed cost each, larger ones leave the cache
// before they are parsed.
const BLOCK_BYTES: usize = 256 * 1024;

/// Enough for the byte order mark.
const MIN_BLOCK_BYTES: usize = 4;

/// Positions within a record have 32 bits, which must hold its line break too.
const MAX_RECORD_BYTES: u64 = u32::MAX as u64 - 2;

/// An open input, read in blocks of rows, in order. Sequential and cheap.
pub struct BlockReader<'s> {
    storage: &'s dyn Storage,
    buffer: ReadBuffer,
    block_bytes: usize,
    file: FileId,
    parser: RowParser,
    /// Finds the documents of JSON values; none of other files.
    scanner: Option<DocumentScanner>,
    has_ended: bool,
    /// The line and the text of the last line that is skipped, where the profile names the columns.
    skipped_line: Option<(u64, Vec<u8>)>,
    /// What is known of the input by now, without the number of rows.
    read: InputRead,
}

impl<'s> BlockReader<'s> {
    /// Opens an input and reads its header, if its format has one.
    ///
    /// # Errors
    ///
    /// [`ReadError`], for a file that cannot be opened, that has changed since it was found, or
    /// whose header cannot be read.
    pub fn open(
        input: &Input,
        file: FileId,
        settings: &ReadSettings<'s>,
    ) -> Result<Self, ReadError> {
        Self::open_with_block_size(BLOCK_BYTES, input, file, settings)
    }

    /// Opens an input like [`BlockReader::open`], and hashes it as it is read.
    ///
    /// # Errors
    ///
    /// Those of [`BlockReader::open`].
    pub fn open_hashed(
        input: &Input,
        file: FileId,
        settings: &ReadSettings<'s>,
    ) -> Result<Self, ReadError> {
        let source = HashedSource::new(inputs::open(settings.storage, input)?);
        Self::from_source(source, BLOCK_BYTES, input, file, settings)
    }

    /// Opens an input like [`BlockReader::open`], in blocks of any size.
    pub(super) fn open_with_block_size(
        block_bytes: usize,
        input: &Input,
        file: FileId,
        settings: &ReadSettings<'s>,
    ) -> Result<Self, ReadError> {
        let source = HashedSource::unhashed(inputs::open(settings.storage, input)?);
        Self::from_source(source, block_bytes, input, file, settings)
    }

    fn from_source(
        source: HashedSource,
        block_bytes: usize,
        input: &Input,
        file: FileId,
        settings: &ReadSettings<'s>,
    ) -> Result<Self, ReadError> {
        let stream = DecompressedSource::new(source, settings.limits.max_expansion)
            .map_err(|error| inputs::io_error(input, error))?;
        Self::from_stream(stream, block_bytes, input, file, settings)
    }

    /// Reads any stream, in blocks of any size.
    pub(super) fn from_stream(
        stream: DecompressedSource,
        block_bytes: usize,
        input: &Input,
        file: FileId,
        settings: &ReadSettings<'s>,
    ) -> Result<Self, ReadError> {
        let limits = settings.limits;
        let limits = ReadLimits { max_record: limits.max_record.min(MAX_RECORD_BYTES), ..limits };
        let format = JsonFormat {
            name: input.name.as_str().into(),
            file,
            encoding: settings.dialect.encoding,
            is_ndjson: true,
            limits,
        };
        let mut reader = Self {
            storage: settings.storage,
            buffer: ReadBuffer::new(stream),
            block_bytes: block_bytes.max(MIN_BLOCK_BYTES),
            file,
            parser: RowParser::json(format.clone()),
            scanner: None,
            has_ended: false,
            skipped_line: None,
            read: InputRead::unread(input.clone()),
        };
        match reader.read_start(format, settings.dialect) {
            Ok(()) => Ok(reader),
            // What cannot be read may be half written: then the error is that the file has changed.
            Err(error) => reader.ensure_unchanged().and(Err(error)),
        }
    }

    /// Detects the format, and reads what comes before the first row.
    fn read_start(&mut self, json: JsonFormat, dialect: Dialect<'_>) -> Result<(), ReadError> {
        self.inspect_start(dialect.encoding)?;
        match self.detect_format(dialect)? {
            FileFormat::Csv => self.read_heading(json, dialect)?,
            FileFormat::Ndjson => {}
            FileFormat::JsonValues => {
                let undeclared = DocumentPath::undeclared();
                let forms = dialect.documents.unwrap_or(&undeclared);
                self.scanner = Some(DocumentScanner::new(forms, json.limits.max_record));
                self.parser = RowParser::json(JsonFormat { is_ndjson: false, ..json });
                self.read.framing = dialect.documents.map_or(Framing::Array, DocumentPath::framing);
            }
        }
        Ok(())
    }

    /// Looks at the first bytes, and decodes them and all others if they are not UTF-8.
    fn inspect_start(&mut self, encoding: TextEncoding) -> Result<(), ReadError> {
        self.fill(self.block_bytes)?;
        // First: the mark of UTF-32 begins with that of UTF-16.
        if let Some(foreign) = ForeignFile::detect(&self.buffer.bytes) {
            let name = self.read.input.name.clone();
            let (kind, hint) =
                (foreign.kind, foreign.hint(&name, self.buffer.stream.compression()));
            return Err(ReadError::Foreign { name, kind, hint });
        }
        if let Some(found) = other_encoding(&self.buffer.bytes, encoding) {
            let name = self.read.input.name.clone();
            return Err(ReadError::Encoding { name, found, expected: encoding });
        }
        self.read.encoding = encoding;
        self.buffer.decode_from(encoding);
        self.buffer.skip_bom();
        let first_break =
            memchr(b'\n', &self.buffer.bytes).and_then(|position| position.checked_sub(1));
        if first_break.is_some_and(|before| self.buffer.bytes[before] == b'\r') {
            self.read.line_break = LineBreak::CrLf;
        }
        Ok(())
    }

    fn detect_format(&mut self, dialect: Dialect<'_>) -> Result<FileFormat, ReadError> {
        let by_name = || inputs::format_by_name(Path::new(&self.read.input.name));
        let configured = dialect.format.or_else(by_name);
        // A CSV file is not inspected: its first cell may begin with a bracket too.
        if configured == Some(InputFormat::Csv) {
            return Ok(FileFormat::Csv);
        }
        Ok(match (self.first_character()?, configured) {
            (Some(b'['), _) => FileFormat::JsonValues,
            (Some(b'{'), _) | (_, Some(_)) if dialect.documents.is_some() => FileFormat::JsonValues,
            (Some(b'{'), _) if self.begins_several_lines()? => FileFormat::JsonValues,
            (Some(b'{'), _) | (_, Some(_)) => FileFormat::Ndjson,
            _ => FileFormat::Csv,
        })
    }

    /// Whether the first value is over several lines, or not alone on its line.
    fn begins_several_lines(&mut self) -> Result<bool, ReadError> {
        // No more than the limit, so that the size of blocks makes no difference.
        let limit = usize::try_from(self.parser.limits().max_record).unwrap_or(usize::MAX);
        loop {
            let bytes = &self.buffer.bytes[self.buffer.leading_blanks()..];
            let bytes = &bytes[..bytes.len().min(limit)];
            let is_complete = self.buffer.is_eof && bytes.len() < limit;
            match begins_several_lines(bytes, is_complete) {
                Some(several) => return Ok(several),
                None if self.buffer.is_eof || bytes.len() == limit => return Ok(false),
                None => self.read_more()?,
            }
        }
    }

    /// The first character that is not blank, if it comes within the maximum size of a record.
    fn first_character(&mut self) -> Result<Option<u8>, ReadError> {
        loop {
            let first = self.buffer.bytes.get(self.buffer.leading_blanks()).copied();
            if first.is_some() || self.buffer.is_eof || self.is_too_long(self.buffer.bytes.len()) {
                return Ok(first);
            }
            self.read_more()?;
        }
    }

    /// Reads what comes before the first row of a CSV file. Its rejects begin with all of it.
    fn read_heading(&mut self, json: JsonFormat, dialect: Dialect<'_>) -> Result<(), ReadError> {
        let JsonFormat { name, file, encoding, limits, .. } = json;
        let (mut n_lines, mut syntax) = (dialect.skip_lines, dialect.csv_syntax);
        if let Some(named) = named_delimiter(&self.buffer.bytes) {
            let is_other = dialect.declares_delimiter && named != syntax.delimiter;
            if is_other || Some(named) == syntax.escape {
                let [found, expected] = [named, syntax.delimiter].map(char::from);
                let name = name.to_string();
                return Err(ReadError::OtherDelimiter { name, found, expected });
            }
            syntax.delimiter = named;
            n_lines = n_lines.max(1);
        }
        let format = CsvFormat { encoding, ..CsvFormat::new(name, file, syntax, limits) };
        let break_bytes = self.skip_lines(n_lines, dialect.column_names.is_some())?;
        let required = dialect.padded_beside;
        let Some(names) = dialect.column_names else { return self.read_header(format, required) };
        let piece = self.buffer.piece();
        let at = Position { file, line: piece.line, column: None };
        // Without the line break of the last line, which rejects add again.
        self.read.header = Some(0..if n_lines == 0 { 0 } else { piece.start - break_bytes });
        let header = Header { names: names.to_vec(), positions: vec![at; names.len()], syntax };
        self.parser = RowParser::csv(format.with_header(header)?.with_padding(required));
        Ok(())
    }

    /// Reads past the first lines of the file. Returns the bytes of the last one's line break.
    fn skip_lines(&mut self, n_lines: usize, keeps_last: bool) -> Result<u64, ReadError> {
        loop {
            match end_of_lines(&self.buffer.bytes, n_lines) {
                Ok(end) => {
                    let ends_with_crlf = self.buffer.bytes[..end].ends_with(b"\r\n");
                    let last =
                        self.buffer.bytes[..end].split_inclusive(|byte| *byte == b'\n').next_back();
                    let last = last.filter(|_| keeps_last).map(<[u8]>::to_vec);
                    self.skipped_line = last.map(|last| (n_lines as u64, last));
                    self.buffer.consume(end);
                    return Ok(if ends_with_crlf { 2 } else { 1 });
                }
                Err(found) if self.buffer.is_eof => {
                    let name = self.read.input.name.clone();
                    return Err(ReadError::NoLineOfHeader { name, found, expected: n_lines });
                }
                Err(_) => {
                    self.check_record_size(RecordBoundary { at: 0, open_quote: None })?;
                    self.read_more()?;
                }
            }
        }
    }

    fn read_header(
        &mut self,
        format: CsvFormat,
        required: Option<&[String]>,
    ) -> Result<(), ReadError> {
        // A header may be longer than a block, and blank lines may precede it.
        loop {
            let boundary = format.boundary(&self.buffer.bytes);
            let is_blank = |byte: &&u8| matches!(byte, b'\r' | b'\n' | b' ' | b'\t');
            let n_blank = self.buffer.bytes.iter().take_while(is_blank).count();
            if self.buffer.is_eof || boundary.at > n_blank {
                break;
            }
            self.check_record_size(RecordBoundary { at: 0, ..boundary })?;
            self.read_more()?;
        }
        let (header, n_bytes) = csv::parse_header(&format, self.buffer.piece())?;
        let (header, bytes) =
            header.ok_or_else(|| ReadError::NoHeader(self.read.input.name.clone()))?;
        // With the mark: by it editors know the encoding of rejects.
        self.read.header = Some(0..bytes.end);
        // A CR at the end of the file is a CRLF whose LF was cut off.
        self.read.line_break = match self.buffer.bytes[..n_bytes] {
            [.., b'\r', b'\n'] | [.., b'\r'] => LineBreak::CrLf,
            _ => LineBreak::Lf,
        };
        if !ends_with_break(&self.buffer.bytes[..n_bytes]) {
            let line = self.buffer.piece().line;
            self.read.unterminated = Some(Position { file: self.file, line, column: None });
        }
        self.buffer.consume(n_bytes);
        self.parser = RowParser::csv(format.with_header(header)?.with_padding(required));
        Ok(())
    }

    /// The last line before the rows, in place of a header, whose names the profile gives.
    #[must_use]
    pub fn skipped_line(&self) -> Option<Piece<'_>> {
        let (line, bytes) = self.skipped_line.as_ref()?;
        Some(Piece::of_row((*line, 1), 0, bytes))
    }

    /// The parser of the blocks.
    #[must_use]
    pub fn parser(&self) -> &RowParser {
        &self.parser
    }

    /// What was read of the input, without the number of rows; of its last row and its hash only
    /// after [`BlockReader::next_block`] has returned false.
    #[must_use]
    pub fn input_read(&self) -> InputRead {
        self.read.clone()
    }

    /// Reads the next block into `block`, whose buffer is reused. Returns false where nothing is
    /// left and everything that was read is what the file held when it was found.
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`], [`ReadError::RecordTooLong`], [`ReadError::LoneCr`],
    /// [`ReadError::Documents`], [`ReadError::Changed`].
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        match self.read_block(block) {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.ensure_complete()?;
                self.read.sha256 = self.buffer.stream.source().sha256();
                Ok(false)
            }
            // What cannot be read may be half written: then the error is that the file has changed.
            Err(error) => self.ensure_unchanged().and(Err(error)),
        }
    }

    fn ensure_unchanged(&self) -> Result<(), ReadError> {
        inputs::ensure_unchanged(self.storage, &self.read.input, self.source())
    }

    fn source(&self) -> &dyn Source {
        self.buffer.stream.source().source()
    }

    /// Checks that the file is unmodified and was read to its end.
    fn ensure_complete(&self) -> Result<(), ReadError> {
        self.ensure_unchanged()?;
        let (input, source) = (&self.read.input, self.source());
        let n_read = source.position().map_err(|error| inputs::io_error(input, error))?;
        if n_read == input.version.size {
            return Ok(());
        }
        let difference = format!("{n_read} of its {} bytes were read", input.version.size);
        Err(ReadError::Changed { name: input.name.clone(), difference })
    }

    fn read_block(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        block.bytes.clear();
        block.documents = None;
        while !self.has_ended {
            let has_block = if self.scanner.is_some() {
                self.next_value_block(block)?
            } else {
                self.next_row_block(block)?
            };
            if has_block {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Emits complete rows, or reads more.
    fn next_row_block(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        self.fill(self.block_bytes)?;
        let boundary = self.parser.boundary(&self.buffer.bytes);
        self.check_record_size(boundary)?;
        if self.buffer.is_eof {
            if !ends_with_break(&self.buffer.bytes) {
                let line = self.buffer.line + self.buffer.n_lines(boundary.at);
                self.read.unterminated = Some(Position { file: self.file, line, column: None });
                let Piece { start, bytes, .. } = self.buffer.piece();
                self.parser.set_unterminated(start + bytes.len() as u64);
            }
            self.has_ended = true;
            self.buffer.split_to(self.buffer.bytes.len(), block);
            return Ok(!block.bytes.is_empty());
        }
        if boundary.at == 0 {
            self.read_more()?;
            return Ok(false);
        }
        self.buffer.split_to(boundary.at, block);
        Ok(true)
    }

    /// Emits documents of JSON values, or passes what is between them, or reads more.
    fn next_value_block(&mut self, block: &mut Block) -> Result<bool, ReadError> {
        self.fill(self.block_bytes)?;
        let Some(mut scanner) = self.scanner.take() else { return Ok(false) };
        let found = self.scan(&mut scanner);
        self.scanner = Some(scanner);
        let Scan { documents, end } = found?;
        self.read.document_forms = self.scanner.as_ref().map_or(0, DocumentScanner::found);
        if end == 0 && !self.has_ended {
            self.read_more()?;
        }
        if documents.is_empty() {
            self.buffer.consume(end);
            return Ok(false);
        }
        self.buffer.split_to(end, block);
        block.documents = Some(documents);
        Ok(true)
    }

    /// Finds the documents in what is buffered; at the end of the file those too that are cut off.
    fn scan(&mut self, scanner: &mut DocumentScanner) -> Result<Scan, ReadError> {
        let name = &self.read.input.name;
        let refuse = |(line, error)| ReadError::Documents { name: name.clone(), line, error };
        let is_eof = self.buffer.is_eof;
        let mut scan = scanner.scan(self.buffer.piece(), is_eof).map_err(refuse)?;
        self.check_record_size(RecordBoundary { at: scan.end, open_quote: None })?;
        if is_eof {
            let line = self.buffer.line + self.buffer.n_lines(scan.end);
            // Only what it has of lines is looked at.
            let rest = Piece::of_row((line, 1), 0, &self.buffer.bytes[scan.end..]);
            let cut_off = scanner.finish(rest).map_err(refuse)?;
            let within = |own: Range<usize>| own.start + scan.end..own.end + scan.end;
            scan.documents.extend(cut_off.into_iter().map(within));
            scan.end = self.buffer.bytes.len();
            self.has_ended = true;
        }
        Ok(scan)
    }

    fn fill(&mut self, n_bytes: usize) -> Result<(), ReadError> {
        self.buffer.fill(n_bytes).map_err(|error| inputs::io_error(&self.read.input, error))
    }

    /// Reads more than is buffered: twice as much, so that a long row is not scanned again and
    /// again, but not much more than a record may have.
    fn read_more(&mut self) -> Result<(), ReadError> {
        let n_buffered = self.buffer.bytes.len();
        // One byte more than `is_too_long` allows is enough to refuse the record.
        let max_bytes = usize::try_from(self.parser.limits().max_record)
            .unwrap_or(usize::MAX)
            .saturating_add(3);
        self.fill((2 * n_buffered).min(max_bytes).max(n_buffered + self.block_bytes))
    }

    /// Whether a record of `n_bytes`, its line break included, exceeds the limit.
    fn is_too_long(&self, n_bytes: usize) -> bool {
        n_bytes as u64 > self.parser.limits().max_record + 2
    }

    /// Refuses an incomplete record that exceeds the limit: it must not fill the memory.
    fn check_record_size(&self, boundary: RecordBoundary) -> Result<(), ReadError> {
        if !self.is_too_long(self.buffer.bytes.len() - boundary.at) {
            return Ok(());
        }
        // A file with the line ends of classic Mac OS (CR alone) looks like one long line.
        if let Err(error @ ReadError::LoneCr(..)) = self.parser.parse([self.buffer.piece()]) {
            return Err(error);
        }
        let quote = boundary.open_quote.map(|quote| {
            let (lines, column) = position_after(&self.buffer.bytes[..quote], 0, 1);
            (self.buffer.line + u64::from(lines), column)
        });
        let n_blank = self.buffer.bytes[boundary.at..].len()
            - self.buffer.bytes[boundary.at..].trim_ascii_start().len();
        Err(ReadError::RecordTooLong {
            name: self.read.input.name.clone(),
            line: self.buffer.line + self.buffer.n_lines(boundary.at + n_blank),
            limit: self.parser.limits().max_record,
            quote,
            is_json_value: self.parser.file_format() == FileFormat::JsonValues,
        })
    }
}

fn ends_with_break(bytes: &[u8]) -> bool {
    matches!(bytes.last(), None | Some(b'\r' | b'\n'))
}
