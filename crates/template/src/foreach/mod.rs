//! Loops (`Fn::ForEach`): they are unrolled before anything else looks at the template.
//!
//! A loop's variable stands for its value in the keys of the loop's body (`${X}`, or `&{X}` for its letters and digits), in the
//! text of a `Fn::Sub` (`${X}` alone) and in a `Ref`; any other text stays as it is. The reference, "Fn::ForEach", says "all
//! instances", but its keys are "an implicit Fn::Sub" (RFC 0009 of aws-cloudformation/cfn-language-discussion), AWS answers
//! `!Ref Subnet${X}` and `Ref` of a `Fn::Sub` with `&{X}` with "Unresolved resource dependencies" (its issue 162), and a plain
//! `${X}` arrives in the resource (measured by ministackorg/ministack, pull request 1739). Only in a `Fn::GetAtt` a plain name is
//! replaced as well: nobody has measured that, and templates for this cloud have it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::budget::{Budget, MAX_BYTES, too_large};
use crate::declared::Declared;
use crate::error::{Invalid, Result};
use crate::extensions::{LOOP, failed};
use crate::pseudo::Pseudo;
use crate::value::scalar_text;

/// The longest identifier of a loop's variable, in bytes. It is our own bound, that of logical ids: nothing longer is looked for.
const MAX_IDENTIFIER: usize = 255;

/// The sections in which loops may be; conditions come first, since a collection may depend on one.
const SECTIONS: [&str; 3] = ["Conditions", "Resources", "Outputs"];

/// A template without loops.
pub(crate) struct Unrolled {
    pub tree: Value,
    /// Whether all loops went over their values.
    pub complete: bool,
}

/// Unrolls all loops of a parsed template. `given` are texts of parameters; they take precedence over the template's defaults.
/// In a `sketch` a loop whose values depend on a parameter that has none goes once over its variable's name.
///
/// # Errors
/// AWS's message: for a malformed loop, a key that comes up twice, or a template that becomes too large.
pub(crate) fn unroll(
    tree: &Value,
    given: &BTreeMap<String, String>,
    pseudo: &Pseudo,
    sketch: bool,
) -> Result<Unrolled> {
    let Some(sections) = tree.as_object() else { return Ok(Unrolled { tree: tree.clone(), complete: true }) };
    check_names(sections)?;
    let mut unroller = Unroller {
        tree,
        given,
        pseudo,
        sketch,
        complete: true,
        variables: Vec::new(),
        left: MAX_BYTES,
        budget: Budget::default(),
        conditions: None,
        declared: OnceCell::new(),
    };
    let mut unrolled = BTreeMap::new();
    for name in SECTIONS {
        let Some(section) = sections.get(name) else { continue };
        let section = unroller.section(section)?;
        if name == "Conditions" {
            // What was declared until now had none.
            (unroller.conditions, unroller.declared) = (Some(section.clone()), OnceCell::new());
        }
        unrolled.insert(name, section);
    }
    let section = |(name, value): (&String, &Value)| {
        (name.clone(), unrolled.remove(name.as_str()).unwrap_or_else(|| value.clone()))
    };
    let tree = Value::Object(sections.iter().map(section).collect());
    Ok(Unrolled { tree, complete: unroller.complete })
}

/// Whether there is a loop anywhere inside a value.
pub(crate) fn has_loops(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_loops),
        Value::Object(members) => members.iter().any(|(key, value)| key.starts_with(LOOP) || has_loops(value)),
        _ => false,
    }
}

/// Refuses a loop's name that a parameter, a resource or a member of its section has, or the loop around it; and a variable's that a parameter or a loop
/// has ("Fn::ForEach", Loop logical name; RFC 0009, constraints 3 and 5). The words are ours: AWS's aren't known.
fn check_names(sections: &Map<String, Value>) -> Result<()> {
    let names = |section: &str| sections.get(section).and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let parameters: BTreeSet<&str> = names("Parameters").map(String::as_str).collect();
    let taken = names("Resources").map(String::as_str).filter(|name| !name.starts_with(LOOP));
    let taken: BTreeSet<&str> = taken.chain(parameters.iter().copied()).collect();
    let (mut loops, mut variables) = (BTreeSet::new(), BTreeSet::new());
    for section in SECTIONS {
        let Some(section) = sections.get(section) else { continue };
        walk_loops(section, &mut Vec::new(), &mut |name, variable, around| {
            if taken.contains(name) || section.get(name).is_some() {
                return Err(failed(format_args!("the name of {LOOP}{name} is taken")));
            }
            if around.iter().any(|(outer, _)| *outer == name) {
                return Err(failed(format_args!("{LOOP}{name} is within a loop of the same name")));
            }
            if parameters.contains(variable) {
                return Err(failed(format_args!("the identifier {variable} of {LOOP}{name} is a parameter's name")));
            }
            if around.iter().any(|(_, outer)| *outer == variable) {
                return Err(failed(format_args!(
                    "the identifier {variable} of {LOOP}{name} is that of a loop around it"
                )));
            }
            loops.insert(name);
            variables.insert(variable);
            Ok(())
        })?;
    }
    match loops.intersection(&variables).next() {
        Some(name) => Err(failed(format_args!("{name} is a loop's name and an identifier"))),
        None => Ok(()),
    }
}

