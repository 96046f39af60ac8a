//! Delivery policies of HTTP(S) endpoints: validated, completed, and read.
//!
//! "Amazon SNS message delivery retries" has the members, their ranges and defaults.

use serde_json::{Map, Value, json};

use super::error::read_policy;
use engine::config::Attributes;

/// What a topic's policy calls its parts, and what a subscription's calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Topic,
    Subscription,
}

const RETRY: [&str; 7] = [
    "minDelayTarget",
    "maxDelayTarget",
    "numRetries",
    "numMaxDelayRetries",
    "numNoDelayRetries",
    "numMinDelayRetries",
    "backoffFunction",
];
const BACKOFFS: [&str; 4] = ["linear", "arithmetic", "geometric", "exponential"];
/// The content type unless a policy says otherwise.
const CONTENT_TYPE: &str = "text/plain; charset=UTF-8";
/// "Amazon SNS message delivery retries", headerContentType.
const CONTENT_TYPES: [&str; 12] = [
    "text/css",
    "text/csv",
    "text/html",
    "text/plain",
    "text/xml",
    "application/atom+xml",
    "application/json",
    "application/octet-stream",
    "application/soap+xml",
    "application/x-www-form-urlencoded",
    "application/xhtml+xml",
    "application/xml",
];

impl Level {
    fn healthy(self) -> &'static str {
        if self == Level::Topic { "defaultHealthyRetryPolicy" } else { "healthyRetryPolicy" }
    }

    fn throttle(self) -> &'static str {
        if self == Level::Topic { "defaultThrottlePolicy" } else { "throttlePolicy" }
    }

    fn request(self) -> &'static str {
        if self == Level::Topic { "defaultRequestPolicy" } else { "requestPolicy" }
    }
}

/// The policy as AWS keeps it: with its flags, without what is null; for a subscription with null for what isn't set.
pub(super) fn normalize(text: &str, level: Level) -> Result<String, String> {
    let value: Value = read_policy(text).map_err(|error| format!("DeliveryPolicy: {error}"))?;
    let policy = match level {
        Level::Topic => match value.get("http") {
            Some(Value::Object(http)) => http,
            _ => return Err("DeliveryPolicy: http must be specified".into()),
        },
        Level::Subscription => value.as_object().ok_or("DeliveryPolicy: must be a JSON object")?,
    };
    let path = |part: &str| if level == Level::Topic { format!("http.{part}") } else { part.to_owned() };
    let part = |name: &str| policy.get(name).filter(|part| !part.is_null());
    for name in policy.keys() {
        let flag = if level == Level::Topic { "disableSubscriptionOverrides" } else { "guaranteed" };
        let known =
            [level.healthy(), level.throttle(), level.request(), "sicklyRetryPolicy", "defaultSicklyRetryPolicy", flag];
        if !known.contains(&name.as_str()) {
            return Err(format!("DeliveryPolicy: unknown attribute {}", path(name)));
        }
    }
    let healthy = part(level.healthy()).map(|part| retries(part, &path(level.healthy()))).transpose()?;
    let throttle = part(level.throttle()).map(|part| throttle(part, &path(level.throttle()))).transpose()?;
    let request = part(level.request()).map(|part| request(part, &path(level.request()))).transpose()?;
    let flag = |name: &str| part(name).and_then(Value::as_bool).unwrap_or(false);
    let kept = match level {
        Level::Topic => {
            let mut http = Map::new();
            let mut put = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    http.insert(name.to_owned(), value);
                }
            };
            put(level.healthy(), healthy);
            put(level.throttle(), throttle);
            put("disableSubscriptionOverrides", Some(flag("disableSubscriptionOverrides").into()));
            put(level.request(), request);
            json!({ "http": http })
        }
        Level::Subscription => json!({
            "healthyRetryPolicy": healthy,
            "sicklyRetryPolicy": null,
            "throttlePolicy": throttle,
            "requestPolicy": request,
            "guaranteed": flag("guaranteed"),
        }),
    };
    Ok(kept.to_string())
}

