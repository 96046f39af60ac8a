//! A server that listens on another port than before: the URLs of queues that stacks remember, in their resources and outputs, name
//! the port of today.

use std::sync::Arc;

use super::super::record::Stack;
use super::super::store;
use crate::core::Cloud;

/// Follows the server to its port: every stack whose last operation addressed another one. A stack is a transaction.
pub(super) async fn follow(cloud: &Arc<Cloud>) {
    let Some(port) = cloud.port() else { return };
    let stacks = cloud.core.read(|engine, _| store::every_stack(engine));
    for stack in stacks {
        let Some(old) = stack.port.filter(|old| *old != port) else { continue };
        let (name, uuid) = (stack.name.clone(), stack.uuid.clone());
        let followed = cloud.core.execute(move |tx| {
            let resources = store::resources(tx.engine(), &uuid);
            for resource in resources.values() {
                if let Some(moved) = moved(resource, old, port, &stack.account) {
                    store::put_resource(tx, &uuid, &moved);
                }
            }
            let mut stack: Stack = moved(&stack, old, port, &stack.account).unwrap_or(stack);
            if let Some(host) = stack.host.strip_suffix(&format!(":{old}")) {
                stack.host = format!("{host}:{port}");
            }
            stack.port = Some(port);
            store::put_stack(tx, &stack);
            Ok(())
        });
        if let Err(error) = followed.await {
            cloud.notice(&format!("the stack {name} still names queues by port {old}: {}", error.message));
        }
    }
}

/// A record whose URLs named the old port, as `http://localhost:4566/000000000000/queue`.
fn moved<T: serde::Serialize + serde::de::DeserializeOwned>(
    record: &T,
    old: u16,
    new: u16,
    account: &str,
) -> Option<T> {
    let text = serde_json::to_string(record).ok()?;
    let moved = text.replace(&format!(":{old}/{account}/"), &format!(":{new}/{account}/"));
    if moved == text { None } else { serde_json::from_str(&moved).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_queues_move() {
        let record =
            vec!["http://localhost:4566/000000000000/q", "http://localhost:4566/x", "arn:aws:sqs:r:000000000000:q"];
        let record: Vec<String> = record.into_iter().map(str::to_owned).collect();
        let moved = moved(&record, 4566, 4740, "000000000000").unwrap();
        assert_eq!(moved, ["http://localhost:4740/000000000000/q", &record[1], &record[2]]);
        assert!(super::moved(&record, 4567, 4740, "000000000000").is_none());
    }
}
