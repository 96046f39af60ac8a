//! Bodies and attributes of messages, which may hold anything.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::figure::bytes;
use super::html::Html;
use crate::console::view::queue::Attribute;

/// So much of a body is seen before somebody opens it.
const LINE: usize = 90;

/// A body: its beginning, and all of it when it is opened. `cut` is how long it is, if that is more than what is here.
pub(super) fn body(text: &str, cut: Option<usize>, raw: bool) -> Html {
    let whole = if raw { text.to_owned() } else { pretty(text) };
    let more = match cut {
        Some(length) => {
            Html::of("<p class=\"faint\">Only its beginning is shown, of {}.</p>", &[&bytes(length as u64)])
        }
        None => Html::default(),
    };
    if whole.len() <= LINE && !whole.contains('\n') {
        return Html::of("<code>{}</code>{}", &[&whole, &more]);
    }
    let line: String = text.chars().map(|c| if c == '\n' { ' ' } else { c }).take(LINE).collect();
    Html::of(
        "<details><summary><code>{}</code></summary><pre class=\"wrap\">{}</pre>{}</details>",
        &[&line, &whole, &more],
    )
}

/// JSON on several lines; what isn't JSON stays as it is.
pub(super) fn pretty(text: &str) -> String {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => indented(text),
        Err(_) => text.to_owned(),
    }
}

/// JSON with a line for each member: only white space between its tokens is changed.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped, mut opened) = (0_usize, false, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
    };
    for c in json.chars() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        if c.is_ascii_whitespace() {
            continue;
        }
        let closes = matches!(c, '}' | ']');
        if closes {
            depth = depth.saturating_sub(1);
        }
        if opened != closes && (opened || closes) {
            line(&mut out, depth);
        }
        opened = matches!(c, '{' | '[');
        depth += usize::from(opened);
        out.push(c);
        match c {
            '"' => quoted = true,
            ',' => line(&mut out, depth),
            ':' => out.push(' '),
            _ => {}
        }
    }
    out
}

/// What lies deeper isn't moved further to the right.
const DEEPEST: usize = 20;

/// Attributes, if there are any.
pub(super) fn attributes(attributes: &BTreeMap<String, Attribute>) -> Html {
    if attributes.is_empty() {
        return Html::default();
    }
    let rows: Html = attributes
        .iter()
        .map(|(name, attribute)| {
            let value = match &attribute.value {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            Html::of("<dt>{} ({})</dt><dd>{}</dd>", &[name, &attribute.kind, &value])
        })
        .collect();
    let noun = if attributes.len() == 1 { "attribute" } else { "attributes" };
    Html::of("<details><summary>{} {}</summary><dl>{}</dl></details>", &[&attributes.len(), &noun, &rows])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_broken_into_lines_and_nothing_else_of_it_changes() {
        let json = r#"{"a":[1,{"b":"x,{\"y\":\\"}],"n":1.10000000000000000001,"e":{},"l":[]}"#;
        let expected = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x,{\\\"y\\\":\\\\\"\n    }\n  ],\n  \
                        \"n\": 1.10000000000000000001,\n  \"e\": {},\n  \"l\": []\n}";
        assert_eq!(pretty(json), expected);
        assert_eq!(pretty("{not json"), "{not json");
    }

    #[test]
    fn a_body_is_text_whatever_is_in_it() {
        let hostile = "<script>alert(1)</script>".repeat(10);
        let html = body(&hostile, Some(1 << 20), false).into_text();
        assert!(!html.contains("<script") && html.contains("of 1 MiB"), "{html}");
    }
}
