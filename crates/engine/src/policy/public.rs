//! Whether a policy lets everybody in: "The meaning of public" in "Blocking public access to your Amazon S3 storage" (Amazon
//! S3 User Guide).
//!
//! A policy is public unless each of its grants is held to fixed values, without wildcard or variable: of who asks, or of one
//! of the condition keys below. What it denies to whom makes it no less public.

use super::condition::{Test, parse_block};
use super::principal::Named;
use super::{Condition, Effect, Policy, Principals, Statement};

/// The keys whose fixed values tell the few from everybody.
const FIXING: [&str; 14] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:PrincipalServiceName",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOwner",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:userid",
    "s3:DataAccessPointAccount",
    ACCESS_POINT,
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];
/// An access point's name may have wildcards where its account is fixed.
const ACCESS_POINT: &str = "s3:DataAccessPointArn";
/// Wider networks are everybody: "values broader than /8 for IPv4 and /32 for IPv6".
const WIDEST: (u32, u32) = (8, 32);

impl Policy {
    /// Whether some statement grants something to everybody.
    pub fn is_public(&self) -> bool {
        self.statements.iter().any(|statement| statement.effect == Effect::Allow && statement.is_open())
    }
}

impl Statement {
    fn is_open(&self) -> bool {
        let everybody = match &self.principals {
            Principals::Holder => false,
            // Whoever isn't named is let in.
            Principals::Not(_) => true,
            Principals::Any(named) => named.iter().any(|named| match named {
                Named::Everyone => true,
                Named::Service(name) => **name == *"*",
                Named::Account(_) | Named::Arn(_) | Named::Foreign(_) => false,
            }),
        };
        everybody && !self.conditions.iter().any(fixes)
    }
}

/// Whether a condition holds for fixed values only.
fn fixes(condition: &Condition) -> bool {
    let is = |key: &str| condition.key.eq_ignore_ascii_case(key);
    if !condition.operator.wants_a_value() {
        return false;
    }
    let fixed = |text: &str| !text.contains(['*', '?']) && !text.contains("${");
    match condition.operator.test {
        Test::Ip if is("aws:SourceIp") => condition.values.iter().all(|value| {
            let wide =
                |(address, bits): (std::net::IpAddr, u32)| bits < if address.is_ipv4() { WIDEST.0 } else { WIDEST.1 };
            !parse_block(value.text()).is_none_or(wide)
        }),
        Test::Equals | Test::EqualsIgnoreCase | Test::Like | Test::Arn if is(ACCESS_POINT) => {
            let before_the_name = |text: &str| text.splitn(6, ':').take(5).all(fixed) && text.split(':').count() > 5;
            condition.values.iter().all(|value| before_the_name(value.text()))
        }
        Test::Equals | Test::EqualsIgnoreCase | Test::Like | Test::Arn => {
            FIXING.iter().any(|key| is(key)) && condition.values.iter().all(|value| fixed(value.text()))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn public(principal: &str, condition: &str) -> bool {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"s3:GetObject",
            "Resource":"arn:aws:s3:::b/*","Condition":{condition}}},
            {{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*",
            "Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}}]}}"#
        );
        Policy::parse(&policy, Kind::Resource).unwrap().is_public()
    }

    /// The examples of "The meaning of public", and what could pass for a fixed value.
    #[test]
    fn grants_to_everybody_are_public() {
        let everybody = r#""*""#;
        let cases = [
            (everybody, "{}", true),
            (r#"{"AWS":"*"}"#, "{}", true),
            (r#"{"AWS":["111122223333","*"]}"#, "{}", true),
            (r#"{"Service":"*"}"#, "{}", true),
            (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, "{}", false),
            (r#"{"Service":"cloudtrail.amazonaws.com"}"#, "{}", false),
            (r#"{"CanonicalUser":"79a59d"}"#, "{}", false),
            (everybody, r#"{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#, false),
            (everybody, r#"{"StringLike":{"aws:SourceVpc":"vpc-91237329"}}"#, false),
            (everybody, r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#, true),
            (everybody, r#"{"StringEquals":{"AWS:SOURCEACCOUNT":"111122223333"}}"#, false),
            (everybody, r#"{"StringEquals":{"aws:SourceAccount":["111122223333","${aws:PrincipalAccount}"]}}"#, true),
            (everybody, r#"{"StringNotEquals":{"aws:SourceAccount":"111122223333"}}"#, true),
            (everybody, r#"{"StringEqualsIfExists":{"aws:SourceAccount":"111122223333"}}"#, true),
            (everybody, r#"{"ForAllValues:StringEquals":{"aws:SourceAccount":"111122223333"}}"#, true),
            (everybody, r#"{"ForAnyValue:StringEquals":{"aws:SourceAccount":"111122223333"}}"#, false),
            (everybody, r#"{"Null":{"aws:SourceAccount":"false"}}"#, true),
            (everybody, r#"{"StringEquals":{"aws:Referer":"https://shop.example/"}}"#, true),
            (everybody, r#"{"StringEquals":{"aws:UserAgent":"secret"}}"#, true),
            (everybody, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:111122223333:t"}}"#, false),
            (everybody, r#"{"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:t"}}"#, true),
            (everybody, r#"{"StringLike":{"aws:userid":"AROAEXAMPLE:*"}}"#, true),
            (everybody, r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, false),
            (everybody, r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}"#, true),
            (everybody, r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","::/0"]}}"#, true),
            (everybody, r#"{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, true),
            (
                everybody,
                r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111122223333:accesspoint/*"}}"#,
                false,
            ),
            (everybody, r#"{"StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/a"}}"#, true),
            (everybody, r#"{"StringLike":{"s3:DataAccessPointArn":"*"}}"#, true),
        ];
        for (principal, condition, expected) in cases {
            assert_eq!(public(principal, condition), expected, "{principal} {condition}");
        }
        let but = r#"{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"s3:*",
            "Resource":"arn:aws:s3:::b"}}"#;
        assert!(Policy::parse(but, Kind::Resource).unwrap().is_public());
    }
}
