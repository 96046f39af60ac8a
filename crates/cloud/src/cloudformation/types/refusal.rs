//! How a template with resources of types that this cloud doesn't simulate is refused: of what AWS has, that this cloud
//! doesn't simulate it; of what AWS hasn't either, AWS's own text.

use std::collections::BTreeMap;

use super::{catalogue, placeholder, simulated};

/// Logical ids that are named of one type, and wrong types for which a near one is looked for.
const MOST: usize = 5;

/// Why a template with resources of these types, each with their logical ids, is refused, if it is. With `placeholders` what
/// can be replaced by some is not.
pub(crate) fn refusal(types: &BTreeMap<&str, Vec<&str>>, placeholders: bool) -> Option<String> {
    let absent = || types.iter().filter(|(name, _)| simulated(name).is_none());
    let unknown: Vec<&str> = absent().map(|(name, _)| *name).filter(|name| !is_known(name)).collect();
    if !unknown.is_empty() {
        // A template may have hundreds of wrong types; to look for what is near takes a while.
        let near: Vec<&str> = unknown.iter().take(MOST).filter_map(|name| catalogue::nearest(name)).collect();
        let hint = if near.is_empty() { String::new() } else { format!(". Did you mean {}?", near.join(", ")) };
        return Some(format!("Template format error: Unrecognized resource types: [{}]{hint}", unknown.join(", ")));
    }
    let (can_stand, cannot): (Vec<_>, Vec<_>) = absent().partition(|(name, _)| placeholder::can_stand(name));
    let mut sentences: Vec<String> = cannot.into_iter().map(|(name, ids)| never(name, ids)).collect();
    if !can_stand.is_empty() && !placeholders {
        let named: Vec<String> = can_stand.iter().map(|(name, ids)| named(name, ids)).collect();
        let (ours, theirs) = if named.len() == 1 {
            ("is a type", "it stand as a placeholder")
        } else {
            ("are types", "them stand as placeholders")
        };
        let of_aws = if can_stand.iter().all(|(name, _)| name.starts_with("AWS::")) { " of AWS's" } else { "" };
        sentences.push(format!(
            "{} {ours}{of_aws} that this cloud does not simulate; `messaging local --placeholders` lets {theirs}",
            and(&named)
        ));
    }
    (!sentences.is_empty()).then(|| sentences.join(". "))
}

/// Whether AWS has a type, or may have it by another party.
fn is_known(name: &str) -> bool {
    catalogue::find(name).is_some() || placeholder::is_foreign(name) || name.starts_with("AWS::Serverless::")
}

/// Of a type for which no placeholder can stand.
fn never(name: &str, ids: &[&str]) -> String {
    let why = if name.starts_with("AWS::Serverless::") {
        "is made into other resources by AWS's transform, which this cloud does not simulate"
    } else {
        "is a nested stack, which this cloud does not simulate: deploy its template as a stack of its own"
    };
    format!("{} {why}", named(name, ids))
}

/// A type with where it stands, e.g. `AWS::CloudWatch::Alarm (resource Alarm)`.
fn named(name: &str, ids: &[&str]) -> String {
    let more = if ids.len() > MOST { ", .." } else { "" };
    let word = if ids.len() == 1 { "resource" } else { "resources" };
    format!("{name} ({word} {}{more})", ids[..ids.len().min(MOST)].join(", "))
}

/// `a`, `a and b`, `a, b and c`.
fn and(items: &[String]) -> String {
    match items {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => items.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(types: &[(&'static str, &[&'static str])], placeholders: bool) -> Option<String> {
        refusal(&types.iter().map(|(name, ids)| (*name, ids.to_vec())).collect(), placeholders)
    }

    /// An alarm was refused in AWS's words for a typo, which named neither the resource nor what can be done.
    #[test]
    fn what_aws_has_is_refused_as_not_simulated() {
        let alarm: (&str, &[&str]) = ("AWS::CloudWatch::Alarm", &["Alarm"]);
        assert_eq!(
            refused(&[("AWS::SQS::Queue", &["Q"]), alarm], false).unwrap(),
            "AWS::CloudWatch::Alarm (resource Alarm) is a type of AWS's that this cloud does not simulate; \
             `messaging local --placeholders` lets it stand as a placeholder"
        );
        let two = refused(&[alarm, ("Custom::Thing", &["A", "B"])], false).unwrap();
        assert!(
            two.starts_with(
                "AWS::CloudWatch::Alarm (resource Alarm) and Custom::Thing (resources A, B) are types that"
            ),
            "{two}"
        );
        assert_eq!(refused(&[alarm, ("Custom::Thing", &["A", "B"])], true), None);
        assert_eq!(refused(&[("AWS::SQS::Queue", &["Q"])], false), None);
    }

    #[test]
    fn what_aws_has_not_is_refused_in_its_words() {
        for placeholders in [false, true] {
            assert_eq!(
                refused(&[("AWS::SQS::Queu", &["Q"]), ("AWS::CloudWatch::Alarm", &["A"])], placeholders).unwrap(),
                "Template format error: Unrecognized resource types: [AWS::SQS::Queu]. Did you mean AWS::SQS::Queue?"
            );
            assert_eq!(
                refused(&[("AWS::Nothing::LikeIt", &["Q"]), ("Queue", &["A"])], placeholders).unwrap(),
                "Template format error: Unrecognized resource types: [AWS::Nothing::LikeIt, Queue]"
            );
        }
    }

    #[test]
    fn a_nested_stack_and_serverless_types_are_refused_with_placeholders_as_well() {
        for placeholders in [false, true] {
            let nested = refused(&[("AWS::CloudFormation::Stack", &["N"])], placeholders).unwrap();
            assert!(nested.starts_with("AWS::CloudFormation::Stack (resource N) is a nested stack"), "{nested}");
            let serverless = refused(&[("AWS::Serverless::Function", &["F"])], placeholders).unwrap();
            assert!(serverless.contains("AWS's transform"), "{serverless}");
        }
    }
}
