//! Mounts: whether a file is itself a mount point, and whether its file system may end with a
//! container. Reads `/proc` on Linux and knows nothing elsewhere. Called by `paths` and `run`.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Whether a path is itself a mount point.
pub(super) fn is_mount_point(path: &Path) -> bool {
    mounts().iter().any(|mount| mount.point == path)
}

/// The type of the file system, if it may end with a container or with the machine.
pub(super) fn ephemeral_file_system(path: &Path) -> Option<String> {
    let path = fs::canonicalize(path).ok()?;
    // `max_by_key` returns the last of equal mount points, which covers the earlier ones.
    let containing = mounts().into_iter().filter(|mount| path.starts_with(&mount.point));
    let file_system = containing.max_by_key(|mount| mount.point.components().count())?.file_system;
    ["overlay", "tmpfs", "ramfs"].contains(&file_system.as_str()).then_some(file_system)
}

/// A mounted file system.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    point: PathBuf,
    file_system: String,
}

/// The mounted file systems as Linux reports them; empty on other systems or if the list is
/// unreadable.
fn mounts() -> Vec<Mount> {
    let text = fs::read("/proc/self/mountinfo").unwrap_or_default();
    String::from_utf8_lossy(&text).lines().filter_map(parse_mount).collect()
}

/// Parses a line of `mountinfo` (proc(5)): the fifth field is the mount point, the first field
/// after `-` the type.
fn parse_mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let point = unescape(before.split(' ').nth(4)?);
    Some(Mount { point, file_system: after.split(' ').next()?.to_owned() })
}

/// Replaces the escapes of `mountinfo`: spaces, tabs, line breaks and backslashes are three octal
/// digits.
fn unescape(field: &str) -> PathBuf {
    let mut text = field.to_owned();
    for (escape, character) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        text = text.replace(escape, character);
    }
    PathBuf::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mountinfo_line_is_parsed() {
        let line = "36 35 98:0 /mnt1 /data/my\\040l.db rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
        assert_eq!(
            parse_mount(line),
            Some(Mount { point: "/data/my l.db".into(), file_system: "ext3".into() })
        );
        let overlay = "1 0 0:30 / / rw - overlay overlay rw,lowerdir=/a";
        assert_eq!(
            parse_mount(overlay),
            Some(Mount { point: "/".into(), file_system: "overlay".into() })
        );
        assert_eq!(parse_mount("nonsense"), None);
    }
}
