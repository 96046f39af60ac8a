//! What properties a resource type has, of what shape, and what a change of one does.

use std::collections::BTreeSet;

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
    /// Properties that AWS has and that are refused by name, as [`refused`] ones within others are.
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

    /// Brings properties into their shapes: `"5"` to 5 where a number belongs. With `leave_out` those that are refused by
    /// name are left out instead.
    ///
    /// # Errors
    /// AWS's text of a property that doesn't fit its schema, e.g. `[#: required key [Name] not found]`; of one that AWS has and
    /// this cloud doesn't, what it is.
    pub(crate) fn conform(&self, properties: &Properties, leave_out: bool) -> Result<Conformed, String> {
        let mut given = properties.clone();
        let mut told = Conformed::default();
        for name in self.absent {
            if given.remove(*name).is_some() {
                told.refuse(leave_out, &format!("#/{name}")).map_err(|what| format!("[{what}]"))?;
            }
        }
        let mut reader = Reader { leave_out, told };
        let properties = reader.members(&given, self.fields, "#").map_err(|what| format!("[{what}]"))?;
        Ok(Conformed { properties, ..reader.told })
    }
}

/// Properties in their shapes, and what has to be told of them. Paths are as in `LifecycleConfiguration.Rules.Transitions`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Conformed {
    pub properties: Properties,
    /// The properties that are stored and have no effect here.
    pub stored: BTreeSet<String>,
    /// Those that are refused by name, and were left out.
    pub left_out: BTreeSet<String>,
}

impl Conformed {
    /// Notes that a property is left out, or fails.
    fn refuse(&mut self, leave_out: bool, path: &str) -> Result<(), String> {
        if leave_out {
            self.left_out.insert(plain(path));
            return Ok(());
        }
        Err(format!(
            "{path}: AWS has this property, and this cloud does not simulate it; `messaging local --placeholders` leaves it out"
        ))
    }
}

/// A path without the indexes of lists: `#/Rules/0/Transitions` is `Rules.Transitions`.
fn plain(path: &str) -> String {
    let steps = path.split('/').skip(1).filter(|step| step.parse::<usize>().is_err());
    steps.collect::<Vec<_>>().join(".")
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
    pub standing: Standing,
}

/// What this cloud makes of a property that AWS has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Simulated,
    /// It has no bearing on what is simulated: it is kept and shown, and the operator is told that it has no effect.
    Stored,
    /// Without it the run would be another than on AWS: a template with it is refused, by the property's name.
    Refused,
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

    /// Kept and shown, without an effect here.
    pub(crate) const fn stored(mut self) -> Self {
        self.standing = Standing::Stored;
        self
    }
}

const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false, recreation: Recreation::Never, standing: Standing::Simulated }
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

/// What AWS has within a property, and this cloud doesn't simulate.
pub(super) const fn refused(name: &'static str) -> Field {
    Field { standing: Standing::Refused, ..field(name, Shape::Json) }
}

/// `Tags`: a list of keys and values.
pub(super) const TAGS: Field = list("Tags", &Shape::Object(&[string("Key").required(), string("Value").required()]));

/// Reads properties by their shapes, and notes what has to be told of them.
struct Reader {
    leave_out: bool,
    told: Conformed,
}

impl Reader {
    fn members(&mut self, given: &Properties, fields: &[Field], path: &str) -> Result<Properties, String> {
        if let Some(missing) = fields.iter().find(|f| f.required && !given.contains_key(f.name)) {
            return Err(format!("{path}: required key [{}] not found", missing.name));
        }
        let mut conformed = Map::new();
        for (name, value) in given {
            let Some(field) = fields.iter().find(|f| f.name == name) else {
                return Err(format!("{path}: extraneous key [{name}] is not permitted"));
            };
            let path = format!("{path}/{name}");
            match field.standing {
                Standing::Refused => {
                    self.told.refuse(self.leave_out, &path)?;
                    continue;
                }
                Standing::Stored => _ = self.told.stored.insert(plain(&path)),
                Standing::Simulated => {}
            }
            conformed.insert(name.clone(), self.shaped(value, field.shape, &path)?);
        }
        Ok(conformed)
    }

    fn shaped(&mut self, value: &Value, shape: Shape, path: &str) -> Result<Value, String> {
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
                items.iter().enumerate().map(|(i, value)| self.shaped(value, *item, &format!("{path}/{i}"))).collect()
            }
            (Shape::List(_), _) => wrong("JSONArray"),
            (Shape::Object(fields), Value::Object(given)) => self.members(given, fields, path).map(Value::Object),
            (Shape::Object(_), _) => wrong("JSONObject"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIELDS: &[Field] = &[
        string("Name").required(),
        integer("Size"),
        boolean("On"),
        TAGS,
        object("Deep", &[json("Any"), string("Kept").stored(), refused("No")]),
    ];
    const SCHEMA: Schema =
        Schema { type_name: "A::B::C", fields: FIELDS, absent: &["Later"], attributes: &[], identifiers: &[] };

    #[test]
    fn values_are_brought_into_shape() {
        let given =
            json!({"Name": 5, "Size": "7", "On": "true", "Tags": [{"Key": "k", "Value": 1}], "Deep": {"Any": [1]}});
        let expected =
            json!({"Name": "5", "Size": 7, "On": true, "Tags": [{"Key": "k", "Value": "1"}], "Deep": {"Any": [1]}});
        assert_eq!(Value::Object(conform(&given, false).unwrap().properties), expected);
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
            (json!({"Name": "n", "Deep": {"Kept": []}}), "[#/Deep/Kept: expected type: String, found: JSONArray]"),
            (
                json!({"Name": "n", "Later": 1}),
                "[#/Later: AWS has this property, and this cloud does not simulate it; `messaging local --placeholders` leaves it out]",
            ),
            (
                json!({"Name": "n", "Deep": {"No": 1}}),
                "[#/Deep/No: AWS has this property, and this cloud does not simulate it; `messaging local --placeholders` leaves it out]",
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(conform(&given, false).unwrap_err(), expected);
        }
    }

    fn conform(given: &Value, leave_out: bool) -> Result<Conformed, String> {
        SCHEMA.conform(given.as_object().unwrap(), leave_out)
    }

    #[test]
    fn what_has_no_effect_is_told_and_what_is_refused_can_be_left_out() {
        let given = json!({"Name": "n", "Later": 1, "Deep": {"Kept": 1, "No": [1]}});
        let conformed = conform(&given, true).unwrap();
        assert_eq!(Value::Object(conformed.properties), json!({"Name": "n", "Deep": {"Kept": "1"}}));
        assert_eq!(conformed.stored, BTreeSet::from(["Deep.Kept".to_owned()]));
        assert_eq!(conformed.left_out, BTreeSet::from(["Deep.No".to_owned(), "Later".to_owned()]));
    }
}
