//! Defaults of a template that have changed, and that a stack doesn't take: it keeps its own values.

use super::{Deployer, Template};
use crate::stack::{self, Stack};

/// What CloudFormation says in the place of a secret (NoEcho).
const MASKED: &str = "****";

/// A line for each parameter whose default has changed while the stack keeps another value.
pub(super) async fn kept(
    deployer: &Deployer<'_>,
    existing: Option<&Stack>,
    template: &Template,
    given: &[(String, String)],
) -> Vec<String> {
    let Some(stack) = existing else { return Vec::new() };
    let different = different(stack, template, given);
    if different.is_empty() {
        return Vec::new();
    }
    // What the stack was deployed by; without it every other value counts as left behind.
    let deployed = stack::template(deployer.target, &stack.id).await.ok();
    let before = deployed.map(|text| Template::new(text, "").defaults()).unwrap_or_default();
    let changed = different.into_iter().filter(|it| !before.get(it.name).is_some_and(|old| same(old, &it.default)));
    changed.map(|it| it.line()).collect()
}

/// A parameter whose value in the stack isn't the template's default.
#[derive(Debug, PartialEq, Eq)]
struct Different<'a> {
    name: &'a str,
    value: &'a str,
    default: String,
}

impl Different<'_> {
    fn line(&self) -> String {
        let Self { name, value, default } = self;
        let shown = |text: &str| if text.is_empty() { "empty".to_owned() } else { text.to_owned() };
        let given = match default.contains(|c: char| !c.is_ascii_alphanumeric() && !"._-/:,".contains(c)) {
            true => format!("'{name}={}'", default.replace('\'', "'\\''")),
            false => format!("{name}={default}"),
        };
        format!(
            "{name} stays {}, the stack's value; the template's default is {} now: --parameter {given}",
            shown(value),
            shown(default)
        )
    }
}

fn different<'a>(stack: &'a Stack, template: &Template, given: &[(String, String)]) -> Vec<Different<'a>> {
    let defaults = template.defaults();
    let kept = stack
        .parameters
        .iter()
        .filter(|(name, value)| *value != MASKED && !given.iter().any(|(given, _)| given == *name));
    kept.filter_map(|(name, value)| {
        let default = defaults.get(name).filter(|default| !same(default, value))?;
        Some(Different { name, value, default: default.clone() })
    })
    .collect()
}

/// Whether two values mean the same: `5` and `5.0` do.
fn same(a: impl AsRef<str>, b: impl AsRef<str>) -> bool {
    let (a, b) = (a.as_ref(), b.as_ref());
    a == b || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Nothing to change" was said to somebody who had changed a default, and not why.
    #[test]
    fn a_default_that_the_stack_does_not_take_is_told() {
        let text =
            "Parameters: {A: {Default: 3}, B: {Default: x}, C: {Default: 1.0}, D: {Default: s}, E: {Default: 'a b'}}";
        let template = Template::new(text, "t");
        let values = [("A", "5"), ("B", "x"), ("C", "1"), ("D", MASKED), ("E", ""), ("Gone", "1")];
        let stack = Stack {
            id: String::new(),
            status: String::new(),
            reason: None,
            outputs: Default::default(),
            parameters: values.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            protected: false,
        };
        let lines: Vec<_> = different(&stack, &template, &[]).iter().map(Different::line).collect();
        assert_eq!(
            lines,
            [
                "A stays 5, the stack's value; the template's default is 3 now: --parameter A=3",
                "E stays empty, the stack's value; the template's default is a b now: --parameter 'E=a b'",
            ]
        );
        assert_eq!(different(&stack, &template, &[("A".into(), "5".into()), ("E".into(), String::new())]), []);
    }
}
