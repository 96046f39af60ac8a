//! The client's side of what a healthy cloud never does: batches that fail in part, deletes that don't, refusals.

use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::PATIENCE;
use super::api::Api;
use super::consumer::{self, Budget, QueueSettings};
use super::load::Load;
use super::publisher;
use crate::aws::Target;
use crate::stop::Stop;

/// What a cloud answers: to an operation, the body of its request, and the how manieth request it is.
type Script = fn(&str, &str, usize) -> (u16, String);

/// The connection ends without an answer.
const HANG_UP: u16 = 0;

/// A cloud that plays a script.
struct Scripted {
    target: Target,
    /// Operations asked for, in order.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let noted = noted.clone();
                let serve = service_fn(move |request| answer(request, noted.clone(), script));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), serve));
            }
        });
        Self { target: Target::local(endpoint, None), asked }
    }
}

async fn answer(
    request: Request<Incoming>,
    asked: Arc<Mutex<Vec<String>>>,
    script: Script,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let target = request.headers().get("x-amz-target").map(|target| target.to_str().unwrap().to_owned());
    let body = String::from_utf8(request.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let operation = match target {
        Some(target) => target.rsplit('.').next().unwrap().to_owned(),
        None => body.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap().to_owned(),
    };
    let nth = {
        let mut asked = asked.lock();
        asked.push(operation.clone());
        asked.len() - 1
    };
    let (status, text) = script(&operation, &body, nth);
    if status == HANG_UP {
        return Err(std::io::Error::other("hung up"));
    }
    Ok(Response::builder().status(status).body(Full::from(text)).unwrap())
}

fn xml(operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{operation}Result>{result}</{operation}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
    )
}

/// Publishes three events in one batch; what was heard of it.
async fn publish(script: Script) -> (Result<(), String>, Vec<String>, Vec<String>) {
    let scripted = Scripted::start(script).await;
    let plan = publisher::Plan {
        topics: vec!["arn:aws:sns:us-east-1:000000000000:t".into()],
        run: "run0".into(),
        seed: 1,
        kinds: Vec::new(),
        shape: Default::default(),
        load: Load::max(),
        count: Some(3),
        lasting: None,
        batch: 3,
        publishers: 1,
        trace: false,
        patience: PATIENCE,
    };
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = {
        let heard = heard.clone();
        Arc::new(move |notice: publisher::Notice<'_>| {
            heard.lock().push(match notice {
                publisher::Notice::Sent { event, message_id, .. } => {
                    format!("sent {} as {message_id}", number(event))
                }
                publisher::Notice::Refused { event, why } => format!("refused {}: {why}", number(event)),
                other @ (publisher::Notice::BadLine { .. }
                | publisher::Notice::Leaves { .. }
                | publisher::Notice::NotSent { .. }) => panic!("{other:?} of a story without moments"),
                publisher::Notice::Request { bytes } => return assert!(bytes > 0),
                publisher::Notice::Again => "again".to_owned(),
                publisher::Notice::Trouble { why, unsure } => format!("trouble: {why}, {unsure:?}"),
            });
        })
    };
    let ended = publisher::publish(&scripted.target.sns(), plan, &Stop::default(), listener).await;
    let (heard, asked) = (heard.lock().clone(), scripted.asked.lock().clone());
    (ended.map_err(|error| error.to_string()), heard, asked)
}

/// An event's number in its publisher's order.
fn number(event: &publisher::Outgoing) -> u64 {
    match event {
        publisher::Outgoing::Story(event) => event.place.sequence,
        publisher::Outgoing::Own(own) => own.line,
    }
}

