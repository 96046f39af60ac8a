"""A valid request for each operation of S3."""

import datetime
import json

from .valid_s3_kept import KEPT

LATER = datetime.datetime(2099, 1, 1, tzinfo=datetime.timezone.utc)
CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
RULE = {"ID": "r", "Filter": {"Prefix": "p"}, "Status": "Enabled", "Expiration": {"Days": 1}}
ENCRYPTION = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
OWNERSHIP = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
WEBSITE = {"IndexDocument": {"Suffix": "index.html"}}
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
TAGGING = {"TagSet": [{"Key": "k", "Value": "v"}]}


def configured(operation, member, value):
    """A bucket that has such a configuration."""
    def make(f):
        bucket = f.bucket()
        f.call("s3", operation, Bucket=bucket, **{member: value})
        return {"Bucket": bucket}
    return make


def bucket_policy(bucket):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]})


def with_policy(f):
    bucket = f.bucket()
    f.call("s3", "PutBucketPolicy", Bucket=bucket, Policy=bucket_policy(bucket))
    return {"Bucket": bucket}


def put_policy(f):
    bucket = f.bucket()
    return {"Bucket": bucket, "Policy": bucket_policy(bucket)}


def locked(f):
    return f.object(ObjectLockEnabledForBucket=True)


def locked_bucket(f):
    return {"Bucket": f.bucket(ObjectLockEnabledForBucket=True)}


def held(f):
    place = locked(f)
    f.call("s3", "PutObjectLegalHold", **place, LegalHold={"Status": "ON"})
    return place


def retained(f):
    place = locked(f)
    f.call("s3", "PutObjectRetention", **place, Retention={"Mode": "GOVERNANCE", "RetainUntilDate": LATER})
    return place


def part(f):
    upload = f.upload()
    etag = f.call("s3", "UploadPart", **upload, PartNumber=1, Body=b"part")["ETag"]
    return upload | {"MultipartUpload": {"Parts": [{"ETag": etag, "PartNumber": 1}]}}


def copied(f):
    place = f.object()
    return {"Bucket": f.bucket(), "Key": "k", "CopySource": f"{place['Bucket']}/{place['Key']}"}


def part_copied(f):
    place = f.object()
    return f.upload() | {"PartNumber": 1, "CopySource": f"{place['Bucket']}/{place['Key']}"}


def notified(f):
    queue = f.queue()
    return {"Bucket": f.bucket(), "NotificationConfiguration": {"QueueConfigurations": [
        {"QueueArn": f.queue_arn(queue), "Events": ["s3:ObjectCreated:*"]}]}, "SkipDestinationValidation": True}


def of_bucket(f):
    return {"Bucket": f.bucket()}


def of_object(f):
    return f.object()


S3 = {
    "AbortMultipartUpload": lambda f: f.upload(),
    "CompleteMultipartUpload": part,
    "CopyObject": copied,
    "CreateBucket": lambda f: {"Bucket": f.name("walk-")},
    "CreateMultipartUpload": lambda f: {"Bucket": f.bucket(), "Key": "k"},
    "DeleteBucket": of_bucket,
    "DeleteBucketCors": of_bucket,
    "DeleteBucketEncryption": of_bucket,
    "DeleteBucketLifecycle": of_bucket,
    "DeleteBucketOwnershipControls": of_bucket,
    "DeleteBucketPolicy": of_bucket,
    "DeleteBucketTagging": of_bucket,
    "DeleteBucketWebsite": of_bucket,
    "DeleteObject": of_object,
    "DeleteObjectTagging": of_object,
    "DeleteObjects": lambda f: {"Bucket": f.bucket(), "Delete": {"Objects": [{"Key": "k"}]}},
    "DeletePublicAccessBlock": of_bucket,
    "GetBucketAccelerateConfiguration": of_bucket,
    "GetBucketAcl": of_bucket,
    "GetBucketCors": configured("PutBucketCors", "CORSConfiguration", CORS),
    "GetBucketEncryption": of_bucket,
    "GetBucketLifecycleConfiguration": configured("PutBucketLifecycleConfiguration", "LifecycleConfiguration", {"Rules": [RULE]}),
    "GetBucketLocation": of_bucket,
    "GetBucketLogging": of_bucket,
    "GetBucketNotificationConfiguration": of_bucket,
    "GetBucketOwnershipControls": of_bucket,
    "GetBucketPolicy": with_policy,
    "GetBucketPolicyStatus": with_policy,
    "GetBucketReplication": of_bucket,
    "GetBucketRequestPayment": of_bucket,
    "GetBucketTagging": configured("PutBucketTagging", "Tagging", TAGGING),
    "GetBucketVersioning": of_bucket,
    "GetBucketWebsite": configured("PutBucketWebsite", "WebsiteConfiguration", WEBSITE),
    "GetObject": of_object,
    "GetObjectAcl": of_object,
    "GetObjectAttributes": lambda f: f.object() | {"ObjectAttributes": ["ETag"]},
    "GetObjectLegalHold": held,
    "GetObjectLockConfiguration": locked_bucket,
    "GetObjectRetention": retained,
    "GetObjectTagging": of_object,
    "GetPublicAccessBlock": of_bucket,
    "HeadBucket": of_bucket,
    "HeadObject": of_object,
    "ListBuckets": lambda f: {"MaxBuckets": 10},
    "ListMultipartUploads": of_bucket,
    "ListObjectVersions": of_bucket,
    "ListObjects": of_bucket,
    "ListObjectsV2": of_bucket,
    "ListParts": lambda f: f.upload(),
    "PutBucketCors": lambda f: {"Bucket": f.bucket(), "CORSConfiguration": CORS},
    "PutBucketEncryption": lambda f: {"Bucket": f.bucket(), "ServerSideEncryptionConfiguration": ENCRYPTION},
    "PutBucketLifecycle": lambda f: {"Bucket": f.bucket(), "LifecycleConfiguration": {"Rules": [
        {"ID": "r", "Prefix": "p", "Status": "Enabled", "Expiration": {"Days": 1}}]}},
    "PutBucketLifecycleConfiguration": lambda f: {"Bucket": f.bucket(), "LifecycleConfiguration": {"Rules": [RULE]}},
    "PutBucketNotificationConfiguration": notified,
    "PutBucketOwnershipControls": lambda f: {"Bucket": f.bucket(), "OwnershipControls": OWNERSHIP},
    "PutBucketPolicy": put_policy,
    "PutBucketTagging": lambda f: {"Bucket": f.bucket(), "Tagging": TAGGING},
    "PutBucketVersioning": lambda f: {"Bucket": f.bucket(), "VersioningConfiguration": {"Status": "Enabled"}},
    "PutBucketWebsite": lambda f: {"Bucket": f.bucket(), "WebsiteConfiguration": WEBSITE},
    "PutObject": lambda f: {"Bucket": f.bucket(), "Key": "k", "Body": b"body"},
    "PutObjectLegalHold": lambda f: locked(f) | {"LegalHold": {"Status": "OFF"}},
    "PutObjectLockConfiguration": lambda f: locked_bucket(f) | {"ObjectLockConfiguration": {
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}},
    "PutObjectRetention": lambda f: locked(f) | {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": LATER}},
    "PutObjectTagging": lambda f: f.object() | {"Tagging": TAGGING},
    "PutPublicAccessBlock": lambda f: {"Bucket": f.bucket(), "PublicAccessBlockConfiguration": BLOCK},
    "UploadPart": lambda f: f.upload() | {"PartNumber": 1, "Body": b"part"},
    "UploadPartCopy": part_copied,
} | KEPT
