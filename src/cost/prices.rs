//! The prices, from one file that says of each where it comes from.

use std::str::FromStr;

/// The file: see its head.
const FILE: &str = include_str!("prices.tsv");
/// Whose prices stand for those of a region that the file doesn't know.
pub(super) const FALLBACK: &str = "us-east-1";

/// The price of something in a region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Price<'f> {
    /// Where it holds.
    pub region: &'f str,
    /// In US dollars; none if nobody knows.
    pub usd: Option<f64>,
    pub unit: &'f str,
}

/// All prices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prices<'f>(&'f str);

impl Prices<'static> {
    /// Those that came with the program.
    pub(super) fn of_the_program() -> Self {
        Self(FILE)
    }
}

impl<'f> Prices<'f> {
    #[cfg(test)]
    pub(super) fn of(text: &'f str) -> Self {
        Self(text)
    }

    /// The rows: service, dimension, unit, price, region, date, source.
    pub(super) fn rows(self) -> impl Iterator<Item = [&'f str; 7]> {
        let lines = self.0.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| line.split('\t').collect::<Vec<_>>().try_into().ok())
    }

    /// The price in a region, or that of the region that stands for others.
    pub(super) fn find(self, service: &str, dimension: &str, region: &str) -> Price<'f> {
        let of = |wanted: &str| {
            let mut rows = self.rows().filter(move |row| row[..2] == [service, dimension]);
            rows.find(|row| row[4] == wanted).map(|row| Price {
                region: row[4],
                usd: f64::from_str(row[3]).ok(),
                unit: row[2],
            })
        };
        of(region).or_else(|| of(FALLBACK)).unwrap_or(Price { region: FALLBACK, usd: None, unit: "" })
    }
}

/// How many of what is counted are one unit of a price.
pub(super) fn per_unit(unit: &str) -> f64 {
    match unit {
        "million" => 1e6,
        "thousand" => 1e3,
        "GiB" | "GiB-month" => (1_u64 << 30) as f64,
        _ => 1.0,
    }
}
