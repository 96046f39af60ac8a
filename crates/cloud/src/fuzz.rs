//! What strangers write, read as the server reads it: the doors that `fuzz/` pushes against, and the tests on its seeds.
//!
//! Built for fuzzing and for tests only. A target takes any bytes and must come back: a panic, a hang or a mountain of
//! memory is a finding. A target of two texts takes them with a zero byte between.

mod state;

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use serde_json::Value;

use crate::s3::fuzz::{browser_form, chunks};
use crate::sigv4::{self, Claim, Family, Key, Payload};
use crate::sqs;
use engine::policy::{Around, Kind, Policy, Principal, Request};
use filter::{Attribute, Body, FilterPolicy};
use jq::{Allowance, Input, Query};
use template::{Budget, Pseudo, Reference, Scope as Values, Template, conditions, graph, parameters};
use wire::form::Form;

/// The targets by name.
pub const TARGETS: [(&str, fn(&[u8])); 9] = [
    ("browser_form", browser_form),
    ("chunks", chunks),
    ("filter", filter),
    ("form", form),
    ("identity", identity),
    ("jq", jq),
    ("policy", policy),
    ("state", state::state),
    ("template", template),
];

/// 2026-01-01, in milliseconds.
const NOW: u64 = 1_767_225_600_000;

/// Both texts of an input.
fn two(data: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(data).ok()?.split_once('\0')
}

/// An `Authorization` header and a query string: who a request says it is.
fn identity(data: &[u8]) {
    let Some((header, query)) = two(data) else { return };
    let uri = format!("/?{query}");
    let Ok(mut parts) = http::Request::get(uri).body(()).map(|request| request.into_parts().0) else { return };
    if let Ok(header) = HeaderValue::from_str(header)
        && !header.is_empty()
    {
        parts.headers.insert(AUTHORIZATION, header);
    }
    parts.headers.insert("x-amz-date", HeaderValue::from_static("20260101T000000Z"));
    let Ok(Some(claim)) = Claim::of(&parts) else { return };
    let key = Key { secret: "secret".into(), session_token: None, account: None };
    for family in [Family::S3, Family::Query(None), Family::Json(&sqs::SERVICE)] {
        let find = |access_key: &str, _: Option<&str>| {
            assert_eq!(Some(access_key), claim.access_key(), "who is routed is who is verified");
            Ok(Cow::Borrowed(&key))
        };
        // The hash of the secret is in no seed: whatever is claimed, nobody signed it.
        assert!(sigv4::verify(find, &claim, &parts, Payload::Whole(b""), NOW, family).is_err());
    }
}

/// A form of the query protocol, in the URL and in the body.
fn form(data: &[u8]) {
    let (url, body) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
    let Ok(form) = Form::parse(&[url, body]) else { return };
    _ = form.get("Action");
}

/// A filter policy, and a message body.
fn filter(data: &[u8]) {
    let Some((policy, text)) = two(data) else { return };
    let body = Body::parse(text);
    let kinds = ["String", "Number", "String.Array"];
    let attributes = kinds.map(|data_type| Attribute { name: "kind", data_type, value: text });
    if let Ok(policy) = FilterPolicy::parse(policy, filter::Scope::MessageAttributes) {
        let matches = policy.matches_attributes(attributes.into_iter());
        assert_eq!(
            matches,
            policy.explain_attributes(attributes.into_iter()).is_empty(),
            "what is told is what happens"
        );
    }
    if let (Ok(policy), Some(body)) = (FilterPolicy::parse(policy, filter::Scope::MessageBody), &body) {
        assert_eq!(
            policy.matches_body(body),
            policy.explain_body(Some(body)).is_empty(),
            "what is told is what happens"
        );
    }
}

/// A policy document, and the value of a condition key.
fn policy(data: &[u8]) {
    let Some((document, value)) = two(data) else { return };
    let request = Request {
        principal: Principal::Account("123456789012"),
        action: "sqs:SendMessage",
        resource: "arn:aws:sqs:us-east-1:000000000000:q",
        context: &[("aws:SourceArn", value), ("aws:SourceIp", value), ("aws:CurrentTime", value)],
        around: Around::service(0, "us-east-1", "000000000000"),
    };
    for kind in [Kind::Resource, Kind::Bucket, Kind::Identity, Kind::Trust] {
        if let Ok(policy) = Policy::parse(document, kind) {
            assert_eq!(policy.decide(&request), policy.explain(&request).decision);
        }
    }
}

/// A query of Firehose's metadata extraction, and a record.
fn jq(data: &[u8]) {
    let Some((query, record)) = two(data) else { return };
    if let (Ok(query), Some(record)) = (Query::parse(query), Input::parse(record.as_bytes())) {
        _ = query.first(&record, &mut Allowance::new(usize::MAX));
    }
}

/// A template, from its text to the values of its properties.
fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(template) = Template::read(text) else { return };
    let Ok(texts) = parameters::settle(&template.parameters, &[], None) else { return };
    let values: BTreeMap<String, Value> = template
        .parameters
        .iter()
        .filter_map(|declared| Some((declared.name.clone(), declared.value(texts.get(&declared.name)?))))
        .collect();
    let pseudo = Pseudo { region: "us-east-1".into(), account: "000000000000".into(), ..Pseudo::default() };
    let Ok(conditions) = conditions::evaluate(&template, &values, &pseudo) else { return };
    let known = |reference: Reference<'_>| {
        Ok(match reference {
            Reference::Resource(name) | Reference::Attribute(name, _) | Reference::Export(name) => name.into(),
        })
    };
    let stored = |_: &str| Some("{{resolve:ssm:b}}".repeat(1 << 9));
    let budget = Budget::default();
    let scope = Values {
        template: &template,
        parameters: &values,
        conditions: &conditions,
        pseudo: &pseudo,
        known: &known,
        stored: &stored,
        budget: &budget,
    };
    if let Ok(needs) = graph::needs(&template, &conditions) {
        _ = graph::order(&needs);
    }
    for resource in template.resources.values() {
        _ = scope.members(&resource.properties);
    }
    for output in template.outputs.values() {
        _ = scope.value(&output.value);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every seed, and every finding that was kept as one, is read by its target.
    #[test]
    fn the_seeds_come_back() {
        for (name, target) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
            let seeds: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|seed| seed.unwrap().path()).collect();
            assert!(!seeds.is_empty(), "{name} has no seeds");
            for seed in seeds {
                target(&std::fs::read(seed).unwrap());
            }
        }
    }
}
