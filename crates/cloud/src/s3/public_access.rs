//! A bucket's policy and its public access block: what the one opens and the other closes.
//!
//! Source: "Blocking public access to your Amazon S3 storage" (Amazon S3 User Guide). What it says of access control lists is in
//! [`acl`](super::acl).

use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::Bucket;
use super::s3s::call::Call;
use engine::policy::{Kind, Policy, PolicyError};

/// The largest bucket policy, in bytes ("Bucket policies for Amazon S3").
const MAX_POLICY: usize = 20 * 1024;

/// A bucket's policy, parsed; `None` for a bucket without one.
///
/// # Errors
/// The policy can't be parsed: it was put by a version that checked less. Whoever asks must let nobody in by it.
pub(crate) fn policy_of(bucket: &Bucket) -> std::result::Result<Option<Policy>, PolicyError> {
    bucket.policy.as_ref().map(|text| Policy::parse(text, Kind::Bucket)).transpose()
}

/// Whether `RestrictPublicBuckets` closes the bucket to everybody outside its account: its policy is public.
pub(crate) fn is_restricted(bucket: &Bucket, policy: Option<&Policy>) -> bool {
    let block = bucket.public_access_block.as_ref();
    block.and_then(|block| block.restrict_public_buckets) == Some(true) && policy.is_some_and(Policy::is_public)
}

/// The refusal of what a setting of the public access block prevents: `operation` on `resource`, e.g. `bucket/key`.
pub(super) fn prevented(call: &Call, operation: &str, resource: &str, what: &str, setting: &str) -> Failure {
    let message = format!(
        "User: {} is not authorized to perform: {operation} on resource: \"arn:aws:s3:::{resource}\" because {what} are \
         prevented by the {setting} setting in S3 Block Public Access.",
        call.cx.caller()
    );
    Failure::new(403, "AccessDenied", message)
}

/// Checks a policy for the bucket `name`.
///
/// # Errors
/// `PolicyTooLarge`; `MalformedPolicy` for what isn't a policy, or is one for another bucket.
pub(super) fn check_policy(text: &str, name: &str) -> Result<Policy> {
    let malformed = |message: &str| Failure::new(400, "MalformedPolicy", message);
    if text.len() > MAX_POLICY {
        return Err(Failure::new(400, "PolicyTooLarge", "Policies must not exceed 20480 bytes"));
    }
    let parsed: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let Some(serde_json::Value::Object(fields)) = parsed else {
        return Err(malformed("Policies must be valid JSON and the first byte must be '{'"));
    };
    let statements = match fields.get("Statement") {
        Some(serde_json::Value::Array(statements)) if statements.is_empty() => {
            return Err(malformed("Could not parse the policy: Statement is empty!"));
        }
        Some(serde_json::Value::Array(statements)) => statements.as_slice(),
        Some(statement) => std::slice::from_ref(statement),
        None => return Err(malformed("Missing required field Statement")),
    };
    let policy = Policy::parse(text, Kind::Bucket).map_err(|error| malformed(&error.to_string()))?;
    let resources = statements.iter().flat_map(|statement| [&statement["Resource"], &statement["NotResource"]]);
    let texts = resources.flat_map(|value| match value {
        serde_json::Value::Array(list) => list.iter().filter_map(serde_json::Value::as_str).collect(),
        one => one.as_str().into_iter().collect::<Vec<_>>(),
    });
    for resource in texts {
        if !names(resource, name) {
            return Err(malformed("Policy has invalid resource"));
        }
    }
    Ok(policy)
}

/// Whether a resource of a policy can be a bucket or what is in it.
fn names(resource: &str, bucket: &str) -> bool {
    let open = |text: &str| text.contains(['*', '?', '$']);
    let Some((_, path)) = resource.split_once(":s3:::").filter(|(head, _)| head.starts_with("arn:")) else {
        return open(resource);
    };
    let named = path.split('/').next().unwrap_or_default();
    named == bucket || open(named)
}

