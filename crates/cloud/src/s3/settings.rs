//! The settings of a bucket: every operation that reads, puts or deletes one, and the one way in which all are changed.
//!
//! What a setting may say is its own module's: `cors`, `encryption`, `lifecycle`, `lock_operations`, `notification`, `ownership`,
//! `public_access`, `stored`, `tagging`, `versioning`, `website`.

use std::sync::Arc;

use http::StatusCode;
use s3s::S3Response;
use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::Bucket;
use super::s3s::call::Call;
use super::service::S3;
use super::store::Edit;
use super::{
    acl_operations, by_id, cors, encryption, lifecycle, lock_operations, notification, ownership, public_access, rules,
    stored, tagging, versioning, website,
};

/// A setting of a bucket as a client puts it.
#[derive(Debug, Clone)]
pub(crate) enum Setting {
    Acceleration(AccelerateConfiguration),
    /// An access control list by its name, as `public-read`.
    Acl(&'static str),
    /// All of a bucket's configurations of a kind, in place of those that it has.
    Analytics(Vec<AnalyticsConfiguration>),
    Cors(CORSConfiguration),
    Encryption(ServerSideEncryptionConfiguration),
    Inventory(Vec<InventoryConfiguration>),
    Lifecycle(BucketLifecycleConfiguration),
    /// The same, and where small objects stay.
    LifecycleAnd(BucketLifecycleConfiguration, String),
    Logging(BucketLoggingStatus),
    Metrics(Vec<MetricsConfiguration>),
    /// Every destination gets a test event; before that, its policy is asked whether S3 may send to it.
    Notification {
        configuration: NotificationConfiguration,
        /// Whether no policy is asked.
        skip_validation: bool,
    },
    ObjectLock(ObjectLockConfiguration),
    Ownership(OwnershipControls),
    Payment(RequestPaymentConfiguration),
    /// A bucket policy, JSON.
    Policy(String),
    PublicAccess(PublicAccessBlockConfiguration),
    Replication(ReplicationConfiguration),
    Tags(Tagging),
    Tiering(Vec<IntelligentTieringConfiguration>),
    Versioning(VersioningConfiguration),
    Website(WebsiteConfiguration),
}

/// A setting that a bucket can be without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SettingName {
    Cors,
    Encryption,
    Lifecycle,
    Ownership,
    Policy,
    PublicAccess,
    Replication,
    Tags,
    Website,
}

impl Setting {
    /// Refuses what S3 refuses before it looks for the bucket, and gives ids to rules that have none.
    fn prepare(&mut self, new_id: impl Fn() -> String) -> Result<()> {
        match self {
            Self::Encryption(given) => encryption::check(given),
            Self::Lifecycle(given) | Self::LifecycleAnd(given, _) => lifecycle::prepare(given, new_id),
            Self::Notification { configuration, .. } => rules::prepare(configuration, new_id),
            Self::Ownership(given) => ownership::of_controls(given).map(drop),
            Self::Versioning(given) => versioning::of_configuration(given).map(drop),
            _ => Ok(()),
        }
    }

    /// What a notice calls a setting that has no effect here.
    fn without_effect(&self) -> Option<&'static str> {
        match self {
            Self::Acceleration(_) => Some("transfer acceleration"),
            Self::Logging(given) => given.logging_enabled.as_ref().map(|_| "access logging"),
            Self::Payment(given) if given.payer.as_str() == Payer::REQUESTER => Some("who pays for requests"),
            Self::Replication(_) => Some("replication"),
            Self::Analytics(all) => by_id::name_of(all),
            Self::Inventory(all) => by_id::name_of(all),
            Self::Metrics(all) => by_id::name_of(all),
            Self::Tiering(all) => by_id::name_of(all),
            _ => None,
        }
    }

    /// Sets a bucket to it, or refuses what this bucket can't be set to.
    fn apply(self, call: &Call, edit: &mut Edit<'_>, bucket: &mut Bucket, new_id: impl Fn() -> String) -> Result<()> {
        match self {
            Self::Acceleration(given) => stored::accelerate(bucket, &given)?,
            Self::Acl(name) => acl_operations::set_named(bucket, name, call)?,
            Self::Analytics(all) => by_id::set(bucket, all)?,
            Self::Inventory(all) => by_id::set(bucket, all)?,
            Self::Metrics(all) => by_id::set(bucket, all)?,
            Self::Tiering(all) => by_id::set(bucket, all)?,
            Self::Cors(given) => {
                cors::check(&given)?;
                bucket.cors = Some(given);
            }
            Self::Encryption(given) => bucket.encryption = Some(given),
            Self::Lifecycle(given) => (bucket.lifecycle, bucket.least_to_move) = (Some(given), None),
            Self::LifecycleAnd(given, least) => (bucket.lifecycle, bucket.least_to_move) = (Some(given), Some(least)),
            Self::Logging(given) => stored::log(edit.docs(), bucket, given)?,
            Self::Notification { configuration, skip_validation } => {
                notification::set(edit, bucket, configuration, skip_validation, call)?;
            }
            Self::ObjectLock(given) => lock_operations::set(bucket, given)?,
            Self::Ownership(given) => ownership::set(bucket, &given)?,
            Self::Payment(given) => stored::charge(bucket, &given)?,
            Self::Policy(given) => public_access::set_policy(bucket, given, call)?,
            Self::PublicAccess(given) => bucket.public_access_block = Some(public_access::whole(&given)),
            Self::Replication(given) => stored::replicate(edit.docs(), bucket, given, new_id)?,
            Self::Tags(given) => bucket.tags = Some(tagging::of_bucket(given)?),
            Self::Versioning(given) => versioning::set(bucket, versioning::of_configuration(&given)?)?,
            Self::Website(given) => {
                website::check(&given)?;
                bucket.website = Some(given);
            }
        }
        Ok(())
    }
}

