//! The policy of a browser's form: what who signed it lets the form's sender put.
//!
//! Every field has to be named by a condition, and so has the bucket, which stands in the address: without one the form would
//! be good for all buckets of who signed it.
//! Sources: "Creating an HTML form (using AWS Signature Version 4)" and "POST policy" (Amazon S3 API reference); the texts of
//! the refusals are those that S3 sends.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::error::{Failure, Result};
use super::time::parse_iso;
use engine::Millis;

/// Fields that no condition has to name, beside those whose names begin with `x-ignore-`; the last two are version 2's.
const FREE: [&str; 5] = ["policy", "x-amz-signature", "file", "signature", "awsaccesskeyid"];

/// How large a form's file may be, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    min: u64,
    max: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes { min: 0, max: u64::MAX }
    }
}

impl Sizes {
    /// # Errors
    /// `EntityTooLarge` and `EntityTooSmall`.
    pub(super) fn check(self, size: u64) -> Result<()> {
        let refusal = |code, what, bound, limit: u64| {
            Err(Failure::new(400, code, format!("Your proposed upload {what} allowed size"))
                .with("ProposedSize", size.to_string())
                .with(bound, limit.to_string()))
        };
        match size {
            _ if size > self.max => refusal("EntityTooLarge", "exceeds the maximum", "MaxSizeAllowed", self.max),
            _ if size < self.min => {
                refusal("EntityTooSmall", "is smaller than the minimum", "MinSizeAllowed", self.min)
            }
            _ => Ok(()),
        }
    }
}

/// Holds a form's `fields` against its `policy` (base64 of JSON) and says what is left to check: the size of its file. `bucket`
/// is the address's.
///
/// # Errors
/// `InvalidPolicyDocument`; `AccessDenied` for what the policy doesn't allow.
pub(super) fn check(policy: &str, fields: &[(String, String)], bucket: &str, now: Millis) -> Result<Sizes> {
    let invalid_json = || invalid("Invalid JSON.");
    let json = BASE64.decode(policy).map_err(|_| invalid("Invalid base64."))?;
    let json: Value = serde_json::from_slice(&json).map_err(|_| invalid_json())?;
    let end = json.get("expiration").ok_or_else(|| invalid("Policy missing expiration."))?;
    let end = end.as_str().and_then(parse_iso).ok_or_else(|| invalid("Invalid 'expiration' value."))?;
    let conditions = json.get("conditions").ok_or_else(|| invalid("Policy missing conditions."))?;
    let conditions = conditions.as_array().ok_or_else(|| invalid("Invalid 'conditions' value: must be a List."))?;
    if now >= end {
        return Err(denied("Policy expired."));
    }
    let form = Fields { fields, bucket };
    let (mut named, mut sizes) = (Vec::new(), Sizes::default());
    for condition in conditions {
        match Condition::parse(condition)? {
            Condition::Sizes(low, high) => {
                let both = bound(low).zip(bound(high)).ok_or_else(|| failed(&Condition::Sizes(low, high)))?;
                sizes = Sizes { min: sizes.min.max(both.0), max: sizes.max.min(both.1) };
            }
            condition @ Condition::Field { name, .. } => {
                if !form.meet(&condition)? {
                    return Err(failed(&condition));
                }
                named.push(name);
            }
        }
    }
    let is_named = |name: &str| named.iter().any(|known| known.eq_ignore_ascii_case(name));
    let is_free = |name: &str| FREE.contains(&name) || name.starts_with("x-ignore-");
    let names = fields.iter().map(|(name, _)| name.to_ascii_lowercase()).filter(|name| name != "bucket");
    let extra: Vec<String> =
        names.chain(["bucket".to_owned()]).filter(|name| !is_free(name) && !is_named(name)).collect();
    if extra.is_empty() { Ok(sizes) } else { Err(denied(format!("Extra input fields: {}", extra.join(", ")))) }
}

/// A condition, as (`"eq"` or `"starts-with"`, field, value).
#[derive(Clone, Copy)]
enum Condition<'p> {
    Field { starts: bool, name: &'p str, value: &'p str },
    Sizes(&'p Value, &'p Value),
}

