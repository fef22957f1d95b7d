//! Free disk space.
//!
//! It reserves nothing: another program may use the space meanwhile. Called by the shuffle engine
//! before it spills.

use std::path::Path;

/// Returns the free bytes of the disk of a folder, or the maximum if that is unknown: an export is
/// not refused because a file system does not report its size.
#[must_use]
pub fn free_space(folder: &Path) -> u64 {
    fs4::available_space(folder).unwrap_or(u64::MAX)
}
