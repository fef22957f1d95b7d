//! What a run leaves on disk before it sends, so that a later one can go on without the export: the plan, the orders that
//! are in no plan, and a manifest of both. Once the plan is there, all are whole; before a later run sends from them, they
//! are compared with the manifest.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{RunError, history::Unsendable, shuffle::files::ExportRead};
use crate::{
    model::{order::OrderRecord, outcome::OrderResult, planned::GuestParts, problem::Problem},
    plan::{self, DigestWriter, PlanDigest, PlanError, PlannedGuests, SortedPlan},
    report::{ReportError, folder::RunFolder, io_error},
};

/// What the plan is called in the run folder.
const PLAN: &str = "plan.ndjson";

/// The plan before it is whole.
const PARTIAL_PLAN: &str = ".plan.part";

/// What is not in the plan: orders and what became of them before anything was sent.
const UNPLANNED: &str = "left_out.ndjson";

/// What the plan and the file of what is not in it hold.
const MANIFEST: &str = "plan.manifest.json";

/// Bytes that are read at once to verify a file; shorter pieces are summed more slowly. A plan of 100,000 orders of three
/// items, 131 MB, takes 0.12 s of CPU time.
const VERIFY_BUFFER_BYTES: usize = 256 * 1024;

/// The manifest. One that is damaged itself is of no plan.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    plan: PlanDigest,
    /// Not where the plan is another run's.
    unplanned: Option<PlanDigest>,
}

/// The first line of a plan.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PlanHeaderLine {
    Plan(Box<PlanHeader>),
    /// The run went on with the plan in this folder.
    Redirect(PathBuf),
}

/// What a plan's reader must know beside its guests.
#[derive(Serialize, Deserialize)]
pub(super) struct PlanHeader {
    /// For which target, by its hash.
    pub(super) target: String,
    /// The id of the ledger that says what of it was sent.
    pub(super) ledger: String,
    /// If all goes well.
    pub(super) n_requests: u64,
    /// Orders that no rule left out, in the plan or not.
    pub(super) n_orders: u64,
    /// Items and guests of all valid orders, in the plan or not.
    pub(super) n_items: u64,
    pub(super) n_guests: u64,
    pub(super) files: ExportRead,
    pub(super) file_problems: Vec<Problem>,
}

/// A plan that is being read.
pub(super) type SavedGuests = PlannedGuests<BufReader<File>>;

/// The plan in a run folder, and the folder in which it really lies.
pub(super) struct SavedPlan {
    pub(super) header: PlanHeader,
    pub(super) guests: SavedGuests,
    pub(super) folder: PathBuf,
}

/// Writes a plan, so that it is there as a whole or not at all, even after a power cut. What is not in it is written.
pub(super) fn write(
    folder: &RunFolder,
    header: PlanHeader,
    mut plan: SortedPlan,
    unplanned: PlanDigest,
) -> Result<(), RunError> {
    let head = PlanHeaderLine::Plan(Box::new(header));
    write_atomically(folder, Some(unplanned), |file| plan::write_lines(&head, &mut plan.lines, file))
}

/// Says in a run folder that its plan is another run's.
pub(super) fn write_redirect(folder: &RunFolder, origin: &Path) -> Result<(), RunError> {
    // Whoever goes on with this one may stand elsewhere.
    let origin = std::path::absolute(origin).map_err(unreadable(folder.path()))?;
    let head = PlanHeaderLine::Redirect(origin);
    write_atomically(folder, None, |file| plan::write(&head, std::iter::empty(), file))
}

fn write_atomically(
    folder: &RunFolder,
    unplanned: Option<PlanDigest>,
    write: impl FnOnce(&mut DigestWriter<BufWriter<File>>) -> Result<(), PlanError>,
) -> Result<(), RunError> {
    let mut file = DigestWriter::new(BufWriter::new(folder.create_file(PARTIAL_PLAN)?));
    let partial = folder.file(PARTIAL_PLAN);
    write(&mut file).map_err(|error| match error {
        PlanError::Io(error) => io_error(&partial, "write")(error).into(),
        error => RunError::from(error),
    })?;
    let (file, plan) = file.finish();
    sync(file).map_err(io_error(&partial, "write"))?;
    write_manifest(folder, &Manifest { plan, unplanned })?;
    fs::rename(&partial, folder.file(PLAN)).map_err(io_error(folder.file(PLAN), "write"))?;
    // The name survives a power cut too, where the file system can promise that.
    drop(File::open(folder.path()).and_then(|folder| folder.sync_all()));
    Ok(())
}

