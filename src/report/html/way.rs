//! The way of one event through the system, on lanes.

use std::time::Duration;

use chart::{Lane, Lanes, Span, Step};

use crate::traffic::name::S3;
use crate::traffic::ways::{Arrival, Way};
use crate::units::duration;

/// The lanes from the publisher to whoever got the event. When the topic handed it on isn't known: somewhere between the moments when it
/// left and was acknowledged. So a queue is said to have had it since it left, at most.
pub(super) fn drawing(way: &Way) -> String {
    let left = way.left_ms.unwrap_or(0.0).min(way.acknowledged_ms);
    let ms = |ms: f64| duration(Duration::try_from_secs_f64(ms.max(0.0) / 1e3).unwrap_or_default());
    let names: Vec<_> = way.arrived.iter().map(|it| (places(it), it.at_ms)).collect();
    let span = |name, from, to| Span { name, from, to };
    let mut lanes = vec![
        Lane {
            name: "publisher",
            told: format!("left after {}", ms(left)),
            spans: vec![span("waits to leave", 0.0, left), span("waits for the answer", left, way.acknowledged_ms)],
        },
        Lane {
            name: "topic",
            told: format!("took {}", ms(way.acknowledged_ms - left)),
            spans: vec![span("takes it", left, way.acknowledged_ms)],
        },
    ];
    let mut steps = vec![Step { at: left, from: 0, to: 1 }];
    for ((keeps, gets), at) in &names {
        let on = lanes.len();
        lanes.push(Lane {
            name: keeps,
            told: format!("{} at most", ms(at - left)),
            spans: vec![span("holds it", left, *at)],
        });
        lanes.push(Lane { name: gets, told: format!("at {}", ms(*at)), spans: vec![span("has it", *at, *at)] });
        steps.extend([Step { at: left, from: 1, to: on }, Step { at: *at, from: on, to: on + 1 }]);
    }
    Lanes { title: &format!("The way of event {}", way.event), lanes, steps }.svg()
}

/// What holds an event on a leg, and what gets it.
fn places(arrival: &Arrival) -> (String, String) {
    match (arrival.leg.as_str(), arrival.landed) {
        (S3, true) => ("delivery stream".into(), "bucket".into()),
        (leg, true) => (leg.to_owned(), "bucket".into()),
        (leg, false) => (format!("{leg} queue"), "its consumer".into()),
    }
}
