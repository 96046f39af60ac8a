//! Rules as JSON: LocalStack's schema ("Chaos API", LocalStack's documentation) and what it hasn't. A field that isn't known, or has no
//! meaning where it stands, is refused by its name.

use serde_json::error::Category;
use serde_json::{Map, Value};

use super::MAX_RULES;
use super::fault::Fault;
use super::rule::{Effect, Rule};
use super::spread::Spread;
use engine::Millis;
use text::glob::Glob;
use wire::AwsError;
use wire::json::Unique;

/// A rule, and the JSON that it was read of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given {
    pub(super) rule: Rule,
    pub(super) json: Value,
}

impl Given {
    /// For how long it holds up what comes all the same: a request by the wall's clock, and a landing by the cloud's.
    pub(crate) fn holds_up(&self) -> (Millis, Millis) {
        self.rule.holds_up()
    }
}

/// What there is to strike.
pub(crate) struct Known<'k> {
    /// The ids of the services.
    pub services: &'k [&'k str],
    /// Whether an operation is one of a service's, or of any.
    pub is_operation: &'k dyn Fn(Option<&str>, &str) -> bool,
}

const FIELDS: [&str; 14] = [
    "region",
    "service",
    "operation",
    "probability",
    "error",
    "resource",
    "latency",
    "duplicate",
    "reorder",
    "delay",
    "endpoint",
    "from",
    "until",
    "count",
];
/// Effects that stand alone, each with the service that it is of.
const ALONE: [(&str, &str); 4] = [("duplicate", "sqs"), ("reorder", "sqs"), ("delay", "firehose"), ("endpoint", "sns")];
/// The services whose requests name a queue, a topic, a stream or a bucket.
const WITH_RESOURCES: [&str; 4] = ["sqs", "sns", "firehose", "s3"];
/// The longest that a request waits: 5 minutes. By then every client has given up.
pub(super) const MAX_LATENCY: Millis = 300_000;
/// The longest that a batch waits: an hour, of the day after which Firehose gives records up.
const MAX_DELAY: Millis = 3_600_000;
/// The longest time, in seconds, from a rule's beginning to its end: a year.
const MAX_SECONDS: f64 = 31_536_000.0;
/// The longest name, code or pattern, in bytes.
const LONGEST: usize = 512;

/// Reads one rule, or a list of them.
///
/// # Errors
/// 400, with the rule's number in the list and the field that is wrong.
pub(crate) fn parse(text: &str, known: &Known<'_>) -> Result<Vec<Given>, AwsError> {
    let refuse = |message: String| AwsError::bad("InvalidRule", message);
    let json: Unique = serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => refuse(format!("These rules are no good: {error}.")),
        _ => refuse(format!("These rules are no JSON: {error}.")),
    })?;
    let list = match json.0 {
        Value::Array(list) => list,
        rule @ Value::Object(_) => vec![rule],
        _ => return Err(refuse("Rules are a list of objects, or one object.".to_owned())),
    };
    if list.len() > MAX_RULES {
        return Err(refuse(format!("These are {} rules, and {MAX_RULES} are the most.", list.len())));
    }
    let read = |(at, json): (usize, Value)| match rule(&json, known) {
        Ok(rule) => Ok(Given { rule, json }),
        Err(why) => Err(refuse(format!("rule {}: {why}", at + 1))),
    };
    list.into_iter().enumerate().map(read).collect()
}

fn rule(json: &Value, known: &Known<'_>) -> Result<Rule, String> {
    let Value::Object(map) = json else { return Err(format!("{json} is no object")) };
    if let Some(name) = map.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(format!("{name:?} is no field of a rule: these are {}", FIELDS.join(", ")));
    }
    let fields = Fields(map);
    let service = fields.text("service")?;
    if let Some(service) = service.filter(|service| !known.services.contains(service)) {
        return Err(format!("service: {service:?} is none of this cloud's: these are {}", known.services.join(", ")));
    }
    let (effect, chance) = fields.effect(service)?;
    let operation = fields.text("operation")?;
    if let Some(operation) = operation.filter(|operation| !(known.is_operation)(service, operation)) {
        let of = service.unwrap_or("any service");
        return Err(format!("operation: {operation:?} is no operation of {of} in this cloud"));
    }
    let region = fields.text("region")?;
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if let Some(region) = region.filter(|region| !region.bytes().all(is_part)) {
        return Err(format!("region: {region:?} is no region"));
    }
    let (from, until) = (fields.seconds("from")?.unwrap_or(0), fields.seconds("until")?);
    if until.is_some_and(|until| until <= from) {
        return Err("until: it ends before it begins, by from".to_owned());
    }
    Ok(Rule {
        region: region.map(str::to_owned),
        service: service.map(str::to_owned),
        operation: operation.map(str::to_owned),
        resource: fields.resource(service, &effect)?,
        chance,
        from,
        until,
        count: fields.count()?,
        effect,
    })
}

/// The fields of one rule; null is as good as none.
struct Fields<'m>(&'m Map<String, Value>);

impl<'m> Fields<'m> {
    fn get(&self, name: &str) -> Option<&'m Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<&'m str>, String> {
        self.get(name).map(|value| text(name, value)).transpose()
    }

