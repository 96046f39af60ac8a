//! What a user may write of a load, and that its moments are those of the integral of its rate.

use proptest::prelude::*;

use super::*;

fn load(text: &str) -> Load {
    match parse(text) {
        Ok(Asked::Load(load)) => load,
        other => panic!("{text}: {other:?}"),
    }
}

fn moments(load: &Load, events: impl IntoIterator<Item = u64>) -> Vec<u128> {
    events.into_iter().map(|n| load.moment(n).unwrap().as_millis()).collect()
}

/// A rate of 200 an hour was shown as 0.05555555555555555/s.
#[test]
fn a_rate_reads_as_it_was_given() {
    for (per_second, text) in [
        (100.0, "100/s"),
        (1500.0, "1,500/s"),
        (0.5, "30/m"),
        (200.0 / 3600.0, "200/h"),
        (2.5, "2.5/s"),
        (200.0 / 60.0, "200/m"),
    ] {
        assert_eq!(Load::rate(per_second).to_string(), text);
    }
    assert_eq!(Load::rate(1.0 / 7.0).to_string(), "8.6/m");
    assert_eq!(Load::max().to_string(), "as fast as possible");
    assert_eq!(Load::every(Duration::from_secs(5)).to_string(), "one every 5.00 s");
}

#[test]
fn full_speed_has_no_moments() {
    assert_eq!((Load::max().moment(5), Load::max().is_open()), (None, false));
    assert_eq!((Load::max().peak(), Load::max().events()), (f64::INFINITY, None));
    assert_eq!((Load::every(Duration::from_secs(5)).peak(), Load::rate(3.0).lasts()), (0.2, None));
}

#[test]
fn steps_follow_each_other() {
    let load = load("100/s:2s, 0/s:10s, 1k/s:1s");
    assert_eq!(moments(&load, [0, 1, 199, 200, 201, 1_199]), [0, 10, 1_990, 12_000, 12_001, 12_999]);
    assert_eq!((load.events(), load.lasts()), (Some(1_200), Some(Duration::from_secs(13))));
    assert_eq!((load.peak(), load.due_before(Duration::from_secs(5))), (1_000.0, 200));
    assert_eq!(load.mean_until(Duration::from_secs(4)), Some(50.0));
    assert!(load.moment(1_200).unwrap() > Duration::from_secs(1_000_000_000));
    assert_eq!(load.summary().unwrap(), "1,200 events in 13.00 s, 1,000/s at most");
}

#[test]
fn a_ramp_has_the_events_of_its_mean() {
    let load = load("0/s..100/s:10s,100/s..0/s:10s");
    assert_eq!(load.events(), Some(1_000));
    // Half of the rate at half of the time, a quarter of the events.
    assert_eq!(moments(&load, [0, 125, 500, 875]), [0, 5_000, 10_000, 15_000]);
    assert_eq!(load.due_before(Duration::from_secs(5)), 125);
}

#[test]
fn other_tools_forms_mean_what_they_mean_there() {
    // PerfTest's steps repeat, k6's stages lead to a rate from that before.
    let perf_test = load("100:60,1000:10");
    assert_eq!((perf_test.events(), perf_test.lasts()), (None, None));
    assert_eq!(moments(&perf_test, [6_000, 15_999, 16_000, 16_100]), [60_000, 69_999, 70_000, 71_000]);
    let k6 = load("10s:100,10s:100,10s:0");
    assert_eq!((k6.events(), k6.lasts()), (Some(500 + 1_000 + 500), Some(Duration::from_secs(30))));
    assert_eq!(load("100:60s").events(), Some(6_000));
    assert_eq!(load("100/s:60").events(), Some(6_000));
    assert_eq!(load("60..120/m:60s").events(), Some(90));
    assert_eq!(load("10s:100/s").events(), Some(500));
}

