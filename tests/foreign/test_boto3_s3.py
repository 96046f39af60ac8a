"""S3 by boto3: what lands and what is uploaded, by both styles of address and by bare URLs."""

import hashlib
import io
import json
import re
import socket
import urllib.error
import urllib.request

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

BUCKET = "things"
MIB = 1 << 20


@pytest.fixture(scope="module")
def s3(cloud, calls):
    s3 = calls.of(cloud.client("s3", s3={"addressing_style": "path"}))
    s3.create_bucket(Bucket=BUCKET)
    return s3


def refused(call, **input):
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]["Code"]


def read(s3, key, **more):
    return s3.get_object(Bucket=BUCKET, Key=key, **more)["Body"].read()


def http(method, url, body=None, **headers):
    """Status, headers and body of a plain HTTP request."""
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_buckets(s3):
    s3.create_bucket(Bucket="another", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert {"another", BUCKET} <= set(names)
    assert s3.head_bucket(Bucket="another")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert s3.get_bucket_location(Bucket="another")["LocationConstraint"] == "eu-west-1"
    s3.put_object(Bucket="another", Key="x", Body=b"x")
    assert refused(s3.delete_bucket, Bucket="another") == "BucketNotEmpty"
    s3.delete_object(Bucket="another", Key="x")
    s3.delete_bucket(Bucket="another")
    assert refused(s3.head_bucket, Bucket="another") == "404"
    assert refused(s3.list_objects_v2, Bucket="another") == "NoSuchBucket"
    assert refused(s3.create_bucket, Bucket="No") == "InvalidBucketName"


def test_configurations_are_kept(s3):
    tags = [{"Key": "team", "Value": "data"}]
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=BUCKET)
    assert refused(s3.get_bucket_tagging, Bucket=BUCKET) == "NoSuchTagSet"

    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
              "Resource": f"arn:aws:s3:::{BUCKET}/never/*"}]}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    assert json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"]) == policy
    assert s3.get_bucket_policy_status(Bucket=BUCKET)["PolicyStatus"] == {"IsPublic": False}
    s3.delete_bucket_policy(Bucket=BUCKET)
    assert refused(s3.get_bucket_policy, Bucket=BUCKET) == "NoSuchBucketPolicy"

    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    [shown] = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert shown | rule == shown
    s3.delete_bucket_encryption(Bucket=BUCKET)

    block = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"] == block
    s3.delete_public_access_block(Bucket=BUCKET)

    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=BUCKET, OwnershipControls=rules)
    assert s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"] == rules
    s3.delete_bucket_ownership_controls(Bucket=BUCKET)

    cors = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://example.com"]}]}
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration=cors)
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"] == cors["CORSRules"]
    s3.delete_bucket_cors(Bucket=BUCKET)
    assert refused(s3.get_bucket_cors, Bucket=BUCKET) == "NoSuchCORSConfiguration"

    site = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}}
    s3.put_bucket_website(Bucket=BUCKET, WebsiteConfiguration=site)
    shown = s3.get_bucket_website(Bucket=BUCKET)
    assert {name: shown[name] for name in site} == site
    s3.delete_bucket_website(Bucket=BUCKET)
    assert refused(s3.get_bucket_website, Bucket=BUCKET) == "NoSuchWebsiteConfiguration"

    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "landing_date="}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"] == [rule]
    s3.put_object(Bucket=BUCKET, Key="landing_date=2026-01-01/x", Body=b"x")
    assert 'rule-id="old"' in s3.head_object(Bucket=BUCKET, Key="landing_date=2026-01-01/x")["Expiration"]
    s3.delete_bucket_lifecycle(Bucket=BUCKET)
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket=BUCKET) == "NoSuchLifecycleConfiguration"


