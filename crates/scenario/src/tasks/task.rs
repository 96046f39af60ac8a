//! What a task is: its kind, its token, and what is written about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// What is to be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// A picture's blocks in another order.
    Randomize,
    /// The sum of a text's even numbers.
    SumEven,
}

impl Kind {
    /// Its name, as in paths and keys.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Randomize => "randomize",
            Self::SumEven => "sum-even",
        }
    }

    /// The content type of its payload.
    pub(super) fn takes(self) -> &'static str {
        match self {
            Self::Randomize => "image/png",
            Self::SumEven => "text/plain",
        }
    }

    /// The content type of its result, as it is stored.
    pub(super) fn gives(self) -> &'static str {
        match self {
            Self::Randomize => "image/png",
            Self::SumEven => "application/json",
        }
    }
}

/// What a task is known by: 32 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^[0-9a-f]{32}$", example = "8d6c1e0f5a3b4c2d9e7f60718293a4b5")]
pub(super) struct Token(String);

impl Token {
    /// One that nobody can guess.
    pub(super) fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// The one of a request that its client may repeat: always the same for a tenant and its key.
    pub(super) fn of_key(kind: Kind, tenant: &str, key: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [kind.name(), tenant, key] {
            // With their lengths: "a" + "bc" is not "ab" + "c".
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hex::encode(&hash.finalize()[..16]))
    }

    /// What a client gave as one, if it can be one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (text.len() == 32 && text.as_bytes().iter().all(is_hex)).then(|| Self(text.to_owned()))
    }

    /// Its digits.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What its chances are drawn from: the same for each attempt.
    pub(super) fn seed(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

impl TryFrom<String> for Token {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| "a token is 32 hex digits".to_owned())
    }
}

/// The message that asks a worker for it. All else lies in the bucket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) task: Kind,
    pub(super) token: Token,
}

/// What is known of a task from its request on: the object `meta.json`, written once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) task: Kind,
    pub(super) token: Token,
    pub(super) tenant: String,
    /// The key of the payload.
    pub(super) payload: String,
    /// The payload's length in bytes.
    pub(super) length: u64,
    /// The payload's SHA-256 in hex, of a request that its client may repeat.
    pub(super) digest: Option<String>,
    #[serde(with = "moment")]
    pub(super) requested: Timestamp,
}

/// What is known from a worker's begin on: the object `state.json`, written at each attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    #[serde(with = "moment")]
    pub(super) received: Timestamp,
    pub(super) attempts: u32,
}

/// How it ended: the object `end.json`, written once. What it says is final.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct End {
    /// Why there is no result; there is one without it.
    pub(super) error: Option<String>,
    #[serde(with = "moment")]
    pub(super) requested: Timestamp,
    /// When its last attempt began.
    #[serde(with = "moment")]
    pub(super) received: Timestamp,
    #[serde(with = "moment")]
    pub(super) ended: Timestamp,
    pub(super) attempts: u32,
    /// How long the last attempt took.
    pub(super) execution_ms: f64,
    pub(super) trace: Option<String>,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// It waits for a worker.
    Requested,
    /// A worker is at it.
    Received,
    /// Its result is there.
    Finished,
    /// There won't be a result: `error` says why.
    Errored,
}

/// What a task's status says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(super) struct TaskStatus {
    pub(super) status: Status,
    pub(super) task: Kind,
    pub(super) token: Token,
    /// When it was asked for.
    #[schema(example = "2026-05-04T10:15:30.123456Z", format = DateTime)]
    pub(super) requested: String,
    /// When a worker began with it, at its last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub(super) received: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub(super) ended: Option<String>,
    /// How often a worker began with it.
    #[schema(example = 1)]
    pub(super) attempts: u32,
    /// How long it waited for its worker, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wait_ms: Option<f64>,
    /// How long it was worked on at its last attempt, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) execution_ms: Option<f64>,
    /// From the request to its end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lead_ms: Option<f64>,
    /// Why it has no result, if it is errored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "the PNG is broken: it ends too early")]
    pub(super) error: Option<String>,
}

impl TaskStatus {
    /// From what is written about a task.
    pub(super) fn of(meta: &Meta, state: Option<&State>, end: Option<&End>) -> Self {
        let received = end.map(|end| end.received).or(state.map(|state| state.received));
        Self {
            status: match (end, state) {
                (Some(End { error: Some(_), .. }), _) => Status::Errored,
                (Some(_), _) => Status::Finished,
                (None, Some(_)) => Status::Received,
                (None, None) => Status::Requested,
            },
            task: meta.task,
            token: meta.token.clone(),
            requested: meta.requested.to_string(),
            received: received.map(|at| at.to_string()),
            ended: end.map(|end| end.ended.to_string()),
            attempts: end.map(|end| end.attempts).or(state.map(|state| state.attempts)).unwrap_or(0),
            wait_ms: received.map(|at| ms_between(meta.requested, at)),
            execution_ms: end.map(|end| end.execution_ms),
            lead_ms: end.map(|end| ms_between(meta.requested, end.ended)),
            error: end.and_then(|end| end.error.clone()),
        }
    }
}

/// Moments as RFC 3339 writes them.
mod moment {
    use jiff::Timestamp;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Milliseconds from one moment to another, by the clocks of two machines: never below zero.
pub(super) fn ms_between(from: Timestamp, to: Timestamp) -> f64 {
    (to.duration_since(from).as_secs_f64() * 1_000.0).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_keys_are_told_apart() {
        let of = Token::of_key;
        let one = of(Kind::Randomize, "a", "bc");
        assert_eq!(one, of(Kind::Randomize, "a", "bc"));
        for other in [of(Kind::SumEven, "a", "bc"), of(Kind::Randomize, "ab", "c"), of(Kind::Randomize, "b", "bc")] {
            assert_ne!(one, other);
        }
        assert_eq!(Token::parse(one.as_str()), Some(one));
    }

    #[test]
    fn what_is_no_token() {
        for text in ["", "8D6C1E0F5A3B4C2D9E7F60718293A4B5", "../../../etc/passwd0000000000000", &"0".repeat(33)] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
        let wrong = serde_json::from_str::<Order>(r#"{"task":"randomize","token":"../x"}"#);
        assert!(wrong.unwrap_err().to_string().contains("32 hex digits"));
    }
}