/// A message isn't tried again for longer.
const MOST_SECONDS: u64 = 3_600;

fn retries(part: &Value, path: &str) -> Result<Value, String> {
    let given = part.as_object().ok_or_else(|| format!("DeliveryPolicy: {path} must be a JSON object"))?;
    if let Some(unknown) = given.keys().find(|name| !RETRY.contains(&name.as_str())) {
        return Err(format!("DeliveryPolicy: unknown attribute {path}.{unknown}"));
    }
    let mut kept = Map::new();
    let mut number = |name: &str, least: u64, most: u64| -> Result<Option<u64>, String> {
        let Some(value) = given.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
        let number = value.as_f64().map(|number| if number < 0.0 { None } else { value.as_u64() });
        let number = number.ok_or_else(|| format!("DeliveryPolicy: {path}.{name} must be a number"))?;
        match number {
            Some(number) if number > most => {
                Err(format!("DeliveryPolicy: {path}.{name} must be less than or equal to {most}"))
            }
            Some(number) if number >= least => {
                kept.insert(name.to_owned(), number.into());
                Ok(Some(number))
            }
            _ => Err(format!("DeliveryPolicy: {path}.{name} must be greater than or equal to {least}")),
        }
    };
    let must = |value: Option<u64>, name: &str| {
        value.ok_or_else(|| format!("DeliveryPolicy: {path}.{name} must be specified"))
    };
    let min = must(number("minDelayTarget", 1, 3600)?, "minDelayTarget")?;
    let max = must(number("maxDelayTarget", 1, 3600)?, "maxDelayTarget")?;
    let retries = must(number("numRetries", 0, 100)?, "numRetries")?;
    if max < min {
        return Err(format!("DeliveryPolicy: {path}.maxDelayTarget must be greater than or equal to minDelayTarget"));
    }
    let mut phases = [0; 3];
    for (phase, name) in phases.iter_mut().zip(["numMaxDelayRetries", "numNoDelayRetries", "numMinDelayRetries"]) {
        *phase = number(name, 0, 100)?.unwrap_or(0);
    }
    let [at_most, at_once, _] = phases;
    if phases.iter().sum::<u64>() > retries {
        return Err(format!(
            "DeliveryPolicy: {path}.numRetries must be greater than or equal to total of numMinDelayRetries, \
             numNoDelayRetries and numMaxDelayRetries"
        ));
    }
    // "Amazon SNS message delivery retries": a hard limit. Those in the phase of backing off count with the least they wait: how AWS counts
    // them isn't said.
    if at_most * max + (retries - at_most - at_once) * min > MOST_SECONDS {
        return Err(format!(
            "DeliveryPolicy: {path}: Total policy retry time cannot be greater than {MOST_SECONDS} seconds"
        ));
    }
    if let Some(backoff) = given.get("backoffFunction").filter(|value| !value.is_null()) {
        if !backoff.as_str().is_some_and(|name| BACKOFFS.contains(&name)) {
            return Err(format!("DeliveryPolicy: {path}.backoffFunction must be one of {}", BACKOFFS.join(", ")));
        }
        kept.insert("backoffFunction".into(), backoff.clone());
    }
    Ok(kept.into())
}

fn throttle(part: &Value, path: &str) -> Result<Value, String> {
    match part.get("maxReceivesPerSecond").filter(|value| !value.is_null()).map(Value::as_u64) {
        Some(Some(1..)) => Ok(json!({ "maxReceivesPerSecond": part["maxReceivesPerSecond"] })),
        Some(_) => Err(format!("DeliveryPolicy: {path}.maxReceivesPerSecond must be greater than or equal to 1")),
        None => Err(format!("DeliveryPolicy: {path}.maxReceivesPerSecond must be specified")),
    }
}

