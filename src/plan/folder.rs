//! Saved plan: the plan, the unplanned orders and a manifest of both in the run folder, from which
//! a later run can resume without the export.
//!
//! If the plan file exists, all of them are complete. Before a later run sends from them, they are
//! compared with the manifest. It decides nothing about an order. Called by `pipeline`.

use std::{
    collections::BTreeMap,
    io::{self, BufReader, BufWriter, ErrorKind, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    digest::{DigestWriter, PlanDigest},
    error::{PlanError, unreadable},
    file::{self, PlannedGuests},
    planner::SortedPlan,
    resume_point::resume_point,
    unplanned::{self, read_unplanned},
};
use crate::{
    model::{
        input::ExportRead,
        planned::{GuestParts, PlannedGuest},
        problem::Problem,
        unsendable::UnplannedOrder,
    },
    storage::{RunFile, RunFolder, Source, Storage, StorageError},
};

/// Name of the plan in the run folder.
const PLAN: &str = "plan.ndjson";

/// Name of the plan until it is complete.
const PARTIAL_PLAN: &str = ".plan.part";

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
pub struct PlanHeader {
    /// Hash of the target, in hexadecimal.
    pub target: String,
    /// Id of the ledger that records what was sent of the plan.
    pub ledger: String,
    /// The settings that decided what it holds, by name.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Expected number of requests, without retries.
    pub n_requests: u64,
    /// Orders that no rule of the profile skips, planned or not.
    pub n_orders: u64,
    /// Items of all valid orders, planned or not.
    pub n_items: u64,
    /// Guests of all valid orders, planned or not.
    pub n_guests: u64,
    /// The inputs as they were read, with absolute locations.
    pub files: ExportRead,
    /// Problems that belong to no order.
    pub file_problems: Vec<Problem>,
}

/// The plan of a run.
pub struct SavedPlan {
    /// Its header.
    pub header: PlanHeader,
    /// The folder that contains it, which may be that of an earlier run.
    pub folder: PathBuf,
    /// Through which its files are read.
    storage: Arc<dyn Storage>,
}

/// Reader of a plan file.
type PlanReader = PlannedGuests<Box<dyn Source>>;

impl SavedPlan {
    /// Writes a plan atomically to the run folder: it exists completely or not at all, even after a
    /// power cut. The unplanned orders must be written before; `unplanned` is their digest.
    pub fn write(
        folder: &RunFolder,
        header: PlanHeader,
        mut plan: SortedPlan,
        unplanned: PlanDigest,
    ) -> Result<(), PlanError> {
        let header = PlanHeaderLine::Plan(Box::new(header));
        write_atomically(folder, Some(unplanned), |into| {
            file::write_lines(&header, &mut plan.lines, into)
        })
    }

    /// Writes a plan that redirects to this one to the folder of a run that resumes it.
    pub fn write_redirect(&self, folder: &RunFolder) -> Result<(), PlanError> {
        // Absolute, since a later run may have another working folder.
        let origin = std::path::absolute(&self.folder).map_err(unreadable(folder.path()))?;
        let header = PlanHeaderLine::Redirect(origin);
        write_atomically(folder, None, |into| file::write(&header, std::iter::empty(), into))
    }

    /// Opens the plan of the run in a folder, which may be that of an earlier run.
    pub fn open(folder: &Path, storage: &Arc<dyn Storage>) -> Result<Self, PlanError> {
        let (header, folder) = match read_header(folder, &**storage)? {
            PlanHeaderLine::Redirect(origin) => (read_header(&origin, &**storage)?, origin),
            header @ PlanHeaderLine::Plan(_) => (header, folder.to_owned()),
        };
        match header {
            PlanHeaderLine::Plan(header) => {
                ensure_headers_known(&header.files)?;
                Ok(Self { header: *header, folder, storage: Arc::clone(storage) })
            }
            PlanHeaderLine::Redirect(_) => Err(PlanError::NoPlan { folder }),
        }
    }

    /// [`open`](Self::open) after comparing the plan and the unplanned orders with their manifest.
    pub fn open_verified(folder: &Path, storage: &Arc<dyn Storage>) -> Result<Self, PlanError> {
        verify(folder, &**storage)?;
        let saved = Self::open(folder, storage)?;
        if saved.folder != folder {
            verify(&saved.folder, &**storage)?;
        }
        Ok(saved)
    }

    /// Reads its guests in parts, in the order of sending.
    pub fn guests(
        &self,
    ) -> Result<impl Iterator<Item = GuestParts<PlanError>> + Send + use<>, PlanError> {
        Ok(self.in_parts(self.reader()?))
    }

    /// Returns the byte offset of the guest that an interrupted run stopped at, for
    /// [`guests_from`](Self::guests_from): most guests before it are done. `is_done` gets guests
    /// with their first orders only.
    pub fn resume_point<E: From<PlanError>>(
        &self,
        is_done: impl FnMut(PlannedGuest) -> Result<bool, E>,
    ) -> Result<u64, E> {
        let path = self.folder.join(PLAN);
        let n_bytes = self.storage.version(&path.as_path().into()).map_err(unreadable(&path))?.size;
        resume_point(self.open_at(), n_bytes, is_done)
    }

    /// [`guests`](Self::guests), but beginning with the guest at byte `first` of the plan; those
    /// before it follow at the end.
    pub fn guests_from(
        &self,
        first: u64,
    ) -> Result<impl Iterator<Item = GuestParts<PlanError>> + Send + use<>, PlanError> {
        let from_first = match first {
            0 => Some(self.reader()?),
            _ => PlannedGuests::open_at(first, self.open_at())?.map(|(_, guests)| guests),
        };
        let from_first = from_first.map(|guests| self.in_parts(guests)).into_iter().flatten();
        Ok(from_first.chain(self.in_parts(self.reader()?.up_to(first))))
    }

    /// Reads its unplanned orders.
    pub fn unplanned(
        &self,
    ) -> Result<impl Iterator<Item = Result<UnplannedOrder, PlanError>> + use<>, PlanError> {
        read_unplanned(&self.folder, &*self.storage)
    }

    fn reader(&self) -> Result<PlanReader, PlanError> {
        let (_, guests) = open_in(&self.folder, &*self.storage)?;
        Ok(guests)
    }

    fn in_parts(
        &self,
        guests: PlanReader,
    ) -> impl Iterator<Item = GuestParts<PlanError>> + Send + use<> {
        guests.in_parts(self.open_at())
    }

    /// Opens the plan at a byte offset.
    fn open_at(&self) -> impl Fn(u64) -> io::Result<Box<dyn Source>> + Send + Sync + use<> {
        let (storage, plan) = (Arc::clone(&self.storage), self.folder.join(PLAN).into());
        move |at| storage.open(&plan, at)
    }
}

/// Returns an error for a plan of an earlier version, without which the rejects would lack the
/// repeated headers: what they separate would be read as one order.
fn ensure_headers_known(files: &ExportRead) -> Result<(), PlanError> {
    let n_headers = files.repeated_headers;
    let n_known: usize = files.inputs.iter().map(|read| read.repeated_headers.len()).sum();
    if n_known as u64 == n_headers {
        return Ok(());
    }
    Err(PlanError::UnknownHeaders { n_headers })
}

fn write_atomically(
    folder: &RunFolder,
    unplanned: Option<PlanDigest>,
    write: impl FnOnce(&mut DigestWriter<BufWriter<RunFile>>) -> Result<(), PlanError>,
) -> Result<(), PlanError> {
    let mut file = DigestWriter::new(BufWriter::new(folder.create_file(PARTIAL_PLAN)?));
    let partial = folder.file(PARTIAL_PLAN);
    write(&mut file).map_err(|error| match error {
        PlanError::Io(error) => StorageError::at(&partial, "write")(error).into(),
        error => error,
    })?;
    let plan = file.sync().map_err(StorageError::at(&partial, "write"))?;
    // The manifest before the plan gets its name: a plan always has a manifest.
    write_manifest(folder, &Manifest { plan, unplanned })?;
    Ok(folder.publish(PARTIAL_PLAN, PLAN)?)
}

fn write_manifest(folder: &RunFolder, manifest: &Manifest) -> Result<(), StorageError> {
    let json = serde_json::to_string(manifest).expect("text and numbers always serialize");
    let mut file = folder.create_file(MANIFEST)?;
    let written = file.write_all(format!("{json}\n").as_bytes()).and_then(|()| file.sync());
    written.map_err(StorageError::at(folder.file(MANIFEST), "write"))
}

fn verify(folder: &Path, storage: &dyn Storage) -> Result<(), PlanError> {
    let plan = open_plan(folder, storage)?;
    let path = folder.join(MANIFEST);
    let manifest = read_whole(&path, storage).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            PlanError::NoManifest { plan: folder.join(PLAN), manifest: MANIFEST }
        }
        _ => unreadable(&path)(error),
    })?;
    let manifest: Manifest =
        serde_json::from_slice(&manifest).map_err(|error| unreadable(&path)(error.into()))?;
    verify_file(plan, folder.join(PLAN), manifest.plan)?;
    let Some(expected) = manifest.unplanned else { return Ok(()) };
    let path = folder.join(unplanned::FILE);
    let unplanned = storage.open(&path.as_path().into(), 0).map_err(unreadable(&path))?;
    verify_file(unplanned, path, expected)
}

