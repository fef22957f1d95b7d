//! The one writer: data to standard output, talk to standard error. A reader that went away is no error.

use std::io::{self, Write};

/// A line of data.
pub(super) fn data(line: &str) {
    put(io::stdout().lock(), line);
}

/// A line for a person.
pub(super) fn talk(line: &str) {
    put(io::stderr().lock(), line);
}

fn put(mut to: impl Write, line: &str) {
    // `orderferry check … | head` closes the pipe; the run's files and its exit code say what counts.
    drop(writeln!(to, "{line}").and_then(|()| to.flush()));
}