impl SettingName {
    fn clear(self, bucket: &mut Bucket) {
        match self {
            Self::Cors => bucket.cors = None,
            Self::Encryption => bucket.encryption = None,
            Self::Lifecycle => bucket.lifecycle = None,
            Self::Ownership => bucket.ownership = None,
            Self::Policy => bucket.policy = None,
            Self::PublicAccess => bucket.public_access_block = None,
            Self::Replication => bucket.stored.replication = None,
            Self::Tags => bucket.tags = None,
            Self::Website => bucket.website = None,
        }
    }
}

impl S3 {
    /// Sets the bucket `name` of the caller to something.
    ///
    /// # Errors
    /// Those of S3's own operation, e.g. `NoSuchBucket`, `AccessDenied`, `MalformedXML`, `MalformedPolicy`.
    pub(super) async fn put_setting(&self, call: &Call, name: &str, mut setting: Setting) -> Result<()> {
        setting.prepare(|| self.store.unique())?;
        let idle = setting.without_effect();
        self.change(|edit| {
            let mut bucket = Arc::unwrap_or_clone(Self::bucket_in(edit.docs(), call, name)?);
            setting.apply(call, edit, &mut bucket, || self.store.unique())?;
            edit.put_bucket(&bucket)
        })
        .await?;
        if let Some(idle) = idle {
            self.store.notice(&format!("the bucket {name} has {idle} set: it is stored, and has no effect here"));
        }
        Ok(())
    }

    /// Takes a setting from the bucket `name` of the caller, whether it has it or not.
    ///
    /// # Errors
    /// `NoSuchBucket`, `AccessDenied`.
    pub(super) async fn delete_setting(&self, call: &Call, name: &str, setting: SettingName) -> Result<()> {
        let clear = |edit: &mut Edit<'_>| {
            let mut bucket = Arc::unwrap_or_clone(Self::bucket_in(edit.docs(), call, name)?);
            setting.clear(&mut bucket);
            edit.put_bucket(&bucket)
        };
        match setting {
            // Also on a full disk: it goes with its stack.
            SettingName::Policy => self.change_freeing(clear).await,
            _ => self.change(clear).await,
        }
    }
}

/// Operations that read something of a bucket: each with the function that makes the answer from the bucket's record.
macro_rules! reads {
    ($($name:ident($input:ident) -> $output:ident = $read:expr;)*) => {
        impl S3 {
            $(
                pub(super) async fn $name(&self, call: &Call, input: $input) -> Result<S3Response<$output>> {
                    let read: fn(Bucket) -> Result<$output> = $read;
                    Ok(S3Response::new(read(Arc::unwrap_or_clone(self.bucket(call, &input.bucket)?))?))
                }
            )*
        }
    };
}

reads! {
    get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput) -> GetBucketAccelerateConfigurationOutput = stored::read_acceleration;
    get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = acl_operations::read;
    get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput = cors::read;
    get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput = encryption::read;
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput = lifecycle::read;
    get_bucket_logging(GetBucketLoggingInput) -> GetBucketLoggingOutput = stored::read_logging;
    get_bucket_notification_configuration(GetBucketNotificationConfigurationInput) -> GetBucketNotificationConfigurationOutput = notification::read;
    get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput = ownership::read;
    get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = public_access::read_policy;
    get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput = public_access::read_status;
    get_bucket_replication(GetBucketReplicationInput) -> GetBucketReplicationOutput = stored::read_replication;
    get_bucket_request_payment(GetBucketRequestPaymentInput) -> GetBucketRequestPaymentOutput = stored::read_payment;
    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = tagging::read;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = versioning::read;
    get_bucket_website(GetBucketWebsiteInput) -> GetBucketWebsiteOutput = website::read;
    get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput = lock_operations::read;
    get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput = public_access::read;
}

/// Operations that put a setting: each with the member of its input that is the setting, and the status of its answer.
macro_rules! puts {
    ($($name:ident($input:ident.$member:ident) -> $output:ident, $status:ident = $setting:ident;)*) => {
        impl S3 {
            $(
                pub(super) async fn $name(&self, call: &Call, input: $input) -> Result<S3Response<$output>> {
                    self.put_setting(call, &input.bucket, Setting::$setting(input.$member)).await?;
                    *call.status.lock() = Some(StatusCode::$status);
                    Ok(S3Response::new($output::default()))
                }
            )*
        }
    };
}

