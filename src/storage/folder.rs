//! Run folder: one folder per run, readable only by its owner, since it holds customers' data.
//!
//! Never empties a folder or overwrites another run's files: a folder that is not empty is refused.
//! Does not choose the folder's name. Created by `pipeline`; the stages write their files through
//! it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, ReadDir},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use super::error::StorageError;

/// Read, write and enter, for the owner only (see the help topic `privacy`).
#[cfg(unix)]
const FOLDER_MODE: u32 = 0o700;

/// Read and write, for the owner only (see the help topic `privacy`).
#[cfg(unix)]
const FILE_MODE: u32 = 0o600;

/// Folders beside a run folder that are looked at: it may be in a folder of other things.
const MAX_FOLDERS_BESIDE: usize = 10_000;

/// Bytes of a text that is read as a whole.
const MAX_TEXT_BYTES: u64 = 4 * 1024 * 1024;

/// Folder of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Creates the folder and its parents with mode 0700. An existing folder is accepted if it is
    /// empty.
    ///
    /// # Errors
    ///
    /// [`StorageError::NotEmpty`] if the folder is not empty; [`StorageError::Io`] if it cannot be
    /// created.
    pub fn create(path: &Path) -> Result<Self, StorageError> {
        match fs::read_dir(path) {
            Ok(entries) => claim_empty(path, entries)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => create_private(path)?,
            Err(error) => return Err(StorageError::at(path, "open the folder")(error)),
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of a file of this name in the folder, whether or not it exists.
    #[must_use]
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Opens a file of the folder for writing: empty, and with mode 0600 from its creation.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`]
    pub fn create_file(&self, name: impl AsRef<Path>) -> Result<RunFile, StorageError> {
        let path = self.file(name);
        let file =
            private_file().open(&path).map_err(StorageError::at(&path, "create the file"))?;
        Ok(RunFile { file, path })
    }

    /// Opens a file of the folder that this run has written, to read it from the start.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`]
    pub fn open_file(&self, name: impl AsRef<Path>) -> Result<BufReader<File>, StorageError> {
        let path = self.file(name);
        File::open(&path).map(BufReader::new).map_err(StorageError::at(path, "open the file"))
    }

    /// Reads the files of this name in the folders beside this one, those of other runs. What
    /// cannot be read, is not UTF-8 or has more than 4 MiB is left out.
    pub fn texts_beside(&self, name: &str) -> impl Iterator<Item = String> {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let beside = path.parent().and_then(|parent| fs::read_dir(parent).ok());
        let files =
            beside.into_iter().flatten().take(MAX_FOLDERS_BESIDE).filter_map(move |entry| {
                let folder = entry.ok()?.path();
                let file = folder.join(name);
                let is_other_file = folder != path && fs::symlink_metadata(&file).ok()?.is_file();
                is_other_file.then_some(file)
            });
        files.filter_map(|file| {
            let mut text = String::new();
            let n_read = File::open(file).ok()?.take(MAX_TEXT_BYTES + 1).read_to_string(&mut text);
            n_read.ok().filter(|n_read| *n_read as u64 <= MAX_TEXT_BYTES).map(|_| text)
        })
    }

    /// Removes a file of the folder that is not complete. Does nothing if that fails: the error
    /// that kept it from being completed is the one to report.
    pub fn remove_file(&self, name: impl AsRef<Path>) {
        drop(fs::remove_file(self.file(name)));
    }

    /// Writes a file of the folder with mode 0600, atomically: it exists with all of `content` or
    /// not at all.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`]
    pub fn write_file(&self, name: impl AsRef<Path>, content: &str) -> Result<(), StorageError> {
        let path = self.file(name);
        // Renamed when complete: a full disk once left half of `summary.json` behind.
        let partial = path.with_extension("part");
        let mut file =
            private_file().open(&partial).map_err(StorageError::at(&path, "create the file"))?;
        let written = file.write_all(content.as_bytes());
        written.and_then(|()| fs::rename(&partial, &path)).map_err(StorageError::at(path, "write"))
    }

    /// Gives a complete and synced file its final name, atomically. The name survives a power cut
    /// where the file system can sync a folder.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`]
    pub fn publish(
        &self,
        partial: impl AsRef<Path>,
        name: impl AsRef<Path>,
    ) -> Result<(), StorageError> {
        let path = self.file(name);
        fs::rename(self.file(partial), &path).map_err(StorageError::at(path, "write"))?;
        // Not every file system can do that.
        drop(File::open(&self.path).and_then(|folder| folder.sync_all()));
        Ok(())
    }

    /// Creates a folder in the folder with mode 0700, or accepts an existing one. Returns its path.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`]
    pub fn create_folder(&self, name: impl AsRef<Path>) -> Result<PathBuf, StorageError> {
        let path = self.file(name);
        create_private(&path)?;
        Ok(path)
    }
}

