//! The line of the AWS CLI that does the same as an action.

use serde_json::{Map, Value as Json};

use crate::request::Context;

/// A line for a shell, word by word.
pub(super) struct Line {
    words: String,
    /// Values that the CLI would take for the name of a file to read.
    input: Map<String, Json>,
}

impl Line {
    /// `aws SERVICE OPERATION` at this server.
    pub(super) fn aws(cx: &Context, service: &str, operation: &str) -> Self {
        let line = Self { words: "aws".to_owned(), input: Map::new() };
        let line = line.option("--endpoint-url", &cx.host).option("--region", &cx.region);
        line.word(service).word(operation)
    }

    pub(super) fn word(mut self, word: &str) -> Self {
        self.words.push(' ');
        self.words += &quoted(word);
        self
    }

    /// An option with its value, which is a value whatever it begins with.
    pub(super) fn option(mut self, name: &str, value: &str) -> Self {
        if ["file://", "fileb://"].iter().any(|begin| value.starts_with(begin)) {
            self.input.insert(member(name), value.into());
            return self;
        }
        if value.starts_with('-') { self.word(&format!("{name}={value}")) } else { self.word(name).word(value) }
    }

    /// An option that is only there with a value.
    pub(super) fn perhaps(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.option(name, value),
            None => self,
        }
    }

    pub(super) fn end(mut self) -> String {
        let input = std::mem::take(&mut self.input);
        let whole =
            if input.is_empty() { self } else { self.option("--cli-input-json", &Json::Object(input).to_string()) };
        whole.words
    }
}

/// The member of a request that an option is for: `--queue-url` is `QueueUrl`.
fn member(option: &str) -> String {
    let words = option.trim_start_matches('-').split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect()
}

/// A word as a POSIX shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that begins as the name of a file had the CLI read and send that, one that begins as an option was one.
    #[test]
    fn values_stay_values() {
        let line = |value: &str| {
            let line = Line { words: "aws".to_owned(), input: Map::new() };
            line.option("--message-body", value).word("x").end()
        };
        assert_eq!(line("a b"), "aws --message-body 'a b' x");
        assert_eq!(line("--endpoint-url=http://b.example"), "aws --message-body=--endpoint-url=http://b.example x");
        for name in ["file:///etc/passwd", "fileb://key"] {
            assert_eq!(line(name), format!("aws x --cli-input-json '{{\"MessageBody\":\"{name}\"}}'"));
        }
    }

    #[test]
    fn words_stay_words() {
        for (word, shown) in
            [("a-b", "a-b"), ("", "''"), ("it's $HOME", r"'it'\''s $HOME'"), ("{\"a\":1}", "'{\"a\":1}'")]
        {
            assert_eq!(quoted(word), shown);
        }
    }
}
