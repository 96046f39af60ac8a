//! What is in an object of a bucket, for the commands that show it.

use std::io::Read as _;

use aws_sdk_s3::primitives::ByteStream;
use flate2::read::MultiGzDecoder;

use crate::aws::{CallError, ErrorKind, Target};
use crate::exit::Failure;

/// So much of an object is read, and so much of what is compressed in it.
const MAX_BYTES: usize = 1 << 20;

/// The beginning of an object, out of its gzip if it is in one, and whether there is more.
pub(super) async fn open(target: &Target, bucket: &str, key: &str) -> Result<(Vec<u8>, bool), CallError> {
    let answer = target.s3().get_object().bucket(bucket).key(key).send().await?;
    let (body, cut_off) = read(answer.body).await?;
    let (body, cut_inside) = decompress(body);
    Ok((body, cut_off || cut_inside))
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

/// Why a bucket or an object can't be shown, and where to look for others.
pub(super) fn refuse(error: &CallError, target: &Target, bucket: &str, doing: &str) -> Failure {
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