/// Creates a file that the user named, outside of the run folder, for writing: with mode 0600 from
/// its creation.
///
/// # Errors
///
/// [`StorageError::Io`], also if the file exists: it may be an export.
pub fn create_new_file(path: &Path) -> Result<RunFile, StorageError> {
    let file = open_new_file(path).map_err(StorageError::at(path, "create the file"))?;
    Ok(RunFile { file, path: path.to_owned() })
}

/// Checks that [`create_new_file`] can create a file: creates it and removes it again.
///
/// # Errors
///
/// The error of the system, also if the file exists.
pub fn ensure_creatable(path: &Path) -> io::Result<()> {
    drop(open_new_file(path)?);
    fs::remove_file(path)
}

fn open_new_file(path: &Path) -> io::Result<File> {
    private_file().create(false).truncate(false).create_new(true).open(path)
}

/// A file of the run folder that is being written, unbuffered.
#[derive(Debug)]
pub struct RunFile {
    file: File,
    path: PathBuf,
}

impl RunFile {
    /// Its path, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes it to disk, so that it survives a power cut.
    ///
    /// # Errors
    ///
    /// The error of the system.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

impl Write for RunFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn claim_empty(path: &Path, mut entries: ReadDir) -> Result<(), StorageError> {
    if entries.next().is_some() {
        return Err(StorageError::NotEmpty(path.to_owned()));
    }
    make_private(path).map_err(StorageError::at(path, "restrict the folder to its owner"))
}

fn create_private(path: &Path) -> Result<(), StorageError> {
    let mut builder = DirBuilder::new();
    // Accepts an existing folder too, as `create_folder` needs.
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER_MODE);
    builder.create(path).map_err(StorageError::at(path, "create the folder"))
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    // The mode is set on creation, not with `set_permissions` later: no moment in which others can
    // read.
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, FILE_MODE);
    options
}

#[cfg(unix)]
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(FOLDER_MODE))
}

/// Other systems than Unix: a folder inherits the permissions of its parent.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
fn make_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[cfg(unix)]
    #[test]
    fn run_folder_is_private_to_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunFolder::create(&dir.path().join("runs/one")).unwrap();
        run.create_file("summary.json").unwrap();
        run.create_folder("rejects").unwrap();
        assert_eq!(mode(&dir.path().join("runs")), 0o700);
        assert_eq!(mode(run.path()), 0o700);
        assert_eq!(mode(&run.file("summary.json")), 0o600);
        assert_eq!(mode(&run.file("rejects")), 0o700);
    }

    #[cfg(unix)]
    #[test]
    fn empty_folder_is_made_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let run = RunFolder::create(dir.path()).unwrap();
        assert_eq!(mode(run.path()), 0o700);
    }

    #[test]
    fn non_empty_folder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("precious"), "kept").unwrap();
        let error = RunFolder::create(dir.path()).unwrap_err();
        assert!(matches!(&error, StorageError::NotEmpty(path) if path == dir.path()));
        insta::assert_snapshot!(error.to_string().replace(dir.path().to_str().unwrap(), "DIR"), @"
        DIR: the run folder exists and is not empty
          hint: name another folder with --out, or omit --out for a new one
        ");
        assert_eq!(fs::read_to_string(dir.path().join("precious")).unwrap(), "kept");
    }

    #[test]
    fn errors_name_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = RunFolder::create(&file).unwrap_err().to_string();
        assert!(error.starts_with(file.to_str().unwrap()), "{error}");
        let run = RunFolder::create(&dir.path().join("run")).unwrap();
        let error = run.create_file("no/such/file").unwrap_err().to_string();
        assert!(error.contains("no/such/file: cannot create the file: "), "{error}");
    }
}
