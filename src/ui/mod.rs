//! The only printer: what is data goes to stdout, everything else to stderr.
//!
//! Whatever is printed passes [`escape`] here, whoever wrote it; only what [`paint`] made is a colour.

pub mod escape;
mod live;
mod reader;
mod screen;
mod telling;
mod wrap;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use console::{Style, Term, measure_text_width, truncate_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use self::live::Live;
pub(crate) use self::reader::reader_left;
pub(crate) use self::screen::{Key, Screen};
pub(crate) use self::telling::{Level, Telling, told_records, told_together};
pub use self::wrap::wrap;

pub(crate) use self::escape::paint;

/// How often a live view is drawn anew.
const REDRAWS_PER_SECOND: u8 = 10;

/// Where a command's words go.
///
/// In human mode events and reports go to stdout, notes and progress to stderr. In `--json` mode stdout carries
/// newline-delimited JSON and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Ui {
    json: bool,
    lines: bool,
    live: bool,
    bars: MultiProgress,
    /// How what goes on is told; shared by all who tell of it.
    telling: Arc<OnceLock<Telling>>,
}

impl Ui {
    /// Looks at the terminal and at `NO_COLOR`; `json` is the mode for programs.
    pub(crate) fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if plain {
            console::set_colors_enabled(false);
            console::set_colors_enabled_stderr(false);
        }
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let live = !dumb && !json && std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        let target = match live {
            true => ProgressDrawTarget::term_like_with_hz(Box::new(Live::stderr()), REDRAWS_PER_SECOND),
            false => ProgressDrawTarget::hidden(),
        };
        Self { json, lines: !json, live, bars: MultiProgress::with_draw_target(target), telling: Arc::default() }
    }

    /// The same without lines: for a part of the work that isn't what the user wants to see.
    pub(crate) fn without_lines(&self) -> Self {
        Self { lines: false, ..self.clone() }
    }

    /// Whether stdout is for a program.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether someone watches: bars are drawn only then, plain periodic lines otherwise.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// How wide the terminal of the user's lines is; nothing where they go elsewhere, and may be as long as they are.
    pub(crate) fn columns(&self) -> Option<usize> {
        columns(&Term::stdout())
    }

    /// How wide the terminal of live views is.
    pub(crate) fn live_columns(&self) -> usize {
        Term::stderr().size().1.into()
    }

    /// Prints while no live view is drawn. Where there is none nobody waits for another's printing: stdout may be a pipe that
    /// nobody reads.
    fn beside_bars(&self, print: impl FnOnce()) {
        if self.live { self.bars.suspend(print) } else { print() }
    }

    /// A line of what the user asked for: stdout, in human mode only. On a terminal it is broken at spaces.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if self.lines {
            let text = wrap(&escape::line(text.as_ref()), self.columns());
            self.beside_bars(|| write_stdout(&text));
        }
    }

    /// Lines that belong together, as [`Ui::line`].
    pub(crate) fn lines(&self, lines: &[String]) {
        if self.lines && !lines.is_empty() {
            let columns = self.columns();
            let lines: Vec<_> = lines.iter().map(|text| wrap(&escape::line(text), columns)).collect();
            self.beside_bars(|| write_stdout(&lines.join("\n")));
        }
    }

    /// Lines of what somebody else wrote, as they are: a terminal breaks them where it ends, so that they can be copied.
    pub(crate) fn verbatim(&self, lines: &[String]) {
        if self.lines && !lines.is_empty() {
            let lines: Vec<_> = lines.iter().map(|text| escape::line(text)).collect();
            self.bars.suspend(|| write_stdout(&lines.join("\n")));
        }
    }

    /// A record for a program: stdout, in `--json` mode only.
    pub(crate) fn record(&self, record: &impl Serialize) {
        if self.json
            && let Ok(text) = serde_json::to_string(record)
        {
            write_stdout(&escape::json(text));
        }
    }

    /// From now on what goes on is told so, by everybody who tells of it; once only.
    pub(crate) fn tell_by(&self, telling: Telling) {
        _ = self.telling.set(telling);
    }

    /// A line about what goes on: stderr, in both modes. On a terminal it is broken at spaces.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        if self.telling.get().is_none_or(|telling| telling.takes(Level::Info, text.as_ref())) {
            self.say(text);
        }
    }

    fn say(&self, text: impl AsRef<str>) {
        let text = wrap(&escape::line(text.as_ref()), columns(&Term::stderr()));
        self.beside_bars(|| write_stderr(&format!("{text}\n")));
    }

    /// A note after a key was pressed: it stands in the place of what the terminal showed of the key, as `^C`.
    pub(crate) fn note_after_key(&self, text: &str) {
        self.forget_key();
        self.note(text);
    }

    /// Takes away what the terminal showed of a key.
    pub(crate) fn forget_key(&self) {
        let term = Term::stderr();
        if term.is_term() {
            // A line that isn't cleared is no reason to say nothing.
            self.bars.suspend(|| _ = term.clear_line());
        }
    }

    /// Takes all live views away, before the program ends at once.
    pub(crate) fn clear(&self) {
        screen::restore();
        // Nobody is there to hear of it.
        _ = self.bars.clear();
    }

    /// A warning: stderr, in both modes.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        if self.telling.get().is_none_or(|telling| telling.takes(Level::Warn, text.as_ref())) {
            let label = paint(&Style::new().for_stderr().yellow().bold(), "warning:");
            self.say(format!("{label} {}", text.as_ref()));
        }
    }

    /// A line of a live view; hidden when nobody watches. `total` makes it a bar. The template is ours: what comes from
    /// outside is its name or its message. A message that stands last is cut where the terminal ends.
    pub(crate) fn bar(&self, total: Option<u64>, template: &str) -> Bar {
        let bar = self.bars.add(match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::new_spinner(),
        });
        let bar = Bar(bar);
        bar.set_template(template);
        if self.live {
            bar.0.enable_steady_tick(Duration::from_millis(100));
        }
        bar
    }
}

