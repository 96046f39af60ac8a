//! Managed policies: an account's own, and those that AWS manages for everybody.

use super::members::VALIDATION_ERROR;
use super::store::{Entity, NO_SUCH_ENTITY, id_of};
use crate::request::Context;
use engine::roles::entity_key;
use engine::{AwsPolicy, Engine, ManagedPolicy};
use text::arn::Arn;
use wire::{AwsError, check};

impl Entity for ManagedPolicy {
    const KIND: &'static str = "policy";
    const MEMBER: &'static str = "policyArn";

    fn arn(&self) -> &str {
        &self.arn
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn absent(arn: &str) -> String {
        format!("Policy {arn} was not found.")
    }

    fn taken(name: &str) -> String {
        format!("A policy called {name} already exists. Duplicate names are not allowed.")
    }

    /// Of the caller's own: what requests name by its ARN, to change it.
    fn find(engine: &Engine, cx: &Context, arn: &str) -> Result<Self, AwsError> {
        own(engine, cx, arn, "TagPolicy")
    }
}

/// A managed policy of the caller's account by its ARN.
///
/// # Errors
/// `AccessDenied` for another account's, whether there is one or not: managed policies have no policy that could let others
/// in. `NoSuchEntity`.
pub(super) fn own(engine: &Engine, cx: &Context, arn: &str, action: &str) -> Result<ManagedPolicy, AwsError> {
    if Arn::parse(arn).is_none_or(|arn| arn.account == &*cx.account) {
        let found = engine.doc(&entity_key(ManagedPolicy::KIND, arn));
        let found = found.and_then(|bytes| serde_json::from_slice(bytes).ok());
        return found.ok_or_else(|| AwsError::new(404, NO_SUCH_ENTITY, ManagedPolicy::absent(arn)));
    }
    let message = format!(
        "User: {} is not authorized to perform: iam:{action} on resource: policy {arn} because no resource-based policy allows \
         the iam:{action} action",
        cx.caller()
    );
    Err(AwsError::new(403, "AccessDenied", message))
}

/// A managed policy that the caller may look at: his account's, or one of AWS's; with an empty document if that isn't known.
///
/// # Errors
/// Those of [`own`].
pub(super) fn find(engine: &Engine, cx: &Context, arn: &str, action: &str) -> Result<ManagedPolicy, AwsError> {
    if !is_of_aws(cx, arn) {
        return own(engine, cx, arn, action);
    }
    let found = AwsPolicy::find(arn).map(|policy| ManagedPolicy { arn: arn.to_owned(), ..of_aws(policy) });
    found.ok_or_else(|| AwsError::new(404, NO_SUCH_ENTITY, ManagedPolicy::absent(arn)))
}

/// Whether an ARN is of a policy that AWS manages in the partition of the caller's region, known or not.
pub(super) fn is_of_aws(cx: &Context, arn: &str) -> bool {
    let partition = arn.split(':').nth(1);
    AwsPolicy::is_arn(arn) && partition == Some(text::regions::partition(&cx.region))
}

/// A policy of AWS's.
pub(super) fn of_aws(policy: &AwsPolicy) -> ManagedPolicy {
    let arn = policy.arn();
    // AWS's ids of them aren't known: these are of the same shape, and always the same (FNV-1a, 128 bits).
    let bits = arn.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    ManagedPolicy {
        id: id_of("ANPA", bits),
        name: policy.name().to_owned(),
        path: policy.path().to_owned(),
        document: policy.document.unwrap_or_default().to_owned(),
        description: String::new(),
        tags: Default::default(),
        created: policy.created,
        updated: policy.updated,
        version: policy.version,
        version_created: policy.updated,
        others: Default::default(),
        newest: policy.version,
        arn,
    }
}

/// Tells the operator that `whom` got a policy of AWS's whose document isn't known here.
pub(super) fn tell_if_unknown(cx: &Context, whom: &str, arn: &str) {
    let unknown = match AwsPolicy::find(arn) {
        Some(policy) if policy.document.is_none() => "its document isn't known here",
        None if AwsPolicy::is_arn(arn) => "no policy of this name is known here",
        _ => return,
    };
    cx.cloud.notice(&format!("{arn} was attached to {whom}, but {unknown}: it allows nothing"));
}

/// Which uses of a policy count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    pub attached: bool,
    pub boundary: bool,
}

/// "ListPolicies": `PolicyUsageFilter`.
pub(super) fn usage_filter(filter: Option<&str>) -> Result<Usage, AwsError> {
    match filter {
        None => Ok(Usage { attached: true, boundary: true }),
        Some("PermissionsPolicy") => Ok(Usage { attached: true, boundary: false }),
        Some("PermissionsBoundary") => Ok(Usage { attached: false, boundary: true }),
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [PermissionsPolicy, PermissionsBoundary]";
            Err(check::failed(VALIDATION_ERROR, other, "policyUsageFilter", constraint))
        }
    }
}
