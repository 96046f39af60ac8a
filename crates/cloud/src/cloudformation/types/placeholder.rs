//! Placeholders: what stands in a stack for a resource of a type that this cloud doesn't simulate. It has a physical id and
//! attributes of the right shapes, and does nothing.

use std::collections::BTreeMap;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::catalogue::{self, AwsType, Kind};
use super::made_up;
use super::resource_type::ResourceType;
use super::schema::{Conformed, Field, Properties, Schema, json};
use super::work::{Created, ResourceResult, Work};
use template::scalar_text;

/// The placeholders of a type.
pub(super) struct Placeholder {
    schema: &'static Schema,
    /// Nothing for the types whose attributes nobody can know: custom resources, and other parties' types.
    known: Option<&'static AwsType>,
}

/// Of types that AWS doesn't have.
static FOREIGN: Placeholder = Placeholder {
    schema: &Schema { type_name: "Custom::*", fields: &[], absent: &[], attributes: &[], identifiers: &[] },
    known: None,
};

/// As many as AWS has types: each is made once and stays.
static PLACEHOLDERS: Mutex<BTreeMap<&'static str, &'static Placeholder>> = Mutex::new(BTreeMap::new());

/// The placeholders of a type that isn't simulated, if it can have any: see [`can_stand`].
pub(super) fn find(type_name: &str) -> Option<&'static Placeholder> {
    if !can_stand(type_name) {
        return None;
    }
    match catalogue::find(type_name) {
        Some(known) if known.name != CUSTOM_RESOURCE => {
            Some(*PLACEHOLDERS.lock().entry(known.name).or_insert_with(|| Box::leak(Box::new(of_type(known)))))
        }
        _ => Some(&FOREIGN),
    }
}

const CUSTOM_RESOURCE: &str = "AWS::CloudFormation::CustomResource";

/// Whether a resource of a type may be replaced by a placeholder. Nobody can know what a nested stack's outputs are, and its
/// queues and topics would be missing; serverless types stand for resources that a transform makes of them.
pub(super) fn can_stand(type_name: &str) -> bool {
    let kept = type_name == "AWS::CloudFormation::Stack" || type_name.starts_with("AWS::Serverless::");
    !kept && (catalogue::find(type_name).is_some() || is_foreign(type_name))
}

/// Whether a type's name is that of a custom resource or of another party's type.
pub(super) fn is_foreign(type_name: &str) -> bool {
    let parts: Vec<&str> = type_name.split("::").collect();
    let is_word = |part: &&str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'@' | b'-'))
    };
    match parts.as_slice() {
        ["AWS", ..] => false,
        // "AWS::CloudFormation::CustomResource": up to 60 characters.
        ["Custom", name] => is_word(name) && name.len() <= 60,
        [_, _, _] => parts.iter().all(is_word),
        _ => false,
    }
}

/// What is made up for an attribute of a resource of another party's type, which could be any; nothing for AWS's types, whose
/// placeholders have all of theirs.
pub(crate) fn foreign_attribute(type_name: &str, physical_id: &str, attribute: &str) -> Option<Value> {
    let found = find(type_name).filter(|found| found.known.is_none())?;
    let place = made_up::Place { type_name: found.schema.type_name, region: "", account: "" };
    Some(place.attribute(physical_id, attribute, Kind::Text))
}

fn of_type(known: &'static AwsType) -> Placeholder {
    let given = known.identifiers.iter().filter(|identifier| !identifier.chosen && !identifier.name.contains('.'));
    let fields: Vec<Field> = given.map(|identifier| json(identifier.name).replaces()).collect();
    let attributes: Vec<&'static str> = known.attributes.iter().map(|(name, _)| *name).collect();
    let identifiers: Vec<&'static str> = known.identifiers.iter().map(|identifier| identifier.name).collect();
    let schema = Schema {
        type_name: known.name,
        fields: fields.leak(),
        absent: &[],
        attributes: attributes.leak(),
        identifiers: identifiers.leak(),
    };
    Placeholder { schema: Box::leak(Box::new(schema)), known: Some(known) }
}

