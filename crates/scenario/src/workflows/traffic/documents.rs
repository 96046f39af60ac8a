//! What clients send: orders of every shape, and requests that are wrong.

use fake::Fake;
use fake::faker::company::en::CompanyName;
use fake::faker::lorem::en::{Sentence, Word};
use fake::faker::name::en::Name;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

/// Texts that a CSV has to be careful with.
const AWKWARD: [&str; 8] =
    ["=1+1", "-5", "a,b", "say \"hi\"", "two\r\nlines", "", "'=quoted", "@SUM(A1) | äöü \u{1F4E6}"];

/// What one client asks for.
#[derive(Debug, Clone)]
pub(super) enum Request {
    /// A workflow that is to be consumed.
    Good { uuid: Uuid, data: Value, steps: Vec<String> },
    /// A workflow that is withdrawn once it is there, and queued again if `again`.
    Withdrawn { uuid: Uuid, data: Value, again: bool },
    /// A request that is to be refused, with the status for that.
    Wrong { method: reqwest::Method, path: String, body: String, status: u16 },
}

/// The request of a number. The same seed gives the same; `run` makes the names of each run its own.
pub(super) fn request(seed: u64, run: u64, n: u64) -> Request {
    let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(n));
    let uuid =
        uuid::Builder::from_random_bytes((u128::from(run) << 64 | u128::from(rng.random::<u64>())).to_be_bytes());
    let uuid = uuid.into_uuid();
    match rng.random_range(0..20) {
        0 => wrong(&mut rng),
        1 => Request::Withdrawn { uuid, data: data(&mut rng), again: rng.random() },
        _ => {
            let steps = (0..rng.random_range(0..4)).map(|_| Word().fake_with_rng(&mut rng)).collect();
            Request::Good { uuid, data: data(&mut rng), steps }
        }
    }
}

fn wrong(rng: &mut StdRng) -> Request {
    let nobody = Uuid::from_u128(rng.random());
    let post = reqwest::Method::POST;
    let (method, path, body, status) = match rng.random_range(0..7) {
        0 => (post, "/workflow".to_owned(), "{\"data\":".to_owned(), 400),
        1 => (post, "/workflow".to_owned(), json!({"data": 1, "status": "lost"}).to_string(), 422),
        2 => (post, "/workflow".to_owned(), json!({"steps": ["no", "data"]}).to_string(), 422),
        3 => (post, "/workflow".to_owned(), json!({"data": "\0"}).to_string(), 422),
        4 => (reqwest::Method::PATCH, "/workflow/no-uuid".to_owned(), json!({"status": "consumed"}).to_string(), 400),
        5 => (reqwest::Method::PATCH, format!("/workflow/{nobody}"), json!({"status": "consumed"}).to_string(), 404),
        _ => (reqwest::Method::GET, format!("/workflow/{nobody}/csv"), String::new(), 404),
    };
    Request::Wrong { method, path, body, status }
}

/// An order, several, or something else.
fn data(rng: &mut StdRng) -> Value {
    match rng.random_range(0..10) {
        0 => json!(text(rng)),
        1 => (0..rng.random_range(0..5)).map(|_| json!(rng.random_range(-1_000..1_000))).collect::<Vec<_>>().into(),
        2 => json!([[1.5, -2], [], [{ "x": text(rng) }, null]]),
        3..6 => (0..rng.random_range(1..4)).map(|_| order(rng)).collect::<Vec<_>>().into(),
        _ => order(rng),
    }
}

fn order(rng: &mut StdRng) -> Value {
    let lines: Vec<Value> = (0..rng.random_range(0..5))
        .map(|n| {
            json!({
                "sku": format!("{}-{n}", Word().fake_with_rng::<String, _>(rng).to_uppercase()),
                "count": rng.random_range(1..10),
                "price": f64::from(rng.random_range(-500..100_000)) / 100.0,
                "notes": (0..rng.random_range(0..3)).map(|_| text(rng)).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut order = json!({
        "order": rng.random_range(1..1_000_000_u64),
        "customer": { "name": Name().fake_with_rng::<String, _>(rng), "company": CompanyName().fake_with_rng::<String, _>(rng) },
        "paid": rng.random::<bool>(),
        "lines": lines,
        "tags": (0..rng.random_range(0..4)).map(|_| Word().fake_with_rng::<String, _>(rng)).collect::<Vec<_>>(),
    });
    if rng.random() {
        order["note"] = json!(text(rng));
        order["v1.5\\beta"] = Value::Null;
    }
    order
}

fn text(rng: &mut StdRng) -> String {
    if rng.random_range(0..3) == 0 {
        AWKWARD[rng.random_range(0..AWKWARD.len())].to_owned()
    } else {
        Sentence(2..6).fake_with_rng(rng)
    }
}
