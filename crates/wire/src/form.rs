//! `application/x-www-form-urlencoded` parameters, decoded once into one buffer.

use super::AwsError;
use super::special_bytes::{SpecialBytes, copy};

/// More parameters than any operation has: a bound against hostile bodies.
const MAX_PARAMETERS: usize = 20_000;

/// The parameters of a query-protocol request.
///
/// All names and values stand decoded in one text, with their separators between them, so that every slice begins
/// and ends at an ASCII byte.
#[derive(Debug, Default)]
pub struct Form {
    text: String,
    params: Vec<Param>,
}

/// One parameter: offsets into the form's text. The name is `text[start..equals]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    start: u32,
    equals: u32,
    end: u32,
}

impl Param {
    /// The length of its name.
    pub(super) fn key_len(self) -> usize {
        (self.equals - self.start) as usize
    }
}

impl Form {
    /// Decodes a query string or a body, or both one after the other.
    pub fn parse(parts: &[&[u8]]) -> Result<Form, AwsError> {
        let mut text = Vec::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
        let mut params = Vec::with_capacity(16);
        for part in parts {
            decode(part, &mut text, &mut params)?;
        }
        let text = String::from_utf8(text).map_err(|_| malformed("The request's parameters are not valid UTF-8."))?;
        Ok(Form { text, params })
    }

    /// The value of the first parameter with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|param| self.key(**param) == name).map(|param| self.value(*param))
    }

    /// All names and values, in the order given.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter().map(|param| (self.key(*param), self.value(*param)))
    }

    /// Adds a parameter unless one of that name is there.
    pub fn set_default(&mut self, name: &str, value: &str) {
        if self.get(name).is_none() {
            let start = self.text.len() as u32;
            let equals = start + name.len() as u32;
            self.text.push_str(name);
            self.text.push('=');
            self.text.push_str(value);
            self.params.push(Param { start, equals, end: self.text.len() as u32 });
            self.text.push('&');
        }
    }

    /// All parameters, in the order given.
    pub(super) fn params(&self) -> &[Param] {
        &self.params
    }

    pub(super) fn key(&self, param: Param) -> &str {
        &self.text[param.start as usize..param.equals as usize]
    }

    /// A parameter's name as bytes: slicing bytes checks no character boundary.
    pub(super) fn key_bytes(&self, param: Param) -> &[u8] {
        &self.text.as_bytes()[param.start as usize..param.equals as usize]
    }

    pub(super) fn value(&self, param: Param) -> &str {
        // A parameter without `=` has its end where its `=` would stand.
        self.text.get(param.equals as usize + 1..param.end as usize).unwrap_or("")
    }
}

fn malformed(message: &str) -> AwsError {
    AwsError::bad("MalformedQueryString", message)
}

/// No hexadecimal digit.
const NONE: u16 = 0x100;

/// The value of each hexadecimal digit, moved left by `shift` bits; [`NONE`] for any other byte.
const fn digits(shift: u32) -> [u16; 256] {
    let mut table = [NONE; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value];
        table[digit as usize] = (value as u16) << shift;
        table[digit.to_ascii_uppercase() as usize] = (value as u16) << shift;
        value += 1;
    }
    table
}

static HIGH: [u16; 256] = digits(4);
static LOW: [u16; 256] = digits(0);

/// The byte that two hexadecimal digits make.
fn hex(high: u8, low: u8) -> Option<u8> {
    u8::try_from(HIGH[usize::from(high)] | LOW[usize::from(low)]).ok()
}

/// Appends a form's decoded text and its parameters. The hottest loop of a Publish: its event is JSON and full of escapes.
fn decode(input: &[u8], decoded: &mut Vec<u8>, params: &mut Vec<Param>) -> Result<(), AwsError> {
    const SPECIAL: SpecialBytes = SpecialBytes { any_of: *b"%+&=" };
    if input.len() > u32::MAX as usize / 4 {
        return Err(malformed("The request is too long."));
    }
    let (mut start, mut place, mut from) = (decoded.len(), decoded.len(), 0);
    let mut equals = None;
    // Decoding never lengthens a text; a parameter's end is one more.
    decoded.resize(place + input.len() + 1, 0);
    let text = &mut decoded[..];
    for at in SPECIAL.of(input).chain([input.len()]) {
        place += copy(input, from, at, &mut text[place..]);
        from = at + 1;
        text[place] = match input.get(at) {
            Some(b'%') => match input.get(from..from + 2).and_then(|digits| hex(digits[0], digits[1])) {
                Some(byte) => {
                    from += 2;
                    byte
                }
                None => b'%',
            },
            Some(b'+') => b' ',
            Some(b'=') => {
                equals.get_or_insert(place as u32);
                b'='
            }
            _ if place == start => continue,
            _ => {
                if params.len() == MAX_PARAMETERS {
                    return Err(malformed("The request has too many parameters."));
                }
                let end = place as u32;
                params.push(Param { start: start as u32, equals: equals.take().unwrap_or(end), end });
                start = place + 1;
                b'&'
            }
        };
        place += 1;
    }
    decoded.truncate(start);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_names_and_values() {
        let form = Form::parse(&[b"Action=Publish&Message=a%20b%3D+%7B%22&X&=v&&E=%zz%4&M=%E2%82%AC"]).unwrap();
        let pairs: Vec<_> = form.params().iter().map(|p| (form.key(*p), form.value(*p))).collect();
        let expected =
            [("Action", "Publish"), ("Message", "a b= {\""), ("X", ""), ("", "v"), ("E", "%zz%4"), ("M", "\u{20ac}")];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn refuses_text_that_is_not_utf8() {
        assert!(Form::parse(&[b"a=%FF"]).is_err());
        // Two halves of a character in different parameters don't make one.
        assert!(Form::parse(&[b"a%E2=%82%AC"]).is_err());
    }

    proptest::proptest! {
        /// As the `percent-encoding` crate decodes.
        #[test]
        fn escapes(text in "([a-z]{0,12}|[%+&=]{0,3}|%[0-9a-fA-G]{2}|é){0,12}") {
            let form = Form::parse(&[text.as_bytes()]);
            let decoded = |text: &str| {
                let text = text.replace('+', " ");
                percent_encoding::percent_decode_str(&text).decode_utf8().map(String::from)
            };
            let pairs = text.split('&').filter(|pair| !pair.is_empty());
            let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let expected: Result<Vec<_>, _> =
                pairs.map(|(name, value)| Ok::<_, std::str::Utf8Error>((decoded(name)?, decoded(value)?))).collect();
            let found = form.as_ref().map(|form| {
                form.params().iter().map(|it| (form.key(*it).to_owned(), form.value(*it).to_owned())).collect::<Vec<_>>()
            });
            proptest::prop_assert_eq!(found.ok(), expected.ok());
        }
    }

    #[test]
    fn bounds_the_number_of_parameters() {
        let body = "a=1&".repeat(MAX_PARAMETERS + 1);
        assert!(Form::parse(&[body.as_bytes()]).is_err());
    }
}
