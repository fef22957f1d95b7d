//! Spool: copies of inputs that can be read only once, in the run folder.
//!
//! They are private like all files of the folder. Made by `read` before it reads them, and removed
//! by `pipeline` when no later run can need them, or by `read` if an input cannot be found.

use std::{
    fs,
    io::{self, Read},
};

use super::folder::RunFolder;
use crate::model::input::Location;

/// Copies a stream to its end into a file of the run folder.
pub fn spool(stream: &mut dyn Read, folder: &RunFolder, name: &str) -> io::Result<()> {
    let mut copy = folder.create_file(name).map_err(io::Error::other)?;
    io::copy(stream, &mut copy)?;
    Ok(())
}

/// Removes copies. One that cannot be removed stays private: other users have no access to the run
/// folder.
pub fn remove_spooled(copies: &[Location]) {
    for copy in copies {
        drop(fs::remove_file(copy.as_path()));
    }
}
