//! A topic's access policy: the one it has by default, what may be set, and statements that come and go.

use serde_json::{Value, json};

use engine::config::TopicConfig;
use engine::policy::{Kind, Policy};
use text::arn::account;

/// The actions that a topic's policy may name ("Overview of managing access in Amazon SNS").
const ACTIONS: [&str; 14] = [
    "GetTopicAttributes",
    "SetTopicAttributes",
    "AddPermission",
    "RemovePermission",
    "DeleteTopic",
    "Subscribe",
    "ListSubscriptionsByTopic",
    "Publish",
    "Receive",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
    "PutDataProtectionPolicy",
    "GetDataProtectionPolicy",
];

/// "Amazon SNS API permissions: Actions and resources reference", policy quotas.
const MAX_BYTES: usize = 30 << 10;
const MAX_STATEMENTS: usize = 100;
const MAX_PRINCIPALS: usize = 200;

/// The policy of a topic that nobody gave one.
pub(crate) fn default(arn: &str) -> Value {
    let owner = account(arn);
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": [
                "SNS:GetTopicAttributes",
                "SNS:SetTopicAttributes",
                "SNS:AddPermission",
                "SNS:RemovePermission",
                "SNS:DeleteTopic",
                "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic",
                "SNS:Publish",
            ],
            "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": owner } },
        }],
    })
}

/// The policy in force.
pub(crate) fn of(topic: &TopicConfig) -> Value {
    let set = topic.attributes.get("Policy").and_then(|policy| serde_json::from_str(policy).ok());
    set.unwrap_or_else(|| default(&topic.arn))
}

/// Whether a policy of a topic may name this action.
pub(crate) fn is_action(name: &str) -> bool {
    ACTIONS.iter().any(|action| action.eq_ignore_ascii_case(name))
}

/// A policy's statements; a single one may stand without a list.
fn statements(policy: &Value) -> Vec<&Value> {
    match &policy["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        one => vec![one],
    }
}

/// Checks that a policy is within the quotas; `bytes` is its length as text. The error is what SNS puts behind
/// `Invalid parameter: `.
pub(crate) fn check_quotas(policy: &Value, bytes: usize) -> Result<(), String> {
    let statements = statements(policy);
    let principals = |statement: &&Value| {
        let lists = statement["Principal"].as_object().into_iter().flat_map(|kinds| kinds.values());
        lists.map(|list| list.as_array().map_or(1, Vec::len)).sum::<usize>()
    };
    let too_much = if bytes > MAX_BYTES {
        format!("the policy has more than {MAX_BYTES} bytes")
    } else if statements.len() > MAX_STATEMENTS {
        format!("the policy has more than {MAX_STATEMENTS} statements")
    } else if statements.iter().any(|statement| principals(statement) > MAX_PRINCIPALS) {
        format!("a statement has more than {MAX_PRINCIPALS} principals")
    } else {
        return Ok(());
    };
    Err(format!("Policy Error: {too_much}"))
}

/// Checks a policy that a client sets; the error is what SNS puts behind `Invalid parameter: `.
pub(crate) fn validate(text: &str) -> Result<String, String> {
    check_quotas(&Value::Null, text.len())?;
    let value: Value = serde_json::from_str(text).map_err(|_| "Policy Error: null".to_owned())?;
    Policy::parse(text, Kind::Resource).map_err(|_| "Policy Error: null".to_owned())?;
    check_quotas(&value, text.len())?;
    for action in statements(&value).into_iter().flat_map(|statement| match &statement["Action"] {
        Value::Array(actions) => actions.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect::<Vec<_>>(),
    }) {
        let in_scope = match action.split_once(':') {
            Some((service, name)) => {
                service.eq_ignore_ascii_case("sns") && (name.contains(['*', '?']) || is_action(name))
            }
            None => action == "*",
        };
        if !in_scope {
            return Err("Policy statement action out of service scope!".to_owned());
        }
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_actions_of_sns() {
        let policy = |action: &str| {
            json!({ "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*" }] })
                .to_string()
        };
        for good in ["sns:Publish", "SNS:*", "*", "SNS:GetTopic*"] {
            assert!(validate(&policy(good)).is_ok(), "{good}");
        }
        for bad in ["sqs:SendMessage", "SNS:CreateTopic", "Publish"] {
            assert_eq!(validate(&policy(bad)).unwrap_err(), "Policy statement action out of service scope!", "{bad}");
        }
        assert_eq!(validate("{").unwrap_err(), "Policy Error: null");
    }

    /// "Amazon SNS API permissions: Actions and resources reference", policy quotas.
    #[test]
    fn policies_have_quotas() {
        let statement = |principals: usize| {
            let accounts: Vec<String> = (0..principals).map(|number| format!("{number:012}")).collect();
            json!({"Effect": "Allow", "Principal": {"AWS": accounts}, "Action": "sns:Publish", "Resource": "*"})
        };
        let policy = |statements: usize, principals: usize| {
            json!({ "Statement": vec![statement(principals); statements] }).to_string()
        };
        assert!(validate(&policy(100, 1)).is_ok() && validate(&policy(1, 200)).is_ok());
        assert!(validate(&policy(101, 1)).unwrap_err().ends_with("more than 100 statements"));
        assert!(validate(&policy(1, 201)).unwrap_err().ends_with("more than 200 principals"));
        assert!(validate(&policy(100, 20)).unwrap_err().ends_with("more than 30720 bytes"));
    }
}
