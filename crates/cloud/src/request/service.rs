//! The services of this cloud, and what tells their requests apart.

use std::fmt;

use super::members::Members;
use super::operation::Operation;
use wire::{AwsError, Names, Payload, Protocol};

/// A service with a table of operations. S3 has none: it takes what no other claims.
pub struct Service {
    /// What the credential scope and the endpoint's host call it: `sqs`.
    pub id: &'static str,
    /// What people call it: `SQS`.
    pub title: &'static str,
    /// The API version that its query protocol's requests carry; `None` without a query protocol.
    pub version: Option<&'static str>,
    /// How the header `X-Amz-Target` begins, up to the dot, and which JSON is meant by it; `None` without a JSON protocol.
    pub target: Option<(&'static str, Protocol)>,
    /// The XML namespace of its answers.
    pub namespace: &'static str,
    /// How lists are written in its query protocol.
    pub names: Names,
    /// What stands before an error's code in JSON.
    pub error_prefix: &'static str,
    /// The longest request body, in bytes. The query protocol can make three bytes of one, JSON six.
    pub body_limit: usize,
    /// Sorted by name.
    pub operations: &'static [Operation],
    /// What AWS's model says of the members of its requests; `None` where the operations check all of it themselves.
    pub members: Option<&'static Members>,
    /// The names of AWS's operations that aren't simulated, between white space.
    pub absent: &'static str,
}

impl Service {
    /// An operation by its name.
    pub fn operation(&self, name: &str) -> Option<&'static Operation> {
        let operations: &'static [Operation] = self.operations;
        operations.binary_search_by_key(&name, |operation| operation.name).ok().map(|at| &operations[at])
    }

    /// Holds a request against AWS's model, which comes before all that its operation looks at.
    ///
    /// # Errors
    /// What the model doesn't allow.
    pub fn check(&self, payload: &Payload<'_>) -> Result<(), AwsError> {
        self.members.map_or(Ok(()), |members| members.check(payload))
    }

    /// The refusal of an operation of AWS's that isn't simulated: it is told from one that nobody knows. `None` for a name that
    /// AWS doesn't know either.
    pub fn refuse_absent(&self, operation: &str) -> Option<AwsError> {
        self.absent.split_ascii_whitespace().any(|name| name == operation).then(|| {
            let message = format!("{operation} is an operation of {} that this cloud does not simulate.", self.title);
            AwsError::new(501, "NotImplemented", message)
        })
    }
}

/// A service is one record: its id is enough.
impl PartialEq for Service {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Service {}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)
    }
}

/// All services of a cloud.
pub struct Services(pub &'static [&'static Service]);

impl Services {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &'static Service> + use<> {
        self.0.iter().copied()
    }

    /// By what the credential scope and the endpoint's host say.
    pub fn by_id(&self, id: &str) -> Option<&'static Service> {
        self.iter().find(|service| service.id == id)
    }

    /// By the `Version` of a query.
    pub fn by_version(&self, version: &str) -> Option<&'static Service> {
        self.iter().find(|service| service.version == Some(version))
    }

    /// By the first part of an `X-Amz-Target`, with the JSON protocol that this means.
    pub fn by_target(&self, target: &str) -> Option<(&'static Service, Protocol)> {
        self.iter()
            .find_map(|service| service.target.filter(|(name, _)| *name == target).map(|(_, json)| (service, json)))
    }
}
