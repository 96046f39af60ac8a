//! PutRecord and PutRecordBatch.

use serde::{Deserialize, Serialize};

use super::error::{constrained, invalid, missing};
use super::stream::{check_name, not_found};
use crate::request::Context;
use engine::Change;
use engine::change::Put;
use wire::{AwsError, Blob};

/// "Amazon Data Firehose Quota": a record holds up to 1,000 KiB before base64.
const MAX_RECORD_BYTES: usize = 1000 << 10;
/// "PutRecordBatch", API Reference: up to 500 records and 4 MiB.
const MAX_RECORDS: usize = 500;
const MAX_BATCH_BYTES: usize = 4 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PutInput {
    delivery_stream_name: Option<String>,
    record: Option<RecordInput>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PutBatchInput {
    delivery_stream_name: Option<String>,
    records: Option<Vec<RecordInput>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RecordInput {
    data: Option<Blob>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutOutput {
    record_id: String,
    encrypted: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutBatchOutput {
    failed_put_count: u32,
    encrypted: bool,
    request_responses: Vec<RecordOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RecordOutput {
    record_id: String,
}

/// Takes one record.
pub(super) async fn put_record(cx: &Context, input: PutInput) -> Result<PutOutput, AwsError> {
    let name = check_name(input.delivery_stream_name.as_deref())?;
    let record = input.record.ok_or_else(|| missing("record"))?;
    let data = [check_data(record, "record.data")?];
    let (mut ids, encrypted) = put_all(cx, name, &data).await?;
    Ok(PutOutput { record_id: ids.pop().unwrap_or_default(), encrypted })
}

/// Takes up to 500 records: all of them, since nothing here throttles a part.
pub(super) async fn put_record_batch(cx: &Context, input: PutBatchInput) -> Result<PutBatchOutput, AwsError> {
    let name = check_name(input.delivery_stream_name.as_deref())?;
    let records = input.records.ok_or_else(|| missing("records"))?;
    if records.is_empty() || records.len() > MAX_RECORDS {
        let (than, bound) = if records.is_empty() { ("greater", 1) } else { ("less", MAX_RECORDS) };
        let constraint = format!("Member must have length {than} than or equal to {bound}");
        return Err(constrained(format!("[{} records]", records.len()), "records", &constraint));
    }
    let data = records
        .into_iter()
        .enumerate()
        .map(|(index, record)| check_data(record, &format!("records.{}.member.data", index + 1)))
        .collect::<Result<Vec<_>, _>>()?;
    if data.iter().map(|data| data.len()).sum::<usize>() > MAX_BATCH_BYTES {
        return Err(invalid("Records size exceeds 4 MB limit"));
    }
    let (ids, encrypted) = put_all(cx, name, &data).await?;
    let request_responses = ids.into_iter().map(|record_id| RecordOutput { record_id }).collect();
    Ok(PutBatchOutput { failed_put_count: 0, encrypted, request_responses })
}

fn check_data(record: RecordInput, member: &str) -> Result<Blob, AwsError> {
    let data = record.data.ok_or_else(|| missing(member))?;
    if data.len() > MAX_RECORD_BYTES {
        let constraint = format!("Member must have length less than or equal to {MAX_RECORD_BYTES}");
        return Err(constrained(format!("[{} bytes]", data.len()), member, &constraint));
    }
    Ok(data)
}

/// Puts records into a stream; returns their ids, and whether it is encrypted.
async fn put_all(cx: &Context, name: &str, records: &[Blob]) -> Result<(Vec<String>, bool), AwsError> {
    let arn = super::stream::arn(&cx.region, &cx.account, name);
    cx.cloud
        .core
        .execute(|tx| {
            let stream = tx.engine().stream_by_arn(&arn).ok_or_else(|| not_found(cx, name))?;
            let id = stream.config.id;
            let encrypted = stream.settings.encrypted;
            if tx.engine().strict() && stream.settings.decompresses {
                // "PutRecord", API Reference.
                let message =
                    "Only requests from CloudWatch Logs are supported when CloudWatch Logs decompression is enabled.";
                return Err(AwsError::bad("InvalidSourceException", message));
            }
            let bytes = records.iter().map(|data| data.len()).sum();
            cx.cloud.quotas.put_records(tx.now, &arn, records.len(), bytes)?;
            let mut ids = Vec::with_capacity(records.len());
            for data in records {
                let seq = tx.engine().next_seq();
                let position = tx.engine().stream(id).map_or(0, |stream| stream.next_position());
                let put = Put { seq, at: tx.now, stream: id, position, data };
                tx.apply(&Change::Put(put));
                ids.push(tx.engine().record_id(seq));
            }
            Ok((ids, encrypted))
        })
        .await
}