fn request(part: &Value, path: &str) -> Result<Value, String> {
    let refused = || format!("DeliveryPolicy: {path}.headerContentType is not a supported content type");
    let content_type = part.get("headerContentType").and_then(Value::as_str).ok_or_else(refused)?;
    let plain = content_type.split(';').next().unwrap_or_default().trim();
    if !CONTENT_TYPES.contains(&plain) || content_type.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(refused());
    }
    Ok(json!({ "headerContentType": content_type }))
}

/// A topic's attribute `EffectiveDeliveryPolicy`.
pub(super) fn effective_topic(attributes: &Attributes) -> Value {
    let set = attributes.get("DeliveryPolicy").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let set = set.as_ref().and_then(|set| set.get("http"));
    let part = |name: &str| set.and_then(|set| set.get(name)).filter(|part| !part.is_null());
    let mut http = Map::new();
    http.insert("defaultHealthyRetryPolicy".into(), complete(part("defaultHealthyRetryPolicy")));
    if let Some(throttle) = part("defaultThrottlePolicy") {
        http.insert("defaultThrottlePolicy".into(), throttle.clone());
    }
    let disabled = part("disableSubscriptionOverrides").cloned().unwrap_or(false.into());
    http.insert("disableSubscriptionOverrides".into(), disabled);
    let request = part("defaultRequestPolicy").cloned();
    http.insert("defaultRequestPolicy".into(), request.unwrap_or_else(|| json!({ "headerContentType": CONTENT_TYPE })));
    json!({ "http": http })
}

/// A subscription's attribute `EffectiveDeliveryPolicy`: its own policy over the topic's.
pub(super) fn effective_subscription(topic: &Attributes, attributes: &Attributes) -> Value {
    let topic = effective_topic(topic);
    let topic = &topic["http"];
    let own = attributes.get("DeliveryPolicy").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let own = own.filter(|_| topic["disableSubscriptionOverrides"] != true);
    let part = |name: &str| own.as_ref().and_then(|own| own.get(name)).filter(|part| !part.is_null());
    let healthy =
        part("healthyRetryPolicy").map_or_else(|| topic["defaultHealthyRetryPolicy"].clone(), |it| complete(Some(it)));
    let throttle = part("throttlePolicy").or(topic.get("defaultThrottlePolicy"));
    json!({
        "healthyRetryPolicy": healthy,
        "sicklyRetryPolicy": null,
        "throttlePolicy": throttle,
        "requestPolicy": part("requestPolicy").unwrap_or(&topic["defaultRequestPolicy"]),
        "guaranteed": part("guaranteed").and_then(Value::as_bool).unwrap_or(false),
    })
}

