//! The charts of a page.

use chart::{Band, Chart, Line, X, Y};

use super::{Outcome, Recorded};
use crate::traffic::depths::Fault;
use crate::traffic::timeline::{PUBLISHED, Quantiles, QueueOverTime};

/// How many points the chart of rates and latencies has at most, and a line of a throughput.
const RATES: usize = 16;
const THROUGHPUT: usize = 80;

/// All that have something to show.
pub(super) fn of(outcome: &Outcome, recorded: &Recorded) -> Vec<String> {
    let over = &recorded.over_time;
    let time = Time { slice_s: over.slice_s, recorded };
    let mut charts = vec![
        time.chart("Events a second", Y::PerSecond, throughput(recorded, &time)),
        time.chart("Events so far", Y::Count, so_far(recorded, &time)),
    ];
    for leg in &over.legs {
        let title = match leg.leg.as_str() {
            PUBLISHED => "Latency of publishing".to_owned(),
            leg => format!("Latency to {leg}"),
        };
        charts.push(time.chart(&title, Y::Milliseconds, time.quantiles(&leg.latency)));
    }
    charts.push(curves(recorded));
    for queue in &over.queues {
        charts.push(time.chart(&format!("Messages in the {} queue", queue.queue), Y::Count, depth(queue, &time)));
    }
    let ages: Vec<_> = over.queues.iter().filter(|queue| queue.oldest_s.iter().any(Option::is_some)).collect();
    if !ages.is_empty() {
        let lines = ages.into_iter().map(|queue| time.known(&queue.queue, &queue.oldest_s)).collect();
        charts.push(time.chart("Age of the oldest message", Y::Seconds, lines));
    }
    if outcome.published.as_ref().is_some_and(|published| published.delay.is_some()) {
        charts.push(time.chart("Publish delay", Y::Milliseconds, time.quantiles(&over.publish_delay)));
    }
    if recorded.rate_changes {
        charts.push(rates(recorded));
    }
    if over.failed_requests.iter().any(|n| *n > 0) {
        let failed: Vec<_> = over.failed_requests.iter().map(|n| Some(*n as f64)).collect();
        charts.push(time.chart("Failed requests", Y::Count, vec![time.line("failed", &failed)]));
    }
    charts
}

/// Slices of time as points.
struct Time<'a> {
    slice_s: f64,
    recorded: &'a Recorded,
}

impl<'a> Time<'a> {
    /// A chart over time, with the faults behind it.
    fn chart(&self, title: &str, y: Y, lines: Vec<Line<'_>>) -> String {
        let band = |fault: &'a Fault| Some(Band { name: &fault.name, from: fault.from_s?, to: fault.to_s? });
        let bands = self.recorded.faults.iter().filter_map(band).collect();
        Chart { title, x: X::Time, y, lines, bands }.svg()
    }

    /// When the middle of a slice was.
    fn middle(&self, slice: usize) -> f64 {
        (slice as f64 + 0.5) * self.slice_s
    }

    /// A line with gaps where nothing is known. It goes on to the end of the run, as do those of the other charts.
    fn line<'n>(&self, name: &'n str, values: &[Option<f64>]) -> Line<'n> {
        let point = |(n, value): (usize, &Option<f64>)| (self.middle(n), value.unwrap_or(f64::NAN));
        let mut line = Line { name, points: values.iter().enumerate().map(point).collect() };
        line.points.push(self.end(values.len()));
        line
    }

    /// A gap at the end of the run.
    fn end(&self, slices: usize) -> (f64, f64) {
        (slices as f64 * self.slice_s, f64::NAN)
    }

    /// The mean of some slices each: one by one they would jump.
    fn means<'n>(&self, name: &'n str, values: &[f64]) -> Line<'n> {
        let together = values.len().div_ceil(THROUGHPUT).max(1);
        let mean = |(n, some): (usize, &[f64])| {
            let middle = (n * together) as f64 + some.len() as f64 / 2.0;
            (middle * self.slice_s, some.iter().sum::<f64>() / some.len() as f64)
        };
        let mut line = Line { name, points: values.chunks(together).enumerate().map(mean).collect() };
        line.points.push(self.end(values.len()));
        line
    }

    /// A line through what is known: between two looks a queue is taken to go straight from one to the other.
    fn known<'n>(&self, name: &'n str, values: &[Option<f64>]) -> Line<'n> {
        let mut line = self.line(name, values);
        line.points.retain(|point| point.1.is_finite());
        line.points.push(self.end(values.len()));
        line
    }

    fn quantiles(&self, latency: &Quantiles) -> Vec<Line<'a>> {
        let Quantiles { p50_ms, p99_ms, p999_ms, max_ms } = latency;
        let named = [("p50", p50_ms), ("p99", p99_ms), ("p99.9", p999_ms), ("max", max_ms)];
        // Of few events the longest is the 99th percentile as well: one line says that, not three on each other.
        let says_more = |n: usize| named.get(n + 1).is_none_or(|(_, next)| *next != named[n].1);
        named.into_iter().enumerate().filter(|(n, _)| says_more(*n)).map(|(_, it)| self.line(it.0, it.1)).collect()
    }
}

