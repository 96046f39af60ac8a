//! What a run's usage comes to, and the same load for a month.

use serde::{Deserialize, Serialize};

use super::prices::{Prices, per_unit};
use super::savings::{Saving, savings};
use super::usage::Usage;

/// A month, in seconds.
const MONTH_S: f64 = 30.0 * 86_400.0;

/// What a month of a load is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Basis {
    /// The load goes on as it was.
    Continued,
    /// A profile that has an end, again and again without a pause.
    Repeated,
}

/// For how long a run published, and how long it took in all: what arrives empty does so for all of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    pub published_s: f64,
    pub elapsed_s: f64,
    pub basis: Basis,
}

/// What it costs on AWS, without the free tier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Cost {
    /// Where it ran.
    pub region: String,
    /// Whether AWS charges for it; else it is what it would cost.
    pub charged: bool,
    /// In US dollars, as all that follows.
    pub total: f64,
    pub month_total: f64,
    pub month_basis: Basis,
    /// Some prices are unknown: the totals are without them.
    pub at_least: bool,
    pub free_tier: &'static str,
    pub lines: Vec<Line>,
    /// The largest first.
    pub savings: Vec<Saving>,
    /// Whether the report has the table.
    #[serde(skip)]
    pub in_full: bool,
}

/// One dimension of a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Line {
    pub service: &'static str,
    pub dimension: &'static str,
    /// In words.
    pub what: &'static str,
    /// As AWS counts: requests, records, bytes.
    pub quantity: u64,
    pub price: Option<f64>,
    /// What the price is for.
    pub unit: String,
    /// Where the price holds.
    pub price_region: String,
    pub cost: Option<f64>,
    pub month_cost: Option<f64>,
}

/// What is counted: its service, its dimension, its name, and how much of it there is. What is empty goes on while nothing is
/// published.
struct Counted(&'static str, &'static str, &'static str, u64, bool);

/// Everything that has a price; what a run has nothing of is left out.
fn counted(usage: &Usage) -> impl Iterator<Item = Counted> + use<> {
    let (topic, fifo) = (&usage.topic, &usage.fifo_topic);
    [
        Counted("sns", "publish", "publishes (64 KiB)", topic.chunks, false),
        Counted("sns", "publish-fifo", "publishes, FIFO", fifo.chunks, false),
        Counted("sns", "publish-fifo-data", "bytes, FIFO", fifo.bytes, false),
        Counted("sns", "to-sqs", "to queues", topic.to_queues, false),
        Counted("sns", "to-sqs-fifo", "to FIFO queues", fifo.to_queues, false),
        Counted("sns", "to-sqs-fifo-data", "bytes to FIFO queues", fifo.to_queues_bytes, false),
        Counted("sns", "to-firehose", "to Firehose", usage.firehose.records, false),
        Counted("sns", "filter-bodies", "read by filters", topic.filtered_bytes + fifo.filtered_bytes, false),
        Counted("sqs", "request", "requests", usage.queues.busy(), false),
        Counted("sqs", "request", "empty receives", usage.queues.empty_receives, true),
        Counted("sqs", "request-fifo", "requests, FIFO", usage.fifo_queues.busy(), false),
        Counted("sqs", "request-fifo", "empty receives, FIFO", usage.fifo_queues.empty_receives, true),
        Counted("firehose", "ingest", "records (5 KiB)", usage.firehose.rounded_bytes, false),
        Counted("s3", "put", "objects landed", usage.bucket.objects, false),
        Counted("s3", "storage", "kept for a month", usage.bucket.bytes, false),
    ]
    .into_iter()
    .filter(|counted| counted.3 > 0)
}

impl Cost {
    /// What `usage` comes to in a region, by the prices that came with the program.
    pub(crate) fn new(usage: &Usage, span: Span, region: &str, charged: bool) -> Self {
        Self::by(Prices::of_the_program(), usage, span, region, charged)
    }

    pub(super) fn by(prices: Prices<'_>, usage: &Usage, span: Span, region: &str, charged: bool) -> Self {
        // Nobody extrapolates from less than a moment.
        let scale = |of: f64| MONTH_S / of.max(1e-3);
        let (busy, idle) = (scale(span.published_s), scale(span.elapsed_s.max(span.published_s)));
        let line = |Counted(service, dimension, what, quantity, empty): Counted| {
            let price = prices.find(service, dimension, region);
            let cost = price.usd.map(|usd| quantity as f64 / per_unit(price.unit) * usd);
            Line {
                service,
                dimension,
                what,
                quantity,
                price: price.usd,
                unit: price.unit.to_owned(),
                price_region: price.region.to_owned(),
                cost,
                month_cost: cost.map(|cost| cost * if empty { idle } else { busy }),
            }
        };
        let lines: Vec<_> = counted(usage).map(line).collect();
        Self {
            region: region.to_owned(),
            charged,
            total: lines.iter().filter_map(|line| line.cost).sum(),
            month_total: lines.iter().filter_map(|line| line.month_cost).sum(),
            month_basis: span.basis,
            at_least: lines.iter().any(|line| line.cost.is_none()),
            free_tier: "not subtracted",
            savings: savings(prices, usage, region, busy, idle),
            lines,
            in_full: false,
        }
    }

    /// The region of the prices that aren't of where it ran, if there are any.
    pub(crate) fn foreign_prices(&self) -> Option<&str> {
        self.lines.iter().map(|line| line.price_region.as_str()).find(|region| *region != self.region)
    }
}
