//! Block iterator: the blocks of all input files, one after the other.
//!
//! It parses no rows; that is done by the caller on all cores. The core that asks for the next
//! block reads it, so that reading and decompression keep one core busy while the others process
//! their blocks. Called by `pass`.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use bumpalo::Bump;

use super::{error::ShuffleError, settings::ShuffleSettings};
use crate::{
    map::{MapError, MissingInAll, RowsAbove, file_mapper::FileMapper},
    model::{
        draft::MappedRow,
        field::{ExtensionType, Field},
        input::{Input, InputRead},
        origin::{FileId, Position},
        problem::Problem,
        row::Row,
    },
    read::{Block, BlockReader, ParsedBlock, Piece, RowParser},
};

/// An open input file with its parser and its mapper.
pub(super) struct OpenFile<'p> {
    pub(super) id: FileId,
    pub(super) parser: RowParser,
    pub(super) mapper: FileMapper<'p>,
}

/// All files that were opened, by `FileId`.
pub(super) type OpenFiles<'p> = RwLock<Vec<Arc<OpenFile<'p>>>>;

/// The next block of a file. At the end of a file, the block is empty and `end` is set.
pub(super) struct NextBlock<'p> {
    pub(super) file: Arc<OpenFile<'p>>,
    pub(super) block: Block,
    /// What the rows before the block say of its blank cells.
    pub(super) above: RowsAbove,
    pub(super) end: Option<InputRead>,
}

impl NextBlock<'_> {
    /// The rows of the block, with their blank cells filled, and joined to those of side files.
    pub(super) fn rows<'a>(&'a self, parsed: &'a ParsedBlock<'a>, texts: &'a Bump) -> Vec<Row<'a>> {
        let mapper = &self.file.mapper;
        if !mapper.fills_down() && !mapper.has_joins() {
            return parsed.rows().collect();
        }
        let mut above = self.above.clone();
        let complete = |row: Row<'a>| {
            let raw = self.block.row(&row.origin);
            mapper.join(mapper.fill_down(row, Some(raw), &mut above, texts), texts)
        };
        parsed.rows().map(complete).collect()
    }

    /// Returns the bytes to parse.
    // None at the end of a file: in an array, an empty block would be read as a truncated one.
    pub(super) fn piece(&self) -> Option<Piece<'_>> {
        if self.end.is_some() { None } else { Some(Piece::from(&self.block)) }
    }
}

/// Iterates over the blocks of all inputs. Hashes those whose hash is not known.
pub(super) struct BlockIter<'p> {
    settings: &'p ShuffleSettings<'p>,
    inputs: std::vec::IntoIter<InputRead>,
    opened: &'p OpenFiles<'p>,
    source: Option<(BlockReader<'p>, Arc<OpenFile<'p>>)>,
    n_opened: u32,
    above: RowsAbove,
}

impl<'p> BlockIter<'p> {
    pub(super) fn of(
        inputs: Vec<InputRead>,
        settings: &'p ShuffleSettings<'p>,
        open_files: &'p OpenFiles<'p>,
    ) -> Self {
        // A second pass opens the files again, and with them the same `FileId`s.
        open_files.write().expect("no thread panics while holding the lock").clear();
        Self {
            settings,
            inputs: inputs.into_iter(),
            opened: open_files,
            source: None,
            n_opened: 0,
            above: RowsAbove::default(),
        }
    }

    fn open(&mut self, InputRead { input, sha256, .. }: &InputRead) -> Result<(), ShuffleError> {
        let id = FileId(self.n_opened);
        self.n_opened += 1;
        let open = if sha256.is_some() { BlockReader::open } else { BlockReader::open_hashed };
        let source = open(input, id, &self.settings.read)?;
        let parser = source.parser().clone();
        let mapper = bind(self.settings, &parser, &input.name)?;
        if let Some(skipped) = source.skipped_line() {
            ensure_no_order(skipped, &parser, &mapper, &input.name)?;
        }
        let file = Arc::new(OpenFile { id, parser, mapper });
        self.opened
            .write()
            .expect("no thread panics while holding the lock")
            .push(Arc::clone(&file));
        self.source = Some((source, file));
        Ok(())
    }