#[tokio::test]
async fn of_a_batch_only_what_the_service_could_not_take_is_sent_again() {
    let (ended, heard, asked) = publish(|operation, _, _| {
        let failed = |id, fault| {
            format!("<member><Id>{id}</Id><Code>C{id}</Code><Message>no</Message><SenderFault>{fault}</SenderFault></member>")
        };
        let first = "<member><Id>0</Id><MessageId>m0</MessageId></member>";
        match operation {
            "PublishBatch" => {
                let failed = failed(1, false) + &failed(2, true);
                (200, xml(operation, &format!("<Successful>{first}</Successful><Failed>{failed}</Failed>")))
            }
            _ => (200, xml(operation, "<MessageId>m1</MessageId>")),
        }
    })
    .await;
    assert_eq!(ended, Ok(()));
    assert_eq!(heard, ["sent 0 as m0", "refused 2: C2: no", "trouble: C1: no, None", "again", "sent 1 as m1"]);
    assert_eq!(asked, ["PublishBatch", "Publish"]);
}

/// The SDK tries again by itself: the report said that nothing was, and not that a lost answer may leave doubles.
#[tokio::test]
async fn what_the_sdk_sends_again_is_counted_and_lost_answers_too() {
    let (ended, heard, asked) = publish(|operation, _, nth| match nth {
        0 => (503, String::new()),
        1 => (429, String::new()),
        2 => (HANG_UP, String::new()),
        3 => (504, String::new()),
        _ => {
            let sent = |n| format!("<member><Id>{n}</Id><MessageId>m{n}</MessageId></member>");
            let sent = sent(0) + &sent(1) + &sent(2);
            (200, xml(operation, &format!("<Successful>{sent}</Successful><Failed></Failed>")))
        }
    })
    .await;
    assert_eq!(ended, Ok(()));
    let told = [
        "HTTP 503, None",
        "HTTP 429, None",
        "connection closed before message completed, Some(3)",
        "HTTP 504, Some(3)",
    ];
    let told = told.iter().flat_map(|why| [format!("trouble: {why}"), "again".to_owned()]);
    let sent = (0..3).map(|n| format!("sent {n} as m{n}"));
    assert_eq!(heard, told.chain(sent).collect::<Vec<_>>());
    assert_eq!(asked.len(), 5);
}

#[tokio::test]
async fn a_topic_that_is_not_there_ends_the_run() {
    let (ended, heard, _) = publish(|_, _, _| {
        let error = "<Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error>";
        (404, format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"))
    })
    .await;
    assert_eq!(ended, Err("NotFound: Topic does not exist".into()));
    assert!(heard.is_empty(), "{heard:?}");
}

#[tokio::test]
async fn what_the_service_does_not_want_is_given_up_and_the_run_goes_on() {
    let (ended, heard, asked) = publish(|_, _, _| {
        let error = "<Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>too long</Message></Error>";
        (400, format!("<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"))
    })
    .await;
    assert_eq!(ended, Ok(()));
    assert_eq!(heard.len(), 3);
    assert!(heard.iter().all(|line| line.ends_with("InvalidParameter: too long")), "{heard:?}");
    assert_eq!(asked, ["PublishBatch"]);
}

fn event(id: &str) -> String {
    json!({"specversion": "1.0", "id": id, "source": "/test", "type": "stock.updated"}).to_string()
}

#[tokio::test]
async fn of_the_deleted_only_what_the_service_could_not_delete_is_deleted_again() {
    let scripted = Scripted::start(|operation, body, nth| {
        let body: Value = serde_json::from_str(body).unwrap();
        let answer = match (operation, nth) {
            ("ReceiveMessage", 0) => {
                let message = |n: u32| json!({"MessageId": format!("m{n}"), "ReceiptHandle": format!("r{n}"), "Body": event(&n.to_string())});
                json!({"Messages": [message(0), message(1), message(2)]})
            }
            ("DeleteMessageBatch", 1) => {
                let failed = |id, fault| json!({"Id": id, "Code": format!("C{id}"), "SenderFault": fault, "Message": "no"});
                json!({"Successful": [{"Id": "0"}], "Failed": [failed("1", false), failed("2", true)]})
            }
            ("DeleteMessageBatch", _) => {
                let handles: Vec<_> = body["Entries"].as_array().unwrap().iter().map(|it| &it["ReceiptHandle"]).collect();
                assert_eq!(handles, ["r1"]);
                json!({"Successful": [{"Id": "0"}], "Failed": []})
            }
            _ => json!({}),
        };
        (200, answer.to_string())
    })
    .await;
    let plan = consumer::Plan {
        api: Api::Orders,
        queue_url: "http://127.0.0.1/000000000000/q".into(),
        handling: Default::default(),
        until_empty: false,
        poll: consumer::SHORT_POLL,
        budget: Some(Arc::new(Budget::new(3, 1))),
        trace: false,
        patience: PATIENCE,
    };
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = {
        let heard = heard.clone();
        Arc::new(move |_: Api, notice: consumer::Notice<'_>| {
            heard.lock().push(match notice {
                consumer::Notice::Handled { event, .. } => format!("handled {}", event.id),
                consumer::Notice::NotDeleted { message_id, why } => format!("not deleted {message_id}: {why}"),
                consumer::Notice::Request { .. } | consumer::Notice::Received { .. } => return,
                consumer::Notice::Again => "again".to_owned(),
                consumer::Notice::Trouble { why, lost } => format!("trouble: {why}, {lost}"),
                other => format!("{other:?}"),
            });
        })
    };
    let queue =
        QueueSettings { visibility: std::time::Duration::from_secs(30), dead_letter_queue: None, max_receives: None };
    consumer::consume(&scripted.target.sqs(), plan, &queue, &Stop::default(), listener).await.unwrap();
    let heard = heard.lock().clone();
    assert_eq!(
        heard,
        ["handled 0", "handled 1", "handled 2", "trouble: C1: no, false", "not deleted m2: C2: no", "again"]
    );
    assert_eq!(*scripted.asked.lock(), ["ReceiveMessage", "DeleteMessageBatch", "DeleteMessageBatch"]);
}