/// A loop's name, its variable, and the same of the loops around it.
type Met<'a, 'v> = dyn FnMut(&'a str, &'a str, &[(&'a str, &'a str)]) -> Result<()> + 'v;

/// Calls `met` with each well-formed loop.
fn walk_loops<'a>(value: &'a Value, around: &mut Vec<(&'a str, &'a str)>, met: &mut Met<'a, '_>) -> Result<()> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| walk_loops(item, around, met)),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            match (key.strip_prefix(LOOP), value.as_array().map(Vec::as_slice)) {
                (Some(name), Some([Value::String(variable), _, body])) => {
                    met(name, variable, around)?;
                    around.push((name, variable));
                    walk_loops(body, around, met)?;
                    around.pop();
                    Ok(())
                }
                _ => walk_loops(value, around, met),
            }
        }),
        _ => Ok(()),
    }
}

/// A loop's variable in one round.
struct Variable<'a> {
    identifier: &'a str,
    value: Rc<str>,
    /// Its letters and digits.
    letters: Rc<str>,
}

/// Where an object's members stand.
#[derive(Clone, Copy)]
struct Spot {
    /// In a section, whose members have logical ids.
    ids: bool,
    /// In the body of a loop, whose variable stands in the keys.
    body: bool,
}

/// Copies a template, its loops unrolled.
struct Unroller<'a> {
    /// The whole template, for what it declares.
    tree: &'a Value,
    given: &'a BTreeMap<String, String>,
    pseudo: &'a Pseudo,
    sketch: bool,
    complete: bool,
    /// Those of the loops that are being unrolled, the innermost last.
    variables: Vec<Variable<'a>>,
    /// Bytes that may still be produced.
    left: usize,
    /// Pays for the collections that are computed, and for what is read: of much that is read nothing may come.
    budget: Budget,
    /// The section, as soon as its loops are unrolled.
    conditions: Option<Value>,
    /// What collections are computed with, read once.
    declared: OnceCell<Declared>,
}

impl<'a> Unroller<'a> {
    fn section(&mut self, section: &'a Value) -> Result<Value> {
        let Value::Object(members) = section else { return Ok(section.clone()) };
        let mut copied = Map::new();
        self.members(members, Spot { ids: true, body: false }, &mut copied)?;
        Ok(Value::Object(copied))
    }

    fn copy(&mut self, value: &'a Value) -> Result<Value> {
        self.spend(1)?;
        match value {
            Value::String(text) => {
                self.budget.pay_bytes(text.len())?;
                self.spend(text.len())?;
                Ok(value.clone())
            }
            Value::Array(items) => items.iter().map(|item| self.copy(item)).collect(),
            Value::Object(members) => {
                if let (1, Some((function, argument))) = (members.len(), members.iter().next())
                    && let Some(copied) = self.call(function, argument)?
                {
                    return Ok(copied);
                }
                let mut copied = Map::new();
                self.members(members, Spot { ids: false, body: false }, &mut copied)?;
                Ok(Value::Object(copied))
            }
            scalar => Ok(scalar.clone()),
        }
    }

