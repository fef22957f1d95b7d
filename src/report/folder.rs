//! The run folder: a place of its own for each run, readable by its owner only, since it holds customers' data.
//!
//! Never empties or overwrites what it finds: a folder with anything in it is refused. Does not choose the folder's
//! name. Called by `pipeline`, and by `rejects` for its files.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, ReadDir},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{ReportError, io_error};

/// Read, write and enter: the owner alone (`cli.md`, "The run folder").
#[cfg(unix)]
const FOLDER_MODE: u32 = 0o700;

/// Read and write: the owner alone (`cli.md`, "The run folder").
#[cfg(unix)]
const FILE_MODE: u32 = 0o600;

/// A folder that belongs to one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder, and its parents, with mode 0700. An existing one is taken if it is empty.
    ///
    /// # Errors
    ///
    /// [`ReportError::NotEmpty`] if something is in it; [`ReportError::Io`] if it cannot be made.
    pub fn create(path: &Path) -> Result<Self, ReportError> {
        match fs::read_dir(path) {
            Ok(entries) => claim_empty(path, entries)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => create_private(path)?,
            Err(error) => return Err(io_error(path, "open the folder")(error)),
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file of this name stands in the folder, whether or not it exists.
    #[must_use]
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Opens a file of the folder for writing, empty and with mode 0600 from its first moment.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`]
    pub fn create_file(&self, name: impl AsRef<Path>) -> Result<File, ReportError> {
        let path = self.file(name);
        private_file().open(&path).map_err(io_error(path, "create the file"))
    }

    /// Writes a whole file of the folder, as [`RunFolder::create_file`] makes it. It is there as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`]
    pub fn write_file(&self, name: impl AsRef<Path>, content: &str) -> Result<(), ReportError> {
        let path = self.file(name);
        let partial = path.with_extension("part");
        let mut file = private_file().open(&partial).map_err(io_error(&path, "create the file"))?;
        let written = file.write_all(content.as_bytes());
        written.and_then(|()| fs::rename(&partial, &path)).map_err(io_error(path, "write"))
    }

    /// Makes a folder in the folder with mode 0700; one that exists is taken. Returns where it stands.
    ///
    /// # Errors
    ///
    /// [`ReportError::Io`]
    pub fn create_folder(&self, name: impl AsRef<Path>) -> Result<PathBuf, ReportError> {
        let path = self.file(name);
        create_private(&path)?;
        Ok(path)
    }
}

fn claim_empty(path: &Path, mut entries: ReadDir) -> Result<(), ReportError> {
    if entries.next().is_some() {
        return Err(ReportError::NotEmpty(path.to_owned()));
    }
    make_private(path).map_err(io_error(path, "make the folder private"))
}

fn create_private(path: &Path) -> Result<(), ReportError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER_MODE);
    builder.create(path).map_err(io_error(path, "make the folder"))
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
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

/// Elsewhere than on unix a folder has the rights of the folder it stands in.
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
        assert!(matches!(&error, ReportError::NotEmpty(path) if path == dir.path()));
        insta::assert_snapshot!(error.to_string().replace(dir.path().to_str().unwrap(), "DIR"), @"
        DIR: the run folder exists and is not empty
          hint: name another one with --out, or leave --out away for a new one
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
