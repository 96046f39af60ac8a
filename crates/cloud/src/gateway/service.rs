//! The services of this cloud and what tells their requests apart.

use super::operation::Operation;
use wire::Names;

/// A service with an operation table; S3 has none and takes what no other claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    Sqs,
    Sns,
    Firehose,
    CloudFormation,
    Iam,
    Sts,
}

impl Service {
    pub const ALL: [Service; 6] =
        [Service::Sqs, Service::Sns, Service::Firehose, Service::CloudFormation, Service::Iam, Service::Sts];

    /// What the credential scope and the endpoint's host call it.
    pub fn id(self) -> &'static str {
        match self {
            Service::Sqs => "sqs",
            Service::Sns => "sns",
            Service::Firehose => "firehose",
            Service::CloudFormation => "cloudformation",
            Service::Iam => "iam",
            Service::Sts => "sts",
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Service::Sqs => "SQS",
            Service::Sns => "SNS",
            Service::Firehose => "Firehose",
            Service::CloudFormation => "CloudFormation",
            Service::Iam => "IAM",
            Service::Sts => "STS",
        }
    }

    pub fn by_id(id: &str) -> Option<Service> {
        Self::ALL.into_iter().find(|service| service.id() == id)
    }

    /// The API version that its query protocol's requests carry; Firehose has no query protocol.
    pub fn version(self) -> Option<&'static str> {
        match self {
            Service::Sqs => Some("2012-11-05"),
            Service::Sns => Some("2010-03-31"),
            Service::Firehose => None,
            Service::CloudFormation => Some("2010-05-15"),
            Service::Iam => Some("2010-05-08"),
            Service::Sts => Some("2011-06-15"),
        }
    }

    pub fn by_version(version: &str) -> Option<Service> {
        Self::ALL.into_iter().find(|service| service.version() == Some(version))
    }

    /// The XML namespace of its answers.
    pub fn namespace(self) -> &'static str {
        match self {
            Service::Sqs => "http://queue.amazonaws.com/doc/2012-11-05/",
            Service::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
            Service::Firehose => "http://firehose.amazonaws.com/doc/2015-08-04/",
            Service::CloudFormation => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
            Service::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        }
    }

    pub fn names(self) -> Names {
        if self == Service::Sqs { Names::Flat } else { Names::Wrapped }
    }

    /// What stands before an error's code in JSON.
    pub fn error_prefix(self) -> &'static str {
        if self == Service::Sqs { "com.amazonaws.sqs#" } else { "" }
    }

    /// The longest request body, in bytes. The query protocol can make three bytes of one, JSON six.
    pub fn body_limit(self) -> usize {
        const MIB: usize = 1 << 20;
        match self {
            // Messages of 1 MiB together.
            Service::Sqs => 8 * MIB,
            // Messages of 256 KiB together.
            Service::Sns => 2 * MIB,
            // Records of 4 MiB together, in base64.
            Service::Firehose => 8 * MIB,
            Service::CloudFormation => 4 * MIB,
            Service::Iam | Service::Sts => MIB,
        }
    }

    /// An operation by its name, for the parts of the cloud that call others as a client would.
    pub fn operation(self, name: &str) -> Option<&'static Operation> {
        self.operations().iter().find(|operation| operation.name == name)
    }

    pub(super) fn operations(self) -> &'static [Operation] {
        match self {
            Service::Sqs => crate::sqs::OPERATIONS,
            Service::Sns => crate::sns::OPERATIONS,
            Service::Firehose => crate::firehose::OPERATIONS,
            Service::CloudFormation => crate::cloudformation::OPERATIONS,
            Service::Iam => crate::iam::OPERATIONS,
            Service::Sts => crate::sts::OPERATIONS,
        }
    }
}
