//! IAM policy documents: read, validated and evaluated.
//!
//! A statement applies if principal, action, resource and all conditions fit; a `Deny` that applies wins over every
//! `Allow`, and without an `Allow` the answer is no ("Policy evaluation logic").

mod around;
mod condition;
mod parse;
mod pattern;
mod principal;
mod public;

use std::borrow::Cow;
use std::cell::Cell;

use around::Found;
pub use around::{Around, Via};
use condition::{Operator, Value};
use pattern::Pattern;
pub use principal::{Named, Principal};

/// Where a policy hangs, which says what it must and must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On a queue or topic: names principals and resources.
    Resource,
    /// On a bucket: as on a queue, but several statements may have one Sid. IAM, SNS and SQS want each to be unique
    /// ("IAM JSON policy elements: Sid"), S3 takes what it gets.
    Bucket,
    /// On a role or user: names resources, no principals.
    Identity,
    /// A role's trust policy: names principals, no resources.
    Trust,
}

impl Kind {
    fn hangs_on_resource(self) -> bool {
        matches!(self, Kind::Resource | Kind::Bucket)
    }
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The text is no JSON object.
    #[error("{0}")]
    NotJson(String),
    /// The text is IAM's (`MalformedPolicyDocument`) where IAM has one; other services have their own.
    #[error("{0}")]
    Malformed(String),
}

/// What a statement does with a request that it applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It lets the request pass, unless another statement denies it.
    Allow,
    /// It stops the request, whatever other statements say.
    Deny,
}

#[derive(Debug, Clone)]
enum Principals {
    /// The role or user that the policy hangs on.
    Holder,
    Any(Vec<Named>),
    Not(Vec<Named>),
}

/// In lower case: actions are compared without case.
#[derive(Debug, Clone)]
enum Actions {
    Any(Vec<Pattern>),
    Not(Vec<Pattern>),
}

#[derive(Debug, Clone)]
enum Resources {
    /// The role that the trust policy is of.
    Itself,
    Any(Vec<Pattern>),
    Not(Vec<Pattern>),
}

#[derive(Debug, Clone)]
struct Condition {
    operator: Operator,
    key: Box<str>,
    values: Vec<Value>,
    /// Whether each value is what the operator compares: a date, a number.
    sound: bool,
}

#[derive(Debug, Clone)]
struct Statement {
    sid: Option<Box<str>>,
    effect: Effect,
    principals: Principals,
    actions: Actions,
    resources: Resources,
    conditions: Vec<Condition>,
}

/// A validated policy document.
#[derive(Debug, Clone)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: Principal<'a>,
    /// With its service, e.g. `sqs:SendMessage`.
    pub action: &'a str,
    /// The ARN; a trust policy does not look at it.
    pub resource: &'a str,
    /// Condition keys and values, e.g. `aws:SourceArn`; a key with several values stands several times.
    /// `aws:PrincipalArn` and its like follow from the principal, others from what is around.
    pub context: &'a [(&'a str, &'a str)],
    /// What else is known of the request.
    pub around: Around<'a>,
}

/// What one or several policies say to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A statement says yes, and none says no.
    Allow,
    /// A statement says no.
    ExplicitDeny,
    /// No statement says yes.
    ImplicitDeny,
}

/// A decision and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What the policy says.
    pub decision: Decision,
    /// The deciding statement's `Sid`, or `statement N` counted from 1.
    pub statement: Option<String>,
}

impl Policy {
    /// Reads and validates a document.
    ///
    /// # Errors
    /// What is wrong with it, in AWS's words.
    pub fn parse(json: &str, kind: Kind) -> Result<Self, PolicyError> {
        parse::policy(json, kind)
    }

