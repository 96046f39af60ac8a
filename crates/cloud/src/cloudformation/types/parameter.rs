//! `AWS::SSM::Parameter`.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::resource_type::ResourceType;
use super::schema::{Field, Properties, Schema, json as any, string};
use super::work::{Created, ResourceError, ResourceResult, Work, already_exists, tag_changes, tag_list, text};

const FIELDS: &[Field] = &[
    string("AllowedPattern"),
    string("DataType"),
    string("Description"),
    string("Name").replaces(),
    any("Tags"),
    string("Tier"),
    string("Type").required(),
    string("Value").required(),
];
/// Nothing expires here, and nobody is notified.
const ABSENT: &[&str] = &["Policies"];
/// What a new version is told; the tags have operations of their own.
const TOLD: &[&str] = &["AllowedPattern", "DataType", "Description", "Tier", "Type", "Value"];

static SCHEMA: Schema = Schema {
    type_name: "AWS::SSM::Parameter",
    fields: FIELDS,
    absent: ABSENT,
    attributes: &["Arn", "Type", "Value"],
    identifiers: &["Name"],
};

/// `AWS::SSM::Parameter`.
pub(super) struct Parameter;

#[async_trait]
impl ResourceType for Parameter {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        let generated = || format!("CFN-{}-{}", work.generated.logical_id, work.generated.random);
        text(properties, "Name").map_or_else(generated, str::to_owned)
    }

    async fn check_name_is_free(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        match work.call("ssm", "GetParameter", json!({"Name": name})).await {
            Ok(_) => Err(already_exists(SCHEMA.type_name, name)),
            Err(_) => Ok(()),
        }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        let mut input = told(name, properties)?;
        input["Tags"] = tag_list(&work.first_tags(properties));
        match work.call("ssm", "PutParameter", input).await {
            // The name is the stack's own: it was made before a restart, of the same properties.
            Err(error) if error.code == "ParameterAlreadyExists" => {}
            result => drop(result?),
        }
        // Type and Value are given as properties: what is noted of a creation stays as it was after an update.
        let arn = work.arn("ssm", &format!("parameter/{}", name.strip_prefix('/').unwrap_or(name)));
        Ok(Created::new(name, [("Arn", arn.into())]))
    }

    async fn update(&self, work: &Work<'_>, name: &str, old: &Properties, new: &Properties) -> ResourceResult<()> {
        if TOLD.iter().any(|property| old.get(*property) != new.get(*property)) {
            let mut input = told(name, new)?;
            input["Overwrite"] = true.into();
            // A property that went is taken away: what isn't told stays as it was.
            for property in ["AllowedPattern", "Description"] {
                if !new.contains_key(property) {
                    input[property] = "".into();
                }
            }
            work.call("ssm", "PutParameter", input).await?;
        }
        let (set, gone) = tag_changes(&work.all_tags_before(old), &work.all_tags(new));
        if !gone.is_empty() {
            let input = json!({"ResourceType": "Parameter", "ResourceId": name, "TagKeys": gone});
            work.call("ssm", "RemoveTagsFromResource", input).await?;
        }
        if !set.is_empty() {
            let input = json!({"ResourceType": "Parameter", "ResourceId": name, "Tags": tag_list(&set)});
            work.call("ssm", "AddTagsToResource", input).await?;
        }
        Ok(())
    }

    async fn delete(&self, work: &Work<'_>, name: &str, _properties: &Properties) -> ResourceResult<()> {
        // What no parameter can be called is none either.
        let gone = &["ParameterNotFound", "ValidationException"];
        work.call_unless_gone("ssm", "DeleteParameter", json!({"Name": name}), gone).await
    }
}

