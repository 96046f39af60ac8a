//! A template: read, measured, and asked for what it declares.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use saphyr::{LoadableYamlNode, Scalar, Yaml};

use crate::config::file;
use crate::exit::Failure;

/// The template that this program was built with.
const BUILT_IN: &str = include_str!("../../infra.yaml");
const DEFAULT_PATH: &str = "infra.yaml";
/// A template in the request itself may have so many bytes (CloudFormation quotas, "Template body size in a request").
const MAX_BYTES: u64 = 51_200;

/// A template's text.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub text: String,
    /// Which one it is, in words: its file, or that it is the built-in one.
    pub name: String,
}

/// A resource as a template declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    pub logical_id: String,
    /// As `AWS::S3::Bucket`.
    pub kind: String,
    /// What becomes of it when the stack goes; `Delete` unless the template says otherwise.
    pub deletion_policy: String,
}

impl Template {
    /// A text under a name.
    pub(crate) fn new(text: impl Into<String>, name: impl Into<String>) -> Self {
        Self { text: text.into(), name: name.into() }
    }

    /// Reads a file; without one `infra.yaml` of this folder, else the built-in one.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, Failure> {
        match path {
            Some(path) => Self::read(path),
            None => Ok(Self::of_this_folder()?.unwrap_or_else(|| Self::new(BUILT_IN, "the built-in template"))),
        }
    }

    /// The template `infra.yaml` of this folder, if it stands there.
    pub(crate) fn of_this_folder() -> Result<Option<Self>, Failure> {
        let path = Path::new(DEFAULT_PATH);
        // A link that leads nowhere stands there too, and can't be read.
        if !path.exists() && !path.is_symlink() {
            return Ok(None);
        }
        Ok(Some(Self { name: format!("{DEFAULT_PATH} of this folder"), ..Self::read(path)? }))
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let text = file::read(path, MAX_BYTES).map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => Failure::usage(format!("The template {name} is too large: {error}"))
                .why(format!("CloudFormation takes at most {MAX_BYTES} bytes in a request"))
                .help("Make it smaller, or split it; uploading a template to S3 first is not supported."),
            _ => Failure::usage(format!("Can't read the template {name}")).why(error),
        })?;
        if text.trim().is_empty() {
            return Err(Failure::usage(format!("The template {name} is empty")).help(
                "It needs resources: `messaging deploy` in a folder without infra.yaml deploys the built-in template.",
            ));
        }
        Ok(Self { text, name })
    }

    /// Whether the sections can be read here; where they can't, CloudFormation will explain it better.
    pub(crate) fn is_readable(&self) -> bool {
        self.document().is_some_and(|root| root.is_mapping())
    }

    /// The names in a section, as `Parameters`; none when it can't be read.
    pub(crate) fn names(&self, section: &str) -> Vec<String> {
        self.section(section).into_iter().map(|(name, _)| name).collect()
    }

    /// Whether there is such a section, whatever is in it.
    pub(crate) fn has(&self, section: &str) -> bool {
        self.document().is_some_and(|root| root.as_mapping_get(section).is_some())
    }

    /// The defaults of those parameters that have one.
    pub(crate) fn defaults(&self) -> BTreeMap<String, String> {
        let parameters = self.section("Parameters").into_iter();
        parameters.filter_map(|(name, body)| Some((name, text(body.as_mapping_get("Default")?)?))).collect()
    }

    /// The resources.
    pub(crate) fn resources(&self) -> Vec<Declared> {
        let declared = |(logical_id, body): (String, Yaml<'_>)| {
            let part = |name| body.as_mapping_get(name).and_then(text);
            Declared {
                logical_id,
                kind: part("Type").unwrap_or_default(),
                deletion_policy: part("DeletionPolicy").unwrap_or_else(|| "Delete".into()),
            }
        };
        self.section("Resources").into_iter().map(declared).collect()
    }

    fn document(&self) -> Option<Yaml<'_>> {
        Yaml::load_from_str(&self.text).ok()?.into_iter().next()
    }

    /// A section's members.
    fn section(&self, name: &str) -> Vec<(String, Yaml<'_>)> {
        let Some(root) = self.document() else { return Vec::new() };
        let members = root.as_mapping_get(name).and_then(Yaml::as_mapping).into_iter().flatten();
        members.filter_map(|(key, body)| Some((key.as_str()?.to_owned(), body.clone()))).collect()
    }
}

/// A scalar as CloudFormation takes it: everything is text.
fn text(value: &Yaml<'_>) -> Option<String> {
    match value {
        Yaml::Value(Scalar::String(text)) => Some(text.to_string()),
        Yaml::Value(Scalar::Integer(number)) => Some(number.to_string()),
        Yaml::Value(Scalar::FloatingPoint(number)) => Some(number.to_string()),
        Yaml::Value(Scalar::Boolean(yes)) => Some(yes.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found() {
        let text = "Parameters:\n  A: {Type: String}\n  B:\n    Type: Number\n    Default: 5\nResources:\n  T: !If [x, !Ref A, 1]\n";
        let template = Template::new(text, "t");
        assert_eq!(template.names("Parameters"), ["A", "B"]);
        assert_eq!(template.defaults(), [("B".to_owned(), "5".to_owned())].into());
        let json = Template::new(r#"{"Parameters":{"C":{"Type":"String","Default":"x"}}}"#, "t");
        assert_eq!(json.names("Parameters"), ["C"]);
        assert_eq!(json.defaults()["C"], "x");
        let broken = Template::new("a: [", "t");
        assert!(broken.names("Parameters").is_empty() && !broken.is_readable());
    }

    #[test]
    fn the_built_in_template_says_what_stays() {
        let built_in = Template::new(BUILT_IN, "b");
        let resources = built_in.resources();
        let staying: Vec<_> = resources.iter().filter(|it| it.deletion_policy != "Delete").collect();
        assert_eq!(staying.len(), 1, "{staying:?}");
        assert_eq!((staying[0].logical_id.as_str(), staying[0].kind.as_str()), ("LandingBucket", "AWS::S3::Bucket"));
        assert_eq!(built_in.defaults()["BufferingSeconds"], "60");
    }

    #[test]
    fn too_large_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.yaml");
        std::fs::write(&path, " ".repeat(MAX_BYTES as usize + 1)).unwrap();
        assert!(Template::load(Some(&path)).unwrap_err().to_string().contains("51201 bytes"));
    }
}
