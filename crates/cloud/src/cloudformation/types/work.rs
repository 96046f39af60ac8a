//! What resource types work with: calls of this cloud's own operations, names, tags, errors.

use serde_json::{Map, Value, json};

use super::schema::Properties;
use crate::cloudformation::record::Tag;
use crate::request::Context;
use template::scalar_text;
use wire::AwsError;

/// What a resource type works with when it creates, updates or deletes a resource.
pub(crate) struct Work<'a> {
    /// The service in it is CloudFormation: what is called is asked by it, on behalf of whom the context speaks for.
    pub cx: &'a Context,
    /// The name that CloudFormation gives if the template gives none.
    pub generated: GeneratedName<'a>,
    pub stack_id: &'a str,
    /// The stack's own tags, which its resources get as well.
    pub tags: &'a [Tag],
    /// The stack's tags before the update that runs.
    pub tags_before: &'a [Tag],
}

/// What a generated name is made of.
#[derive(Clone)]
pub(crate) struct GeneratedName<'a> {
    /// The stack's name.
    pub stack: &'a str,
    pub logical_id: &'a str,
    /// Twelve letters and digits.
    pub random: &'a str,
}

impl GeneratedName<'_> {
    /// `stack-logical-RANDOM`, the first two cut so that the whole fits.
    pub(crate) fn within(&self, max: usize) -> String {
        let room = max.saturating_sub(self.random.len() + 2);
        let logical: String = self.logical_id.chars().take(room / 2).collect();
        let stack: String = self.stack.chars().take(room - logical.len()).collect();
        format!("{stack}-{logical}-{}", self.random)
    }
}

/// What a resource type has created.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Created {
    /// What `Ref` gives.
    pub physical_id: String,
    /// What `Fn::GetAtt` gives beside the properties.
    pub attributes: Map<String, Value>,
}

impl Created {
    /// With what `Fn::GetAtt` gives, by name.
    pub(crate) fn new(
        physical_id: impl Into<String>,
        attributes: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Self {
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { physical_id: physical_id.into(), attributes }
    }
}

/// Why a resource can't be created, updated or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResourceError {
    /// The reason that its event gives.
    pub reason: String,
}

impl ResourceError {
    /// For a reason in words.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl From<AwsError> for ResourceError {
    fn from(error: AwsError) -> Self {
        // As resource handlers put a service's error into an event.
        let AwsError { code, message, status, .. } = error;
        ResourceError::new(format!(
            "Resource handler returned message: \"{message} (Error Code: {code}, Status Code: {status})\" (HandlerErrorCode: {})",
            handler_code(&code, status)
        ))
    }
}

/// What a resource handler calls an error ("Resource type handler error codes").
fn handler_code(code: &str, status: u16) -> &'static str {
    match (code, status) {
        (
            "AlreadyExists"
            | "EntityAlreadyExists"
            | "BucketAlreadyExists"
            | "ResourceAlreadyExistsException"
            | "ResourceInUseException",
            _,
        ) => "AlreadyExists",
        ("AccessDenied" | "AuthorizationError", _) => "AccessDenied",
        (_, 404) => "NotFound",
        (_, 500..) => "GeneralServiceException",
        _ => "InvalidRequest",
    }
}

/// The result of working on a resource.
pub(super) type ResourceResult<T> = Result<T, ResourceError>;

/// The error for a name that another resource has.
pub(super) fn already_exists(type_name: &str, identifier: &str) -> ResourceError {
    ResourceError::new(format!(
        "Resource handler returned message: \"Resource of type '{type_name}' with identifier '{identifier}' already exists.\" (HandlerErrorCode: AlreadyExists)"
    ))
}

impl Work<'_> {
    /// Calls an operation of another service of this cloud, with its input and its output in JSON.
    ///
    /// # Errors
    /// The operation's own.
    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, AwsError> {
        self.cx.call(service, operation, input).await
    }

    /// Like [`Work::call`], without the output, for deleting: what isn't there, which the error codes in `gone` tell, is as
    /// good as deleted.
    ///
    /// # Errors
    /// The operation's own, but for those in `gone`.
    pub(crate) async fn call_unless_gone(
        &self,
        service: &str,
        operation: &str,
        input: Value,
        gone: &[&str],
    ) -> ResourceResult<()> {
        match self.call(service, operation, input).await {
            Ok(_) => Ok(()),
            Err(error) if gone.contains(&error.code.as_ref()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What a new resource is tagged with: [`Work::all_tags`], and the tags that tell which stack it belongs to
    /// ("Resource tag" in the CloudFormation template reference).
    pub(crate) fn first_tags(&self, properties: &Properties) -> Map<String, Value> {
        let mut tags = self.all_tags(properties);
        for (name, value) in [
            ("stack-id", self.stack_id),
            ("stack-name", self.generated.stack),
            ("logical-id", self.generated.logical_id),
        ] {
            tags.insert(format!("aws:cloudformation:{name}"), value.into());
        }
        tags
    }

    /// The stack's tags and the resource's own, which take precedence, as keys and values.
    pub(crate) fn all_tags(&self, properties: &Properties) -> Map<String, Value> {
        all_tags(self.tags, properties)
    }

    /// The tags that a resource with these properties had before.
    pub(crate) fn all_tags_before(&self, properties: &Properties) -> Map<String, Value> {
        all_tags(self.tags_before, properties)
    }

    /// An ARN in this stack's place.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.cx.region, self.cx.account)
    }
}

fn all_tags(stack: &[Tag], properties: &Properties) -> Map<String, Value> {
    let mut tags: Map<String, Value> = stack.iter().map(|tag| (tag.key.clone(), tag.value.as_str().into())).collect();
    // Most types have a list of keys and values, some an object.
    for (key, value) in properties.get("Tags").and_then(Value::as_object).into_iter().flatten() {
        if let Some(value) = scalar_text(value) {
            tags.insert(key.clone(), value.into());
        }
    }
    for tag in properties.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) {
            tags.insert(key.to_owned(), value.into());
        }
    }
    tags
}

/// Tags as a list of keys and values.
pub(super) fn tag_list(tags: &Map<String, Value>) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// What has to be done to come from one set of tags to another: those to set, the keys to remove.
pub(super) fn tag_changes(old: &Map<String, Value>, new: &Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let set = new.iter().filter(|(key, value)| old.get(*key) != Some(value));
    let gone = old.keys().filter(|key| !new.contains_key(*key)).cloned().collect();
    (set.map(|(key, value)| (key.clone(), value.clone())).collect(), gone)
}

/// A property as text.
pub(super) fn text<'a>(properties: &'a Properties, name: &str) -> Option<&'a str> {
    properties.get(name).and_then(Value::as_str)
}

/// A property as the text of an attribute: objects as JSON.
pub(super) fn attribute(value: &Value) -> Value {
    match value {
        Value::String(_) => value.clone(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_fit() {
        let name = |stack, logical_id| GeneratedName { stack, logical_id, random: "ABCDEFGHIJKL" };
        assert_eq!(name("s", "Queue").within(80), "s-Queue-ABCDEFGHIJKL");
        let long = "x".repeat(200);
        assert_eq!(name(&long, &long).within(64).len(), 64);
    }

    #[test]
    fn changes_of_tags() {
        let tags = |json: Value| json.as_object().unwrap().clone();
        let (set, gone) = tag_changes(&tags(json!({"a": "1", "b": "2", "c": "3"})), &tags(json!({"a": "1", "b": "4"})));
        assert_eq!((set, gone), (tags(json!({"b": "4"})), vec!["c".to_owned()]));
    }
}