/// What lands does so by the thousand at once, and nobody would see the others beside it.
fn throughput<'a>(recorded: &'a Recorded, time: &Time<'a>) -> Vec<Line<'a>> {
    let over = &recorded.over_time;
    let lands = |leg: &str| leg != PUBLISHED && !over.queues.iter().any(|queue| queue.queue == leg);
    let legs = over.legs.iter().filter(|leg| !lands(&leg.leg));
    let legs = legs.map(|leg| time.means(&leg.leg, &leg.per_second));
    let asked = recorded.asked_per_second.iter().map(|asked| time.means("asked", asked));
    legs.chain(asked).collect()
}

/// How many events each leg has seen at the end of each slice.
fn so_far<'a>(recorded: &'a Recorded, time: &Time<'a>) -> Vec<Line<'a>> {
    let legs = recorded.over_time.legs.iter().map(|leg| {
        let sums = leg.events.iter().scan(0, |sum, events| {
            *sum += events;
            Some(*sum)
        });
        let ends = sums.enumerate().map(|(n, sum)| ((n + 1) as f64 * time.slice_s, sum as f64));
        Line { name: &leg.leg, points: std::iter::once((0.0, 0.0)).chain(ends).collect() }
    });
    legs.collect()
}

fn depth<'a>(queue: &QueueOverTime, time: &Time<'a>) -> Vec<Line<'a>> {
    let named = [("visible", &queue.visible), ("in flight", &queue.in_flight), ("delayed", &queue.delayed)];
    // Few queues delay anything.
    let said = named
        .into_iter()
        .filter(|(name, values)| *name != "delayed" || values.iter().flatten().any(|messages| *messages > 0.0));
    said.map(|(name, values)| time.known(name, values)).collect()
}

/// Each leg's quantiles over the whole run.
fn curves(recorded: &Recorded) -> String {
    let lines = recorded.curves.iter().map(|curve| Line { name: &curve.leg, points: curve.points.clone() }).collect();
    Chart { title: "Latency by quantile", x: X::Quantile, y: Y::Milliseconds, lines, bands: Vec::new() }.svg()
}

/// How long publishing took at which rate: of slices with about the same rate the mean.
fn rates(recorded: &Recorded) -> String {
    let mut slices = Vec::new();
    for leg in recorded.over_time.legs.iter().filter(|leg| leg.leg == PUBLISHED) {
        for ((rate, p50), p99) in leg.per_second.iter().zip(&leg.latency.p50_ms).zip(&leg.latency.p99_ms) {
            slices.extend(p50.zip(*p99).map(|(p50, p99)| [*rate, p50, p99]));
        }
    }
    slices.sort_by(|one, other| one[0].total_cmp(&other[0]));
    let together = slices.len().div_ceil(RATES).max(1);
    let means: Vec<[f64; 3]> = slices
        .chunks(together)
        .map(|chunk| [0, 1, 2].map(|n| chunk.iter().map(|slice| slice[n]).sum::<f64>() / chunk.len() as f64))
        .collect();
    // Dots: what lies between two rates isn't known.
    let dots = |mean: &[f64; 3], n: usize| [(mean[0], mean[n]), (mean[0], f64::NAN)];
    let line = |name, n: usize| Line { name, points: means.iter().flat_map(|mean| dots(mean, n)).collect() };
    let lines = vec![line("p50", 1), line("p99", 2)];
    Chart { title: "Latency of publishing by rate", x: X::PerSecond, y: Y::Milliseconds, lines, bands: Vec::new() }
        .svg()
}
