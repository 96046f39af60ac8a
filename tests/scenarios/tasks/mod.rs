//! The scenario `tasks`.

mod contract;
mod faults;
mod pictures;
mod scale;

use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::helpers::{Cloud, Process, eventually};

/// A PNG of 120 x 60 pixels: two blocks, of which one is black and one white.
pub(super) fn png() -> Vec<u8> {
    picture(120, 60)
}

/// A gray PNG whose left half is black and whose right half is white, uncompressed: made by hand, so that nobody's code but
/// the tests' says what a PNG is.
pub(super) fn picture(width: u32, height: u32) -> Vec<u8> {
    let row = |_| [vec![0_u8], vec![0; width as usize / 2], vec![255; (width - width / 2) as usize]].concat();
    let raw: Vec<u8> = (0..height).flat_map(row).collect();
    let mut zlib = vec![0x78, 0x01];
    let blocks = raw.chunks(0xFFFF).count();
    for (n, block) in raw.chunks(0xFFFF).enumerate() {
        zlib.push(u8::from(n + 1 == blocks));
        zlib.extend_from_slice(&(block.len() as u16).to_le_bytes());
        zlib.extend_from_slice(&(!(block.len() as u16)).to_le_bytes());
        zlib.extend_from_slice(block);
    }
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in &raw {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    zlib.extend_from_slice(&(b << 16 | a).to_be_bytes());
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend_from_slice(&[8, 0, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", header.as_slice()), (b"IDAT", &zlib), (b"IEND", &[])] {
        png.extend_from_slice(&(data.len() as u32).to_be_bytes());
        let chunk = [name.as_slice(), data].concat();
        png.extend_from_slice(&chunk);
        png.extend_from_slice(&crc(&chunk).to_be_bytes());
    }
    png
}

pub(super) fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}

/// A system that runs: its cloud, and the API with its workers.
pub(super) struct System {
    pub(super) cloud: Cloud,
    pub(super) service: Process,
    pub(super) http: Client,
}

impl System {
    pub(super) fn start(args: &[&str]) -> Self {
        let cloud = Cloud::start();
        cloud.deploy("tasks");
        let service = cloud.serve("tasks", args);
        Self { cloud, service, http: Client::new() }
    }

    pub(super) async fn post(
        &self,
        task: &str,
        kind: &str,
        body: impl Into<reqwest::Body>,
        more: &[(&str, &str)],
    ) -> Response {
        let request = self.http.post(format!("{}/{task}", self.service.address)).header("content-type", kind);
        let request = more.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(body).send().await.unwrap()
    }

    pub(super) async fn get(&self, path: &str, accept: &str) -> Response {
        self.http.get(format!("{}{path}", self.service.address)).header("accept", accept).send().await.unwrap()
    }

    /// Posts what must be taken, and gives its token.
    pub(super) async fn token(
        &self,
        task: &str,
        kind: &str,
        body: impl Into<reqwest::Body>,
        more: &[(&str, &str)],
    ) -> String {
        let answer = self.post(task, kind, body, more).await;
        assert_eq!(answer.status(), 201);
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        let body: Value = answer.json().await.unwrap();
        let token = body["token"].as_str().unwrap().to_owned();
        assert_eq!(body, json!({ "token": token }));
        assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
        assert_eq!(location, format!("/{task}/{token}/status"));
        token
    }

    pub(super) async fn status(&self, task: &str, token: &str) -> Value {
        self.get(&format!("/{task}/{token}/status"), "*/*").await.json().await.unwrap()
    }

    /// Waits for the end of a task, and gives its status.
    pub(super) async fn end(&self, task: &str, token: &str) -> Value {
        let is_end = |status: &Value| status["status"] == "finished" || status["status"] == "errored";
        eventually("the task ends", async || Some(self.status(task, token).await).filter(is_end)).await
    }

    pub(super) async fn sum(&self, body: impl Into<reqwest::Body>) -> Value {
        let token = self.token("sum-even", "text/plain; charset=utf-8", body, &[]).await;
        let status = self.end("sum-even", &token).await;
        assert_eq!(status["status"], "finished", "{status}");
        let answer = self.get(&format!("/sum-even/{token}/result"), "application/json").await;
        assert_eq!(answer.headers()["content-type"], "application/json");
        answer.json().await.unwrap()
    }

    /// The only bucket there is.
    pub(super) async fn bucket(&self) -> String {
        let list = self.cloud.s3().list_buckets().send().await.unwrap();
        list.buckets()[0].name().unwrap().to_owned()
    }

    /// The keys of what the bucket holds.
    pub(super) async fn keys(&self) -> Vec<String> {
        let list = self.cloud.s3().list_objects_v2().bucket(self.bucket().await).send().await.unwrap();
        list.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }
}
