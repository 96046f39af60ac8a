//! Reads compact JSON token by token and knows, as AWS's parser does, at which column an error is reported.

/// One token; names and strings are unescaped.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Name(String),
    Str(String),
    Number(String),
    True,
    False,
    Null,
    /// The text is over; valid JSON never shows it inside a value.
    End,
}

impl Token {
    /// The token as an error message quotes it.
    pub(super) fn text(&self) -> &str {
        match self {
            Token::ObjectStart => "{",
            Token::ObjectEnd => "}",
            Token::ArrayStart => "[",
            Token::ArrayEnd => "]",
            Token::Name(s) | Token::Str(s) | Token::Number(s) => s,
            Token::True => "true",
            Token::False => "false",
            Token::Null => "null",
            Token::End => "",
        }
    }
}

/// A cursor over JSON that is already known to be valid and has no white space between tokens.
///
/// AWS reports the place where its parser had got to, which is not where a token ends: a string counts as just
/// opened until its text is asked for, and a name has the first token of its value read already.
pub(super) struct Tokens<'a> {
    text: &'a str,
    /// Everything before this byte is consumed.
    at: usize,
    /// The byte at which an error would be reported.
    reported: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, reported: 0 }
    }

    /// The byte after the last token.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Line and column of the present place, as AWS writes them; compact JSON has one line.
    pub(super) fn location(&self) -> String {
        const SHOWN: usize = 500;
        let column = self.text[..self.reported].encode_utf16().count() + 1;
        let length = self.text.encode_utf16().count();
        let (shown, cut) = if length > SHOWN {
            let end = self.text.char_indices().nth(SHOWN).map_or(self.text.len(), |(i, _)| i);
            (&self.text[..end], format!("[truncated {} chars]", length - SHOWN))
        } else {
            (self.text, String::new())
        };
        format!("\n at [Source: (String)\"{shown}\"{cut}; line: 1, column: {column}]")
    }

    /// Says that the last string's text was read to its end.
    pub(super) fn finish_string(&mut self) {
        self.reported = self.at;
    }

    pub(super) fn next(&mut self) -> Token {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b',' | b':')) {
            self.at += 1;
        }
        let start = self.at;
        let Some(&first) = bytes.get(start) else {
            self.reported = start;
            return Token::End;
        };
        let token = self.read(first);
        if let Token::Str(s) = token {
            if bytes.get(self.at) == Some(&b':') {
                self.at += 1;
                self.reported = self.eager_end();
                return Token::Name(s);
            }
            self.reported = start + 1;
            return Token::Str(s);
        }
        self.reported = self.at;
        token
    }

    /// How far the parser has read when it has handed out a name: into the first token of the value.
    fn eager_end(&self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        self.at
            + match rest.first() {
                None => 0,
                Some(b'"' | b'{' | b'[') => 1,
                Some(_) => scalar_len(rest),
            }
    }

    fn read(&mut self, first: u8) -> Token {
        let simple = match first {
            b'{' => Token::ObjectStart,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayStart,
            b']' => Token::ArrayEnd,
            b'"' => {
                let len = string_len(&self.text.as_bytes()[self.at..]);
                let raw = &self.text[self.at..self.at + len];
                self.at += len;
                return Token::Str(serde_json::from_str(raw).unwrap_or_default());
            }
            _ => {
                let len = scalar_len(&self.text.as_bytes()[self.at..]).max(1);
                let raw = self.text.get(self.at..self.at + len).unwrap_or_default();
                self.at += len;
                return match raw {
                    "true" => Token::True,
                    "false" => Token::False,
                    "null" => Token::Null,
                    number => Token::Number(number.to_owned()),
                };
            }
        };
        self.at += 1;
        simple
    }
}

/// Bytes of a number or word up to what ends it.
fn scalar_len(bytes: &[u8]) -> usize {
    bytes.iter().position(|b| matches!(b, b',' | b']' | b'}' | b':')).unwrap_or(bytes.len())
}

/// Bytes of a string with both its quotes.
fn string_len(bytes: &[u8]) -> usize {
    let mut i = 1;
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    bytes.len()
}
