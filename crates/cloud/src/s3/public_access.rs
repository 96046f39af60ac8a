//! A bucket's policy and its public access block: what the one opens and the other closes.
//!
//! Source: "Blocking public access to your Amazon S3 storage" (Amazon S3 User Guide). ACLs are private here, so there are none
//! for `IgnorePublicAcls` to ignore.

use s3s::dto::*;
use s3s::{S3Request, S3Response};

use super::call::Call;
use super::error::{Failure, Result};
use super::record::Bucket;
use super::service::S3;
use engine::policy::{Kind, Policy, PolicyError};

/// The largest bucket policy, in bytes ("Bucket policies for Amazon S3").
const MAX_POLICY: usize = 20 * 1024;

/// Groups whose grants are public ("Access control list (ACL) overview").
const PUBLIC_GROUPS: [&str; 2] = ["/groups/global/AllUsers", "/groups/global/AuthenticatedUsers"];

/// A bucket's policy, to be judged by.
///
/// # Errors
/// One that can't be: it was put before policies were checked as a whole. Nobody may be let in past it.
pub fn policy_of(bucket: &Bucket) -> std::result::Result<Option<Policy>, PolicyError> {
    bucket.policy.as_ref().map(|text| Policy::parse(text, Kind::Resource)).transpose()
}

/// Whether `RestrictPublicBuckets` closes the bucket to everybody outside its account: its policy is public.
pub fn is_restricted(bucket: &Bucket, policy: Option<&Policy>) -> bool {
    let block = bucket.public_access_block.as_ref();
    block.and_then(|block| block.restrict_public_buckets) == Some(true) && policy.is_some_and(Policy::is_public)
}

/// Whether `BlockPublicAcls` refuses what a request's ACL headers ask for.
pub fn refuses_acl(call: &Call, block: Option<&PublicAccessBlockConfiguration>) -> bool {
    let canned = call.header("x-amz-acl");
    let public = canned.is_some_and(|acl| matches!(&*acl, "public-read" | "public-read-write" | "authenticated-read"));
    let grants = call.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-grant-"));
    let to_all = |name: &str| {
        let grantees = call.header(name).unwrap_or_default();
        PUBLIC_GROUPS.iter().any(|group| grantees.contains(group))
    };
    block.and_then(|block| block.block_public_acls) == Some(true) && (public || grants.into_iter().any(to_all))
}

/// Checks a policy for the bucket `name`.
///
/// # Errors
/// `PolicyTooLarge`; `MalformedPolicy` for what isn't a policy, or is one for another bucket.
pub fn check_policy(text: &str, name: &str) -> Result<Policy> {
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
    let policy = Policy::parse(text, Kind::Resource).map_err(|error| malformed(&error.to_string()))?;
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

impl S3 {
    pub(super) async fn get_bucket_policy(
        &self,
        call: &Call,
        request: S3Request<GetBucketPolicyInput>,
    ) -> Result<S3Response<GetBucketPolicyOutput>> {
        let bucket = self.bucket(call, &request.input.bucket)?;
        let policy = bucket.policy.ok_or_else(|| no_policy(&bucket.name))?;
        Ok(S3Response::new(GetBucketPolicyOutput { policy: Some(policy) }))
    }

    pub(super) async fn get_bucket_policy_status(
        &self,
        call: &Call,
        request: S3Request<GetBucketPolicyStatusInput>,
    ) -> Result<S3Response<GetBucketPolicyStatusOutput>> {
        let bucket = self.bucket(call, &request.input.bucket)?;
        // What can't be judged may let everybody in.
        let public = match policy_of(&bucket) {
            Ok(None) => return Err(no_policy(&bucket.name)),
            Ok(Some(policy)) => policy.is_public(),
            Err(_) => true,
        };
        let policy_status = Some(PolicyStatus { is_public: Some(public) });
        Ok(S3Response::new(GetBucketPolicyStatusOutput { policy_status }))
    }

    pub(super) async fn put_bucket_policy(
        &self,
        call: &Call,
        request: S3Request<PutBucketPolicyInput>,
    ) -> Result<S3Response<PutBucketPolicyOutput>> {
        let input = request.input;
        self.change_bucket(call, &input.bucket, |bucket| {
            let policy = check_policy(&input.policy, &bucket.name)?;
            let block = bucket.public_access_block.as_ref();
            if block.and_then(|block| block.block_public_policy) == Some(true) && policy.is_public() {
                let message = format!(
                    "User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::{}\" because public \
                     policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
                    call.cx.caller(),
                    bucket.name
                );
                return Err(Failure::new(403, "AccessDenied", message));
            }
            bucket.policy = Some(input.policy);
            Ok(())
        })
        .await?;
        Ok(S3Response::with_status(PutBucketPolicyOutput::default(), http::StatusCode::NO_CONTENT))
    }

    pub(super) async fn delete_bucket_policy(
        &self,
        call: &Call,
        request: S3Request<DeleteBucketPolicyInput>,
    ) -> Result<S3Response<DeleteBucketPolicyOutput>> {
        // Also on a full disk: it goes with its stack.
        self.change_freeing(|tx| {
            let mut bucket = Self::bucket_in(tx.docs(), call, &request.input.bucket)?;
            bucket.policy = None;
            tx.put_bucket(&bucket)
        })
        .await?;
        Ok(S3Response::with_status(DeleteBucketPolicyOutput::default(), http::StatusCode::NO_CONTENT))
    }

    pub(super) async fn get_public_access_block(
        &self,
        call: &Call,
        request: S3Request<GetPublicAccessBlockInput>,
    ) -> Result<S3Response<GetPublicAccessBlockOutput>> {
        let bucket = self.bucket(call, &request.input.bucket)?;
        let configuration = bucket.public_access_block.ok_or_else(|| {
            let message = "The public access block configuration was not found";
            Failure::new(404, "NoSuchPublicAccessBlockConfiguration", message).with("BucketName", bucket.name)
        })?;
        Ok(S3Response::new(GetPublicAccessBlockOutput { public_access_block_configuration: Some(configuration) }))
    }

    pub(super) async fn put_public_access_block(
        &self,
        call: &Call,
        request: S3Request<PutPublicAccessBlockInput>,
    ) -> Result<S3Response<PutPublicAccessBlockOutput>> {
        let input = request.input;
        let given = input.public_access_block_configuration;
        self.change_bucket(call, &input.bucket, |bucket| {
            bucket.public_access_block = Some(PublicAccessBlockConfiguration {
                block_public_acls: Some(given.block_public_acls.unwrap_or(false)),
                block_public_policy: Some(given.block_public_policy.unwrap_or(false)),
                ignore_public_acls: Some(given.ignore_public_acls.unwrap_or(false)),
                restrict_public_buckets: Some(given.restrict_public_buckets.unwrap_or(false)),
            });
            Ok(())
        })
        .await?;
        Ok(S3Response::new(PutPublicAccessBlockOutput::default()))
    }

    pub(super) async fn delete_public_access_block(
        &self,
        call: &Call,
        request: S3Request<DeletePublicAccessBlockInput>,
    ) -> Result<S3Response<DeletePublicAccessBlockOutput>> {
        self.change_bucket(call, &request.input.bucket, |bucket| {
            bucket.public_access_block = None;
            Ok(())
        })
        .await?;
        Ok(S3Response::with_status(DeletePublicAccessBlockOutput::default(), http::StatusCode::NO_CONTENT))
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
