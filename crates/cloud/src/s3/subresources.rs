//! The subresources that say what a bucket is like, and that an object hasn't.

/// Their names, as a query has them.
pub(super) const OF_BUCKETS: [&str; 19] = [
    "accelerate",
    "analytics",
    "cors",
    "intelligent-tiering",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "versioning",
    "website",
];
