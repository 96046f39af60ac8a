//! A queue's policy: what SetQueueAttributes takes, and the statements that AddPermission and RemovePermission write.

use serde_json::{Map, Value, json};

use super::error;
use engine::policy::{Kind, Policy};
use wire::AwsError;

/// "Amazon SQS policy quotas".
const MAX_BYTES: usize = 8_192;
const MAX_STATEMENTS: usize = 20;

/// Checks the `Policy` attribute.
///
/// # Errors
/// `InvalidAttributeValue` for one that isn't a policy, or is larger than a queue's may be.
pub(super) fn check(text: &str) -> Result<(), AwsError> {
    if !fits(text) {
        return Err(error::attribute_value("Policy"));
    }
    Policy::parse(text, Kind::Resource).map(|_| ()).map_err(|_| error::attribute_value("Policy"))
}

/// Whether a policy is as small as a queue's has to be.
pub(super) fn fits(text: &str) -> bool {
    text.len() <= MAX_BYTES
        && read(Some(text)).is_none_or(|policy| match policy.get("Statement") {
            Some(Value::Array(statements)) => statements.len() <= MAX_STATEMENTS,
            _ => true,
        })
}

/// The policy with one more statement, which lets accounts do actions. `None` if it has a statement of that label already.
pub(super) fn add(policy: Option<&str>, arn: &str, label: &str, accounts: &[&str], actions: &[&str]) -> Option<String> {
    let mut policy = read(policy).unwrap_or_else(|| {
        let mut fresh = Map::new();
        fresh.insert("Version".to_owned(), json!("2008-10-17"));
        fresh.insert("Id".to_owned(), json!(format!("{arn}/SQSDefaultPolicy")));
        fresh
    });
    let mut statements = statements(&policy);
    if statements.iter().any(|statement| statement["Sid"] == label) {
        return None;
    }
    let accounts = accounts.iter().map(|account| format!("arn:aws:iam::{account}:root")).collect();
    let actions = actions.iter().map(|action| format!("SQS:{action}")).collect();
    statements.push(json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": { "AWS": one_or_many(accounts) },
        "Action": one_or_many(actions),
        "Resource": arn,
    }));
    policy.insert("Statement".to_owned(), Value::Array(statements));
    Some(Value::Object(policy).to_string())
}

/// The policy without the statement of that label; the empty text if no other is left. `None` if it has no such statement.
pub(super) fn remove(policy: Option<&str>, label: &str) -> Option<String> {
    let mut policy = read(policy)?;
    let before = statements(&policy);
    let count = before.len();
    let after: Vec<Value> = before.into_iter().filter(|statement| statement["Sid"] != label).collect();
    match after.len() {
        left if left == count => None,
        0 => Some(String::new()),
        _ => {
            policy.insert("Statement".to_owned(), Value::Array(after));
            Some(Value::Object(policy).to_string())
        }
    }
}

fn read(policy: Option<&str>) -> Option<Map<String, Value>> {
    match serde_json::from_str(policy?) {
        Ok(Value::Object(policy)) => Some(policy),
        _ => None,
    }
}

/// A policy with one statement may hold it without a list.
fn statements(policy: &Map<String, Value>) -> Vec<Value> {
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    }
}

fn one_or_many(mut texts: Vec<String>) -> Value {
    if texts.len() == 1 { Value::String(texts.remove(0)) } else { json!(texts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_statements_with_labels() {
        const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:q";
        let one = add(None, ARN, "a", &["000000000000"], &["SendMessage"]).unwrap();
        assert!(one.contains(r#""Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"SQS:SendMessage""#));
        assert_eq!(add(Some(&one), ARN, "a", &[], &[]), None);
        let two = add(Some(&one), ARN, "b", &["111111111111", "222222222222"], &["*"]).unwrap();
        assert_eq!(check(&two), Ok(()));
        assert_eq!(remove(Some(&two), "b").as_deref(), Some(one.as_str()));
        assert_eq!(remove(Some(&one), "a").as_deref(), Some(""));
        assert_eq!(remove(Some(&one), "b"), None);
        assert!(check("{}").is_err());
    }
}