    /// What of the policy can't be judged in this request, as the end of a sentence; empty if all can.
    ///
    /// An `Allow` that depends on such a key doesn't apply, a `Deny` does: what can't be judged must not open a door.
    pub fn doubt(&self, request: &Request<'_>) -> String {
        let action = request.action.to_ascii_lowercase();
        let asked = self.statements.iter().filter(|statement| statement.speaks_of(&action, request));
        let unjudged =
            asked.flat_map(|statement| &statement.conditions).filter(|condition| condition.unjudged(request));
        let mut keys: Vec<&str> = unjudged.map(|condition| &*condition.key).collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            String::new()
        } else {
            format!("; what it says of {} can't be judged here", keys.join(", "))
        }
    }

    /// Whether a statement denies something.
    pub fn denies(&self) -> bool {
        self.statements.iter().any(|statement| statement.effect == Effect::Deny)
    }

    /// Whether what it says changes as time passes.
    pub(crate) fn is_timed(&self) -> bool {
        let timed = |key: &str| {
            let is = |name: &str| key.eq_ignore_ascii_case(name);
            is("aws:CurrentTime") || is("aws:EpochTime") || is("aws:TokenIssueTime")
        };
        self.statements.iter().any(|statement| {
            let resources = match &statement.resources {
                Resources::Itself => &[],
                Resources::Any(list) | Resources::Not(list) => list.as_slice(),
            };
            resources.iter().any(|pattern| pattern.has_variable(&timed))
                || statement.conditions.iter().any(|condition| {
                    timed(&condition.key) || condition.values.iter().any(|value| value.has_variable(&timed))
                })
        })
    }

    /// The ids of its statements that have one.
    pub fn sids(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().filter_map(|statement| statement.sid.as_deref())
    }

    /// Whether the policy, alone, lets the request pass.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        decide([self], request)
    }

    /// As [`Policy::decide`], and says why.
    pub fn explain(&self, request: &Request<'_>) -> Verdict {
        let (decision, index) = self.judge(request);
        let statement = index.and_then(|i| self.statements.get(i).map(|s| (i, s))).map(|(i, statement)| {
            statement.sid.as_deref().map_or_else(|| format!("statement {}", i + 1), str::to_owned)
        });
        Verdict { decision, statement }
    }

    fn judge(&self, request: &Request<'_>) -> (Decision, Option<usize>) {
        let mut answer = (Decision::ImplicitDeny, None);
        let action = request.action.to_ascii_lowercase();
        for (i, statement) in self.statements.iter().enumerate() {
            match statement.effect {
                Effect::Deny if statement.applies(&action, request) => return (Decision::ExplicitDeny, Some(i)),
                Effect::Allow if answer.0 == Decision::ImplicitDeny && statement.applies(&action, request) => {
                    answer = (Decision::Allow, Some(i));
                }
                _ => {}
            }
        }
        answer
    }
}

/// Several policies together, e.g. all of a role's.
pub fn decide<'p>(policies: impl IntoIterator<Item = &'p Policy>, request: &Request<'_>) -> Decision {
    let mut answer = Decision::ImplicitDeny;
    for policy in policies {
        match policy.judge(request).0 {
            Decision::ExplicitDeny => return Decision::ExplicitDeny,
            Decision::Allow => answer = Decision::Allow,
            Decision::ImplicitDeny => {}
        }
    }
    answer
}

impl Statement {
    /// `action` is the request's, in lower case.
    fn applies(&self, action: &str, request: &Request<'_>) -> bool {
        self.speaks_of(action, request) && self.conditions.iter().all(|condition| self.holds(condition, request))
    }

    /// Whether principal, action and resource fit.
    fn speaks_of(&self, action: &str, request: &Request<'_>) -> bool {
        let principal = match &self.principals {
            Principals::Holder => true,
            Principals::Any(named) => named.iter().any(|n| n.covers(&request.principal)),
            Principals::Not(named) => !named.iter().any(|n| n.covers(&request.principal)),
        };
        principal && self.action(action) && self.resource(request)
    }

    fn action(&self, action: &str) -> bool {
        // A pattern without a service, as old queue policies have it, is compared with the bare name.
        let bare = action.split_once(':').map_or(action, |(_, bare)| bare);
        let fits = |p: &Pattern| p.matches(action, &|_| None) || p.matches(bare, &|_| None);
        match &self.actions {
            Actions::Any(list) => list.iter().any(fits),
            Actions::Not(list) => !list.iter().any(fits),
        }
    }

    fn resource(&self, request: &Request<'_>) -> bool {
        self.judge(request, |value_of| {
            let fits = |p: &Pattern| p.matches(request.resource, value_of);
            match &self.resources {
                Resources::Itself => true,
                Resources::Any(list) => list.iter().any(fits),
                Resources::Not(list) => !list.iter().any(fits),
            }
        })
    }

    fn holds(&self, condition: &Condition, request: &Request<'_>) -> bool {
        match request.find(&condition.key) {
            Found::Values(values) if condition.sound => {
                self.judge(request, |value_of| condition.operator.holds(&condition.values, &values, value_of))
            }
            _ => self.in_doubt(),
        }
    }

    /// A test in which variables may stand; one whose variable can't be judged can't be either.
    fn judge<'a>(&self, request: &Request<'a>, test: impl FnOnce(ValueOf<'_, 'a>) -> bool) -> bool {
        let doubted = Cell::new(false);
        let holds = test(&|key| request.variable(key, &|| doubted.set(true)));
        if doubted.get() { self.in_doubt() } else { holds }
    }

    /// What can't be judged must not open a door.
    fn in_doubt(&self) -> bool {
        self.effect == Effect::Deny
    }
}

/// Gives variables their values.
type ValueOf<'f, 'a> = &'f dyn Fn(&str) -> Option<Cow<'a, str>>;

impl Condition {
    fn unjudged(&self, request: &Request<'_>) -> bool {
        let unjudged = |key: &str| matches!(request.find(key), Found::Unjudged);
        !self.sound || unjudged(&self.key) || self.values.iter().any(|value| value.has_variable(&unjudged))
    }
}

#[cfg(test)]
mod tests;
