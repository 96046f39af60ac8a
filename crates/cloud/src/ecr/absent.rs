//! What AWS has here and this cloud has not: it is refused as such, not as if nobody had heard of it.

/// The names of operations that aren't simulated.
pub(super) const ABSENT: &str = "\
    BatchCheckLayerAvailability BatchGetImage BatchGetRepositoryScanningConfiguration CompleteLayerUpload \
    CreatePullThroughCacheRule CreateRepositoryCreationTemplate DeletePullThroughCacheRule DeleteRegistryPolicy \
    DeleteRepositoryCreationTemplate DeleteSigningConfiguration DeregisterPullTimeUpdateExclusion \
    DescribeImageReplicationStatus DescribeImageScanFindings DescribeImageSigningStatus \
    DescribePullThroughCacheRules DescribeRegistry DescribeReplicationBackfillResults \
    DescribeRepositoryCreationTemplates GetAccountSetting GetAuthorizationToken GetDownloadUrlForLayer \
    GetLifecyclePolicyPreview GetRegistryPolicy GetRegistryScanningConfiguration GetSigningConfiguration \
    InitiateLayerUpload ListImageReferrers ListPullTimeUpdateExclusions ListReplicationBackfills PutAccountSetting \
    PutImage PutRegistryPolicy PutRegistryScanningConfiguration PutReplicationConfiguration \
    PutSigningConfiguration RegisterPullTimeUpdateExclusion StartImageScan StartLifecyclePolicyPreview \
    StartReplicationBackfill StopReplicationBackfill UpdateImageStorageClass UpdatePullThroughCacheRule \
    UpdateRepositoryCreationTemplate UploadLayerPart ValidatePullThroughCacheRule";
