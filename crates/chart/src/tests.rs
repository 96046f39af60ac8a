//! Charts are well formed whatever is in them, and what is drawn lies where it is to lie.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::*;
use crate::draw::{LEFT, RIGHT, WIDTH};

fn chart(x: X, y: Y, lines: Vec<Line<'_>>) -> Chart<'_> {
    Chart { title: "a chart", x, y, lines, bands: Vec::new() }
}

fn line(points: &[(f64, f64)]) -> Line<'_> {
    Line { name: "a line", points: points.to_vec() }
}

/// Every element of a chart that is well formed.
pub(crate) fn elements(svg: &str) -> Vec<BytesStart<'static>> {
    let mut reader = Reader::from_str(svg);
    reader.config_mut().check_end_names = true;
    let (mut found, mut depth) = (Vec::new(), 0);
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {svg}")) {
            Event::Start(start) => {
                depth += 1;
                found.push(start.into_owned());
            }
            Event::Empty(start) => found.push(start.into_owned()),
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "{svg}");
    found
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().map(Result::unwrap).find(|it| it.key.as_ref() == name)?;
    Some(found.value.into_owned())
}

/// The points of all lines and dots.
fn points(svg: &str) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    for element in elements(svg) {
        let class = attribute(&element, "class").unwrap_or_default();
        let pair = |text: &str| {
            let (x, y) = text.split_once(' ').unwrap();
            (x.parse::<f64>().unwrap(), y.parse::<f64>().unwrap())
        };
        if class.starts_with("line") {
            let path = attribute(&element, "d").unwrap();
            // Those of the legend have a relative end.
            if !path.contains('h') {
                points.extend(path.split(['M', 'L']).filter(|part| !part.is_empty()).map(pair));
            }
        } else if class.starts_with("dot") {
            points.push(pair(&format!(
                "{} {}",
                attribute(&element, "cx").unwrap(),
                attribute(&element, "cy").unwrap()
            )));
        }
    }
    points
}

const KINDS: [(X, Y); 12] = [
    (X::Time, Y::Count),
    (X::Time, Y::PerSecond),
    (X::Time, Y::Milliseconds),
    (X::Time, Y::Seconds),
    (X::Quantile, Y::Count),
    (X::Quantile, Y::PerSecond),
    (X::Quantile, Y::Milliseconds),
    (X::Quantile, Y::Seconds),
    (X::PerSecond, Y::Count),
    (X::PerSecond, Y::PerSecond),
    (X::PerSecond, Y::Milliseconds),
    (X::PerSecond, Y::Seconds),
];

#[test]
fn no_data_makes_a_chart_of_numbers() {
    let tables: [&[(f64, f64)]; 9] = [
        &[],
        &[(0.0, 0.0)],
        &[(5.0, 7.0)],
        &[(f64::NAN, 1.0)],
        &[(0.5, f64::INFINITY), (1.0, f64::NEG_INFINITY)],
        &[(-5.0, -7.0), (-1.0, -1.0)],
        &[(0.0, 1e-300), (1.0, 1e300)],
        &[(f64::MAX, f64::MAX), (f64::MIN, f64::MIN)],
        &[(1.0, 5.0), (1.0, 5.0)],
    ];
    for (x, y) in KINDS {
        for table in tables {
            let svg = chart(x, y, vec![line(table), line(&[])]).svg();
            elements(&svg);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{table:?}: {svg}");
        }
        elements(&chart(x, y, Vec::new()).svg());
    }
    assert!(chart(X::Time, Y::Count, vec![line(&[])]).svg().contains("nothing was recorded"));
}

