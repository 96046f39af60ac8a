//! Reads and validates a policy document ("Grammar of the IAM JSON policy language").

use serde_json::{Map, Value as Json};

use super::condition::{Operator, Test, Value, parse_block};
use super::pattern::Pattern;
use super::principal::Named;
use super::{Actions, Condition, Effect, Kind, Policy, PolicyError, Principals, Resources, Statement};

type Result<T> = std::result::Result<T, PolicyError>;

/// The version whose policies have variables.
const CURRENT: &str = "2012-10-17";
const OLD: &str = "2008-10-17";

pub(super) fn policy(text: &str, kind: Kind) -> Result<Policy> {
    let json: Json = serde_json::from_str(text).map_err(|e| PolicyError::NotJson(e.to_string()))?;
    let Json::Object(document) = json else {
        return Err(PolicyError::NotJson("a policy is a JSON object".into()));
    };
    let mut version = OLD;
    for (name, value) in &document {
        match (name.as_str(), value) {
            ("Version", Json::String(v)) if v == CURRENT => version = CURRENT,
            ("Version", Json::String(v)) if v == OLD => {}
            ("Version", _) => return fail("The policy must contain a valid version string"),
            ("Id", Json::String(_)) | ("Statement", _) => {}
            ("Id", _) => return fail("Id must be a string"),
            (other, _) => return fail(format!("Unknown field {other}")),
        }
    }
    let statements = match document.get("Statement") {
        None => return fail("Missing required field Statement"),
        Some(one @ Json::Object(_)) => std::slice::from_ref(one),
        Some(Json::Array(list)) if !list.is_empty() => list,
        Some(_) => return fail("Statement must be a statement or a list of them"),
    };
    let reader = Reader { kind, variables: version == CURRENT };
    let statements = statements.iter().map(|s| reader.statement(s)).collect::<Result<Vec<_>>>()?;
    let mut sids: Vec<_> = statements.iter().filter_map(|s| s.sid.as_deref()).filter(|s| !s.is_empty()).collect();
    sids.sort_unstable();
    if kind != Kind::Bucket && sids.windows(2).any(|pair| pair[0] == pair[1]) {
        return fail("Statement IDs (SID) in a single policy must be unique.");
    }
    Ok(Policy { statements })
}

fn fail<T>(message: impl Into<String>) -> Result<T> {
    Err(PolicyError::Malformed(message.into()))
}

struct Reader {
    kind: Kind,
    variables: bool,
}

impl Reader {
    fn statement(&self, json: &Json) -> Result<Statement> {
        let Json::Object(fields) = json else { return fail("A statement is a JSON object") };
        const KNOWN: [&str; 9] = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        if let Some(unknown) = fields.keys().find(|k| !KNOWN.contains(&k.as_str())) {
            return fail(format!("Unknown field {unknown}"));
        }
        let sid = match fields.get("Sid") {
            None => None,
            Some(Json::String(sid)) => Some(sid.as_str().into()),
            Some(_) => return fail("Sid must be a string"),
        };
        let effect = match fields.get("Effect") {
            None => return fail("Missing required field Effect"),
            Some(Json::String(e)) if e == "Allow" => Effect::Allow,
            Some(Json::String(e)) if e == "Deny" => Effect::Deny,
            Some(other) => return fail(format!("Invalid effect: {}", plain(other))),
        };
        Ok(Statement {
            sid,
            effect,
            principals: self.principals(fields)?,
            actions: self.actions(fields)?,
            resources: self.resources(fields)?,
            conditions: self.conditions(fields.get("Condition"))?,
        })
    }

    fn principals(&self, fields: &Map<String, Json>) -> Result<Principals> {
        let (json, not) = match either(fields, "Principal", "NotPrincipal")? {
            Some(_) if self.kind == Kind::Identity => {
                return fail("Policy document should not specify a principal.");
            }
            None if self.kind == Kind::Identity => return Ok(Principals::Holder),
            None => return fail("Missing required field Principal"),
            Some(found) => found,
        };
        let mut named = Vec::new();
        match json {
            Json::String(s) if s == "*" => named.push(Named::Everyone),
            Json::Object(kinds) if !kinds.is_empty() => {
                for (kind, value) in kinds {
                    for text in strings(value).ok_or_else(|| invalid_principal(kind, value))? {
                        named.push(match kind.as_str() {
                            "AWS" => Named::aws(text).ok_or_else(|| invalid_principal(kind, &Json::from(text)))?,
                            "Service" if text == "*" || text.contains('.') => Named::Service(text.into()),
                            "Federated" | "CanonicalUser" if !text.is_empty() => Named::Foreign(text.into()),
                            _ => return Err(invalid_principal(kind, &Json::from(text))),
                        });
                    }
                }
            }
            other => return fail(format!("Invalid principal in policy: {other}")),
        }
        Ok(if not { Principals::Not(named) } else { Principals::Any(named) })
    }

