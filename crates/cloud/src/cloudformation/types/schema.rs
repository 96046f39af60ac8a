//! What properties a resource type has, of what shape, and what a change of one does.

use serde_json::{Map, Value};

use template::diff::Recreation;
use template::scalar_text;

/// The properties of a resource by name.
pub(super) type Properties = Map<String, Value>;

/// What a template may say of the resources of a type.
#[derive(Debug)]
pub(crate) struct Schema {
    /// E.g. `AWS::SQS::Queue`.
    pub type_name: &'static str,
    pub fields: &'static [Field],
    /// Properties that AWS has and this cloud doesn't.
    pub absent: &'static [&'static str],
    /// What `Fn::GetAtt` gives beside the properties.
    pub attributes: &'static [&'static str],
    /// The properties that identify a resource ("GetTemplateSummary", ResourceIdentifiers).
    pub identifiers: &'static [&'static str],
}

impl Schema {
    /// Whether `Fn::GetAtt` can give an attribute: those of its own, and its properties.
    pub(crate) fn has_attribute(&self, attribute: &str) -> bool {
        self.attributes.contains(&attribute) || self.fields.iter().any(|field| field.name == attribute)
    }

    /// Whether resources of this type carry tags, also those of their stack.
    pub(crate) fn has_tags(&self) -> bool {
        self.fields.iter().any(|field| field.name == "Tags")
    }

    /// What a change of a property does to a resource.
    pub(crate) fn recreation(&self, property: &str) -> Recreation {
        let field = self.fields.iter().find(|field| field.name == property);
        field.map_or(Recreation::Never, |field| field.recreation)
    }

    /// Whether a change from the old properties to the new makes a new resource.
    pub(crate) fn replaces(&self, old: &Properties, new: &Properties) -> bool {
        let mut always = self.fields.iter().filter(|field| field.recreation == Recreation::Always);
        always.any(|field| old.get(field.name) != new.get(field.name))
    }

    /// Brings properties into their shapes: `"5"` to 5 where a number belongs.
    ///
    /// # Errors
    /// AWS's text of a property that doesn't fit its schema, e.g. `[#: required key [Name] not found]`.
    pub(crate) fn conform(&self, properties: &Properties) -> Result<Properties, String> {
        if let Some(name) = properties.keys().find(|name| self.absent.contains(&name.as_str())) {
            return Err(format!("[#/{name}: this property is not supported by this cloud]"));
        }
        members(properties, self.fields, "#").map_err(|what| format!("[{what}]"))
    }
}

/// The shape of a property's value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text,
    Integer,
    Boolean,
    /// Any JSON: a policy document and the like.
    Json,
    List(&'static Shape),
    Object(&'static [Field]),
}

/// A property.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub name: &'static str,
    pub shape: Shape,
    pub required: bool,
    pub recreation: Recreation,
}

impl Field {
    /// Required when the resource is made.
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// A change makes a new resource.
    pub(crate) const fn replaces(mut self) -> Self {
        self.recreation = Recreation::Always;
        self
    }
}

const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false, recreation: Recreation::Never }
}

/// A text.
pub(super) const fn string(name: &'static str) -> Field {
    field(name, Shape::Text)
}

/// A number.
pub(super) const fn integer(name: &'static str) -> Field {
    field(name, Shape::Integer)
}

/// A truth value.
pub(super) const fn boolean(name: &'static str) -> Field {
    field(name, Shape::Boolean)
}

/// Any JSON: a policy document and the like.
pub(super) const fn json(name: &'static str) -> Field {
    field(name, Shape::Json)
}

/// A list of texts.
pub(super) const fn strings(name: &'static str) -> Field {
    field(name, Shape::List(&Shape::Text))
}

/// An object of these fields.
pub(super) const fn object(name: &'static str, fields: &'static [Field]) -> Field {
    field(name, Shape::Object(fields))
}

/// A list of such items.
pub(super) const fn list(name: &'static str, item: &'static Shape) -> Field {
    field(name, Shape::List(item))
}

