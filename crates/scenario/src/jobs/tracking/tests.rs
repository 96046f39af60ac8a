//! The tracking table, on each store.

use std::path::Path;

use super::*;

async fn sqlite(folder: &Path) -> Sql {
    open_sql(&Address::parse(None, &folder.join("jobs.db")).unwrap()).await.unwrap()
}

fn request<'a>(job: &'a str, payload: &'a str) -> Request<'a> {
    Request { job, tenant: "t1", payload, sent: Duration::from_millis(1_700_000_000_123), trace: "Root=1" }
}

fn end(outcome: Outcome<'_>) -> End<'_> {
    End { outcome, attempts: 2, execution: Duration::from_micros(1_500), lead: Duration::from_millis(70) }
}

/// What holds of a table wherever it is kept.
async fn keeps_its_promises(table: &dyn Tracking) {
    let complete = Outcome::Complete { bucket: "b", key: "k" };
    table.check().await.unwrap();
    assert_eq!(table.get("none").await.unwrap(), None);
    // What isn't there can't end.
    table.end("none", &end(complete)).await.unwrap();
    assert_eq!(table.get("none").await.unwrap(), None);

    table.add(&request("j1", r#"{"a":"\u0000"}"#)).await.unwrap();
    let added = table.get("j1").await.unwrap().unwrap();
    assert_eq!((added.status, added.sent, added.attempts), (Status::Submitted, 1_700_000_000_123, 0));
    // The other one of API and processor.
    table.add(&Request { tenant: "t2", ..request("j1", "[]") }).await.unwrap();
    assert_eq!(table.get("j1").await.unwrap().unwrap(), added);

    table.end("j1", &end(Outcome::Failed { why: "it broke" })).await.unwrap();
    let failed = table.get("j1").await.unwrap().unwrap();
    assert_eq!((failed.status, failed.reason.as_deref(), failed.attempts), (Status::Failed, Some("it broke"), 2));
    // A dead letter that somebody sent back is done.
    table.end("j1", &end(complete)).await.unwrap();
    let done = table.get("j1").await.unwrap().unwrap();
    assert_eq!((done.status, done.reason.as_deref()), (Status::Complete, None));
    assert_eq!((done.bucket.as_deref(), done.key.as_deref()), (Some("b"), Some("k")));
    assert_eq!((done.execution_ms, done.lead_ms), (Some(1.5), Some(70.0)));
    // Complete is complete, whoever comes late.
    table.end("j1", &end(Outcome::Failed { why: "late" })).await.unwrap();
    table.add(&request("j1", "1")).await.unwrap();
    assert_eq!(table.get("j1").await.unwrap().unwrap(), done);
    let large = format!("\"{}\"", "x".repeat(table.max_payload() - 2));
    table.add(&request("large", &large)).await.unwrap();
    assert!(table.get("large").await.unwrap().is_some());
    for odd in ["", "a'b; DROP TABLE jobs", "\u{0}", &"x".repeat(5_000)] {
        assert_eq!(table.get(odd).await.unwrap(), None, "{odd:?}");
    }
}

#[tokio::test]
async fn a_file_keeps_the_tables_promises() {
    let folder = tempfile::tempdir().unwrap();
    keeps_its_promises(&sqlite(folder.path()).await).await;
}

/// `JOBS_TEST_DATABASE_URL` names an empty database of a PostgreSQL server.
#[tokio::test]
#[ignore = "needs a PostgreSQL server at JOBS_TEST_DATABASE_URL"]
async fn postgresql_keeps_the_tables_promises() {
    let url = std::env::var("JOBS_TEST_DATABASE_URL").unwrap();
    keeps_its_promises(&open_sql(&Address::parse(Some(&url), Path::new("")).unwrap()).await.unwrap()).await;
}

/// `JOBS_TEST_DYNAMODB_URL` is the address of an emulator, as moto's server; the table is made here.
#[tokio::test]
#[ignore = "needs a DynamoDB at JOBS_TEST_DYNAMODB_URL"]
async fn dynamodb_keeps_the_tables_promises() {
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};

    let url = std::env::var("JOBS_TEST_DYNAMODB_URL").unwrap();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(url);
    let client = aws_sdk_dynamodb::Client::from_conf(config.build());
    let table = format!("jobs-{:08x}", rand::random::<u32>());
    let key = KeySchemaElement::builder().attribute_name("jobRequestId").key_type(KeyType::Hash).build().unwrap();
    let attribute = AttributeDefinition::builder()
        .attribute_name("jobRequestId")
        .attribute_type(ScalarAttributeType::S)
        .build()
        .unwrap();
    let made = client.create_table().table_name(&table).key_schema(key).attribute_definitions(attribute);
    made.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
    keeps_its_promises(&DynamoDb::with(client.clone(), &table)).await;
    client.delete_table().table_name(&table).send().await.unwrap();
}

// A job was tracked in a file that was gone once the service was started again.
#[tokio::test]
async fn nothing_is_said_of_a_file_that_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let table = sqlite(folder.path()).await;
    table.add(&request("j1", "1")).await.unwrap();
    std::fs::remove_file(folder.path().join("jobs.db")).unwrap();
    table.add(&request("j2", "1")).await.unwrap_err();
    table.get("j1").await.unwrap_err();
    table.check().await.unwrap_err();
}