#[test]
fn bursts_and_waves_repeat_for_as_long_as_they_are_told() {
    let burst = load("burst(2000/s,1s,every 10s):25s");
    assert_eq!(burst.events(), Some(6_000));
    assert_eq!(moments(&burst, [0, 1_999, 2_000, 5_999]), [0, 999, 10_000, 20_999]);
    let base = load("burst(2000/s, 1s, every 10s, base 10/s):20s");
    assert_eq!(base.events(), Some(2 * 2_090));
    assert_eq!(moments(&base, [2_000, 2_001, 2_090]), [1_000, 1_100, 10_000]);
    let sine = load("sine(500/s,400/s,30s):5m");
    assert_eq!((sine.events(), sine.peak()), (Some(150_000), 900.0));
    // At the end of each period the wave is back where a steady rate would be.
    assert_eq!(moments(&sine, [15_000, 30_000]), [30_000, 60_000]);
    assert_eq!(load("sine(10/s,10/s,3s):30s").events(), Some(300));
}

#[test]
fn a_loop_begins_again_without_drift() {
    let load = load("7/m:1m,0/s:1s,3/s:1s@loop");
    // Ten events in 62 s.
    assert_eq!(moments(&load, [0, 7, 10, 17]), [0, 61_000, 62_000, 123_000]);
    let year = 365 * 86_400 / 62;
    assert_eq!(load.moment(year * 10), Some(Duration::from_secs(year * 62)));
    assert_eq!(load.to_string(), "7/m:1m,0/s:1s,3/s:1s, again and again");
    // Fifteen rounds have 82 events but for rounding; the next one is due behind the pause.
    assert_eq!(moments(&self::load("0/s:1ms,8/m:41s@loop"), [82]), [15 * 41_001 + 1]);
}

#[test]
fn names_stand_for_texts() {
    for named in NAMED {
        assert_eq!(load(named.name).events(), load(named.text).events());
        assert_eq!(load(named.name).to_string(), format!("{} ({})", named.name, named.text));
        assert_eq!(load(&format!("{}@loop", named.name)).events(), None);
    }
    let file = |repeats| Ok(Asked::File { path: "load.csv".into(), repeats });
    assert_eq!((parse("@load.csv"), parse("@load.csv@loop")), (file(false), file(true)));
}

#[test]
fn what_is_wrong_is_told_where_and_what_would_be_right() {
    for (text, why) in [
        ("", "at character 1, \"\": a rate and how long are needed, like 100/s:60s, or a name: black-friday, day"),
        ("100/s", "at character 1, \"100/s\": a rate and how long are needed"),
        ("100/s:60s,", "at character 11, \"\": a rate and how long"),
        ("100/s:60s, 100/x:60s", "at character 12, \"100/x\": a rate like 200/s, 30/m or 5/h is needed"),
        ("100/s:soon", "at character 7, \"soon\": a duration like"),
        ("100/s:0s", "at character 7, \"0s\": it must be longer than nothing"),
        ("100/s:-1s", "at character 7, \"-1s\": a duration like"),
        ("100/s:99999999999999999999999s", "at character 7, \"99999999999999999999999s\": a duration like"),
        ("-1/s:60s", "at character 1, \"-1/s\": a rate like"),
        ("NaN/s:60s", "at character 1, \"NaN/s\": a rate like"),
        ("inf:60", "at character 1, \"inf\": a rate like"),
        ("1e300:60", "at character 1, \"1e300\": at most a billion a second"),
        ("1e-20:60", "at character 1, \"1e-20\": at least one event in three years"),
        ("1..x/s:60s", "at character 4, \"x/s\": a rate like"),
        ("x..1/s:60s", "at character 1, \"x\": a rate like"),
        ("60s:fast", "at character 5, \"fast\": a rate like"),
        ("0/s:60s", "it never has an event"),
        ("60s:0", "it never has an event"),
        ("1/h:9000h", "it takes longer than 366 days: let a shorter one repeat with @loop"),
        ("saw(1/s):1m", "at character 1, \"saw\": sine and burst are known"),
        ("sine(5/s,4/s:1m", "at character 1, \"sine(5/s,4/s:1m\": a closing bracket is missing"),
        ("sine(5/s,4/s,1s)", "at character 1, \"sine(5/s,4/s,1s)\": how long?"),
        ("sine(5/s,4/s):1m", "at character 1, \"sine(5/s,4/s):1m\": mean, amplitude and period"),
        ("sine(5/s,6/s,1s):1m", "at character 10, \"6/s\": more than the mean"),
        ("sine(0/s,0/s,1s):1m", "at character 6, \"0/s\": it must be more than nothing"),
        ("sine(5/s,4/s,0s):1m", "at character 14, \"0s\": it must be longer"),
        ("burst(5/s,1s):1m", "at character 1, \"burst(5/s,1s):1m\": a rate, for how long"),
        ("burst(5/s,1s,10s):1m", "at character 14, \"10s\": every .. is needed here"),
        ("burst(5/s,11s,every 10s):1m", "at character 11, \"11s\": longer than from one burst"),
        ("burst(5/s,1s,every 10s,1/s):1m", "at character 24, \"1/s\": base .. is needed here"),
        ("1/s:1s@", "at character 5, \"1s@\": a duration like"),
        ("@", "a file is needed behind the @"),
        ("@loop", "at character 1, \"\": a rate and how long"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(why), "{text}: {error}");
    }
    let many = vec!["1:1"; 1_001].join(",");
    assert!(parse(&many).unwrap_err().ends_with("more than 1,000 pieces"));
}

