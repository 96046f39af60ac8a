//! Objects as `messaging peek s3://..` shows them: what lies in a bucket, and what is in an object.

use aws_sdk_s3::types::EncodingType;
use serde::Serialize;

use crate::aws::{CallError, Target, keys};
use crate::command::Context;
use crate::command::object::{open, refuse};
use crate::exit::{Exit, Failure};
use crate::units::{bytes, plural};

/// An object, in `--json` mode.
#[derive(Serialize)]
struct Listed<'a> {
    record: &'static str,
    bucket: &'a str,
    key: &'a str,
    bytes: i64,
}

/// An object's text, in `--json` mode.
#[derive(Serialize)]
struct Shown<'a> {
    record: &'static str,
    bucket: &'a str,
    key: &'a str,
    text: &'a str,
    /// There is more of it.
    cut: bool,
}

/// Lists a bucket, or a part of it that ends in a slash; or shows an object.
pub(super) async fn peek(context: &Context, target: &Target, named: &str, max: usize) -> Result<Exit, Failure> {
    let (bucket, key) = named.split_once('/').unwrap_or((named, ""));
    if bucket.is_empty() {
        return Err(Failure::usage("No bucket is named").help("Say s3://BUCKET, or s3://BUCKET/KEY."));
    }
    if key.is_empty() || key.ends_with('/') {
        return list(context, target, bucket, key, max).await;
    }
    let failed = |error: CallError| refuse(&error, target, bucket, &format!("read s3://{bucket}/{key}"));
    let (body, cut) = open(target, bucket, key).await.map_err(failed)?;
    let text = String::from_utf8_lossy(&body);
    context.ui.record(&Shown { record: "object", bucket, key, text: &text, cut });
    context.ui.verbatim(&text.lines().map(str::to_owned).collect::<Vec<_>>());
    if cut {
        context.ui.note(format!("The first {}; there is more.", bytes(body.len() as u64)));
    }
    Ok(Exit::Ok)
}

async fn list(context: &Context, target: &Target, bucket: &str, prefix: &str, max: usize) -> Result<Exit, Failure> {
    let ask = target
        .s3()
        .list_objects_v2()
        .bucket(bucket)
        .prefix(prefix)
        .max_keys(max as i32)
        .encoding_type(EncodingType::Url);
    let failed = |error: CallError| refuse(&error, target, bucket, &format!("list s3://{bucket}"));
    let list = ask.send().await.map_err(|error| failed(error.into()))?;
    for object in list.contents() {
        let (key, size) = (keys::decode(object.key().unwrap_or_default()), object.size().unwrap_or_default());
        context.ui.record(&Listed { record: "object", bucket, key: &key, bytes: size });
        context.ui.line(format!("s3://{bucket}/{key}  {}", bytes(size.unsigned_abs())));
    }
    let found = plural(list.contents().len() as u64, "object");
    context.ui.note(match list.is_truncated() {
        Some(true) => format!("{found} of s3://{bucket}/{prefix}, the first; --max shows more."),
        _ => format!("{found} in s3://{bucket}/{prefix}"),
    });
    Ok(Exit::Ok)
}
