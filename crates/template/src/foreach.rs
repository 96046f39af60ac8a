//! Loops (`Fn::ForEach`): they are unrolled before anything else looks at the template.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::budget::{Budget, MAX_BYTES, too_large};
use crate::error::{Invalid, Result};
use crate::evaluate::{Reference, Scope};
use crate::extensions::{LANGUAGE_EXTENSIONS, LOOP, transforms};
use crate::model::Template;
use crate::parameters::Declaration;
use crate::pseudo::Pseudo;
use crate::value::scalar_text;

/// The longest identifier of a loop's variable, in bytes. It is our own bound, that of logical ids: nothing longer is looked for.
const MAX_IDENTIFIER: usize = 255;

/// Unrolls all loops of a parsed template. `given` are texts of parameters; they take precedence over the template's defaults.
///
/// # Errors
/// AWS's message: for a malformed loop, a key that comes up twice, or a template that becomes too large.
pub fn unroll(tree: Value, given: &BTreeMap<String, String>, pseudo: &Pseudo) -> Result<Value> {
    if !has_loops(&tree) {
        return Ok(tree);
    }
    let extended = transforms(tree.get("Transform"))?.iter().any(|name| name == LANGUAGE_EXTENSIONS);
    if !extended {
        return Err(Invalid::new(format!("Template error: Fn::ForEach requires the transform {LANGUAGE_EXTENSIONS}")));
    }
    let mut unroller = Unroller {
        tree: &tree,
        given,
        pseudo,
        variables: Vec::new(),
        left: MAX_BYTES,
        budget: Budget::default(),
        declared: OnceCell::new(),
    };
    unroller.copy(&tree)
}

/// Whether there is a loop anywhere inside a value.
fn has_loops(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_loops),
        Value::Object(members) => members.iter().any(|(key, value)| key.starts_with(LOOP) || has_loops(value)),
        _ => false,
    }
}

/// A loop's variable in one round.
struct Variable<'a> {
    identifier: &'a str,
    value: Rc<str>,
    /// Its letters and digits.
    letters: Rc<str>,
}

/// Copies a template, its loops unrolled.
struct Unroller<'a> {
    /// The whole template, for the defaults of its parameters.
    tree: &'a Value,
    given: &'a BTreeMap<String, String>,
    pseudo: &'a Pseudo,
    /// Those of the loops that are being unrolled, the innermost last.
    variables: Vec<Variable<'a>>,
    /// Bytes that may still be produced.
    left: usize,
    /// Pays for the collections that are computed, and for what is read: of much that is read nothing may come.
    budget: Budget,
    /// What they are computed with, read once.
    declared: OnceCell<(Template, BTreeMap<String, Value>)>,
}

impl<'a> Unroller<'a> {
    fn copy(&mut self, value: &'a Value) -> Result<Value> {
        self.spend(1)?;
        match value {
            Value::String(text) => self.text(text).map(Value::String),
            Value::Array(items) => items.iter().map(|item| self.copy(item)).collect(),
            Value::Object(members) => {
                if let (1, Some(Value::String(name))) = (members.len(), members.get("Ref"))
                    && let Some(value) = self.variable(name).map(|variable| variable.value.clone())
                {
                    self.spend(value.len())?;
                    return Ok(Value::String(value.to_string()));
                }
                let mut copied = Map::new();
                self.members(members, &mut copied)?;
                Ok(Value::Object(copied))
            }
            scalar => Ok(scalar.clone()),
        }
    }

    /// Copies the members of an object; a loop among them gives any number of members.
    fn members(&mut self, members: &'a Map<String, Value>, into: &mut Map<String, Value>) -> Result<()> {
        for (key, value) in members {
            if key.starts_with(LOOP) {
                self.unroll(key, value, into)?;
                continue;
            }
            let name = self.text(key)?;
            let value = self.copy(value)?;
            if into.insert(name.clone(), value).is_some() {
                return Err(Invalid::new(format!(
                    "Template error: Fn::ForEach produces the key {name} more than once"
                )));
            }
        }
        Ok(())
    }

    /// Copies the body of a loop for each of its values.
    fn unroll(&mut self, key: &str, argument: &'a Value, into: &mut Map<String, Value>) -> Result<()> {
        let malformed = || {
            Invalid::new(format!("Template error: {key} requires a list of an identifier, a collection and an object"))
        };
        let Some([Value::String(identifier), collection, Value::Object(body)]) = argument.as_array().map(Vec::as_slice)
        else {
            return Err(malformed());
        };
        if identifier.len() > MAX_IDENTIFIER {
            return Err(Invalid::new(format!(
                "Template error: an identifier of more than {MAX_IDENTIFIER} bytes in {LOOP} is not supported by this cloud"
            )));
        }
        for value in self.collection(collection)?.ok_or_else(malformed)? {
            self.budget.pay_node(value.len())?;
            let letters = value.replace(|c: char| !c.is_ascii_alphanumeric(), "").into();
            self.variables.push(Variable { identifier, value: value.into(), letters });
            self.members(body, into)?;
            self.variables.pop();
        }
        Ok(())
    }

