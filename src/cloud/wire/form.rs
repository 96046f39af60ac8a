//! `application/x-www-form-urlencoded` parameters, decoded once into one buffer.

use super::AwsError;
use super::block::{BLOCK, before, equal};

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
pub struct Param {
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

    /// Adds a parameter unless one of that name is there.
    pub fn default(&mut self, name: &str, value: &str) {
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

    pub(super) fn params(&self) -> &[Param] {
        &self.params
    }

    pub(super) fn key(&self, param: Param) -> &str {
        &self.text[param.start as usize..param.equals as usize]
    }

    /// A name as bytes: slicing those asks for no character's bounds.
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

/// The value of each hexadecimal digit, moved left by so many bits; [`NONE`] for any other byte.
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

/// The byte that two digits make.
fn hex(high: u8, low: u8) -> Option<u8> {
    u8::try_from(HIGH[usize::from(high)] | LOW[usize::from(low)]).ok()
}

fn decode(input: &[u8], text: &mut Vec<u8>, params: &mut Vec<Param>) -> Result<(), AwsError> {
    if input.len() > u32::MAX as usize / 4 {
        return Err(malformed("The request is too long."));
    }
    let ends = memchr::memchr_iter(b'&', input).chain(std::iter::once(input.len()));
    let mut begin = 0;
    for end in ends {
        let pair = &input[begin..end];
        begin = end + 1;
        if pair.is_empty() {
            continue;
        }
        if params.len() == MAX_PARAMETERS {
            return Err(malformed("The request has too many parameters."));
        }
        let start = text.len();
        let sign = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let plain = memchr::memchr2(b'%', b'+', pair).unwrap_or(pair.len());
        let equals = if plain > sign || plain == pair.len() {
            text.extend_from_slice(&pair[..plain]);
            unescape(&pair[plain..], text);
            start + sign
        } else {
            unescape(&pair[..sign], text);
            let equals = text.len();
            unescape(&pair[sign..], text);
            equals
        };
        params.push(Param { start: start as u32, equals: equals as u32, end: text.len() as u32 });
        text.push(b'&');
    }
    Ok(())
}

/// What [`unescape`] looks at in one turn: an escape, or a block.
const VIEW: usize = BLOCK + 3;

/// Appends `input` without its escapes: the hottest loop of a Publish, whose event is JSON and full of them.
fn unescape(input: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    // Decoding never lengthens a text; a block is written whole, be it only in part of the text.
    out.resize(start + input.len() + BLOCK, 0);
    let (mut rest, mut place) = (input, &mut out[start..]);
    while let (Some(view), Some(to)) = (rest.first_chunk::<VIEW>(), place.first_chunk_mut::<BLOCK>()) {
        let (read, written) = if view[0] == b'%' {
            let byte = hex(view[1], view[2]);
            to[0] = byte.unwrap_or(b'%');
            (if byte.is_some() { 3 } else { 1 }, 1)
        } else {
            let [block @ .., _, _, _] = *view;
            *to = block;
            match before(equal(block, b'%') | equal(block, b'+')) {
                0 => {
                    to[0] = b' ';
                    (1, 1)
                }
                plain => (plain, plain),
            }
        };
        rest = &rest[read..];
        place = &mut place[written..];
    }
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        place[0] = match (byte, rest) {
            (b'%', [high, low, after @ ..]) => match hex(*high, *low) {
                Some(byte) => {
                    rest = after;
                    byte
                }
                None => b'%',
            },
            (b'+', _) => b' ',
            (plain, _) => *plain,
        };
        place = &mut place[1..];
    }
    let left = place.len();
    out.truncate(out.len() - left);
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
