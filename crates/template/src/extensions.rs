//! The transforms that exist here: `AWS::LanguageExtensions` and what it adds to the language; and SAM's, which changes nothing
//! in a template without serverless resources.

use serde_json::{Map, Value};

use crate::error::{Invalid, Result};

/// The transform's name. It gives `Fn::ForEach`, `Fn::Length` and `Fn::ToJsonString`, and functions where others have names.
pub(crate) const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";
/// The transform that puts files into a template. Once it is done, its name is all that is left of it.
pub(crate) const INCLUDE: &str = "AWS::Include";
/// How the key of a loop begins; the loop's name follows.
pub(crate) const LOOP: &str = "Fn::ForEach::";

/// AWS's error of the transform.
pub(crate) fn failed(what: impl std::fmt::Display) -> Invalid {
    Invalid::new(format!("Transform {LANGUAGE_EXTENSIONS} failed with: {what}"))
}

/// Whether a function exists only with the transform.
pub(crate) fn needs_extensions(function: &str) -> bool {
    matches!(function, "Fn::Length" | "Fn::ToJsonString") || function.starts_with(LOOP)
}

/// The functions that every template has, as AWS lists them (aws/aws-cli, pull request 2746; `Fn::Cidr` came later).
const FUNCTIONS: &str = "Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr";

/// The error for a function that can't be called: in AWS's words if AWS doesn't know it either, or not without the transform.
pub(crate) fn unsupported(function: &str) -> Invalid {
    Invalid::new(match function {
        "Fn::Contains"
        | "Fn::EachMemberEquals"
        | "Fn::EachMemberIn"
        | "Fn::ValueOf"
        | "Fn::ValueOfAll"
        | "Fn::RefAll"
        | "Fn::Transform"
        | "Fn::GetStackOutput" => {
            format!("Template error: the function {function} is not supported here")
        }
        _ => format!(
            "Template Error: Encountered unsupported function: {function} Supported functions are: [{FUNCTIONS}]"
        ),
    })
}

/// The transform of the Serverless Application Model.
pub(crate) const SERVERLESS: &str = "AWS::Serverless-2016-10-31";

/// Names of the declared transforms, whether one string, one object with a `Name`, or a list of them.
pub(crate) fn transforms(section: Option<&Value>) -> Result<Vec<String>> {
    let declared = match section {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    };
    let mut names = Vec::with_capacity(declared.len());
    for transform in declared {
        let name = match transform {
            Value::String(name) => name,
            Value::Object(definition) => match definition.get("Name") {
                Some(Value::String(name)) => name,
                _ => return Err(Invalid::new("Key Name of transform definition must be a string.")),
            },
            _ => {
                return Err(Invalid::new(
                    "Template format error: every Transform must be a string or an object with a Name",
                ));
            }
        };
        if !matches!(name.as_str(), LANGUAGE_EXTENSIONS | SERVERLESS | INCLUDE) {
            return Err(Invalid::new(format!("Template format error: the transform {name} is not supported here")));
        }
        names.push(name.clone());
    }
    Ok(names)
}

/// What SAM lets be set for all serverless resources of a kind ("Globals section of the AWS SAM template").
const GLOBALS: [&str; 8] =
    ["Api", "CapacityProvider", "Function", "HttpApi", "LayerVersion", "SimpleTable", "StateMachine", "WebSocketApi"];

/// Takes the section `Globals` out of a template that SAM transforms. It is for serverless resources only, and there are none.
pub(crate) fn take_globals(sections: &mut Map<String, Value>, transforms: &[String]) -> Result<()> {
    if !transforms.iter().any(|name| name == SERVERLESS) {
        return Ok(());
    }
    let wrong = match sections.shift_remove("Globals") {
        None => return Ok(()),
        Some(Value::Object(globals)) => globals.iter().find_map(|(name, value)| wrong_global(name, value)),
        Some(_) => Some("It must be a non-empty dictionary".to_owned()),
    };
    match wrong {
        None => Ok(()),
        Some(why) => Err(Invalid::new(format!(
            "Transform {SERVERLESS} failed with: Invalid Serverless Application Specification document. Number of errors found: 1. 'Globals' section is invalid. {why}"
        ))),
    }
}

/// What is wrong with a member of the section, as SAM words it.
fn wrong_global(name: &str, value: &Value) -> Option<String> {
    if !GLOBALS.contains(&name) {
        let known = GLOBALS.join("', '");
        return Some(format!("'{name}' is not supported. Must be one of the following values - ['{known}']"));
    }
    (!value.is_object()).then(|| format!("Value of {name} must be a dictionary"))
}