    fn actions(&self, fields: &Map<String, Json>) -> Result<Actions> {
        let Some((json, not)) = either(fields, "Action", "NotAction")? else {
            return fail("Policy statement must contain actions.");
        };
        let Some(list) = strings(json) else { return fail("Policy statement must contain actions.") };
        let mut patterns = Vec::with_capacity(list.len());
        for action in list {
            // Queue policies of old name an action without its service.
            let vendor = action == "*" || action.split_once(':').is_some_and(|(v, a)| !v.is_empty() && !a.is_empty());
            if !vendor && (!self.kind.hangs_on_resource() || action.is_empty() || action.contains(':')) {
                return fail("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
            }
            patterns.push(Pattern::parse(&action.to_ascii_lowercase(), false, true));
        }
        Ok(if not { Actions::Not(patterns) } else { Actions::Any(patterns) })
    }

    fn resources(&self, fields: &Map<String, Json>) -> Result<Resources> {
        let found = either(fields, "Resource", "NotResource")?;
        let Some((json, not)) = found else {
            return match self.kind {
                Kind::Trust => Ok(Resources::Itself),
                _ => fail("Policy statement must contain resources."),
            };
        };
        if self.kind == Kind::Trust {
            return fail("Has prohibited field Resource");
        }
        let Some(list) = strings(json) else { return fail("Policy statement must contain resources.") };
        if let Some(bad) = list.iter().find(|r| r.is_empty()) {
            return fail(format!("Resource {bad} must be in ARN format or \"*\"."));
        }
        if self.kind == Kind::Identity
            && let Some(bad) = list.iter().find(|r| **r != "*" && !r.starts_with("arn:") && !r.starts_with("${"))
        {
            return fail(format!("Resource {bad} must be in ARN format or \"*\"."));
        }
        let patterns = list.iter().map(|r| Pattern::parse(r, self.variables, true)).collect();
        Ok(if not { Resources::Not(patterns) } else { Resources::Any(patterns) })
    }

    fn conditions(&self, json: Option<&Json>) -> Result<Vec<Condition>> {
        let Some(json) = json else { return Ok(Vec::new()) };
        let Json::Object(operators) = json else { return fail("Condition must be an object") };
        let mut conditions = Vec::new();
        for (name, keys) in operators {
            let Some(operator) = Operator::parse(name) else {
                return fail(format!("Invalid Condition type : {name}."));
            };
            let Json::Object(keys) = keys else { return fail(format!("Condition {name} must be an object")) };
            for (key, values) in keys {
                if !key.contains(':') {
                    return fail("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
                }
                let values = self.values(operator.test, key, values)?;
                let sound = values.iter().all(|value| value.is_sound(operator.test));
                conditions.push(Condition { operator, key: key.as_str().into(), values, sound });
            }
        }
        Ok(conditions)
    }

    fn values(&self, test: Test, key: &str, json: &Json) -> Result<Vec<Value>> {
        let list = match json {
            Json::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut values = Vec::with_capacity(list.len());
        for value in list {
            if matches!(value, Json::Object(_) | Json::Array(_) | Json::Null) {
                return fail(format!("Condition values of {key} must be strings, numbers or booleans"));
            }
            let text = plain(value);
            if test == Test::Ip && parse_block(&text).is_none() {
                return fail(format!("Invalid IP address in Conditions: {text}"));
            }
            values.push(Value::new(&text, test, self.variables));
        }
        Ok(values)
    }
}

/// One of two fields of which a statement may have only one; whether it is the second.
fn either<'j>(fields: &'j Map<String, Json>, yes: &str, not: &str) -> Result<Option<(&'j Json, bool)>> {
    match (fields.get(yes), fields.get(not)) {
        (Some(_), Some(_)) => fail(format!("Statement can have {yes} or {not}, not both")),
        (Some(json), None) => Ok(Some((json, false))),
        (None, Some(json)) => Ok(Some((json, true))),
        (None, None) => Ok(None),
    }
}

/// A string or a list of strings, not empty.
fn strings(json: &Json) -> Option<Vec<&str>> {
    let list = match json {
        Json::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let strings: Vec<&str> = list.iter().map(Json::as_str).collect::<Option<_>>()?;
    (!strings.is_empty()).then_some(strings)
}

fn invalid_principal(kind: &str, value: &Json) -> PolicyError {
    PolicyError::Malformed(format!("Invalid principal in policy: \"{kind}\":{value}"))
}

fn plain(value: &Json) -> String {
    match value {
        Json::String(s) => s.clone(),
        other => other.to_string(),
    }
}
