//! Stack policies: which resources an update may touch, and how.

use serde_json::Value;

use super::error::invalid;
use text::glob::Glob;
use wire::AwsError;

/// What an update does to a resource, as a stack policy names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// It changes in place.
    Modify,
    /// A new physical resource replaces it.
    Replace,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Action::Modify => "Update:Modify",
            Action::Replace => "Update:Replace",
        }
    }
}

const ACTIONS: [&str; 4] = ["Update:*", "Update:Delete", "Update:Modify", "Update:Replace"];

/// Refuses what isn't a stack policy; `{}` takes the policy away.
pub(super) fn check(body: &str) -> Result<(), AwsError> {
    let refused = || invalid("Error validating stack policy: Invalid stack policy");
    let policy: Value = serde_json::from_str(body).map_err(|_| refused())?;
    let members = policy.as_object().ok_or_else(refused)?;
    if members.keys().any(|key| !matches!(key.as_str(), "Statement" | "Version")) {
        return Err(refused());
    }
    if statements(&policy).all(is_statement) { Ok(()) } else { Err(refused()) }
}

fn statements(policy: &Value) -> impl Iterator<Item = &Value> {
    let one = policy.get("Statement").filter(|s| s.is_object());
    let many = policy.get("Statement").and_then(Value::as_array).into_iter().flatten();
    one.into_iter().chain(many)
}

fn is_statement(statement: &Value) -> bool {
    let has = |name: &str| statement.get(name).is_some();
    matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"))
        && statement["Principal"] == "*"
        && has("Action") != has("NotAction")
        && has("Resource") != has("NotResource")
        && texts(statement, "Action").chain(texts(statement, "NotAction")).all(|action| ACTIONS.contains(&action))
}

/// The strings of a member that is one or a list of them.
fn texts<'a>(statement: &'a Value, member: &str) -> impl Iterator<Item = &'a str> {
    let value = statement.get(member);
    let many = value.and_then(Value::as_array).into_iter().flatten();
    value.into_iter().chain(many).filter_map(Value::as_str)
}

/// Why a stack policy denies an action on a resource, if it does. Without a policy all is allowed, with one nothing that it
/// doesn't allow ("Prevent updates to stack resources").
pub(super) fn denial(policy: Option<&str>, action: Action, logical_id: &str, kind: &str) -> Option<String> {
    let policy: Value = serde_json::from_str(policy?).ok()?;
    policy.get("Statement")?;
    let resource = format!("LogicalResourceId/{logical_id}");
    let deny =
        |why: &str| Some(format!("Action denied by stack policy: {why} [{}] for resource [{resource}]", action.name()));
    let mut allowed = false;
    for (number, statement) in statements(&policy).enumerate() {
        if !applies(statement, action.name(), &resource, kind) {
            continue;
        }
        if statement["Effect"] == "Deny" {
            return deny(&format!("Statement [#{}] does not allow", number + 1));
        }
        allowed = true;
    }
    if allowed { None } else { deny("No statement allows") }
}

fn applies(statement: &Value, action: &str, resource: &str, kind: &str) -> bool {
    let matches = |member: &str, text: &str| texts(statement, member).any(|pattern| Glob::parse(pattern).matches(text));
    let action =
        if statement.get("Action").is_some() { matches("Action", action) } else { !matches("NotAction", action) };
    let resource = if statement.get("Resource").is_some() {
        matches("Resource", resource)
    } else {
        !matches("NotResource", resource)
    };
    action && resource && of_type(statement, kind)
}

/// The condition on `ResourceType`, with `StringEquals` or `StringLike`.
fn of_type(statement: &Value, kind: &str) -> bool {
    let Some(condition) = statement.get("Condition").and_then(Value::as_object) else { return true };
    condition.iter().all(|(operator, keys)| {
        texts(keys, "ResourceType").any(|pattern| match operator.as_str() {
            "StringLike" => Glob::parse(pattern).matches(kind),
            _ => pattern == kind,
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_a_policy() {
        let statement = |effect: &str, action: &str, principal: &str| {
            json!({"Statement": [{"Effect": effect, "Action": action, "Principal": principal, "Resource": "*"}]})
                .to_string()
        };
        assert!(check("{}").is_ok());
        assert!(check(&statement("Deny", "Update:*", "*")).is_ok());
        for wrong in ["x", "[]", &statement("Deny", "Delete:*", "*"), &statement("Deny", "Update:*", "someone")] {
            assert_eq!(check(wrong).unwrap_err().message, "Error validating stack policy: Invalid stack policy");
        }
    }

    #[test]
    fn who_may_be_touched() {
        let policy = json!({"Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "Update:Replace", "Principal": "*", "Resource": "LogicalResourceId/A*"},
            {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*",
             "Condition": {"StringEquals": {"ResourceType": ["AWS::S3::Bucket"]}}},
        ]})
        .to_string();
        let ask = |action, name, kind| denial(Some(&policy), action, name, kind).is_some();
        assert!(!ask(Action::Modify, "Ab", "T"));
        assert!(ask(Action::Replace, "Ab", "T"));
        assert!(!ask(Action::Replace, "B", "T"));
        assert!(ask(Action::Modify, "B", "AWS::S3::Bucket"));
        assert_eq!(denial(None, Action::Replace, "A", "T"), None);
        assert_eq!(denial(Some("{}"), Action::Replace, "A", "T"), None);
        assert!(denial(Some("{\"Statement\": []}"), Action::Modify, "A", "T").is_some());
    }
}
