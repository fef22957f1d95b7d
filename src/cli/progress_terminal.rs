//! Terminal of the progress line: standard error, with the cursor at the begin of the line.
//!
//! indicatif fills the line and leaves the cursor at its end, where the terminal's echo of Ctrl-C
//! (`^C`) wraps: the line is then never erased. At the begin, the next drawing overwrites it.
//! Called by `progress`.

use std::io;

use console::Term;
use indicatif::TermLike;

/// Standard error, which shows the progress line.
#[derive(Debug)]
pub(super) struct ProgressTerminal(Term);

impl ProgressTerminal {
    /// Buffered, so that a drawing is written at once.
    pub(super) fn new() -> Self {
        Self(Term::buffered_stderr())
    }
}

impl TermLike for ProgressTerminal {
    /// One less than there are: a filled last column would wrap in some terminals.
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(1)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.write_str("\r")?;
        self.0.flush()
    }
}
