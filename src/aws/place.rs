//! Where an ARN or a queue's URL is at home, against the target's region and account.

use text::arn::{Arn, is_account};

use crate::config::Found;
use crate::exit::Failure;

use super::flags::TargetKind;
use super::target::Target;

/// The account of the key that the target `local` signs with, on the embedded cloud.
const LOCAL_ACCOUNT: &str = "000000000000";

/// The region that an ARN or a queue's URL names, if it does.
fn region_of(name: &str) -> Option<&str> {
    if let Some(arn) = Arn::parse(name) {
        return Some(arn.region).filter(|region| !region.is_empty());
    }
    let (_, rest) = name.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.split(':').next().unwrap_or_default();
    if let Some((region, _)) = path.strip_prefix("/queue/").and_then(|rest| rest.split_once('/')) {
        return Some(region);
    }
    // Amazon SQS endpoints and quotas (AWS General Reference): sqs.REGION.amazonaws.com, and the older REGION.queue.
    // and queue.amazonaws.com.
    let labels: Vec<&str> = host.split('.').collect();
    let behind_sqs = labels.iter().position(|label| *label == "sqs").and_then(|at| labels.get(at + 1));
    let named = match (behind_sqs, labels.as_slice()) {
        (Some(region), _) => Some(*region),
        (None, [region, "queue", ..]) => Some(*region),
        (None, ["queue", "amazonaws", "com"]) => Some("us-east-1"),
        _ => None,
    };
    named.filter(|region| text::regions::is_shaped(region))
}

/// The account that an ARN or a queue's URL names, if it does.
fn account_of(name: &str) -> Option<&str> {
    let account = match Arn::parse(name) {
        Some(arn) => arn.account,
        None => name.split_once("://")?.1.trim_end_matches('/').rsplit('/').nth(1)?,
    };
    is_account(account).then_some(account)
}

impl Target {
    /// Refuses what is of another region than the target's: no request signed for this one finds it.
    pub(crate) fn check_region(&self, found: &Found) -> Result<(), Failure> {
        match region_of(&found.value) {
            Some(region) if region != self.region => Err(Failure::usage(format!(
                "{} is of the region {region}, but the target's region is {}",
                found.value, self.region
            ))
            .why(format!("it comes from {}; the target is {}", found.origin, self.describe()))
            .help(format!("Say --region {region}, or name one of {}.", self.region))),
            _ => Ok(()),
        }
    }

    /// A sentence for somebody who is told that something isn't there: it is of another account than the requests are.
    pub(crate) fn foreign_account(&self, name: &str) -> Option<String> {
        let account = account_of(name)?;
        match self.kind {
            TargetKind::Local if account != LOCAL_ACCOUNT => Some(format!(
                "It is of the account {account}; what asks here is the account {LOCAL_ACCOUNT}, unless the server at that \
                 address says otherwise."
            )),
            TargetKind::Local => None,
            TargetKind::Aws => Some(format!(
                "It is of the account {account}: see with `aws sts get-caller-identity` whether that is yours."
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_where_they_are_at_home() {
        for (name, region, account) in [
            ("arn:aws:sns:eu-west-1:123456789012:t", Some("eu-west-1"), Some("123456789012")),
            ("arn:aws:s3:::bucket", None, None),
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/q", Some("eu-west-1"), Some("123456789012")),
            ("https://eu-west-1.queue.amazonaws.com/123456789012/q", Some("eu-west-1"), Some("123456789012")),
            ("https://queue.amazonaws.com/123456789012/q", Some("us-east-1"), Some("123456789012")),
            ("https://vpce-1.sqs.us-east-2.vpce.amazonaws.com/123456789012/q", Some("us-east-2"), Some("123456789012")),
            ("http://127.0.0.1:4566/000000000000/q", None, Some("000000000000")),
            ("http://localhost:4566/queue/eu-west-1/000000000000/q", Some("eu-west-1"), Some("000000000000")),
            (
                "http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/q",
                Some("us-east-1"),
                Some("000000000000"),
            ),
            ("http://sqs.test/000000000000/q", None, Some("000000000000")),
            ("orders", None, None),
            ("", None, None),
        ] {
            assert_eq!((region_of(name), account_of(name)), (region, account), "{name}");
        }
    }
}
