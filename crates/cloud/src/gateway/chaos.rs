//! The page `/_messaging/chaos`: rules of chaos are seen, added and taken away. And what a request is about, as rules name it.
//!
//! LocalStack's users find their ways here: PATCH adds, DELETE takes away what is named, an empty list takes all away ("Chaos API",
//! LocalStack's documentation).

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::Value as Json;

use super::Gateway;
use crate::chaos::{Given, Known, Subject, parse};
use crate::core::Cloud;
use crate::request::{Context, Operation, Service};
use crate::services::SERVICES;
use crate::{s3, sqs};
use text::arn::Arn;
use wire::{AwsError, Payload, Text};

/// What the page is, for programs: a change that a reader could stumble over raises it.
const VERSION: u32 = 1;
/// The longest list of rules, in bytes.
pub(super) const MAX_BODY: usize = 256 << 10;

/// Does what a request to the page wants, and shows the rules that are in force then. Of `account` alone, if there is one.
///
/// # Errors
/// 400 for rules that can't be, with the field that is wrong; 404 where nothing is like what is to be taken away.
pub(super) fn page(cloud: &Cloud, account: Option<&str>, method: &Method, body: &[u8]) -> Result<Json, AwsError> {
    let now = cloud.core.now();
    let chaos = &cloud.chaos;
    if *method != Method::GET && *method != Method::HEAD {
        let rules = match body.trim_ascii() {
            b"" if *method == Method::DELETE => Vec::new(),
            body => read(&String::from_utf8_lossy(body))?,
        };
        match *method {
            Method::PUT => chaos.add(now, account, rules, true)?,
            _ if rules.is_empty() => chaos.clear(account),
            Method::DELETE => chaos.remove(account, &rules)?,
            _ => chaos.add(now, account, rules, false)?,
        }
        // A batch may wait by a rule that is gone.
        cloud.core.streams.notify_one();
    }
    let mut page = chaos.page(now, account);
    (page["page"], page["version"]) = ("chaos".into(), VERSION.into());
    Ok(page)
}

fn read(text: &str) -> Result<Vec<Given>, AwsError> {
    let mut services: Vec<&str> = SERVICES.iter().map(|service| service.id).collect();
    services.push("s3");
    let is_operation = |service: Option<&str>, name: &str| {
        let of_s3 = service.is_none_or(|service| service == "s3") && s3::is_operation(name);
        let mut others = SERVICES.iter().filter(|it| service.is_none_or(|service| service == it.id));
        of_s3 || others.any(|service| service.operation(name).is_some())
    };
    parse(text, &Known { services: &services, is_operation: &is_operation })
}

/// Rules that were read and found good, to be put in force later.
#[derive(Debug, Clone)]
pub struct ChaosRules(Vec<Given>);

impl ChaosRules {
    /// Reads them.
    ///
    /// # Errors
    /// In words, with the rule's number and the field that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        read(text).map(Self).map_err(|error| error.message)
    }

    /// For how long they hold up at most what comes all the same, by the wall's clock, where the cloud's runs `speed` times as fast.
    pub fn hold_up(&self, speed: u32) -> Duration {
        let millis = self.0.iter().map(Given::holds_up).map(|(here, there)| here + there / u64::from(speed.max(1)));
        Duration::from_millis(millis.sum())
    }

    /// Puts them in force, for all accounts, from now on. What chance decides follows from the seed.
    pub fn plant(self, cloud: &Cloud, seed: u64) {
        cloud.chaos.seed(seed);
        // There are no more than a list may have, and none yet.
        _ = cloud.chaos.add(cloud.core.now(), None, self.0, true);
    }
}

impl Gateway {
    /// What rules of chaos do to a request, whose sender is proven, before its operation runs: it waits, or fails.
    pub(super) async fn meet_chaos(
        &self,
        cx: &Context,
        service: &Service,
        operation: &Operation,
        payload: &Payload<'_>,
    ) -> Result<(), AwsError> {
        let subject = Subject {
            account: &cx.account,
            region: &cx.region,
            service: service.id,
            operation: operation.name,
            names: &[],
        };
        // The operation reads all of it anew: it is read here only where a rule asks what it is about.
        if !self.cloud.chaos.asks_for_names(&subject) {
            return self.cloud.meet_chaos(&subject).await;
        }
        // What can't be read is about nothing; the operation says what is wrong with it.
        let named: Named<'_> = payload.decode().unwrap_or_default();
        let names = named.names(cx, service);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.cloud.meet_chaos(&Subject { names: &names, ..subject }).await
    }
}

/// The parameters that name a queue, a topic or a stream.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named<'a> {
    #[serde(borrow, default)]
    queue_url: Option<Text<'a>>,
    #[serde(borrow, default)]
    queue_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    topic_arn: Option<Text<'a>>,
    #[serde(borrow, default)]
    target_arn: Option<Text<'a>>,
    #[serde(borrow, default)]
    subscription_arn: Option<Text<'a>>,
    #[serde(borrow, default)]
    delivery_stream_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
}

impl Named<'_> {
    /// The name and the ARN of what a request to a service is about; nothing, if that is none of these.
    fn names(&self, cx: &Context, service: &Service) -> Vec<String> {
        let Context { account, region, .. } = cx;
        let arn = match service.id {
            "sqs" => {
                let given = if self.queue_url.is_some() { &self.queue_url } else { &self.queue_name };
                sqs::queue_url::to_arn(cx, given).ok()
            }
            "sns" => {
                let of_topic = self.topic_arn.as_ref().or(self.target_arn.as_ref());
                let arn = of_topic.or(self.subscription_arn.as_ref()).map(|arn| topic_of(arn).to_owned());
                arn.or_else(|| Some(format!("arn:aws:sns:{region}:{account}:{}", self.name.as_deref()?)))
            }
            "firehose" => {
                let arn = |name: &str| format!("arn:aws:firehose:{region}:{account}:deliverystream/{name}");
                self.delivery_stream_name.as_deref().map(arn)
            }
            _ => None,
        };
        let Some(arn) = arn else { return Vec::new() };
        let name = arn.rsplit([':', '/']).next().unwrap_or_default().to_owned();
        vec![name, arn]
    }
}

/// The topic's ARN at the beginning of a subscription's, or all of a topic's own.
fn topic_of(arn: &str) -> &str {
    let id = Arn::parse(arn).and_then(|parsed| parsed.resource.split_once(':')).map_or(0, |(_, id)| id.len() + 1);
    &arn[..arn.len() - id]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_of_its_topic() {
        for (arn, topic) in [
            ("arn:aws:sns:us-east-1:000000000000:t", "arn:aws:sns:us-east-1:000000000000:t"),
            ("arn:aws:sns:us-east-1:000000000000:t:id", "arn:aws:sns:us-east-1:000000000000:t"),
            ("t", "t"),
        ] {
            assert_eq!(topic_of(arn), topic);
        }
    }

    #[test]
    fn what_there_is_to_strike_is_known() {
        for (rule, good) in [
            (r#"{"operation": "PutObject"}"#, true),
            (r#"{"service": "s3", "operation": "PutObject"}"#, true),
            (r#"{"service": "sqs", "operation": "PutObject"}"#, false),
            (r#"{"service": "sqs", "operation": "SendMessage"}"#, true),
            (r#"{"service": "dynamodb"}"#, false),
        ] {
            assert_eq!(ChaosRules::parse(rule).is_ok(), good, "{rule}");
        }
    }
}
