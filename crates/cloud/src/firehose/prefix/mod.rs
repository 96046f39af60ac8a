//! S3 prefixes with expressions, e.g. `landing_date=!{timestamp:yyyy-MM-dd}/`
//! ("Understand custom prefixes for Amazon S3 objects").

mod datetime;
mod name;

use std::collections::BTreeMap;

use jiff::Zoned;

pub(super) use datetime::DateTimePattern;
pub(super) use name::object_key;

/// Values of the keys by which records are grouped, by name.
pub(super) type PartitionKeys = BTreeMap<String, String>;

/// A prefix that can't be had, in the words of Firehose's `InvalidArgumentException`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct PrefixError(pub String);

/// Why a prefix could not be evaluated for a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EvaluationError {
    /// The name of the key.
    #[error("the record has no partition key {0}")]
    MissingKey(String),
    /// The prefix's characters.
    #[error("the evaluated prefix has {0} characters, at most {MAX_EVALUATED} are allowed")]
    TooLong(usize),
}

/// How many characters a prefix may have once it is evaluated.
const MAX_EVALUATED: usize = 512;
/// The time that is added to a prefix that names none.
const DEFAULT_TIME: &str = "yyyy/MM/dd/HH/";

/// How AWS's messages begin, spelling included.
const CONSTRAINT: &str = "Ths supplied prefix(es) do not satisfy the following constraint: ";

/// A part of a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Timestamp(DateTimePattern),
    RandomString,
    ErrorOutputType,
    /// A key that the stream's JQ query makes.
    QueryKey(String),
}

/// A prefix as given, parsed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Prefix {
    parts: Vec<Part>,
}

/// What a prefix is evaluated with.
pub(super) struct Evaluation<'a> {
    /// When the oldest record of the object came, in the stream's zone (`CustomTimeZone`, UTC by default).
    pub at: &'a Zoned,
    /// The record's partition keys.
    pub keys: &'a PartitionKeys,
    /// Asked once for each `random-string`.
    pub random: &'a mut dyn FnMut() -> u64,
}

/// Kinds of failure, which name the folder that failed records go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ErrorOutputType {
    /// A processor failed.
    ProcessingFailed,
    /// The record can't be decompressed.
    DecompressionFailed,
    /// The stream has too many partitions already.
    ActivePartitionExceeded,
}

impl ErrorOutputType {
    /// The folder's name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            ErrorOutputType::ProcessingFailed => "processing-failed",
            ErrorOutputType::DecompressionFailed => "decompression-failed",
            // "Buffer data for dynamic partitioning".
            ErrorOutputType::ActivePartitionExceeded => "activePartitionExceeded",
        }
    }
}

impl Prefix {
    /// Reads a prefix.
    pub(super) fn parse(text: &str) -> Result<Self, PrefixError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("!{") {
            if start > 0 {
                parts.push(Part::Text(rest[..start].to_owned()));
            }
            let expression = &rest[start + 2..];
            let Some(end) = expression.find('}') else {
                return refuse("The sequence !{ can only appear in !{namespace:value} expressions");
            };
            parts.push(part(&expression[..end])?);
            rest = &expression[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    fn has(&self, wanted: impl Fn(&Part) -> bool) -> bool {
        self.parts.iter().any(wanted)
    }

    fn has_expressions(&self) -> bool {
        self.has(|p| !matches!(p, Part::Text(_)))
    }

    fn has_time(&self) -> bool {
        self.has(|p| matches!(p, Part::Timestamp(_)))
    }

    /// The names of the keys that the prefix wants from the stream's query.
    pub(super) fn query_keys(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|p| match p {
            Part::QueryKey(key) => Some(key.as_str()),
            _ => None,
        })
    }

    /// The prefix for a record, or for a kind of failure.
    fn evaluate(&self, with: &mut Evaluation<'_>, error: Option<ErrorOutputType>) -> Result<String, EvaluationError> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Timestamp(pattern) => out.push_str(&pattern.format(with.at)),
                // Eleven hexadecimal digits, as in AWS's example.
                Part::RandomString => out.push_str(&format!("{:011x}", (with.random)() & 0xfff_ffff_ffff)),
                Part::ErrorOutputType => out.push_str(error.map_or("", ErrorOutputType::as_str)),
                Part::QueryKey(key) => match with.keys.get(key) {
                    Some(value) => out.push_str(value),
                    None => return Err(EvaluationError::MissingKey(key.clone())),
                },
            }
        }
        let length = out.chars().count();
        if length > MAX_EVALUATED { Err(EvaluationError::TooLong(length)) } else { Ok(out) }
    }
}