fn write_manifest(folder: &RunFolder, manifest: &Manifest) -> Result<(), ReportError> {
    let json = serde_json::to_string(manifest).expect("a manifest is plain data");
    let mut file = BufWriter::new(folder.create_file(MANIFEST)?);
    let done = writeln!(file, "{json}").and_then(|()| sync(file));
    done.map_err(io_error(folder.file(MANIFEST), "write"))
}

/// Opens the plan of a run if it, and the file of what is not in it, hold what their manifest says.
pub(super) fn open_verified(folder: &Path) -> Result<SavedPlan, RunError> {
    verify(folder)?;
    let saved = open(folder)?;
    if saved.folder != folder {
        verify(&saved.folder)?;
    }
    Ok(saved)
}

fn verify(folder: &Path) -> Result<(), RunError> {
    let plan = open_plan(folder)?;
    let path = folder.join(MANIFEST);
    let manifest = fs::read(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => RunError::NoManifest { plan: folder.join(PLAN), manifest: MANIFEST },
        _ => unreadable(&path)(error),
    })?;
    let manifest: Manifest = serde_json::from_slice(&manifest).map_err(|error| unreadable(&path)(error.into()))?;
    verify_file(plan, folder.join(PLAN), manifest.plan)?;
    let Some(expected) = manifest.unplanned else { return Ok(()) };
    let path = folder.join(UNPLANNED);
    verify_file(File::open(&path).map_err(unreadable(&path))?, path, expected)
}

fn verify_file(file: File, path: PathBuf, expected: PlanDigest) -> Result<(), RunError> {
    let (mut file, mut summed) = (BufReader::with_capacity(VERIFY_BUFFER_BYTES, file), DigestWriter::new(io::sink()));
    io::copy(&mut file, &mut summed).map_err(unreadable(&path))?;
    let (_, found) = summed.finish();
    if found == expected {
        return Ok(());
    }
    Err(RunError::DamagedPlan { path, contents: Box::new((found, expected)) })
}

/// Opens the plan of a run.
pub(super) fn open(folder: &Path) -> Result<SavedPlan, RunError> {
    match open_in(folder)? {
        (PlanHeaderLine::Plan(header), guests) => Ok(SavedPlan { header: *header, guests, folder: folder.to_owned() }),
        (PlanHeaderLine::Redirect(origin), _) => match open_in(&origin)? {
            (PlanHeaderLine::Plan(header), guests) => Ok(SavedPlan { header: *header, guests, folder: origin }),
            (PlanHeaderLine::Redirect(_), _) => Err(RunError::NoPlan { folder: origin }),
        },
    }
}

fn open_in(folder: &Path) -> Result<(PlanHeaderLine, SavedGuests), RunError> {
    Ok(PlannedGuests::open(BufReader::new(open_plan(folder)?))?)
}

fn open_plan(folder: &Path) -> Result<File, RunError> {
    let path = folder.join(PLAN);
    File::open(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => RunError::NoPlan { folder: folder.to_owned() },
        _ => unreadable(&path)(error),
    })
}

/// The guests of a plan in that folder, in parts.
pub(super) fn in_parts(
    guests: SavedGuests,
    folder: &Path,
) -> impl Iterator<Item = GuestParts<PlanError>> + Send + use<> {
    let path = folder.join(PLAN);
    guests.in_parts(move |at| {
        let mut file = File::open(&path)?;
        file.seek(SeekFrom::Start(at))?;
        Ok(BufReader::new(file))
    })
}

/// The size of the plan in that folder.
pub(super) fn n_bytes(folder: &Path) -> Result<u64, RunError> {
    let path = folder.join(PLAN);
    Ok(fs::metadata(&path).map_err(unreadable(&path))?.len())
}

#[derive(Serialize, Deserialize)]
struct UnplannedLine<R, S, U> {
    order: R,
    result: S,
    /// Of an order that could not be sent whatever the ledger held: a later run decides about it again.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    unsendable: Option<U>,
}

/// An order that is in no plan.
pub(super) struct UnplannedOrder {
    pub(super) record: OrderRecord,
    pub(super) result: OrderResult,
    pub(super) unsendable: Option<Unsendable>,
}

/// Adds the line of an order that is in no plan.
pub(super) fn write_unplanned(
    lines: &mut Vec<u8>,
    order: &OrderRecord,
    result: &OrderResult,
    unsendable: Option<&Unsendable>,
) {
    let line = UnplannedLine { order, result, unsendable };
    serde_json::to_writer(&mut *lines, &line).expect("an order is plain data, and memory takes all bytes");
    lines.push(b'\n');
}

