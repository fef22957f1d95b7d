//! Terminal output: the only writer to standard output (data) and standard error (messages).
//!
//! Escapes control characters and changes of text direction, whatever their source, so that no file
//! name, argument or cell steers the terminal. A closed pipe is not an error. Called by all of
//! `cli`.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::{
    builder::styling::{AnsiColor, Style},
    error::ContextValue,
};
use console::Term;

use super::{
    diagnostics::render,
    folding::{LineWidth, fill, fill_message},
    reflow::reflow,
};
use crate::{
    model::{
        diagnostic::{Diagnostic, Diagnostics},
        printable::{printable, printable_json, printable_lines, printable_message},
    },
    report::{
        summary::Summary,
        terminal::{self, Layout, Mark, Screen},
    },
};

/// Whether a person can be asked: the input and the messages are those of a terminal.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Prints lines of data for a person. An error, such as a full disk, is to be reported.
pub(super) fn output(lines: &str) -> io::Result<()> {
    write_stdout(&printable_lines(lines))
}

/// Prints a topic of the manual, whose paragraphs fit a terminal.
pub(super) fn topic(text: &str) -> io::Result<()> {
    let width = LineWidth::of_manual(&Term::stdout());
    let text = text.trim_end();
    if width.is_terminal { output(&reflow(text, width.columns)) } else { output(text) }
}

/// Text for a person, below a heading.
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) body: String,
}

/// Prints sections, their headings bold on a terminal that shows styles.
pub(super) fn sections(sections: &[Section]) -> io::Result<()> {
    let bold = Style::new().bold();
    let section = |Section { heading, body }: &Section| {
        format!("{bold}{}{bold:#}\n{}", printable(heading), printable_lines(body))
    };
    let text = sections.iter().map(section).collect::<Vec<_>>().join("\n\n");
    styled(&text)
}

/// Prints what is wrong with orders, by examples, as a result of a run.
pub(super) fn examples(list: &[Diagnostic]) -> io::Result<()> {
    styled(&render(list, LineWidth::of(&Term::stdout())))
}

/// Prints the screen at the end of a run; its mark in colour on a terminal that shows styles.
/// `folder` is the run folder as the user would type it, if the report is in it.
pub(super) fn screen(summary: &Summary, folder: Option<&str>) -> io::Result<()> {
    let layout = Layout::of_columns(LineWidth::of(&Term::stdout()).columns);
    let Screen { mark, text } = terminal::render(summary, folder, layout);
    let color = match mark {
        Mark::Good => AnsiColor::Green,
        Mark::Doubt => AnsiColor::Magenta,
        Mark::Attention => AnsiColor::Yellow,
        Mark::Refused => AnsiColor::Red,
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    styled(&format!("{style}{}{style:#} {}", mark.symbol(), printable_lines(&text)))
}

/// Prints lines with styles, whose texts are printable; without the styles in a pipe, and on a
/// terminal with `NO_COLOR` or `TERM=dumb`.
pub(super) fn styled(lines: &str) -> io::Result<()> {
    ignore_closed_pipe(write_line(anstream::stdout().lock(), lines))
}

/// Prints a line of JSON.
pub(super) fn json(line: &str) -> io::Result<()> {
    write_stdout(&printable_json(line))
}

fn write_stdout(lines: &str) -> io::Result<()> {
    ignore_closed_pipe(write_line(io::stdout().lock(), lines))
}

fn ignore_closed_pipe(written: io::Result<()>) -> io::Result<()> {
    match written {
        // `orderferry check … | head` closes the pipe; the result is in the run folder and the exit
        // code.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Streams data of any size through a buffer. Ends early, without an error, if the reader closes
/// the pipe.
pub(super) fn stream(
    write: impl FnOnce(&mut OutputLines<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = write(&mut OutputLines { out: &mut out }).and_then(|()| Ok(out.flush()?));
    // The error may come from the ledger instead; only one of standard output is named so.
    match done.as_ref().err().and_then(|error| error.downcast_ref::<io::Error>()) {
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Some(_) => done.context("standard output"),
        None => done,
    }
}

/// Destination of the lines of [`stream`].
pub(super) struct OutputLines<'o> {
    out: &'o mut dyn Write,
}

impl OutputLines<'_> {
    /// Writes a line for a person.
    pub(super) fn text(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{}", printable(line))
    }

    /// Writes a line of JSON.
    pub(super) fn json(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{}", printable_json(line))
    }

    /// Writes a line that another command reads, unchanged; on a terminal it is escaped like any
    /// other text.
    pub(super) fn raw(&mut self, line: &str) -> io::Result<()> {
        if io::stdout().is_terminal() { self.text(line) } else { writeln!(self.out, "{line}") }
    }
}

/// Prints a message on standard error: a line, and indented lines that belong to it.
/// Folded on a terminal.
pub(super) fn status(message: &str) {
    let mut message = printable_message(message);
    let LineWidth { columns, is_terminal } = LineWidth::of(&Term::stderr());
    if is_terminal {
        message = fill_message(&message, columns).into();
    }
    // An error on standard error has nowhere left to be reported.
    drop(write_line(io::stderr().lock(), &message));
}

/// Erases the line of progress, for a process that exits in the middle of it.
pub(super) fn erase_line() {
    drop(write!(io::stderr(), "\r\u{1b}[2K"));
}

/// Prints diagnostics on standard error, in colour on a terminal.
pub(super) fn diagnostics(Diagnostics { list, conclusion, next }: &Diagnostics) {
    let width = LineWidth::of(&Term::stderr());
    let next = next.as_ref().map(|next| format!("\nnext: {}", printable(next)));
    let mut conclusion = printable(conclusion);
    if width.is_terminal {
        conclusion = fill(&conclusion, width.columns).into();
    }
    let text = format!("{}\n{conclusion}{}", render(list, width), next.unwrap_or_default());
    // Removes the styles in a pipe, and on a terminal with NO_COLOR or TERM=dumb.
    drop(write_line(anstream::stderr().lock(), &text));
}

/// Prints clap's help or version on standard output, in colour on a terminal.
pub(super) fn help(help: &clap::Error) {
    // A reader that closed the pipe needs no more.
    drop(help.print());
}

/// Prints clap's usage error, which has several lines.
pub(super) fn usage(error: &clap::Error) {
    let mut lines = error.render().to_string();
    for (_, value) in error.context() {
        let quoted = match value {
            ContextValue::String(one) => std::slice::from_ref(one),
            ContextValue::Strings(all) => all,
            _ => &[],
        };
        // clap quotes arguments as they are: without this a line break in one could imitate a
        // message.
        for argument in quoted.iter().filter(|argument| argument.contains('\n')) {
            lines = lines.replace(argument, &printable(argument));
        }
    }
    drop(write_line(io::stderr().lock(), printable_lines(&lines).trim_end()));
}

fn write_line(mut to: impl Write, line: &str) -> io::Result<()> {
    writeln!(to, "{line}").and_then(|()| to.flush())
}
