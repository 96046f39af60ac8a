//! Lines of events of the user's own, read one after the other from a file or a pipe, each with a bound.

use std::io::{BufRead, BufReader, Error, Read};

use super::own::{Common, Own};

/// A line has at most so many bytes: what SNS takes, with room for escapes and what stands beside the message.
const MAX_LINE: usize = 2 << 20;

/// Of a line that is too long so many bytes more are passed over. One that still goes on then is no line of a file of events, as
/// what `/dev/zero` gives: no more is read.
const MAX_SKIPPED: u64 = 64 << 20;

/// Why a line is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// From 1.
    pub line: u64,
    pub why: String,
}

/// Reads lines.
pub(crate) struct Lines<R> {
    from: BufReader<R>,
    common: Common,
    line: u64,
    /// Nothing more is read.
    over: bool,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(from: R, common: Common) -> Self {
        Self { from: BufReader::new(from), common, line: 0, over: false }
    }

    /// The next event, or what is wrong with its line; none at the end. Empty lines are none.
    ///
    /// # Errors
    /// What can't be read.
    pub(crate) fn next(&mut self) -> Result<Option<Result<Own, BadLine>>, Error> {
        loop {
            let mut bytes = Vec::new();
            let limit = MAX_LINE as u64 + 1;
            if self.over || (&mut self.from).take(limit).read_until(b'\n', &mut bytes)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let line = self.line;
            if bytes.len() > MAX_LINE {
                let mut why = format!("it is longer than {MAX_LINE} bytes");
                if bytes.last() != Some(&b'\n') && !self.skip_line()? {
                    self.over = true;
                    why.push_str(", and doesn't end: what follows isn't read");
                }
                return Ok(Some(Err(BadLine { line, why })));
            }
            let Ok(text) = std::str::from_utf8(&bytes) else {
                return Ok(Some(Err(BadLine { line, why: "it is no text in UTF-8".into() })));
            };
            // Some editors begin a file with a byte order mark.
            let text = if line == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
            let text = text.trim_end_matches(['\r', '\n']);
            if !text.trim().is_empty() {
                return Ok(Some(Own::read(line, text, &self.common).map_err(|why| BadLine { line, why })));
            }
        }
    }

    /// Passes over the rest of a line; false if that doesn't end within the bound.
    fn skip_line(&mut self) -> Result<bool, Error> {
        let mut skipped = 0;
        while skipped <= MAX_SKIPPED {
            let (end, length) = match self.from.fill_buf()? {
                [] => return Ok(true),
                buffer => match buffer.iter().position(|byte| *byte == b'\n') {
                    Some(at) => (true, at + 1),
                    None => (false, buffer.len()),
                },
            };
            self.from.consume(length);
            if end {
                return Ok(true);
            }
            skipped += length as u64;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<Result<(u64, String), BadLine>> {
        let mut lines = Lines::new(text, Common::default());
        std::iter::from_fn(|| lines.next().unwrap()).map(|own| own.map(|own| (own.line, own.message))).collect()
    }

    #[test]
    fn lines_are_numbered_and_empty_ones_passed_over() {
        let read = read("\u{feff}{\"a\":1}\r\n\n  \n[2]\nno\n\"last\"".as_bytes());
        let fine = |line, text: &str| Ok((line, text.to_owned()));
        assert_eq!([&read[0], &read[1], &read[3]], [&fine(1, "{\"a\":1}"), &fine(4, "[2]"), &fine(6, "\"last\"")]);
        assert_eq!(read[2].as_ref().unwrap_err().line, 5);
    }

    /// What stands behind a line that is too long is read all the same.
    #[test]
    fn a_line_has_a_bound() {
        let long = [&vec![b'7'; MAX_LINE * 2][..], b"\n\xff\n8"].concat();
        let read = read(&long);
        let why: Vec<_> = read.iter().filter_map(|line| line.as_ref().err()).map(|bad| (bad.line, &*bad.why)).collect();
        assert_eq!(why, [(1, "it is longer than 2097152 bytes"), (2, "it is no text in UTF-8")]);
        assert_eq!(read[2], Ok((3, "8".into())));
        assert_eq!(read.len(), 3);
    }

    /// A file without an end, as /dev/zero, was read until somebody stopped it.
    #[test]
    fn a_line_without_an_end_ends_the_reading() {
        let endless = (&b"1\n"[..]).chain(std::io::repeat(0));
        let mut lines = Lines::new(endless, Common::default());
        assert_eq!(lines.next().unwrap().unwrap().unwrap().line, 1);
        let bad = lines.next().unwrap().unwrap().unwrap_err();
        assert_eq!(
            (bad.line, &*bad.why),
            (2, "it is longer than 2097152 bytes, and doesn't end: what follows isn't read")
        );
        assert!(lines.next().unwrap().is_none());
    }
}
