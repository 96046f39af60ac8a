//! What a lifecycle policy may say.
//!
//! Source: "Lifecycle policy properties in Amazon ECR" (User Guide).

use serde::Deserialize;

use super::error::invalid;
use wire::AwsError;

/// "Amazon ECR service quotas": rules of a policy.
const MAX_RULES: usize = 50;
/// Bytes of what is told of a text that is no policy.
const MAX_FAILURE: usize = 500;
/// Wildcards of a pattern of tags.
const MAX_WILDCARDS: usize = 4;

const STATUSES: &[&str] = &["tagged", "untagged", "any"];
const COUNTS: &[&str] = &["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"];
const CLASSES: &[&str] = &["standard", "archive"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    rule_priority: u64,
    #[serde(rename = "description")]
    _description: Option<String>,
    selection: Selection,
    action: Action,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Selection {
    tag_status: String,
    tag_pattern_list: Option<Vec<String>>,
    tag_prefix_list: Option<Vec<String>>,
    storage_class: Option<String>,
    count_type: String,
    count_unit: Option<String>,
    count_number: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Action {
    r#type: String,
    target_storage_class: Option<String>,
}

/// Checks the text of a policy.
///
/// # Errors
/// `InvalidParameterException` with what is wrong first.
pub(super) fn check(text: &str) -> Result<(), AwsError> {
    let failure =
        |what: String| invalid("LifecyclePolicyText", format_args!("Lifecycle policy validation failure: {what}"));
    let document: Document = serde_json::from_str(text).map_err(|error| {
        // It may repeat a name of the text, which can be long.
        let mut what = error.to_string();
        what.truncate(what.floor_char_boundary(MAX_FAILURE));
        failure(what)
    })?;
    document.check().map_err(failure)
}

impl Document {
    fn check(&self) -> Result<(), String> {
        if self.rules.is_empty() || self.rules.len() > MAX_RULES {
            return Err(format!("a policy has from 1 to {MAX_RULES} rules"));
        }
        let mut priorities: Vec<u64> = self.rules.iter().map(|rule| rule.rule_priority).collect();
        priorities.sort_unstable();
        if priorities.first() == Some(&0) {
            return Err("rulePriority must be at least 1".into());
        }
        if let Some(pair) = priorities.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("rulePriority {} stands twice", pair[0]));
        }
        for rule in &self.rules {
            let says = |what: String| format!("in the rule of priority {}, {what}", rule.rule_priority);
            rule.selection.check().and_then(|()| rule.check()).map_err(says)?;
            if rule.selection.tag_status == "any" && priorities.iter().any(|other| *other > rule.rule_priority) {
                return Err("the rule with the tagStatus any must have the highest rulePriority".into());
            }
        }
        Ok(())
    }
}