    /// The values of a loop: a literal list, a list parameter, or what a function gives.
    fn collection(&mut self, collection: &'a Value) -> Result<Option<Vec<String>>> {
        if let Some(name) = collection.get("Ref").and_then(Value::as_str) {
            let default = self.tree.get("Parameters").and_then(|p| p.get(name)).and_then(|p| p.get("Default"));
            return match self.given.get(name).cloned().or_else(|| default.and_then(scalar_text)) {
                Some(list) => {
                    let item = |item: &str| self.budget.pay_node(item.len()).map(|()| item.trim().to_owned());
                    list.split(',').map(item).collect::<Result<_>>().map(Some)
                }
                None => Err(Invalid::new(format!("Parameters: [{name}] must have values"))),
            };
        }
        let copied = self.copy(collection)?;
        let computed = match &copied {
            Value::Array(items) if items.iter().all(|item| scalar_text(item).is_some()) => copied,
            _ => self.computed(&copied)?,
        };
        Ok(computed.as_array().and_then(|items| items.iter().map(scalar_text).collect()))
    }

    /// What functions give that ask for parameters and mappings only.
    fn computed(&self, value: &Value) -> Result<Value> {
        let (template, parameters) = match self.declared.get() {
            Some(declared) => declared,
            None => {
                let read = self.declarations()?;
                self.declared.get_or_init(|| read)
            }
        };
        let known = |_: Reference<'_>| Err(Invalid::new("Template error: Fn::ForEach can't depend on a resource"));
        let conditions = BTreeMap::new();
        let scope = Scope {
            template,
            parameters,
            conditions: &conditions,
            pseudo: self.pseudo,
            known: &known,
            stored: &|_| None,
            budget: &self.budget,
        };
        scope.required(value)
    }

    /// The mappings, and the values of the parameters that have one.
    fn declarations(&self) -> Result<(Template, BTreeMap<String, Value>)> {
        let section = |name: &str| self.tree.get(name).and_then(Value::as_object);
        let mut parameters = BTreeMap::new();
        for (name, declared) in section("Parameters").into_iter().flatten() {
            let declaration = Declaration::read(name.clone(), declared)?;
            if let Some(text) = self.given.get(name).or(declaration.default.as_ref()) {
                parameters.insert(name.clone(), declaration.value(text));
            }
        }
        let template = Template {
            transforms: vec![LANGUAGE_EXTENSIONS.to_owned()],
            mappings: section("Mappings").cloned().unwrap_or_default(),
            ..Template::default()
        };
        Ok((template, parameters))
    }

