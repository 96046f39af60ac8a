//! A run as one HTML file: the verdict, how it went over time, the ledger, and the data of all that.
//!
//! It needs nothing beside it: no other file, no network, no script. Whatever stands in it is escaped, and it is well-formed XML as well.
//! The data is in it as JSON, so that runs can be compared later.

mod charts;
mod facts;
mod recorded;
mod tables;

use std::fmt::Write as _;

use chart::escape;
use serde::Serialize;

use self::facts::headline;
pub(crate) use self::recorded::{Curve, Recorded};
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
    let mut html = String::with_capacity(256 << 10);
    // Writing into a String can't fail.
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{}: {}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n\
         <header class=\"{class}\">\n<h1>{}</h1>\n",
        escape(outcome.command),
        escape(&verdict),
        include_str!("style.css"),
        chart::STYLE,
        escape(&verdict)
    );
    why.iter().for_each(|why| {
        let _ = writeln!(html, "<p>{}</p>", escape(why));
    });
    html.push_str("</header>\n");
    html.push_str(&facts::list(outcome, about));
    html.push_str("<section class=\"charts\">\n");
    for svg in charts::of(outcome, recorded) {
        let _ = writeln!(html, "<figure>{svg}</figure>");
    }
    html.push_str("</section>\n");
    html.push_str(&tables::of(outcome, recorded));
    let _ = write!(
        html,
        "<script type=\"application/json\" id=\"data\">{}</script>\n</body>\n</html>\n",
        in_script(&serde_json::to_string(&data).unwrap_or_default())
    );
    html
}

/// JSON that can't end the element in which it stands, and that XML takes as it is.
fn in_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
