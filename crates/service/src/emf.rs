//! CloudWatch's Embedded Metric Format: figures in a line of the log, of which CloudWatch makes metrics by itself. See
//! "Specification: Embedded metric format" in its user guide: at most 30 dimensions, 100 metrics and 1 MB a line.

use serde_json::{Map, Value, json};

use crate::clock;
use crate::record::Record;

/// A figure's unit, as CloudWatch names it.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// How many.
    Count,
    /// How long, in milliseconds.
    Milliseconds,
}

/// A line with figures of a namespace. Each figure becomes a metric by the dimension, and one over all of its values;
/// `more` are members that only searches of the log see.
pub fn record(
    namespace: &str,
    dimension: (&str, &str),
    figures: &[(&str, Unit, f64)],
    more: &[(&str, &str)],
) -> Record {
    let unit = |unit| match unit {
        Unit::Count => "Count",
        Unit::Milliseconds => "Milliseconds",
    };
    let metrics: Vec<Value> = figures.iter().map(|(name, of, _)| json!({ "Name": name, "Unit": unit(*of) })).collect();
    let mut all = Map::new();
    all.insert(
        "_aws".into(),
        json!({
            "Timestamp": clock::now().as_millisecond(),
            // The empty set of dimensions is the metric over everything.
            "CloudWatchMetrics": [{ "Namespace": namespace, "Dimensions": [[dimension.0], []], "Metrics": metrics }],
        }),
    );
    all.insert(dimension.0.into(), dimension.1.into());
    all.extend(figures.iter().map(|(name, _, value)| ((*name).into(), json!(value))));
    all.extend(more.iter().map(|(name, value)| ((*name).into(), json!(value))));
    Record { text: None, json: Value::Object(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_what_the_specification_asks_for() {
        let figures = [("Errors", Unit::Count, 1.0), ("Duration", Unit::Milliseconds, 2.5)];
        let record = record("us/jobs", ("Part", "status"), &figures, &[("id", "r-1")]);
        assert!(record.text.is_none(), "people have no use for it");
        let line = record.json;
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "us/jobs");
        assert_eq!(directive["Dimensions"], json!([["Part"], []]));
        assert_eq!(directive["Metrics"][1], json!({ "Name": "Duration", "Unit": "Milliseconds" }));
        assert!(line["_aws"]["Timestamp"].as_i64().unwrap() > 1_500_000_000_000);
        // Every name that the directive uses is a member at the top.
        assert_eq!((&line["Part"], &line["Errors"], &line["Duration"]), (&json!("status"), &json!(1.0), &json!(2.5)));
        assert_eq!(line["id"], "r-1");
    }
}
