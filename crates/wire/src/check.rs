//! What AWS's models say of a request's members, and the error that tells of all that is wrong at once:
//! `2 validation errors detected: Value 'x' at 'name' failed to satisfy constraint: Member must ..; Value null at ..`.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::AwsError;

/// The members of a request that break a constraint, in the order they were checked. A member's name is its path in lower camel
/// case, e.g. `tags.1.member.key`.
#[derive(Debug)]
pub struct Checks {
    code: &'static str,
    broken: Vec<String>,
}

impl Checks {
    /// Nothing is wrong yet. `code` is the error's: `ValidationError`, or `ValidationException` where the service speaks JSON.
    pub fn new(code: &'static str) -> Self {
        Self { code, broken: Vec::new() }
    }

    /// A member that has to be there isn't.
    pub fn null(&mut self, member: &str) {
        self.broken.push(format!("Value null at '{member}' failed to satisfy constraint: Member must not be null"));
    }

    /// A member breaks a constraint, such as `Member must satisfy enum value set: [a, b]`.
    pub fn fail(&mut self, value: impl Display, member: &str, constraint: impl Display) {
        self.broken.push(format!("Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"));
    }

    /// As [`Self::fail`], without the value: it may be a secret, or long.
    pub fn fail_untold(&mut self, member: &str, constraint: impl Display) {
        self.broken.push(format!("Value at '{member}' failed to satisfy constraint: {constraint}"));
    }

    /// Checks how many characters a text has.
    pub fn length(&mut self, text: &str, member: &str, allowed: RangeInclusive<usize>) {
        if let Some(bound) = bound(&text.chars().count(), &allowed) {
            self.fail(text, member, format_args!("Member must have length {bound}"));
        }
    }

    /// Checks a number.
    pub fn number(&mut self, number: i64, member: &str, allowed: RangeInclusive<i64>) {
        if let Some(bound) = bound(&number, &allowed) {
            self.fail(number, member, format_args!("Member must have value {bound}"));
        }
    }

    /// Checks a text that has to be there, and its number of characters: letters, digits, `_` and `others`. `pattern` is how AWS
    /// writes that.
    pub fn text(
        &mut self,
        text: Option<&str>,
        member: &str,
        allowed: RangeInclusive<usize>,
        others: &str,
        pattern: &str,
    ) {
        let Some(text) = text else { return self.null(member) };
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || others.contains(c)) {
            self.fail(text, member, format_args!("Member must satisfy regular expression pattern: {pattern}"));
        }
        self.length(text, member, allowed);
    }

    /// The error, if anything was wrong.
    ///
    /// # Errors
    /// Tells of all that was wrong, under the code that [`Self::new`] got, with HTTP status 400.
    pub fn done(self) -> Result<(), AwsError> {
        match self.broken.len() {
            0 => Ok(()),
            _ => Err(self.error()),
        }
    }

    fn error(self) -> AwsError {
        let count = self.broken.len();
        let errors = if count == 1 { "error" } else { "errors" };
        AwsError::bad(self.code, format!("{count} validation {errors} detected: {}", self.broken.join("; ")))
    }
}

/// The error for one member that has to be there and isn't.
pub fn null(code: &'static str, member: &str) -> AwsError {
    let mut checks = Checks::new(code);
    checks.null(member);
    checks.error()
}

/// The error for one member that breaks a constraint.
pub fn failed(code: &'static str, value: impl Display, member: &str, constraint: impl Display) -> AwsError {
    let mut checks = Checks::new(code);
    checks.fail(value, member, constraint);
    checks.error()
}

/// As [`failed`], without the value.
pub fn failed_untold(code: &'static str, member: &str, constraint: impl Display) -> AwsError {
    let mut checks = Checks::new(code);
    checks.fail_untold(member, constraint);
    checks.error()
}

/// The bound that a value is beyond, in AWS's words.
fn bound<T: PartialOrd + Display>(value: &T, allowed: &RangeInclusive<T>) -> Option<String> {
    if value < allowed.start() {
        Some(format!("greater than or equal to {}", allowed.start()))
    } else if value > allowed.end() {
        Some(format!("less than or equal to {}", allowed.end()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let mut checks = Checks::new("ValidationError");
        checks.text(Some("a b"), "name", 4..=8, "", "[\\w]*");
        checks.text(None, "arn", 1..=2, "", "");
        checks.number(9, "count", 1..=8);
        checks.number(8, "count", 1..=8);
        checks.fail_untold("secret", "Member must be short");
        let error = checks.done().unwrap_err();
        assert_eq!((error.status, &*error.code), (400, "ValidationError"));
        assert_eq!(
            error.message,
            "5 validation errors detected: \
             Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]*; \
             Value 'a b' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 4; \
             Value null at 'arn' failed to satisfy constraint: Member must not be null; \
             Value '9' at 'count' failed to satisfy constraint: Member must have value less than or equal to 8; \
             Value at 'secret' failed to satisfy constraint: Member must be short"
        );
        assert_eq!(Checks::new("ValidationError").done(), Ok(()));
    }

    #[test]
    fn one_error_is_no_plural() {
        let error = null("ValidationException", "deliveryStreamName");
        assert_eq!(
            error.message,
            "1 validation error detected: Value null at 'deliveryStreamName' failed to satisfy constraint: \
             Member must not be null"
        );
        let error = failed("ValidationException", 3, "a", "Member must satisfy enum value set: [1, 2]");
        assert_eq!(
            error.message,
            "1 validation error detected: Value '3' at 'a' failed to satisfy constraint: \
             Member must satisfy enum value set: [1, 2]"
        );
    }

    #[test]
    fn lengths_are_in_characters() {
        let mut checks = Checks::new("ValidationError");
        checks.length("\u{e9}\u{e9}", "name", 0..=2);
        checks.length("", "name", 1..=2);
        let error = checks.done().unwrap_err();
        assert!(error.message.ends_with(
            "Value '' at 'name' failed to satisfy constraint: \
                                         Member must have length greater than or equal to 1"
        ));
    }
}