/// What nobody delivers nobody charges for: what a filter keeps out, and on a FIFO topic what is there already.
#[test]
fn what_aws_charges_for_is_counted_as_it_delivers() {
    use crate::cost::Records;
    use crate::event::EventKind;
    use crate::event::envelope::{Event, Place};
    use crate::event::story::Story;
    use crate::traffic::filtered::{Fed, Filter};
    use crate::traffic::ledger::{LandingLedger, Ledger, QueueLedger};
    use crate::traffic::name::LegName;
    let usage = |fifo| {
        let filter = Filter::parse(r#"{"type": ["payment.made"]}"#, Some("MessageBody")).unwrap();
        let queue = |api: Api, fed| QueueLedger::new(api.into(), vec![fed], fifo);
        let queues = vec![queue(Api::Orders, Fed::Everything), queue(Api::Payments, Fed::Filtered(filter))];
        let landing = LandingLedger::new(LegName::landing(), vec![Fed::Everything], std::time::Duration::ZERO);
        let mut ledger = Ledger::new(queues, vec![landing], fifo);
        let mut story = Story::new(5, 0, &[EventKind::Order]);
        for again in [false, true] {
            let place = Place { publisher: 0, sequence: 0 };
            let mut event = Event::new(story.next_event(), "r", place, jiff::Timestamp::UNIX_EPOCH);
            event.again = again;
            ledger.acknowledge(&event, 6_000, std::time::Duration::ZERO);
        }
        ledger.usage()
    };
    let (standard, fifo) = (usage(false), usage(true));
    assert_eq!(standard.firehose, Records { records: 2, bytes: 12_000, rounded_bytes: 20_480 });
    assert_eq!((standard.topic.events, standard.topic.to_queues, standard.topic.filtered_bytes), (2, 2, 12_000));
    assert_eq!((fifo.fifo_topic.events, fifo.fifo_topic.to_queues, fifo.firehose.records), (2, 1, 1));
    assert_eq!(fifo.topic, Default::default());
}
