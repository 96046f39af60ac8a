//! What the user gives every event beside what the story has: message attributes, and members of its body, fixed or drawn.

use std::sync::Arc;

use serde_json::Value;

use super::weighted::{Weighted, weight};
use crate::event::dice::Dice;
use crate::event::envelope::{Attribute, Member};
use crate::event::own::common_attribute;

/// A path leads no deeper: SNS lets a filter policy have five levels ("Filter policy constraints in Amazon SNS").
const MAX_DEPTH: usize = 10;
/// So many values of one name are drawn from.
const MAX_VALUES: usize = 1_000;
/// What the envelope says of an event itself, and the ledger needs.
const OF_THE_ENVELOPE: [&str; 8] =
    ["specversion", "id", "time", "datacontenttype", "runid", "publisher", "sequence", "data"];
/// What the envelope has as text, and a user may say in its stead.
const TEXTS: [&str; 3] = ["type", "source", "subject"];

/// Something with a name and a value, which is fixed or drawn; a value may be that it isn't there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given<T> {
    pub name: String,
    values: Weighted<Option<T>>,
}

impl<T: Clone> Given<T> {
    /// The next value, or that it isn't there.
    pub(super) fn draw(&self, dice: &mut Dice) -> Option<T> {
        self.values.draw(dice).clone()
    }

    /// The value that each event has, if there is but one.
    pub(crate) fn fixed(&self) -> Option<&T> {
        self.values.only()?.as_ref()
    }

    /// Reads `HEAD=VALUE`, or `HEAD=VALUE|VALUE=3|`, of which the second has a weight of 3, and the last is that it isn't there.
    fn parse(
        text: &str,
        form: &str,
        value: impl Fn(&str, &str) -> Result<(String, T), String>,
    ) -> Result<Arc<Self>, String> {
        let (head, written) = text.split_once('=').ok_or(form)?;
        let head = head.trim();
        // A single value stands as it is, whatever is in it.
        if !written.contains('|') {
            let (name, value) = value(head, written)?;
            let values = Weighted::new([(Some(value), 1.0)]).ok_or(form)?;
            return Ok(Arc::new(Self { name, values }));
        }
        let (mut name, mut drawn) = (None, Vec::new());
        for part in written.split('|') {
            let (text, weight) = match part.rsplit_once('=').and_then(|(text, share)| Some((text, weight(share)?))) {
                Some((text, weight)) => (text, weight),
                None if is_number(part) => {
                    return Err(format!("{part:?}: a weight is a number from 1e-9 to 1e9, such as 3"));
                }
                None => (part, 1.0),
            };
            let one = if text.is_empty() { None } else { Some(value(head, text)?) };
            drawn.push((
                one.map(|(of, value)| {
                    name = Some(of);
                    value
                }),
                weight,
            ));
        }
        if drawn.len() > MAX_VALUES {
            return Err(format!("{head} has {} values, of which 1,000 are drawn from at most", drawn.len()));
        }
        let name = name.ok_or_else(|| format!("{head} has no value"))?;
        let values = Weighted::new(drawn).ok_or(form)?;
        Ok(Arc::new(Self { name, values }))
    }
}

/// Whether a number stands behind the last `=`: no weight, and surely meant as one.
fn is_number(part: &str) -> bool {
    part.rsplit_once('=').is_some_and(|(_, share)| share.trim().parse::<f64>().is_ok())
}

/// Reads a message attribute: `kind=order`, `amount:Number=7`, `status=paid|refunded=3|`.
///
/// # Errors
/// What is wrong, and what would be right.
pub(crate) fn attribute(text: &str) -> Result<Arc<Given<Attribute>>, String> {
    let form = "name=value, name:Number=value or name=one|other=3 is needed";
    Given::parse(text, form, |head, value| {
        let attribute = common_attribute(&format!("{head}={value}"))?;
        Ok((attribute.name.to_string(), attribute))
    })
}

/// Reads a member of the body: `store=web|shop`, `detail.amount:Number=7`, `tags:JSON=["a"]`.
///
/// # Errors
/// What is wrong, and what would be right.
pub(crate) fn field(text: &str) -> Result<Arc<Given<Member>>, String> {
    let form = "path=value, path:Number=value, path:JSON=value or path=one|other=3 is needed";
    Given::parse(text, form, |head, value| {
        let (path, kind) = head.split_once(':').unwrap_or((head, "String"));
        let path: Vec<_> = path.split('.').map(|name| name.trim().to_owned()).collect();
        if path.iter().any(String::is_empty) || path.len() > MAX_DEPTH {
            return Err(form.to_owned());
        }
        let told = path.join(".");
        if OF_THE_ENVELOPE.contains(&path[0].as_str()) {
            return Err(format!("{told} is what the event itself or the ledger needs; any other member will do"));
        }
        let value = match kind.trim() {
            "String" => Value::String(value.to_owned()),
            "Number" => match serde_json::from_str(value) {
                Ok(number @ Value::Number(_)) => number,
                _ => return Err(format!("{told} is to be a number, and {value} is none")),
            },
            "JSON" => serde_json::from_str(value).map_err(|why| format!("{told} is to be JSON: {why}"))?,
            kind => return Err(format!("{told} is of the type {kind:?}: String, Number or JSON is needed")),
        };
        if TEXTS.contains(&path[0].as_str()) && !(path.len() == 1 && value.is_string()) {
            return Err(format!("{} is a text in every event", path[0]));
        }
        Ok((told, Member { path, value }))
    })
}