impl<'p> Condition<'p> {
    fn parse(json: &'p Value) -> Result<Self> {
        match json {
            Value::Object(all) => {
                let mut all = all.iter();
                match (all.next(), all.next()) {
                    (Some((name, Value::String(value))), None) => Ok(Condition::Field { starts: false, name, value }),
                    (Some(_), None) => Err(invalid("Invalid Simple-Condition: value must be a string.")),
                    _ => Err(invalid(
                        "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
                    )),
                }
            }
            Value::Array(all) => match &all[..] {
                [Value::String(operator), low, high] if operator.eq_ignore_ascii_case("content-length-range") => {
                    Ok(Condition::Sizes(low, high))
                }
                [Value::String(operator), Value::String(name), Value::String(value)] => {
                    let starts = operator.eq_ignore_ascii_case("starts-with");
                    if !starts && !operator.eq_ignore_ascii_case("eq") {
                        return Err(invalid("Invalid Condition: unknown operation."));
                    }
                    let name = name.strip_prefix('$').unwrap_or(name);
                    Ok(Condition::Field { starts, name, value })
                }
                _ => Err(invalid("Invalid Condition: must have an operation, a field and a value.")),
            },
            _ => Err(invalid("Invalid Condition: must be a List or an Object.")),
        }
    }
}

/// As S3 shows it: `["eq", "$key", "x"]`.
impl fmt::Display for Condition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Field { starts, name, value } => {
                let operator = if *starts { "starts-with" } else { "eq" };
                write!(f, "[{:?}, {}, {}]", operator, Value::from(format!("${name}")), Value::from(*value))
            }
            Condition::Sizes(low, high) => write!(f, "[\"content-length-range\", {low}, {high}]"),
        }
    }
}

/// What a form says, the bucket of its address among it.
struct Fields<'f> {
    fields: &'f [(String, String)],
    bucket: &'f str,
}

impl Fields<'_> {
    fn meet(&self, condition: &Condition<'_>) -> Result<bool> {
        let Condition::Field { starts, name, value } = *condition else { return Ok(true) };
        let given = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value);
        let given = match given {
            Some(other) if name.eq_ignore_ascii_case("bucket") && other != self.bucket => {
                return Err(invalid("The form's bucket is not that of its address."));
            }
            None if name.eq_ignore_ascii_case("bucket") => self.bucket,
            Some(given) => given,
            // A condition is on a field that is there, even if any value will do.
            None => return Ok(false),
        };
        Ok(match starts {
            false => given == value,
            // A list of types: each has to begin so.
            true if name.eq_ignore_ascii_case("content-type") => {
                given.split(',').all(|kind| kind.trim().starts_with(value))
            }
            true => given.starts_with(value),
        })
    }
}

/// A size in a policy: a number, or one in a string.
fn bound(json: &Value) -> Option<u64> {
    json.as_u64().or_else(|| json.as_str()?.parse().ok())
}

fn failed(condition: &Condition<'_>) -> Failure {
    denied(format!("Policy Condition failed: {condition}"))
}

fn denied(why: impl fmt::Display) -> Failure {
    Failure::new(403, "AccessDenied", format!("Invalid according to Policy: {why}"))
}

