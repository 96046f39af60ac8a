//! Rows of cells as lines.

use console::{Alignment, Style, measure_text_width, pad_str};

use crate::ui::paint;

/// Rows as lines, the first dim and the bad cells red, and how wide they are.
pub(crate) fn aligned(rows: &[Vec<String>], bad: impl Fn(usize, usize) -> bool) -> (Vec<String>, usize) {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> =
        (0..columns).map(|c| rows.iter().map(|row| measure_text_width(&row[c])).max().unwrap_or(0)).collect();
    let line = |(n, row): (usize, &Vec<String>)| {
        let cells = row.iter().enumerate().map(|(c, cell)| {
            let side = if c == 0 { Alignment::Left } else { Alignment::Right };
            let cell = pad_str(cell, widths[c], side, None).into_owned();
            match () {
                () if n == 0 => paint(&Style::new().dim(), cell),
                () if bad(n, c) => paint(&Style::new().red().bold(), cell),
                () => cell,
            }
        });
        format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    let lines = rows.iter().enumerate().map(line).collect();
    (lines, 2 + widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1))
}
