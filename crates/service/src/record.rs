//! What a service says while it runs.

use std::sync::Arc;

use serde_json::Value;

/// Something that a service says: a line for people, an object for programs.
#[derive(Debug, Clone)]
pub struct Record {
    /// For people; nothing where only programs are meant, as with a metric.
    pub text: Option<String>,
    /// For programs: an object. What isn't in a format of its own has the member `record`, which says what it is.
    pub json: Value,
}

impl Record {
    /// Of a kind, as `access` or `job`: `json` is an object, which gets the member `record`.
    pub fn new(kind: &str, text: impl Into<String>, json: Value) -> Self {
        let mut all = serde_json::Map::new();
        all.insert("record".into(), kind.into());
        if let Value::Object(members) = json {
            all.extend(members);
        }
        Self { text: Some(text.into()), json: Value::Object(all) }
    }

    /// A sentence.
    pub fn note(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new("note", text.clone(), serde_json::json!({ "text": text }))
    }
}

/// Hears of what a service says; called from many threads, and must not wait.
#[derive(Clone)]
pub struct Tell(Arc<dyn Fn(Record) + Send + Sync>);

impl Tell {
    /// Tells `hear` of everything.
    pub fn new(hear: impl Fn(Record) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// Nobody listens.
    pub fn nobody() -> Self {
        Self::new(|_| {})
    }

    /// Says it.
    pub fn tell(&self, record: Record) {
        (self.0)(record);
    }
}

impl std::fmt::Debug for Tell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tell")
    }
}
