//! `GET /dashboard`: the scenario's own page, with the figures that CloudWatch's dashboard shows on AWS.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use tokio::time::{Instant, timeout};

use super::Api;
use crate::jobs::alarms::ALARMS;
use crate::jobs::figures::{Moved, OPERATIONS, Part};

/// For how long the depths of the queues hold: whoever asks more often costs SQS nothing.
const FRESH: Duration = Duration::from_secs(5);
/// How long SQS may take to tell them.
const PATIENCE: Duration = Duration::from_secs(2);
/// Nothing but its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
const HEAD: &str = "<!doctype html><html lang=en><head><meta charset=utf-8><meta http-equiv=refresh content=10>\
    <meta name=viewport content='width=device-width'><title>jobs</title><style>\
    body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:52rem;padding:0 1rem;color:#222}\
    table{border-collapse:collapse;margin:0 0 1.5rem;width:100%}th,td{border-bottom:1px solid #ddd;padding:.25rem .5rem}\
    th{text-align:left;font-weight:600}td{text-align:right;font-variant-numeric:tabular-nums}td:first-child{text-align:left}\
    .raised{color:#b00;font-weight:600}p{color:#666}</style></head><body><h1>jobs</h1>";

/// What waits in a queue: visible, in flight, delayed.
type Depth = Option<[u64; 3]>;

/// The depths of queue and dead-letter queue, as they were told last.
#[derive(Default)]
pub(in crate::jobs) struct Depths(tokio::sync::Mutex<Option<(Instant, [Depth; 2])>>);

/// The figures as a page, which renews itself
#[utoipa::path(get, path = "/dashboard", tag = "figures", responses(
    (status = 200, description = "The figures of this process since its start, the queues' depths, and the alarms",
        body = String, content_type = "text/html"),
))]
pub(super) async fn dashboard(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let depths = api.depths().await;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, api.page(depths))
}

impl Api {
    async fn depths(&self) -> [Depth; 2] {
        let mut last = self.depths.0.lock().await;
        if let Some((when, depths)) = &*last
            && when.elapsed() < FRESH
        {
            return *depths;
        }
        let (queue, dead) = tokio::join!(self.depth(&self.queue), self.depth(&self.dead_letters));
        *last = Some((Instant::now(), [queue, dead]));
        [queue, dead]
    }

    async fn depth(&self, queue: &str) -> Depth {
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let ask = self.clients.sqs.get_queue_attributes().queue_url(queue);
        let ask = ask.set_attribute_names(Some(names.to_vec())).send();
        let told = timeout(PATIENCE, ask).await.ok()?.ok()?.attributes?;
        Some(names.map(|name| told.get(&name).and_then(|number| number.parse().ok()).unwrap_or(0)))
    }

    /// All of its texts are ours, and all else are numbers: nothing needs to be escaped.
    fn page(&self, depths: [Depth; 2]) -> String {
        let mut page = HEAD.to_owned();
        table(
            &mut page,
            &["alarm", "state", "when"],
            ALARMS.iter().enumerate().map(|(n, alarm)| {
                let state = match self.clients.is_aws {
                    true => "see CloudWatch",
                    false if self.raised.get(n) => "<span class=raised>ALARM</span>",
                    false => "OK",
                };
                vec![alarm.name.to_owned(), state.to_owned(), alarm.about.to_owned()]
            }),
        );
        table(
            &mut page,
            &["part", "invocations", "errors", "throttles", "mean duration"],
            Part::ALL.into_iter().map(|part| {
                let (invocations, errors, throttles, mean) = self.figures.part(part);
                let numbers = [invocations, errors, throttles].map(|number| number.to_string());
                let mut row = vec![part.name().to_owned()];
                row.extend(numbers);
                row.push(format!("{mean:.1} ms"));
                row
            }),
        );
        let ways = Moved::ALL.map(|way| (way.name().replace('_', " "), self.figures.messages(way)));
        table(&mut page, &["messages of the queue", ""], ways.into_iter().map(|(way, n)| vec![way, n.to_string()]));
        let names = ["queue", "dead-letter queue"];
        table(
            &mut page,
            &["now in the", "visible", "in flight", "delayed"],
            names.into_iter().zip(depths).map(|(name, depth)| {
                let mut row = vec![name.to_owned()];
                row.extend((0..3).map(|n| depth.map_or("?".to_owned(), |depth| depth[n].to_string())));
                row
            }),
        );
        table(
            &mut page,
            &["tracking table", "done", "failed"],
            OPERATIONS.into_iter().map(|operation| {
                let (done, failed) = self.figures.table(operation);
                vec![operation.to_owned(), done.to_string(), failed.to_string()]
            }),
        );
        let classes = (1..).zip(self.figures.statuses()).map(|(class, n)| vec![format!("{class}xx"), n.to_string()]);
        table(&mut page, &["API", "answers"], classes);
        page += "<p>The figures are of this process since its start; /metrics has them too, with their histograms.</p></body></html>";
        page
    }
}

/// A table with a head.
fn table(page: &mut String, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    *page += "<table><tr>";
    for name in head {
        // A String takes everything.
        _ = write!(page, "<th>{name}</th>");
    }
    for row in rows {
        *page += "</tr><tr>";
        for cell in row {
            _ = write!(page, "<td>{cell}</td>");
        }
    }
    *page += "</tr></table>";
}
