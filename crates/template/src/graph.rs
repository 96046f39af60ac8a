//! Who needs whom: the order in which things are made (in reverse, deleted), and circles in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Invalid, Result};
use crate::model::Template;
use crate::references::{Found, walk};

/// Node names, each with the names that it needs.
pub type Needs = BTreeMap<String, BTreeSet<String>>;

/// What each resource that exists under `conditions` needs of the others, by `Ref`, `Fn::GetAtt`, `Fn::Sub` or `DependsOn`.
///
/// A `DependsOn` of a resource whose condition is false doesn't count; a reference to one, in a branch that is taken,
/// is an error.
///
/// # Errors
/// AWS's message for a reference to a resource that doesn't exist.
pub fn needs(template: &Template, conditions: &BTreeMap<String, bool>) -> Result<Needs> {
    let exists = |name: &str| {
        let condition = template.resources.get(name).map(|r| r.condition.as_ref());
        condition.is_some_and(|c| c.is_none_or(|c| conditions.get(c).copied().unwrap_or(false)))
    };
    let mut needs = Needs::new();
    let mut absent = BTreeSet::new();
    for (name, resource) in template.resources.iter().filter(|(name, _)| exists(name)) {
        let mut own: BTreeSet<String> = resource.depends_on.iter().filter(|d| exists(d)).cloned().collect();
        for value in resource.properties.values().chain(&resource.metadata) {
            walk(value, Some(conditions), &mut |found| {
                let (Found::Name(target) | Found::Attribute(target, _)) = found else { return };
                if exists(target) {
                    own.insert(target.to_owned());
                } else if template.resources.contains_key(target) {
                    absent.insert(target);
                }
            })?;
        }
        needs.insert(name.clone(), own);
    }
    if absent.is_empty() { Ok(needs) } else { Err(crate::references::unresolved(&absent, "Resources")) }
}

/// Sorts nodes into levels: all that a level needs lies in the levels before it. The error holds the nodes of the circles.
pub(crate) fn levels(needs: &Needs) -> std::result::Result<Vec<Vec<&str>>, Vec<&str>> {
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let mut needed_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, own) in needs {
        let own: Vec<&str> = own.iter().map(String::as_str).filter(|n| needs.contains_key(*n)).collect();
        waiting.insert(name, own.len());
        for need in own {
            needed_by.entry(need).or_default().push(name);
        }
    }
    let mut level: Vec<&str> = waiting.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
    let mut levels = Vec::new();
    let mut done = 0;
    while !level.is_empty() {
        done += level.len();
        let mut next = Vec::new();
        for name in &level {
            for dependent in needed_by.get(name).into_iter().flatten() {
                if let Some(left) = waiting.get_mut(dependent) {
                    *left -= 1;
                    if *left == 0 {
                        next.push(*dependent);
                    }
                }
            }
        }
        next.sort_unstable();
        levels.push(std::mem::replace(&mut level, next));
    }
    if done == needs.len() { Ok(levels) } else { Err(circle(needs, &waiting)) }
}

/// The nodes of circles. `waiting` says how many needs of each node were never met; of those with any, the ones that no
/// other of them needs merely hang on a circle and aren't named.
fn circle<'a>(needs: &'a Needs, waiting: &BTreeMap<&'a str, usize>) -> Vec<&'a str> {
    let mut left: BTreeSet<&str> = waiting.iter().filter(|(_, n)| **n > 0).map(|(name, _)| *name).collect();
    let mut wanted: BTreeMap<&str, usize> = left.iter().map(|n| (*n, 0)).collect();
    let own = |name: &str| needs.get(name).into_iter().flatten().map(String::as_str);
    for name in &left {
        own(name).for_each(|need| {
            wanted.entry(need).and_modify(|n| *n += 1);
        });
    }
    let mut loose: Vec<&str> = wanted.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
    while let Some(name) = loose.pop() {
        left.remove(name);
        for need in own(name) {
            if let Some((key, count)) = wanted.get_key_value(need).map(|(k, c)| (*k, *c))
                && left.contains(key)
            {
                wanted.insert(key, count - 1);
                if count == 1 {
                    loose.push(key);
                }
            }
        }
    }
    left.into_iter().collect()
}

/// The levels in which resources are made, in order: those of one level can be made at the same time.
///
/// # Errors
/// AWS's message for a circle.
pub fn order(needs: &Needs) -> Result<Vec<Vec<String>>> {
    match levels(needs) {
        Ok(levels) => Ok(levels.into_iter().map(|level| level.into_iter().map(str::to_owned).collect()).collect()),
        Err(circle) => Err(Invalid::new(format!("Circular dependency between resources: [{}]", circle.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &[&str])]) -> Needs {
        edges.iter().map(|(n, own)| ((*n).to_owned(), own.iter().map(|o| (*o).to_owned()).collect())).collect()
    }

    #[test]
    fn levels_follow_needs() {
        let needs = graph(&[("A", &["B", "C"]), ("B", &["C"]), ("C", &[]), ("D", &[])]);
        assert_eq!(order(&needs).unwrap(), [vec!["C", "D"], vec!["B"], vec!["A"]]);
    }

    #[test]
    fn a_circle_is_named_without_its_hangers_on() {
        let needs = graph(&[("A", &["B"]), ("B", &["A"]), ("C", &["A"]), ("D", &["C"]), ("E", &[])]);
        assert_eq!(order(&needs).unwrap_err().message, "Circular dependency between resources: [A, B]");
        let own = graph(&[("A", &["A"])]);
        assert_eq!(order(&own).unwrap_err().message, "Circular dependency between resources: [A]");
    }

    #[test]
    fn conditions_decide_who_is_needed() {
        let text = "Conditions: {Prod: !Equals [a, a], Dev: !Equals [a, b]}\nResources:\n  A: {Type: X, Condition: Dev}\n  B: {Type: X, DependsOn: A, Properties: {P: !If [Prod, 1, !Ref A], Q: !Sub '${C}'}}\n  C: {Type: X}\n";
        let template = Template::read(text).unwrap();
        let conditions = BTreeMap::from([("Prod".to_owned(), true), ("Dev".to_owned(), false)]);
        assert_eq!(needs(&template, &conditions).unwrap(), graph(&[("B", &["C"]), ("C", &[])]));
        let taken = BTreeMap::from([("Prod".to_owned(), false), ("Dev".to_owned(), false)]);
        assert_eq!(
            needs(&template, &taken).unwrap_err().message,
            "Template format error: Unresolved resource dependencies [A] in the Resources block of the template"
        );
    }
}
