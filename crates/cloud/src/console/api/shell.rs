//! The line of the AWS CLI that does the same as an action.

use crate::request::Context;

/// A line for a shell, word by word.
pub(super) struct Line(String);

impl Line {
    /// `aws SERVICE OPERATION` at this server.
    pub(super) fn aws(cx: &Context, service: &str, operation: &str) -> Self {
        let line = Self("aws".to_owned());
        let line = line.option("--endpoint-url", &cx.host).option("--region", &cx.region);
        line.word(service).word(operation)
    }

    pub(super) fn word(mut self, word: &str) -> Self {
        self.0.push(' ');
        self.0 += &quoted(word);
        self
    }

    pub(super) fn option(self, name: &str, value: &str) -> Self {
        self.word(name).word(value)
    }

    /// An option that is only there with a value.
    pub(super) fn perhaps(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.option(name, value),
            None => self,
        }
    }

    pub(super) fn end(self) -> String {
        self.0
    }
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

    #[test]
    fn words_stay_words() {
        for (word, shown) in
            [("a-b", "a-b"), ("", "''"), ("it's $HOME", r"'it'\''s $HOME'"), ("{\"a\":1}", "'{\"a\":1}'")]
        {
            assert_eq!(quoted(word), shown);
        }
    }
}
