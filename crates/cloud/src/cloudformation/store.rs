//! Where the documents of stacks lie, and how they are read and written.
//!
//! ```text
//! cfn/name/<account>/<region>/<stack name>         the uuid of the stack that has the name now
//! cfn/stack/<account>/<region>/<uuid>              the stack
//! cfn/resource/<uuid>/<logical id>                 its resources
//! cfn/event/<uuid>/<number>                        its events
//! cfn/template/<uuid>/<id>                         texts of templates
//! cfn/changeset/<uuid>/<id>                        its change sets
//! ```

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::place::Place;
use super::record::{ChangeSet, Event, Resource, Resources, Stack, Status};
use crate::core::transaction::Transaction;
use crate::request::Context;
use engine::{Engine, Millis};
use wire::AwsError;

/// How long a deleted stack is still shown ("ListStacks": 90 days).
const DELETED_SHOWN: Millis = 90 * 24 * 60 * 60 * 1000;
/// Deleted stacks of a place that are shown. AWS names no number.
const DELETED_KEPT: usize = 1_000;
/// "AWS CloudFormation quotas": stacks of an account in a Region.
const MAX_STACKS: usize = 2_000;
/// Change sets of a stack. In no list of quotas; AWS's users met 1,000 (awsdocs/aws-cloudformation-user-guide#512).
const MAX_CHANGE_SETS: usize = 1_000;
/// How long an event is kept ("View CloudFormation stack events": 90 days).
const EVENTS_SHOWN: Millis = 90 * 24 * 60 * 60 * 1000;
/// Events of a stack that are kept. AWS names no number; this is several operations of the largest stack.
const EVENTS_KEPT: u64 = 5_000;
/// Old events that go when a new one comes.
const EVENTS_FORGOTTEN: usize = 10;

/// The document that says which stack has a name.
fn name_key(place: &Place, name: &str) -> String {
    format!("cfn/name/{}/{}/{name}", place.account, place.region)
}

/// How the keys of a place's stacks update.
fn stacks_prefix(place: &Place) -> String {
    format!("cfn/stack/{}/{}/", place.account, place.region)
}

fn stack_key(stack: &Stack) -> String {
    format!("cfn/stack/{}/{}/{}", stack.account, stack.region, stack.uuid)
}

/// The document of a template's text.
pub(super) fn template_key(uuid: &str, id: &str) -> String {
    format!("cfn/template/{uuid}/{id}")
}

/// The document of the text as it was written, of a template in which files are included.
fn original_key(template: &str) -> String {
    format!("{template}{WRITTEN}")
}

/// How the key of such a document ends.
const WRITTEN: &str = "/written";

fn resource_key(uuid: &str, logical_id: &str) -> String {
    format!("cfn/resource/{uuid}/{logical_id}")
}

fn change_set_key(uuid: &str, id: &str) -> String {
    format!("cfn/changeset/{uuid}/{}", last_part(id))
}

/// The part of an ARN behind the last slash.
pub(super) fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

fn doc<T: DeserializeOwned>(engine: &Engine, key: &str) -> Option<T> {
    engine.doc(key).and_then(|bytes| read(bytes))
}

fn all<T: DeserializeOwned>(engine: &Engine, prefix: &str) -> Vec<T> {
    engine.docs(prefix, "").filter_map(|(_, bytes)| read(bytes)).collect()
}

/// A stack by its uuid.
pub(super) fn stack(engine: &Engine, place: &Place, uuid: &str) -> Option<Stack> {
    doc(engine, &format!("{}{uuid}", stacks_prefix(place)))
}

/// A stack by its name (which a deleted one no longer has) or its ARN.
///
/// # Errors
/// `ValidationError` for another account's ARN.
pub(super) fn find_stack(engine: &Engine, place: &Place, name_or_id: &str) -> Result<Option<Stack>, AwsError> {
    place.check_owner(name_or_id)?;
    if name_or_id.starts_with("arn:") {
        return Ok(stack(engine, place, last_part(name_or_id)).filter(|stack| stack.id == name_or_id));
    }
    let uuid: Option<String> = doc(engine, &name_key(place, name_or_id));
    Ok(uuid.and_then(|uuid| stack(engine, place, &uuid)))
}

/// Every stack of a place, the deleted ones too, newest first.
pub(super) fn stacks(engine: &Engine, place: &Place) -> Vec<Stack> {
    in_order(all(engine, &stacks_prefix(place)))
}

/// Every stack of the cloud.
pub(super) fn every_stack(engine: &Engine) -> Vec<Stack> {
    all(engine, "cfn/stack/")
}

/// Every stack of the cloud at which something runs.
pub(super) fn running_stacks(engine: &Engine) -> Vec<Stack> {
    every_stack(engine).into_iter().filter(|stack| stack.status.running()).collect()
}

