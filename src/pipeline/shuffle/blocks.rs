//! The blocks of all files, one after the other. Whoever asks for the next one reads it: the disk and the unpacker are
//! busy on one core while others work on what they have.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use super::{
    super::{Refusal, RunSpec},
    files::dialect,
};
use crate::{
    map::file_mapper::FileMapper,
    model::{
        field::{ExtensionType, Field},
        origin::FileId,
    },
    read::{Block, BlockReader, FileEnd, RowParser, inputs::InputFile},
};

/// A file that rows come from.
pub(super) struct OpenFile<'p> {
    pub(super) id: FileId,
    pub(super) parser: RowParser,
    pub(super) mapper: FileMapper<'p>,
}

/// All files that were opened, by `FileId`.
pub(super) type OpenFiles<'p> = RwLock<Vec<Arc<OpenFile<'p>>>>;

/// What comes next: rows of a file, or its end.
pub(super) struct NextBlock<'p> {
    pub(super) file: Arc<OpenFile<'p>>,
    pub(super) block: Block,
    pub(super) end: Option<FileEnd>,
}

/// Reads the blocks.
pub(super) struct BlockIter<'p> {
    spec: &'p RunSpec<'p>,
    inputs: std::vec::IntoIter<InputFile>,
    opened: &'p OpenFiles<'p>,
    source: Option<(BlockReader, Arc<OpenFile<'p>>)>,
    n_opened: u32,
}

impl<'p> BlockIter<'p> {
    pub(super) fn of(inputs: Vec<InputFile>, spec: &'p RunSpec<'p>, open_files: &'p OpenFiles<'p>) -> Self {
        open_files.write().expect("nobody panics while opening").clear();
        Self { spec, inputs: inputs.into_iter(), opened: open_files, source: None, n_opened: 0 }
    }

    fn open(&mut self, input: &InputFile) -> Result<(), Refusal> {
        let id = FileId(self.n_opened);
        self.n_opened += 1;
        let source = BlockReader::open(input, id, &dialect(self.spec), self.spec.limits)?;
        let parser = source.parser().clone();
        let mapper = FileMapper::bind(&self.spec.profile, parser.header(), &input.name)?;
        let file = Arc::new(OpenFile { id, parser, mapper });
        self.opened.write().expect("nobody panics while opening").push(Arc::clone(&file));
        self.source = Some((source, file));
        Ok(())
    }

    fn next_block(&mut self) -> Result<Option<NextBlock<'p>>, Refusal> {
        if let Some(reason) = self.spec.stop_reason() {
            return Err(Refusal::Stopped(reason));
        }
        if self.source.is_none() {
            let Some(input) = self.inputs.next() else { return Ok(None) };
            self.open(&input)?;
        }
        let Some((mut source, file)) = self.source.take() else { return Ok(None) };
        let mut block = Block::default();
        if source.next_block(&mut block)? {
            self.source = Some((source, Arc::clone(&file)));
            return Ok(Some(NextBlock { file, block, end: None }));
        }
        Ok(Some(NextBlock { file, block, end: Some(source.end()) }))
    }
}

impl<'p> Iterator for BlockIter<'p> {
    type Item = Result<NextBlock<'p>, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_block().transpose()
    }
}

/// Whether headers give one extension attribute two types, or documents may. A file that cannot be opened is told of when
/// its turn comes.
pub(super) fn types_may_conflict(inputs: &[InputFile], spec: &RunSpec<'_>) -> bool {
    let mut declared: HashMap<(bool, String), ExtensionType> = HashMap::new();
    for (id, input) in (0..).map(FileId).zip(inputs) {
        let Ok(source) = BlockReader::open(input, id, &dialect(spec), spec.limits) else { continue };
        let Ok(mapper) = FileMapper::bind(&spec.profile, source.parser().header(), &input.name) else { continue };
        let Some(fields) = mapper.declared_extensions() else { return true };
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
