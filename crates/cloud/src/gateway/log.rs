//! The log of requests: a line for each that was answered, or couldn't be.
//!
//! Lines go to a thread of their own, which prints them. When the output is slower than the requests, it is lines that are
//! lost, and the next says how many: no request waits for the output.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use http::request::Parts;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::core::clock::Clock;
use crate::request::{DEFAULT_ACCOUNT, DEFAULT_REGION, Facts, Told};
use engine::Millis;
use text::time;

/// Lines that wait to be printed.
const WAITING: usize = 10_000;
/// Lines that are printed at once.
const TOGETHER: usize = 500;
/// The longest part of a line that a client writes, in bytes.
const LONGEST: usize = 300;

/// For whom a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// People.
    Text,
    /// Programs: a JSON object a line.
    Json,
}

/// The log of requests.
#[derive(Clone)]
pub struct RequestLog {
    form: LogForm,
    lines: SyncSender<String>,
    lost: Arc<AtomicU64>,
}

impl RequestLog {
    /// A log that goes to `print`. The other end of what is returned hears when the last line was printed, after the log was
    /// dropped.
    ///
    /// # Errors
    /// There can be no thread for it.
    pub fn to(
        form: LogForm,
        print: impl Fn(&[String]) + Send + 'static,
    ) -> std::io::Result<(RequestLog, oneshot::Receiver<()>)> {
        let (lines, waiting) = sync_channel(WAITING);
        let (end, ended) = oneshot::channel();
        let lost = Arc::<AtomicU64>::default();
        let missing = lost.clone();
        std::thread::Builder::new().name("requests".into()).spawn(move || {
            print_all(form, &waiting, &missing, print);
            _ = end.send(());
        })?;
        Ok((RequestLog { form, lines, lost }, ended))
    }

    /// A request begins.
    pub(super) fn begin(&self, parts: &Parts, clock: &Clock) -> Box<Entry> {
        let path = parts.uri.path();
        let sent = format!("{} {}", parts.method, &path[..path.floor_char_boundary(LONGEST)]);
        let (log, clock) = (self.clone(), clock.clone());
        Box::new(Entry { log, clock, told: Arc::default(), sent, began: Instant::now(), ended: false })
    }

    /// A client sent what is no request.
    pub(super) fn not_understood(&self, now: Millis, client: IpAddr, why: &str) {
        let (time, why) = (time::iso_millis(now), short(why));
        self.put(match self.form {
            LogForm::Text => format!("{time} no request from {client}: {why}"),
            LogForm::Json => {
                json!({"time": time, "level": "info", "record": "no_request", "client": client.to_string(), "why": why})
                    .to_string()
            }
        });
    }

    fn put(&self, line: String) {
        if self.lines.try_send(line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn print_all(form: LogForm, waiting: &Receiver<String>, lost: &AtomicU64, print: impl Fn(&[String])) {
    while let Ok(line) = waiting.recv() {
        let mut lines = vec![line];
        lines.extend(waiting.try_iter().take(TOGETHER));
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            lines.push(match form {
                LogForm::Text => format!("{missing} requests are not in this log: the output is slower than they came"),
                LogForm::Json => json!({"level": "warn", "record": "requests_missing", "missing": missing}).to_string(),
            });
        }
        print(&lines);
    }
}

/// A request under way.
pub(super) struct Entry {
    log: RequestLog,
    clock: Clock,
    told: Arc<Told>,
    /// Method and path.
    sent: String,
    began: Instant,
    ended: bool,
}

impl Entry {
    /// What is noted of it.
    pub(super) fn told(&self) -> Arc<Told> {
        self.told.clone()
    }

    /// It was answered with this status.
    pub(super) fn end(mut self, status: u16) {
        self.ended = true;
        let facts = self.told.facts();
        if !facts.is_page {
            self.log.put(self.record(&facts, Ok(status)));
        }
    }

    /// What is put into the log: the status, or how it ended without one.
    fn record(&self, facts: &Facts, status: Result<u16, &str>) -> String {
        match (self.log.form, status) {
            (LogForm::Json, status) => self.json(facts, status).to_string(),
            (LogForm::Text, Ok(status)) => self.line(facts, &status.to_string()),
            (LogForm::Text, Err(ended)) => self.line(facts, ended),
        }
    }

    fn json(&self, facts: &Facts, status: Result<u16, &str>) -> Value {
        let mut record = json!({"time": time::iso_millis(self.clock.now()), "level": "info", "record": "request"});
        let mut note = |name: &str, text: &str| {
            if !text.is_empty() {
                record[name] = short(text).into();
            }
        };
        note("service", facts.service);
        note("operation", &facts.operation);
        note("resource", &facts.resource);
        note("request", if facts.service.is_empty() { &self.sent } else { "" });
        note("error", &facts.code);
        note("answer", &facts.answer);
        note("account", facts.account.as_deref().unwrap_or_default());
        note("region", facts.region.as_deref().unwrap_or_default());
        match status {
            Ok(status) => record["status"] = status.into(),
            Err(ended) => record["ended"] = ended.into(),
        }
        let micros = self.began.elapsed().as_micros() as f64;
        record["ms"] = (micros / 1_000.0).into();
        record
    }

    fn line(&self, facts: &Facts, status: &str) -> String {
        let mut line = time::iso_millis(self.clock.now());
        let named = [facts.service, &facts.operation, &facts.resource];
        let named: &[&str] = if facts.service.is_empty() { &[&self.sent] } else { &named };
        for word in named.iter().chain(&[status, &facts.code, &facts.answer]).filter(|word| !word.is_empty()) {
            line.push(' ');
            line.push_str(short(word));
        }
        line.push_str(&format!(" {:.1} ms", self.began.elapsed().as_secs_f64() * 1_000.0));
        for (found, usual) in [(&facts.account, DEFAULT_ACCOUNT), (&facts.region, DEFAULT_REGION)] {
            if let Some(found) = found.as_deref().filter(|found| *found != usual) {
                line.push(' ');
                line.push_str(short(found));
            }
        }
        line
    }
}

impl Drop for Entry {
    /// Its client went away before there was an answer, or it panicked.
    fn drop(&mut self) {
        if !self.ended {
            let what = if std::thread::panicking() { "500 InternalFailure" } else { "client gone" };
            self.log.put(self.record(&self.told.facts(), Err(what)));
        }
    }
}

/// What a client wrote, no longer than a part of a line.
fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// The parameters that say what a request is about, the closest first.
const ABOUT: [&str; 32] = [
    "QueueUrl",
    "QueueName",
    "SubscriptionArn",
    "TopicArn",
    "TargetArn",
    "EndpointArn",
    "PlatformApplicationArn",
    "ResourceArn",
    "ResourceARN",
    "SourceArn",
    "DeliveryStreamName",
    "DeliveryStreamARN",
    "StackName",
    "ChangeSetName",
    "logGroupName",
    "logGroupIdentifier",
    "resourceArn",
    "RoleName",
    "RoleArn",
    "UserName",
    "GroupName",
    "InstanceProfileName",
    "OpenIDConnectProviderArn",
    "PolicyName",
    "PolicyArn",
    "Name",
    "Path",
    "QueueNamePrefix",
    "repositoryName",
    "resourceArn",
    "AliasName",
    "KeyId",
];

/// What a request is about, by its parameters.
pub(super) fn about<'p>(parameter: impl Fn(&str) -> Option<&'p str>) -> &'p str {
    let text = ABOUT.iter().find_map(|name| parameter(name)).unwrap_or_default();
    name_of(text)
}

