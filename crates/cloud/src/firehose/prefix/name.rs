//! Names of the objects that a stream writes ("Configure Amazon S3 object name format").

use jiff::Zoned;

/// The name of an object: `<prefix><stream>-<version>-<year>-<month>-<day>-<hour>-<minute>-<second>-<uuid><extension>`.
///
/// `version` begins at 1 and grows with each change of the stream's configuration; `at` is in the stream's zone.
pub(crate) fn object_key(prefix: &str, stream: &str, version: u64, at: &Zoned, uuid: &str, extension: &str) -> String {
    let time = at.strftime("%Y-%m-%d-%H-%M-%S");
    format!("{prefix}{stream}-{version}-{time}-{uuid}{extension}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn has_awss_parts() {
        let at = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
        assert_eq!(
            super::object_key("p/", "events", 1, &at, "c0ffee", ".gz"),
            "p/events-1-1970-01-01-00-00-00-c0ffee.gz"
        );
    }
}