#[test]
fn every_point_lies_within_the_frame() {
    let wave = |n: f64| (n.sin() + 1.0) * 10_f64.powf(n / 10.0);
    let table: Vec<_> = (0..100).map(f64::from).map(|n| (n, wave(n))).collect();
    let shares: Vec<_> = (0..60).map(f64::from).map(|n| (1.0 - 10_f64.powf(-n / 10.0), wave(n))).collect();
    for (x, y) in KINDS {
        let table = if x == X::Quantile { &shares } else { &table };
        let svg = chart(x, y, vec![line(table), line(&table[..1])]).svg();
        let height: f64 =
            svg.split_once(&format!("0 0 {WIDTH} ")).unwrap().1.split_once('"').unwrap().0.parse().unwrap();
        let points = points(&svg);
        assert_eq!(points.len(), table.len() + 1);
        for (x, y) in points {
            assert!((LEFT..=RIGHT).contains(&x) && (20.0..height - 20.0).contains(&y), "{x} {y}");
        }
    }
}

#[test]
fn a_gap_is_a_gap_and_a_lonely_point_a_dot() {
    let svg = chart(
        X::Time,
        Y::Count,
        vec![line(&[(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, f64::NAN), (5.0, 3.0), (6.0, 3.0)])],
    );
    let svg = svg.svg();
    assert_eq!((svg.matches("<circle").count(), points(&svg).len()), (1, 5), "{svg}");
    let path = elements(&svg).iter().filter_map(|it| attribute(it, "d")).find(|d| d.contains('L')).unwrap();
    assert_eq!(path.matches('M').count(), 2, "{path}");
    // Charts of one run have the same lower axis, also where one of them knows nothing at the end.
    let long = chart(X::Time, Y::Count, vec![line(&[(0.0, 1.0), (1.0, 1.0), (10.0, f64::NAN)])]).svg();
    assert!(long.contains(">10s</text>"), "{long}");
}

#[test]
fn names_are_escaped_and_cut() {
    let hostile = "</svg><script>alert(\"1\")</script>&amp;'\u{0}\u{1b}\u{202e}\u{ffff}";
    let long = "very long ".repeat(50);
    for name in [hostile, &long, &"字".repeat(300), ""] {
        let lines = vec![Line { name, points: vec![(0.0, 1.0), (9.0, 2.0)] }, Line { name, points: Vec::new() }];
        let bands = vec![Band { name, from: 1.0, to: 5.0 }, Band { name, from: 5.0, to: 5.0 }];
        let svg = Chart { title: name, x: X::Time, y: Y::Count, lines, bands }.svg();
        elements(&svg);
        assert!(!svg.contains("<script") && !svg.contains('\u{202e}') && !svg.contains('\u{0}'), "{svg}");
        // What is shown is cut; titles and labels for those who don't see it are whole.
        for shown in svg.split("<text").skip(1) {
            let shown = shown.split_once('>').unwrap().1.split_once("</text>").unwrap().0;
            assert!(shown.chars().count() < 120, "{shown}");
        }
    }
}

/// A map of queues with long names had several boxes of one name: queues and their dead-letter queues differ at the end.
#[test]
fn long_names_that_differ_at_their_end_stay_apart() {
    let room = 200.0;
    let all = [
        "orders-service-consumer-of-all-events",
        "orders-service-consumer-of-all-events-dlq",
        "字".repeat(99).as_str(),
    ]
    .map(|name| text::shorten(name, room).into_owned());
    assert!(all.iter().all(|shown| text::width(shown) <= room && shown.contains('…')), "{all:?}");
    assert!(
        all[0].starts_with("orders-serv") && all[0].ends_with("all-events") && all[1].ends_with("events-dlq"),
        "{all:?}"
    );
    assert_eq!(text::shorten("short", room), "short");
    assert_eq!(text::shorten("without room", 0.0), "…");
}