/// Reads an expression: what stands between `!{` and `}`.
fn part(expression: &str) -> Result<Part, PrefixError> {
    let Some((namespace, value)) = expression.split_once(':') else {
        return refuse("The sequence !{ can only appear in !{namespace:value} expressions");
    };
    match (namespace, value) {
        ("timestamp", "") => refuse("The timestamp namespace needs a Java DateTimeFormatter pattern"),
        ("timestamp", pattern) => match DateTimePattern::parse(pattern) {
            Ok(pattern) => Ok(Part::Timestamp(pattern)),
            Err(e) => refuse(&format!("{pattern} is not a valid Java DateTimeFormatter pattern: {e}")),
        },
        ("firehose", "random-string") => Ok(Part::RandomString),
        ("firehose", "error-output-type") => Ok(Part::ErrorOutputType),
        ("firehose", other) => refuse(&format!("{other} is not a value of the firehose namespace")),
        ("partitionKeyFromQuery", "") => refuse("The partitionKeyFromQuery namespace needs the name of a key"),
        ("partitionKeyFromQuery", key) => Ok(Part::QueryKey(key.to_owned())),
        ("partitionKeyFromLambda", _) => {
            Err(PrefixError("partitionKeyFromLambda is not supported: Lambda functions are not simulated".into()))
        }
        (other, _) => refuse(&format!("{other} is not a namespace")),
    }
}

/// Refuses a prefix for a constraint that it breaks.
fn refuse<T>(constraint: &str) -> Result<T, PrefixError> {
    Err(PrefixError(format!("{CONSTRAINT}{constraint}")))
}

/// Both prefixes of a destination, checked together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prefixes {
    data: Prefix,
    error: Prefix,
}

impl Prefixes {
    /// Reads `Prefix` and `ErrorOutputPrefix` as configured. `partitioned`: whether dynamic partitioning is on.
    pub(super) fn new(
        prefix: Option<&str>,
        error_prefix: Option<&str>,
        partitioned: bool,
    ) -> Result<Self, PrefixError> {
        let given = prefix.unwrap_or_default();
        let mut data = Prefix::parse(given)?;
        let error_given = error_prefix.filter(|p| !p.is_empty());
        if data.has(|p| *p == Part::ErrorOutputType) {
            return refuse("Prefix cannot contain !{firehose:error-output-type}");
        }
        if error_given.is_none() && data.has_expressions() {
            return refuse("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions");
        }
        let keyed = data.query_keys().next().is_some();
        if keyed && !partitioned {
            return refuse("Prefix can contain partitionKeyFromQuery only when Dynamic Partitioning is enabled");
        }
        if partitioned && !keyed {
            return Err(PrefixError(
                "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled".into(),
            ));
        }
        if partitioned && error_given.is_none() {
            return refuse("ErrorOutputPrefix cannot be null or empty when Dynamic Partitioning is enabled");
        }
        let mut error = Prefix::parse(error_given.unwrap_or(given))?;
        if error.query_keys().next().is_some() {
            return refuse("ErrorOutputPrefix cannot contain partition keys");
        }
        if error.has_expressions() && !error.has(|p| *p == Part::ErrorOutputType) {
            return refuse("ErrorOutputPrefix must contain !{firehose:error-output-type} when it contains expressions");
        }
        let default_time = Part::Timestamp(DateTimePattern::parse(DEFAULT_TIME).map_err(PrefixError)?);
        if !error.has_expressions() {
            // By default: what is given (else the prefix), the kind of error, the time.
            error.parts.extend([Part::ErrorOutputType, Part::Text("/".to_owned()), default_time.clone()]);
        }
        // A partitioned stream's prefix is the whole of it: the keys printed in "Use S3 bucket prefix to deliver data" have no
        // time added, though "Understand custom prefixes" knows only prefixes that get one.
        if !data.has_time() && !partitioned {
            data.parts.push(default_time);
        }
        Ok(Self { data, error })
    }

    /// The prefix of an object with records.
    pub(super) fn data(&self, mut with: Evaluation<'_>) -> Result<String, EvaluationError> {
        self.data.evaluate(&mut with, None)
    }

