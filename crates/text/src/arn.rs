//! ARNs, taken apart: `arn:partition:service:region:account:resource`.
//!
//! Source: "Amazon Resource Names (ARNs)" (AWS General Reference).

/// The fields of an ARN, borrowed from its text. Each of them may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn` and so on.
    pub partition: &'a str,
    /// The service's short name, e.g. `sqs`.
    pub service: &'a str,
    /// The region's name; empty for IAM's and S3's.
    pub region: &'a str,
    /// The account's twelve digits; empty for S3's.
    pub account: &'a str,
    /// All that follows the account, colons included.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes an ARN apart. `None` if the text has fewer than six fields or the first one isn't `arn`; whether the fields name
    /// something is not checked.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut resource = text;
        let mut field = || {
            let colon = memchr::memchr(b':', resource.as_bytes())?;
            let field = &resource[..colon];
            resource = &resource[colon + 1..];
            Some(field)
        };
        let (arn, partition, service, region, account) = (field()?, field()?, field()?, field()?, field()?);
        (arn == "arn").then_some(Self { partition, service, region, account, resource })
    }
}

/// The account in an ARN; empty if none stands in it or the text is no ARN.
pub fn account(arn: &str) -> &str {
    Arn::parse(arn).map_or("", |arn| arn.account)
}

/// The region in an ARN; empty if none stands in it or the text is no ARN.
pub fn region(arn: &str) -> &str {
    Arn::parse(arn).map_or("", |arn| arn.region)
}

/// Whether a text can be an account's id: twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_fields() {
        let arn = Arn::parse("arn:aws:sns:us-east-1:123456789012:topic:id").unwrap();
        let Arn { partition, service, region, account, resource } = arn;
        assert_eq!((partition, service, region, account), ("aws", "sns", "us-east-1", "123456789012"));
        assert_eq!(resource, "topic:id");
        assert_eq!(
            Arn::parse("arn:aws:s3:::bucket/key").map(|arn| (arn.region, arn.resource)),
            Some(("", "bucket/key"))
        );
        for text in ["", "arn", "arn:aws:sqs:r:1", "urn:aws:sqs:r:1:q", "a:r:n:1:2:3"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn places_of_what_is_no_arn_are_empty() {
        assert_eq!((account("arn:aws:sqs:r:1:q"), region("arn:aws:sqs:r:1:q")), ("1", "r"));
        assert_eq!((account("q"), region("http://host:1")), ("", ""));
        assert!(is_account("123456789012") && !is_account("12345678901") && !is_account("12345678901a"));
    }

    proptest::proptest! {
        #[test]
        fn the_fields_make_the_text(text in "(arn:)?[a-z:]{0,20}") {
            if let Some(Arn { partition, service, region, account, resource }) = Arn::parse(&text) {
                proptest::prop_assert_eq!(format!("arn:{partition}:{service}:{region}:{account}:{resource}"), text);
            }
        }
    }
}
