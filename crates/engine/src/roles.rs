//! Identities that deliver: what IAM's documents say a role may do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use text::arn;

use super::Engine;
use super::aws_policies::AwsPolicy;
use super::policy::{Around, Decision, Kind, Policy, Principal, Request, decide};

/// What the keys of all of IAM's documents begin with. The engine reads these documents itself, to know what may be delivered.
pub(super) const IAM: &str = "iam/";
/// How ARNs and keys call roles and managed policies.
const ROLE: &str = "role";
const POLICY: &str = "policy";

/// The key of the document of a role, user, policy and the like: by its kind, as its ARN has it (`role`), and its ARN.
pub fn entity_key(kind: &str, arn: &str) -> String {
    format!("{IAM}{kind}/{arn}")
}

/// What the keys of an account's documents of a kind begin with.
pub fn entities_prefix(kind: &str, account: &str) -> String {
    entity_key(kind, &format!("arn:aws:iam::{account}:{kind}/"))
}

/// A role, as its document holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// `arn:aws:iam::<account>:role<path><name>`.
    pub arn: String,
    /// The unique id, `AROA..`.
    pub id: String,
    /// Unique in its account, whatever the path.
    pub name: String,
    /// Begins and ends with `/`.
    pub path: String,
    /// Who may assume it: a policy document.
    pub trust: String,
    /// Inline policies by name.
    pub inline: BTreeMap<String, String>,
    /// ARNs of attached managed policies.
    pub attached: Vec<String>,
    /// What its owner says of it.
    pub description: String,
    /// The longest that a session may last.
    pub max_session_seconds: u32,
    /// The ARN of the managed policy that bounds what it may do.
    pub permissions_boundary: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created: super::Millis,
}

/// A managed policy, as its document holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManagedPolicy {
    /// `arn:aws:iam::<account>:policy<path><name>`.
    pub arn: String,
    /// The unique id, `ANPA..`.
    pub id: String,
    /// Unique in its account.
    pub name: String,
    /// Begins and ends with `/`.
    pub path: String,
    /// The policy document.
    pub document: String,
    /// What its owner says of it.
    pub description: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created.
    pub created: super::Millis,
    /// When the document was last changed.
    pub updated: super::Millis,
    /// The number of the default version.
    pub version: u32,
    /// When the default version was created; as `updated` if 0.
    #[serde(default)]
    pub version_created: super::Millis,
    /// The versions that aren't the default, by number.
    #[serde(default)]
    pub others: BTreeMap<u32, PolicyVersion>,
    /// The number of the newest version there was; as `version` if 0.
    #[serde(default)]
    pub newest: u32,
}

/// A version of a managed policy that isn't the default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// The policy document.
    pub document: String,
    /// When it was created.
    pub created: super::Millis,
}

/// What a service is to do through a role.
#[derive(Debug, Clone, Copy)]
pub struct Through<'a> {
    /// The role's ARN.
    pub role: &'a str,
    /// The account that handed the role to the service: of the stream, or of the subscription.
    pub holder: &'a str,
    /// Such as `firehose.amazonaws.com`.
    pub service: &'a str,
    /// Such as `s3:PutObject`.
    pub action: &'a str,
    /// An ARN.
    pub resource: &'a str,
    /// What is known around what is to be done, but for the role's part.
    pub around: Around<'a>,
    /// The ARN of what the service does it for: a stream, a topic.
    pub source: &'a str,
}

impl Engine {
    /// A role by its ARN.
    pub fn role(&self, arn: &str) -> Option<Role> {
        serde_json::from_slice(self.doc(&entity_key(ROLE, arn))?).ok()
    }

    /// Whether the role or user (`kind`) with this unique id is still there; its name is its account's only one of that name,
    /// whatever its path ("IAM identifiers", IAM User Guide).
    pub fn has_identity(&self, kind: &str, account: &str, name: &str, id: &str) -> bool {
        #[derive(Deserialize)]
        struct Identity {
            id: String,
        }
        let all = entities_prefix(kind, account);
        let ends = |key: &str| key.strip_suffix(name).is_some_and(|path| path.ends_with('/'));
        let is = |value: &[u8]| serde_json::from_slice::<Identity>(value).is_ok_and(|identity| identity.id == id);
        match self.doc(&format!("{all}{name}")) {
            Some(value) => is(value),
            None => self.docs(&all, "").any(|(key, value)| ends(key) && is(value)),
        }
    }

    /// Whether a service may do something through a role; else the reason. See [`Engine::assume`].
    pub fn role_allows(&self, through: &Through<'_>) -> Result<(), String> {
        self.assume(through)?.allows(through)
    }

