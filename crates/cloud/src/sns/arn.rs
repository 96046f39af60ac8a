//! ARNs: how SNS checks them and refuses bad ones, and how those of topics and applications are made.

use super::error::invalid;
use crate::request::Context;
use text::arn::Arn;
use wire::AwsError;

/// Takes an ARN apart; the error is SNS's for the parameter `name`.
pub(crate) fn parse<'t>(text: &'t str, name: &str) -> Result<Arn<'t>, AwsError> {
    Arn::parse(text).ok_or_else(|| match text.split(':').count() {
        count @ ..6 => invalid(format_args!("{name} Reason: An ARN must have at least 6 elements, not {count}")),
        _ => invalid(name),
    })
}

/// Takes an ARN apart that must be SNS's, and of the region that was asked.
pub(crate) fn parse_own<'t>(text: &'t str, name: &str, cx: &Context) -> Result<Arn<'t>, AwsError> {
    let arn = parse(text, name)?;
    if arn.service != "sns" || arn.region != &*cx.region { Err(invalid(name)) } else { Ok(arn) }
}

/// The ARN of something of SNS's in the context's region and account.
pub(crate) fn make(cx: &Context, resource: &str) -> String {
    format!("arn:aws:sns:{}:{}:{resource}", cx.region, cx.account)
}

/// Checks the form of a topic's ARN.
pub(crate) fn check_topic(text: &str, name: &str, cx: &Context) -> Result<(), AwsError> {
    let arn = parse_own(text, name, cx)?;
    if arn.resource.is_empty() || arn.resource.bytes().any(|byte| matches!(byte, b':' | b'/')) {
        Err(invalid(name))
    } else {
        Ok(())
    }
}

/// Checks the form of a subscription's ARN.
pub(crate) fn check_subscription(text: &str, cx: &Context) -> Result<(), AwsError> {
    let arn = parse_own(text, "SubscriptionArn", cx)?;
    let id = arn.resource.split_once(':').map(|(_, id)| id);
    if id.is_some_and(text::uuid::is_uuid) { Ok(()) } else { Err(invalid("SubscriptionId")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_arn_is_told_by_its_elements() {
        for (text, count) in [("", 1), ("randomstring", 1), ("a:b", 2), ("arn:aws:sns:us-east-1:random", 5)] {
            let error = parse(text, "TopicArn").unwrap_err();
            let message =
                format!("Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not {count}");
            assert_eq!(error.message, message);
        }
        let arn = parse("arn:aws:sns:us-east-1:1:t:b5b50ab6-3a8f-4b3f-9f3d-000000000001", "x").unwrap();
        assert_eq!((arn.service, arn.account, arn.resource.len()), ("sns", "1", 38));
    }

    proptest::proptest! {
        #[test]
        fn mangled_arns(text in crate::testing::mangled::mangled(&["arn:aws:sns:us-east-1:000000000000:topic:id"])) {
            if let Ok(arn) = parse(&text, "TopicArn") {
                proptest::prop_assert!(text.ends_with(arn.resource));
            }
        }
    }
}
