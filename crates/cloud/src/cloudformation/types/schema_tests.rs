//! The schemas against AWS's own, and against the page that says what becomes of each property.

use std::collections::BTreeSet;

use super::TYPES;
use super::schema::{Field, Schema, Shape, Standing};

/// What a property's path leads to.
enum Found {
    Here,
    /// Within something that is refused, or is kept as it is.
    Within,
    Nowhere,
}

fn fields_of(shape: Shape) -> &'static [Field] {
    match shape {
        Shape::List(item) => fields_of(*item),
        Shape::Object(fields) => fields,
        _ => &[],
    }
}

fn look(schema: &Schema, path: &str) -> Found {
    if schema.absent.contains(&path.split('.').next().unwrap()) {
        return Found::Within;
    }
    let mut fields = schema.fields;
    let mut steps = path.split('.').peekable();
    while let Some(step) = steps.next() {
        let Some(field) = fields.iter().find(|field| field.name == step) else { return Found::Nowhere };
        if steps.peek().is_some() && (field.standing == Standing::Refused || matches!(field.shape, Shape::Json)) {
            return Found::Within;
        }
        fields = fields_of(field.shape);
    }
    Found::Here
}

/// `Transitions` in a lifecycle rule was refused as a typo.
#[test]
fn every_property_that_aws_has_is_known_here() {
    let lines = include_str!("../../../data/aws_properties.tsv").lines().filter(|line| !line.starts_with('#'));
    let mut seen = 0;
    let unknown = lines.filter(|line| {
        let (type_name, path) = line.split_once('\t').unwrap();
        let listed = TYPES.iter().find(|listed| listed.schema().type_name == type_name).unwrap();
        seen += 1;
        matches!(look(listed.schema(), path), Found::Nowhere)
    });
    let unknown: Vec<&str> = unknown.collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(seen > 500, "{seen}");
}

/// The paths of the properties that have a standing, below a shape's fields.
fn with_standing(fields: &[Field], standing: Standing, path: &str, found: &mut BTreeSet<String>) {
    for field in fields {
        let path = format!("{path}{}", field.name);
        if field.standing == standing {
            found.insert(path);
        } else {
            with_standing(fields_of(field.shape), standing, &format!("{path}."), found);
        }
    }
}

/// The page's row of a type: what is stored only, what is refused.
fn row(schema: &Schema) -> Option<String> {
    let (mut stored, mut refused) = (BTreeSet::new(), BTreeSet::new());
    with_standing(schema.fields, Standing::Stored, "", &mut stored);
    with_standing(schema.fields, Standing::Refused, "", &mut refused);
    refused.extend(schema.absent.iter().map(|name| (*name).to_owned()));
    if stored.is_empty() && refused.is_empty() {
        return None;
    }
    let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    Some(format!("| {} | {} | {} |", schema.type_name, list(stored), list(refused)).replace("|  |", "| |"))
}

#[test]
fn the_page_says_of_each_property_what_becomes_of_it() {
    let page = include_str!("../../../../../docs/operations.md");
    let rows: Vec<String> = TYPES.iter().filter_map(|listed| row(listed.schema())).collect();
    let missing: Vec<&String> = rows.iter().filter(|row| !page.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "docs/operations.md should have these rows: {missing:#?}");
    let on_page = page.lines().filter(|line| line.starts_with("| AWS::")).count();
    assert_eq!(on_page, rows.len(), "rows of types on the page");
}
