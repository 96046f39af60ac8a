//! Rules: what they may say, whom they strike, and that chance can be had again.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;

use super::dice::Dice;
use super::spread::Spread;
use super::*;

const SERVICES: [&str; 5] = ["sqs", "sns", "firehose", "s3", "kms"];
const HOUR: Millis = 3_600_000;

fn read(text: &str) -> Result<Vec<Given>, String> {
    let is_operation = |_: Option<&str>, name: &str| matches!(name, "SendMessage" | "ReceiveMessage");
    parse(text, &Known { services: &SERVICES, is_operation: &is_operation }).map_err(|error| error.message)
}

fn chaos(rules: &str) -> Chaos {
    let chaos = Chaos::new(7, |_, _| {});
    chaos.add(0, None, read(rules).unwrap(), false).unwrap();
    chaos
}

fn of<'a>(service: &'a str, operation: &'a str, names: &'a [&'a str]) -> Subject<'a> {
    Subject { account: "000000000000", region: "us-east-1", service, operation, names }
}

/// The code that a request meets; empty where it meets none.
fn code(chaos: &Chaos, now: Millis, subject: &Subject<'_>) -> String {
    chaos.meet(now, subject).error.map(|error| error.code.into_owned()).unwrap_or_default()
}

#[test]
fn what_makes_no_sense_is_refused_by_the_name_of_its_field() {
    for (rule, words) in [
        ("[", "no JSON"),
        ("3", "list of objects"),
        ("[3]", "rule 1: 3 is no object"),
        (r#"[{}, {"servce": "sqs"}]"#, "rule 2: \"servce\" is no field"),
        (r#"{"service": "dynamodb"}"#, "service: \"dynamodb\" is none"),
        (r#"{"service": 1}"#, "service: it is a text"),
        (r#"{"operation": "SendMesage"}"#, "operation: \"SendMesage\" is no operation of any service"),
        (r#"{"region": "US East"}"#, "region: "),
        (r#"{"probability": 1.5}"#, "probability: it is a probability from 0 to 1, not 1.5"),
        (r#"{"probability": "1"}"#, "probability: "),
        (r#"{"error": {"status": 500}}"#, "error: \"status\" is no field"),
        (r#"{"error": {"statusCode": 200}}"#, "error.statusCode: it is from 400 to 599"),
        (r#"{"error": {"code": "a\r\nb"}}"#, "error.code: "),
        (r#"{"error": {"code": ""}}"#, "error.code: it is a text"),
        (r#"{"error": "overload"}"#, "error: it is an object"),
        (r#"{"latency": 0}"#, "latency: it must be more than 0"),
        (r#"{"latency": -3}"#, "latency: "),
        (r#"{"latency": 300001}"#, "latency: it must be more than 0 and at most 300 s"),
        (r#"{"latency": true}"#, "latency: it is a number of milliseconds"),
        (r#"{"latency": "20"}"#, "latency: \"20\" is no time"),
        (r#"{"latency": "20d"}"#, "latency: \"20d\" is no time"),
        (r#"{"latency": "20h"}"#, "latency: it must be more than 0 and at most 300 s"),
        (r#"{"service": "sqs", "service": "sns"}"#, "\"service\" stands twice in one object"),
        (r#"{"error": {"code": "A", "code": "B"}}"#, "\"code\" stands twice"),
        (r#"{"latency": "uniform(50ms,10ms)"}"#, "latency: \"uniform(50ms,10ms)\" ends before it begins"),
        (r#"{"latency": "uniform(50ms"}"#, "latency: "),
        (r#"{"latency": "normal(50ms,1ms)"}"#, "latency: "),
        (r#"{"latency": "lognormal(20ms,0.5)"}"#, "latency: the factor"),
        (r#"{"latency": "lognormal(20ms,NaN)"}"#, "latency: the factor"),
        (r#"{"delay": "2h"}"#, "delay: it must be more than 0 and at most 3600 s"),
        (r#"{"delay": "61m"}"#, "delay: it must be more than 0 and at most 3600 s"),
        (r#"{"delay": "1s", "error": {}}"#, "error: it can't stand beside delay"),
        (r#"{"duplicate": 1, "reorder": 1}"#, "reorder: it can't stand beside duplicate"),
        (r#"{"duplicate": 2}"#, "duplicate: it is a probability"),
        (r#"{"duplicate": 1, "probability": 1}"#, "probability: duplicate is a probability itself"),
        (r#"{"duplicate": 1, "service": "sns"}"#, "service: duplicate is for sqs alone"),
        (r#"{"duplicate": 1, "operation": "SendMessage"}"#, "operation: duplicate strikes no operation"),
        (r#"{"reorder": 1, "resource": "q.fifo"}"#, "resource: FIFO queues deliver once"),
        (r#"{"endpoint": "up"}"#, "endpoint: it can be \"down\""),
        (r#"{"service": "kms", "resource": "key"}"#, "resource: it is a queue, a topic, a stream or a bucket"),
        (r#"{"from": -1}"#, "from: "),
        (r#"{"until": 1e12}"#, "until: it is a number of seconds"),
        (r#"{"from": 5, "until": 5}"#, "until: it ends before it begins"),
        (r#"{"count": 0}"#, "count: it is a whole number from 1 on"),
        (r#"{"count": 1.5}"#, "count: "),
    ] {
        let refused = read(rule).expect_err(rule);
        assert!(refused.contains(words), "{rule}: {refused}");
    }
    let long = format!("[{}]", vec!["{}"; MAX_RULES + 1].join(","));
    assert!(read(&long).unwrap_err().contains("101 rules"));
}

#[test]
fn every_field_may_be_left_out_and_a_rule_that_says_nothing_fails_everything() {
    let chaos = chaos("[{}]");
    let error = chaos.meet(0, &of("s3", "GetObject", &[])).error.unwrap();
    assert_eq!((error.status, &*error.code), (503, "ServiceUnavailable"));
    let chaos = self::chaos(r#"[{"error": {"code": "X"}, "service": null}]"#);
    let error = chaos.meet(0, &of("s3", "GetObject", &[])).error.unwrap();
    assert_eq!((error.status, &*error.code), (503, "X"));
}

#[test]
fn a_rule_strikes_what_it_names_and_nothing_else() {
    let arn = "arn:aws:sqs:us-east-1:000000000000:orders";
    let names = ["orders", arn];
    let subject = of("sqs", "SendMessage", &names);
    for (rule, strikes) in [
        (r#"{"service": "sqs"}"#, true),
        (r#"{"service": "sns"}"#, false),
        (r#"{"operation": "SendMessage"}"#, true),
        (r#"{"operation": "ReceiveMessage"}"#, false),
        (r#"{"region": "us-east-1"}"#, true),
        (r#"{"region": "eu-west-1"}"#, false),
        (r#"{"resource": "orders"}"#, true),
        (r#"{"resource": "order"}"#, false),
        (r#"{"resource": "ord*"}"#, true),
        (r#"{"resource": "arn:aws:sqs:*:orders"}"#, true),
        (r#"{"resource": "arn:aws:sns:*:orders"}"#, false),
        (r#"{"probability": 0}"#, false),
        (r#"{"latency": 5}"#, false),
        (r#"{"duplicate": 1}"#, false),
    ] {
        assert_eq!(!code(&chaos(rule), 0, &subject).is_empty(), strikes, "{rule}");
    }
}

#[test]
fn waits_add_up_and_the_first_error_ends_them() {
    let chaos = chaos(r#"[{"latency": 5}, {"latency": "10ms"}, {"error": {"code": "A"}}, {"latency": 1000}, {}]"#);
    let met = chaos.meet(0, &of("sqs", "SendMessage", &[]));
    assert_eq!((chaos.wanted(&met), &*met.error.unwrap().code), (15, "A"));
    let page = chaos.page(0, None);
    let strikes: Vec<_> = page["rules"].as_array().unwrap().iter().map(|rule| rule["strikes"].clone()).collect();
    assert_eq!(strikes, [1, 1, 1, 0, 0]);
}

/// A request went on to wait by a rule that had been taken away.
#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_its_rule() {
    let chaos = Arc::new(chaos(r#"[{"latency": "4m"}, {"latency": "10s"}]"#));
    let began = Instant::now();
    let waits = tokio::spawn({
        let chaos = chaos.clone();
        async move {
            let met = chaos.meet(0, &of("sqs", "SendMessage", &[]));
            chaos.wait(&met).await;
            began.elapsed()
        }
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    chaos.remove(None, &read(r#"[{"latency": "4m"}]"#).unwrap()).unwrap();
    // The other rule's wait is what is left.
    assert_eq!(waits.await.unwrap().as_secs(), 10);
}

/// A body was read a second time for every rule, also for those that don't ask what it is about.
#[test]
fn names_are_asked_for_where_a_rule_has_some() {
    let subject = of("sqs", "SendMessage", &[]);
    for (rules, first, then) in [
        (r#"{"service": "sqs"}"#, true, false),
        (r#"{"service": "sqs", "resource": "orders", "count": 9}"#, true, true),
        (r#"{"service": "sns", "resource": "orders"}"#, false, false),
        (r#"{"duplicate": 1, "resource": "orders"}"#, false, false),
    ] {
        let chaos = chaos(rules);
        assert_eq!(chaos.asks_for_names(&subject), first, "{rules}");
        chaos.meet(0, &subject);
        assert_eq!(chaos.asks_for_names(&subject), then, "{rules}");
    }
}

#[test]
fn a_rule_has_its_time_and_its_number() {
    let chaos = chaos(r#"{"from": 1, "until": 2.5, "count": 2}"#);
    let subject = of("sqs", "SendMessage", &[]);
    let struck: Vec<_> = [0, 999, 1_000, 2_499, 2_499, 2_500].map(|now| code(&chaos, now, &subject).len()).into();
    assert_eq!(struck, [0, 0, 18, 18, 0, 0]);
    let rule = &chaos.page(2_500, None)["rules"][0];
    assert_eq!(
        (&rule["strikes"], &rule["holds"], &rule["first_strike"], &rule["last_strike"]),
        (&json!(2), &json!(false), &json!("1970-01-01T00:00:01.000Z"), &json!("1970-01-01T00:00:02.499Z"))
    );
}

/// What a rule decides follows from the seed and the number of the request, whatever other rules and services do.
#[test]
fn the_same_seed_decides_the_same() {
    let decide = |seed, others: bool| {
        let chaos = Chaos::new(seed, |_, _| {});
        let rules = r#"[{"service": "sqs", "probability": 0.5}, {"service": "sns", "probability": 0.5}]"#;
        chaos.add(0, None, read(rules).unwrap(), false).unwrap();
        let strike = |_| {
            if others {
                code(&chaos, 0, &of("sns", "Publish", &[]));
            }
            !code(&chaos, 0, &of("sqs", "SendMessage", &[])).is_empty()
        };
        (0..200).map(strike).collect::<Vec<bool>>()
    };
    let first = decide(1, false);
    assert_eq!(first, decide(1, true));
    assert_ne!(first, decide(2, false));
    let struck = first.iter().filter(|struck| **struck).count();
    assert!((70..130).contains(&struck), "{struck}");
}

#[test]
fn after_a_reset_the_same_rules_do_the_same_again() {
    let chaos = chaos(r#"{"probability": 0.5}"#);
    let strike = || (0..100).map(|_| code(&chaos, 0, &of("sqs", "SendMessage", &[])).len()).collect::<Vec<_>>();
    let first = strike();
    chaos.reset();
    assert!(!chaos.has(Kind::Answer) && strike().iter().all(|struck| *struck == 0));
    chaos.add(0, None, read(r#"{"probability": 0.5}"#).unwrap(), false).unwrap();
    assert_eq!(first, strike());
}

#[test]
fn rules_are_added_replaced_and_taken_away() {
    let chaos = chaos(r#"[{"service": "sqs"}, {"duplicate": 1}]"#);
    let count = || chaos.page(0, None)["rules"].as_array().unwrap().len();
    assert!(chaos.has(Kind::Answer) && chaos.has(Kind::Duplicate) && !chaos.has(Kind::Endpoint));
    let missing = chaos.remove(None, &read(r#"[{"service": "sqs"}, {"service": "sns"}]"#).unwrap()).unwrap_err();
    assert!(missing.status == 404 && missing.message.contains("rule 2") && count() == 2, "{missing:?}");
    chaos.remove(None, &read(r#"{"service": "sqs", "probability": 1.0}"#).unwrap()).unwrap();
    assert!(count() == 1 && !chaos.has(Kind::Answer));
    chaos.add(0, None, read(r#"[{}, {}]"#).unwrap(), true).unwrap();
    assert!(count() == 2 && !chaos.has(Kind::Duplicate));
    let many = format!("[{}]", vec!["{}"; MAX_RULES - 1].join(","));
    let refused = chaos.add(0, None, read(&many).unwrap(), false).unwrap_err();
    assert!(refused.message.contains("101 rules") && count() == 2, "{refused:?}");
    chaos.clear(None);
    assert!(count() == 0 && !chaos.has(Kind::Answer));
}

/// A key may do all in its own account, and nothing in another's.
#[test]
fn an_accounts_rules_strike_and_show_only_its_own() {
    let chaos = chaos(r#"{"service": "sns"}"#);
    chaos.add(0, Some("111111111111"), read(r#"{"service": "sqs"}"#).unwrap(), false).unwrap();
    let subject = of("sqs", "SendMessage", &[]);
    assert_eq!(code(&chaos, 0, &subject), "");
    assert_eq!(code(&chaos, 0, &Subject { account: "111111111111", ..subject }), "ServiceUnavailable");
    let count = |account| chaos.page(0, account)["rules"].as_array().unwrap().len();
    assert_eq!((count(None), count(Some("111111111111")), count(Some("222222222222"))), (2, 1, 0));
    // Numbers and the bound were everybody's together.
    let many = format!("[{}]", vec![r#"{"service": "kms"}"#; MAX_RULES].join(","));
    chaos.add(0, Some("222222222222"), read(&many).unwrap(), false).unwrap();
    chaos.add(0, Some("111111111111"), read(r#"{"service": "kms"}"#).unwrap(), false).unwrap();
    assert!(chaos.add(0, Some("222222222222"), read("{}").unwrap(), false).is_err());
    let numbers = |account| {
        chaos.page(0, Some(account))["rules"].as_array().unwrap().iter().map(|it| it["number"].as_u64().unwrap()).max()
    };
    assert_eq!((numbers("111111111111"), numbers("222222222222")), (Some(2), Some(100)));
    chaos.clear(Some("222222222222"));
    chaos.remove(Some("111111111111"), &read(r#"{"service": "kms"}"#).unwrap()).unwrap();
    assert_eq!(count(None), 2);
    chaos.clear(Some("111111111111"));
    assert_eq!(count(None), 1);
}

#[test]
fn the_first_strike_of_each_rule_is_told_once() {
    let told = Arc::<Mutex<Vec<String>>>::default();
    let ear = told.clone();
    let chaos = Chaos::new(7, move |_, text| ear.lock().push(text.to_owned()));
    chaos.add(0, None, read(r#"{"error": "throttling"}"#).unwrap(), false).unwrap();
    for _ in 0..3 {
        code(&chaos, 0, &of("s3", "PutObject", &["bucket", "arn:aws:s3:::bucket"]));
    }
    assert_eq!(*told.lock(), ["chaos: the rule 1 struck for the first time: s3 PutObject bucket: throttling"]);
    assert_eq!(chaos.told(), ["rule 1 (throttling) struck 3 of 3"]);
}

#[test]
fn times_by_chance_lie_where_they_should() {
    let times = |text: &str| {
        let spread = Spread::parse(text, HOUR).unwrap();
        let mut times: Vec<Millis> = (0..2_000).map(|index| spread.sample(Dice::of(3, 1, index))).collect();
        times.sort_unstable();
        times
    };
    assert!(times("1.5s").iter().all(|time| *time == 1_500));
    let uniform = times("uniform(10ms, 50ms)");
    assert!(uniform[0] >= 10 && uniform[1_999] <= 50 && (25..35).contains(&uniform[1_000]), "{uniform:?}");
    let lognormal = times("lognormal(200ms,2)");
    assert!((180..220).contains(&lognormal[1_000]), "the median: {}", lognormal[1_000]);
    assert!((85..115).contains(&lognormal[317]) && (350..450).contains(&lognormal[1_683]), "one factor away");
    // However far away chance goes, no time is longer than the longest.
    let far = Spread::parse("lognormal(3000s,100)", HOUR).unwrap();
    assert!((0..2_000).map(|index| far.sample(Dice::of(3, 1, index))).max() == Some(HOUR));
}

#[test]
fn an_order_of_chance_has_everything_once() {
    let mut things: Vec<u32> = (0..100).collect();
    Dice::of(1, 1, 1).shuffle(&mut things);
    assert!(!things.is_sorted());
    things.sort_unstable();
    assert!(things.into_iter().eq(0..100));
}
