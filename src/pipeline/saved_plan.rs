//! Saved plan: the plan, the unplanned orders and a manifest of both in the run folder, from which
//! a later run can resume without the export.
//!
//! If the plan file exists, all of them are complete. Before a later run sends from them, they are
//! compared with the manifest. The lines of the plan are written and parsed by `plan`, not here.
//! Called by the pipeline, `sink`, `triage` and `resume`.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::error::RunError;
use crate::{
    model::{order::OrderRecord, outcome::OrderResult, planned::GuestParts, problem::Problem, unsendable::Unsendable},
    plan::{self, DigestWriter, PlanDigest, PlanError, PlannedGuests, SortedPlan},
    shuffle::files::ExportRead,
    storage::{RunFile, RunFolder, StorageError},
};

/// Name of the plan in the run folder.
const PLAN: &str = "plan.ndjson";

/// Name of the plan until it is complete.
const PARTIAL_PLAN: &str = ".plan.part";

/// Name of the file of unplanned orders: those with a result before anything is sent.
// The name is older than the term `unplanned` and stays, since users see it.
const UNPLANNED: &str = "left_out.ndjson";

/// Name of the manifest: the digests of the plan and of the unplanned orders.
const MANIFEST: &str = "plan.manifest.json";

/// Buffer size for verifying a file.
// Shorter pieces are hashed more slowly. A plan of 100,000 orders of three items, 131 MB, takes
// 0.12 s of CPU time.
const VERIFY_BUFFER_BYTES: usize = 256 * 1024;

/// The manifest. A damaged manifest matches no plan.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    plan: PlanDigest,
    /// None if the plan redirects to another run's folder.
    unplanned: Option<PlanDigest>,
}

/// The first line of a plan.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PlanHeaderLine {
    Plan(Box<PlanHeader>),
    /// The run resumed the plan in this folder.
    Redirect(PathBuf),
}

/// Header of a plan: what its reader needs in addition to the guests.
#[derive(Serialize, Deserialize)]
pub(super) struct PlanHeader {
    /// Hash of the target.
    pub(super) target: String,
    /// Id of the ledger that records what was sent of the plan.
    pub(super) ledger: String,
    /// Expected number of requests, without retries.
    pub(super) n_requests: u64,
    /// Orders that no rule of the profile skips, planned or not.
    pub(super) n_orders: u64,
    /// Items and guests of all valid orders, planned or not.
    pub(super) n_items: u64,
    pub(super) n_guests: u64,
    pub(super) files: ExportRead,
    pub(super) file_problems: Vec<Problem>,
}

/// Reader of the guests of a plan.
pub(super) type SavedGuests = PlannedGuests<BufReader<File>>;

/// The plan of a run, and the folder that contains it, which may be that of an earlier run.
pub(super) struct SavedPlan {
    pub(super) header: PlanHeader,
    pub(super) guests: SavedGuests,
    pub(super) folder: PathBuf,
}

/// Writes a plan atomically: it exists completely or not at all, even after a power cut. The
/// unplanned orders must be written before; `unplanned` is their digest.
pub(super) fn write(
    folder: &RunFolder,
    header: PlanHeader,
    mut plan: SortedPlan,
    unplanned: PlanDigest,
) -> Result<(), RunError> {
    let header = PlanHeaderLine::Plan(Box::new(header));
    write_atomically(folder, Some(unplanned), |file| plan::write_lines(&header, &mut plan.lines, file))
}

/// Writes a plan that redirects to that of another run.
pub(super) fn write_redirect(folder: &RunFolder, origin: &Path) -> Result<(), RunError> {
    // Absolute, since a later run may have another working folder.
    let origin = std::path::absolute(origin).map_err(unreadable(folder.path()))?;
    let header = PlanHeaderLine::Redirect(origin);
    write_atomically(folder, None, |file| plan::write(&header, std::iter::empty(), file))
}

