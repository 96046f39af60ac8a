//! What a run costs on AWS, for people: a line, what would save most, and the table if somebody asks for it.

use console::Style;

use super::aligned::aligned;
use crate::cost::{Basis, Cost};
use crate::ui::paint;
use crate::units::{bytes, count};

/// The costs in lines, with the table where it was asked for.
pub(super) fn lines(cost: &Cost) -> Vec<String> {
    let dim = Style::new().dim();
    let says = if cost.charged { "on AWS this costs" } else { "on AWS this would cost" };
    let month = match cost.month_basis {
        Basis::Continued => "30 days at this rate",
        Basis::Repeated => "30 days of the profile, again and again,",
    };
    let mut lines = vec![format!("{says} {}, and {month} {}", total(cost, cost.total), total(cost, cost.month_total))];
    if !cost.savings.is_empty() {
        let told: Vec<_> = cost.savings.iter().map(|it| format!("{} {} a month", it.what, dollars(it.month))).collect();
        lines.push(format!("what saves most: {}", told.join("; ")));
    }
    if cost.in_full {
        lines.extend(table(cost));
    }
    let of = match cost.foreign_prices() {
        Some(region) => format!("prices of {region}, as those of {} aren't known", cost.region),
        None => format!("prices of {}", cost.region),
    };
    let table = if cost.in_full { "" } else { "; --cost has the table" };
    lines.push(paint(&dim, format!("{of}, the free tier not subtracted{table}")));
    lines
}

/// A sum, which is a least where prices are missing.
pub(super) fn total(cost: &Cost, usd: f64) -> String {
    if cost.at_least { format!("at least {}", dollars(usd)) } else { dollars(usd) }
}

/// A row a dimension, and the totals.
fn table(cost: &Cost) -> Vec<String> {
    let mut rows = vec![["", "quantity", "price", "this run", "30 days"].map(str::to_owned).to_vec()];
    for line in &cost.lines {
        let quantity = if line.unit.starts_with("GiB") { bytes(line.quantity) } else { count(line.quantity) };
        let price = line.price.map_or_else(|| "unknown".to_owned(), |usd| format!("${usd}/{}", line.unit));
        let told = |cost: Option<f64>| cost.map_or_else(|| "unknown".to_owned(), dollars);
        let name = format!("{} {}", line.service, line.what);
        rows.push(vec![name, quantity, price, told(line.cost), told(line.month_cost)]);
    }
    let (empty, sums) = (String::new(), [cost.total, cost.month_total].map(|usd| total(cost, usd)));
    rows.push([vec!["total".to_owned(), empty.clone(), empty], sums.to_vec()].concat());
    aligned(&rows, |_, _| false).0
}

/// US dollars: to the cent, and of less than ten cents two digits.
pub(super) fn dollars(usd: f64) -> String {
    if usd >= 0.1 {
        let cents = (usd * 100.0).round();
        return format!("${}.{:02}", count((cents / 100.0) as u64), (cents % 100.0) as u64);
    }
    match usd {
        usd if usd <= 0.0 => "$0.00".into(),
        usd if usd < 1e-6 => "less than $0.000001".into(),
        usd => {
            let decimals = (1.0 - usd.log10().floor()) as usize;
            format!("${usd:.decimals$}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{Span, Usage};

    #[test]
    fn dollars_have_two_digits_that_count() {
        for (usd, text) in [
            (0.0, "$0.00"),
            (1e-9, "less than $0.000001"),
            (0.000_012_3, "$0.000012"),
            (0.0123, "$0.012"),
            (0.1, "$0.10"),
            (2.428, "$2.43"),
            (1.999, "$2.00"),
            (1_234_567.8, "$1,234,567.80"),
        ] {
            assert_eq!(dollars(usd), text);
        }
    }

    fn cost(region: &str, charged: bool, filtered: u64) -> Cost {
        let mut usage = Usage::default();
        for _ in 0..1_000 {
            usage.topic.count_request(450);
            usage.topic.events += 1;
            usage.firehose.count(450);
        }
        usage.topic.filtered_bytes = filtered;
        let span = Span { published_s: 2_592.0, elapsed_s: 2_592.0, basis: Basis::Continued };
        Cost::new(&usage, span, region, charged)
    }

    fn text(cost: &Cost) -> String {
        console::strip_ansi_codes(&lines(cost).join("\n")).into_owned()
    }

    #[test]
    fn the_costs_are_three_lines_unless_the_table_is_wanted() {
        let expected = "on AWS this would cost $0.00083, and 30 days at this rate $0.83\n\
            what saves most: publishes in batches of ten $0.45 a month; several events in a record of Firehose $0.13 a month\n\
            prices of us-east-1, the free tier not subtracted; --cost has the table";
        assert_eq!(text(&cost("us-east-1", false, 0)), expected);
        let full = text(&Cost { in_full: true, ..cost("us-east-1", false, 0) });
        for row in ["sns publishes (64 KiB)", "firehose records (5 KiB)", "$0.5/million", "4.9 MiB", "total"] {
            assert!(full.contains(row), "{row}: {full}");
        }
        assert!(full.lines().all(|line| line.starts_with("what saves") || line.chars().count() <= 78), "{full}");
    }

    #[test]
    fn what_is_not_known_is_said() {
        let full = text(&Cost { in_full: true, ..cost("us-west-2", true, 1) });
        assert!(
            full.starts_with("on AWS this costs at least $0.00083, and 30 days at this rate at least $0.83"),
            "{full}"
        );
        assert!(full.contains("prices of us-east-1, as those of us-west-2 aren't known"), "{full}");
        assert!(full.contains("sns read by filters") && full.contains("unknown"), "{full}");
    }
}
