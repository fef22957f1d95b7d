//! `results.csv` and `problems.csv`: the results and their problems as tables for a spreadsheet,
//! one row per order and one per problem.
//!
//! Written from `results.ndjson` when the run ends, so the three files cannot differ. Reads that
//! file line by line and holds one line in memory. Called by `recorder`.

use std::{
    borrow::Cow,
    io::{self, BufRead, Write},
};

use chrono::SecondsFormat;

use super::{
    order_line::{OmittedRows, ProblemLine},
    results::{self, ResultLine},
};
use crate::{
    model::spreadsheet::without_formulas,
    storage::{RunFile, RunFolder, StorageError},
};

const RESULTS: TableFile = TableFile { name: "results.csv", partial: ".results.csv.part" };
const PROBLEMS: TableFile = TableFile { name: "problems.csv", partial: ".problems.csv.part" };

const RESULT_COLUMNS: [&str; 11] = [
    "referenceId",
    "orderedAt",
    "outcome",
    "file",
    "line",
    "attempts",
    "http_status",
    "reason",
    "repeated_after",
    "browser_id",
    "problems",
];

const PROBLEM_COLUMNS: [&str; 9] = [
    "referenceId",
    "file",
    "line",
    "column",
    "column_name",
    "field",
    "code",
    "severity",
    "message",
];

/// Without it, Excel takes the bytes of `ü` for two characters of the system's code page.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One system call writes some hundreds of rows.
const BUFFER_BYTES: usize = 64 * 1024;

/// The problems that belong to no order.
pub(super) struct FileProblems<'a> {
    pub(super) problems: Vec<ProblemLine<'a>>,
    pub(super) omitted: OmittedRows<'a>,
}

/// Writes both tables from the complete `results.ndjson` of the folder. Each exists completely or
/// not at all.
///
/// # Errors
///
/// [`StorageError::Io`]; then neither table uses space on the disk.
pub(super) fn write(
    folder: &RunFolder,
    file_problems: &FileProblems<'_>,
) -> Result<(), StorageError> {
    let written = write_tables(folder, file_problems);
    if written.is_err() {
        folder.remove_file(RESULTS.partial);
        folder.remove_file(PROBLEMS.partial);
    }
    written
}

fn write_tables(folder: &RunFolder, file_problems: &FileProblems<'_>) -> Result<(), StorageError> {
    let mut results = Table::create(folder, RESULTS, &RESULT_COLUMNS)?;
    let mut problems = Table::create(folder, PROBLEMS, &PROBLEM_COLUMNS)?;
    problems.push_problems("", "", &file_problems.problems, &file_problems.omitted)?;
    let mut lines = folder.open_file(results::FILE)?;
    let unreadable = || StorageError::at(folder.file(results::FILE), "read");
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).map_err(unreadable())? > 0 {
        let result: ResultLine<'_> =
            serde_json::from_slice(&line).map_err(|error| unreadable()(error.into()))?;
        results.push_result(&result)?;
        problems.push_problems(
            &result.reference_id,
            &result.source.file,
            &result.problems,
            &result.problems_omitted,
        )?;
        line.clear();
    }
    // Both before one gets its name, so that an error leaves neither.
    results.complete()?;
    problems.complete()?;
    [RESULTS, PROBLEMS].into_iter().try_for_each(|file| folder.publish(file.partial, file.name))
}

/// A file of a table, and its name until it is complete.
#[derive(Clone, Copy)]
struct TableFile {
    name: &'static str,
    partial: &'static str,
}

/// A table that is being written.
struct Table<'a> {
    folder: &'a RunFolder,
    file: TableFile,
    rows: csv::Writer<RunFile>,
}

impl<'a> Table<'a> {
    fn create(
        folder: &'a RunFolder,
        file: TableFile,
        columns: &[&str],
    ) -> Result<Self, StorageError> {
        let mut to = folder.create_file(file.partial)?;
        to.write_all(BYTE_ORDER_MARK).map_err(StorageError::at(folder.file(file.name), "write"))?;
        let rows = csv::WriterBuilder::new().buffer_capacity(BUFFER_BYTES).from_writer(to);
        let mut table = Self { folder, file, rows };
        table.push(columns.iter().copied().map(Cow::Borrowed))?;
        Ok(table)
    }