/// A retry policy with defaults for what it doesn't say.
fn complete(set: Option<&Value>) -> Value {
    let mut retry = json!({
        "minDelayTarget": 20,
        "maxDelayTarget": 20,
        "numRetries": 3,
        "numMaxDelayRetries": 0,
        "numNoDelayRetries": 0,
        "numMinDelayRetries": 0,
        "backoffFunction": "linear",
    });
    for (name, value) in set.and_then(Value::as_object).into_iter().flatten() {
        retry[name] = value.clone();
    }
    retry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_kept_with_their_flags() {
        let cases = [
            (
                Level::Topic,
                r#"{"http":{"defaultRequestPolicy":{"headerContentType":"application/json"}}}"#,
                r#"{"http":{"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"application/json"}}}"#,
            ),
            (
                Level::Topic,
                r#"{"http":{"defaultHealthyRetryPolicy":null}}"#,
                r#"{"http":{"disableSubscriptionOverrides":false}}"#,
            ),
            (
                Level::Subscription,
                r#"{"requestPolicy":{"headerContentType":"text/csv"}}"#,
                concat!(
                    r#"{"healthyRetryPolicy":null,"sicklyRetryPolicy":null,"throttlePolicy":null,"#,
                    r#""requestPolicy":{"headerContentType":"text/csv"},"guaranteed":false}"#
                ),
            ),
        ];
        for (level, given, kept) in cases {
            assert_eq!(normalize(given, level).as_deref(), Ok(kept));
        }
    }

    #[test]
    fn numbers_have_their_limits() {
        let retry = |min: i64, max: i64, retries: i64, rest: &str| {
            let text = format!(
                r#"{{"healthyRetryPolicy":{{"minDelayTarget":{min},"maxDelayTarget":{max},"numRetries":{retries}{rest}}}}}"#
            );
            normalize(&text, Level::Subscription).err().unwrap_or_default()
        };
        assert_eq!(retry(1, 3600, 100, ""), "");
        assert_eq!(
            retry(0, 1, 1, ""),
            "DeliveryPolicy: healthyRetryPolicy.minDelayTarget must be greater than or equal to 1"
        );
        assert_eq!(
            retry(1, 3601, 1, ""),
            "DeliveryPolicy: healthyRetryPolicy.maxDelayTarget must be less than or equal to 3600"
        );
        assert!(retry(2, 1, 1, "").contains("minDelayTarget"));
        // A hundred hours of trying again were taken.
        assert_eq!(retry(3600, 3600, 1, ""), "");
        assert_eq!(retry(36, 3600, 100, ""), "");
        for refused in [
            retry(3600, 3600, 2, ""),
            retry(37, 3600, 100, ""),
            retry(1, 3600, 2, r#","numMaxDelayRetries":1,"numMinDelayRetries":1"#),
        ] {
            let told =
                "DeliveryPolicy: healthyRetryPolicy: Total policy retry time cannot be greater than 3600 seconds";
            assert_eq!(refused, told);
        }
        assert!(retry(1, 1, 1, r#","numNoDelayRetries":2"#).contains("numRetries must be greater"));
        assert!(retry(1, 1, 1, r#","backoffFunction":"never""#).contains("backoffFunction"));
        assert!(
            normalize(r#"{"healthyRetryPolicy":{"numRetries":1}}"#, Level::Subscription)
                .unwrap_err()
                .ends_with("must be specified")
        );
    }

    #[test]
    fn a_subscription_overrides_its_topic_unless_that_forbids_it() {
        let attributes = |text: &str| Attributes::from([("DeliveryPolicy".to_owned(), text.to_owned())]);
        let topic = attributes(r#"{"http":{"defaultRequestPolicy":{"headerContentType":"application/json"}}}"#);
        let own = attributes(r#"{"requestPolicy":{"headerContentType":"text/csv"}}"#);
        let content_type = |topic: &Attributes, own: &Attributes| {
            effective_subscription(topic, own)["requestPolicy"]["headerContentType"].as_str().map(str::to_owned)
        };
        assert_eq!(content_type(&topic, &own).as_deref(), Some("text/csv"));
        assert_eq!(content_type(&topic, &Attributes::new()).as_deref(), Some("application/json"));
        let fixed = attributes(r#"{"http":{"disableSubscriptionOverrides":true}}"#);
        assert_eq!(content_type(&fixed, &own).as_deref(), Some(CONTENT_TYPE));
        assert_eq!(effective_subscription(&fixed, &own)["healthyRetryPolicy"]["numRetries"], 3);
    }

    proptest::proptest! {
        /// What is accepted is kept in a form that is accepted again and stays as it is.
        #[test]
        fn mangled_policies(text in crate::testing::mangled::mangled(&[
            r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":2,"numRetries":3}}}"#,
            r#"{"healthyRetryPolicy":{"numRetries":10,"numNoDelayRetries":0,"backoffFunction":"linear"}}"#,
            r#"{"throttlePolicy":{"maxReceivesPerSecond":10},"requestPolicy":{"headerContentType":"text/plain"}}"#,
        ])) {
            for level in [Level::Topic, Level::Subscription] {
                if let Ok(kept) = normalize(&text, level) {
                    proptest::prop_assert_eq!(normalize(&kept, level), Ok(kept));
                }
            }
        }
    }
}
