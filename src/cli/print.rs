//! The one writer: data to standard output, talk to standard error. A reader that went away is no error.

use std::io::{self, Write};

use anyhow::Context;

/// A line of data. An error is one that its reader should hear of: a full disk, say.
pub(super) fn data(line: &str) -> io::Result<()> {
    match put(io::stdout().lock(), line) {
        // `orderferry check … | head` closes the pipe; the run's files and its exit code say what counts.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Much data, of which nobody need wait for all. Ends early where the reader goes away.
pub(super) fn stream(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = write(&mut out).and_then(|()| Ok(out.flush()?));
    match done.as_ref().err().and_then(|error| error.downcast_ref::<io::Error>()) {
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Some(_) => done.context("standard output"),
        None => done,
    }
}

/// A line for a person.
pub(super) fn talk(line: &str) {
    // There is nobody else to tell.
    drop(put(io::stderr().lock(), line));
}

fn put(mut to: impl Write, line: &str) -> io::Result<()> {
    writeln!(to, "{line}").and_then(|()| to.flush())
}