def test_settings_without_effect_are_kept(s3):
    s3.create_bucket(Bucket="idle")
    s3.put_bucket_versioning(Bucket="idle", VersioningConfiguration={"Status": "Enabled"})
    s3.create_bucket(Bucket="there")
    s3.put_bucket_versioning(Bucket="there", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_accelerate_configuration(Bucket="idle", AccelerateConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_accelerate_configuration(Bucket="idle")["Status"] == "Enabled"
    s3.put_bucket_request_payment(Bucket="idle", RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket="idle")["Payer"] == "Requester"
    logging = {"TargetBucket": "there", "TargetPrefix": "log/", "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}}
    s3.put_bucket_logging(Bucket="idle", BucketLoggingStatus={"LoggingEnabled": logging})
    assert s3.get_bucket_logging(Bucket="idle")["LoggingEnabled"] == logging
    rule = {"ID": "r", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": "a"}, "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": "arn:aws:s3:::there"}}
    replication = {"Role": "arn:aws:iam::000000000000:role/r", "Rules": [rule]}
    s3.put_bucket_replication(Bucket="idle", ReplicationConfiguration=replication)
    assert s3.get_bucket_replication(Bucket="idle")["ReplicationConfiguration"] == replication
    s3.delete_bucket_replication(Bucket="idle")
    assert refused(s3.get_bucket_replication, Bucket="idle") == "ReplicationConfigurationNotFoundError"

    export = {"S3BucketDestination": {"Bucket": "arn:aws:s3:::there", "Format": "CSV"}}
    kinds = {
        "Analytics": {"StorageClassAnalysis": {"DataExport": {"OutputSchemaVersion": "V_1", "Destination": export}}},
        "Inventory": {"Destination": export, "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"}},
        "IntelligentTiering": {"Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]},
        "Metrics": {"Filter": {"Prefix": "a"}},
    }
    for kind, given in kinds.items():
        snake, member = re.sub("(?<=.)([A-Z])", r"_\1", kind).lower(), f"{kind}Configuration"
        call = lambda verb, s="", **more: getattr(s3, f"{verb}_bucket_{snake}_configuration{s}")(Bucket="idle", **more)
        for name in ["two", "one"]:
            call("put", Id=name, **{member: given | {"Id": name}})
        assert call("get", Id="one")[member] == given | {"Id": "one"}
        assert [it["Id"] for it in call("list", "s")[f"{member}List"]] == ["one", "two"]
        call("delete", Id="one")
        assert refused(call, verb="get", Id="one") == refused(call, verb="delete", Id="one") == "NoSuchConfiguration"
        assert refused(call, verb="put", Id="other", **{member: given | {"Id": "two"}}) == "MalformedXML"


def test_access_control_lists(s3):
    s3.create_bucket(Bucket="listed", ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket="listed")
    everybody = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    s3.put_bucket_acl(Bucket="listed", ACL="public-read")
    acl = s3.get_bucket_acl(Bucket="listed")
    owner = {"Grantee": {"ID": acl["Owner"]["ID"], "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
    assert acl["Grants"] == [owner, {"Grantee": everybody, "Permission": "READ"}]
    s3.put_object(Bucket="listed", Key="k", Body=b"x", GrantRead=f'uri="{everybody["URI"]}"')
    assert s3.get_object_acl(Bucket="listed", Key="k")["Grants"] == [{"Grantee": everybody, "Permission": "READ"}]
    policy = {"Owner": acl["Owner"], "Grants": [owner]}
    s3.put_object_acl(Bucket="listed", Key="k", AccessControlPolicy=policy)
    assert s3.get_object_acl(Bucket="listed", Key="k")["Grants"] == [owner]
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert refused(s3.put_bucket_ownership_controls, Bucket="listed", OwnershipControls=enforced) == "InvalidBucketAclWithObjectOwnership"
    assert refused(s3.put_bucket_acl, Bucket=BUCKET, AccessControlPolicy={"Grants": []}) == "MalformedACLError"


def test_an_archived_object_is_restored(s3):
    s3.put_object(Bucket=BUCKET, Key="cold", Body=b"x", StorageClass="GLACIER")
    assert refused(s3.get_object, Bucket=BUCKET, Key="cold") == "InvalidObjectState"
    request = {"Days": 2, "GlacierJobParameters": {"Tier": "Bulk"}}
    for status in [202, 200]:
        answer = s3.restore_object(Bucket=BUCKET, Key="cold", RestoreRequest=request)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert 'ongoing-request="false", expiry-date=' in s3.head_object(Bucket=BUCKET, Key="cold")["Restore"]
    assert read(s3, "cold") == b"x"


def test_a_locked_object_stays(s3):
    s3.create_bucket(Bucket="vault", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    s3.put_object_lock_configuration(Bucket="vault", ObjectLockConfiguration=lock)
    assert s3.get_object_lock_configuration(Bucket="vault")["ObjectLockConfiguration"] == lock
    version = s3.put_object(Bucket="vault", Key="k", Body=b"v")["VersionId"]
    assert s3.get_object_retention(Bucket="vault", Key="k")["Retention"]["Mode"] == "GOVERNANCE"
    assert refused(s3.delete_object, Bucket="vault", Key="k", VersionId=version) == "AccessDenied"
    s3.put_object_retention(Bucket="vault", Key="k", Retention={}, BypassGovernanceRetention=True)
    s3.put_object_legal_hold(Bucket="vault", Key="k", LegalHold={"Status": "ON"})
    assert s3.get_object_legal_hold(Bucket="vault", Key="k")["LegalHold"]["Status"] == "ON"
    assert refused(s3.delete_object, Bucket="vault", Key="k", VersionId=version) == "AccessDenied"
    s3.put_object_legal_hold(Bucket="vault", Key="k", LegalHold={"Status": "OFF"})
    s3.delete_object(Bucket="vault", Key="k", VersionId=version)
    s3.delete_bucket(Bucket="vault")


def test_an_object_with_metadata(s3):
    body = "größer <&>".encode()
    put = s3.put_object(Bucket=BUCKET, Key="a b/größe+1 ?&=.txt", Body=body, ContentType="text/plain; charset=utf-8",
                        CacheControl="no-cache", Metadata={"origin": "test"}, Tagging="kind=text")
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    head = s3.head_object(Bucket=BUCKET, Key="a b/größe+1 ?&=.txt")
    assert (head["ContentLength"], head["ContentType"]) == (len(body), "text/plain; charset=utf-8")
    assert (head["CacheControl"], head["Metadata"], head["ETag"]) == ("no-cache", {"origin": "test"}, put["ETag"])
    assert read(s3, "a b/größe+1 ?&=.txt") == body
    assert s3.get_object_tagging(Bucket=BUCKET, Key="a b/größe+1 ?&=.txt")["TagSet"] == [{"Key": "kind", "Value": "text"}]

    source = {"Bucket": BUCKET, "Key": "a b/größe+1 ?&=.txt"}
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource=source)
    assert s3.head_object(Bucket=BUCKET, Key="copy")["Metadata"] == {"origin": "test"}
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource=source, MetadataDirective="REPLACE", Metadata={"new": "yes"})
    assert s3.head_object(Bucket=BUCKET, Key="copy")["Metadata"] == {"new": "yes"}
    shown = s3.get_object_attributes(Bucket=BUCKET, Key="copy", ObjectAttributes=["ETag", "ObjectSize"])
    assert (shown["ETag"], shown["ObjectSize"]) == (put["ETag"].strip('"'), len(body))
    s3.put_object_tagging(Bucket=BUCKET, Key="copy", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.get_object_tagging(Bucket=BUCKET, Key="copy")["TagSet"] == [{"Key": "a", "Value": "b"}]
    s3.delete_object_tagging(Bucket=BUCKET, Key="copy")
    assert s3.get_object_tagging(Bucket=BUCKET, Key="copy")["TagSet"] == []
    s3.delete_object(Bucket=BUCKET, Key="copy")
    assert refused(s3.get_object, Bucket=BUCKET, Key="copy") == "NoSuchKey"


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"])
def test_checksums_are_verified_and_given_back(s3, algorithm):
    put = s3.put_object(Bucket=BUCKET, Key="summed", Body=b"hello", ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=BUCKET, Key="summed", ChecksumMode="ENABLED")
    assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert got["Body"].read() == b"hello"
    wrong = put[f"Checksum{algorithm}"][::-1].lstrip("=").ljust(len(put[f"Checksum{algorithm}"]), "=")
    assert refused(s3.put_object, Bucket=BUCKET, Key="wrong", Body=b"hello", **{f"Checksum{algorithm}": wrong}) in (
        "BadDigest", "InvalidRequest")
    assert refused(s3.head_object, Bucket=BUCKET, Key="wrong") == "404"


def test_ranges_and_conditions(s3):
    s3.put_object(Bucket=BUCKET, Key="digits", Body=b"0123456789")
    for range, body in [("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-2", b"89"), ("bytes=5-99", b"56789")]:
        got = s3.get_object(Bucket=BUCKET, Key="digits", Range=range)
        assert (got["Body"].read(), got["ResponseMetadata"]["HTTPStatusCode"]) == (body, 206)
    assert refused(s3.get_object, Bucket=BUCKET, Key="digits", Range="bytes=10-") == "InvalidRange"
    tag = s3.head_object(Bucket=BUCKET, Key="digits")["ETag"]
    assert refused(s3.get_object, Bucket=BUCKET, Key="digits", IfNoneMatch=tag) == "304"
    assert refused(s3.get_object, Bucket=BUCKET, Key="digits", IfMatch='"x"') == "PreconditionFailed"
    assert refused(s3.put_object, Bucket=BUCKET, Key="digits", Body=b"", IfNoneMatch="*") == "PreconditionFailed"
    s3.put_object(Bucket=BUCKET, Key="digits", Body=b"new", IfMatch=tag)
    assert read(s3, "digits") == b"new"


def test_listings(s3):
    for key in ["list/a/1", "list/a/2", "list/b", "list/c d"]:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    for operation in ("list_objects", "list_objects_v2"):
        listed = getattr(s3, operation)(Bucket=BUCKET, Prefix="list/", Delimiter="/")
        assert [it["Key"] for it in listed["Contents"]] == ["list/b", "list/c d"]
        assert [it["Prefix"] for it in listed["CommonPrefixes"]] == ["list/a/"]
        pages = s3.get_paginator(operation).paginate(Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 3})
        assert [[it["Key"][5:] for it in page["Contents"]] for page in pages] == [["a/1", "a/2", "b"], ["c d"]]
    [entry] = s3.list_objects_v2(Bucket=BUCKET, Prefix="list/b")["Contents"]
    assert (entry["Size"], entry["StorageClass"], entry["ETag"]) == (1, "STANDARD", f'"{hashlib.md5(b"x").hexdigest()}"')
    keys = [{"Key": key} for key in ["list/a/1", "list/a/2", "list/b", "list/c d", "list/never there"]]
    assert len(s3.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})["Deleted"]) == 5
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="list/")["KeyCount"] == 0


def test_a_queue_is_told(s3, cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
    s3.create_bucket(Bucket="telling")
    wanted = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [
        {"Name": "prefix", "Value": "in/"}]}}}
    s3.put_bucket_notification_configuration(Bucket="telling", NotificationConfiguration={"QueueConfigurations": [wanted]})
    [shown] = s3.get_bucket_notification_configuration(Bucket="telling")["QueueConfigurations"]
    assert (shown["QueueArn"], shown["Events"]) == (arn, ["s3:ObjectCreated:*"])
    sqs.purge_queue(QueueUrl=url)
    s3.put_object(Bucket="telling", Key="out/1", Body=b"x")
    s3.put_object(Bucket="telling", Key="in/a b", Body=b"xyz")
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10)["Messages"]
    [record] = json.loads(message["Body"])["Records"]
    assert (record["eventName"], record["s3"]["bucket"]["name"]) == ("ObjectCreated:Put", "telling")
    assert (record["s3"]["object"]["key"], record["s3"]["object"]["size"]) == ("in/a+b", 3)


