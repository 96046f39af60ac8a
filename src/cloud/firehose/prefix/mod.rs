//! Prefix expressions of S3 destinations: !{timestamp:..}, !{firehose:..}, !{partitionKeyFromQuery:..}.