fn write_atomically(
    folder: &RunFolder,
    unplanned: Option<PlanDigest>,
    write: impl FnOnce(&mut DigestWriter<BufWriter<RunFile>>) -> Result<(), PlanError>,
) -> Result<(), RunError> {
    let mut file = DigestWriter::new(BufWriter::new(folder.create_file(PARTIAL_PLAN)?));
    let partial = folder.file(PARTIAL_PLAN);
    write(&mut file).map_err(|error| match error {
        PlanError::Io(error) => StorageError::at(&partial, "write")(error).into(),
        error => RunError::from(error),
    })?;
    let (file, plan) = file.finish();
    sync(file).map_err(StorageError::at(&partial, "write"))?;
    // The manifest before the plan gets its name: a plan always has a manifest.
    write_manifest(folder, &Manifest { plan, unplanned })?;
    Ok(folder.publish(PARTIAL_PLAN, PLAN)?)
}

fn write_manifest(folder: &RunFolder, manifest: &Manifest) -> Result<(), StorageError> {
    let json = serde_json::to_string(manifest).expect("text and numbers always serialize");
    let mut file = BufWriter::new(folder.create_file(MANIFEST)?);
    let done = writeln!(file, "{json}").and_then(|()| sync(file));
    done.map_err(StorageError::at(folder.file(MANIFEST), "write"))
}

/// Opens the plan of a run after comparing it and the unplanned orders with their manifest.
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
    let (mut file, mut digest) = (BufReader::with_capacity(VERIFY_BUFFER_BYTES, file), DigestWriter::new(io::sink()));
    io::copy(&mut file, &mut digest).map_err(unreadable(&path))?;
    let (_, found) = digest.finish();
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

/// Returns the guests of the plan in a folder, in parts.
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

/// Returns the size of the plan in a folder.
pub(super) fn n_bytes(folder: &Path) -> Result<u64, RunError> {
    let path = folder.join(PLAN);
    Ok(fs::metadata(&path).map_err(unreadable(&path))?.len())
}

#[derive(Serialize, Deserialize)]
struct UnplannedLine<R, S, U> {
    order: R,
    result: S,
    /// Present for an order that cannot be sent whatever its history: a resumed run decides about
    /// it again.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    unsendable: Option<U>,
}

/// An order with a result before anything is sent.
pub(super) struct UnplannedOrder {
    pub(super) record: OrderRecord,
    pub(super) result: OrderResult,
    pub(super) unsendable: Option<Unsendable>,
}

/// Appends the line of an unplanned order to `lines`.
pub(super) fn write_unplanned(
    lines: &mut Vec<u8>,
    order: &OrderRecord,
    result: &OrderResult,
    unsendable: Option<&Unsendable>,
) {
    let line = UnplannedLine { order, result, unsendable };
    serde_json::to_writer(&mut *lines, &line).expect("text and numbers always serialize, and a Vec accepts all bytes");
    lines.push(b'\n');
}

/// Writes the file of unplanned orders.
pub(super) struct UnplannedWriter {
    file: DigestWriter<BufWriter<RunFile>>,
    path: PathBuf,
}

impl UnplannedWriter {
    /// Creates an empty file.
    pub(super) fn create(folder: &RunFolder) -> Result<Self, StorageError> {
        let file = DigestWriter::new(BufWriter::new(folder.create_file(UNPLANNED)?));
        Ok(Self { file, path: folder.file(UNPLANNED) })
    }

    /// Appends lines of [`write_unplanned`].
    pub(super) fn add(&mut self, lines: &[u8]) -> Result<(), StorageError> {
        self.file.write_all(lines).map_err(StorageError::at(&self.path, "write"))
    }

    /// Writes the rest to disk, so that it survives a power cut, and returns the digest of the
    /// file.
    pub(super) fn finish(self) -> Result<PlanDigest, StorageError> {
        let (file, contents) = self.file.finish();
        sync(file).map_err(StorageError::at(self.path, "write"))?;
        Ok(contents)
    }
}

/// Reads the unplanned orders of a folder.
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

/// Writes the rest of a file to disk, so that it survives a power cut.
fn sync(file: BufWriter<RunFile>) -> io::Result<()> {
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync()
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
        let write = |file: &mut DigestWriter<BufWriter<RunFile>>| Ok(file.write_all(PLAN_LINES.as_bytes())?);
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
