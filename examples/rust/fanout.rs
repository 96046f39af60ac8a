//! A fan-out: what is published reaches those whose filters want it, and nobody else.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use messaging::Cloud;

/// What is tested: announces something that happened in the shop.
async fn announce(sns: &Client, topic: &str, kind: &str, what: &str) -> Result<(), aws_sdk_sns::Error> {
    let kind = MessageAttributeValue::builder().data_type("String").string_value(kind).build()?;
    sns.publish().topic_arn(topic).message_attributes("kind", kind).message(what).send().await?;
    Ok(())
}

#[tokio::test]
async fn an_order_goes_to_the_orders_and_a_payment_to_the_payments() {
    let cloud = Cloud::builder().template("examples/rust/shop.yaml").start().await.unwrap();
    let sns = Client::new(&cloud.sdk_config());
    let topic = cloud.output("Events").unwrap();
    announce(&sns, topic, "order", "two books").await.unwrap();
    announce(&sns, topic, "payment", "20 euros").await.unwrap();
    // Nobody waits: what SNS took lies in the queues. And nobody receives: looking hides nothing.
    assert_eq!(cloud.queue("orders").bodies().await.unwrap(), ["two books"]);
    let payments = cloud.queue("payments").messages().await.unwrap();
    assert_eq!((&*payments[0].body, &*payments[0].attributes["kind"].value), ("20 euros", "payment"));
    // Nothing went otherwise than the template wants.
    assert!(cloud.notices().is_empty(), "{:?}", cloud.notices());
}

/// Nobody wants a refund. That an event is lost so shows before it is deployed.
#[tokio::test]
async fn a_kind_that_nobody_wants_reaches_nobody() {
    let cloud = Cloud::builder().template("examples/rust/shop.yaml").start().await.unwrap();
    let sns = Client::new(&cloud.sdk_config());
    announce(&sns, cloud.output("Events").unwrap(), "refund", "20 euros").await.unwrap();
    for queue in ["orders", "payments"] {
        assert!(cloud.queue(queue).messages().await.unwrap().is_empty(), "{queue}");
    }
}