def test_versions(s3):
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket="versioned")["Status"] == "Enabled"
    first, second = (s3.put_object(Bucket="versioned", Key="k", Body=body)["VersionId"] for body in (b"1", b"2"))
    s3.delete_object(Bucket="versioned", Key="k")
    assert refused(s3.get_object, Bucket="versioned", Key="k") == "NoSuchKey"
    assert s3.get_object(Bucket="versioned", Key="k", VersionId=first)["Body"].read() == b"1"
    listed = s3.list_object_versions(Bucket="versioned")
    assert [it["VersionId"] for it in listed["Versions"]] == [second, first]
    [marker] = listed["DeleteMarkers"]
    s3.delete_object(Bucket="versioned", Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket="versioned", Key="k")["Body"].read() == b"2"


def test_multipart(s3):
    parts = [b"a" * 5 * MIB, b"b" * 5 * MIB, b"the end"]
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="large", Metadata={"origin": "parts"})["UploadId"]
    tags = {}
    for number in (2, 1):
        tags[number] = s3.upload_part(Bucket=BUCKET, Key="large", UploadId=upload, PartNumber=number, Body=parts[number - 1])["ETag"]
    s3.put_object(Bucket=BUCKET, Key="tail", Body=b"not the end")
    copied = s3.upload_part_copy(Bucket=BUCKET, Key="large", UploadId=upload, PartNumber=3,
                                 CopySource={"Bucket": BUCKET, "Key": "tail"}, CopySourceRange="bytes=4-10")
    tags[3] = copied["CopyPartResult"]["ETag"]
    listed = s3.list_parts(Bucket=BUCKET, Key="large", UploadId=upload)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, 5 * MIB), (2, 5 * MIB), (3, 7)]
    assert [it["Key"] for it in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]] == ["large"]
    done = s3.complete_multipart_upload(Bucket=BUCKET, Key="large", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": number, "ETag": tags[number]} for number in (1, 2, 3)]})
    digest = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    assert done["ETag"] == f'"{digest}-3"'
    got = s3.get_object(Bucket=BUCKET, Key="large")
    assert (got["Metadata"], got["Body"].read() == b"".join(parts)) == ({"origin": "parts"}, True)
    assert read(s3, "large", PartNumber=3) == b"the end"
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="never")["UploadId"]
    s3.abort_multipart_upload(Bucket=BUCKET, Key="never", UploadId=upload)
    assert refused(s3.list_parts, Bucket=BUCKET, Key="never", UploadId=upload) == "NoSuchUpload"