/// A resource of a stack.
pub(super) fn resource(engine: &Engine, uuid: &str, logical_id: &str) -> Option<Resource> {
    doc(engine, &resource_key(uuid, logical_id))
}

/// The resources of a stack, by logical id, decoded under the engine's lock. See [`all_resources`].
pub(super) fn resources(engine: &Engine, uuid: &str) -> Resources {
    let resources: Vec<Resource> = all(engine, &format!("cfn/resource/{uuid}/"));
    resources.into_iter().map(|resource| (resource.logical_id.clone(), resource)).collect()
}

/// A stack's events, newest first, undecoded: there may be many, and only a page of them is wanted.
pub(super) fn events(engine: &Engine, uuid: &str) -> Vec<Arc<[u8]>> {
    let prefix = format!("cfn/event/{uuid}/");
    let mut events: Vec<Arc<[u8]>> = engine.docs(&prefix, "").map(|(_, bytes)| bytes.clone()).collect();
    events.reverse();
    events
}

/// An event as [`events`] gives it.
pub(super) fn decode_event(bytes: &[u8]) -> Option<Event> {
    read(bytes)
}

/// Every stack of the place that a request is about, newest first.
pub(super) fn all_stacks(cx: &Context) -> Vec<Stack> {
    let place = Place::of(cx);
    // Decoded outside the lock.
    let prefix = stacks_prefix(&place);
    let documents: Vec<Arc<[u8]>> =
        cx.cloud.core.read(|engine, _| engine.docs(&prefix, "").map(|(_, bytes)| bytes.clone()).collect());
    in_order(documents.iter().filter_map(|bytes| read(bytes)).collect())
}

/// The resources of a stack, by logical id.
pub(super) fn all_resources(cx: &Context, uuid: &str) -> Resources {
    let prefix = format!("cfn/resource/{uuid}/");
    let documents: Vec<Arc<[u8]>> =
        cx.cloud.core.read(|engine, _| engine.docs(&prefix, "").map(|(_, bytes)| bytes.clone()).collect());
    let resources = documents.iter().filter_map(|bytes| read::<Resource>(bytes));
    resources.map(|resource| (resource.logical_id.clone(), resource)).collect()
}

fn in_order(mut stacks: Vec<Stack>) -> Vec<Stack> {
    stacks.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
    stacks
}

/// A template's text.
pub(super) fn template(engine: &Engine, key: &str) -> Option<String> {
    engine.doc(key).and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
}

/// A template's text as it was written, before files were included.
pub(super) fn original(engine: &Engine, key: &str) -> Option<String> {
    template(engine, &original_key(key)).or_else(|| template(engine, key))
}

/// A stack's change sets, newest first.
pub(super) fn change_sets(engine: &Engine, uuid: &str) -> Vec<ChangeSet> {
    let mut sets: Vec<ChangeSet> = all(engine, &format!("cfn/changeset/{uuid}/"));
    sets.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
    sets
}

fn put<T: Serialize>(tx: &mut Transaction<'_>, key: &str, value: &T) {
    // Records are maps with text keys, which JSON can always hold.
    if let Ok(bytes) = serde_json::to_vec(value) {
        tx.put_doc(key, &bytes);
    }
}

/// Writes a stack, and who has its name.
pub(super) fn put_stack(tx: &mut Transaction<'_>, stack: &Stack) {
    let place = Place { account: stack.account.as_str().into(), region: stack.region.as_str().into() };
    put(tx, &stack_key(stack), stack);
    let name = name_key(&place, &stack.name);
    let holder: Option<String> = doc(tx.engine(), &name);
    if stack.status == Status::DeleteComplete {
        if holder.as_deref() == Some(&stack.uuid) {
            tx.delete_doc(&name);
        }
    } else if holder.is_none() {
        put(tx, &name, &stack.uuid);
    }
}

/// Writes a resource.
pub(super) fn put_resource(tx: &mut Transaction<'_>, uuid: &str, resource: &Resource) {
    put(tx, &resource_key(uuid, &resource.logical_id), resource);
}

/// Deletes a resource.
pub(super) fn drop_resource(tx: &mut Transaction<'_>, uuid: &str, logical_id: &str) {
    tx.delete_doc(&resource_key(uuid, logical_id));
}

