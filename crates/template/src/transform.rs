//! The transform `AWS::LanguageExtensions`: what it makes of a template before anything else looks at it
//! ("AWS::LanguageExtensions transform").

use serde_json::Value;

use crate::budget::Budget;
use crate::declared::Declared;
use crate::error::{Invalid, Result};
use crate::extensions::{LANGUAGE_EXTENSIONS, LOOP, transforms};
use crate::foreach::{self, Unrolled};
use crate::literals;
use crate::parameters::Texts;
use crate::partial;
use crate::pseudo::Pseudo;

/// Transforms a parsed template: unrolls its loops, and puts names that functions give where only a name may stand. `given` are
/// texts of parameters; they go before the template's defaults.
///
/// # Errors
/// AWS's message: for a malformed loop, a key that comes up twice, or a template that becomes too large.
pub(crate) fn apply(tree: Value, given: &Texts, pseudo: &Pseudo) -> Result<Value> {
    transformed(tree, given, pseudo, false).map(|(unrolled, _)| unrolled.tree)
}

/// Transforms a template for which not all parameters have values yet: a loop over one goes once over its variable's name.
pub(crate) fn sketch(tree: Value, given: &Texts, pseudo: &Pseudo) -> Result<Unrolled> {
    transformed(tree, given, pseudo, true).map(|(unrolled, _)| unrolled)
}

/// The template as AWS shows it processed: as [`apply`] leaves it, and every function whose value is known by then gives it.
///
/// # Errors
/// Those of reading a template.
pub fn processed(tree: Value, given: &Texts, pseudo: &Pseudo) -> Result<Value> {
    let (unrolled, declared) = transformed(tree, given, pseudo, false)?;
    let mut tree = unrolled.tree;
    if let Some(declared) = declared {
        let budget = Budget::default();
        declared.within(pseudo, &budget, |scope| partial::fold_sections(scope, &mut tree))?;
    }
    Ok(tree)
}

fn transformed(tree: Value, given: &Texts, pseudo: &Pseudo, sketch: bool) -> Result<(Unrolled, Option<Declared>)> {
    if !transforms(tree.get("Transform"))?.iter().any(|name| name == LANGUAGE_EXTENSIONS) {
        refuse_loops(&tree)?;
        return Ok((Unrolled { tree, complete: true }, None));
    }
    let mut unrolled = foreach::unroll(&tree, given, pseudo, sketch)?;
    let conditions = unrolled.tree.get("Conditions").cloned();
    let declared = Declared::read(&unrolled.tree, given, pseudo, conditions.as_ref())?;
    let budget = Budget::default();
    declared.within(pseudo, &budget, |scope| literals::settle(scope, &mut unrolled.tree))?;
    Ok((unrolled, Some(declared)))
}

/// Without the transform a loop among the resources is one of them, and a strange one.
fn refuse_loops(tree: &Value) -> Result<()> {
    let members = |section: &str| tree.get(section).and_then(Value::as_object).into_iter().flatten();
    if let Some((name, _)) = members("Resources").find(|(name, _)| name.starts_with(LOOP)) {
        return Err(Invalid::new(format!(
            "Template format error: [/Resources/{name}] resource definition is malformed"
        )));
    }
    let elsewhere = ["Conditions", "Resources", "Outputs"].into_iter().filter_map(|section| tree.get(section));
    match elsewhere.into_iter().any(foreach::has_loops) {
        true => Err(Invalid::new(format!("Template error: Fn::ForEach requires the transform {LANGUAGE_EXTENSIONS}"))),
        false => Ok(()),
    }
}