def test_transfers_as_boto3_does_them(s3):
    body = bytes(range(256)) * 4 * 1024 * 13
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "transferred", Config=config)
    into = io.BytesIO()
    s3.download_fileobj(BUCKET, "transferred", into, Config=config)
    assert into.getvalue() == body


@pytest.mark.parametrize("signature", ["s3", "s3v4"])
def test_presigned(s3, cloud, signature):
    signer = cloud.client("s3", signature_version=signature, s3={"addressing_style": "path"})

    def url(operation, **more):
        params = {"Bucket": BUCKET, "Key": "by hand/größe", **more}
        return signer.generate_presigned_url(operation, Params=params, ExpiresIn=60)

    status, _, answer = http("PUT", url("put_object", ContentType="text/csv"), b"a,b", **{"Content-Type": "text/csv"})
    assert status == 200, answer
    status, headers, body = http("GET", url("get_object", ResponseContentType="text/plain"))
    assert (status, headers["Content-Type"], body) == (200, "text/plain", b"a,b")
    assert http("HEAD", url("head_object"))[0] == 200
    status, _, answer = http("GET", re.sub(r"(X-Amz-Date=|Expires=1)\d{3}", r"\g<1>000", url("get_object")))
    assert status == 403 and b"Request has expired" in answer
    assert http("DELETE", url("delete_object"))[0] == 204
    assert http("GET", url("get_object"))[0] == 404


