//! Events as people read them, and their latencies as programs do.

use std::time::Duration;

use console::Style;
use jiff::tz::TimeZone;

use super::Verdict;
use crate::event::EventKind;
use crate::event::data::{Data, cents};
use crate::event::envelope::Event;
use crate::traffic::stats::Summary;
use crate::ui::paint;
use crate::units::{duration, plural};

/// What the last line of a ledger begins with.
pub(super) fn head(verdict: Verdict) -> String {
    let (style, text) = match verdict {
        Verdict::NothingLost => (Style::new().green(), "✔ Nothing lost:"),
        Verdict::Lost => (Style::new().red(), "✘ Lost:"),
        Verdict::NotAllPublished => (Style::new().red(), "✘ Not all published:"),
        Verdict::Unknown => (Style::new().yellow(), "? Unknown:"),
    };
    paint(&style.bold(), text)
}

/// A latency in milliseconds, for a record.
pub(crate) fn ms(latency: Duration) -> f64 {
    latency.as_micros() as f64 / 1e3
}

/// Milliseconds as people read them.
pub(crate) fn milliseconds(ms: f64) -> String {
    duration(Duration::from_secs_f64(ms / 1e3))
}

/// A few quantiles, as people read them.
pub(crate) fn quantiles(latency: Summary) -> String {
    format!(
        "p50 {}, p99 {}, max {}",
        milliseconds(latency.p50_ms),
        milliseconds(latency.p99_ms),
        milliseconds(latency.max_ms)
    )
}

/// The colour of a kind of event, the same everywhere.
pub(crate) fn kind_style(event_type: &str) -> Style {
    let style = Style::new();
    match EventKind::ALL.into_iter().find(|kind| kind.event_type() == event_type) {
        Some(EventKind::Consumer) => style.cyan(),
        Some(EventKind::Order) => style.yellow(),
        Some(EventKind::Payment) => style.green(),
        None => style,
    }
}

/// An event in a line: when, what, of whom, and how long it took to be acknowledged.
pub(crate) fn event_line(event: &Event, latency: Duration) -> String {
    let dim = Style::new().dim();
    let kind = event.event_type();
    let time = event.time.to_zoned(TimeZone::system()).strftime("%H:%M:%S");
    format!(
        "{}  {}  {}  {}  {}",
        paint(&dim, time),
        paint(&kind_style(kind), format!("{kind:<16}")),
        event.data.subject(),
        describe(&event.data),
        paint(&dim, duration(latency))
    )
}

/// What an event is about, without the id of its subject.
fn describe(data: &Data) -> String {
    match data {
        Data::Consumer(consumer) => {
            format!("{}, {} ({})", consumer.name, consumer.address.city, consumer.address.country)
        }
        Data::Order(order) => {
            let items: u64 = order.items.iter().map(|item| u64::from(item.quantity)).sum();
            let total = cents(order.total_cents);
            format!("{}, {total} {} by {}", plural(items, "item"), order.currency, order.consumer_id)
        }
        Data::Payment(payment) => {
            format!(
                "{} {} by {} for {}",
                cents(payment.amount_cents),
                payment.currency,
                payment.method,
                payment.order_id
            )
        }
    }
}
