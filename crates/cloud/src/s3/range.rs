//! The header `Range`: which bytes of an object are asked for.

use super::error::{Failure, Result};

/// The bytes `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub start: u64,
    pub end: u64,
}

impl Range {
    /// The range that a header asks for, of an object of `size` bytes. S3 ignores a header that isn't one single range, and cuts
    /// a range to the object.
    pub(super) fn parse(header: &str, size: u64) -> Result<Option<Self>> {
        let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
            return Ok(None);
        };
        let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        let (start, end) = match (first.is_empty(), last.is_empty()) {
            (true, true) => return Ok(None),
            (true, false) => match number(last) {
                Some(length) => (size.saturating_sub(length), if length == 0 { 0 } else { size }),
                None => return Ok(None),
            },
            (false, true) => match number(first) {
                Some(first) => (first, size),
                None => return Ok(None),
            },
            (false, false) => match (number(first), number(last)) {
                (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(size)),
                _ => return Ok(None),
            },
        };
        if start >= end {
            return Err(Failure::new(416, "InvalidRange", "The requested range is not satisfiable")
                .with("RangeRequested", header)
                .with("ActualObjectSize", size.to_string()));
        }
        Ok(Some(Self { start, end }))
    }

    /// How many bytes it holds.
    pub(super) fn length(self) -> u64 {
        self.end - self.start
    }

    /// The header `content-range` for an object of `size` bytes.
    pub(super) fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.start, self.end - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        let some = |start, end| Ok(Some(Range { start, end }));
        let cases: [(&str, std::result::Result<Option<Range>, ()>); 16] = [
            ("bytes=0-8", some(0, 9)),
            ("bytes=1-1", some(1, 2)),
            ("bytes=1-", some(1, 10)),
            ("bytes=-2", some(8, 10)),
            ("bytes=-15", some(0, 10)),
            ("bytes=0-100", some(0, 10)),
            ("bytes=0-18446744073709551615", some(0, 10)),
            ("bytes=1-0", Ok(None)),
            ("bytes=-1-", Ok(None)),
            ("bytes=0--1", Ok(None)),
            ("bytes=0-1,3-4", Ok(None)),
            ("0-1", Ok(None)),
            ("bytes=-", Ok(None)),
            ("bytes=+1-2", Ok(None)),
            ("bytes=-0", Err(())),
            ("bytes=100-200", Err(())),
        ];
        for (header, expected) in cases {
            assert_eq!(Range::parse(header, 10).map_err(|_| ()), expected, "{header}");
        }
    }
}
