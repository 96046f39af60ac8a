//! Figures over time, for charts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::console::watch::series::{MINUTES, SECONDS};
use crate::console::{Viewer, absent, wrong};
use crate::core::clock::wall;
use wire::AwsError;

/// The figures of one resource or subscription over time.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Series {
    pub of: String,
    /// When the first step begins, and how long each is, by the machine's clock: a chart is of what somebody saw.
    pub from: u64,
    pub step_ms: u64,
    /// By name, e.g. `received` (each second) or `visible` (at the end of the step); null where nothing was noted.
    pub values: BTreeMap<&'static str, Vec<Option<f64>>>,
}

/// The figures of a queue, topic, stream or subscription, by its ARN, over `5m`, `1h` or `6h`.
///
/// # Errors
/// 404 for what isn't there, 400 for another span.
pub(crate) fn series(viewer: &Viewer, of: &str, span: &str) -> Result<Series, AwsError> {
    let (minutes, steps) = match span {
        "" | "5m" => (false, SECONDS),
        "1h" => (true, 60),
        "6h" => (true, MINUTES),
        _ => return Err(wrong("The parameter span is 5m, 1h or 6h.")),
    };
    let found = viewer.cx.cloud.core.read(|engine, _| {
        if !viewer.sees(of) {
            return None;
        }
        let queue = engine.queue_id(of).map(|id| (id.0, QUEUE));
        let topic = || engine.topic_by_arn(of).map(|topic| (topic.config.id.0, TOPIC));
        let stream = || engine.stream_by_arn(of).map(|stream| (stream.config.id.0, STREAM));
        let subscription = || engine.subscription_by_arn(of).map(|it| (it.config.id.0, SUBSCRIPTION));
        queue.or_else(topic).or_else(stream).or_else(subscription)
    });
    let (number, names) = found.ok_or_else(|| absent("queue, topic, stream or subscription", of))?;
    let step_ms = if minutes { 60_000 } else { 1_000 };
    let last = wall() / step_ms - 1;
    let read = viewer.watch.series.lock().read(number, minutes, last, steps);
    let read = read.unwrap_or_else(|| vec![None; steps as usize]);
    let values = names.iter().map(|(name, at)| {
        let values = read.iter().map(|sample| sample.map(|sample| f64::from(sample[*at]))).collect();
        (*name, values)
    });
    Ok(Series { of: of.to_owned(), from: (last + 1 - steps) * step_ms, step_ms, values: values.collect() })
}

/// The names of what is noted in a sample, by what it is of.
type Names = &'static [(&'static str, usize)];
const QUEUE: Names = &[("queued", 0), ("received", 1), ("deleted", 2), ("dead_lettered", 3), ("visible", 5)];
const TOPIC: Names = &[("published", 0)];
const STREAM: Names = &[("queued", 0), ("landed", 2), ("records", 5)];
const SUBSCRIPTION: Names = &[("delivered", 0), ("refused", 4)];
