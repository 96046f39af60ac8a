//! The query protocol's answers in JSON, for clients that say `Accept: application/json`: the same frame as in XML, written as JSON.
//!
//! Sources: AWS IAM Authenticator reads STS's `GetCallerIdentityResponse` so; of SQS the names of lists and the entries of maps were
//! recorded on AWS.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{AwsError, Fault, Names};

/// Writes the answer of an operation: `{"XResponse":{"XResult":{..},"ResponseMetadata":{..}}}`.
pub fn response<T: Serialize>(
    operation: &str,
    names: Names,
    request_id: &str,
    output: &T,
) -> Result<Vec<u8>, AwsError> {
    let output = serde_json::to_value(output)
        .map_err(|error| AwsError::internal(format!("The answer can't be written as JSON: {error}")))?;
    let mut response = Map::new();
    if !output.is_null() {
        response.insert(format!("{operation}Result"), renamed(output, names));
    }
    response.insert("ResponseMetadata".to_owned(), json!({ "RequestId": request_id }));
    Ok(json!({ (format!("{operation}Response")): response }).to_string().into_bytes())
}

/// Writes an error.
pub(crate) fn error(error: &AwsError, request_id: &str) -> Vec<u8> {
    let kind = if error.fault == Fault::Sender { "Sender" } else { "Receiver" };
    let code = error.query_code.as_ref().unwrap_or(&error.code);
    let told = json!({ "Type": kind, "Code": code, "Message": error.message, "Detail": null });
    json!({ "Error": told, "RequestId": request_id }).to_string().into_bytes()
}

/// The output without what has no value, as the service names it.
fn renamed(value: Value, names: Names) -> Value {
    match value {
        Value::Object(members) => {
            let given = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(given.map(|(name, value)| member(name, value, names)).collect())
        }
        Value::Array(items) => items.into_iter().map(|item| renamed(item, names)).collect(),
        other => other,
    }
}

/// SQS's lists of messages and URLs begin in lower case, and its maps are lists of entries.
fn member(name: String, value: Value, names: Names) -> (String, Value) {
    match (names, name.as_str(), value) {
        (Names::Flat, "QueueUrls", value) => ("queueUrls".to_owned(), value),
        (Names::Flat, "Messages", value) => ("messages".to_owned(), renamed(value, names)),
        (Names::Flat, field @ ("Attributes" | "MessageAttributes" | "Tags"), Value::Object(entries)) => {
            let (key, of) = if field == "Tags" { ("Key", "Value") } else { ("Name", "Value") };
            let entry = |(name, value)| json!({ (key): name, (of): renamed(value, names) });
            (name, entries.into_iter().map(entry).collect())
        }
        (_, _, value) => (name, renamed(value, names)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        queue_urls: Vec<&'static str>,
        attributes: BTreeMap<&'static str, &'static str>,
        next_token: Option<&'static str>,
    }

    /// A GET with `Accept: application/json` got XML.
    #[test]
    fn sqs_names_its_lists_and_maps_in_its_own_way() {
        let output = Output { queue_urls: vec!["u"], attributes: BTreeMap::from([("a", "b")]), next_token: None };
        let read = |names| -> Value {
            serde_json::from_slice(&response("ListQueues", names, "id", &output).unwrap()).unwrap()
        };
        let expected = json!({"ListQueuesResponse": {
            "ListQueuesResult": {"queueUrls": ["u"], "Attributes": [{"Name": "a", "Value": "b"}]},
            "ResponseMetadata": {"RequestId": "id"},
        }});
        assert_eq!(read(Names::Flat), expected);
        let expected = json!({"QueueUrls": ["u"], "Attributes": {"a": "b"}});
        assert_eq!(read(Names::Wrapped)["ListQueuesResponse"]["ListQueuesResult"], expected);
        let nothing = response("PurgeQueue", Names::Flat, "id", &()).unwrap();
        assert_eq!(nothing, br#"{"PurgeQueueResponse":{"ResponseMetadata":{"RequestId":"id"}}}"#);
    }
}
