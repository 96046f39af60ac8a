//! The stack of a template: made within the process, waited for, and asked for its outputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ::cloud::Inside;
use serde_json::{Value, json};

use super::error::Error;

/// The stack's name, as that of `messaging local --template`.
const STACK: &str = "messaging";
/// A template in the request itself may have so many bytes (CloudFormation quotas, "Template body size in a request").
const MAX_BYTES: usize = 51_200;
/// So much is said of why a stack failed.
const REASONS: usize = 10;

/// A template that was read.
#[derive(Debug, Clone)]
pub(super) struct Template {
    file: PathBuf,
    text: String,
    parameters: Vec<(String, String)>,
}

impl Template {
    pub(super) fn read(file: &Path, parameters: Vec<(String, String)>) -> Result<Self, Error> {
        let unread = |why: String| Error::Template { file: file.to_owned(), why };
        let text = std::fs::read_to_string(file).map_err(|error| unread(error.to_string()))?;
        if text.len() > MAX_BYTES {
            let why = format!("it has {} bytes, and CloudFormation takes {MAX_BYTES} in a request", text.len());
            return Err(unread(why));
        }
        Ok(Self { file: file.to_owned(), text, parameters })
    }

    /// Makes the stack and waits until it is complete; its outputs.
    pub(super) async fn deploy(self, inside: Inside) -> Result<BTreeMap<String, String>, Error> {
        let parameter = |(name, value): &(String, String)| json!({"ParameterKey": name, "ParameterValue": value});
        let parameters: Vec<Value> = self.parameters.iter().map(parameter).collect();
        let input = json!({
            "StackName": STACK,
            "TemplateBody": self.text,
            "Parameters": parameters,
            "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        });
        let failed = |reasons| Error::Deploy { file: self.file.clone(), reasons };
        let stack = inside.deploy(STACK, input).await.map_err(|error| failed(vec![error.message]))?;
        let status = stack["StackStatus"].as_str().unwrap_or_default();
        if status.ends_with("ROLLBACK_COMPLETE") || !status.ends_with("_COMPLETE") {
            let reasons = reasons(&inside).await?;
            return Err(failed(if reasons.is_empty() { vec![status.to_owned()] } else { reasons }));
        }
        Ok(outputs(&stack))
    }
}

fn outputs(stack: &Value) -> BTreeMap<String, String> {
    let all = stack["Outputs"].as_array().into_iter().flatten();
    all.filter_map(|output| {
        Some((output["OutputKey"].as_str()?.to_owned(), output["OutputValue"].as_str()?.to_owned()))
    })
    .collect()
}

/// Why resources failed, in the order in which they did.
async fn reasons(inside: &Inside) -> Result<Vec<String>, Error> {
    let described = inside.call("cloudformation", "DescribeStackEvents", json!({"StackName": STACK})).await?;
    let failed = |event: &Value| event["ResourceStatus"].as_str().is_some_and(|status| status.ends_with("_FAILED"));
    let said = |event: &Value| {
        let part = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        format!("{} ({}): {}", part("LogicalResourceId"), part("ResourceType"), part("ResourceStatusReason"))
    };
    // The newest stands first.
    let events = described["StackEvents"].as_array().into_iter().flatten().rev();
    Ok(events.filter(|event| failed(event)).take(REASONS).map(said).collect())
}
