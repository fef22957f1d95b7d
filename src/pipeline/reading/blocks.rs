//! The blocks of all files, one after the other. Whoever asks for the next one reads it: the disk and the unpacker are
//! busy on one core while others work on what they have.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use super::{
    super::{Job, Refusal},
    files::dialect,
};
use crate::{
    map::bind::FileMapper,
    model::{
        field::{ExtensionKind, Field},
        origin::FileId,
    },
    read::{Block, FileEnd, RowReader, Source, inputs::Input},
};

/// A file that rows come from.
pub(super) struct OpenFile<'p> {
    pub(super) id: FileId,
    pub(super) reader: RowReader,
    pub(super) mapper: FileMapper<'p>,
}

/// All files that were opened, by `FileId`.
pub(super) type OpenFiles<'p> = RwLock<Vec<Arc<OpenFile<'p>>>>;

/// What comes next: rows of a file, or its end.
pub(super) struct Next<'p> {
    pub(super) file: Arc<OpenFile<'p>>,
    pub(super) block: Block,
    pub(super) end: Option<FileEnd>,
}

/// Reads the blocks.
pub(super) struct Blocks<'p> {
    job: &'p Job<'p>,
    inputs: std::vec::IntoIter<Input>,
    opened: &'p OpenFiles<'p>,
    source: Option<(Source, Arc<OpenFile<'p>>)>,
    n_opened: u32,
}

impl<'p> Blocks<'p> {
    pub(super) fn of(inputs: Vec<Input>, spec: &'p Job<'p>, open_files: &'p OpenFiles<'p>) -> Self {
        open_files.write().expect("nobody panics while opening").clear();
        Self { job: spec, inputs: inputs.into_iter(), opened: open_files, source: None, n_opened: 0 }
    }

    fn open(&mut self, input: &Input) -> Result<(), Refusal> {
        let id = FileId(self.n_opened);
        self.n_opened += 1;
        let source = Source::open(input, id, &dialect(self.job), self.job.bounds)?;
        let parser = source.reader().clone();
        let mapper = FileMapper::bind(&self.job.profile, parser.header(), &input.name)?;
        let file = Arc::new(OpenFile { id, reader: parser, mapper });
        self.opened.write().expect("nobody panics while opening").push(Arc::clone(&file));
        self.source = Some((source, file));
        Ok(())
    }

    fn next_block(&mut self) -> Result<Option<Next<'p>>, Refusal> {
        if let Some(reason) = self.job.asked_to_stop() {
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
            return Ok(Some(Next { file, block, end: None }));
        }
        Ok(Some(Next { file, block, end: Some(source.end()) }))
    }
}

impl<'p> Iterator for Blocks<'p> {
    type Item = Result<Next<'p>, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_block().transpose()
    }
}

/// Whether headers give one extension attribute two types, or documents may. A file that cannot be opened is told of when
/// its turn comes.
pub(super) fn kinds_may_differ(inputs: &[Input], job: &Job<'_>) -> bool {
    let mut declared: HashMap<(bool, String), ExtensionKind> = HashMap::new();
    for (id, input) in (0..).map(FileId).zip(inputs) {
        let Ok(source) = Source::open(input, id, &dialect(job), job.bounds) else { continue };
        let Ok(mapper) = FileMapper::bind(&job.profile, source.reader().header(), &input.name) else { continue };
        let Some(fields) = mapper.declared() else { return true };
        for field in fields {
            let (Field::Extension(key) | Field::ItemExtension(key)) = field else { continue };
            let name = (matches!(field, Field::ItemExtension(_)), key.name.clone());
            if declared.insert(name, key.kind).is_some_and(|known| known != key.kind) {
                return true;
            }
        }
    }
    false
}