/// The policy of a bucket.
///
/// # Errors
/// `NoSuchBucketPolicy` without.
pub(super) fn read_policy(bucket: Bucket) -> Result<GetBucketPolicyOutput> {
    let policy = bucket.policy.ok_or_else(|| no_policy(&bucket.name))?;
    Ok(GetBucketPolicyOutput { policy: Some(policy) })
}

/// Whether the policy of a bucket is public.
///
/// # Errors
/// `NoSuchBucketPolicy` without.
pub(super) fn read_status(bucket: Bucket) -> Result<GetBucketPolicyStatusOutput> {
    // What can't be judged may let everybody in.
    let public = match policy_of(&bucket) {
        Ok(None) => return Err(no_policy(&bucket.name)),
        Ok(Some(policy)) => policy.is_public(),
        Err(_) => true,
    };
    Ok(GetBucketPolicyStatusOutput { policy_status: Some(PolicyStatus { is_public: Some(public) }) })
}

/// Gives a bucket a policy, which `call` puts.
///
/// # Errors
/// Those of [`check_policy`]; `AccessDenied` for a public one where `BlockPublicPolicy` is on.
pub(super) fn set_policy(bucket: &mut Bucket, text: String, call: &Call) -> Result<()> {
    let policy = check_policy(&text, &bucket.name)?;
    let block = bucket.public_access_block.as_ref();
    if block.and_then(|block| block.block_public_policy) == Some(true) && policy.is_public() {
        return Err(prevented(call, "s3:PutBucketPolicy", &bucket.name, "public policies", "BlockPublicPolicy"));
    }
    bucket.policy = Some(text);
    Ok(())
}

/// The public access block of a bucket.
///
/// # Errors
/// `NoSuchPublicAccessBlockConfiguration` without.
pub(super) fn read(bucket: Bucket) -> Result<GetPublicAccessBlockOutput> {
    let configuration = bucket.public_access_block.ok_or_else(|| {
        let message = "The public access block configuration was not found";
        Failure::new(404, "NoSuchPublicAccessBlockConfiguration", message).with("BucketName", bucket.name)
    })?;
    Ok(GetPublicAccessBlockOutput { public_access_block_configuration: Some(configuration) })
}

/// A public access block with all of its members: those that aren't given are off.
pub(super) fn whole(given: &PublicAccessBlockConfiguration) -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration {
        block_public_acls: Some(given.block_public_acls.unwrap_or(false)),
        block_public_policy: Some(given.block_public_policy.unwrap_or(false)),
        ignore_public_acls: Some(given.ignore_public_acls.unwrap_or(false)),
        restrict_public_buckets: Some(given.restrict_public_buckets.unwrap_or(false)),
    }
}

fn no_policy(bucket: &str) -> Failure {
    Failure::new(404, "NoSuchBucketPolicy", "The bucket policy does not exist").with("BucketName", bucket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(resource: &str) -> String {
        format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"111122223333"}},"Action":"s3:*","Resource":{resource}}}]}}"#
        )
    }

    #[test]
    fn policies_are_whole_and_for_their_bucket() {
        for good in
            [r#""arn:aws:s3:::b""#, r#"["arn:aws:s3:::b","arn:aws:s3:::b/k/*"]"#, r#""arn:aws:s3:::*""#, r#""*""#]
        {
            assert!(check_policy(&statement(good), "b").is_ok(), "{good}");
        }
        let malformed =
            ["", "[]", "{", r#"{"Version":"x"}"#, r#"{"Statement":[]}"#, r#"{"Statement":[{"Effect":"Allow"}]}"#];
        let elsewhere = [r#""arn:aws:s3:::c""#, r#""arn:aws:s3:::bb/*""#, r#""arn:aws:sqs:us-east-1:111122223333:b""#];
        let elsewhere = elsewhere.map(statement);
        for bad in malformed.into_iter().chain(elsewhere.iter().map(String::as_str)) {
            assert_eq!(check_policy(bad, "b").unwrap_err().code, "MalformedPolicy", "{bad}");
        }
    }
}
