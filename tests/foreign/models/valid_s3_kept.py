"""A valid request for each operation of S3 on what is kept beside objects: access control lists, settings without an effect, restores."""

EXPORT = {"S3BucketDestination": {"Bucket": "arn:aws:s3:::walked", "Format": "CSV"}}
BY_ID = {
    "Analytics": {"StorageClassAnalysis": {"DataExport": {"OutputSchemaVersion": "V_1", "Destination": EXPORT}}},
    "Inventory": {"Destination": EXPORT, "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"}},
    "IntelligentTiering": {"Status": "Enabled", "Tierings": [{"Days": 180, "AccessTier": "ARCHIVE_ACCESS"}]},
    "Metrics": {"Filter": {"Prefix": "p"}},
}
ENABLED = {"Status": "Enabled"}


def versioned(f):
    bucket = f.bucket()
    f.call("s3", "PutBucketVersioning", Bucket=bucket, VersioningConfiguration=ENABLED)
    return bucket


def replicated(f):
    rule = {"ID": "r", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": "p"}, "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{versioned(f)}"}}
    return {"Bucket": versioned(f), "ReplicationConfiguration": {"Role": "arn:aws:iam::000000000000:role/r", "Rules": [rule]}}


def with_replication(f):
    request = replicated(f)
    f.call("s3", "PutBucketReplication", **request)
    return {"Bucket": request["Bucket"]}


def logged(f):
    return {"Bucket": f.bucket(), "BucketLoggingStatus": {"LoggingEnabled": {"TargetBucket": f.bucket(), "TargetPrefix": "p"}}}


def listed(f):
    """A bucket whose access control lists count."""
    return f.bucket(ObjectOwnership="ObjectWriter")


def listed_object(f):
    bucket = listed(f)
    f.call("s3", "PutObject", Bucket=bucket, Key="k", Body=b"body")
    return {"Bucket": bucket, "Key": "k"}


def policy(f):
    """A list as a document."""
    owner = f.call("s3", "ListBuckets")["Owner"]
    grantee = {"Type": "CanonicalUser", "ID": owner["ID"]}
    return {"AccessControlPolicy": {"Owner": owner, "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}}


def archived(f):
    bucket = f.bucket()
    f.call("s3", "PutObject", Bucket=bucket, Key="k", Body=b"body", StorageClass="GLACIER")
    return {"Bucket": bucket, "Key": "k", "RestoreRequest": {"Days": 1, "GlacierJobParameters": {"Tier": "Bulk"}}}


def by_id(kind, given):
    """The operations of a kind of configurations."""
    member = f"{kind}Configuration"

    def put(f):
        return {"Bucket": f.bucket(), "Id": "i", member: given | {"Id": "i"}}

    def there(f):
        request = put(f)
        f.call("s3", f"PutBucket{member}", **request)
        return {"Bucket": request["Bucket"], "Id": "i"}

    def some(f):
        return {"Bucket": there(f)["Bucket"]}

    return {f"PutBucket{member}": put, f"GetBucket{member}": there, f"DeleteBucket{member}": there, f"ListBucket{member}s": some}


KEPT = {
    "DeleteBucketReplication": with_replication,
    "GetBucketReplication": with_replication,
    "PutBucketAccelerateConfiguration": lambda f: {"Bucket": f.bucket(), "AccelerateConfiguration": ENABLED},
    "PutBucketAcl": lambda f: {"Bucket": listed(f)} | policy(f),
    "PutBucketLogging": logged,
    "PutBucketReplication": replicated,
    "PutBucketRequestPayment": lambda f: {"Bucket": f.bucket(), "RequestPaymentConfiguration": {"Payer": "Requester"}},
    "PutObjectAcl": lambda f: listed_object(f) | policy(f),
    "RestoreObject": archived,
}
for kind, given in BY_ID.items():
    KEPT |= by_id(kind, given)