/// Writes an event as the next of its stack, and deletes some of the oldest ones. The caller writes the stack.
pub(super) fn put_event(tx: &mut Transaction<'_>, stack: &mut Stack, event: &Event) {
    let number = stack.events;
    stack.events += 1;
    put(tx, &event_key(&stack.uuid, number), event);
    let (since, first) = (event.at.saturating_sub(EVENTS_SHOWN), stack.events.saturating_sub(EVENTS_KEPT));
    let first = event_key(&stack.uuid, first);
    // Of a stack that is no older itself no event is read for that.
    let may_be_old = stack.created < since;
    let is_old = |bytes: &[u8]| may_be_old && decode_event(bytes).is_some_and(|it| it.at < since);
    let old = |key: &str, bytes: &[u8]| key < first.as_str() || is_old(bytes);
    let events = tx.engine().docs(&first[..first.len() - EVENT_DIGITS], "");
    let gone = events.take(EVENTS_FORGOTTEN).take_while(|(key, bytes)| old(key, bytes));
    for key in gone.map(|(key, _)| key.to_owned()).collect::<Vec<_>>() {
        tx.delete_doc(&key);
    }
}

/// Digits of an event's number in its key.
const EVENT_DIGITS: usize = 10;

fn event_key(uuid: &str, number: u64) -> String {
    format!("cfn/event/{uuid}/{number:0EVENT_DIGITS$}")
}

/// Writes a change set.
pub(super) fn put_change_set(tx: &mut Transaction<'_>, uuid: &str, set: &ChangeSet) {
    put(tx, &change_set_key(uuid, &set.id), set);
}

/// Deletes a change set.
pub(super) fn drop_change_set(tx: &mut Transaction<'_>, uuid: &str, id: &str) {
    tx.delete_doc(&change_set_key(uuid, id));
}

/// Writes a template's text, and beside it how it was written if that is another.
pub(super) fn put_template(tx: &mut Transaction<'_>, key: &str, text: &str, original: Option<&str>) {
    tx.put_doc(key, text.as_bytes());
    if let Some(original) = original {
        tx.put_doc(&original_key(key), original.as_bytes());
    }
}

/// The stacks that were deleted long ago, or before many others.
pub(super) fn expired_stacks(cx: &Context) -> Vec<Stack> {
    let since = cx.cloud.core.now().saturating_sub(DELETED_SHOWN);
    let mut deleted: Vec<Stack> = all_stacks(cx).into_iter().filter(|stack| stack.deleted.is_some()).collect();
    deleted.sort_by_key(|stack| std::cmp::Reverse(stack.deleted));
    let kept = deleted.iter().take(DELETED_KEPT).take_while(|stack| stack.deleted.is_some_and(|at| at >= since));
    let kept = kept.count();
    deleted.drain(kept..).collect()
}

/// Refuses one more stack than an account may have in a Region.
pub(super) fn check_stack_quota(engine: &Engine, place: &Place) -> Result<(), AwsError> {
    if engine.docs(&name_key(place, ""), "").take(MAX_STACKS).count() < MAX_STACKS {
        return Ok(());
    }
    Err(AwsError::bad("LimitExceededException", "Limit for stack has been exceeded"))
}

/// Refuses one more change set than a stack may have.
pub(super) fn check_change_set_quota(engine: &Engine, stack: &Stack) -> Result<(), AwsError> {
    let prefix = format!("cfn/changeset/{}/", stack.uuid);
    if engine.docs(&prefix, "").take(MAX_CHANGE_SETS).count() < MAX_CHANGE_SETS {
        return Ok(());
    }
    Err(AwsError::bad("LimitExceededException", format!("ChangeSet limit exceeded for stack {}", stack.id)))
}

/// Drops the texts of templates that neither the stack nor one of its change sets needs any more.
pub(super) fn drop_unneeded_templates(tx: &mut Transaction<'_>, stack: &Stack) {
    let prefix = format!("cfn/template/{}/", stack.uuid);
    let mut needed: Vec<String> = [Some(&stack.now), stack.before.as_ref()]
        .into_iter()
        .flatten()
        .map(|definition| definition.template.clone())
        .collect();
    let unneeded = |engine: &Engine, needed: &[String]| -> Vec<String> {
        let keys = engine.docs(&prefix, "").map(|(key, _)| key.to_owned());
        let is_needed = |key: &String| needed.iter().any(|it| it == key.strip_suffix(WRITTEN).unwrap_or(key));
        keys.filter(|key| !is_needed(key)).collect()
    };
    if unneeded(tx.engine(), &needed).is_empty() {
        return;
    }
    needed.extend(change_sets(tx.engine(), &stack.uuid).into_iter().map(|set| set.definition.template));
    for key in unneeded(tx.engine(), &needed) {
        tx.delete_doc(&key);
    }
}

/// Forgets stacks, with all that belongs to them.
pub(super) fn forget_stacks(tx: &mut Transaction<'_>, old: &[Stack]) {
    for stack in old {
        for kind in ["resource", "event", "template", "changeset"] {
            let prefix = format!("cfn/{kind}/{}/", stack.uuid);
            let keys: Vec<String> = tx.engine().docs(&prefix, "").map(|(key, _)| key.to_owned()).collect();
            keys.iter().for_each(|key| tx.delete_doc(key));
        }
        tx.delete_doc(&stack_key(stack));
    }
}
