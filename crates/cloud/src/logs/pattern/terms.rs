//! Patterns of words: `ERROR "a phrase" -excluded ?this ?that %regex%`.

use regex::Regex;

use super::regex;

/// What has to be in a text, and what must not.
pub(super) struct Terms {
    required: Vec<Term>,
    /// One of them has to be there, if there are any.
    optional: Vec<Term>,
    excluded: Vec<Term>,
}

enum Term {
    /// As it stands, also within a word; letters count in their case.
    Text(String),
    Regex(Regex),
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message.contains(text.as_str()),
            Self::Regex(regex) => regex.is_match(message),
        }
    }
}

impl Terms {
    /// Reads a pattern of words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (mut required, mut optional, mut excluded) = (Vec::new(), Vec::new(), Vec::new());
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let (list, after) = match first {
                '?' => (&mut optional, &rest[1..]),
                '-' => (&mut excluded, rest[1..].trim_start()),
                _ => (&mut required, rest),
            };
            let (term, after) = term(after)?;
            list.push(term);
            rest = after.trim_start();
        }
        // "Match terms in unstructured log events": beside other terms a question mark doesn't count.
        if !required.is_empty() || !excluded.is_empty() {
            required.append(&mut optional);
        }
        Ok(Self { required, optional, excluded })
    }

    /// Whether a text has what it has to.
    pub(super) fn matches(&self, message: &str) -> bool {
        let is_in = |term: &Term| term.is_in(message);
        self.required.iter().all(is_in)
            && (self.optional.is_empty() || self.optional.iter().any(is_in))
            && !self.excluded.iter().any(is_in)
    }
}

/// The first term of a text, and what follows it.
fn term(text: &str) -> Result<(Term, &str), String> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (text, rest) = unquote(quoted)?;
        if text.is_empty() {
            return Err("Invalid character(s) in term '\"\"'".to_owned());
        }
        return Ok((Term::Text(text), rest));
    }
    if let Some(inner) = text.strip_prefix('%') {
        let (inner, rest) = inner.split_once('%').ok_or("a % is missing behind a regular expression")?;
        return Ok((Term::Regex(regex(inner)?), rest));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.is_empty() {
        return Err("a term is missing".to_owned());
    }
    // Others have to be quoted.
    if !word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(format!("Invalid character(s) in term '{word}': put it in double quotes"));
    }
    Ok((Term::Text(word.to_owned()), rest))
}

/// The text up to the next quotation mark, and what follows that. A backslash stands before a mark that belongs to the text.
pub(super) fn unquote(text: &str) -> Result<(String, &str), String> {
    let mut unquoted = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((unquoted, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\'))) => unquoted.push(c),
                Some((_, c)) => unquoted.extend(['\\', c]),
                None => break,
            },
            c => unquoted.push(c),
        }
    }
    Err("a quotation mark is missing".to_owned())
}