/// A piece of a profile, as text.
fn piece() -> impl Strategy<Value = String> {
    let rate = || prop_oneof![Just(0.0), 0.01..5_000.0];
    prop_oneof![
        (rate(), 1..20_000_u32).prop_map(|(rate, ms)| format!("{rate}/s:{ms}ms")),
        (1..9_000_u32, 1..99_u32).prop_map(|(rate, seconds)| format!("{rate}/m:{seconds}s")),
        (rate(), rate(), 1..20_000_u32).prop_map(|(from, to, ms)| format!("{from}/s..{to}/s:{ms}ms")),
        (0.01..2_000.0, 0.0..=1.0, 1..9_000_u32, 1..20_000_u32)
            .prop_map(|(mean, part, period, ms)| format!("sine({mean}/s,{}/s,{period}ms):{ms}ms", mean * part)),
        (0.01..5_000.0, rate(), 1..900_u32, 0..900_u32, 1..20_000_u32).prop_map(|(rate, base, on, off, ms)| {
            format!("burst({rate}/s,{on}ms,every {}ms,base {base}/s):{ms}ms", on + off)
        }),
    ]
}

/// The integral of the rate until `t`.
fn integral(load: &Load, t: Duration) -> f64 {
    load.profile.as_ref().unwrap().expected(t)
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "([0-9.]{1,9}[kmMs/:,. ]{0,2}|[a-z@()/:, ]{1,3}|sine\\(|burst\\(|every ){0,12}") {
        if let Ok(Asked::Load(load)) = parse(&text) {
            prop_assert!(load.moment(0) <= load.moment(u64::MAX) && load.summary().is_none_or(|told| !told.is_empty()));
        }
    }

    #[test]
    fn moments_are_the_inverse_of_the_integral(
        pieces in prop::collection::vec(piece(), 1..6),
        repeats: bool,
        place in 0.0..1.0_f64,
        publishers in 1..5_u64,
    ) {
        let text = pieces.join(",") + if repeats { "@loop" } else { "" };
        let Ok(Asked::Load(load)) = parse(&text) else { return Ok(()) };
        let total = load.events().unwrap_or(200_000);
        let mut last = Duration::ZERO;
        let first = ((total as f64 * place) as u64).min(total.saturating_sub(300));
        for n in first..(first + 300).min(total) {
            let moment = load.moment(n).unwrap();
            prop_assert!(moment >= last, "{text}: {n} goes back from {last:?} to {moment:?}");
            last = moment;
            // A moment is rounded to a nanosecond, and where the rate jumps it may lie on either side.
            let counted = integral(&load, moment);
            prop_assert!((counted - n as f64).abs() <= 1.0, "{text}: {n} at {moment:?} of {counted}");
            let due = load.due_before(moment + Duration::from_micros(1));
            prop_assert!(due >= n, "{text}: {n} at {moment:?}, then only {due} are due");
        }
        if let (Some(total), Some(lasts)) = (load.events(), load.lasts()) {
            prop_assert!(load.moment(total - 1).unwrap() <= lasts);
            prop_assert_eq!(load.due_before(lasts), total);
            prop_assert!((integral(&load, lasts) - total as f64).abs() <= 1.0);
        }
        // Those who share the schedule have each moment once.
        let start = tokio::time::Instant::now();
        let mut shared: Vec<_> = (0..publishers)
            .flat_map(|p| {
                let schedule = crate::traffic::schedule::Schedule::new(start, load.clone(), p as u32, publishers as u32);
                (0..20).map(move |n| schedule.intended(n).unwrap() - start)
            })
            .collect();
        shared.sort();
        let alone: Vec<_> = (0..20 * publishers).map(|n| load.moment(n).unwrap()).collect();
        prop_assert_eq!(shared, alone);
    }
}

