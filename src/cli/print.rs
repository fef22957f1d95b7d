//! The one writer: data to standard output, talk to standard error. A reader that went away is no error. Nothing that
//! steers a terminal gets through, wherever it comes from.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::error::ContextValue;

use crate::model::printable::{printable, printable_json, printable_lines, printable_message};

/// Lines of data for a person. An error is one that their reader should hear of: a full disk, say.
pub(super) fn output(lines: &str) -> io::Result<()> {
    write_stdout(&printable_lines(lines))
}

/// A line of JSON.
pub(super) fn json(line: &str) -> io::Result<()> {
    write_stdout(&printable_json(line))
}

fn write_stdout(lines: &str) -> io::Result<()> {
    match write_line(io::stdout().lock(), lines) {
        // `orderferry check … | head` closes the pipe; the run's files and its exit code say what counts.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Much data, of which nobody need wait for all. Ends early where the reader goes away.
pub(super) fn stream(write: impl FnOnce(&mut OutputLines<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = write(&mut OutputLines { out: &mut out }).and_then(|()| Ok(out.flush()?));
    match done.as_ref().err().and_then(|error| error.downcast_ref::<io::Error>()) {
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Some(_) => done.context("standard output"),
        None => done,
    }
}

/// Lines of a stream.
pub(super) struct OutputLines<'o> {
    out: &'o mut dyn Write,
}

impl OutputLines<'_> {
    /// A line for a person.
    pub(super) fn text(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{}", printable(line))
    }

    /// A line of JSON.
    pub(super) fn json(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{}", printable_json(line))
    }

    /// A line that another command reads, as it is; but a terminal is shown what a person may see.
    pub(super) fn raw(&mut self, line: &str) -> io::Result<()> {
        if io::stdout().is_terminal() { self.text(line) } else { writeln!(self.out, "{line}") }
    }
}

/// A message for a person: a line, and indented ones that belong to it.
pub(super) fn status(message: &str) {
    // There is nobody else to tell.
    drop(write_line(io::stderr().lock(), &printable_message(message)));
}

/// What is wrong with the arguments, as clap says it in several lines.
pub(super) fn usage(error: &clap::Error) {
    let mut lines = error.render().to_string();
    for (_, value) in error.context() {
        let quoted = match value {
            ContextValue::String(one) => std::slice::from_ref(one),
            ContextValue::Strings(all) => all,
            _ => &[],
        };
        // A line break in an argument is no line break of the message.
        for argument in quoted.iter().filter(|argument| argument.contains('\n')) {
            lines = lines.replace(argument, &printable(argument));
        }
    }
    drop(write_line(io::stderr().lock(), printable_lines(&lines).trim_end()));
}

fn write_line(mut to: impl Write, line: &str) -> io::Result<()> {
    writeln!(to, "{line}").and_then(|()| to.flush())
}
