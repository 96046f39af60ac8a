//! The terminal as live views are drawn on it.

use std::io;

use console::Term;
use indicatif::TermLike;

/// A terminal whose cursor, once a view is drawn, stands at the beginning of the view's last row.
///
/// A drawn row is filled up to the right edge. A key that is echoed there, as `^C`, begins a row that nobody counts, and a
/// row of the view stays when it is cleared; at the beginning of a row it changes no count.
#[derive(Debug)]
pub(super) struct Live(Term);

impl Live {
    /// Standard error; what is drawn appears when all of it is.
    pub(super) fn stderr() -> Self {
        Self(Term::buffered_stderr())
    }
}

impl TermLike for Live {
    fn width(&self) -> u16 {
        TermLike::width(&self.0)
    }

    fn height(&self) -> u16 {
        TermLike::height(&self.0)
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