/// Names of faults lay on each other.
#[test]
fn bands_have_their_names_in_rows_of_their_own() {
    let band = |name, from, to| Band { name, from, to };
    let bands =
        vec![band("one", 0.0, 9.0), band("two", 1.0, 2.0), band("three", 8.0, 9.0), band("nowhere", f64::NAN, 1.0)];
    let lines = vec![line(&[(0.0, 1.0), (10.0, 1.0)])];
    let svg = Chart { title: "t", x: X::Time, y: Y::Count, lines: lines.clone(), bands }.svg();
    let y = |name: &str| {
        let before = svg.split(&format!(">{name}</text>")).next().unwrap();
        before.rsplit_once("y=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    assert_ne!(y("one"), y("two"));
    assert_eq!((y("two"), svg.matches("class=\"strip\"").count()), (y("three"), 3));
    let many = (0..50).map(|_| band("same", 0.0, 9.0)).collect();
    let svg = Chart { title: "t", x: X::Time, y: Y::Count, lines, bands: many }.svg();
    assert!(svg.contains(">and 46 more</text>"), "{svg}");
}

#[test]
fn lanes_are_numbers_and_text_whatever_they_are_made_of() {
    let hostile = "</svg><script>";
    for times in [[0.0, 0.0], [0.2, 5e3], [f64::NAN, 1.0], [-5.0, f64::INFINITY], [1.0, 1e300]] {
        let spans =
            vec![Span { name: hostile, from: times[0], to: times[1] }, Span { name: "dot", from: 1.0, to: 1.0 }];
        let lane = |name| Lane { name, told: hostile.repeat(20), spans: spans.clone() };
        let lanes = vec![lane(hostile), lane("topic")];
        let steps = vec![Step { at: times[0], from: 0, to: 1 }];
        let svg = Lanes { title: hostile, lanes, steps }.svg();
        elements(&svg);
        assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<script"), "{times:?}: {svg}");
        for part in svg.split(" x=\"").skip(1) {
            let x: f64 = part.split_once('"').unwrap().0.parse().unwrap();
            assert!((0.0..WIDTH).contains(&x), "{x}: {svg}");
        }
    }
    elements(&Lanes { title: "none", lanes: Vec::new(), steps: Vec::new() }.svg());
}

#[test]
fn labels_are_sensible() {
    let labels = |axis: axis::Axis| axis.ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>();
    let lower = |x, most| labels(axis::Axis::lower(x, [most].into_iter()));
    assert_eq!(lower(X::Time, 10.0), ["0s", "2s", "4s", "6s", "8s", "10s"].map(String::from));
    assert_eq!(lower(X::Time, 65.0), ["0s", "15s", "30s", "45s", "1m"].map(String::from));
    assert_eq!(lower(X::Time, 9_000.0), ["0s", "30m", "1h", "1h30", "2h", "2h30"].map(String::from));
    assert_eq!(lower(X::Time, 86_400.0), ["0s", "6h", "12h", "18h", "24h"].map(String::from));
    assert_eq!(lower(X::Quantile, 0.999), ["0%", "50%", "90%", "99%", "99.9%"].map(String::from));
    let left = |y, values: [f64; 2]| labels(axis::Axis::left(y, values.into_iter()));
    assert_eq!(left(Y::Count, [0.0, 3.0]), ["0", "1", "2", "3"].map(String::from));
    assert_eq!(left(Y::PerSecond, [0.0, 2_300.0]), ["0", "500", "1k", "1.5k", "2k", "2.5k"].map(String::from));
    assert_eq!(left(Y::Milliseconds, [1.0, 9.0]), ["0", "2ms", "4ms", "6ms", "8ms", "10ms"].map(String::from));
    assert_eq!(left(Y::Milliseconds, [0.2, 900.0]), ["100µs", "1ms", "10ms", "100ms", "1s"].map(String::from));
}

#[test]
fn labels_of_an_axis_dont_touch() {
    for most in [0.000_001, 0.3, 7.0, 59.0, 3_599.0, 100_000.0, 1e9] {
        for x in [X::Time, X::PerSecond, X::Quantile] {
            let svg = chart(x, Y::Count, vec![line(&[(0.0, 1.0), (most, 2.0)])]).svg();
            let mut labels: Vec<(f64, f64)> = Vec::new();
            for part in svg.split("<text class=\"faint\" x=\"").skip(1).filter(|part| part.contains("\"middle\"")) {
                let middle: f64 = part.split_once('"').unwrap().0.parse().unwrap();
                let label = part.split_once('>').unwrap().1.split_once('<').unwrap().0;
                let half = text::width(label) / 2.0;
                labels.push((middle - half, middle + half));
            }
            assert!(labels.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{x:?} {most}: {labels:?}");
        }
    }
}
