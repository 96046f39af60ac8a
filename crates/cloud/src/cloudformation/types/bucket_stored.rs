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
const STATUS: &[Field] = &[string("Status").required()];
const MINUTES: &[Field] = &[integer("Minutes").required()];
const DESTINATION: &[Field] = &[
    object("AccessControlTranslation", &[string("Owner").required()]),
    string("Account"),
    string("Bucket").required(),
    object("EncryptionConfiguration", &[string("ReplicaKmsKeyID").required()]),
    object("Metrics", &[object("EventThreshold", MINUTES), string("Status").required()]),
    object("ReplicationTime", &[string("Status").required(), object("Time", MINUTES).required()]),
    string("StorageClass"),
];
const REPLICATION_RULE: Shape = Shape::Object(&[
    object("DeleteMarkerReplication", &[string("Status")]),
    object("Destination", DESTINATION).required(),
    object(
        "Filter",
        &[
            object("And", &[string("Prefix"), TAG_FILTERS]),
            string("Prefix"),
            object("TagFilter", &[string("Key").required(), string("Value").required()]),
        ],
    ),
    string("Id"),
    string("Prefix"),
    integer("Priority"),
    object(
        "SourceSelectionCriteria",
        &[object("ReplicaModifications", STATUS), object("SseKmsEncryptedObjects", STATUS)],
    ),
    string("Status").required(),
]);

pub(super) const ABAC: Field = string("AbacStatus").stored();
pub(super) const ACCELERATION: Field =
    object("AccelerateConfiguration", &[string("AccelerationStatus").required()]).stored();
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
/// Nothing is copied to other buckets.
pub(super) const REPLICATION: Field =
    object("ReplicationConfiguration", &[string("Role").required(), list("Rules", &REPLICATION_RULE).required()])
        .stored();
