//! Configurations of which a bucket has many, each with an id: of analytics, inventory, metrics and tiering. They are checked, kept
//! and shown, and nothing comes of them.
//!
//! Source: "PutBucketAnalyticsConfiguration", "PutBucketInventoryConfiguration", "PutBucketMetricsConfiguration",
//! "PutBucketIntelligentTieringConfiguration" and their like (Amazon S3 API reference).

use std::sync::Arc;

use http::StatusCode;
use s3s::S3Response;
use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::{Bucket, Stored};
use super::s3s::call::Call;
use super::service::S3;
use super::tagging::is_whole;

/// The most configurations of a kind ("PutBucketMetricsConfiguration", TooManyConfigurations).
const MAX: usize = 1_000;
/// How many a list shows at once ("ListBucketMetricsConfigurations").
const PAGE: usize = 100;
/// Characters of an id ("Creating a metrics configuration that filters by prefix, object tag, or access point").
const MAX_ID: usize = 64;

/// A kind of configuration.
pub(super) trait Kind: Clone {
    /// What a notice calls it.
    const NAME: &'static str;

    fn id(&self) -> &str;

    /// Whether S3 knows what it says.
    fn is_known(&self) -> bool;

    /// A bucket's, by their ids.
    fn all(stored: &Stored) -> &Vec<Self>;

    /// As [`all`](Self::all), to be changed.
    fn all_mut(stored: &mut Stored) -> &mut Vec<Self>;
}

fn is_arn_of_bucket(text: &str) -> bool {
    text.strip_prefix("arn:").and_then(|rest| rest.split_once(":s3:::")).is_some_and(|(_, name)| !name.is_empty())
}

impl Kind for AnalyticsConfiguration {
    const NAME: &'static str = "analytics";

    fn id(&self) -> &str {
        &self.id
    }

    fn is_known(&self) -> bool {
        let tagged = match &self.filter {
            Some(AnalyticsFilter::Tag(tag)) => is_whole(tag),
            Some(AnalyticsFilter::And(and)) => and.tags.iter().flatten().all(is_whole),
            _ => true,
        };
        tagged
            && self.storage_class_analysis.data_export.as_ref().is_none_or(|export| {
                let to = &export.destination.s3_bucket_destination;
                export.output_schema_version.as_str() == "V_1"
                    && to.format.as_str() == "CSV"
                    && is_arn_of_bucket(&to.bucket)
            })
    }

    fn all(stored: &Stored) -> &Vec<Self> {
        &stored.analytics
    }

    fn all_mut(stored: &mut Stored) -> &mut Vec<Self> {
        &mut stored.analytics
    }
}

impl Kind for InventoryConfiguration {
    const NAME: &'static str = "inventory";

    fn id(&self) -> &str {
        &self.id
    }

    fn is_known(&self) -> bool {
        const FIELDS: [&str; 15] = [
            "Size",
            "LastModifiedDate",
            "StorageClass",
            "ETag",
            "IsMultipartUploaded",
            "ReplicationStatus",
            "EncryptionStatus",
            "ObjectLockRetainUntilDate",
            "ObjectLockMode",
            "ObjectLockLegalHoldStatus",
            "IntelligentTieringAccessTier",
            "BucketKeyStatus",
            "ChecksumAlgorithm",
            "ObjectAccessControlList",
            "ObjectOwner",
        ];
        let to = &self.destination.s3_bucket_destination;
        matches!(to.format.as_str(), "CSV" | "ORC" | "Parquet")
            && is_arn_of_bucket(&to.bucket)
            && matches!(self.included_object_versions.as_str(), "All" | "Current")
            && matches!(self.schedule.frequency.as_str(), "Daily" | "Weekly")
            && self.optional_fields.iter().flatten().all(|field| FIELDS.contains(&field.as_str()))
    }

    fn all(stored: &Stored) -> &Vec<Self> {
        &stored.inventory
    }

    fn all_mut(stored: &mut Stored) -> &mut Vec<Self> {
        &mut stored.inventory
    }
}

impl Kind for MetricsConfiguration {
    const NAME: &'static str = "metrics";

    fn id(&self) -> &str {
        &self.id
    }

    fn is_known(&self) -> bool {
        match &self.filter {
            Some(MetricsFilter::Tag(tag)) => is_whole(tag),
            Some(MetricsFilter::And(and)) => and.tags.iter().flatten().all(is_whole),
            _ => true,
        }
    }

    fn all(stored: &Stored) -> &Vec<Self> {
        &stored.metrics
    }

    fn all_mut(stored: &mut Stored) -> &mut Vec<Self> {
        &mut stored.metrics
    }
}

impl Kind for IntelligentTieringConfiguration {
    const NAME: &'static str = "tiering";

    fn id(&self) -> &str {
        &self.id
    }

