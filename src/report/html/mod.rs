//! A run as one HTML file: the verdict, how it went over time, the ledger, and the data of all that.
//!
//! It needs nothing beside it: no other file, no network, no script. Whatever stands in it is escaped, and it is well-formed XML as well.
//! The data is in it as JSON, so that runs can be compared later.

mod charts;
mod cost;
mod facts;
mod recorded;
mod shell;
#[cfg(feature = "scenarios")]
pub(crate) mod system;
mod tables;
mod way;

use std::fmt::Write as _;

use serde::Serialize;

use self::facts::headline;
pub(crate) use self::recorded::{Curve, Recorded};
use self::shell::Shell;
use super::{Outcome, Record};

/// The version of the data in the page.
const FORMAT: u32 = 1;

/// What made a run, and on what.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct About {
    /// When it began.
    pub started: String,
    /// This program's version.
    pub version: &'static str,
    /// Of the text of the template; absent where nobody read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_sha256: Option<String>,
    /// How many cores the publishers and consumers have.
    pub cores: usize,
    /// As `linux x86_64`.
    pub system: String,
}

/// The data of a page.
#[derive(Serialize)]
struct Data<'a> {
    format: u32,
    about: &'a About,
    /// As `--json` prints it.
    report: Record<'a>,
    #[serde(flatten)]
    recorded: &'a Recorded,
}

/// A run as a page.
pub(crate) fn page(outcome: &Outcome, about: &About, recorded: &Recorded) -> String {
    let (class, verdict, why) = headline(outcome);
    let data = Data { format: FORMAT, about, report: outcome.record(), recorded };
    let mut body = facts::list(outcome, about);
    body.push_str("<section class=\"charts\">\n");
    let ways = recorded.way.as_ref().filter(|way| !way.arrived.is_empty()).map(way::drawing);
    for svg in charts::of(outcome, recorded).into_iter().chain(ways) {
        // Writing into a String can't fail.
        let _ = writeln!(body, "<figure>{svg}</figure>");
    }
    body.push_str("</section>\n");
    body.push_str(&tables::of(outcome, recorded));
    Shell { command: outcome.command, class, verdict: &verdict, why: &why, body: &body }.page(&data)
}

#[cfg(test)]
mod tests;