/// A line of a live view.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// One that nobody sees.
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// What `{prefix}` stands for in its template.
    pub(crate) fn named(self, name: &str) -> Self {
        self.0.set_prefix(escape::line(name).into_owned());
        self
    }

    /// Draws it by another template from now on.
    pub(crate) fn set_template(&self, template: &str) {
        // A row that wraps can't be taken away whole once the terminal gets narrower.
        let template = match template.strip_suffix("{msg}") {
            Some(before) => format!("{before}{{wide_msg}}"),
            None => template.to_owned(),
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            self.0.set_style(style.progress_chars("━╸─").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        }
    }

    /// How far the work has come.
    pub(crate) fn set_position(&self, position: u64) {
        self.0.set_position(position);
    }

    /// How much there is to do.
    pub(crate) fn set_length(&self, total: u64) {
        self.0.set_length(total);
    }

    /// What `{msg}` stands for in its template.
    pub(crate) fn set_message(&self, text: &str) {
        self.0.set_message(escape::line(text).into_owned());
    }

    /// Whether there is an end to it.
    pub(crate) fn has_total(&self) -> bool {
        self.0.length().is_some()
    }

    /// Takes the line away.
    pub(crate) fn finish_and_clear(&self) {
        self.0.finish_and_clear();
    }
}

/// How wide a terminal is, if it is one that says so.
fn columns(term: &Term) -> Option<usize> {
    term.size_checked().map(|(_, columns)| columns.into())
}

/// Writes a line to stdout as it is; a reader that went away (`| head`) ends the program quietly, as it does any filter.
pub(crate) fn write_stdout(text: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        let code = if error.kind() == std::io::ErrorKind::BrokenPipe { 0 } else { 1 };
        std::process::exit(code);
    }
}

/// Writes text to stderr as it is, line breaks included. A closed stderr is no reason to fail: the terminal may be gone.
pub fn write_stderr(text: &str) {
    // Bytes that nobody reads are no loss.
    _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Text as one line: whatever whitespace is in it, line breaks too, is one space.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name in so many columns. Of one that is too long the middle is left out: many names differ at their end alone.
pub(crate) fn shorten(name: &str, columns: usize) -> Cow<'_, str> {
    if measure_text_width(name) <= columns {
        return name.into();
    }
    let mut left = columns.saturating_sub(1);
    let head = truncate_str(name, left.div_ceil(2), "");
    left -= measure_text_width(&head);
    let mut start = name.len();
    for (at, letter) in name.char_indices().rev() {
        match left.checked_sub(measure_text_width(letter.encode_utf8(&mut [0; 4]))) {
            Some(rest) => (left, start) = (rest, at),
            None => break,
        }
    }
    format!("{head}…{}", &name[start..]).into()
}

/// Text from outside, no longer than a few lines.
pub(crate) fn short(text: &str) -> &str {
    const LONGEST: usize = 400;
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_cut() {
        assert_eq!(short(&"ö".repeat(1_000)).chars().count(), 400);
        assert_eq!(short("x"), "x");
    }

    #[test]
    fn a_name_keeps_its_beginning_and_its_end() {
        assert_eq!(shorten("api-orders-created-consumer-dlq", 16), "api-orde…mer-dlq");
        assert_eq!(shorten("short", 5), "short");
        for columns in 1..12 {
            assert!(measure_text_width(&shorten("字字字-wide-letters-字字字", columns)) <= columns, "{columns}");
        }
    }
}
