//! What the wire costs a request: decoding a Publish and a SendMessage of about 450 bytes, encoding their answers and that of
//! a ReceiveMessage of ten such.
//!
//! Every turn takes another event: a processor learns where the escapes of a single one are, and shows half of their price.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use messaging_wire::json::Json;
use messaging_wire::payload::Source;
use messaging_wire::{Form, Names, Pairs, Payload, Text};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code)]
struct PublishInput<'a> {
    #[serde(borrow)]
    topic_arn: Option<Text<'a>>,
    #[serde(borrow)]
    target_arn: Option<Text<'a>>,
    #[serde(borrow)]
    phone_number: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
    #[serde(borrow)]
    subject: Option<Text<'a>>,
    #[serde(borrow)]
    message_structure: Option<Text<'a>>,
    #[serde(borrow)]
    message_attributes: Option<Pairs<'a, Attribute<'a>>>,
    #[serde(borrow)]
    message_deduplication_id: Option<Text<'a>>,
    #[serde(borrow)]
    message_group_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code)]
struct Attribute<'a> {
    #[serde(borrow)]
    data_type: Option<Text<'a>>,
    #[serde(borrow)]
    string_value: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(dead_code)]
struct SendMessageInput<'a> {
    #[serde(borrow)]
    queue_url: Option<Text<'a>>,
    #[serde(borrow)]
    message_body: Option<Text<'a>>,
    delay_seconds: Option<i32>,
    #[serde(borrow)]
    message_attributes: Option<Pairs<'a, Attribute<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output<'a> {
    message_id: &'a str,
    sequence_number: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Received<'a> {
    messages: Vec<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    message_id: &'a str,
    body: &'a str,
}

/// Different events.
const EVENTS: usize = 1_000;

const ID: &str = "0f4fb9c9-c017-40cb-89a1-61c9d9c6d4fd";

fn event(number: usize) -> String {
    let (id, consumer) = (format!("{number:08x}-017-40cb-89a1-61c9d9c6d4fd"), number * 7919 % 1_000_003);
    serde_json::json!({
        "event_id": id, "event_type": "order.created", "occurred_at": "2026-11-20T12:00:00Z",
        "order": { "order_id": format!("ord-1-{number}"), "consumer_id": format!("c-{consumer}"), "currency": "EUR",
            "total": format!("{}.90", consumer % 1_000), "items": [
                { "sku": "SKU-00017", "name": "Ergonomic Wooden Chair", "quantity": 2, "unit_price": "49.95" },
                { "sku": "SKU-00231", "name": "Small Granite Lamp", "quantity": 1, "unit_price": "30.00" },
            ] },
    })
    .to_string()
}

fn payload<'b>(operation: &'static str, source: Source<'b>) -> Payload<'b> {
    Payload { operation, source, names: Names::Wrapped, namespace: "http://sns.amazonaws.com/doc/2010-03-31/" }
}

fn wire(c: &mut Criterion) {
    let events: Vec<String> = (0..EVENTS).map(event).collect();
    let forms: Vec<String> = events.iter().map(|event| form(event)).collect();
    let jsons: Vec<String> = events.iter().map(|event| json(event)).collect();
    let output = Output { message_id: ID, sequence_number: None };

    let mut turn = forms.iter().cycle();
    c.bench_function("publish: form to parameters", |b| {
        b.iter(|| turn.next().map(|form| Form::parse(&[form.as_bytes()])))
    });
    let publish = payload("Publish", Source::Form(Form::parse(&[forms[0].as_bytes()]).unwrap_or_default()));
    c.bench_function("publish: parameters to input", |b| {
        b.iter(|| black_box(&publish).decode::<PublishInput>().map(|input| input.message.map(|text| text.len())));
    });
    c.bench_function("publish: output to XML", |b| b.iter(|| publish.encode(black_box(&output), ID)));

    let mut turn = jsons.iter().cycle();
    let mut scratch = Vec::new();
    c.bench_function("send: JSON to input", |b| {
        b.iter(|| {
            let body = Json::new(turn.next().map_or(b"", |json| json.as_bytes()), &mut scratch);
            body.read::<SendMessageInput>().map(|input| input.message_body.map(|text| text.len()))
        });
    });
    let mut scratch = Vec::new();
    let send = payload("SendMessage", Source::Json(Json::new(jsons[0].as_bytes(), &mut scratch)));
    c.bench_function("send: output to JSON", |b| b.iter(|| send.encode(black_box(&output), ID)));
    let tens = events
        .chunks(10)
        .map(|ten| Received { messages: ten.iter().map(|event| Message { message_id: ID, body: event }).collect() });
    let tens: Vec<Received<'_>> = tens.collect();
    let mut turn = tens.iter().cycle();
    c.bench_function("receive: ten messages to JSON", |b| b.iter(|| turn.next().map(|ten| send.encode(ten, ID))));
}

fn form(event: &str) -> String {
    format!(
        "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3Atopic&Message={}\
         &MessageAttributes.entry.1.Name=event_type&MessageAttributes.entry.1.Value.DataType=String\
         &MessageAttributes.entry.1.Value.StringValue=order.created",
        utf8_percent_encode(event, NON_ALPHANUMERIC)
    )
}

fn json(event: &str) -> String {
    serde_json::json!({ "QueueUrl": "http://localhost:4566/000000000000/q", "MessageBody": event }).to_string()
}

criterion_group!(benches, wire);
criterion_main!(benches);
