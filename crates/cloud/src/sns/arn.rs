//! ARNs: how SNS checks them and refuses bad ones, and how those of topics and applications are made.
//!
//! The order in which SNS looks at a request, here for all of its operations. What stands below isn't looked at while something above
//! is wrong:
//!
//! ```text
//! 1  types of the parameters            MalformedInput         wire
//! 2  the ARN: there, its form, region   InvalidParameter       topic, subscription, application, endpoint: each operation begins with it
//! 3  parameters that aren't there       ValidationError, InvalidParameter
//! 4  values of parameters               InvalidParameter, ParameterValueInvalid
//! 5  whether what the ARN names exists  NotFound, ResourceNotFound
//! 6  whether the caller may             AuthorizationError
//! 7  attributes, and what depends on the resource
//! ```
//!
//! What was recorded of SetPlatformApplicationAttributes with a bad ARN and no attributes shows that 2 comes before 3; what was recorded
//! of Publish to a topic that isn't there, with a message that is too long, that 4 comes before 5. SetSubscriptionAttributes and
//! SetTopicAttributes look at attributes last, since what they may be depends on the resource.

use super::error::{invalid, required};
use crate::request::Context;
use text::arn::Arn;
use text::uuid::is_uuid;
use wire::{AwsError, Text};

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

/// The topic that a request names.
pub(crate) fn topic<'t>(given: &'t Option<Text<'_>>, name: &str, cx: &Context) -> Result<&'t str, AwsError> {
    let text = required(given, name)?;
    check_topic(text, name, cx).map(|()| text)
}

/// The subscription that a request names.
pub(crate) fn subscription<'t>(given: &'t Option<Text<'_>>, cx: &Context) -> Result<&'t str, AwsError> {
    let text = required(given, "SubscriptionArn")?;
    let arn = parse_own(text, "SubscriptionArn", cx)?;
    let id = arn.resource.split_once(':').map(|(_, id)| id);
    if id.is_some_and(is_uuid) { Ok(text) } else { Err(invalid("SubscriptionId")) }
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
