//! The only printer: what is data goes to stdout, everything else to stderr.
//!
//! Whatever is printed passes [`escape`] here, whoever wrote it; only what [`paint`] made is a colour.

pub mod escape;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use console::Style;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

pub use self::escape::paint;

/// How often a live view is drawn anew.
const REDRAWS_PER_SECOND: u8 = 10;

/// Where a command's words go.
///
/// In human mode events and reports go to stdout, notes and progress to stderr. In `--json` mode stdout carries
/// newline-delimited JSON and nothing else.
#[derive(Debug, Clone)]
pub struct Ui {
    json: bool,
    lines: bool,
    live: bool,
    bars: MultiProgress,
}

impl Ui {
    pub fn new(json: bool) -> Self {
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
    pub fn without_lines(&self) -> Self {
        Self { lines: false, ..self.clone() }
    }

    /// Whether stdout is for a program.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether someone watches: bars are drawn only then, plain periodic lines otherwise.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// A line of what the user asked for: stdout, in human mode only.
    pub fn line(&self, text: impl AsRef<str>) {
        if self.lines {
            self.bars.suspend(|| write_stdout(&escape::line(text.as_ref())));
        }
    }

    /// Lines that belong together, as [`Ui::line`].
    pub fn lines(&self, lines: &[String]) {
        if self.lines {
            let lines: Vec<_> = lines.iter().map(|text| escape::line(text)).collect();
            self.bars.suspend(|| write_stdout(&lines.join("\n")));
        }
    }

    /// A record for a program: stdout, in `--json` mode only.
    pub fn record(&self, record: &impl Serialize) {
        if self.json
            && let Ok(text) = serde_json::to_string(record)
        {
            write_stdout(&escape::json(text));
        }
    }

    /// A line about what goes on: stderr, in both modes.
    pub fn note(&self, text: impl AsRef<str>) {
        self.bars.suspend(|| {
            // A closed stderr is no reason to fail.
            let _ = writeln!(std::io::stderr().lock(), "{}", escape::line(text.as_ref()));
        });
    }

    /// A warning: stderr, in both modes.
    pub fn warn(&self, text: impl AsRef<str>) {
        let label = paint(&Style::new().for_stderr().yellow().bold(), "warning:");
        self.note(format!("{label} {}", text.as_ref()));
    }

    /// A line of a live view; hidden when nobody watches. `total` makes it a bar. The template is ours: what comes from
    /// outside is its name or its message.
    pub fn bar(&self, total: Option<u64>, template: &str) -> Bar {
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
pub struct Bar(ProgressBar);

impl Bar {
    /// One that nobody sees.
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// What `{prefix}` stands for in its template.
    pub fn named(self, name: &str) -> Self {
        self.0.set_prefix(escape::line(name).into_owned());
        self
    }

    pub fn set_position(&self, position: u64) {
        self.0.set_position(position);
    }

    /// What `{msg}` stands for in its template.
    pub fn set_message(&self, text: &str) {
        self.0.set_message(escape::line(text).into_owned());
    }

    /// Whether there is an end to it.
    pub fn has_total(&self) -> bool {
        self.0.length().is_some()
    }

    pub fn finish_and_clear(&self) {
        self.0.finish_and_clear();
    }
}

/// Writes a line as it is; a reader that went away (`| head`) ends the program quietly, as it does any filter.
pub fn write_stdout(text: &str) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        let code = if error.kind() == std::io::ErrorKind::BrokenPipe { 0 } else { 1 };
        std::process::exit(code);
    }
}

/// A count with thousands separated: `1,234,567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A duration for people: `850 µs`, `1.4 ms`, `2.31 s`, `4m 05s`.
pub fn duration(d: Duration) -> String {
    let us = d.as_micros();
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{:.1} ms", us as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..60_000_000 => format!("{:.2} s", us as f64 / 1e6),
        60_000_000..3_600_000_000 => format!("{}m {:02}s", us / 60_000_000, us / 1_000_000 % 60),
        _ => format!("{}h {:02}m", us / 3_600_000_000, us / 60_000_000 % 60),
    }
}

/// Bytes for people: `512 B`, `1.4 KiB`, `2.0 MiB`.
pub fn bytes(n: u64) -> String {
    match n {
        0..1024 => format!("{n} B"),
        1024..1_048_576 => format!("{:.1} KiB", n as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", n as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", n as f64 / 1_073_741_824.0),
    }
}

/// `1 event`, `2 events`.
pub fn plural(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Text from outside, no longer than a few lines.
pub fn short(text: &str) -> &str {
    const LONGEST: usize = 400;
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(count(n), text);
        }
        for (us, text) in [
            (0, "0 µs"),
            (850, "850 µs"),
            (1_400, "1.4 ms"),
            (15_900, "15 ms"),
            (2_310_000, "2.31 s"),
            (245_000_000, "4m 05s"),
            (7_380_000_000, "2h 03m"),
        ] {
            assert_eq!(duration(Duration::from_micros(us)), text);
        }
        assert_eq!(bytes(1434), "1.4 KiB");
        assert_eq!(short(&"ö".repeat(1_000)).chars().count(), 400);
        assert_eq!(short("x"), "x");
    }
}
