//! What becomes of pictures.

use std::convert::Infallible;

use futures::stream;
use serde_json::{Value, json};

use super::{System, crc, picture, png};
use crate::helpers::eventually;

/// Each stays as it is in one of two cases: of so many all stay by chance in one of a billion runs.
const PICTURES: usize = 30;

#[tokio::test]
async fn a_pictures_blocks_come_back_in_another_order() {
    let system = System::start(&[]);
    // 120 x 61: two blocks and an edge. In one of two orders the picture is the same as before: several are sent.
    let (before, mut changed) = (picture(120, 61), 0);
    for _ in 0..PICTURES {
        let token = system.token("randomize", "image/png", before.clone(), &[]).await;
        let status = system.end("randomize", &token).await;
        assert_eq!(
            (&status["status"], &status["attempts"], &status["task"]),
            (&json!("finished"), &json!(1), &json!("randomize"))
        );
        for time in ["requested", "received", "ended"] {
            assert!(status[time].as_str().unwrap().ends_with('Z'), "{status}");
        }
        let ms = |name: &str| status[name].as_f64().unwrap();
        assert!(ms("execution_ms") > 0.0 && ms("lead_ms") >= ms("execution_ms") && ms("wait_ms") >= 0.0, "{status}");
        let result = system.get(&format!("/randomize/{token}/result"), "*/*").await;
        assert_eq!((result.status().as_u16(), &result.headers()["content-type"]), (200, &"image/png".parse().unwrap()));
        let length: usize = result.headers()["content-length"].to_str().unwrap().parse().unwrap();
        assert!(result.headers().contains_key("etag"));
        let after = result.bytes().await.unwrap();
        assert_eq!(after.len(), length);
        // A head says the same without the bytes.
        let head =
            system.http.head(format!("{}/randomize/{token}/result", system.service.address)).send().await.unwrap();
        assert_eq!(
            (head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()),
            (200, &*length.to_string())
        );
        let rows = gray(&after);
        assert_eq!(rows.len(), 61);
        // The edge below the blocks stayed.
        assert_eq!(rows[60], [vec![0; 60], vec![255; 60]].concat());
        let left = rows[0][0];
        changed += u32::from(left == 255);
        for row in &rows[..60] {
            assert_eq!(*row, [vec![left; 60], vec![255 - left; 60]].concat());
        }
    }
    assert!(changed > 0, "none of {PICTURES} pictures was changed");
}

/// The rows of a gray PNG, read by the decoder of the `png` crate.
fn gray(png: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.color_type, frame.bit_depth), (png::ColorType::Grayscale, png::BitDepth::Eight));
    pixels.chunks(frame.line_size).map(<[u8]>::to_vec).collect()
}

#[tokio::test]
async fn what_is_no_picture_is_refused_with_its_error() {
    let system = System::start(&["--role", "api"]);
    let cut = png()[..40].to_vec();
    let mut checksum = png();
    checksum[20] ^= 1;
    for (kind, body, more, why) in [
        // The first implementation looked at the header only, and took this.
        ("image/png", b"this is no picture, whatever its header says".to_vec(), None, "isn't a PNG"),
        ("image/png", Vec::new(), None, "isn't a PNG"),
        ("image/png", png()[..20].to_vec(), None, "isn't a PNG"),
        ("image/png", checksum, None, "isn't a PNG"),
        ("image/jpeg", png(), None, "content type"),
        (
            "image/png",
            picture(1, 1)[..16].iter().chain(&[0, 0, 0, 1, 0, 0x0F, 0x42, 0x40]).copied().collect(),
            None,
            "isn't a PNG",
        ),
        ("image/png", cut, Some(("x-tenant", "two words")), "X-Tenant"),
        ("image/png", png(), Some(("idempotency-key", "\"")), "Idempotency-Key"),
    ] {
        let answer = system.post("randomize", kind, body, more.as_slice()).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (400, &"application/json".parse().unwrap())
        );
        let told: Value = answer.json().await.unwrap();
        assert_eq!(told.as_object().unwrap().len(), 1);
        assert!(told["error"].as_str().unwrap().contains(why), "{told} {why}");
    }
    // A header that is right, of a picture that would need a gigabyte: nothing is stored of it.
    let mut header = b"\x00\x00\x00\x0dIHDR".to_vec();
    header.extend_from_slice(&[1_u32.to_be_bytes(), 1_000_000_u32.to_be_bytes()].concat());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let crc = crc(&header[4..]).to_be_bytes();
    let bomb = [b"\x89PNG\r\n\x1a\n".to_vec(), header, crc.to_vec()].concat();
    let answer = system.post("randomize", "image/png", bomb, &[]).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("too large"));
    // More than any picture may have: by its length, and while it comes.
    let answer = system.post("randomize", "image/png", [png(), vec![0; 21 << 20]].concat(), &[]).await;
    assert_eq!(answer.status(), 413);
    let chunks = std::iter::once(png()).chain(std::iter::repeat_n(vec![0; 1 << 20], 21));
    let chunks = stream::iter(chunks.map(Ok::<_, Infallible>));
    let answer = system.post("randomize", "image/png", reqwest::Body::wrap_stream(chunks), &[]).await;
    assert_eq!(answer.status(), 413);
    assert_eq!(system.keys().await, [""; 0]);
    eventually("the broken upload goes", async || {
        let uploads = system.cloud.s3().list_multipart_uploads().bucket(system.bucket().await).send().await.unwrap();
        uploads.uploads().is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_broken_picture_is_errored_and_says_why() {
    let system = System::start(&[]);
    let png = png();
    let token = system.token("randomize", "image/png; name=x", png[..png.len() - 100].to_vec(), &[]).await;
    let status = system.end("randomize", &token).await;
    // The first implementation said only that it was errored.
    assert_eq!(status["status"], "errored");
    assert!(status["error"].as_str().unwrap().contains("broken"), "{status}");
    let result = system.get(&format!("/randomize/{token}/result"), "*/*").await;
    assert_eq!(result.status(), 422);
    assert_eq!(result.headers()["content-type"], "application/problem+json");
    let problem: Value = result.json().await.unwrap();
    assert_eq!(problem["error"], status["error"]);
}
