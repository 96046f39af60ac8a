//! The console's pages: HTML that is made here, with a script that keeps it up to date and without which it works as well.
//!
//! ```text
//! html     templates in which every value is escaped       figure   numbers as people read them
//! scope    of which account and region; links               parts    tables, forms, lines for the shell
//! shell    what stands round every page                     map      the topology, drawn
//! overview queues queue topics streams buckets stacks messages story charts chaos notices: the pages
//! ```

mod act;
mod attributes;
mod bodies;
mod buckets;
mod chaos;
mod charts;
mod figure;
mod html;
mod map;
mod messages;
mod notices;
mod overview;
mod parts;
mod queue;
mod queues;
mod room;
mod scope;
mod shell;
mod stacks;
mod story;
mod streams;
mod topics;

#[cfg(test)]
mod tests;

pub(crate) use self::act::after;
pub(crate) use self::shell::{refused, sign_in};
use super::Viewer;
use wire::Form;

/// Below which path the pages are.
pub(crate) const BASE: &str = scope::BASE;

/// What every answer of the console says to browsers: nothing but what comes from here is loaded, run or framed, and nothing is kept.
pub(crate) const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    // Nothing goes to others; without an origin a browser would send none with a form either, and it would be refused.
    ("referrer-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// The script of all pages.
const SCRIPT: &str = include_str!("console.js");
/// Their style, but for that of what is drawn.
const STYLE: &str = include_str!("console.css");

/// A file that pages are made with, and its content type: the script or the style. They are nobody's secret.
pub(crate) fn file(path: &str) -> Option<(&'static str, String)> {
    match path {
        "/console.js" => Some(("text/javascript; charset=utf-8", SCRIPT.to_owned())),
        "/console.css" => Some(("text/css; charset=utf-8", [STYLE, chart::STYLE, chart::layers::STYLE].concat())),
        _ => None,
    }
}

/// The page at a path below the console's, and its status.
pub(crate) async fn show(viewer: &Viewer, path: &str, form: &Form, signed_in: bool) -> (u16, String) {
    room::page(viewer, path, form, signed_in, None).await
}
