"""Rules of S3's by boto3 and by bare requests: what it answers to what is odd or wrong. Each had another answer here before."""

import base64
import hashlib
import json
import urllib.error
import urllib.request

import pytest
from awscrt import checksums
from botocore.exceptions import ClientError

BUCKET = "rules"
MIB = 1 << 20
SCHEMA = "The XML you provided was not well-formed or did not validate against our published schema"


@pytest.fixture(scope="module")
def s3(cloud):
    s3 = cloud.client("s3", s3={"addressing_style": "path"}, parameter_validation=False)
    s3.create_bucket(Bucket=BUCKET)
    return s3


def error(call, **input):
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]


def said(call, **input):
    found = error(call, **input)
    return found["Code"], found["Message"]


def http(method, url, body=None, **headers):
    """Status, headers and body of a plain HTTP request."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def test_an_empty_encoding_is_none_that_there_is(cloud, s3):
    for query in ["", "list-type=2&", "versions&", "uploads&"]:
        status, _, body = http("GET", f"{cloud.endpoint}/{BUCKET}?{query}encoding-type=")
        assert status == 400 and "Invalid Encoding Method specified in Request" in body, query
        assert "<ArgumentName>encoding-type</ArgumentName><ArgumentValue></ArgumentValue>" in body, query


def test_an_empty_number_is_no_number(cloud, s3):
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="numbers")["UploadId"]
    for path in [f"/{BUCKET}/numbers?uploadId={upload}&part-number-marker=&max-parts=", f"/{BUCKET}?max-keys=",
                 f"/{BUCKET}?uploads&max-uploads=", "/?continuation-token=&max-buckets="]:
        status, _, body = http("GET", cloud.endpoint + path)
        assert status == 200, body


def test_a_part_of_a_whole_has_no_checksum_of_its_own(s3):
    for kind, shown in [("FULL_OBJECT", False), ("COMPOSITE", True)]:
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key=kind, ChecksumAlgorithm="CRC32", ChecksumType=kind)["UploadId"]
        part = {"Bucket": BUCKET, "Key": kind, "UploadId": upload}
        sent = s3.upload_part(**part, PartNumber=1, Body=b"a", ChecksumAlgorithm="CRC32")
        named = {"PartNumber": 1, "ETag": sent["ETag"], "ChecksumCRC32": sent["ChecksumCRC32"]}
        s3.complete_multipart_upload(**part, MultipartUpload={"Parts": [named]})
        got = s3.get_object(Bucket=BUCKET, Key=kind, PartNumber=1, ChecksumMode="ENABLED")
        assert ("ChecksumCRC32" in got, "ChecksumType" in got) == (shown, shown)


def test_what_completes_an_upload_has_its_checksums(s3):
    crc32c = base64.b64encode(checksums.crc32c(b"a").to_bytes(4, "big")).decode()
    mode = "The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum mode."
    cases = [
        ("COMPOSITE", {}, {"ChecksumType": "FULL_OBJECT"}, ("InvalidRequest", mode)),
        ("COMPOSITE", {"ChecksumSHA256": "A" * 43 + "="}, {}, ("BadDigest", "The sha256 you specified for part 1 did not match what we received.")),
        ("FULL_OBJECT", {}, {"ChecksumCRC32C": crc32c}, ("BadDigest", "The crc32c you specified did not match the calculated checksum.")),
        ("FULL_OBJECT", {}, {"ChecksumCRC32C": crc32c, "ChecksumType": "FULL_OBJECT"}, None),
    ]
    for kind, named, more, expected in cases:
        key = {"Bucket": BUCKET, "Key": "sums"}
        upload = s3.create_multipart_upload(**key, ChecksumAlgorithm="CRC32C", ChecksumType=kind)["UploadId"]
        sent = s3.upload_part(**key, UploadId=upload, PartNumber=1, Body=b"a", ChecksumAlgorithm="CRC32C")
        part = {"PartNumber": 1, "ETag": sent["ETag"]} | named
        complete = {**key, "UploadId": upload, "MultipartUpload": {"Parts": [part]}, **more}
        if expected:
            found = error(s3.complete_multipart_upload, **complete)
            assert (found["Code"], found["Message"]) == expected and not {"ETag", "PartNumber", "UploadId"} & set(found)
        else:
            s3.complete_multipart_upload(**complete)


def test_two_checksums_are_too_many_before_they_are_wrong(cloud, s3):
    status, _, body = http("PUT", f"{cloud.endpoint}/{BUCKET}/two", b"x", x_amz_checksum_crc32="no", x_amz_checksum_sha1="no")
    assert status == 400 and "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed." in body


def test_fields_of_errors(s3):
    md5 = hashlib.md5(b"other")
    sent = {"Bucket": BUCKET, "Key": "digest", "Body": b"x", "ContentMD5": base64.b64encode(md5.digest()).decode()}
    assert error(s3.put_object, **sent)["ExpectedDigest"] == md5.hexdigest()
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="digest")["UploadId"]
    assert error(s3.upload_part, **sent, UploadId=upload, PartNumber=1)["ExpectedDigest"] == sent["ContentMD5"]
    assert error(s3.get_object_tagging, Bucket=BUCKET, Key="none")["Key"] == f"{BUCKET}/none"
    for value in ["RandomValue", ""]:
        found = error(s3.create_bucket, Bucket="owned-by-none", ObjectOwnership=value)
        assert found["Message"] == f"Invalid x-amz-object-ownership header: {value}" and "ArgumentValue" not in found
    s3.put_object(Bucket=BUCKET, Key="ten", Body=b"0123456789")
    part = {"Bucket": BUCKET, "Key": "digest", "UploadId": upload, "PartNumber": 1, "CopySource": f"{BUCKET}/ten"}
    beyond = said(s3.upload_part_copy, **part, CopySourceRange="bytes=100-200")
    assert beyond == ("InvalidRequest", "The specified copy range is invalid for the source object size")
    assert said(s3.upload_part_copy, **part, CopySourceRange="bytes=0-100")[0] == "InvalidArgument"


def test_tags(s3):
    tags = lambda key, value="v": {"TagSet": [{"Key": key, "Value": value}]}
    answer = s3.put_bucket_tagging(Bucket=BUCKET, Tagging=tags("a"))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    s3.put_object(Bucket=BUCKET, Key="tagged", Body=b"x")
    reserved = error(s3.put_bucket_tagging, Bucket=BUCKET, Tagging=tags("aws:x"))
    assert (reserved["Message"], reserved["TagKey"]) == ("System tags cannot be added/updated by requester", "aws:x")
    reserved = error(s3.put_object_tagging, Bucket=BUCKET, Key="tagged", Tagging=tags("aws:x"))
    assert (reserved["Message"], reserved["TagKey"]) == ("Your TagKey cannot be prefixed with aws:", "aws:x")
    header = error(s3.put_object, Bucket=BUCKET, Key="tagged", Tagging="key1=val1,key2=val2")
    assert header["Code"] == "InvalidArgument" and header["Message"].startswith("The header 'x-amz-tagging' shall be encoded as UTF-8")
    # A set that is missing is empty.
    s3.put_object_tagging(Bucket=BUCKET, Key="tagged", Tagging=tags("a"))
    s3.put_object_tagging(Bucket=BUCKET, Key="tagged", Tagging={"TagSet": None})
    assert s3.get_object_tagging(Bucket=BUCKET, Key="tagged")["TagSet"] == []
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": None})
    assert said(s3.get_bucket_tagging, Bucket=BUCKET)[0] == "NoSuchTagSet"


def test_events_that_were_accepted_and_never_sent(cloud, s3):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    s3.create_bucket(Bucket="telling", ObjectOwnership="ObjectWriter")
    kinds = ["s3:ObjectTagging:*", "s3:ObjectAcl:Put", "s3:ObjectRemoved:*", "s3:ObjectRestore:*"]
    rule = {"QueueArn": arn, "Events": kinds}
    s3.put_bucket_notification_configuration(Bucket="telling", NotificationConfiguration={"QueueConfigurations": [rule]})
    s3.put_object(Bucket="telling", Key="k", Body=b"x", StorageClass="GLACIER")
    s3.put_object_tagging(Bucket="telling", Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    s3.delete_object_tagging(Bucket="telling", Key="k")
    for _ in range(2):
        s3.put_object_acl(Bucket="telling", Key="k", ACL="aws-exec-read")
        s3.restore_object(Bucket="telling", Key="k", RestoreRequest={"Days": 1})
    s3.delete_objects(Bucket="telling", Delete={"Objects": [{"Key": "absent"}]})
    s3.delete_object(Bucket="telling", Key="absent")
    records = []
    while len(records) < 7:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10).get("Messages", [])
        assert messages, records
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            records += json.loads(message["Body"]).get("Records", [])
    found = sorted((record["eventName"], record["eventVersion"]) for record in records)
    assert found == [
        ("ObjectAcl:Put", "2.3"), ("ObjectRemoved:Delete", "2.1"), ("ObjectRemoved:Delete", "2.1"), ("ObjectRestore:Completed", "2.1"),
        ("ObjectRestore:Post", "2.1"), ("ObjectTagging:Delete", "2.3"), ("ObjectTagging:Put", "2.3"),
    ]
    nameless = rule | {"Filter": {"Key": {"FilterRules": [{"Value": "a"}]}}, "QueueArn": arn + "-none"}
    put = {"Bucket": "telling", "NotificationConfiguration": {"QueueConfigurations": [nameless]}}
    assert said(s3.put_bucket_notification_configuration, **put) == ("MalformedXML", SCHEMA)


def test_answers_look_as_s3s(cloud, s3):
    for query in ["", "list-type=2"]:
        _, headers, body = http("GET", f"{cloud.endpoint}/{BUCKET}?{query}")
        assert headers["x-amz-bucket-region"] == "us-east-1" and body.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult')
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    _, _, body = http("GET", f"{cloud.endpoint}/{BUCKET}?location")
    assert body == f'<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="{namespace}"/>'
    assert http("POST", f"{cloud.endpoint}/{BUCKET}", b"x", content_type="text/html")[0] == 412
    for header in ["x-amz-if-match-size", "x-amz-if-match-last-modified-time"]:
        status, _, body = http("DELETE", f"{cloud.endpoint}/{BUCKET}/k", **{header: "1"})
        assert status == 501 and f"<Header>{header}</Header>" in body
    source = {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}]}}
    s3.create_bucket(Bucket="without-keys")
    s3.put_bucket_encryption(Bucket="without-keys", **source)
    assert "BucketKeyEnabled" not in s3.put_object(Bucket="without-keys", Key="k", Body=b"x")


def test_forms(cloud, s3):
    def post(fields, **more):
        form = s3.generate_presigned_post(BUCKET, "form", Fields=fields, Conditions=[{name: value} for name, value in fields.items()])
        fields = {name: value for name, value in form["fields"].items() if name not in more.get("without", [])}
        parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
        parts.append('--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n')
        return http("POST", form["url"], "".join(parts).encode(), content_type="multipart/form-data; boundary=b")

    tag = "<Tag><Key>a b</Key><Value>c/d</Value></Tag>"
    status, headers, _ = post({"tagging": f"<Tagging><TagSet>{tag}</TagSet></Tagging>"})
    assert (status, headers["x-amz-checksum-type"]) == (204, "FULL_OBJECT") and headers["x-amz-checksum-crc64nvme"]
    assert s3.get_object_tagging(Bucket=BUCKET, Key="form")["TagSet"] == [{"Key": "a b", "Value": "c/d"}]
    assert post({"tagging": "no"})[0] == 400
    # An ACL was ignored, and so was where the object lies.
    assert post({"acl": "public-read"})[0] == 400
    status, headers, body = post({"success_action_status": "201"})
    assert status == 201 and f"<Location>{cloud.endpoint}/{BUCKET}/form</Location>" in body and headers["ETag"].startswith('"')
    assert post({"success_action_redirect": "no-url"})[0] == 204
    for name in ["signature", "AWSAccessKeyId"]:
        status, _, body = post({}, without=[name])
        missing = "Signature" if name == "signature" else name
        assert status == 400 and f"Bucket POST must contain a field named '{missing}'." in body.replace("&apos;", "'")
    assert post({}, without=["signature", "AWSAccessKeyId"])[0] == 403


def test_pages_that_ask(cloud, s3):
    origin = {"Origin": "https://shop.example"}
    s3.create_bucket(Bucket="asked")
    for bucket in ["asked", "nowhere"]:
        assert http("OPTIONS", f"{cloud.endpoint}/{bucket}/k", **origin)[0] == 403
    assert http("OPTIONS", f"{cloud.endpoint}/asked/k")[0] == 400
    rule = {"AllowedOrigins": ["https://shop.example"], "AllowedMethods": ["GET"]}
    s3.put_bucket_cors(Bucket="asked", CORSConfiguration={"CORSRules": [rule]})
    s3.put_object(Bucket="asked", Key="k", Body=b"x")
    get = lambda **more: "Access-Control-Allow-Origin" in http("GET", f"{cloud.endpoint}/asked/k", **origin, **more)[1]
    assert get() and get(Access_Control_Request_Method="GET")
    assert not get(Access_Control_Request_Method="PUT") and not get(Access_Control_Request_Headers="x-one")


def test_a_customers_key_has_to_be_brought_again(s3):
    keys = [{"SSECustomerAlgorithm": "AES256", "SSECustomerKey": letter * 32} for letter in "ab"]
    put = s3.put_object(Bucket=BUCKET, Key="keyed", Body=b"x", **keys[0])
    assert put["SSECustomerKeyMD5"] == base64.b64encode(hashlib.md5(b"a" * 32).digest()).decode() and "ServerSideEncryption" not in put
    assert s3.get_object(Bucket=BUCKET, Key="keyed", **keys[0])["Body"].read() == b"x"
    assert said(s3.get_object, Bucket=BUCKET, Key="keyed")[0] == "InvalidRequest"
    assert said(s3.get_object, Bucket=BUCKET, Key="keyed", **keys[1])[0] == "AccessDenied"
    assert said(s3.put_object, Bucket=BUCKET, Key="keyed", SSECustomerAlgorithm="AES256", SSECustomerKey="short")[0] == "InvalidArgument"
    copied = s3.copy_object(Bucket=BUCKET, Key="plain", CopySource=f"{BUCKET}/keyed", **{f"CopySource{name}": value for name, value in keys[0].items()})
    assert copied["ServerSideEncryption"] == "AES256" and s3.get_object(Bucket=BUCKET, Key="plain")["Body"].read() == b"x"
    assert said(s3.get_object, Bucket=BUCKET, Key="plain", **keys[0])[0] == "InvalidRequest"
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts", **keys[0])["UploadId"]
    part = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload, "PartNumber": 1, "Body": b"x"}
    assert said(s3.upload_part, **part)[0] == "InvalidRequest"
    named = {"PartNumber": 1, "ETag": s3.upload_part(**part, **keys[0])["ETag"]}
    s3.complete_multipart_upload(Bucket=BUCKET, Key="parts", UploadId=upload, MultipartUpload={"Parts": [named]})
    assert said(s3.get_object, Bucket=BUCKET, Key="parts")[0] == "InvalidRequest"
    assert s3.get_object(Bucket=BUCKET, Key="parts", **keys[0])["Body"].read() == b"x"


def test_a_delete_marker_is_no_source(s3):
    s3.create_bucket(Bucket="marked")
    s3.put_bucket_versioning(Bucket="marked", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="marked", Key="k", Body=b"x")
    marker = s3.delete_object(Bucket="marked", Key="k")["VersionId"]
    copy = {"Bucket": BUCKET, "Key": "copy"}
    assert said(s3.copy_object, **copy, CopySource=f"marked/k?versionId={marker}")[0] == "InvalidRequest"
    assert said(s3.copy_object, **copy, CopySource="marked/k")[0] == "NoSuchKey"