impl Rule {
    fn check(&self) -> Result<(), String> {
        one_of(&self.action.r#type, "type", &["expire", "transition"])?;
        match (self.action.r#type.as_str(), self.action.target_storage_class.as_deref()) {
            ("transition", Some("archive")) | ("expire", None) => Ok(()),
            ("expire", Some(_)) => Err("targetStorageClass can't be given with expire".into()),
            _ => Err("transition needs the targetStorageClass archive".into()),
        }
    }
}

impl Selection {
    fn check(&self) -> Result<(), String> {
        one_of(&self.tag_status, "tagStatus", STATUSES)?;
        one_of(&self.count_type, "countType", COUNTS)?;
        if let Some(class) = &self.storage_class {
            one_of(class, "storageClass", CLASSES)?;
        }
        let lists = [&self.tag_pattern_list, &self.tag_prefix_list];
        let tagged = self.tag_status == "tagged";
        match lists.map(Option::is_some) {
            [false, false] if tagged => return Err("tagged needs a tagPatternList or a tagPrefixList".into()),
            [true, true] => return Err("tagPatternList and tagPrefixList can't be given together".into()),
            [true, _] | [_, true] if !tagged => {
                return Err(format!("{} can't have a tagPatternList or a tagPrefixList", self.tag_status));
            }
            _ => {}
        }
        if lists.into_iter().flatten().any(|list| list.is_empty() || list.iter().any(String::is_empty)) {
            return Err("a list of tags, and each of them, must not be empty".into());
        }
        if self.tag_pattern_list.iter().flatten().any(|pattern| pattern.matches('*').count() > MAX_WILDCARDS) {
            return Err(format!("a pattern has at most {MAX_WILDCARDS} wildcards"));
        }
        match (self.count_type.as_str(), self.count_unit.as_deref()) {
            ("imageCountMoreThan", None) => {}
            ("imageCountMoreThan", Some(_)) => return Err("imageCountMoreThan has no countUnit".into()),
            (_, Some("days")) => {}
            (since, _) => return Err(format!("{since} needs the countUnit days")),
        }
        if self.count_number == 0 { Err("countNumber must be at least 1".into()) } else { Ok(()) }
    }
}

fn one_of(value: &str, member: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&value) { Ok(()) } else { Err(format!("{member} must be one of {}", known.join(", "))) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn policy(selection: Value, action: Value) -> Value {
        json!({"rules": [{"rulePriority": 1, "description": "d", "selection": selection, "action": action}]})
    }

    fn refused(policy: &Value) -> bool {
        check(&policy.to_string()).is_err_and(|error| error.message.contains("Lifecycle policy validation failure: "))
    }

    #[test]
    fn rules_obey_awss_properties() {
        let any = json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3});
        let old = json!({"tagStatus": "tagged", "tagPatternList": ["v*"], "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14});
        let (expire, archive) =
            (json!({"type": "expire"}), json!({"type": "transition", "targetStorageClass": "archive"}));
        for (selection, action) in [(&any, &expire), (&old, &expire), (&old, &archive)] {
            check(&policy(selection.clone(), action.clone()).to_string()).unwrap();
        }
        let with = |base: &Value, name: &str, value: Value| {
            let mut changed = base.clone();
            changed[name] = value;
            changed
        };
        for selection in [
            with(&any, "tagStatus", json!("some")),
            with(&any, "countType", json!("count")),
            with(&any, "countNumber", json!(0)),
            with(&any, "countNumber", json!(-1)),
            with(&any, "countUnit", json!("days")),
            with(&any, "tagPrefixList", json!(["v"])),
            with(&any, "extra", json!(1)),
            with(&old, "countUnit", json!("weeks")),
            with(&old, "tagPrefixList", json!(["v"])),
            with(&old, "tagPatternList", json!([])),
            with(&old, "tagPatternList", json!(["*****"])),
            with(&old, "tagPatternList", Value::Null),
        ] {
            assert!(refused(&policy(selection.clone(), expire.clone())), "{selection}");
        }
        for action in
            [json!({"type": "delete"}), json!({"type": "transition"}), with(&archive, "type", json!("expire"))]
        {
            assert!(refused(&policy(any.clone(), action.clone())), "{action}");
        }
        let rule = |priority: u64, selection: &Value| json!({"rulePriority": priority, "selection": selection, "action": {"type": "expire"}});
        assert!(check(&json!({"rules": [rule(2, &any), rule(1, &old)]}).to_string()).is_ok());
        let many: Vec<Value> = (1..=51).map(|number| rule(number, &old)).collect();
        for rules in [
            json!([]),
            json!([rule(1, &any), rule(2, &old)]),
            json!([rule(1, &old), rule(1, &old)]),
            json!([rule(0, &old)]),
            json!(many),
        ] {
            assert!(refused(&json!({"rules": rules})), "{rules}");
        }
        assert!(refused(&json!([])) && check("{").is_err());
        let long = check(&json!({"\u{e9}".repeat(10_000): 1}).to_string()).unwrap_err();
        assert!(long.message.len() < 1_000, "{}", long.message.len());
    }
}
