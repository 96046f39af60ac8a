//! Identities that deliver: what IAM's documents say a role may do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Engine;
use super::policy::{Decision, Kind, Policy, Principal, Request, decide};

/// A role as the document `iam/role/<arn>` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    pub arn: String,
    pub id: String,
    pub name: String,
    pub path: String,
    /// Who may assume it: a policy document.
    pub trust: String,
    /// Inline policies by name.
    pub inline: BTreeMap<String, String>,
    /// ARNs of attached managed policies, whose documents lie under `iam/policy/<arn>`.
    pub attached: Vec<String>,
    pub description: String,
    pub max_session_seconds: u32,
    pub permissions_boundary: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub created: super::Millis,
}

/// A managed policy as the document `iam/policy/<arn>` holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    pub arn: String,
    pub id: String,
    pub name: String,
    pub path: String,
    pub document: String,
    pub description: String,
    pub tags: BTreeMap<String, String>,
    pub created: super::Millis,
    /// When the document was last changed.
    pub updated: super::Millis,
    /// The number of the default version; no other is kept.
    pub version: u32,
}

impl Engine {
    /// A role by its ARN.
    pub fn role(&self, arn: &str) -> Option<Role> {
        serde_json::from_slice(self.doc(&format!("iam/role/{arn}"))?).ok()
    }

    /// Whether `service` (such as `firehose.amazonaws.com`) may do `action` on `resource` through a role; else the reason.
    /// A role that this cloud doesn't know is let through unless it is strict.
    pub fn role_allows(&self, arn: &str, service: &str, action: &str, resource: &str) -> Result<(), String> {
        let Some(role) = self.role(arn) else {
            return if self.strict { Err(format!("the role {arn} does not exist")) } else { Ok(()) };
        };
        let account = arn.split(':').nth(4).unwrap_or_default();
        let assume = Request {
            principal: Principal::Service(service),
            action: "sts:AssumeRole",
            resource: arn,
            // Firehose gives the account as external id ("Controlling access with Amazon Data Firehose").
            context: &[("aws:SourceAccount", account), ("sts:ExternalId", account)],
        };
        let trusted =
            Policy::parse(&role.trust, Kind::Trust).is_ok_and(|trust| trust.decide(&assume) == Decision::Allow);
        if !trusted {
            return Err(format!("the role {arn} does not trust {service}"));
        }
        let request = Request { principal: Principal::Arn(arn), action, resource, context: &[] };
        let managed = role.attached.iter().filter_map(|policy| {
            let policy: ManagedPolicy = serde_json::from_slice(self.doc(&format!("iam/policy/{policy}"))?).ok()?;
            Some(policy.document)
        });
        let documents = role.inline.values().cloned().chain(managed);
        let policies: Vec<Policy> = documents.filter_map(|text| Policy::parse(&text, Kind::Identity).ok()).collect();
        match decide(&policies, &request) {
            Decision::Allow => Ok(()),
            Decision::ExplicitDeny => Err(format!("a policy of the role {arn} denies {action} on {resource}")),
            Decision::ImplicitDeny => Err(format!("no policy of the role {arn} allows {action} on {resource}")),
        }
    }
}