/// What is wrong with what is given together: a name twice, or a member within what is a value elsewhere.
pub(crate) fn clash(attributes: &[Arc<Given<Attribute>>], fields: &[Arc<Given<Member>>]) -> Option<String> {
    for (n, one) in attributes.iter().enumerate() {
        if attributes[..n].iter().any(|other| other.name == one.name) {
            return Some(format!("--attribute {} stands there twice", one.name));
        }
    }
    for (n, one) in fields.iter().enumerate() {
        for other in &fields[..n] {
            let (short, long) = if one.name.len() < other.name.len() { (one, other) } else { (other, one) };
            if long.name.strip_prefix(&short.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
                return Some(match short.name == long.name {
                    true => format!("--field {} stands there twice", one.name),
                    false => format!("--field {} is a value, and {} would lie within it", short.name, long.name),
                });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::event::dice::dice;

    fn drawn<T: Clone>(given: &Given<T>, told: impl Fn(&T) -> String) -> BTreeMap<String, u32> {
        let mut dice = dice("t", 1, 0);
        let mut drawn = BTreeMap::new();
        for _ in 0..10_000 {
            *drawn.entry(given.draw(&mut dice).map_or("-".into(), |it| told(&it))).or_default() += 1;
        }
        drawn
    }

    #[test]
    fn values_are_drawn_by_their_weights_or_are_not_there() {
        let all = drawn(&attribute("status=paid=8|refunded|=1").unwrap(), |it| it.value.clone());
        assert!(all["paid"].abs_diff(8_000) < 200 && all["refunded"].abs_diff(1_000) < 150, "{all:?}");
        assert!(all["-"].abs_diff(1_000) < 150, "{all:?}");
        let all = drawn(&field("detail.n:Number=1|2.5").unwrap(), |it| it.value.to_string());
        assert!(all["1"].abs_diff(5_000) < 200 && all.len() == 2, "{all:?}");
    }

    #[test]
    fn a_single_value_stands_as_it_is() {
        let fixed = |text| attribute(text).unwrap().fixed().cloned().unwrap();
        let told = |it: Attribute| (it.name.to_string(), it.data_type.to_string(), it.value);
        assert_eq!(told(fixed("empty:String.x=a=3")), ("empty".into(), "String.x".into(), "a=3".into()));
        assert!(attribute("a=b|c").unwrap().fixed().is_none());
        let member = field("a.b:JSON={\"c\": [1]}").unwrap().fixed().cloned().unwrap();
        assert_eq!((member.path, member.value), (vec!["a".to_owned(), "b".to_owned()], json!({"c": [1]})));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for wrong in ["kind", "=x", "a=", "a:Binary=x", "n:Number=x|1", "a=|", "a=x=0|y", "a=x|y=-1"] {
            assert!(attribute(wrong).is_err(), "{wrong}");
        }
        for (wrong, why) in [
            ("a", "path=value"),
            ("a..b=1", "path=value"),
            ("id=7", "id is what the event"),
            ("data.x=7", "data.x is what the event"),
            ("type:Number=7", "type is a text"),
            ("n:Number=x", "n is to be a number"),
            ("n:Bool=x", "n is of the type"),
            ("n:JSON={", "n is to be JSON"),
        ] {
            let error = field(wrong).unwrap_err();
            assert!(error.starts_with(why), "{wrong}: {error}");
        }
        let fields = |all: &[&str]| clash(&[], &all.iter().map(|it| field(it).unwrap()).collect::<Vec<_>>());
        assert_eq!(fields(&["a.b=1", "a=2"]).unwrap(), "--field a is a value, and a.b would lie within it");
        assert_eq!(fields(&["a=1", "a=2"]).unwrap(), "--field a stands there twice");
        assert_eq!(fields(&["a.b=1", "a.c=2", "ab=3"]), None);
        let twice = [attribute("a=1").unwrap(), attribute("a=2").unwrap()];
        assert_eq!(clash(&twice, &[]).unwrap(), "--attribute a stands there twice");
    }
}