/// `Tags`: a list of keys and values.
pub(super) const TAGS: Field = list("Tags", &Shape::Object(&[string("Key").required(), string("Value").required()]));

fn members(given: &Properties, fields: &[Field], path: &str) -> Result<Properties, String> {
    if let Some(missing) = fields.iter().find(|f| f.required && !given.contains_key(f.name)) {
        return Err(format!("{path}: required key [{}] not found", missing.name));
    }
    let mut conformed = Map::new();
    for (name, value) in given {
        let Some(field) = fields.iter().find(|f| f.name == name) else {
            return Err(format!("{path}: extraneous key [{name}] is not permitted"));
        };
        conformed.insert(name.clone(), shaped(value, field.shape, &format!("{path}/{name}"))?);
    }
    Ok(conformed)
}

fn shaped(value: &Value, shape: Shape, path: &str) -> Result<Value, String> {
    let wrong = |expected: &str| {
        let found = match value {
            Value::Array(_) => "JSONArray",
            Value::Object(_) => "JSONObject",
            Value::Bool(_) => "Boolean",
            Value::Number(_) => "Number",
            _ => "String",
        };
        Err(format!("{path}: expected type: {expected}, found: {found}"))
    };
    match (shape, value) {
        (Shape::Json, value) => Ok(value.clone()),
        (Shape::Text, value) => scalar_text(value).map_or_else(|| wrong("String"), |text| Ok(text.into())),
        (Shape::Integer, value) => match scalar_text(value).and_then(|text| text.trim().parse::<i64>().ok()) {
            Some(number) => Ok(number.into()),
            None => wrong("Integer"),
        },
        (Shape::Boolean, value) => match scalar_text(value).as_deref() {
            Some("true" | "True" | "TRUE") => Ok(true.into()),
            Some("false" | "False" | "FALSE") => Ok(false.into()),
            _ => wrong("Boolean"),
        },
        (Shape::List(item), Value::Array(items)) => {
            items.iter().enumerate().map(|(i, value)| shaped(value, *item, &format!("{path}/{i}"))).collect()
        }
        (Shape::List(_), _) => wrong("JSONArray"),
        (Shape::Object(fields), Value::Object(given)) => members(given, fields, path).map(Value::Object),
        (Shape::Object(_), _) => wrong("JSONObject"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIELDS: &[Field] =
        &[string("Name").required(), integer("Size"), boolean("On"), TAGS, object("Deep", &[json("Any")])];
    const SCHEMA: Schema =
        Schema { type_name: "A::B::C", fields: FIELDS, absent: &["Later"], attributes: &[], identifiers: &[] };

    #[test]
    fn values_are_brought_into_shape() {
        let given =
            json!({"Name": 5, "Size": "7", "On": "true", "Tags": [{"Key": "k", "Value": 1}], "Deep": {"Any": [1]}});
        let expected =
            json!({"Name": "5", "Size": 7, "On": true, "Tags": [{"Key": "k", "Value": "1"}], "Deep": {"Any": [1]}});
        assert_eq!(Value::Object(SCHEMA.conform(given.as_object().unwrap()).unwrap()), expected);
    }

    #[test]
    fn errors_say_where() {
        let cases = [
            (json!({}), "[#: required key [Name] not found]"),
            (json!({"Name": "n", "Nope": 1}), "[#: extraneous key [Nope] is not permitted]"),
            (json!({"Name": "n", "Deep": {"x": 1}}), "[#/Deep: extraneous key [x] is not permitted]"),
            (json!({"Name": "n", "Size": "x"}), "[#/Size: expected type: Integer, found: String]"),
            (json!({"Name": "n", "Tags": "x"}), "[#/Tags: expected type: JSONArray, found: String]"),
            (json!({"Name": "n", "Tags": [{"Key": "k"}]}), "[#/Tags/0: required key [Value] not found]"),
            (json!({"Name": "n", "Later": 1}), "[#/Later: this property is not supported by this cloud]"),
        ];
        for (given, expected) in cases {
            assert_eq!(SCHEMA.conform(given.as_object().unwrap()).unwrap_err(), expected);
        }
    }
}