fn read_whole(path: &Path, storage: &dyn Storage) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    storage.open(&path.into(), 0)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn verify_file(
    file: Box<dyn Source>,
    path: PathBuf,
    expected: PlanDigest,
) -> Result<(), PlanError> {
    let (mut file, mut digest) =
        (BufReader::with_capacity(VERIFY_BUFFER_BYTES, file), DigestWriter::new(io::sink()));
    io::copy(&mut file, &mut digest).map_err(unreadable(&path))?;
    let (_, found) = digest.finish();
    if found == expected {
        return Ok(());
    }
    Err(PlanError::Damaged { path, contents: Box::new((found, expected)) })
}

fn read_header(folder: &Path, storage: &dyn Storage) -> Result<PlanHeaderLine, PlanError> {
    let (header, _) = open_in(folder, storage)?;
    Ok(header)
}

fn open_in(
    folder: &Path,
    storage: &dyn Storage,
) -> Result<(PlanHeaderLine, PlanReader), PlanError> {
    PlannedGuests::open(open_plan(folder, storage)?)
}

fn open_plan(folder: &Path, storage: &dyn Storage) -> Result<Box<dyn Source>, PlanError> {
    let path = folder.join(PLAN);
    storage.open(&path.as_path().into(), 0).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            PlanError::NoPlan { folder: folder.to_owned() }
        }
        _ => unreadable(&path)(error),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::storage::LocalStorage;

    const PLAN_LINES: &str = "{\"head\":{}}\n{\"guest\":\"g\"}\n{\"order\":1}\n{\"order\":2}\n";
    const UNPLANNED_LINES: &str = "{\"order\":3}\n{\"order\":4}\n";

    fn saved_folder() -> tempfile::TempDir {
        let temporary = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(&temporary.path().join("run")).unwrap();
        let mut unplanned = unplanned::UnplannedWriter::create(&folder).unwrap();
        unplanned.add(UNPLANNED_LINES.as_bytes()).unwrap();
        let write = |file: &mut DigestWriter<BufWriter<RunFile>>| {
            Ok(file.write_all(PLAN_LINES.as_bytes())?)
        };
        write_atomically(&folder, Some(unplanned.finish().unwrap()), write).unwrap();
        temporary
    }

    #[test]
    fn every_flipped_bit_is_detected() {
        let temporary = saved_folder();
        let folder = temporary.path().join("run");
        verify(&folder, &LocalStorage).unwrap();
        for name in [PLAN, unplanned::FILE, MANIFEST] {
            let whole = fs::read(folder.join(name)).unwrap();
            for bit in 0..8 * whole.len() {
                let mut flipped = whole.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                fs::write(folder.join(name), flipped).unwrap();
                assert!(verify(&folder, &LocalStorage).is_err(), "{name}: bit {bit}");
            }
            fs::write(folder.join(name), whole).unwrap();
        }
        verify(&folder, &LocalStorage).unwrap();
    }

    #[test]
    fn truncated_or_extended_plan_is_detected() {
        let temporary = saved_folder();
        let folder = temporary.path().join("run");
        for name in [PLAN, unplanned::FILE] {
            let path = folder.join(name);
            let whole = fs::read_to_string(&path).unwrap();
            for end in 0..whole.len() {
                fs::write(&path, &whole[..end]).unwrap();
                assert!(verify(&folder, &LocalStorage).is_err(), "{name}: {end} bytes");
            }
            for more in ["{\"order\":5}\n", "\n", " "] {
                fs::write(&path, whole.clone() + more).unwrap();
                assert!(verify(&folder, &LocalStorage).is_err(), "{name}: {more:?}");
            }
            fs::write(&path, &whole).unwrap();
        }
        for name in [unplanned::FILE, MANIFEST] {
            let bytes = fs::read(folder.join(name)).unwrap();
            fs::remove_file(folder.join(name)).unwrap();
            assert!(verify(&folder, &LocalStorage).is_err(), "without {name}");
            fs::write(folder.join(name), bytes).unwrap();
        }
        verify(&folder, &LocalStorage).unwrap();
    }
}