    /// What the rule does, and how probable that is.
    fn effect(&self, service: Option<&str>) -> Result<(Effect, f64), String> {
        let alone = ALONE.iter().find(|(name, _)| self.get(name).is_some());
        let Some((name, of)) = alone else { return Ok((self.answer()?, self.chance("probability")?.unwrap_or(1.0))) };
        let others = ["error", "latency"].into_iter().chain(ALONE.map(|(name, _)| name));
        if let Some(other) = others.filter(|other| other != name).find(|other| self.get(other).is_some()) {
            return Err(format!(
                "{other}: it can't stand beside {name}: they strike at different moments, by two rules"
            ));
        }
        if service.is_some_and(|service| service != *of) {
            return Err(format!("service: {name} is for {of} alone"));
        }
        if self.get("operation").is_some() {
            return Err(format!("operation: {name} strikes no operation"));
        }
        let effect = match *name {
            "duplicate" => Effect::Duplicate,
            "reorder" => Effect::Reorder,
            "delay" => Effect::Delay(self.spread("delay", MAX_DELAY)?),
            _ => match self.text("endpoint")? {
                Some("down") => Effect::EndpointDown,
                other => return Err(format!("endpoint: it can be \"down\", not {:?}", other.unwrap_or_default())),
            },
        };
        let chance = match effect {
            Effect::Duplicate | Effect::Reorder if self.get("probability").is_some() => {
                return Err(format!("probability: {name} is a probability itself"));
            }
            Effect::Duplicate | Effect::Reorder => self.chance(name)?,
            _ => self.chance("probability")?,
        };
        Ok((effect, chance.unwrap_or(1.0)))
    }

    fn answer(&self) -> Result<Effect, String> {
        let latency = self.get("latency").map(|_| self.spread("latency", MAX_LATENCY)).transpose()?;
        let error = match self.get("error") {
            Some(error) => Some(fault(error)?),
            // A rule that says nothing else is a fault.
            None if latency.is_none() => Some(Fault::Given { status: Fault::STATUS, code: Fault::CODE.to_owned() }),
            None => None,
        };
        Ok(Effect::Answer { latency, error })
    }

    fn chance(&self, name: &str) -> Result<Option<f64>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let chance = value.as_f64().filter(|chance| (0.0..=1.0).contains(chance));
        chance.map(Some).ok_or_else(|| format!("{name}: it is a probability from 0 to 1, not {value}"))
    }

    fn spread(&self, name: &str, most: Millis) -> Result<Spread, String> {
        let spread = match self.get(name) {
            // LocalStack's network effects are milliseconds.
            Some(Value::Number(millis)) => Spread::fixed(millis.as_f64().unwrap_or(-1.0), most),
            Some(Value::String(text)) if text.len() <= LONGEST => Spread::parse(text, most),
            _ => Err("it is a number of milliseconds, or a text like 20ms".to_owned()),
        };
        spread.map_err(|why| format!("{name}: {why}"))
    }

    fn resource(&self, service: Option<&str>, effect: &Effect) -> Result<Option<Glob>, String> {
        let Some(resource) = self.text("resource")? else { return Ok(None) };
        if let Some(service) = service.filter(|service| !WITH_RESOURCES.contains(service)) {
            return Err(format!(
                "resource: it is a queue, a topic, a stream or a bucket, of {}, not of {service}",
                WITH_RESOURCES.join(", ")
            ));
        }
        if matches!(effect, Effect::Duplicate | Effect::Reorder) && resource.ends_with(".fifo") {
            return Err("resource: FIFO queues deliver once and in order".to_owned());
        }
        Ok(Some(Glob::parse_stars(resource)))
    }

    fn seconds(&self, name: &str) -> Result<Option<Millis>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let seconds = value.as_f64().filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
        let millis = seconds.map(|seconds| (seconds * 1_000.0).round() as Millis);
        millis
            .map(Some)
            .ok_or_else(|| format!("{name}: it is a number of seconds, from 0 to {MAX_SECONDS}, not {value}"))
    }

    fn count(&self) -> Result<Option<u64>, String> {
        let Some(value) = self.get("count") else { return Ok(None) };
        let count = value.as_u64().filter(|count| *count > 0);
        count.map(Some).ok_or_else(|| format!("count: it is a whole number from 1 on, not {value}"))
    }
}

fn text<'v>(name: &str, value: &'v Value) -> Result<&'v str, String> {
    let text = value.as_str().filter(|text| (1..=LONGEST).contains(&text.len()));
    text.ok_or_else(|| format!("{name}: it is a text of 1 to {LONGEST} bytes"))
}

/// LocalStack's object, or the word `throttling`.
fn fault(value: &Value) -> Result<Fault, String> {
    if value == "throttling" {
        return Ok(Fault::Throttling);
    }
    let Value::Object(map) = value else {
        return Err("error: it is an object with statusCode and code, or \"throttling\"".to_owned());
    };
    if let Some(name) = map.keys().find(|name| !["statusCode", "code"].contains(&name.as_str())) {
        return Err(format!("error: {name:?} is no field of it: these are statusCode, code"));
    }
    let fields = Fields(map);
    let status = match fields.get("statusCode") {
        None => Fault::STATUS,
        Some(value) => {
            let status = value.as_u64().filter(|status| (400..600).contains(status));
            status.ok_or_else(|| format!("error.statusCode: it is from 400 to 599, not {value}"))? as u16
        }
    };
    let code = fields.text("code").map_err(|why| format!("error.{why}"))?.unwrap_or(Fault::CODE);
    if !code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')) {
        return Err(format!(
            "error.code: {code:?} is no code: letters, digits, points, dashes and underscores make one"
        ));
    }
    Ok(Fault::Given { status, code: code.to_owned() })
}
