"""Where S3 is known not to check what its model says, or to say something else, each with its source."""

PAYER = ('"Using Requester Pays general purpose buckets" (Amazon S3 User Guide): the header confirms that who asks pays, where the bucket '
         "charges him; of other values nothing is said")
DATE = "RFC 9110, 13.1.3 and 13.1.4: a recipient ignores a condition whose value isn't a date"
EXPIRES = '"Expires" (RFC 9111, 5.3), and the SDKs\' "ExpiresString": S3 keeps and returns what was put, date or not'
CLASS = '"Error responses" (Amazon S3 API Reference): InvalidStorageClass'
LIST = '"Error responses" (Amazon S3 API Reference): MalformedACLError; recorded on AWS for owners, permissions and types that are wrong'
MODE = '"GetObject" (Amazon S3 API Reference): to retrieve the checksum, this mode must be enabled; of other values nothing is said'

# The columns stand in exceptions.py.
S3 = [
    ("s3", "*", "RequestPayer", "enum", "taken", PAYER),
    ("s3", "*", "*IfModifiedSince", "type", "taken", DATE),
    ("s3", "*", "*IfUnmodifiedSince", "type", "taken", DATE),
    ("s3", "*", "Expires", "type", "taken", EXPIRES),
    ("s3", "*", "ResponseExpires", "type", "taken", EXPIRES),
    ("s3", "*", "StorageClass", "enum", "InvalidStorageClass", CLASS),
    ("s3", "CreateBucket", "CreateBucketConfiguration.LocationConstraint", "enum", "InvalidLocationConstraint",
     '"Error responses" (Amazon S3 API Reference): InvalidLocationConstraint'),
    ("s3", "*Object", "ChecksumMode", "enum", "taken", MODE),
    ("s3", "*", "BypassGovernanceRetention", "type", "taken",
     '"DeleteObjects" (Amazon S3 API Reference): anything but true doesn\'t bypass, and in DeleteObjects it is each key that is refused'),
    ("s3", "PutBucketPolicy", "Policy", "missing", "MalformedPolicy",
     "recorded on AWS: an empty policy is one whose first byte isn't '{'"),
    ("s3", "Put*Tagging", "Tagging.TagSet.*.Key", "short", "InvalidTag",
     '"Error responses" (Amazon S3 API Reference): InvalidTag; recorded on AWS for keys that are too short or too long'),
    ("s3", "Put*Acl", "AccessControlPolicy*", "missing", "MalformedACLError", LIST),
    ("s3", "Put*Acl", "AccessControlPolicy*", "enum", "MalformedACLError", LIST),
    ("s3", "Put*Acl", "AccessControlPolicy*", "unknown", "MalformedACLError", LIST),
]
