//! A template: read, measured, and asked for its parameters.

use std::io::ErrorKind;
use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};

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
    /// Its file, or that it is the built-in one.
    pub name: String,
}

impl Template {
    pub(crate) fn built_in() -> Self {
        Self { text: BUILT_IN.to_owned(), name: "the built-in infra.yaml".to_owned() }
    }

    /// Reads a file; without one `infra.yaml` of this folder, else the built-in one.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, Failure> {
        let path = match path {
            Some(path) => path,
            None if Path::new(DEFAULT_PATH).exists() => Path::new(DEFAULT_PATH),
            None => return Ok(Self::built_in()),
        };
        let name = path.display().to_string();
        let text = file::read(path, MAX_BYTES).map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => Failure::usage(format!("The template {name} is too large: {error}"))
                .why(format!("CloudFormation takes at most {MAX_BYTES} bytes in a request"))
                .help("Make it smaller, or split it; uploading a template to S3 first is not supported."),
            _ => Failure::usage(format!("Can't read the template {name}")).why(error),
        })?;
        Ok(Self { text, name })
    }

    /// The names in a section, as `Parameters`; none when it can't be read, which CloudFormation will explain better.
    pub(crate) fn names(&self, section: &str) -> Vec<String> {
        let Ok(documents) = Yaml::load_from_str(&self.text) else { return Vec::new() };
        let section = documents.first().and_then(|root| root.as_mapping_get(section));
        let keys = section.and_then(Yaml::as_mapping).into_iter().flat_map(|mapping| mapping.keys());
        keys.filter_map(|key| key.as_str().map(str::to_owned)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found() {
        let text = "Parameters:\n  A: {Type: String}\n  B:\n    Type: Number\nResources:\n  T: !If [x, !Ref A, 1]\n";
        let template = Template { text: text.into(), name: "t".into() };
        assert_eq!(template.names("Parameters"), ["A", "B"]);
        let json = Template { text: r#"{"Parameters":{"C":{"Type":"String"}}}"#.into(), name: "t".into() };
        assert_eq!(json.names("Parameters"), ["C"]);
        assert!(Template { text: "a: [".into(), name: "t".into() }.names("Parameters").is_empty());
    }

    #[test]
    fn too_large_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.yaml");
        std::fs::write(&path, " ".repeat(MAX_BYTES as usize + 1)).unwrap();
        assert!(Template::load(Some(&path)).unwrap_err().to_string().contains("51201 bytes"));
    }
}