    /// The functions in which variables stand.
    fn call(&mut self, function: &str, argument: &'a Value) -> Result<Option<Value>> {
        let argument = match (function, argument) {
            ("Ref", Value::String(name)) => {
                let Some(value) = self.variable(name).map(|variable| variable.value.clone()) else { return Ok(None) };
                self.spend(value.len())?;
                return Ok(Some(Value::String(value.to_string())));
            }
            ("Fn::Sub", Value::String(text)) => self.sub(text, None)?.into(),
            ("Fn::Sub", Value::Array(arguments)) => match arguments.as_slice() {
                [Value::String(text), Value::Object(locals)] => {
                    let text = self.sub(text, Some(locals))?;
                    let mut copied = Map::new();
                    self.members(locals, Spot { ids: false, body: false }, &mut copied)?;
                    Value::Array(vec![text.into(), copied.into()])
                }
                _ => return Ok(None),
            },
            ("Fn::GetAtt", Value::String(path)) => self.text(path)?.into(),
            ("Fn::GetAtt", Value::Array(path)) => {
                let part = |part: &'a Value| match part {
                    Value::String(text) => self.text(text).map(Value::String),
                    part => self.copy(part),
                };
                path.iter().map(part).collect::<Result<_>>()?
            }
            _ => return Ok(None),
        };
        Ok(Some(Value::Object(Map::from_iter([(function.to_owned(), argument)]))))
    }

    /// Copies the members of an object; a loop among them gives any number of members.
    fn members(&mut self, members: &'a Map<String, Value>, spot: Spot, into: &mut Map<String, Value>) -> Result<()> {
        for (key, value) in members {
            if key.starts_with(LOOP) {
                self.unroll(key, value, spot.ids, into)?;
                continue;
            }
            let name = if spot.body { self.text(key)? } else { key.clone() };
            self.spend(if spot.body { 0 } else { key.len() })?;
            if spot.ids && spot.body && !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(failed(format_args!("OutputKey '{name}' should be alphanumeric")));
            }
            let value = self.copy(value)?;
            if into.insert(name.clone(), value).is_some() {
                return Err(failed(format_args!("Fn::ForEach produces the key {name} more than once")));
            }
        }
        Ok(())
    }

    /// Copies the body of a loop for each of its values.
    fn unroll(&mut self, key: &str, argument: &'a Value, ids: bool, into: &mut Map<String, Value>) -> Result<()> {
        let Some([Value::String(identifier), collection, Value::Object(body)]) = argument.as_array().map(Vec::as_slice)
        else {
            return Err(failed("Fn::ForEach layout is incorrect"));
        };
        if identifier.is_empty() || key.len() == LOOP.len() {
            return Err(failed("Fn::ForEach layout is incorrect"));
        }
        if identifier.len() > MAX_IDENTIFIER {
            return Err(failed(format_args!(
                "an identifier of more than {MAX_IDENTIFIER} bytes in {LOOP} is not supported by this cloud"
            )));
        }
        for value in self.collection(identifier, collection)? {
            self.budget.pay_node(value.len())?;
            let letters = value.replace(|c: char| !c.is_ascii_alphanumeric(), "").into();
            self.variables.push(Variable { identifier, value: value.into(), letters });
            self.members(body, Spot { ids, body: true }, into)?;
            self.variables.pop();
        }
        Ok(())
    }

    /// The values of a loop: a literal list, or what a function gives.
    fn collection(&mut self, identifier: &str, collection: &'a Value) -> Result<Vec<String>> {
        if collection.is_string() {
            return Err(failed("Fn::ForEach layout is incorrect"));
        }
        let copied = self.copy(collection)?;
        let computed = match &copied {
            Value::Array(items) if items.iter().all(|item| scalar_text(item).is_some()) => Ok(copied),
            _ => self.computed(&copied),
        };
        let values = match computed {
            Ok(Value::Array(items)) => items.iter().map(scalar_text).collect(),
            Err(error) if error == too_large() => return Err(error),
            Ok(_) | Err(_) => None,
        };
        if let Some(values) = values {
            return Ok(values);
        }
        if self.sketch {
            self.complete = false;
            return Ok(vec![identifier.to_owned()]);
        }
        if let Some(name) = collection.get("Ref").and_then(Value::as_str)
            && self.declared()?.lacks(name)
        {
            return Err(Invalid::new(format!("Parameters: [{name}] must have values")));
        }
        Err(failed("Could not find a collection or could not be resolved for Fn::ForEach"))
    }

    fn declared(&self) -> Result<&Declared> {
        match self.declared.get() {
            Some(declared) => Ok(declared),
            None => {
                let read = Declared::read(self.tree, self.given, self.pseudo, self.conditions.as_ref())?;
                Ok(self.declared.get_or_init(|| read))
            }
        }
    }

    /// What functions give that ask for parameters, mappings and conditions only. A secret is no parameter to go over (RFC 0009,
    /// constraint 2).
    fn computed(&self, value: &Value) -> Result<Value> {
        let declared = self.declared()?;
        let name = value.get("Ref").and_then(Value::as_str);
        if name.and_then(|name| declared.declaration(name)).is_some_and(|declaration| declaration.no_echo) {
            return Ok(Value::Null);
        }
        declared.within(self.pseudo, &self.budget, |scope| scope.required(value))
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

    /// The text of a `Fn::Sub` with the loops' variables replaced, but for those that are its own.
    fn sub(&mut self, text: &str, locals: Option<&Map<String, Value>>) -> Result<String> {
        self.budget.pay_bytes(text.len())?;
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            self.push(&mut out, &rest[..at])?;
            rest = &rest[at..];
            let Some(end) = rest.find('}') else { break };
            self.budget.pay_node(self.variables.len())?;
            let name = rest[2..end].trim();
            let own = locals.is_some_and(|locals| locals.contains_key(name));
            match self.variable(name).filter(|_| !own).map(|variable| variable.value.clone()) {
                Some(value) => self.push(&mut out, &value)?,
                None => self.push(&mut out, &rest[..=end])?,
            }
            rest = &rest[end + 1..];
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
mod tests;