puts! {
    put_bucket_accelerate_configuration(PutBucketAccelerateConfigurationInput.accelerate_configuration) -> PutBucketAccelerateConfigurationOutput, OK = Acceleration;
    put_bucket_cors(PutBucketCorsInput.cors_configuration) -> PutBucketCorsOutput, OK = Cors;
    put_bucket_encryption(PutBucketEncryptionInput.server_side_encryption_configuration) -> PutBucketEncryptionOutput, OK = Encryption;
    put_bucket_logging(PutBucketLoggingInput.bucket_logging_status) -> PutBucketLoggingOutput, OK = Logging;
    put_bucket_ownership_controls(PutBucketOwnershipControlsInput.ownership_controls) -> PutBucketOwnershipControlsOutput, OK = Ownership;
    put_bucket_policy(PutBucketPolicyInput.policy) -> PutBucketPolicyOutput, NO_CONTENT = Policy;
    put_bucket_replication(PutBucketReplicationInput.replication_configuration) -> PutBucketReplicationOutput, OK = Replication;
    put_bucket_request_payment(PutBucketRequestPaymentInput.request_payment_configuration) -> PutBucketRequestPaymentOutput, OK = Payment;
    put_bucket_versioning(PutBucketVersioningInput.versioning_configuration) -> PutBucketVersioningOutput, OK = Versioning;
    put_bucket_website(PutBucketWebsiteInput.website_configuration) -> PutBucketWebsiteOutput, OK = Website;
    put_public_access_block(PutPublicAccessBlockInput.public_access_block_configuration) -> PutPublicAccessBlockOutput, OK = PublicAccess;
}

/// Operations that delete a setting.
macro_rules! deletes {
    ($($name:ident($input:ident) -> $output:ident = $setting:ident;)*) => {
        impl S3 {
            $(
                pub(super) async fn $name(&self, call: &Call, input: $input) -> Result<S3Response<$output>> {
                    self.delete_setting(call, &input.bucket, SettingName::$setting).await?;
                    *call.status.lock() = Some(StatusCode::NO_CONTENT);
                    Ok(S3Response::new($output::default()))
                }
            )*
        }
    };
}

deletes! {
    delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput = Cors;
    delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput = Encryption;
    delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput = Lifecycle;
    delete_bucket_ownership_controls(DeleteBucketOwnershipControlsInput) -> DeleteBucketOwnershipControlsOutput = Ownership;
    delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput = Policy;
    delete_bucket_replication(DeleteBucketReplicationInput) -> DeleteBucketReplicationOutput = Replication;
    delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput = Tags;
    delete_bucket_website(DeleteBucketWebsiteInput) -> DeleteBucketWebsiteOutput = Website;
    delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput = PublicAccess;
}

/// Operations that put a setting, and whose inputs or outputs say more than that.
impl S3 {
    pub(super) async fn put_bucket_lifecycle_configuration(
        &self,
        call: &Call,
        input: PutBucketLifecycleConfigurationInput,
    ) -> Result<S3Response<PutBucketLifecycleConfigurationOutput>> {
        let configuration = input.lifecycle_configuration.ok_or_else(Failure::malformed_xml)?;
        let least = lifecycle::least_to_move(input.transition_default_minimum_object_size.as_ref())?;
        self.put_setting(call, &input.bucket, Setting::LifecycleAnd(configuration, least.clone())).await?;
        Ok(S3Response::new(PutBucketLifecycleConfigurationOutput {
            transition_default_minimum_object_size: Some(least.into()),
        }))
    }

    pub(super) async fn put_bucket_tagging(
        &self,
        call: &Call,
        input: PutBucketTaggingInput,
    ) -> Result<S3Response<PutBucketTaggingOutput>> {
        let tagging = Tagging { tag_set: tagging::take(call).await? };
        self.put_setting(call, &input.bucket, Setting::Tags(tagging)).await?;
        *call.status.lock() = Some(StatusCode::NO_CONTENT);
        Ok(S3Response::new(PutBucketTaggingOutput::default()))
    }

    pub(super) async fn put_object_lock_configuration(
        &self,
        call: &Call,
        input: PutObjectLockConfigurationInput,
    ) -> Result<S3Response<PutObjectLockConfigurationOutput>> {
        // None is as wrong as one that isn't enabled.
        let given = input.object_lock_configuration.unwrap_or_default();
        self.put_setting(call, &input.bucket, Setting::ObjectLock(given)).await?;
        Ok(S3Response::new(PutObjectLockConfigurationOutput::default()))
    }

    pub(super) async fn put_bucket_notification_configuration(
        &self,
        call: &Call,
        input: PutBucketNotificationConfigurationInput,
    ) -> Result<S3Response<PutBucketNotificationConfigurationOutput>> {
        let setting = Setting::Notification {
            configuration: input.notification_configuration,
            skip_validation: input.skip_destination_validation.unwrap_or(false),
        };
        self.put_setting(call, &input.bucket, setting).await?;
        Ok(S3Response::new(PutBucketNotificationConfigurationOutput::default()))
    }
}
