//! A consumer under a clock that stands still: hours of visibility timeouts, dead letters and landing pass within milliseconds.

use std::time::Duration;

use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::Record;
use aws_sdk_sqs::Client;
use messaging::{Clock, Cloud, State};

/// What is tested: handles what lies in the queue. What can't be handled is left to come again.
async fn work(sqs: &Client, queue: &str, handle: impl Fn(&str) -> bool) -> Result<(), aws_sdk_sqs::Error> {
    let received = sqs.receive_message().queue_url(queue).max_number_of_messages(10).send().await?;
    for message in received.messages() {
        if handle(message.body().unwrap_or_default()) {
            let receipt = message.receipt_handle().unwrap_or_default();
            sqs.delete_message().queue_url(queue).receipt_handle(receipt).send().await?;
        }
    }
    Ok(())
}

async fn shop(clock: Clock) -> Cloud {
    Cloud::builder().template("examples/rust/shop.yaml").clock(clock).start().await.unwrap()
}

#[tokio::test]
async fn an_order_that_cannot_be_handled_comes_again_and_ends_among_the_dead_letters() {
    let cloud = shop(Clock::Frozen).await;
    let (sqs, queue) = (Client::new(&cloud.sdk_config()), cloud.queue_url("orders"));
    for order in ["good", "bad"] {
        sqs.send_message().queue_url(&queue).message_body(order).send().await.unwrap();
    }
    let can = |order: &str| order == "good";
    work(&sqs, &queue, can).await.unwrap();
    // The good one is done. The bad one is hidden for the queue's visibility timeout, and no longer.
    let left = cloud.queue("orders").messages().await.unwrap();
    assert_eq!((left.len(), &*left[0].body, left[0].receives), (1, "bad", 1));
    assert_eq!(left[0].state, State::InFlight(cloud.now() + Duration::from_secs(30)));
    cloud.advance(Duration::from_secs(30)).await.unwrap();
    assert_eq!(cloud.queue("orders").messages().await.unwrap()[0].state, State::Visible);
    // The second time is its last: who receives after that gets nothing.
    for _ in 0..2 {
        work(&sqs, &queue, can).await.unwrap();
        cloud.advance(Duration::from_secs(30)).await.unwrap();
    }
    assert!(cloud.queue("orders").messages().await.unwrap().is_empty());
    assert_eq!(cloud.queue("dead-orders").bodies().await.unwrap(), ["bad"]);
}

#[tokio::test]
async fn events_land_by_the_day_on_which_they_came() {
    let cloud = shop(Clock::FrozenAt("2026-03-29T23:59:30Z".to_owned())).await;
    let firehose = aws_sdk_firehose::Client::new(&cloud.sdk_config());
    for event in ["before midnight\n", "after midnight\n"] {
        let record = Record::builder().data(Blob::new(event)).build().unwrap();
        firehose.put_record().delivery_stream_name("to-the-bucket").record(record).send().await.unwrap();
        // The stream lands what it has after a minute, which is past midnight.
        cloud.advance(Duration::from_secs(60)).await.unwrap();
    }
    let landing = cloud.bucket("landing");
    let objects = landing.objects().await.unwrap();
    let days: Vec<_> = objects.iter().map(|object| object.key.split_once('/').unwrap().0).collect();
    assert_eq!(days, ["day=2026-03-29", "day=2026-03-30"]);
    assert_eq!(landing.read(&objects[0].key).await.unwrap(), b"before midnight\n");
}