    /// The prefix of an object with records that failed.
    pub(super) fn error(&self, mut with: Evaluation<'_>, kind: ErrorOutputType) -> Result<String, EvaluationError> {
        self.error.evaluate(&mut with, Some(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    fn evaluate(prefix: &str, error: Option<&str>, keys: &[(&str, &str)]) -> (String, String) {
        let prefixes = Prefixes::new(Some(prefix), error, !keys.is_empty()).unwrap();
        let at = "2018-08-27T10:30:00Z".parse::<jiff::Timestamp>().unwrap().to_zoned(TimeZone::UTC);
        let keys = keys.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let mut random = || 0x5abf82daaa5;
        let data = prefixes.data(Evaluation { at: &at, keys: &keys, random: &mut random }).unwrap();
        let with = Evaluation { at: &at, keys: &keys, random: &mut random };
        (data, prefixes.error(with, ErrorOutputType::ProcessingFailed).unwrap())
    }

    #[test]
    fn evaluates_as_documented() {
        // "Understand custom prefixes for Amazon S3 objects", semantic rules.
        let typed = Some("failed/!{firehose:error-output-type}/");
        type Keys<'a> = &'a [(&'a str, &'a str)];
        let cases: &[(&str, Option<&str>, Keys<'_>, &str, &str)] = &[
            ("", None, &[], "2018/08/27/10/", "processing-failed/2018/08/27/10/"),
            ("in/", None, &[], "in/2018/08/27/10/", "in/processing-failed/2018/08/27/10/"),
            ("in/", Some("bad/"), &[], "in/2018/08/27/10/", "bad/processing-failed/2018/08/27/10/"),
            ("", typed, &[], "2018/08/27/10/", "failed/processing-failed/"),
            ("day=!{timestamp:yyyy-MM-dd}/", typed, &[], "day=2018-08-27/", "failed/processing-failed/"),
            (
                "!{timestamp:yyyy}/!{firehose:random-string}/",
                typed,
                &[],
                "2018/5abf82daaa5/",
                "failed/processing-failed/",
            ),
            ("c=!{partitionKeyFromQuery:c}/", typed, &[("c", "de")], "c=de/", "failed/processing-failed/"),
        ];
        for (prefix, error, keys, data, failed) in cases {
            assert_eq!(evaluate(prefix, *error, keys), (data.to_string(), failed.to_string()), "{prefix}");
        }
    }

    #[test]
    fn refuses() {
        let typed = Some("!{firehose:error-output-type}/");
        let cases = [
            (
                "!{timestamp:yyyy}/",
                None,
                false,
                "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
            ),
            ("!{firehose:error-output-type}/", typed, false, "Prefix cannot contain !{firehose:error-output-type}"),
            ("", Some("!{timestamp:yyyy}"), false, "ErrorOutputPrefix must contain !{firehose:error-output-type}"),
            ("!{timestamp:yyyy", typed, false, "The sequence !{ can only appear in !{namespace:value} expressions"),
            ("!{foo}", typed, false, "The sequence !{ can only appear in !{namespace:value} expressions"),
            ("!{foo:x}", typed, false, "foo is not a namespace"),
            ("!{firehose:x}", typed, false, "x is not a value of the firehose namespace"),
            (
                "!{timestamp:b}",
                typed,
                false,
                "b is not a valid Java DateTimeFormatter pattern: Unknown pattern letter: b",
            ),
            ("!{partitionKeyFromLambda:x}", typed, true, "partitionKeyFromLambda is not supported"),
            ("!{partitionKeyFromQuery:x}", typed, false, "Prefix can contain partitionKeyFromQuery only when"),
            ("x", typed, true, "S3 Prefix should contain Dynamic Partitioning namespaces"),
        ];
        for (prefix, error, partitioned, message) in cases {
            let got = Prefixes::new(Some(prefix), error, partitioned).expect_err(prefix).0;
            assert!(got.contains(message), "{prefix}: {got}");
        }
    }

    #[test]
    fn a_missing_key_and_a_long_prefix_fail() {
        let at = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        let prefixes = Prefixes::new(Some("!{partitionKeyFromQuery:k}"), Some("!{firehose:error-output-type}"), true);
        let prefixes = prefixes.unwrap();
        let evaluate = |keys: PartitionKeys| prefixes.data(Evaluation { at: &at, keys: &keys, random: &mut || 0 });
        assert_eq!(evaluate(PartitionKeys::new()), Err(EvaluationError::MissingKey("k".into())));
        let long = PartitionKeys::from([("k".into(), "x".repeat(513))]);
        assert_eq!(evaluate(long), Err(EvaluationError::TooLong(513)));
    }

    proptest! {
        #[test]
        fn never_panics(prefix in "[!{}a-z:'/é]{0,24}", error in "[!{}a-z:']{0,12}") {
            let _ = Prefixes::new(Some(&prefix), Some(&error), false);
        }
    }
}