/// As [`about`], of a body in JSON.
pub(super) fn about_json(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    about(|name| body.get(name)?.as_str()).to_owned()
}

/// The last part of a URL, the resource of an ARN, or the text itself.
fn name_of(text: &str) -> &str {
    match text.strip_prefix("arn:") {
        Some(arn) => arn.splitn(5, ':').nth(4).unwrap_or(text),
        // Without a path there is no name: what stands there may be a password.
        None if text.contains("://") => {
            text.splitn(4, '/').nth(3).and_then(|path| path.rsplit('/').next()).unwrap_or_default()
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_request_is_about_what_its_parameters_name() {
        for (body, resource) in [
            (r#"{"QueueUrl":"http://h:1/000000000000/api-orders","MessageBody":"x"}"#, "api-orders"),
            (r#"{"QueueUrl":"api-orders"}"#, "api-orders"),
            (r#"{"QueueUrl":"http://me:secret@h"}"#, ""),
            (r#"{"DeliveryStreamName":"s","Record":{}}"#, "s"),
            (r#"{"ResourceArn":"arn:aws:sqs:us-east-1:000000000000:q"}"#, "q"),
            (r#"{"SubscriptionArn":"arn:aws:sns:us-east-1:000000000000:t:0a"}"#, "t:0a"),
            (r#"{"logGroupName":"/aws/g","logStreamName":"s"}"#, "/aws/g"),
            (r#"{"UserName":"u","PolicyName":"p"}"#, "u"),
            (r#"{"QueueUrl":1}"#, ""),
            (r#"{"repositoryName":"team/app"}"#, "team/app"),
            (r#"{"AliasName":"alias/a","TargetKeyId":"k"}"#, "alias/a"),
            ("[", ""),
        ] {
            assert_eq!(about_json(body.as_bytes()), resource, "{body}");
        }
    }

    /// The output stood still: what didn't fit was counted, and nobody waited.
    #[test]
    fn lines_that_nobody_takes_are_counted_and_hold_up_nobody() {
        let (go, wait) = channel::<()>();
        let (tell, told) = channel();
        let print = move |lines: &[String]| {
            _ = wait.recv();
            lines.iter().for_each(|line| tell.send(line.clone()).unwrap());
        };
        let (log, ended) = RequestLog::to(LogForm::Text, print).unwrap();
        for number in 0..2 * WAITING {
            log.put(number.to_string());
        }
        drop((go, log));
        ended.blocking_recv().unwrap();
        let lines: Vec<String> = told.iter().collect();
        // More than once, if the lines are taken late.
        let notes = lines.iter().filter_map(|line| line.split_once(" requests are not"));
        let lost: Vec<usize> = notes.map(|(number, _)| number.parse().unwrap()).collect();
        assert!(!lost.is_empty());
        assert_eq!(lines.len() - lost.len() + lost.iter().sum::<usize>(), 2 * WAITING);
    }
}