    /// "IntelligentTieringConfiguration", "Tiering" (API reference): archive after 90 days at least, deep archive after 180, and
    /// neither after more than two years.
    fn is_known(&self) -> bool {
        let known = |tiering: &Tiering| match tiering.access_tier.as_str() {
            "ARCHIVE_ACCESS" => (90..=730).contains(&tiering.days),
            "DEEP_ARCHIVE_ACCESS" => (180..=730).contains(&tiering.days),
            _ => false,
        };
        let filter = self.filter.as_ref();
        let several = filter.and_then(|filter| filter.and.as_ref()?.tags.as_ref());
        let mut tags = filter.and_then(|filter| filter.tag.as_ref()).into_iter().chain(several.into_iter().flatten());
        matches!(self.status.as_str(), "Enabled" | "Disabled")
            && tags.all(is_whole)
            && !self.tierings.is_empty()
            && self.tierings.iter().all(known)
    }

    fn all(stored: &Stored) -> &Vec<Self> {
        &stored.tiering
    }

    fn all_mut(stored: &mut Stored) -> &mut Vec<Self> {
        &mut stored.tiering
    }
}

fn missing() -> Failure {
    Failure::new(404, "NoSuchConfiguration", "The specified configuration does not exist.")
}

/// Refuses a configuration that S3 doesn't take.
fn check<T: Kind>(id: &str, given: &T) -> Result<()> {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if id != given.id() || !given.is_known() {
        return Err(Failure::malformed_xml());
    }
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(is_id) {
        return Err(Failure::new(400, "InvalidArgument", "The specified configuration id is not valid"));
    }
    Ok(())
}

fn too_many() -> Failure {
    let message =
        "You are attempting to create a new configuration but have already reached the 1,000-configuration limit.";
    Failure::new(400, "TooManyConfigurations", message)
}

/// Gives a bucket these configurations of a kind, in place of those that it has. Of two with one id the later counts.
///
/// # Errors
/// As of the operation that puts one.
pub(super) fn set<T: Kind>(bucket: &mut Bucket, given: Vec<T>) -> Result<()> {
    let mut all: Vec<T> = Vec::new();
    for one in given {
        check(one.id(), &one)?;
        match all.binary_search_by(|known| known.id().cmp(one.id())) {
            Ok(at) => all[at] = one,
            Err(_) if all.len() >= MAX => return Err(too_many()),
            Err(at) => all.insert(at, one),
        }
    }
    *T::all_mut(&mut bucket.stored) = all;
    Ok(())
}

/// What a notice calls configurations, if there are some.
pub(super) fn name_of<T: Kind>(all: &[T]) -> Option<&'static str> {
    (!all.is_empty()).then_some(T::NAME)
}

/// A page of a bucket's configurations, and the token of the next.
struct Page<T> {
    list: Option<Vec<T>>,
    next: Option<String>,
}

impl S3 {
    async fn put_by_id<T: Kind>(&self, call: &Call, bucket: &str, id: &str, given: T) -> Result<()> {
        let told = self
            .change(|edit| {
                let mut bucket = Arc::unwrap_or_clone(Self::bucket_in(edit.docs(), call, bucket)?);
                check(id, &given)?;
                let all = T::all_mut(&mut bucket.stored);
                match all.binary_search_by(|known| known.id().cmp(id)) {
                    Ok(at) => all[at] = given,
                    Err(_) if all.len() >= MAX => return Err(too_many()),
                    Err(at) => all.insert(at, given),
                }
                edit.put_bucket(&bucket)?;
                Ok(format!(
                    "the {} configuration {id} of the bucket {} is stored, and has no effect here",
                    T::NAME,
                    bucket.name
                ))
            })
            .await?;
        self.store.notice(&told);
        *call.status.lock() = Some(StatusCode::NO_CONTENT);
        Ok(())
    }

    fn get_by_id<T: Kind>(&self, call: &Call, bucket: &str, id: &str) -> Result<T> {
        let bucket = self.bucket(call, bucket)?;
        T::all(&bucket.stored).iter().find(|known| known.id() == id).cloned().ok_or_else(missing)
    }

    async fn delete_by_id<T: Kind>(&self, call: &Call, bucket: &str, id: &str) -> Result<()> {
        self.change(|edit| {
            let mut bucket = Arc::unwrap_or_clone(Self::bucket_in(edit.docs(), call, bucket)?);
            let all = T::all_mut(&mut bucket.stored);
            let at = all.iter().position(|known| known.id() == id).ok_or_else(missing)?;
            all.remove(at);
            edit.put_bucket(&bucket)
        })
        .await
    }