    /// Has a service assume a role, or says why it can't: then [`AssumedRole::allows`] says what it may do through it.
    /// `action` and `resource` don't count here.
    ///
    /// A role serves its own account only ("Grant a user permissions to pass a role to an AWS service", IAM User Guide). One
    /// that this cloud doesn't know is let through to what is its own account's, unless the cloud is strict. What is another
    /// account's must let the role in besides, which is its owner's to ask.
    pub fn assume(&self, through: &Through<'_>) -> Result<AssumedRole, String> {
        let Through { role: arn, holder, service, around, source, .. } = *through;
        let account = arn::account(arn);
        if account != holder {
            return Err(format!("the role {arn} is another account's, and serves none but its own"));
        }
        let Some(role) = self.role(arn) else {
            let lenient = !self.strict() && around.owner == account;
            return if lenient { Ok(AssumedRole(None)) } else { Err(format!("the role {arn} does not exist")) };
        };
        let assume = Request {
            principal: Principal::Service(service),
            action: "sts:AssumeRole",
            resource: arn,
            // Firehose gives the account as external id ("Controlling access with Amazon Data Firehose").
            context: &[("aws:SourceArn", source), ("aws:SourceAccount", account), ("sts:ExternalId", account)],
            around: Around { resource_tags: Some(&role.tags), ..Around::service(around.now, around.region, account) },
        };
        let trust = Policy::parse(&role.trust, Kind::Trust).ok();
        if trust.as_ref().is_none_or(|trust| trust.decide(&assume) != Decision::Allow) {
            let doubt = trust.map(|trust| trust.doubt(&assume)).unwrap_or_default();
            return Err(format!("the role {arn} does not trust {service}{doubt}"));
        }
        let policies = self.policies_of(&role);
        let boundary = role.permissions_boundary.as_deref().map(|boundary| self.boundary(boundary));
        Ok(AssumedRole(Some(Known { role, policies, boundary })))
    }

    /// Whether what a role may do changes as time passes.
    pub(super) fn is_timed_role(&self, arn: &str) -> bool {
        let Some(role) = self.role(arn) else { return false };
        let boundary = role.permissions_boundary.as_deref().and_then(|boundary| self.boundary(boundary));
        let trust = Policy::parse(&role.trust, Kind::Trust).ok();
        self.policies_of(&role).iter().chain(&boundary).chain(&trust).any(Policy::is_timed)
    }

    /// A role's policies, inline and managed. One that can't be read lets nobody do anything.
    fn policies_of(&self, role: &Role) -> Vec<Policy> {
        let managed = role.attached.iter().filter_map(|policy| self.managed(policy));
        let documents = role.inline.values().cloned().chain(managed);
        documents.filter_map(|text| Policy::parse(&text, Kind::Identity).ok()).collect()
    }

    fn boundary(&self, arn: &str) -> Option<Policy> {
        Policy::parse(&self.managed(arn)?, Kind::Identity).ok()
    }

    /// A managed policy's document: the account's own, or AWS's.
    fn managed(&self, arn: &str) -> Option<String> {
        if AwsPolicy::is_arn(arn) {
            return AwsPolicy::find(arn)?.document.map(str::to_owned);
        }
        let policy: ManagedPolicy = serde_json::from_slice(self.doc(&entity_key(POLICY, arn))?).ok()?;
        Some(policy.document)
    }
}

/// The end of a sentence that names those of AWS's policies whose documents aren't known here; empty if there are none.
fn unknown<'a>(arns: impl IntoIterator<Item = &'a String>) -> String {
    let without = |arn: &&str| AwsPolicy::is_arn(arn) && AwsPolicy::find(arn).is_none_or(|it| it.document.is_none());
    let arns: Vec<&str> = arns.into_iter().map(String::as_str).filter(without).collect();
    if arns.is_empty() { String::new() } else { format!("; the document of {} isn't known here", arns.join(", ")) }
}

/// A role that a service has assumed, with its policies parsed.
pub struct AssumedRole(Option<Known>);

struct Known {
    role: Role,
    policies: Vec<Policy>,
    /// None if no permissions boundary is set; the inner one is none if it can't be read, and then nothing is within it.
    boundary: Option<Option<Policy>>,
}

impl AssumedRole {
    /// The role; none if this cloud doesn't know it, and lets it through.
    pub fn role(&self) -> Option<&Role> {
        self.0.as_ref().map(|known| &known.role)
    }

    /// Whether the service may do something through the role; else the reason. `through` names the role that was assumed.
    pub fn allows(&self, through: &Through<'_>) -> Result<(), String> {
        let Some(Known { role, policies, boundary }) = &self.0 else { return Ok(()) };
        let Through { role: arn, action, resource, around, .. } = *through;
        // A service takes a new session each time, which has no second factor.
        let around = Around { temporary: true, issued: Some(around.now), principal_tags: Some(&role.tags), ..around };
        let request = Request { principal: Principal::Arn(arn), action, resource, context: &[], around };
        let doubt =
            || policies.iter().map(|policy| policy.doubt(&request)).collect::<String>() + &unknown(&role.attached);
        match decide(policies, &request) {
            Decision::Allow => {}
            Decision::ExplicitDeny => {
                return Err(format!("a policy of the role {arn} denies {action} on {resource}{}", doubt()));
            }
            Decision::ImplicitDeny => {
                return Err(format!("no policy of the role {arn} allows {action} on {resource}{}", doubt()));
            }
        }
        // What a boundary doesn't allow no policy can ("Permissions boundaries for IAM entities").
        let Some(policy) = boundary else { return Ok(()) };
        if policy.as_ref().is_some_and(|policy| policy.decide(&request) == Decision::Allow) {
            return Ok(());
        }
        let doubt = policy.as_ref().map(|policy| policy.doubt(&request)).unwrap_or_default();
        let doubt = doubt + &unknown(&role.permissions_boundary);
        Err(format!("the permissions boundary of the role {arn} does not allow {action} on {resource}{doubt}"))
    }
}