/// The input of PutParameter.
fn told(name: &str, properties: &Properties) -> ResourceResult<Value> {
    if text(properties, "Type") == Some("SecureString") {
        // "AWS::SSM::Parameter" (CloudFormation template reference).
        return Err(ResourceError::new("SSM Parameters of type SecureString cannot be created using CloudFormation"));
    }
    let mut input = json!({"Name": name});
    for property in TOLD {
        if let Some(value) = properties.get(*property) {
            input[*property] = value.clone();
        }
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::core::Cloud;
    use crate::core::clock::Clock;
    use crate::request::Context;
    use crate::server::Options;
    use crate::testing::call::context;
    use log::Durability;

    async fn ok(cx: &Context, service: &str, operation: &str, input: Value) -> Value {
        cx.call(service, operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    /// Waits until the stack has come to rest, and tells its status and its first output.
    async fn rest(cx: &Context) -> (String, Value) {
        for _ in 0..100_000 {
            let stack = ok(cx, "cloudformation", "DescribeStacks", json!({"StackName": "s"})).await["Stacks"][0].take();
            let status = stack["StackStatus"].as_str().unwrap_or_default();
            if !status.ends_with("_IN_PROGRESS") {
                return (status.to_owned(), stack["Outputs"][0]["OutputValue"].clone());
            }
            tokio::task::yield_now().await;
        }
        panic!("the stack doesn't come to rest");
    }

    fn template(properties: Value) -> Value {
        let parameter = json!({"Type": "AWS::SSM::Parameter", "Properties": properties});
        let output = json!({"Value": {"Fn::Sub": "${P}=${P.Value}"}});
        let body = json!({"Resources": {"P": parameter}, "Outputs": {"O": output}}).to_string();
        json!({"StackName": "s", "TemplateBody": body})
    }

    #[tokio::test]
    async fn a_parameter_of_a_stack_is_made_changed_replaced_and_deleted_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_000_000);
        let options = Options { durability: Durability::Memory, clock, ..Options::new(folder.path()) };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        let cx = context(cloud, "000000000000");
        let first = json!({"Name": "/s/p", "Type": "String", "Value": "1", "Description": "d", "Tags": {"k": "v"}});
        ok(&cx, "cloudformation", "CreateStack", template(first)).await;
        assert_eq!(rest(&cx).await, ("CREATE_COMPLETE".into(), json!("/s/p=1")));
        let tags = json!({"ResourceType": "Parameter", "ResourceId": "/s/p"});
        let listed = ok(&cx, "ssm", "ListTagsForResource", tags.clone()).await.to_string();
        assert!(
            listed.contains(r#"{"Key":"k","Value":"v"}"#) && listed.contains("aws:cloudformation:stack-id"),
            "{listed}"
        );

        let second = json!({"Name": "/s/p", "Type": "String", "Value": "2", "Tags": {"l": "w"}});
        ok(&cx, "cloudformation", "UpdateStack", template(second)).await;
        assert_eq!(rest(&cx).await, ("UPDATE_COMPLETE".into(), json!("/s/p=2")));
        let shown = ok(&cx, "ssm", "DescribeParameters", json!({})).await["Parameters"][0].take();
        assert_eq!((&shown["Version"], &shown["Description"]), (&json!(2), &Value::Null));
        let listed = ok(&cx, "ssm", "ListTagsForResource", tags).await.to_string();
        assert!(listed.contains(r#"{"Key":"l","Value":"w"}"#) && !listed.contains(r#""k""#), "{listed}");

        let third = json!({"Type": "StringList", "Value": "a,b"});
        ok(&cx, "cloudformation", "UpdateStack", template(third)).await;
        let (status, output) = rest(&cx).await;
        assert_eq!(status, "UPDATE_COMPLETE");
        assert!(output.as_str().is_some_and(|it| it.starts_with("CFN-P-") && it.ends_with("=a,b")), "{output}");
        let gone = cx.call("ssm", "GetParameter", json!({"Name": "/s/p"})).await.unwrap_err();
        assert_eq!(&*gone.code, "ParameterNotFound");

        let secret = json!({"Type": "SecureString", "Value": "x"});
        ok(&cx, "cloudformation", "UpdateStack", template(secret)).await;
        assert_eq!(rest(&cx).await, ("UPDATE_ROLLBACK_COMPLETE".into(), output));
    }

    #[tokio::test]
    async fn a_stack_takes_no_parameter_that_was_there_before() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_000_000);
        let options = Options { durability: Durability::Memory, clock, ..Options::new(folder.path()) };
        let (cloud, _) = Cloud::open(options, |_| {}).unwrap();
        let cx = context(cloud, "000000000000");
        ok(&cx, "ssm", "PutParameter", json!({"Name": "/s/p", "Value": "mine", "Type": "String"})).await;
        let properties = json!({"Name": "/s/p", "Type": "String", "Value": "theirs"});
        ok(&cx, "cloudformation", "CreateStack", template(properties)).await;
        assert_eq!(rest(&cx).await.0, "ROLLBACK_COMPLETE");
        let kept = ok(&cx, "ssm", "GetParameter", json!({"Name": "/s/p"})).await;
        assert_eq!(kept["Parameter"]["Value"], "mine");
    }
}