def test_a_presigned_upload_takes_any_bytes(s3):
    """JavaScript's SDK puts the checksum of no bytes into the URL that it signs; S3 reads checksums from headers only."""
    url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "signed"})
    for checksum in ("crc32=AAAAAA%3D%3D", "crc32c=AAAAAA%3D%3D", "sha256=bm90aGluZw%3D%3D"):
        more = f"&x-amz-checksum-{checksum}&x-amz-sdk-checksum-algorithm={checksum.split('=')[0].upper()}"
        assert http("PUT", url + more, b"123456", **{"Content-Type": ""})[0] == 200, checksum
    assert read(s3, "signed") == b"123456"
    assert http("PUT", url, b"123456", **{"x-amz-checksum-crc32": "AAAAAA=="})[0] == 400


def test_a_form_names_its_file_and_holds_to_its_policy(s3):
    def posted(name, kind, **more):
        post = s3.generate_presigned_post(BUCKET, "up/${filename}", **more)
        fields = "".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in (post["fields"] | kind).items())
        file = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\nin it\r\n--b--\r\n'
        return http("POST", post["url"], (fields + file).encode(), **{"Content-Type": "multipart/form-data; boundary=b"})

    assert posted("C:\\docs\\f.txt", {})[0] == 204
    assert read(s3, "up/f.txt") == b"in it"
    # Browsers send an empty name for an input without a file: such a form was malformed.
    assert posted("", {})[0] == 204
    assert read(s3, "up/") == b"in it"
    images = {"Conditions": [["starts-with", "$Content-Type", "image/"]]}
    status, _, text = posted("x", {"Content-Type": "text/html"}, **images)
    assert status == 403 and b"Invalid according to Policy: Policy Condition failed" in text
    assert posted("x.png", {"Content-Type": "image/png"}, **images)[0] == 204


