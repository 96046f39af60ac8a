//! The only printer: what is data goes to stdout, everything else to stderr.
//!
//! Whatever is printed passes [`escape`] here, whoever wrote it; only what [`paint`] made is a colour.

pub mod escape;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use console::Style;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

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
        let target =
            if live { ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND) } else { ProgressDrawTarget::hidden() };
        Self { json, lines: !json, live, bars: MultiProgress::with_draw_target(target) }
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

    /// A line of what the user asked for: stdout, in human mode only.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if self.lines {
            self.bars.suspend(|| write_stdout(&escape::line(text.as_ref())));
        }
    }

    /// Lines that belong together, as [`Ui::line`].
    pub(crate) fn lines(&self, lines: &[String]) {
        if self.lines {
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

    /// A line about what goes on: stderr, in both modes.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        self.bars.suspend(|| write_stderr(&format!("{}\n", escape::line(text.as_ref()))));
    }

    /// A warning: stderr, in both modes.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        let label = paint(&Style::new().for_stderr().yellow().bold(), "warning:");
        self.note(format!("{label} {}", text.as_ref()));
    }

    /// A line of a live view; hidden when nobody watches. `total` makes it a bar. The template is ours: what comes from
    /// outside is its name or its message.
    pub(crate) fn bar(&self, total: Option<u64>, template: &str) -> Bar {
        let bar = self.bars.add(match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::new_spinner(),
        });
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─").tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        }
        if self.live {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Bar(bar)
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

    /// How far the work has come.
    pub(crate) fn set_position(&self, position: u64) {
        self.0.set_position(position);
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
}
