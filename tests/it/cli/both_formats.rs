//! Checks of the same rows as CSV and as NDJSON. Used by `copies` and `refunds`.

use std::iter;

use crate::support::workspace::{RunResult, Workspace};

/// The cores and the memory of a check.
pub(super) type Resources<'a> = (&'a str, &'a str);

/// Those of checks that are about nothing else.
pub(super) const RESOURCES: Resources<'static> = ("2", "256MB");

/// Checks files with these rows below a header, as CSV and as NDJSON, with the profile of each
/// format.
pub(super) fn check_both<R: AsRef<str>>(
    files: &[&[R]],
    header: &str,
    profile: impl Fn(&str) -> String,
    (cores, memory): Resources<'_>,
) -> [RunResult; 2] {
    ["csv", "ndjson"].map(|extension| {
        let workspace = Workspace::with("shop.toml", profile(extension));
        let mut command = "check".to_owned();
        for (number, rows) in (1..).zip(files) {
            let name = format!("part-{number}.{extension}");
            let is_csv = extension == "csv";
            let rows = rows.iter().map(|row| row.as_ref().trim_end());
            let rows = rows.map(|row| if is_csv { row.to_owned() } else { document(header, row) });
            // Documents have the line numbers that they have below a header.
            let first = if is_csv { header.trim_end() } else { "" };
            let lines: Vec<_> = iter::once(first.to_owned()).chain(rows).collect();
            workspace.file(&name, lines.join("\n") + "\n");
            command = format!("{command} {name}");
        }
        let options = format!("--profile shop.toml --pos x --max-invalid 100% --memory {memory}");
        let cores = [("RAYON_NUM_THREADS", cores)];
        workspace.run_with(&format!("{command} {options}"), &cores, b"")
    })
}

/// The row of a header as a document.
fn document(header: &str, row: &str) -> String {
    let members = header.trim_end().split(',').zip(row.split(','));
    let members = members.map(|(name, value)| format!("{name:?}:{value:?}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}