def test_keys_to_delete_that_xml_has_no_characters_for_are_refused(s3):
    """A list with a raw control character was obeyed, and answered in XML that no client can read."""
    s3.put_object(Bucket=BUCKET, Key="c\x10x", Body=b"")
    assert refused(s3.delete_objects, Bucket=BUCKET, Delete={"Objects": [{"Key": "c\x10x"}]}) == "MalformedXML"
    assert s3.head_object(Bucket=BUCKET, Key="c\x10x")["ContentLength"] == 0
    assert refused(s3.put_bucket_tagging, Bucket=BUCKET, Tagging={"TagSet": [{"Key": "a", "Value": "b\x01"}]}) == "MalformedXML"
    s3.delete_object(Bucket=BUCKET, Key="c\x10x")


def test_the_bucket_in_the_hosts_name(cloud, monkeypatch):
    resolve = socket.getaddrinfo

    def to_loopback(host, *more, **named):
        return resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", to_loopback)
    port = cloud.endpoint.rsplit(":", 1)[1]
    virtual = cloud.client("s3", endpoint=f"http://s3.localhost:{port}", s3={"addressing_style": "virtual"})
    hosts = []
    virtual.meta.events.register("before-send.s3", lambda request, **_: hosts.append(request.url))
    virtual.create_bucket(Bucket="hosted")
    virtual.put_object(Bucket="hosted", Key="a/b c", Body=b"x")
    assert virtual.get_object(Bucket="hosted", Key="a/b c")["Body"].read() == b"x"
    assert [it["Key"] for it in virtual.list_objects_v2(Bucket="hosted")["Contents"]] == ["a/b c"]
    assert hosts[-1].startswith(f"http://hosted.s3.localhost:{port}/?list-type=2")
    url = virtual.generate_presigned_url("get_object", Params={"Bucket": "hosted", "Key": "a/b c"})
    assert http("GET", url)[2] == b"x"


# What a bucket doesn't have is answered, not refused: these say so, or give AWS's defaults.
ABSENT = {"GetBucketLifecycle", "GetBucketNotification", "GetBucketNotificationConfiguration"}
# The same request as another, or one to another host.
ELSEWHERE = {"ListDirectoryBuckets", "PutBucketLifecycle", "PutBucketNotification", "WriteGetObjectResponse"}


def example(shape, name="", depth=0):
    """The least input that a shape takes."""
    if name in ("Bucket", "Key", "UploadId"):
        return {"Bucket": BUCKET, "Key": "absent", "UploadId": "absent"}[name]
    match shape.type_name:
        case "structure" if getattr(shape, "is_tagged_union", False):
            member = next(iter(shape.members))
            return {member: example(shape.members[member], member)}
        case "structure":
            members = {*shape.required_members, *filter(None, [shape.serialization.get("payload")])}
            # A body without anything in it is no body.
            members |= set() if members or depth == 0 else set(list(shape.members)[:1])
            return {member: example(shape.members[member], member, depth + 1) for member in members}
        case "list":
            return [example(shape.member)]
        case "map":
            return {"x": example(shape.value)}
        case "integer" | "long":
            return 1
        case "boolean":
            return True
        case "timestamp":
            return 0
        case "blob":
            return b"x"
        case _:
            return shape.enum[0] if getattr(shape, "enum", None) else "x" * shape.metadata.get("min", 1)


def test_every_operation_is_called_or_refused_by_name(s3, cloud, calls):
    calls.need_all()
    wrong = []
    model = cloud.client("s3").meta.service_model
    for name in sorted(set(model.operation_names) - calls.done["s3"] - ABSENT - ELSEWHERE):
        method = next(python for python, api in s3.meta.method_to_api_mapping.items() if api == name)
        shape = model.operation_model(name).input_shape
        try:
            getattr(s3, method)(**example(shape))
            wrong.append(f"{name}: answered")
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NotImplemented", "501"):
                wrong.append(f"{name}: {error.response['Error']}")
        except Exception as error:
            wrong.append(f"{name}: {error}")
    assert not wrong, "neither tested here nor refused by name:\n" + "\n".join(wrong)