    fn next_block(&mut self) -> Result<Option<NextBlock<'p>>, ShuffleError> {
        if let Some(reason) = (self.settings.stop_reason)() {
            return Err(ShuffleError::Stopped(reason));
        }
        if self.source.is_none() {
            let Some(input) = self.inputs.next() else { return Ok(None) };
            self.open(&input)?;
        }
        let Some((mut source, file)) = self.source.take() else { return Ok(None) };
        let (mut block, above) = (Block::default(), self.above.clone());
        if source.next_block(&mut block)? {
            self.source = Some((source, Arc::clone(&file)));
            if file.mapper.fills_down() {
                self.pass_rows(&file, &block)?;
            }
            return Ok(Some(NextBlock { file, block, above, end: None }));
        }
        Ok(Some(NextBlock { file, block, above, end: Some(source.input_read()) }))
    }

    /// Reads what the next block needs to know of the rows of this one.
    // One core after the other, since each block depends on those before it. The block is parsed
    // again where its rows are mapped: parsed rows borrow from their block, so they cannot be handed
    // on beside it, and the texts of the last order alone do not say which rows are headers, ignored
    // or unreadable.
    fn pass_rows(&mut self, file: &OpenFile<'_>, block: &Block) -> Result<(), ShuffleError> {
        let (parsed, texts) = (file.parser.parse([Piece::from(block)])?, Bump::new());
        for row in parsed.rows() {
            let raw = block.row(&row.origin);
            file.mapper.fill_down(row, Some(raw), &mut self.above, &texts);
        }
        Ok(())
    }
}

impl<'p> Iterator for BlockIter<'p> {
    type Item = Result<NextBlock<'p>, ShuffleError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_block().transpose()
    }
}

/// Binds the profile, with the side files of its joins, to a file of this name.
fn bind<'p>(
    settings: &'p ShuffleSettings<'p>,
    parser: &RowParser,
    name: &str,
) -> Result<FileMapper<'p>, MapError> {
    FileMapper::bind_joined(settings.profile, parser.header(), name, settings.side_tables)
}

/// Returns an error if the line in the place of a header is a row of an order: a file without the
/// header that the profile replaces would lose it.
fn ensure_no_order(
    skipped: Piece<'_>,
    parser: &RowParser,
    mapper: &FileMapper<'_>,
    name: &str,
) -> Result<(), ShuffleError> {
    let line = skipped.line;
    let parsed = parser.parse([skipped])?;
    let is_order = |row: &Row<'_>| {
        let mut found = MappedRow::default();
        mapper.map(row, None, &mut found);
        let date = found.cells.get(&Field::OrderedAt);
        date.is_some_and(|date| date.time.is_some() && date.at.position().column.is_some())
    };
    let mut rows = parsed.rows();
    if rows.any(|row| row.record().is_some() && is_order(&row)) {
        return Err(ShuffleError::SkippedOrder { position: format!("{name}:{line}") });
    }
    Ok(())
}

/// Returns an error if joined files lack columns that the profile reads: one of them must have
/// each. Else it returns a warning for each column in whose place a default is used.
pub(super) fn ensure_columns(
    inputs: &[Input],
    settings: &ShuffleSettings<'_>,
) -> Result<Vec<Problem>, ShuffleError> {
    if !settings.profile.joins_files {
        return Ok(Vec::new());
    }
    let mut missing = MissingInAll::default();
    for (id, input) in (0..).map(FileId).zip(inputs) {
        // A file that cannot be opened is reported when the pass reaches it.
        let Ok(source) = BlockReader::open(input, id, &settings.read) else { continue };
        missing.add(&bind(settings, source.parser(), &input.name)?);
    }
    let at = Position { file: FileId(0), line: 1, column: None };
    Ok(missing.ensure_none(settings.profile, at)?)
}

/// Whether facts may depend on drafts: guests have identifiers besides an e-mail address, or an
/// extension attribute may have two types, since headers declare two, or a file of documents
/// declares none.
pub(super) fn drafts_matter(inputs: &[Input], settings: &ShuffleSettings<'_>) -> bool {
    let mut declared: HashMap<(bool, String), ExtensionType> = HashMap::new();
    for (id, input) in (0..).map(FileId).zip(inputs) {
        // A file that cannot be opened is reported when the pass reaches it.
        let Ok(source) = BlockReader::open(input, id, &settings.read) else { continue };
        let Ok(mapper) = bind(settings, source.parser(), &input.name) else { continue };
        let Some(fields) = mapper.declared_extensions() else { return true };
        if mapper.has_identifiers() {
            return true;
        }
        for field in fields {
            let (Field::Extension(key) | Field::ItemExtension(key)) = field else { continue };
            let name = (matches!(field, Field::ItemExtension(_)), key.name.clone());
            if declared.insert(name, key.data_type).is_some_and(|known| known != key.data_type) {
                return true;
            }
        }
    }
    false
}
