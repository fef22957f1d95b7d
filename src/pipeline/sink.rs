//! Export sink: collects the decisions about orders while the export is read, in the recorder, the
//! plan and the files of the run folder.
//!
//! It decides nothing. Everything in it can be discarded until the export has been read, since a
//! second pass may decide anew. Filled by `shuffle` through [`Collect`](shuffle::Collect).

use std::{panic::resume_unwind, thread};

use super::{
    candidates::SendCandidates,
    error::{Refusal, RunError},
    memory::MemoryBudget,
    part::TriagePart,
    spec::RunSpec,
    tracer::Tracer,
};
use crate::{
    disposition::{RepeatedContent, RepeatedContentSorter},
    model::{
        input::ExportRead,
        outcome::Outcome,
        problem::Code,
        progress::{Progress, ProgressFn},
    },
    plan::{PlanError, UnplannedWriter},
    report::Recorder,
    shuffle::{self, Export},
    storage::RunFolder,
};

/// Collects the parts of an export.
pub(super) struct ExportSink<'i> {
    spec: &'i RunSpec<'i>,
    folder: &'i RunFolder,
    recorder: Recorder,
    collected: Collected,
    unplanned: Option<UnplannedWriter>,
    tracer: Option<&'i Tracer<'i>>,
    emit: ProgressFn<'i>,
}

/// What a second pass collects anew.
struct Collected {
    candidates: SendCandidates,
    repeated_content: RepeatedContentSorter,
}

impl Collected {
    /// Nothing yet. What exceeds its share of the memory spills to the run folder.
    fn new(spec: &RunSpec<'_>, folder: &RunFolder) -> Self {
        let memory = MemoryBudget::split(spec.memory);
        Self {
            candidates: SendCandidates::new(folder, memory),
            repeated_content: RepeatedContentSorter::new(folder.path(), memory.repeated_content),
        }
    }
}

impl<'i> ExportSink<'i> {
    /// Creates an empty sink and opens its files in the run folder.
    pub(super) fn open(
        spec: &'i RunSpec<'i>,
        folder: &'i RunFolder,
        files: ExportRead,
        tracer: Option<&'i Tracer<'i>>,
        emit: ProgressFn<'i>,
    ) -> Result<Self, RunError> {
        Ok(Self {
            spec,
            folder,
            recorder: Recorder::open(spec.recorder_settings(), folder, files)?,
            collected: Collected::new(spec, folder),
            unplanned: unplanned_writer(spec, folder)?,
            tracer,
            emit,
        })
    }

    /// Completes the recorder and the candidates once the export has been read.
    pub(super) fn finish(
        mut self,
        Export { mut files, mut file_problems }: Export,
    ) -> Result<(Recorder, SendCandidates), RunError> {
        let Collected { mut candidates, repeated_content } = self.collected;
        let (recorder, names) = (&mut self.recorder, files.names());
        // Repeated content is known only now: its orders may be anywhere in the export. Finding it
        // takes as long as completing the recorder does.
        let (repeated, completed) = thread::scope(|scope| {
            let repeated = scope.spawn(|| repeated_content.find(&names));
            let completed = recorder.sort_results().and_then(|()| recorder.count_guests());
            (repeated.join().unwrap_or_else(|panic| resume_unwind(panic)), completed)
        });
        let RepeatedContent { listed, n_omitted } = repeated.map_err(PlanError::from)?;
        completed?;
        file_problems.extend(listed);
        self.spec.validate.severities.apply_to_files(&mut file_problems);
        files.omitted_repeated_orders = n_omitted;
        if self.spec.validate.severities.is_off(Code::SeveralAddresses) {
            files.omitted_shared_identifiers = 0;
        }
        self.recorder.record_export(files, &file_problems);
        candidates.file_problems = file_problems;
        candidates.unplanned = self.unplanned.map(UnplannedWriter::finish).transpose()?;
        Ok((self.recorder, candidates))
    }
}

fn unplanned_writer(
    spec: &RunSpec<'_>,
    folder: &RunFolder,
) -> Result<Option<UnplannedWriter>, RunError> {
    Ok(spec.send.is_some().then(|| UnplannedWriter::create(folder)).transpose()?)
}

impl shuffle::Collect<TriagePart, Refusal> for ExportSink<'_> {
    fn merge(&mut self, mut part: TriagePart) -> Result<(), Refusal> {
        self.collected.candidates.merge(&mut part)?;
        self.recorder.merge(part.report)?;
        let orders = self.recorder.counters.tally.orders();
        let (read, invalid) = (orders.read, orders[Outcome::Invalid]);
        (self.emit)(Progress::Orders { read, invalid });
        if let Some(unplanned) = &mut self.unplanned {
            unplanned.add(&part.unplanned)?;
        }
        self.collected.repeated_content.push_all(&mut part.dedup_hashes)?;
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Refusal> {
        self.recorder.restart()?;
        if let Some(tracer) = self.tracer {
            tracer.restart();
        }
        self.collected = Collected::new(self.spec, self.folder);
        // Dropped first: a writer flushes its buffer when it is dropped, into the file of the new
        // one.
        self.unplanned = None;
        self.unplanned = unplanned_writer(self.spec, self.folder)?;
        Ok(())
    }
}