/// Takes down the orders that are in no plan.
pub(super) struct UnplannedWriter {
    file: DigestWriter<BufWriter<File>>,
    path: PathBuf,
}

impl UnplannedWriter {
    /// An empty file.
    pub(super) fn create(folder: &RunFolder) -> Result<Self, ReportError> {
        let file = DigestWriter::new(BufWriter::new(folder.create_file(UNPLANNED)?));
        Ok(Self { file, path: folder.file(UNPLANNED) })
    }

    /// Takes down lines of [`left_out_line`].
    pub(super) fn add(&mut self, lines: &[u8]) -> Result<(), ReportError> {
        self.file.write_all(lines).map_err(io_error(&self.path, "write"))
    }

    /// Makes sure that all of them survive a crash.
    pub(super) fn finish(self) -> Result<PlanDigest, ReportError> {
        let (file, contents) = self.file.finish();
        sync(file).map_err(io_error(self.path, "write"))?;
        Ok(contents)
    }
}

/// The orders that are in no plan of that folder.
pub(super) fn unplanned(folder: &Path) -> Result<impl Iterator<Item = Result<UnplannedOrder, RunError>>, RunError> {
    let path = folder.join(UNPLANNED);
    let file = BufReader::new(File::open(&path).map_err(unreadable(&path))?);
    Ok(file.lines().enumerate().map(move |(index, line)| {
        let line = line.map_err(unreadable(&path))?;
        let in_line = |error| unreadable(&path)(io::Error::other(format!("line {}: {error}", index + 1)));
        let UnplannedLine { order, result, unsendable } = serde_json::from_str(&line).map_err(in_line)?;
        Ok(UnplannedOrder { record: order, result, unsendable })
    }))
}

/// Writes what is left of a file and makes sure that it survives a power cut.
fn sync(file: BufWriter<File>) -> io::Result<()> {
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> RunError {
    move |error| RunError::PlanFile { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN_LINES: &str = "{\"head\":{}}\n{\"guest\":\"g\"}\n{\"order\":1}\n{\"order\":2}\n";
    const UNPLANNED_LINES: &str = "{\"order\":3}\n{\"order\":4}\n";

    fn saved_folder() -> tempfile::TempDir {
        let temporary = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(&temporary.path().join("run")).unwrap();
        let mut unplanned = UnplannedWriter::create(&folder).unwrap();
        unplanned.add(UNPLANNED_LINES.as_bytes()).unwrap();
        let write = |file: &mut DigestWriter<BufWriter<File>>| Ok(file.write_all(PLAN_LINES.as_bytes())?);
        write_atomically(&folder, Some(unplanned.finish().unwrap()), write).unwrap();
        temporary
    }

    #[test]
    fn every_flipped_bit_is_detected() {
        let temporary = saved_folder();
        let folder = temporary.path().join("run");
        verify(&folder).unwrap();
        for name in [PLAN, UNPLANNED, MANIFEST] {
            let whole = fs::read(folder.join(name)).unwrap();
            for bit in 0..8 * whole.len() {
                let mut flipped = whole.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                fs::write(folder.join(name), flipped).unwrap();
                assert!(verify(&folder).is_err(), "{name}: bit {bit}");
            }
            fs::write(folder.join(name), whole).unwrap();
        }
        verify(&folder).unwrap();
    }

    #[test]
    fn truncated_or_extended_plan_is_detected() {
        let temporary = saved_folder();
        let folder = temporary.path().join("run");
        for name in [PLAN, UNPLANNED] {
            let path = folder.join(name);
            let whole = fs::read_to_string(&path).unwrap();
            for end in 0..whole.len() {
                fs::write(&path, &whole[..end]).unwrap();
                assert!(verify(&folder).is_err(), "{name}: {end} bytes");
            }
            for more in ["{\"order\":5}\n", "\n", " "] {
                fs::write(&path, whole.clone() + more).unwrap();
                assert!(verify(&folder).is_err(), "{name}: {more:?}");
            }
            fs::write(&path, &whole).unwrap();
        }
        for name in [UNPLANNED, MANIFEST] {
            let bytes = fs::read(folder.join(name)).unwrap();
            fs::remove_file(folder.join(name)).unwrap();
            assert!(verify(&folder).is_err(), "without {name}");
            fs::write(folder.join(name), bytes).unwrap();
        }
        verify(&folder).unwrap();
    }
}