/// The closed forms against a sum of many small steps.
#[test]
fn the_integral_is_that_of_the_rate() {
    for text in [
        "100/s..1000/s:10s",
        "1000/s..0/s:10s",
        "sine(500/s,400/s,7s):10s",
        "burst(100/s,1s,every 4s,base 5/s):10s",
        "3/s:2s,10s:7",
    ] {
        let load = load(text);
        let lasts = load.lasts().unwrap();
        let profile = load.profile.as_ref().unwrap();
        let (steps, mut sum) = (100_000, 0.0);
        let step = lasts.as_secs_f64() / f64::from(steps);
        for n in 0..steps {
            let exact = integral(&load, lasts * n / steps);
            assert!((sum - exact).abs() < 0.01, "{text}: {sum} and {exact}");
            sum += profile.rate((f64::from(n) + 0.5) * step) * step;
        }
    }
}

/// A day at 600 times the speed has the same events, 600 times as close.
#[test]
fn a_faster_clock_has_the_same_events_sooner() {
    let (day, fast) = (load("day"), load("day").at_speed(600));
    assert_eq!((day.events(), day.lasts()), (fast.events(), fast.lasts().map(|lasts| lasts * 600)));
    assert_eq!(day.lasts(), Some(Duration::from_secs(24 * 3_600)));
    for n in [0, 1, 5_000, 60_000, 115_000] {
        let (slow, soon) = (day.moment(n).unwrap(), fast.moment(n).unwrap());
        assert!((slow.as_secs_f64() / 600.0 - soon.as_secs_f64()).abs() < 1e-6, "{n}");
        assert_eq!(fast.due_before(soon + Duration::from_micros(1)), n + 1, "{n}");
    }
    assert_eq!((fast.peak(), fast.to_string()), (1_800.0, format!("{day}, 600 times as fast")));
    assert_eq!(Load::max().at_speed(600), Load::max());
}

#[test]
fn the_rate_of_a_moment_is_that_of_its_piece() {
    let load = load("100/s:10s,100/s..300/s:10s");
    let at = |s: u64| load.rate_at(Duration::from_secs(s)).unwrap().round();
    assert_eq!([at(0), at(5), at(15), at(30)], [100.0, 100.0, 200.0, 0.0]);
    assert_eq!(load.at_speed(10).rate_at(Duration::from_millis(500)).unwrap().round(), 1_000.0);
    assert_eq!(Load::max().rate_at(Duration::ZERO), None);
}
