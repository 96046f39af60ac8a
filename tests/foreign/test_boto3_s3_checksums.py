"""The ten checksums of S3 by boto3: sent, computed, composed, copied, listed and refused. MD5, SHA512 and xxHash are computed
here by Python's and by AWS's own code, and by none of the server's."""

import base64
import hashlib
import urllib.error
import urllib.request

import pytest
from awscrt import checksums
from awscrt.checksums import XXHash
from botocore.exceptions import ClientError

BUCKET = "summed"
MIB = 1 << 20
CRC = ["CRC32", "CRC32C", "CRC64NVME"]
ALL = [*CRC, "MD5", "SHA1", "SHA256", "SHA512", "XXHASH128", "XXHASH3", "XXHASH64"]
NAMES = ", ".join(ALL)


@pytest.fixture(scope="module")
def s3(cloud):
    s3 = cloud.client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket=BUCKET)
    return s3


def raw(algorithm, data):
    if algorithm in CRC:
        width = 8 if algorithm == "CRC64NVME" else 4
        return getattr(checksums, algorithm.lower())(data).to_bytes(width, "big")
    if algorithm.startswith("XXHASH"):
        make = {"XXHASH64": XXHash.new_xxhash64, "XXHASH3": XXHash.new_xxhash3_64, "XXHASH128": XXHash.new_xxhash3_128}
        hasher = make[algorithm]()
        hasher.update(data)
        return hasher.finalize()
    return hashlib.new(algorithm.lower(), data).digest()


def digest(algorithm, data):
    return base64.b64encode(raw(algorithm, data)).decode()


def header(algorithm):
    return f"x-amz-checksum-{algorithm.lower()}"


def refused(call, **input):
    with pytest.raises(ClientError) as error:
        call(**input)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def http(method, url, body=None, **headers):
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.mark.parametrize("algorithm", ALL)
def test_an_object_is_put_read_listed_and_copied_with_its_checksum(s3, algorithm):
    key, field, value = f"put/{algorithm}", f"Checksum{algorithm}", digest(algorithm, b"hello")
    # botocore computes all but MD5.
    asked = {field: value} if algorithm == "MD5" else {"ChecksumAlgorithm": algorithm}
    put = s3.put_object(Bucket=BUCKET, Key=key, Body=b"hello", **asked)
    assert (put[field], put["ChecksumType"]) == (value, "FULL_OBJECT")
    for read in (s3.get_object, s3.head_object):
        got = read(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
        assert (got[field], got["ChecksumType"]) == (value, "FULL_OBJECT")
    assert s3.get_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")["Body"].read() == b"hello"
    assert field not in s3.head_object(Bucket=BUCKET, Key=key)
    shown = s3.get_object_attributes(Bucket=BUCKET, Key=key, ObjectAttributes=["Checksum"])["Checksum"]
    assert shown == {field: value, "ChecksumType": "FULL_OBJECT"}
    [listed] = s3.list_objects_v2(Bucket=BUCKET, Prefix=key, MaxKeys=1)["Contents"]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ([algorithm], "FULL_OBJECT")
    assert s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"][0]["ChecksumAlgorithm"] == [algorithm]

    copied = s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": key})["CopyObjectResult"]
    assert (copied[field], copied["ChecksumType"]) == (value, "FULL_OBJECT")
    s3.put_object(Bucket=BUCKET, Key="plain", Body=b"hello")
    copied = s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "plain"},
                            ChecksumAlgorithm=algorithm)["CopyObjectResult"]
    assert (copied[field], copied["ETag"]) == (value, f'"{hashlib.md5(b"hello").hexdigest()}"')
    assert copied["LastModified"].year > 2000