    /// Text with the loops' variables replaced: `${X}` by the value, `&{X}` by its letters and digits. What a variable brings
    /// is text: no variable is looked for in it.
    fn text(&mut self, text: &str) -> Result<String> {
        self.budget.pay_bytes(text.len())?;
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['$', '&']) {
            self.push(&mut out, &rest[..at])?;
            rest = &rest[at..];
            self.budget.pay_node(self.variables.len())?;
            match self.variable_at(&rest[1..]) {
                Some((variable, after)) => {
                    let brought = if rest.starts_with('$') { &variable.value } else { &variable.letters }.clone();
                    self.push(&mut out, &brought)?;
                    rest = after;
                }
                // What follows may hold one: `${A&{X}}`.
                None => {
                    self.push(&mut out, &rest[..1])?;
                    rest = &rest[1..];
                }
            }
        }
        self.push(&mut out, rest)?;
        Ok(out)
    }

    /// The variable whose name in braces the text begins with, and what follows it.
    fn variable_at<'t>(&self, text: &'t str) -> Option<(&Variable<'a>, &'t str)> {
        let inside = text.strip_prefix('{')?;
        // No further than any name goes: a text of nothing but open braces would be read as often as it is long.
        let longest = self.variables.iter().map(|variable| variable.identifier.len()).max()?;
        let end = inside.bytes().take(longest + 1).position(|byte| byte == b'}')?;
        Some((self.variable(&inside[..end])?, &inside[end + 1..]))
    }

    /// A loop's variable as it is now.
    fn variable(&self, name: &str) -> Option<&Variable<'a>> {
        self.variables.iter().rev().find(|variable| variable.identifier == name)
    }

    /// Appends what is paid for.
    fn push(&mut self, out: &mut String, text: &str) -> Result<()> {
        self.spend(text.len())?;
        out.push_str(text);
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<()> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(too_large()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::parse::parse;

    fn unrolled(text: &str) -> Result<Value> {
        let tree = parse(&format!("Transform: AWS::LanguageExtensions\n{text}")).unwrap();
        unroll(tree, &BTreeMap::from([("Names".to_owned(), "a-1, b".to_owned())]), &Pseudo::default())
    }

    #[test]
    fn loops_are_unrolled() {
        let found = unrolled(
            "Resources:\n  Fn::ForEach::Topics:\n    - Name\n    - !Ref Names\n    - 'T&{Name}':\n        Type: X\n        Properties: {N: !Ref Name, S: !Sub '${Name}-x', D: !Ref Other}\n  Z: {Type: Y}",
        )
        .unwrap();
        let topic = |n: &str| json!({"Type": "X", "Properties": {"N": n, "S": {"Fn::Sub": format!("{n}-x")}, "D": {"Ref": "Other"}}});
        assert_eq!(found["Resources"], json!({"Ta1": topic("a-1"), "Tb": topic("b"), "Z": {"Type": "Y"}}));
    }

    #[test]
    fn nested_loops() {
        let found = unrolled(
            "Outputs:\n  Fn::ForEach::A:\n    - X\n    - [1, 2]\n    - Fn::ForEach::B:\n        - Y\n        - [p, q]\n        - 'O${X}${Y}': {Value: '${Y}'}",
        )
        .unwrap();
        let keys: Vec<&String> = found["Outputs"].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["O1p", "O1q", "O2p", "O2q"]);
    }

    /// Seven loops whose values were sixty times the next one's variable took two gigabytes, from 2 KB of template.
    #[test]
    fn what_a_variable_brings_is_not_looked_at_again() {
        let once = unrolled(
            "R: {'Fn::ForEach::A': [X, ['${Y}'], {'Fn::ForEach::B': [Y, [b], {'K${X}': '${X}&{Y}${A&{Y}}$'}]}]}",
        );
        assert_eq!(once.unwrap()["R"], json!({"K${Y}": "${Y}b${Ab}$"}));
        let mut body = "{'K${V0}': x}".to_owned();
        for level in (0..12).rev() {
            body = format!(
                "{{'Fn::ForEach::L{level}': [V{level}, ['{}'], {body}]}}",
                format!("${{V{}}}", level + 1).repeat(60)
            );
        }
        let found = unrolled(&format!("R: {body}")).unwrap();
        assert_eq!(found["R"].as_object().unwrap().keys().next().map(String::len), Some(1 + 60 * 5));
    }

    /// A name that refers to a long value many times made half a gigabyte of 16 KB.
    #[test]
    fn values_that_are_referred_to_are_paid_for() {
        let items: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        let many = vec!["!Ref V"; 500].join(", ");
        let text = format!(
            "R: {{'Fn::ForEach::A': [V, ['{}'], {{'Fn::ForEach::B': [Y, [{}], {{'K${{Y}}': [{many}]}}]}}]}}",
            "v".repeat(10_000),
            items.join(", ")
        );
        assert_eq!(unrolled(&text).unwrap_err().message, "Template may not exceed 1000000 bytes in size.");
    }

    /// 28 KB of which nothing comes, in two loops of 150 rounds each, took a core for 40 seconds; and so did the rounds of a loop
    /// without a body over a parameter's list.
    #[test]
    fn what_is_read_is_paid_for_also_if_nothing_comes_of_it() {
        let list = |count: usize| (0..count).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
        let dear = |body: &str, items: usize| {
            let inner = format!("{{'Fn::ForEach::C': [Z, [{}], {body}]}}", list(items));
            let middle = format!("{{'Fn::ForEach::B': [X, ['-'], {inner}]}}");
            let error = unrolled(&format!("R: {{'Fn::ForEach::A': [Y, [{}], {middle}]}}", list(items))).unwrap_err();
            assert_eq!(error.message, "Template may not exceed 1000000 bytes in size.");
        };
        dear(&format!("{{'K${{Y}}a${{Z}}': '{}'}}", "&{X}".repeat(7_000)), 150);
        dear(&format!("{{'K${{Y}}a${{Z}}': '{}'}}", "${".repeat(7_000)), 150);
        dear("{}", 1_500);
        dear("{'Fn::ForEach::D': [W, !Ref Names, {}]}", 1_000);
        let named = format!("R: {{'Fn::ForEach::A': [{}, [a], {{K: v}}]}}", "x".repeat(256));
        assert!(unrolled(&named).unwrap_err().message.ends_with("is not supported by this cloud"));
    }

    #[test]
    fn errors() {
        assert!(unroll(json!({"Resources": {"Fn::ForEach::A": []}}), &BTreeMap::new(), &Pseudo::default()).is_err());
        assert!(
            unrolled("R:\n  Fn::ForEach::A: [X, [1, 2], {Same: 1}]").unwrap_err().message.contains("more than once")
        );
        let mut body = "{K: v}".to_owned();
        for level in 0..8 {
            let items: Vec<String> = (0..20).map(|i| format!("{level}x{i}")).collect();
            body = format!("{{'Fn::ForEach::L{level}': [V{level}, [{}], {body}]}}", items.join(", "));
        }
        assert!(unrolled(&format!("R: {body}")).is_err());
        let wide: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        let list = wide.join(", ");
        let huge = format!(
            "R: {{'Fn::ForEach::A': [X, [{list}], {{'Fn::ForEach::B': [Y, [{list}], {{'K${{X}}a${{Y}}': '{}'}}]}}]}}",
            "v".repeat(200)
        );
        assert_eq!(unrolled(&huge).unwrap_err().message, "Template may not exceed 1000000 bytes in size.");
    }
}
