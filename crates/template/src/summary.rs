//! What a template asks for: its capabilities, types and parameters, as `GetTemplateSummary` and `ValidateTemplate` say.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Template;

/// The capabilities that a caller has to acknowledge, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// E.g. `CAPABILITY_IAM`.
    pub names: Vec<&'static str>,
    /// AWS's sentence on what needs them.
    pub reason: Option<String>,
}

/// The property that gives an IAM resource a name of its own, by type ("Acknowledging IAM resources").
fn own_name(kind: &str) -> Option<&'static str> {
    match kind {
        "AWS::IAM::Group" => Some("GroupName"),
        "AWS::IAM::InstanceProfile" => Some("InstanceProfileName"),
        "AWS::IAM::ManagedPolicy" => Some("ManagedPolicyName"),
        "AWS::IAM::Role" => Some("RoleName"),
        "AWS::IAM::User" => Some("UserName"),
        "AWS::IAM::AccessKey" | "AWS::IAM::Policy" | "AWS::IAM::UserToGroupAddition" => Some(""),
        _ => None,
    }
}

/// What a template needs: `CAPABILITY_NAMED_IAM` for IAM resources with names of their own, else `CAPABILITY_IAM` for any;
/// `CAPABILITY_AUTO_EXPAND` for transforms.
pub fn capabilities(template: &Template) -> Capabilities {
    let mut kinds = BTreeSet::new();
    let mut named = false;
    for resource in template.resources.values() {
        if let Some(name) = own_name(&resource.kind) {
            kinds.insert(resource.kind.as_str());
            named |= resource.properties.contains_key(name);
        }
    }
    let mut capabilities = Capabilities::default();
    if !kinds.is_empty() {
        capabilities.names.push(if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" });
        let kinds: Vec<&str> = kinds.into_iter().collect();
        capabilities.reason = Some(format!("The following resource(s) require capabilities: [{}]", kinds.join(", ")));
    }
    if !template.transforms.is_empty() {
        capabilities.names.push("CAPABILITY_AUTO_EXPAND");
        capabilities.reason.get_or_insert_with(|| {
            format!("The following transform(s) require capabilities: [{}]", template.transforms.join(", "))
        });
    }
    capabilities
}

/// The IAM capability that `acknowledged` lacks, if any. `CAPABILITY_NAMED_IAM` covers both.
///
/// `CAPABILITY_AUTO_EXPAND` is another matter: change sets need none ("CreateChangeSet", Capabilities), and CreateStack and
/// UpdateStack do as soon as the template has a transform.
pub fn lacking(template: &Template, acknowledged: &[String]) -> Option<&'static str> {
    let needed = capabilities(template).names.into_iter().find(|n| n.ends_with("_IAM"))?;
    let has = |name: &str| acknowledged.iter().any(|a| a == name);
    (!has(needed) && !has("CAPABILITY_NAMED_IAM")).then_some(needed)
}

/// Every resource type with the logical ids of its resources.
pub fn types(template: &Template) -> BTreeMap<&str, Vec<&str>> {
    let mut types: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, resource) in &template.resources {
        types.entry(&resource.kind).or_default().push(name);
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iam_needs_a_capability() {
        let cases: [(&str, &[&str], Option<&str>, &[&str]); 4] = [
            ("{R: {Type: 'AWS::SNS::Topic'}}", &[], None, &[]),
            ("{R: {Type: 'AWS::IAM::Role'}}", &["CAPABILITY_IAM"], Some("CAPABILITY_IAM"), &[]),
            ("{R: {Type: 'AWS::IAM::Role'}}", &["CAPABILITY_IAM"], None, &["CAPABILITY_NAMED_IAM"]),
            (
                "{R: {Type: 'AWS::IAM::Role', Properties: {RoleName: x}}, P: {Type: 'AWS::IAM::Policy'}}",
                &["CAPABILITY_NAMED_IAM"],
                Some("CAPABILITY_NAMED_IAM"),
                &["CAPABILITY_IAM"],
            ),
        ];
        for (resources, names, lack, acknowledged) in cases {
            let template = Template::read(&format!("Resources: {resources}")).unwrap();
            assert_eq!(capabilities(&template).names, names);
            let acknowledged: Vec<String> = acknowledged.iter().map(|a| (*a).to_owned()).collect();
            assert_eq!(lacking(&template, &acknowledged), lack);
        }
        let both = Template::read("Resources: {R: {Type: 'AWS::IAM::Role'}, P: {Type: 'AWS::IAM::Policy'}}").unwrap();
        assert_eq!(
            capabilities(&both).reason.unwrap(),
            "The following resource(s) require capabilities: [AWS::IAM::Policy, AWS::IAM::Role]"
        );
    }
}