#[async_trait]
impl ResourceType for Placeholder {
    fn schema(&self) -> &'static Schema {
        self.schema
    }

    fn has_attribute(&self, attribute: &str) -> bool {
        self.known.is_none() || self.schema.has_attribute(attribute)
    }

    /// Nothing is known of the properties: they stand as they are.
    fn conform(&self, properties: &Properties, _leave_out: bool) -> Result<Conformed, String> {
        Ok(Conformed { properties: properties.clone(), ..Conformed::default() })
    }

    fn stands_in(&self, _properties: &Properties) -> Option<String> {
        Some("this cloud does not simulate its type, and it does nothing".to_owned())
    }

    /// The identifier that the template gives, else a generated name.
    fn choose_name(&self, work: &Work<'_>, properties: &Properties) -> String {
        let given = match self.known.map(|known| known.identifiers.as_slice()) {
            Some([one]) if !one.chosen => properties.get(one.name).and_then(scalar_text),
            _ => None,
        };
        given.unwrap_or_else(|| work.generated.within(64))
    }

    fn physical_id(&self, work: &Work<'_>, name: &str, properties: &Properties) -> String {
        let Some(known) = self.known else { return name.to_owned() };
        let place = self.place(work);
        match known.name {
            // "Return values" of the types' pages: Ref gives something else than the schema's identifier.
            "AWS::Events::Rule" => return name.to_owned(),
            "AWS::Batch::JobDefinition" => return place.arn(name),
            name_of if name_of.starts_with("AWS::SecretsManager::") => return place.arn(name),
            _ => {}
        }
        let identifier = |name_of: &str, chosen: bool| match properties.get(name_of).and_then(scalar_text) {
            Some(given) if !chosen => given,
            _ if made_up::is_arn(name_of) => place.arn(name),
            _ => name.to_owned(),
        };
        // Where the service chooses one of several identifiers, that one is what Ref gives.
        let identifiers = &known.identifiers;
        let chosen: Vec<_> = identifiers.iter().filter(|it| it.chosen || identifiers.len() == 1).collect();
        match chosen.as_slice() {
            [one] => identifier(one.name, one.chosen),
            _ => identifiers.iter().map(|it| identifier(it.name, it.chosen)).collect::<Vec<_>>().join("|"),
        }
    }

    async fn create(&self, work: &Work<'_>, name: &str, properties: &Properties) -> ResourceResult<Created> {
        let place = self.place(work);
        let physical_id = self.physical_id(work, name, properties);
        let mut attributes = Map::new();
        let known = self.known.map(|known| known.attributes.as_slice()).unwrap_or_default();
        for (attribute, kind) in known.iter().filter(|(attribute, _)| !properties.contains_key(*attribute)) {
            let is_id = self.schema.identifiers == [*attribute] || *attribute == "Id";
            let value = if is_id { physical_id.as_str().into() } else { place.attribute(name, attribute, *kind) };
            attributes.insert((*attribute).to_owned(), value);
        }
        Ok(Created { physical_id, attributes })
    }

    async fn update(&self, _work: &Work<'_>, _id: &str, _old: &Properties, _new: &Properties) -> ResourceResult<()> {
        Ok(())
    }

    async fn delete(&self, _work: &Work<'_>, _id: &str, _properties: &Properties) -> ResourceResult<()> {
        Ok(())
    }
}

impl Placeholder {
    fn place<'a>(&self, work: &'a Work<'_>) -> made_up::Place<'a> {
        made_up::Place { type_name: self.schema.type_name, region: &work.cx.region, account: &work.cx.account }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_can_stand_as_placeholders() {
        for (name, can) in [
            ("AWS::Lambda::Function", true),
            ("AWS::CloudFormation::WaitCondition", true),
            ("AWS::CloudFormation::CustomResource", true),
            ("Custom::Thing", true),
            ("Datadog::Monitors::Monitor", true),
            ("AWS::CloudFormation::Stack", false),
            ("AWS::Serverless::Function", false),
            ("AWS::SQS::Queu", false),
            ("Custom::a::b::c", false),
            ("Custom", false),
            ("Nothing", false),
            ("a::b::", false),
        ] {
            assert_eq!(can_stand(name), can, "{name}");
            assert_eq!(find(name).is_some(), can, "{name}");
        }
    }

    #[test]
    fn a_placeholder_has_the_attributes_of_its_type() {
        let function = find("AWS::Lambda::Function").unwrap();
        assert!(function.has_attribute("Arn") && !function.has_attribute("Nope"));
        assert!(find("Custom::Thing").unwrap().has_attribute("Whatever"));
        assert!(find("AWS::CloudFormation::CustomResource").unwrap().has_attribute("Whatever"));
        assert_eq!(function.schema().type_name, "AWS::Lambda::Function");
        let (old, new) = (Map::from_iter([("FunctionName".to_owned(), "a".into())]), Map::new());
        assert!(function.schema().replaces(&old, &new));
    }
}
