//! What the transform `AWS::LanguageExtensions` adds to the language.

/// The transform's name. It gives `Fn::ForEach`, `Fn::Length`, `Fn::ToJsonString` and defaults in `Fn::FindInMap`.
pub(crate) const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";
/// How the key of a loop begins; the loop's name follows.
pub(crate) const LOOP: &str = "Fn::ForEach::";

/// Whether a function exists only with the transform.
pub(crate) fn needs_extensions(function: &str) -> bool {
    matches!(function, "Fn::Length" | "Fn::ToJsonString") || function.starts_with(LOOP)
}
