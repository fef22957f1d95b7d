//! What a run leaves on disk before it sends, so that a later one can go on without the export: the plan, and the orders
//! that are in no plan. Once the plan is there, both are whole.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{RunError, known::Unsent, reading::files::Files};
use crate::{
    model::{order::OrderRecord, outcome::Settled, problem::Problem},
    plan::{self, Ordered, PlanError, PlannedGuests},
    report::{ReportError, folder::RunFolder, io_error},
};

/// What the plan is called in the run folder.
const PLAN: &str = "plan.ndjson";

/// The plan before it is whole.
const UNFINISHED_PLAN: &str = ".plan.part";

/// What is not in the plan: orders and what became of them before anything was sent.
const LEFT_OUT: &str = "left_out.ndjson";

/// The first line of a plan.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Head {
    Plan(Box<About>),
    /// The run went on with the plan in this folder.
    Elsewhere(PathBuf),
}

/// What a plan's reader must know beside its guests.
#[derive(Serialize, Deserialize)]
pub(super) struct About {
    /// For which target, by its hash.
    pub(super) target: String,
    /// If all goes well.
    pub(super) n_requests: u64,
    /// Items and guests of all valid orders, in the plan or not.
    pub(super) n_items: u64,
    pub(super) n_guests: u64,
    pub(super) files: Files,
    pub(super) notes: Vec<Problem>,
}

/// A plan that is being read.
pub(super) type Guests = PlannedGuests<BufReader<File>>;

/// The plan in a run folder, and the folder in which it really lies.
pub(super) struct Saved {
    pub(super) about: About,
    pub(super) guests: Guests,
    pub(super) folder: PathBuf,
}

/// Writes a plan, so that it is there as a whole or not at all, even after a power cut.
pub(super) fn write(folder: &RunFolder, about: About, mut plan: Ordered) -> Result<(), RunError> {
    let head = Head::Plan(Box::new(about));
    write_as_a_whole(folder, |file| plan::write_lines(&head, &mut plan.lines, file))
}

/// Says in a run folder that its plan is another run's.
pub(super) fn write_elsewhere(folder: &RunFolder, place: &Path) -> Result<(), RunError> {
    // Whoever goes on with this one may stand elsewhere.
    let place = std::path::absolute(place).map_err(unreadable(folder.path()))?;
    let head = Head::Elsewhere(place);
    write_as_a_whole(folder, |file| plan::write(&head, std::iter::empty(), file))
}

fn write_as_a_whole(
    folder: &RunFolder,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), PlanError>,
) -> Result<(), RunError> {
    let mut file = BufWriter::new(folder.create_file(UNFINISHED_PLAN)?);
    let unfinished = folder.file(UNFINISHED_PLAN);
    write(&mut file).map_err(|error| match error {
        PlanError::Io(error) => io_error(&unfinished, "write")(error).into(),
        error => RunError::from(error),
    })?;
    let done = sync(file).and_then(|()| fs::rename(&unfinished, folder.file(PLAN)));
    done.map_err(io_error(folder.file(PLAN), "write"))?;
    // The name survives a power cut too, where the file system can promise that.
    drop(File::open(folder.path()).and_then(|folder| folder.sync_all()));
    Ok(())
}

/// Opens the plan of a run.
pub(super) fn open(folder: &Path) -> Result<Saved, RunError> {
    match open_here(folder)? {
        (Head::Plan(about), guests) => Ok(Saved { about: *about, guests, folder: folder.to_owned() }),
        (Head::Elsewhere(place), _) => match open_here(&place)? {
            (Head::Plan(about), guests) => Ok(Saved { about: *about, guests, folder: place }),
            (Head::Elsewhere(_), _) => Err(RunError::NoPlan { folder: place }),
        },
    }
}

fn open_here(folder: &Path) -> Result<(Head, Guests), RunError> {
    let path = folder.join(PLAN);
    let file = File::open(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => RunError::NoPlan { folder: folder.to_owned() },
        _ => unreadable(&path)(error),
    })?;
    Ok(PlannedGuests::open(BufReader::new(file))?)
}

/// The size of the plan in that folder.
pub(super) fn n_bytes(folder: &Path) -> Result<u64, RunError> {
    let path = folder.join(PLAN);
    Ok(fs::metadata(&path).map_err(unreadable(&path))?.len())
}

#[derive(Serialize, Deserialize)]
struct LeftOutLine<R, S, U> {
    order: R,
    settled: S,
    /// Of an order that could not be sent whatever the ledger held: a later run decides about it again.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    unsent: Option<U>,
}

/// An order that is in no plan.
pub(super) struct LeftOutOrder {
    pub(super) record: OrderRecord,
    pub(super) settled: Settled,
    pub(super) unsent: Option<Unsent>,
}

/// Adds the line of an order that is in no plan.
pub(super) fn left_out_line(lines: &mut Vec<u8>, order: &OrderRecord, settled: &Settled, unsent: Option<&Unsent>) {
    let line = LeftOutLine { order, settled, unsent };
    serde_json::to_writer(&mut *lines, &line).expect("an order is plain data, and memory takes all bytes");
    lines.push(b'\n');
}

/// Takes down the orders that are in no plan.
pub(super) struct LeftOut {
    file: BufWriter<File>,
    path: PathBuf,
}

impl LeftOut {
    /// An empty file.
    pub(super) fn create(folder: &RunFolder) -> Result<Self, ReportError> {
        Ok(Self { file: BufWriter::new(folder.create_file(LEFT_OUT)?), path: folder.file(LEFT_OUT) })
    }

    /// Takes down lines of [`left_out_line`].
    pub(super) fn add(&mut self, lines: &[u8]) -> Result<(), ReportError> {
        self.file.write_all(lines).map_err(io_error(&self.path, "write"))
    }

    /// Makes sure that all of them survive a crash.
    pub(super) fn finish(self) -> Result<(), ReportError> {
        sync(self.file).map_err(io_error(self.path, "write"))
    }
}

/// The orders that are in no plan of that folder.
pub(super) fn left_out(folder: &Path) -> Result<impl Iterator<Item = Result<LeftOutOrder, RunError>>, RunError> {
    let path = folder.join(LEFT_OUT);
    let file = BufReader::new(File::open(&path).map_err(unreadable(&path))?);
    Ok(file.lines().enumerate().map(move |(index, line)| {
        let line = line.map_err(unreadable(&path))?;
        let in_line = |error| unreadable(&path)(io::Error::other(format!("line {}: {error}", index + 1)));
        let LeftOutLine { order, settled, unsent } = serde_json::from_str(&line).map_err(in_line)?;
        Ok(LeftOutOrder { record: order, settled, unsent })
    }))
}

/// Writes what is left of a file and makes sure that it survives a power cut.
fn sync(file: BufWriter<File>) -> io::Result<()> {
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> RunError {
    move |error| RunError::PlanFile { path: path.to_owned(), error }
}
