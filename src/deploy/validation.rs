//! Why a template is refused, with the logical id of each resource that is meant.

use super::{Deployer, Template};

/// So many failures are shown at most.
const SHOWN: usize = 20;
/// So many letters may be wrong in a name that is meant.
const NEAR: usize = 3;

/// The failures of the checks before a deployment (DescribeEvents, VALIDATION_ERROR), a line each. A cloud that doesn't
/// tell them has said all it knows.
pub(super) async fn failures(deployer: &Deployer<'_>, change_set: &str) -> Vec<String> {
    let client = deployer.target.cloudformation();
    let failed = aws_sdk_cloudformation::types::EventFilter::builder().failed_events(true).build();
    let request = client.describe_events().change_set_name(change_set).filters(failed);
    let Ok(answer) = request.send().await else { return Vec::new() };
    let failures = answer.operation_events().iter().filter_map(|event| {
        let reason = event.validation_status_reason().or(event.resource_status_reason())?;
        let id = event.logical_resource_id().unwrap_or_default();
        let path = event.validation_path().map(|path| format!(" at {path}")).unwrap_or_default();
        Some(format!("{id} ({}){path}: {reason}", event.resource_type().unwrap_or_default()))
    });
    failures.take(SHOWN).collect()
}

/// What to do about a name that is taken, if that is why.
pub(super) fn taken(why: &str) -> Option<&'static str> {
    let is_taken = ["already exist", "already owned by you"].iter().any(|words| why.contains(words));
    is_taken.then_some(
        "What exists already isn't this stack's; a stack that was deleted may have left it, as buckets are kept whose template \
         says so. Delete it if it isn't needed, or give it another name by --parameter.",
    )
}

/// The resources whose types an error names without their logical ids, in a sentence.
pub(super) fn resources_of(error: &str, template: &Template) -> Option<String> {
    // A type ends where its name does: AWS::S3::Bucket isn't meant by AWS::S3::BucketPolicy.
    let is_named = |text: &str| {
        error.match_indices(text).any(|(at, _)| {
            let after = error[at + text.len()..].chars().next();
            after.is_none_or(|c| !c.is_ascii_alphanumeric() && c != ':')
        })
    };
    let meant = template.resources().into_iter().filter(|it| it.kind.contains("::") && is_named(&it.kind));
    let meant = meant.filter(|it| !error.contains(&it.logical_id));
    let meant: Vec<_> = meant.take(SHOWN).map(|it| format!("{} is of the type {}", it.logical_id, it.kind)).collect();
    (!meant.is_empty()).then(|| format!("{}.", meant.join(", ")))
}

/// The parameters that are meant by names which the template doesn't have, in a sentence.
pub(super) fn parameters_of(error: &str, template: &Template) -> Option<String> {
    let unknown = error.strip_suffix("] do not exist in the template")?.rsplit_once('[')?.1;
    let declared = template.names("Parameters");
    if declared.is_empty() {
        return Some("The template has no parameters.".into());
    }
    let near = |wrong: &str| declared.iter().map(|name| (strsim::levenshtein(wrong, name), name)).min();
    let meant: Vec<_> =
        unknown.split(", ").filter_map(near).filter(|(far, _)| *far <= NEAR).map(|(_, name)| name.as_str()).collect();
    Some(match meant.is_empty() {
        true => format!("The template's parameters are {}.", declared.join(", ")),
        false => format!("Is {} meant?", meant.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_is_nearly_named_is_told() {
        let template = Template::new("Parameters: {MaxReceiveCount: {Type: Number}, TopicName: {Type: String}}", "t");
        let told = |name: &str| {
            parameters_of(&format!("ValidationError: Parameters: [{name}] do not exist in the template"), &template)
        };
        assert_eq!(told("MaxRecieveCount").unwrap(), "Is MaxReceiveCount meant?");
        assert_eq!(told("X").unwrap(), "The template's parameters are MaxReceiveCount, TopicName.");
        assert_eq!(parameters_of("No permission", &template), None);
    }

    /// A type that isn't there was named, and not which of many resources has it.
    #[test]
    fn an_error_about_a_type_names_the_resources() {
        let text = "Resources: {Orders: {Type: 'AWS::SQS::Queu'}, Policy: {Type: 'AWS::SQS::QueuePolicy'}, B: {Type: A::B::C}}";
        let template = Template::new(text, "t");
        let error = "Template format error: Unrecognized resource types: [AWS::SQS::Queu]";
        assert_eq!(resources_of(error, &template).unwrap(), "Orders is of the type AWS::SQS::Queu.");
        assert_eq!(resources_of("Orders: AWS::SQS::Queu is none", &template), None);
        assert_eq!(resources_of("No permission", &template), None);
    }
}
