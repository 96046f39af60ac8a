//! Times as S3 shows and reads them: whole seconds.

use std::time::{Duration, UNIX_EPOCH};

use s3s::dto::{Timestamp, TimestampFormat};
pub(super) use text::time::{http_date, iso_millis, parse_http_date, parse_iso};

use engine::Millis;

/// A time for an output, cut to the second as S3 does.
pub(super) fn shown(at: Millis) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_secs(at / 1000))
}

/// A time as S3's XML has it, cut to the second, e.g. `2015-10-21T07:28:00.000Z`.
pub(super) fn iso(at: Millis) -> String {
    iso_millis(at / 1000 * 1000)
}

/// A time for an output, to the millisecond.
pub(super) fn exact(at: Millis) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(at))
}

/// A time that `s3s` decoded; None before 1970.
pub(super) fn millis(time: &Timestamp) -> Option<Millis> {
    let mut text = Vec::new();
    time.format(TimestampFormat::DateTime, &mut text).ok()?;
    parse_iso(std::str::from_utf8(&text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        let text = "Wed, 21 Oct 2015 07:28:00 GMT";
        let seconds = parse_http_date(text).unwrap();
        assert_eq!(http_date(seconds as u64 * 1000 + 999), text);
        assert_eq!(parse_http_date("yesterday"), None);
        assert_eq!(parse_iso(&iso_millis(1_704_067_200_123)), Some(1_704_067_200_123));
        assert_eq!(millis(&exact(1_704_067_200_123)), Some(1_704_067_200_123));
        assert_eq!(parse_iso("1969-12-31T00:00:00Z"), None);
    }

    proptest::proptest! {
        #[test]
        fn mangled_dates(text in crate::testing::mangled::mangled(&[
            "Wed, 21 Oct 2015 07:28:00 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT", "Wed Oct 21 07:28:00 2015",
        ])) {
            let _ = parse_http_date(&text);
        }
    }
}
