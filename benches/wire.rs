//! What the wire costs a request: decoding a Publish and a SendMessage of about 450 bytes, encoding their answers.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use messaging::cloud::wire::json::Json;
use messaging::cloud::wire::payload::Source;
use messaging::cloud::wire::{Form, Names, Pairs, Payload, Text};
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

const ID: &str = "0f4fb9c9-c017-40cb-89a1-61c9d9c6d4fd";

fn event() -> String {
    serde_json::json!({
        "event_id": ID, "event_type": "order.created", "occurred_at": "2026-11-20T12:00:00Z",
        "order": { "order_id": "ord-1-1", "consumer_id": "c-1", "currency": "EUR", "total": "129.90", "items": [
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
    let form = format!(
        "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3Atopic&Message={}\
         &MessageAttributes.entry.1.Name=event_type&MessageAttributes.entry.1.Value.DataType=String\
         &MessageAttributes.entry.1.Value.StringValue=order.created",
        utf8_percent_encode(&event(), NON_ALPHANUMERIC)
    );
    let json =
        serde_json::json!({ "QueueUrl": "http://localhost:4566/000000000000/q", "MessageBody": event() }).to_string();
    let output = Output { message_id: ID, sequence_number: None };

    c.bench_function("publish: form to parameters", |b| {
        b.iter(|| Form::parse(&[black_box(form.as_bytes()), b""]));
    });
    let publish = payload("Publish", Source::Form(Form::parse(&[form.as_bytes()]).unwrap_or_default()));
    c.bench_function("publish: parameters to input", |b| {
        b.iter(|| black_box(&publish).decode::<PublishInput>().map(|input| input.message.map(|text| text.len())));
    });
    c.bench_function("publish: output to XML", |b| b.iter(|| publish.encode(black_box(&output), ID)));

    c.bench_function("send: JSON to input", |b| {
        let mut scratch = Vec::new();
        b.iter(|| {
            let body = Json::new(black_box(json.as_bytes()), &mut scratch);
            body.read::<SendMessageInput>().map(|input| input.message_body.map(|text| text.len()))
        });
    });
    let mut scratch = Vec::new();
    let send = payload("SendMessage", Source::Json(Json::new(json.as_bytes(), &mut scratch)));
    c.bench_function("send: output to JSON", |b| b.iter(|| send.encode(black_box(&output), ID)));
}

criterion_group!(benches, wire);
criterion_main!(benches);