@pytest.mark.parametrize("algorithm", ALL)
def test_a_checksum_that_is_wrong_is_refused(s3, cloud, algorithm):
    field, wrong = f"Checksum{algorithm}", digest(algorithm, b"other")
    code, text = refused(s3.put_object, Bucket=BUCKET, Key="wrong", Body=b"hello", **{field: wrong})
    assert (code, text) == ("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
    code, text = refused(s3.put_object, Bucket=BUCKET, Key="wrong", Body=b"hello", **{field: "AAAA"})
    assert (code, text) == ("InvalidRequest", f"Value for {header(algorithm)} header is invalid.")
    assert refused(s3.head_object, Bucket=BUCKET, Key="wrong")[0] == "404"
    other = "SHA512" if algorithm != "SHA512" else "MD5"
    two = {header(it): digest(it, b"hello") for it in (algorithm, other)}
    status, _, text = http("PUT", f"{cloud.endpoint}/{BUCKET}/two", b"hello", **two)
    assert status == 400 and b"Expecting a single x-amz-checksum- header" in text


@pytest.mark.parametrize("algorithm", ALL)
def test_a_checksum_may_come_behind_the_body(s3, cloud, algorithm):
    def put(value):
        chunks = f"5\r\nhello\r\n0\r\n{header(algorithm)}:{value}\r\n\r\n".encode()
        return http("PUT", f"{cloud.endpoint}/{BUCKET}/behind", chunks, **{
            "Content-Encoding": "aws-chunked", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": "5", "x-amz-trailer": header(algorithm)})

    status, headers, text = put(digest(algorithm, b"hello"))
    assert (status, headers[header(algorithm)]) == (200, digest(algorithm, b"hello")), text
    status, _, text = put(digest(algorithm, b"other"))
    assert status == 400 and b"<Code>BadDigest</Code>" in text


@pytest.mark.parametrize("algorithm", ALL)
def test_an_object_in_parts_has_a_composite(s3, algorithm):
    key, field = f"parts/{algorithm}", f"Checksum{algorithm}"
    kind = "FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE"
    bodies = [b"a" * 5 * MIB, b"b" * 5 * MIB, b"the end"]
    digests = [digest(algorithm, body) for body in bodies]
    s3.put_object(Bucket=BUCKET, Key="tail", Body=b"not the end")
    made = s3.create_multipart_upload(Bucket=BUCKET, Key=key, ChecksumAlgorithm=algorithm)
    assert (made["ChecksumAlgorithm"], made["ChecksumType"]) == (algorithm, kind)
    upload = {"Bucket": BUCKET, "Key": key, "UploadId": made["UploadId"]}
    parts = []
    for number in (1, 2):
        sent = s3.upload_part(**upload, PartNumber=number, Body=bodies[number - 1], **{field: digests[number - 1]})
        assert sent[field] == digests[number - 1]
        parts.append({"PartNumber": number, "ETag": sent["ETag"], field: sent[field]})
    copied = s3.upload_part_copy(**upload, PartNumber=3, CopySource={"Bucket": BUCKET, "Key": "tail"},
                                 CopySourceRange="bytes=4-10")["CopyPartResult"]
    assert copied[field] == digests[2]
    parts.append({"PartNumber": 3, "ETag": copied["ETag"], field: copied[field]})

    listed = s3.list_parts(**upload)
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"], listed["IsTruncated"]) == (algorithm, kind, False)
    assert [(it["PartNumber"], it["Size"], it[field]) for it in listed["Parts"]] == [
        (number + 1, len(bodies[number]), digests[number]) for number in range(3)]
    assert [it["PartNumber"] for it in s3.list_parts(**upload, MaxParts=1, PartNumberMarker=1)["Parts"]] == [2]
    [listed] = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (algorithm, kind)

    wrong = [parts[0], parts[1] | {field: digests[0]}, parts[2]]
    assert refused(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": wrong})[0] == "InvalidPart"
    if kind == "COMPOSITE":
        bare = [{"PartNumber": it["PartNumber"], "ETag": it["ETag"]} for it in parts]
        code, text = refused(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": bare})
        assert code == "InvalidRequest" and f"created using a {algorithm.lower()} checksum" in text
        whole = digest(algorithm, b"".join(raw(algorithm, body) for body in bodies)) + "-3"
    else:
        whole = digest(algorithm, b"".join(bodies))
    code, _ = refused(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts},
                      **{field: digest(algorithm, b"other") + ("-3" if kind == "COMPOSITE" else "")})
    assert code == "BadDigest"
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **{field: whole})
    assert (done[field], done["ChecksumType"], done["Bucket"], done["Key"]) == (whole, kind, BUCKET, key)

    head = s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
    assert (head[field], head["ChecksumType"], head["ETag"]) == (whole, kind, done["ETag"])
    part = s3.head_object(Bucket=BUCKET, Key=key, PartNumber=2, ChecksumMode="ENABLED")
    # A part of a whole whose checksum isn't composed of its parts' has none of its own.
    assert (part.get(field), part["PartsCount"]) == (digests[1] if kind == "COMPOSITE" else None, 3)
    shown = s3.get_object_attributes(Bucket=BUCKET, Key=key, ObjectAttributes=["Checksum", "ObjectParts"])
    assert shown["Checksum"] == {field: whole.split("-")[0], "ChecksumType": kind}
    if kind == "COMPOSITE":
        assert [it[field] for it in shown["ObjectParts"]["Parts"]] == digests
    got = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert got == b"".join(bodies)


@pytest.mark.parametrize("algorithm", ALL)
def test_only_a_crc_is_of_the_whole_object_in_parts(s3, algorithm):
    asked = {"Bucket": BUCKET, "Key": "whole", "ChecksumAlgorithm": algorithm, "ChecksumType": "FULL_OBJECT"}
    if algorithm in CRC:
        made = s3.create_multipart_upload(**asked)
        assert made["ChecksumType"] == "FULL_OBJECT"
        s3.abort_multipart_upload(Bucket=BUCKET, Key="whole", UploadId=made["UploadId"])
    else:
        assert refused(s3.create_multipart_upload, **asked) == (
            "InvalidRequest", f"The FULL_OBJECT checksum type cannot be used with the {algorithm.lower()} checksum algorithm.")


def test_parts_have_the_checksum_that_their_upload_was_made_for(s3):
    made = s3.create_multipart_upload(Bucket=BUCKET, Key="typed", ChecksumAlgorithm="XXHASH3")
    upload = {"Bucket": BUCKET, "Key": "typed", "UploadId": made["UploadId"]}
    _, text = refused(s3.upload_part, **upload, PartNumber=1, Body=b"x", ChecksumAlgorithm="SHA512")
    assert text == "Checksum Type mismatch occurred, expected checksum Type: xxhash3, actual checksum Type: sha512"
    s3.abort_multipart_upload(**upload)


def test_a_part_of_a_whole_needs_none_of_its_own(cloud, s3):
    asked = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="bare", **asked)["UploadId"]
    bare = cloud.client("s3", s3={"addressing_style": "path"}, request_checksum_calculation="when_required")
    part = bare.upload_part(Bucket=BUCKET, Key="bare", UploadId=upload, PartNumber=1, Body=b"x")
    assert part["ChecksumCRC32"] == digest("CRC32", b"x")
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="bare", ChecksumAlgorithm="MD5")["UploadId"]
    _, text = refused(bare.upload_part, Bucket=BUCKET, Key="bare", UploadId=upload, PartNumber=1, Body=b"x")
    assert text == "Checksum Type mismatch occurred, expected checksum Type: md5, actual checksum Type: null"


@pytest.mark.parametrize("algorithm", [it for it in ALL if it not in CRC and it not in ("SHA1", "SHA256")])
def test_a_newer_checksum_of_the_whole_needs_an_upload_that_was_made_for_it(s3, algorithm):
    upload = {"Bucket": BUCKET, "Key": "undeclared", "UploadId": s3.create_multipart_upload(Bucket=BUCKET, Key="undeclared")["UploadId"]}
    tag = s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    value = {f"Checksum{algorithm}": digest(algorithm, b"x")}
    assert refused(s3.complete_multipart_upload, **upload, MultipartUpload=parts, **value) == (
        "InvalidRequest", f"Checksum Type mismatch occurred, expected checksum Type: null, actual checksum Type: {algorithm.lower()}")
    s3.complete_multipart_upload(**upload, MultipartUpload=parts)


def test_an_algorithm_that_s3_has_not_is_refused_with_those_it_has(s3, cloud):
    status, _, text = http("POST", f"{cloud.endpoint}/{BUCKET}/x?uploads", b"", **{"Content-Type": "", "x-amz-checksum-algorithm": "MD4"})
    assert status == 400 and f"Please try again with any of the valid types: [{NAMES}]".encode() in text


@pytest.mark.parametrize("algorithm", ALL)
def test_a_form_and_a_presigned_url_carry_it(s3, algorithm):
    def posted(value):
        fields = {header(algorithm): value}
        post = s3.generate_presigned_post(BUCKET, "form", Fields=fields, Conditions=[fields])
        text = "".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in post["fields"].items())
        text += '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhello\r\n--b--\r\n'
        return http("POST", post["url"], text.encode(), **{"Content-Type": "multipart/form-data; boundary=b"})

    value = digest(algorithm, b"hello")
    status, _, text = posted(digest(algorithm, b"other"))
    assert status == 400 and b"<Code>BadDigest</Code>" in text
    assert posted(value)[0] == 204
    assert s3.head_object(Bucket=BUCKET, Key="form", ChecksumMode="ENABLED")[f"Checksum{algorithm}"] == value

    url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "signed"})
    # In the query it is none: who signs has no bytes yet.
    assert http("PUT", f"{url}&{header(algorithm)}=AAAA", b"hello", **{"Content-Type": ""})[0] == 200
    assert http("PUT", url, b"hello", **{"Content-Type": "", header(algorithm): digest(algorithm, b"other")})[0] == 400
    assert http("PUT", url, b"hello", **{"Content-Type": "", header(algorithm): value})[0] == 200
    assert s3.head_object(Bucket=BUCKET, Key="signed", ChecksumMode="ENABLED")[f"Checksum{algorithm}"] == value


def test_a_restart_keeps_them(s3, cloud):
    for algorithm in ALL:
        s3.put_object(Bucket=BUCKET, Key=f"kept/{algorithm}", Body=b"kept", **{f"Checksum{algorithm}": digest(algorithm, b"kept")})
    cloud.stop()
    cloud.start()
    s3 = cloud.client("s3", s3={"addressing_style": "path"})
    for algorithm in ALL:
        got = s3.get_object(Bucket=BUCKET, Key=f"kept/{algorithm}", ChecksumMode="ENABLED")
        assert (got["Body"].read(), got[f"Checksum{algorithm}"]) == (b"kept", digest(algorithm, b"kept"))
