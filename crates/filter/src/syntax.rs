//! Tells what is wrong with a text that is no JSON, in the words and at the place of the parser AWS uses.

/// The first error in the text's first value, or `None`; what follows that value is not looked at.
pub(super) fn error(text: &str) -> Option<String> {
    Scanner { text, at: 0, open: Vec::new() }.run().err()
}

const VALID: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// The brackets that are open and where they stand.
    open: Vec<(char, usize)>,
}

impl Scanner<'_> {
    fn run(&mut self) -> Result<(), String> {
        if self.peek().is_none() {
            return Err(self.fail("No content to map due to end-of-input", self.at));
        }
        loop {
            self.value()?;
            // A value is complete: close what closes, go on after a comma.
            loop {
                let Some(&(bracket, start)) = self.open.last() else { return Ok(()) };
                let kind = if bracket == '{' { "Object" } else { "Array" };
                match self.peek() {
                    None => return Err(self.unclosed(kind, start)),
                    Some(',') => {
                        self.at += 1;
                        break;
                    }
                    Some(close @ ('}' | ']')) => self.close(close)?,
                    Some(c) => {
                        return Err(self.unexpected(c, &format!("was expecting comma to separate {kind} entries")));
                    }
                }
            }
            if self.open.last().is_some_and(|(bracket, _)| *bracket == '{') {
                self.name()?;
            }
        }
    }

    /// Reads a value, going down into first elements.
    fn value(&mut self) -> Result<(), String> {
        loop {
            match self.peek() {
                None => return Err(self.eof(" within/between Object entries")),
                Some('{') => {
                    self.open.push(('{', self.at));
                    self.at += 1;
                    match self.peek() {
                        Some('}') => return self.close('}'),
                        _ => self.name()?,
                    }
                }
                Some('[') => {
                    self.open.push(('[', self.at));
                    self.at += 1;
                    match self.peek() {
                        Some(']') => return self.close(']'),
                        None => return Err(self.unclosed("Array", self.at - 1)),
                        _ => {}
                    }
                }
                Some('"') => return self.string(": was expecting closing quote for a string value"),
                Some('-' | '0'..='9') => return self.number(),
                Some(c) if is_name_char(c) && !c.is_ascii_digit() => return self.word(),
                Some(c) => return Err(self.unexpected(c, &format!("expected a valid value {VALID}"))),
            }
        }
    }

    fn name(&mut self) -> Result<(), String> {
        match self.peek() {
            Some('"') => self.string(" in field name")?,
            None => {
                let start = self.open.last().map_or(0, |o| o.1);
                return Err(self.unclosed("Object", start));
            }
            Some(c) => return Err(self.unexpected(c, "was expecting double-quote to start field name")),
        }
        match self.peek() {
            Some(':') => {
                self.at += 1;
                Ok(())
            }
            None => Err(self.eof(" within/between Object entries")),
            Some(c) => Err(self.unexpected(c, "was expecting a colon to separate field name and value")),
        }
    }

    fn close(&mut self, close: char) -> Result<(), String> {
        let Some((bracket, start)) = self.open.pop() else { return Ok(()) };
        self.at += 1;
        let (wanted, kind) = if bracket == '{' { ('}', "Object") } else { (']', "Array") };
        if close == wanted {
            return Ok(());
        }
        let begun = self.place(start);
        let message =
            format!("Unexpected close marker '{close}': expected '{wanted}' (for {kind} starting at {begun})");
        Err(self.fail(&message, self.at - 1))
    }

    fn string(&mut self, eof: &str) -> Result<(), String> {
        self.at += 1;
        loop {
            match self.next() {
                None => return Err(self.eof(eof)),
                Some('"') => return Ok(()),
                Some('\\') => self.escape(eof)?,
                Some(c) if (c as u32) < 0x20 => {
                    let message = format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped using backslash to be included in string value",
                        c as u32
                    );
                    return Err(self.fail(&message, self.at));
                }
                Some(_) => {}
            }
        }
    }

    fn escape(&mut self, eof: &str) -> Result<(), String> {
        match self.next() {
            None => Err(self.eof(eof)),
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => Ok(()),
            Some('u') => {
                for _ in 0..4 {
                    match self.next() {
                        Some(c) if c.is_ascii_hexdigit() => {}
                        None => return Err(self.eof(" in character escape sequence")),
                        Some(c) => {
                            self.at -= c.len_utf8();
                            return Err(self.unexpected(c, "expected a hex-digit for character escape sequence"));
                        }
                    }
                }
                Ok(())
            }
            Some(c) => {
                let message = format!("Unrecognized character escape {}", described(c));
                Err(self.fail(&message, self.at))
            }
        }
    }

    fn number(&mut self) -> Result<(), String> {
        let negative = self.text[self.at..].starts_with('-');
        self.at += usize::from(negative);
        let start = self.at;
        self.digits();
        if self.at == start {
            return Err(self.numeric("expected digit (0-9) to follow minus sign, for valid numeric value"));
        }
        if self.at - start > 1 && self.text[start..].starts_with('0') {
            return Err(self.fail("Invalid numeric value: Leading zeroes not allowed", start + 1));
        }
        if self.text[self.at..].starts_with('.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.numeric("Decimal point not followed by a digit"));
            }
        }
        if self.text[self.at..].starts_with(['e', 'E']) {
            self.at += 1;
            self.at += usize::from(self.text[self.at..].starts_with(['+', '-']));
            if self.digits() == 0 {
                return Err(self.numeric("Exponent indicator not followed by a digit"));
            }
        }
        Ok(())
    }

    fn numeric(&self, message: &str) -> String {
        match self.text[self.at..].chars().next() {
            None => self.fail(&format!("Unexpected end-of-input in numeric value: {message}"), self.at),
            Some(c) => {
                self.fail(&format!("Unexpected character ({}) in numeric value: {message}", described(c)), self.at)
            }
        }
    }

    fn digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn word(&mut self) -> Result<(), String> {
        const SHOWN: usize = 256;
        let rest = &self.text[self.at..];
        let len = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
        let word = &rest[..len];
        if matches!(word, "true" | "false" | "null") {
            self.at += len;
            return Ok(());
        }
        let (shown, dots, end) = match word.char_indices().nth(SHOWN) {
            Some((cut, _)) => (&word[..cut], "...", cut),
            None => (word, "", len),
        };
        Err(self.fail(&format!("Unrecognized token '{shown}{dots}': was expecting {VALID}"), self.at + end))
    }

    /// The next character that is no white space, not consumed.
    fn peek(&mut self) -> Option<char> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.at += rest.len() - trimmed.len();
        trimmed.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.text[self.at..].chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn unexpected(&self, c: char, message: &str) -> String {
        self.fail(&format!("Unexpected character ({}): {message}", described(c)), self.at)
    }

    fn unclosed(&self, kind: &str, start: usize) -> String {
        self.eof(&format!(": expected close marker for {kind} (start marker at {})", self.place(start)))
    }

    fn eof(&self, message: &str) -> String {
        self.fail(&format!("Unexpected end-of-input{message}"), self.text.len())
    }

    fn fail(&self, message: &str, at: usize) -> String {
        format!("{message}\n at {}", self.place(at))
    }

    fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count() + 1;
        format!(
            "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: {column}]"
        )
    }
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn described(c: char) -> String {
    let code = c as u32;
    if c.is_control() { format!("CTRL-CHAR, code {code}") } else { format!("'{c}' (code {code})") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn errors_and_places() {
        let cases = [
            ("invalid-json", format!("Unrecognized token 'invalid': was expecting {VALID}"), 8),
            (
                "{invalid}",
                "Unexpected character ('i' (code 105)): was expecting double-quote to start field name".into(),
                2,
            ),
            (
                "{\"a\" 1}",
                "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value".into(),
                6,
            ),
            (
                "{\"a\":[1 2]}",
                "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries".into(),
                9,
            ),
            ("{\"a\":[01]}", "Invalid numeric value: Leading zeroes not allowed".into(), 8),
            ("{\"a", "Unexpected end-of-input in field name".into(), 4),
            ("{\"a\":", "Unexpected end-of-input within/between Object entries".into(), 6),
            ("[1,]", format!("Unexpected character (']' (code 93)): expected a valid value {VALID}"), 4),
        ];
        for (text, message, column) in cases {
            let got = error(text).unwrap_or_default();
            assert!(got.starts_with(&format!("{message}\n")), "{text}: {got}");
            assert!(got.ends_with(&format!("line: 1, column: {column}]")), "{text}: {got}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_another_parser_on_what_is_json(text in "[\\[\\]{},:\" a1tnull.e-]{0,24}") {
            let mut stream = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
            let first = stream.next().is_some_and(|v| v.is_ok());
            // Only the first value counts here; the other parser also looks at the byte after it.
            if first {
                prop_assert_eq!(error(&text), None);
            }
            if error(&text).is_none() && serde_json::from_str::<serde_json::Value>(&text).is_err() {
                prop_assert!(!first || stream.next().is_some());
            }
        }

        #[test]
        fn never_panics(text in ".{0,64}") {
            let _ = error(&text);
        }
    }
}
