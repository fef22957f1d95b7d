//! Inputs → drafts: finds the files, reads their rows, maps them, groups them.

use std::{fs::File, io, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{Job, Progress, Refusal, Tell};
use crate::{
    group::{self, Grouped, Grouper},
    map::{bind::FileMapper, profile::Profile, reading},
    model::{
        draft::Draft,
        origin::FileId,
        problem::{Code, Problem},
    },
    read::{
        Dialect, FileEnd, Format, ReadError, Rows,
        inputs::{self, Input},
    },
    report::folder::RunFolder,
};

/// Rows between two words on progress.
const ROWS_PER_WORD: u64 = 1000;

/// Unknown columns that are told one by one.
const MOST_TOLD: usize = 20;

/// What was read.
pub(super) struct Export {
    /// The files, as far as they were read.
    pub(super) files: Files,
    /// Problems of no order.
    pub(super) notes: Vec<Problem>,
    /// The orders, or why none of them may be sent.
    pub(super) drafts: Result<Vec<Draft>, Refusal>,
}

/// The files of the export.
#[derive(Default, Clone, Serialize, Deserialize)]
pub(super) struct Files {
    pub(super) inputs: Vec<ReadInput>,
    pub(super) n_rows: u64,
    pub(super) n_unreadable: u64,
    /// Copies of what could be read only once.
    pub(super) copies: Vec<PathBuf>,
    /// An earlier run read them: they may have changed since, or be gone.
    pub(super) are_of_another_run: bool,
}

impl Files {
    /// The same for a reader who stands elsewhere.
    pub(super) fn at_absolute_paths(&self) -> Self {
        let mut files = self.clone();
        for read in &mut files.inputs {
            if let Ok(path) = std::path::absolute(&read.input.path) {
                read.input.path = path;
            }
        }
        files
    }
}

/// A file that was read.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ReadInput {
    pub(super) input: Input,
    pub(super) n_rows: u64,
    pub(super) end: FileEnd,
}

/// Reads everything.
pub(super) fn read_in(job: &Job<'_>, folder: &RunFolder, tell: Tell<'_>) -> Export {
    let mut export = Export { files: Files::default(), notes: Vec::new(), drafts: Ok(Vec::new()) };
    match grouped(job, folder, &mut export, tell) {
        Ok(grouped) => {
            export.notes.extend(grouped.accepted_unreadable);
            export.drafts = Ok(grouped.drafts);
        }
        Err(refusal) => export.drafts = Err(refusal),
    }
    export
}

fn grouped(job: &Job<'_>, folder: &RunFolder, export: &mut Export, tell: Tell<'_>) -> Result<Grouped, Refusal> {
    let copies = &mut export.files.copies;
    let inputs = inputs::find(&job.inputs, |name| {
        let copy = format!(".input-{}", copies.len() + 1);
        copies.push(folder.file(&copy));
        spool(name, folder, &copy)
    })?;
    let mut grouper = Grouper::new(group::Settings {
        joins_files: job.profile.joins_files,
        has_adjacent_rows: job.profile.has_adjacent_rows,
        accepts_unreadable: job.accepts_unreadable,
    });
    for (file, input) in (0..).map(FileId).zip(inputs) {
        read_file(file, input, job, &mut grouper, export, tell)?;
    }
    grouper.finish(|text| job.profile.key_of(text)).map_err(|error| {
        let name = &export.files.inputs[error.at.file.0 as usize].input.name;
        Refusal::Group { place: format!("{name}:{}", error.at.line), error }
    })
}

/// Copies what can be read only once into the run folder, which others may not read.
fn spool(name: &str, folder: &RunFolder, copy_name: &str) -> Result<PathBuf, ReadError> {
    let in_error = |error: io::Error| ReadError::Io { name: name.to_owned(), error };
    let mut copy = folder.create_file(copy_name).map_err(|error| in_error(io::Error::other(error.to_string())))?;
    if name == inputs::STDIN {
        io::copy(&mut io::stdin().lock(), &mut copy).map_err(in_error)?;
    } else {
        io::copy(&mut File::open(name).map_err(in_error)?, &mut copy).map_err(in_error)?;
    }
    Ok(folder.file(copy_name))
}

fn read_file(
    file: FileId,
    input: Input,
    job: &Job<'_>,
    grouper: &mut Grouper,
    export: &mut Export,
    tell: Tell<'_>,
) -> Result<(), Refusal> {
    let mut rows = Rows::open(&input, file, &dialect(&job.profile))?;
    let mut mapper = FileMapper::bind(&job.profile, rows.header(), &input.name)?;
    let before = grouper.n_rows();
    let name = input.name.clone();
    export.files.inputs.push(ReadInput { input, n_rows: 0, end: rows.end() });
    let mut untold = 0;
    let mut all_read = Ok(());
    for row in rows.by_ref() {
        match row {
            Ok(row) => grouper.add(mapper.map(row)),
            Err(error) => {
                all_read = Err(error.into());
                break;
            }
        }
        untold += 1;
        if untold == ROWS_PER_WORD {
            tell(Progress::Rows(std::mem::take(&mut untold)));
            if let Some(reason) = job.asked_to_stop() {
                all_read = Err(Refusal::Stopped(reason));
                break;
            }
        }
    }
    tell(Progress::Rows(untold));
    let end = rows.end();
    if let Some(at) = end.unfinished {
        let words = "the file's last row ends without a line break; if the file was cut off, a value is cut off too";
        grouper.add_problem_to_last(Problem::of_order(Code::NoFinalNewline, at, words));
    }
    tell_unknown(mapper.unknown_columns(), &name, tell);
    export.notes.extend_from_slice(mapper.unknown_columns());
    let files = &mut export.files;
    (files.n_rows, files.n_unreadable) = (grouper.n_rows(), grouper.n_unreadable());
    if let Some(read) = files.inputs.last_mut() {
        read.n_rows = grouper.n_rows() - before;
        read.end = end;
    }
    all_read.and_then(|()| Ok(mapper.finish()?))
}

fn tell_unknown(unknown: &[Problem], file: &str, tell: Tell<'_>) {
    for problem in unknown.iter().take(MOST_TOLD) {
        let column = problem.at.column.map_or_else(String::new, |column| format!(":{column}"));
        tell(Progress::Warning(&format!("{file}:{}{column}: column {}", problem.at.line, problem.message)));
    }
    if let Some(n_more) = unknown.len().checked_sub(MOST_TOLD).filter(|n_more| *n_more > 0) {
        tell(Progress::Warning(&format!("{file}: {n_more} more columns are unknown and ignored")));
    }
}

fn dialect(profile: &Profile) -> Dialect {
    let format = profile.format.map(|format| match format {
        reading::Format::Csv => Format::Csv,
        reading::Format::Ndjson => Format::Ndjson,
    });
    Dialect { format, delimiter: profile.delimiter }
}