fn invalid(why: &str) -> Failure {
    Failure::new(400, "InvalidPolicyDocument", format!("Invalid Policy: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Millis = 1_773_531_000_000;

    fn said(conditions: Value, fields: &[(&str, &str)]) -> String {
        let policy = json!({ "expiration": "2999-01-01T00:00:00.000Z", "conditions": conditions });
        said_by(policy, fields)
    }

    fn said_by(policy: Value, fields: &[(&str, &str)]) -> String {
        let policy = BASE64.encode(policy.to_string());
        let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        match check(&policy, &fields, "b", NOW) {
            Ok(sizes) => format!("{} to {}", sizes.min, sizes.max),
            Err(failure) => format!("{} {} {}", failure.status, failure.code, failure.message),
        }
    }

    #[test]
    fn conditions_and_the_words_of_their_refusal() {
        let denied = |why: &str| format!("403 AccessDenied Invalid according to Policy: {why}");
        let any = format!("0 to {}", u64::MAX);
        let bucket = json!({"bucket": "b"});
        let key = json!(["starts-with", "$key", "up/"]);
        let put = ("key", "up/x");
        let table = [
            (json!([bucket, key]), vec![put], any.clone()),
            (json!([bucket, {"KEY": "up/x"}]), vec![("Key", "up/x")], any.clone()),
            (
                json!([bucket, key]),
                vec![put, ("x-ignore-a", "1"), ("policy", "p"), ("x-amz-signature", "s")],
                any.clone(),
            ),
            (json!([key]), vec![put], denied("Extra input fields: bucket")),
            (json!([key]), vec![put, ("bucket", "b")], denied("Extra input fields: bucket")),
            (json!([bucket]), vec![put, ("Acl", "private")], denied("Extra input fields: key, acl")),
            (
                json!([bucket, key]),
                vec![put, ("x-amz-server-side-encryption", "AES256")],
                denied("Extra input fields: x-amz-server-side-encryption"),
            ),
            (json!([{"bucket": "c"}, key]), vec![put], denied(r#"Policy Condition failed: ["eq", "$bucket", "c"]"#)),
            (
                json!([bucket, ["eq", "$key", "x"]]),
                vec![put],
                denied(r#"Policy Condition failed: ["eq", "$key", "x"]"#),
            ),
            (
                json!([bucket, key]),
                vec![("key", "x")],
                denied(r#"Policy Condition failed: ["starts-with", "$key", "up/"]"#),
            ),
            (
                json!([bucket, key, ["starts-with", "$acl", ""]]),
                vec![put],
                denied(r#"Policy Condition failed: ["starts-with", "$acl", ""]"#),
            ),
            (
                json!([bucket, key, ["starts-with", "$Content-Type", "image/"]]),
                vec![put, ("content-type", "image/png,text/html")],
                denied(r#"Policy Condition failed: ["starts-with", "$Content-Type", "image/"]"#),
            ),
            (json!([bucket, key, ["content-length-range", 1, "10"]]), vec![put], "1 to 10".to_owned()),
            (
                json!([bucket, key, ["content-length-range", 1, 10], ["content-length-range", 5, 20]]),
                vec![put],
                "5 to 10".to_owned(),
            ),
            (
                json!([bucket, key, ["content-length-range", "a", 10]]),
                vec![put],
                denied(r#"Policy Condition failed: ["content-length-range", "a", 10]"#),
            ),
        ];
        for (conditions, fields, expected) in table {
            assert_eq!(said(conditions.clone(), &fields), expected, "{conditions}");
        }
        let mine = said(json!([{"bucket": "b"}, key]), &[put, ("bucket", "c")]);
        assert!(mine.starts_with("400 InvalidPolicyDocument"), "{mine}");
    }

    #[test]
    fn what_is_no_policy() {
        let end = "2999-01-01T00:00:00Z";
        for policy in [
            json!([]),
            json!({}),
            json!({"conditions": []}),
            json!({"expiration": end}),
            json!({"expiration": "tomorrow", "conditions": []}),
            json!({"expiration": end, "conditions": {}}),
            json!({"expiration": end, "conditions": [{"bucket": "b", "key": "k"}]}),
            json!({"expiration": end, "conditions": [{"bucket": 1}]}),
            json!({"expiration": end, "conditions": [{}]}),
            json!({"expiration": end, "conditions": [["eq", "$key"]]}),
            json!({"expiration": end, "conditions": [["in", "$key", "k"]]}),
            json!({"expiration": end, "conditions": ["key"]}),
        ] {
            let said = said_by(policy.clone(), &[]);
            assert!(said.starts_with("400 InvalidPolicyDocument Invalid Policy: "), "{policy}: {said}");
        }
        assert_eq!(check("%", &[], "b", NOW).unwrap_err().code, "InvalidPolicyDocument");
        let past = json!({"expiration": "2026-03-14T00:00:00Z", "conditions": [{"bucket": "b"}]});
        assert_eq!(said_by(past, &[]), "403 AccessDenied Invalid according to Policy: Policy expired.");
    }

    #[test]
    fn files_have_their_bounds() {
        let sizes = Sizes { min: 2, max: 4 };
        assert!(sizes.check(2).is_ok() && sizes.check(4).is_ok());
        let (small, large) = (sizes.check(1).unwrap_err(), sizes.check(5).unwrap_err());
        assert_eq!(small.message, "Your proposed upload is smaller than the minimum allowed size");
        assert_eq!(small.fields, [("ProposedSize", "1".into()), ("MinSizeAllowed", "2".into())]);
        assert_eq!(large.message, "Your proposed upload exceeds the maximum allowed size");
        assert_eq!(large.fields, [("ProposedSize", "5".into()), ("MaxSizeAllowed", "4".into())]);
    }
}
