//! The properties of `AWS::S3::Bucket` that have no bearing on what is simulated: kept, shown, and told as without an effect.

use super::schema::{Field, Shape, boolean, integer, json, list, object, string, strings};

const TAG_FILTERS: Field = list("TagFilters", &Shape::Object(&[string("Key").required(), string("Value").required()]));
const REPORT: &[Field] =
    &[string("BucketAccountId"), string("BucketArn").required(), string("Format").required(), string("Prefix")];
const ANALYTICS: Shape = Shape::Object(&[
    string("Id").required(),
    string("Prefix"),
    object(
        "StorageClassAnalysis",
        &[object("DataExport", &[object("Destination", REPORT).required(), string("OutputSchemaVersion").required()])],
    )
    .required(),
    TAG_FILTERS,
]);
const TIERING: Shape = Shape::Object(&[
    string("Id").required(),
    string("Prefix"),
    string("Status").required(),
    TAG_FILTERS,
    list("Tierings", &Shape::Object(&[string("AccessTier").required(), integer("Days").required()])).required(),
]);
const INVENTORY: Shape = Shape::Object(&[
    object("Destination", REPORT).required(),
    boolean("Enabled").required(),
    string("Id").required(),
    string("IncludedObjectVersions").required(),
    strings("OptionalFields"),
    string("Prefix"),
    string("ScheduleFrequency").required(),
]);
const METRICS: Shape =
    Shape::Object(&[string("AccessPointArn"), string("Id").required(), string("Prefix"), TAG_FILTERS]);
const TRANSITION: &[Field] =
    &[string("StorageClass").required(), string("TransitionDate"), integer("TransitionInDays")];
const NONCURRENT_TRANSITION: &[Field] =
    &[integer("NewerNoncurrentVersions"), string("StorageClass").required(), integer("TransitionInDays").required()];

pub(super) const ABAC: Field = string("AbacStatus").stored();
pub(super) const ACCELERATION: Field =
    object("AccelerateConfiguration", &[string("AccelerationStatus").required()]).stored();
/// Access control lists are off on new buckets; what S3 refuses of them is refused.
pub(super) const ACCESS_CONTROL: Field = string("AccessControl").stored();
pub(super) const ANALYTICS_CONFIGURATIONS: Field = list("AnalyticsConfigurations", &ANALYTICS).stored();
pub(super) const TIERING_CONFIGURATIONS: Field = list("IntelligentTieringConfigurations", &TIERING).stored();
/// A report a day or a week of what is in the bucket.
pub(super) const INVENTORY_CONFIGURATIONS: Field = list("InventoryConfigurations", &INVENTORY).stored();
/// Access logs: S3 delivers them hours later, if at all.
pub(super) const LOGGING: Field = object(
    "LoggingConfiguration",
    &[string("DestinationBucketName"), string("LogFilePrefix"), json("TargetObjectKeyFormat")],
)
.stored();
pub(super) const METADATA: Field = object(
    "MetadataConfiguration",
    &[
        json("AnnotationTableConfiguration"),
        json("Destination"),
        json("InventoryTableConfiguration"),
        json("JournalTableConfiguration").required(),
    ],
)
.stored();
pub(super) const METADATA_TABLE: Field =
    object("MetadataTableConfiguration", &[json("S3TablesDestination").required()]).stored();
pub(super) const METRICS_CONFIGURATIONS: Field = list("MetricsConfigurations", &METRICS).stored();
/// Nothing listens on an event bus here.
pub(super) const EVENT_BRIDGE: Field =
    object("EventBridgeConfiguration", &[boolean("EventBridgeEnabled").required()]).stored();
pub(super) const BLOCKED_ENCRYPTION: Field = object("BlockedEncryptionTypes", &[strings("EncryptionType")]).stored();
/// Objects don't change their storage class by themselves here.
pub(super) const MOVES: [&str; 4] =
    ["NoncurrentVersionTransition", "NoncurrentVersionTransitions", "Transition", "Transitions"];
pub(super) const NONCURRENT_MOVE: Field = object(MOVES[0], NONCURRENT_TRANSITION).stored();
pub(super) const NONCURRENT_MOVES: Field = list(MOVES[1], &Shape::Object(NONCURRENT_TRANSITION)).stored();
pub(super) const MOVE: Field = object(MOVES[2], TRANSITION).stored();
pub(super) const MOVES_LIST: Field = list(MOVES[3], &Shape::Object(TRANSITION)).stored();
pub(super) const LEAST_TO_MOVE: Field = string("TransitionDefaultMinimumObjectSize").stored();
