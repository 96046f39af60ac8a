//! Which resource types AWS has, with what identifies a resource of each and what `Fn::GetAtt` gives: from the public resource
//! schemas, as of the date in the head of `crates/cloud/data/aws_types.tsv`, which `crates/cloud/data/renew` writes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A resource type of AWS's.
#[derive(Debug)]
pub(super) struct AwsType {
    /// E.g. `AWS::Lambda::Function`.
    pub name: &'static str,
    pub identifiers: Vec<Identifier>,
    pub attributes: Vec<(&'static str, Kind)>,
}

/// A property that identifies a resource, alone or with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identifier {
    pub name: &'static str,
    /// The service chooses it; else the template may.
    pub chosen: bool,
}

/// The JSON type of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Boolean,
    List,
    Object,
}

static TYPES: LazyLock<BTreeMap<&'static str, AwsType>> = LazyLock::new(|| {
    let lines = include_str!("../../../data/aws_types.tsv").lines().filter(|line| !line.starts_with('#'));
    lines.map(read).map(|found| (found.name, found)).collect()
});

/// A type of AWS's by its name.
pub(super) fn find(name: &str) -> Option<&'static AwsType> {
    TYPES.get(name)
}

/// The type of AWS's whose name is nearest to a wrong one, if any is near.
pub(super) fn nearest(wrong: &str) -> Option<&'static str> {
    /// A name with more letters wrong, left out or too many is another.
    const MOST: usize = 3;
    /// The longest name of AWS's has less: what is longer is near to none.
    const LONGEST: usize = 120;
    if wrong.len() > LONGEST {
        return None;
    }
    let lower = wrong.to_ascii_lowercase();
    let all = TYPES.keys().filter(|name| name.len().abs_diff(wrong.len()) <= MOST);
    let measured = all.map(|name| (strsim::levenshtein(&name.to_ascii_lowercase(), &lower), *name));
    measured.filter(|(distance, _)| *distance <= MOST).min().map(|(_, name)| name)
}

fn read(line: &'static str) -> AwsType {
    let mut columns = line.split('\t');
    let mut words = || columns.next().unwrap_or_default().split(' ').filter(|word| !word.is_empty());
    let name = words().next().unwrap_or_default();
    let identifiers = words().map(|word| match word.strip_suffix('!') {
        Some(name) => Identifier { name, chosen: true },
        None => Identifier { name: word, chosen: false },
    });
    let identifiers = identifiers.collect();
    let attributes = words().map(|word| {
        let (name, letter) = word.split_once(':').unwrap_or((word, "s"));
        let kind = match letter {
            "n" => Kind::Number,
            "b" => Kind::Boolean,
            "l" => Kind::List,
            "o" => Kind::Object,
            _ => Kind::Text,
        };
        (name, kind)
    });
    AwsType { name, identifiers, attributes: attributes.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_their_identifiers_and_attributes() {
        let function = find("AWS::Lambda::Function").unwrap();
        assert_eq!(function.identifiers, [Identifier { name: "FunctionName", chosen: false }]);
        assert!(function.attributes.contains(&("Arn", Kind::Text)));
        let topic = find("AWS::SNS::Topic").unwrap();
        assert_eq!(topic.identifiers, [Identifier { name: "TopicArn", chosen: true }]);
        assert!(find("AWS::SQS::Queu").is_none());
        assert!(TYPES.len() > 1_000, "{}", TYPES.len());
    }

    #[test]
    fn a_wrong_name_is_near_to_the_right_one() {
        for (wrong, right) in [
            ("AWS::SQS::Queu", Some("AWS::SQS::Queue")),
            ("AWS::sqs::queue", Some("AWS::SQS::Queue")),
            ("AWS::S3::Buckets", Some("AWS::S3::Bucket")),
            ("AWS::Nothing::LikeIt", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong), right, "{wrong}");
        }
        assert_eq!(nearest(&"x".repeat(100_000)), None);
    }
}
