//! Objects as `messaging peek s3://..` shows them: what lies in a bucket, and what is in an object.

use std::io::Read as _;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::EncodingType;
use flate2::read::MultiGzDecoder;
use serde::Serialize;

use crate::aws::{CallError, ErrorKind, Target, keys};
use crate::command::Context;
use crate::exit::{Exit, Failure};
use crate::units::{bytes, plural};

/// So much of an object is read, and so much of what is compressed in it.
const MAX_BYTES: usize = 1 << 20;

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
    let failed = |error: CallError| describe(&error, target, bucket, &format!("read s3://{bucket}/{key}"));
    let answer = target.s3().get_object().bucket(bucket).key(key).send().await;
    let (body, cut_off) = read(answer.map_err(|error| failed(error.into()))?.body).await.map_err(failed)?;
    let (body, cut_inside) = decompress(body);
    let text = String::from_utf8_lossy(&body);
    let cut = cut_off || cut_inside;
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
    let failed = |error: CallError| describe(&error, target, bucket, &format!("list s3://{bucket}"));
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

/// The beginning of an object, and whether there is more.
async fn read(mut from: ByteStream) -> Result<(Vec<u8>, bool), CallError> {
    let mut body = Vec::new();
    while let Some(part) = from.next().await {
        let part = part.map_err(|error| CallError::without_code(ErrorKind::Unreachable, error.to_string()))?;
        body.extend_from_slice(&part);
        if body.len() > MAX_BYTES {
            body.truncate(MAX_BYTES);
            return Ok((body, true));
        }
    }
    Ok((body, false))
}

/// What is in a gzip file, as Firehose may write one; anything else is as it is.
fn decompress(body: Vec<u8>) -> (Vec<u8>, bool) {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return (body, false);
    }
    let mut inside = Vec::new();
    // Of one that is cut off, what could be read is shown.
    _ = MultiGzDecoder::new(&body[..]).take(MAX_BYTES as u64 + 1).read_to_end(&mut inside);
    let cut = inside.len() > MAX_BYTES;
    inside.truncate(MAX_BYTES);
    (inside, cut)
}

fn describe(error: &CallError, target: &Target, bucket: &str, doing: &str) -> Failure {
    let failure = error.failure(target, doing);
    match error.kind {
        ErrorKind::NotFound if doing.starts_with("list") => {
            failure.help("`messaging status` names the stack's buckets.")
        }
        ErrorKind::NotFound => failure
            .help(format!("`messaging peek s3://{bucket}` lists what is there, `messaging status` names the buckets.")),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A megabyte that holds a gigabyte.
    #[test]
    fn what_is_compressed_has_a_bound_too() {
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zip.write_all(&vec![b'x'; 3 * MAX_BYTES]).unwrap();
        let (inside, cut) = decompress(zip.finish().unwrap());
        assert_eq!((inside.len(), cut), (MAX_BYTES, true));
        assert_eq!(decompress(b"plain".to_vec()), (b"plain".to_vec(), false));
    }
}
