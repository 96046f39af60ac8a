//! What every page of a run has around it: the head, the verdict on top, and the data at the end.

use std::fmt::Write as _;

use chart::escape;
use serde::Serialize;

/// A page's parts.
pub(super) struct Shell<'a> {
    /// Which command it is of.
    pub command: &'a str,
    /// `good`, `bad` or `unsure`.
    pub class: &'a str,
    pub verdict: &'a str,
    /// What is to be said below the verdict.
    pub why: &'a [String],
    /// The rest, as HTML.
    pub body: &'a str,
}

impl Shell<'_> {
    /// The page, with its data.
    pub(super) fn page(&self, data: &impl Serialize) -> String {
        let Self { command, class, verdict, why, body } = self;
        let mut html = String::with_capacity(256 << 10);
        // Writing into a String can't fail.
        let _ = write!(
            html,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
             <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{}: {}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n\
             <header class=\"{class}\">\n<h1>{}</h1>\n",
            escape(command),
            escape(verdict),
            include_str!("style.css"),
            chart::STYLE,
            escape(verdict)
        );
        for why in *why {
            let _ = writeln!(html, "<p>{}</p>", escape(why));
        }
        let json = in_script(&serde_json::to_string(data).unwrap_or_default());
        let _ = write!(
            html,
            "</header>\n<main>\n{body}</main>\n<script type=\"application/json\" id=\"data\">{json}</script>\n</body>\n</html>\n"
        );
        html
    }
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
