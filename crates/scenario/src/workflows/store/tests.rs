//! The store over an SQLite file.

use serde_json::json;

use super::*;

async fn store() -> (tempfile::TempDir, Database, Arc<dyn Store>) {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::parse(None, &folder.path().join("it.db")).unwrap();
    let (database, store) = open(&address).await.unwrap();
    (folder, database, store)
}

fn new(n: u128, status: Status) -> New {
    New {
        uuid: Uuid::from_u128(n),
        status,
        data: json!({ "n": n as u64, "text": "ä \"' ; --" }),
        columns: vec!["n".into(), "text".into()],
        steps: vec!["one".into(), "two".into()],
        trace: "Root=1".into(),
        now: 1_773_531_000_123,
    }
}

const CONSUMPTION: Consumption = Consumption { at: 1_773_531_000_500, attempts: 2, execution: 3, lead: 377 };

#[tokio::test]
async fn a_workflow_comes_back_as_it_was_and_its_uuid_is_taken_once() {
    let (_folder, _database, store) = store().await;
    let asked = new(7, Status::Inserted);
    let (created, outgoing) = store.create(&asked).await.unwrap().unwrap();
    assert_eq!(store.get(asked.uuid).await.unwrap().unwrap(), created);
    assert_eq!((&created.data, &created.steps), (&asked.data, &asked.steps));
    assert_eq!((created.created_at, created.generation, created.consumption), (asked.now, 1, None));
    assert_eq!(outgoing.unwrap().uuid, asked.uuid);
    assert!(store.create(&asked).await.unwrap().is_none());
    assert!(store.get(Uuid::nil()).await.unwrap().is_none());
}

#[tokio::test]
async fn of_two_that_consume_the_same_one_does_and_a_csv_is_never_without_its_mark() {
    let (_folder, _database, store) = store().await;
    let asked = new(1, Status::Inserted);
    store.create(&asked).await.unwrap();
    assert_eq!(store.csv(asked.uuid).await.unwrap(), None);
    let consume =
        |generation, csv| store.consume(Consumed { uuid: asked.uuid, generation, csv, consumption: CONSUMPTION });
    assert!(!consume(2, "of another generation").await.unwrap());
    assert_eq!(store.csv(asked.uuid).await.unwrap(), None);
    let (a, b) = tokio::join!(consume(1, "a"), consume(1, "b"));
    assert_ne!(a.unwrap(), b.unwrap());
    assert_eq!(store.csv(asked.uuid).await.unwrap().unwrap().len(), 1);
    let it = store.get(asked.uuid).await.unwrap().unwrap();
    assert_eq!((it.status, it.consumption, it.generation), (Status::Consumed, Some(CONSUMPTION), 1));
}

#[tokio::test]
async fn a_new_status_makes_older_messages_void_and_the_same_one_changes_nothing() {
    let (_folder, _database, store) = store().await;
    let uuid = new(1, Status::Inserted).uuid;
    store.create(&new(1, Status::Inserted)).await.unwrap();
    let set = |status| store.set(uuid, status, "Root=2", 1_773_531_000_900);
    let (it, outgoing) = set(Status::Inserted).await.unwrap().unwrap();
    assert_eq!((it.generation, outgoing), (1, None));
    let (it, outgoing) = set(Status::Consumed).await.unwrap().unwrap();
    assert_eq!((it.generation, it.status, outgoing), (2, Status::Consumed, None));
    assert_eq!(store.waiting().await.unwrap(), 0);
    let (it, outgoing) = set(Status::Inserted).await.unwrap().unwrap();
    assert_eq!((it.generation, it.queued_at, outgoing.unwrap().generation), (3, 1_773_531_000_900, 3));
    assert!(store.set(Uuid::nil(), Status::Consumed, "", 0).await.unwrap().is_none());
}

#[tokio::test]
async fn a_row_of_the_outbox_is_leased_to_one_until_it_is_sent_or_released() {
    let (_folder, _database, store) = store().await;
    let mut ids = Vec::new();
    for n in 1..=5 {
        let (_, outgoing) = store.create(&new(n, Status::Inserted)).await.unwrap().unwrap();
        ids.push(outgoing.unwrap().id);
    }
    assert!(store.create(&new(6, Status::Consumed)).await.unwrap().unwrap().1.is_none());
    // Who created them sends them.
    assert_eq!(store.lease(10).await.unwrap(), []);
    store.release(&ids, false).await.unwrap();
    store.release(&ids[..1], true).await.unwrap();
    let (a, b) = tokio::join!(store.lease(2), store.lease(10));
    let (a, b) = (a.unwrap(), b.unwrap());
    let mut leased: Vec<i64> = a.iter().chain(&b).map(|row| row.id).collect();
    leased.sort_unstable();
    assert_eq!(leased, ids[1..]);
    store.sent(&leased).await.unwrap();
    assert_eq!(store.waiting().await.unwrap(), 1);
}

#[tokio::test]
async fn pages_show_each_once_in_the_order_of_creation() {
    let (_folder, _database, store) = store().await;
    for n in 1..=7 {
        let status = if n % 3 == 0 { Status::Consumed } else { Status::Inserted };
        store.create(&new(n, status)).await.unwrap();
    }
    let page = Page { after: 0, limit: 3, bytes: 1 << 20, status: None };
    let read = |mut page: Page| {
        let store = store.clone();
        async move {
            let mut sizes = Vec::new();
            let mut seen = Vec::new();
            loop {
                let (rows, more) = store.page(page).await.unwrap();
                sizes.push(rows.len());
                seen.extend(rows.iter().map(|row| row.uuid.as_u128()));
                if !more {
                    return (sizes, seen);
                }
                page.after = rows.last().unwrap().position;
            }
        }
    };
    assert_eq!(read(page).await, (vec![3, 3, 1], vec![1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(read(Page { bytes: 0, ..page }).await, (vec![1; 7], vec![1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(read(Page { status: Some(Status::Consumed), ..page }).await, (vec![2], vec![3, 6]));
    assert_eq!(read(Page { limit: 7, ..page }).await.0, [7]);
    assert_eq!(read(Page { after: i64::MAX, ..page }).await.0, [0]);
}

// They were answered as created and shown, and gone once the service was started again.
#[tokio::test]
async fn nothing_is_said_of_a_file_that_was_removed() {
    let (folder, _database, store) = store().await;
    store.create(&new(1, Status::Inserted)).await.unwrap();
    std::fs::remove_file(folder.path().join("it.db")).unwrap();
    store.create(&new(2, Status::Inserted)).await.unwrap_err();
    store.set(new(1, Status::Inserted).uuid, Status::Consumed, "", 0).await.unwrap_err();
    store.get(new(1, Status::Inserted).uuid).await.unwrap_err();
    store.lease(1).await.unwrap_err();
}
