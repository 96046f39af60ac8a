//! What is wrong with a request's members, in the words of the service.

use wire::AwsError;

/// A constraint that a value breaks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Constraint {
    Null,
    /// The least or the greatest length.
    Length(Bound),
    /// The least or the greatest value.
    Value(Bound),
    Pattern(&'static str),
    Enum(String),
    /// A text in a list, or a key or a value of a map, breaks one of these: AWS tells all that its shape says.
    Each(&'static str, Vec<Constraint>),
}

/// The bound that a value is beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Least(i64),
    Most(i64),
}

/// A member that breaks a constraint.
#[derive(Debug)]
struct Wrong {
    path: String,
    /// `None` where it is a secret or too long to be told.
    value: Option<String>,
    constraint: Constraint,
}

/// The members that break a constraint, in the order of the request.
#[derive(Debug, Default)]
pub(super) struct Broken {
    constraints: Vec<Wrong>,
    /// What the service itself says, once its framework finds nothing wrong.
    own: Option<String>,
}

/// Beyond these bytes a value isn't told: no client can do with it what he couldn't without.
const LONGEST_VALUE: usize = 4_096;

impl Broken {
    pub(super) fn add(&mut self, path: String, value: Option<String>, constraint: Constraint) {
        let value = value.filter(|value| value.len() <= LONGEST_VALUE);
        self.constraints.push(Wrong { path, value, constraint });
    }

    /// Notes what a service says itself of a text: of the first that it looks at.
    pub(super) fn add_own(&mut self, member: &str, words: &str) {
        self.own.get_or_insert_with(|| format!("The specified value for {member} is invalid. {words}"));
    }
}

/// How a service tells of constraints that are broken.
#[derive(Debug, Clone, Copy)]
pub enum Words {
    /// All at once, under this code: `2 validation errors detected: Value 'x' at 'name' failed to satisfy constraint: ..; ..`.
    Framework(&'static str),
    /// ECR tells of one: `Invalid parameter at 'name' failed to satisfy constraint: '..'`.
    Registry(&'static str),
}

impl Words {
    /// The error, if anything is wrong.
    ///
    /// # Errors
    /// The service's, with HTTP status 400.
    pub(super) fn told(self, broken: Broken) -> Result<(), AwsError> {
        let Broken { constraints: broken, own } = broken;
        let Some(first) = broken.first() else {
            let (Self::Framework(code) | Self::Registry(code)) = self;
            return own.map_or(Ok(()), |own| Err(AwsError::bad(code, own)));
        };
        Err(match self {
            Self::Framework(code) => {
                let count = broken.len();
                let told: Vec<String> = broken.iter().map(framework).collect();
                let errors = if count == 1 { "error" } else { "errors" };
                AwsError::bad(code, format!("{count} validation {errors} detected: {}", told.join("; ")))
            }
            Self::Registry(code) => {
                let constraint = registry(&first.constraint);
                let message =
                    format!("Invalid parameter at '{}' failed to satisfy constraint: '{constraint}'", first.path);
                AwsError::bad(code, message)
            }
        })
    }
}

fn framework(wrong: &Wrong) -> String {
    let Wrong { path, value, constraint } = wrong;
    let constraint = member(constraint);
    match value {
        _ if wrong.constraint == Constraint::Null => {
            format!("Value null at '{path}' failed to satisfy constraint: {constraint}")
        }
        Some(value) => format!("Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"),
        None => format!("Value at '{path}' failed to satisfy constraint: {constraint}"),
    }
}

/// A constraint as the framework words it.
fn member(constraint: &Constraint) -> String {
    match constraint {
        Constraint::Null => "Member must not be null".to_owned(),
        Constraint::Length(bound) => format!("Member must have length {}", beyond(*bound)),
        Constraint::Value(bound) => format!("Member must have value {}", beyond(*bound)),
        Constraint::Pattern(pattern) => format!("Member must satisfy regular expression pattern: {pattern}"),
        Constraint::Enum(words) => format!("Member must satisfy enum value set: [{words}]"),
        Constraint::Each(who, each) => {
            let each: Vec<String> = each.iter().map(member).collect();
            format!("{who} must satisfy constraint: [{}]", each.join(", "))
        }
    }
}

/// A constraint as ECR words it.
fn registry(constraint: &Constraint) -> String {
    match constraint {
        Constraint::Null => "must not be null".to_owned(),
        Constraint::Length(bound) => format!("must have length {}", beyond(*bound)),
        Constraint::Value(bound) => format!("must have value {}", beyond(*bound)),
        Constraint::Pattern(pattern) => format!("must satisfy regular expression '{pattern}'"),
        Constraint::Enum(words) => format!("must satisfy enum value set: [{words}]"),
        Constraint::Each(_, each) => each.first().map_or_else(String::new, registry),
    }
}

fn beyond(bound: Bound) -> String {
    match bound {
        Bound::Least(least) => format!("greater than or equal to {least}"),
        Bound::Most(most) => format!("less than or equal to {most}"),
    }
}