    /// Writes a row. Text of the export and of the service must not be run as a formula.
    fn push<'c>(
        &mut self,
        cells: impl IntoIterator<Item = Cow<'c, str>>,
    ) -> Result<(), StorageError> {
        let write = || {
            for cell in cells {
                self.rows.write_field(without_formulas(&cell).as_bytes())?;
            }
            self.rows.write_record(None::<&[u8]>)
        };
        write().map_err(|error| self.unwritable(error.into()))
    }

    fn push_result(&mut self, result: &ResultLine<'_>) -> Result<(), StorageError> {
        let ordered_at =
            result.ordered_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
        self.push([
            text(&result.reference_id),
            ordered_at.unwrap_or_default().into(),
            result.outcome.as_str().into(),
            text(&result.source.file),
            result.source.line.to_string().into(),
            result.attempts.to_string().into(),
            optional(result.http_status),
            text(result.reason.as_deref().unwrap_or_default()),
            text(result.uncertain_before.as_deref().unwrap_or_default()),
            text(result.browser_id.as_deref().unwrap_or_default()),
            codes(&result.problems).into(),
        ])
    }

    /// Writes the problems of an order, and a row for each code of which more are counted.
    fn push_problems(
        &mut self,
        reference: &str,
        file: &str,
        problems: &[ProblemLine<'_>],
        omitted: &OmittedRows<'_>,
    ) -> Result<(), StorageError> {
        for problem in problems {
            self.push([
                text(reference),
                text(&problem.file),
                problem.line.to_string().into(),
                optional(problem.column),
                text(problem.column_name.as_deref().unwrap_or_default()),
                text(problem.field.as_deref().unwrap_or_default()),
                problem.code.as_str().into(),
                problem.severity.as_str().into(),
                text(&problem.message),
            ])?;
        }
        for (code, n_rows) in omitted {
            // The list of a code is full before one of its problems is omitted.
            let listed = problems.iter().find(|problem| problem.code.as_str() == code);
            self.push([
                text(reference),
                text(file),
                "".into(),
                "".into(),
                "".into(),
                "".into(),
                text(code),
                listed.map_or("", |problem| problem.severity.as_str()).into(),
                format!("{n_rows} more with this code are not listed").into(),
            ])?;
        }
        Ok(())
    }

    /// Completes the file, without giving it its name.
    fn complete(self) -> Result<(), StorageError> {
        let unwritable = StorageError::at(self.folder.file(self.file.name), "write");
        let file = self.rows.into_inner().map_err(csv::IntoInnerError::into_error);
        file.and_then(|file| file.sync()).map_err(unwritable)
    }

    fn unwritable(&self, error: io::Error) -> StorageError {
        StorageError::at(self.folder.file(self.file.name), "write")(error)
    }
}

fn text(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

fn optional<T: ToString>(number: Option<T>) -> Cow<'static, str> {
    number.map(|number| number.to_string()).unwrap_or_default().into()
}

/// The codes of problems, each once, to filter by.
fn codes(problems: &[ProblemLine<'_>]) -> String {
    let mut codes: Vec<_> = problems.iter().map(|problem| problem.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_PROBLEMS: FileProblems<'_> =
        FileProblems { problems: Vec::new(), omitted: OmittedRows::new() };

    fn folder_with_results(lines: &str) -> (tempfile::TempDir, RunFolder) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(&temporary.path().join("run")).unwrap();
        folder.create_file(results::FILE).unwrap().write_all(lines.as_bytes()).unwrap();
        (temporary, folder)
    }

    fn names(folder: &RunFolder) -> Vec<String> {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// `/dev/full` behaves like a file on a full disk.
    #[cfg(target_os = "linux")]
    #[test]
    fn full_disk_is_an_error_that_leaves_no_table() {
        for full in [RESULTS, PROBLEMS] {
            let (_temporary, folder) = folder_with_results("");
            std::os::unix::fs::symlink("/dev/full", folder.file(full.partial)).unwrap();
            let error = write(&folder, &NO_PROBLEMS).unwrap_err().to_string();
            let expected = format!("{}: cannot write: No space", folder.file(full.name).display());
            assert!(error.starts_with(&expected) && error.contains("hint: "), "{error}");
            assert_eq!(names(&folder), [results::FILE]);
        }
    }

    #[test]
    fn damaged_results_are_an_error_that_leaves_no_table() {
        let (_temporary, folder) = folder_with_results("{\"referenceId\":\"A-1\"");
        let error = write(&folder, &NO_PROBLEMS).unwrap_err().to_string();
        assert!(error.contains("results.ndjson: cannot read: EOF"), "{error}");
        assert_eq!(names(&folder), [results::FILE]);
    }
}