    fn list_by_id<T: Kind>(&self, call: &Call, bucket: &str, token: Option<&str>) -> Result<Page<T>> {
        let bucket = self.bucket(call, bucket)?;
        let wrong =
            || Failure::invalid_argument("The continuation token provided is incorrect", "continuation-token", "");
        let after = match token.filter(|token| !token.is_empty()) {
            Some(token) => hex::decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?,
            None => String::new(),
        };
        let mut rest = T::all(&bucket.stored).iter().filter(|known| known.id() > after.as_str());
        let list: Vec<T> = rest.by_ref().take(PAGE).cloned().collect();
        let next = rest.next().and(list.last()).map(|last| hex::encode(last.id()));
        Ok(Page { list: Some(list).filter(|list| !list.is_empty()), next })
    }
}

/// The operations of a kind: each with its input and output, and the members that are the configuration and the list of them.
macro_rules! operations {
    ($($kind:ident: $member:ident, $members:ident;
        $put:ident($put_in:ident -> $put_out:ident), $get:ident($get_in:ident -> $get_out:ident),
        $delete:ident($delete_in:ident -> $delete_out:ident), $list:ident($list_in:ident -> $list_out:ident);)*) => {
        impl S3 {
            $(
                pub(super) async fn $put(&self, call: &Call, input: $put_in) -> Result<S3Response<$put_out>> {
                    self.put_by_id(call, &input.bucket, &input.id, input.$member).await?;
                    Ok(S3Response::new($put_out::default()))
                }

                pub(super) async fn $get(&self, call: &Call, input: $get_in) -> Result<S3Response<$get_out>> {
                    let $member = Some(self.get_by_id(call, &input.bucket, &input.id)?);
                    Ok(S3Response::new($get_out { $member }))
                }

                pub(super) async fn $delete(&self, call: &Call, input: $delete_in) -> Result<S3Response<$delete_out>> {
                    self.delete_by_id::<$kind>(call, &input.bucket, &input.id).await?;
                    Ok(S3Response::new($delete_out::default()))
                }

                pub(super) async fn $list(&self, call: &Call, input: $list_in) -> Result<S3Response<$list_out>> {
                    let token = input.continuation_token;
                    let page = self.list_by_id(call, &input.bucket, token.as_deref())?;
                    Ok(S3Response::new($list_out {
                        continuation_token: token,
                        is_truncated: Some(page.next.is_some()),
                        $members: page.list,
                        next_continuation_token: page.next,
                    }))
                }
            )*
        }
    };
}

operations! {
    AnalyticsConfiguration: analytics_configuration, analytics_configuration_list;
    put_bucket_analytics_configuration(PutBucketAnalyticsConfigurationInput -> PutBucketAnalyticsConfigurationOutput),
    get_bucket_analytics_configuration(GetBucketAnalyticsConfigurationInput -> GetBucketAnalyticsConfigurationOutput),
    delete_bucket_analytics_configuration(DeleteBucketAnalyticsConfigurationInput -> DeleteBucketAnalyticsConfigurationOutput),
    list_bucket_analytics_configurations(ListBucketAnalyticsConfigurationsInput -> ListBucketAnalyticsConfigurationsOutput);
    InventoryConfiguration: inventory_configuration, inventory_configuration_list;
    put_bucket_inventory_configuration(PutBucketInventoryConfigurationInput -> PutBucketInventoryConfigurationOutput),
    get_bucket_inventory_configuration(GetBucketInventoryConfigurationInput -> GetBucketInventoryConfigurationOutput),
    delete_bucket_inventory_configuration(DeleteBucketInventoryConfigurationInput -> DeleteBucketInventoryConfigurationOutput),
    list_bucket_inventory_configurations(ListBucketInventoryConfigurationsInput -> ListBucketInventoryConfigurationsOutput);
    MetricsConfiguration: metrics_configuration, metrics_configuration_list;
    put_bucket_metrics_configuration(PutBucketMetricsConfigurationInput -> PutBucketMetricsConfigurationOutput),
    get_bucket_metrics_configuration(GetBucketMetricsConfigurationInput -> GetBucketMetricsConfigurationOutput),
    delete_bucket_metrics_configuration(DeleteBucketMetricsConfigurationInput -> DeleteBucketMetricsConfigurationOutput),
    list_bucket_metrics_configurations(ListBucketMetricsConfigurationsInput -> ListBucketMetricsConfigurationsOutput);
    IntelligentTieringConfiguration: intelligent_tiering_configuration, intelligent_tiering_configuration_list;
    put_bucket_intelligent_tiering_configuration(PutBucketIntelligentTieringConfigurationInput -> PutBucketIntelligentTieringConfigurationOutput),
    get_bucket_intelligent_tiering_configuration(GetBucketIntelligentTieringConfigurationInput -> GetBucketIntelligentTieringConfigurationOutput),
    delete_bucket_intelligent_tiering_configuration(DeleteBucketIntelligentTieringConfigurationInput -> DeleteBucketIntelligentTieringConfigurationOutput),
    list_bucket_intelligent_tiering_configurations(ListBucketIntelligentTieringConfigurationsInput -> ListBucketIntelligentTieringConfigurationsOutput);
}
