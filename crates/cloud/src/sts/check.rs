//! STS's checks of parameters, in the words of AWS's model: all that is wrong is told at once.

use wire::AwsError;

/// What is wrong with a request.
#[derive(Default)]
pub struct Checks(Vec<String>);

impl Checks {
    /// A text of `from` to `to` characters, letters, digits, `_` and `others`; `pattern` is how AWS writes that.
    pub fn text(&mut self, value: Option<&str>, member: &str, (from, to): (usize, usize), others: &str, pattern: &str) {
        let Some(value) = value else { return self.fail("null", member, "Member must not be null") };
        let shown = format!("'{value}'");
        if !value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || others.contains(c)) {
            self.fail(&shown, member, &format!("Member must satisfy regular expression pattern: {pattern}"));
        }
        let length = value.chars().count();
        if length < from {
            self.fail(&shown, member, &format!("Member must have length greater than or equal to {from}"));
        } else if length > to {
            self.fail(&shown, member, &format!("Member must have length less than or equal to {to}"));
        }
    }

    /// A number from `from` to `to`.
    pub fn number(&mut self, value: Option<i64>, member: &str, (from, to): (i64, i64)) {
        let Some(value) = value else { return };
        let shown = format!("'{value}'");
        if value < from {
            self.fail(&shown, member, &format!("Member must have value greater than or equal to {from}"));
        } else if value > to {
            self.fail(&shown, member, &format!("Member must have value less than or equal to {to}"));
        }
    }

    fn fail(&mut self, value: &str, member: &str, constraint: &str) {
        self.0.push(format!("Value {value} at '{member}' failed to satisfy constraint: {constraint}"));
    }

    /// `ValidationError` if anything was wrong.
    pub fn done(self) -> Result<(), AwsError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let (count, errors) = (self.0.len(), if self.0.len() == 1 { "error" } else { "errors" });
        Err(invalid(format!("{count} validation {errors} detected: {}", self.0.join("; "))))
    }
}

/// An argument that is wrong, in these words.
pub fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationError", message)
}

/// What isn't simulated is refused by its parameter's name.
pub fn refuse(given: &[(&str, bool)]) -> Result<(), AwsError> {
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(AwsError::new(501, "NotImplemented", format!("{name} is not simulated here."))),
        None => Ok(()),
    }
}
