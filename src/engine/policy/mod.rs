//! IAM policy documents: read, validated and evaluated.
//!
//! A statement applies if principal, action, resource and all conditions fit; a `Deny` that applies wins over every
//! `Allow`, and without an `Allow` the answer is no ("Policy evaluation logic").

mod condition;
mod keys;
mod parse;
mod pattern;
mod principal;
mod public;

use std::borrow::Cow;

use condition::{Operator, Value};
use pattern::Pattern;
pub use principal::{Named, Principal};

/// Where a policy hangs, which says what it must and must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On a queue, topic or bucket: names principals and resources.
    Resource,
    /// On a role or user: names resources, no principals.
    Identity,
    /// A role's trust policy: names principals, no resources.
    Trust,
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("{0}")]
    NotJson(String),
    /// The text is IAM's (`MalformedPolicyDocument`) where IAM has one; other services have their own.
    #[error("{0}")]
    Malformed(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone)]
enum Principals {
    /// Whoever the policy hangs on.
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
    known: bool,
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
    pub principal: Principal<'a>,
    /// With its service, e.g. `sqs:SendMessage`.
    pub action: &'a str,
    /// The ARN; a trust policy does not look at it.
    pub resource: &'a str,
    /// Condition keys and values, e.g. `aws:SourceArn`; a key with several values stands several times.
    /// `aws:PrincipalArn` and its like follow from the principal.
    pub context: &'a [(&'a str, &'a str)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allow,
    /// A statement says no.
    ExplicitDeny,
    /// No statement says yes.
    ImplicitDeny,
}

/// A decision and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub decision: Decision,
    /// The deciding statement's `Sid`, or `statement N` counted from 1.
    pub statement: Option<String>,
    /// Condition keys that can't be judged here; an `Allow` that depends on one does not apply.
    pub unknown_keys: Vec<String>,
}

impl Policy {
    pub fn parse(json: &str, kind: Kind) -> Result<Self, PolicyError> {
        parse::policy(json, kind)
    }

    /// Condition keys in the document that can't be judged here.
    pub fn unknown_keys(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(|s| &s.conditions).filter(|c| !c.known).map(|c| &*c.key)
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
        Verdict { decision, statement, unknown_keys: self.unknown_keys().map(str::to_owned).collect() }
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
        let principal = match &self.principals {
            Principals::Holder => true,
            Principals::Any(named) => named.iter().any(|n| n.covers(&request.principal)),
            Principals::Not(named) => !named.iter().any(|n| n.covers(&request.principal)),
        };
        principal && self.action(action) && self.resource(request) && self.conditions_hold(request)
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
        let fits = |p: &Pattern| p.matches(request.resource, &|key| request.variable(key));
        match &self.resources {
            Resources::Itself => true,
            Resources::Any(list) => list.iter().any(fits),
            Resources::Not(list) => !list.iter().any(fits),
        }
    }

    fn conditions_hold(&self, request: &Request<'_>) -> bool {
        self.conditions.iter().all(|condition| {
            // What can't be judged must not open a door.
            (condition.known || self.effect == Effect::Deny)
                && condition
                    .operator
                    .holds(&condition.values, &request.values(&condition.key), &|key| request.variable(key))
        })
    }
}

impl<'a> Request<'a> {
    /// The values of a condition key: as given, else as they follow from the principal.
    fn values(&self, key: &str) -> Vec<Cow<'a, str>> {
        let given: Vec<Cow<'a, str>> = self
            .context
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| Cow::Borrowed(*value))
            .collect();
        if given.is_empty() { self.derived(key).into_iter().collect() } else { given }
    }

    fn derived(&self, key: &str) -> Option<Cow<'a, str>> {
        let is = |name: &str| name.eq_ignore_ascii_case(key);
        if is("aws:PrincipalArn") {
            return self.principal.arn();
        }
        if is("aws:PrincipalAccount") {
            return self.principal.account().map(Cow::Borrowed);
        }
        if is("aws:PrincipalIsAWSService") {
            let service = matches!(self.principal, Principal::Service(_));
            return Some(Cow::Borrowed(if service { "true" } else { "false" }));
        }
        match self.principal {
            Principal::Service(name) if is("aws:PrincipalServiceName") => Some(Cow::Borrowed(name)),
            _ => None,
        }
    }

    /// A variable has a value only if its key has exactly one.
    fn variable(&self, key: &str) -> Option<Cow<'a, str>> {
        let mut values = self.values(key);
        if values.len() == 1 { values.pop() } else { None }
    }
}

#[cfg(test)]
mod tests;
