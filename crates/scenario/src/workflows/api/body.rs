//! Bodies of requests: JSON objects whose members are known, each of them once.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use service::http::Problem;

use super::refusal::Refusal;
use super::{Api, MAX_BODY};
use crate::workflows::memory::Held;

/// As values a body takes several times its bytes.
const GROWTH: usize = 4;

/// A body as it was sent.
pub(super) struct Sent {
    pub bytes: Bytes,
    /// The memory that it takes until it is written.
    pub held: Held,
}

impl FromRequest<Arc<Api>> for Sent {
    type Rejection = Refusal;

    async fn from_request(request: Request, api: &Arc<Api>) -> Result<Self, Refusal> {
        // One whose length isn't told may be as large as they come, and one that is too large is refused before it is read.
        let told = request.headers().get(CONTENT_LENGTH).and_then(|told| told.to_str().ok());
        let most = told.and_then(|told| told.parse::<usize>().ok());
        let most = most.unwrap_or(MAX_BODY).min(MAX_BODY);
        let mut held = api.memory.bodies.take(most * GROWTH).await.ok_or_else(Refusal::busy)?;
        let bytes = Bytes::from_request(request, api).await.map_err(|error| Refusal::from(error.into_response()))?;
        held.shrink(bytes.len() * GROWTH);
        Ok(Self { bytes, held })
    }
}

/// A body's members, taken out one by one.
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// Reads a body, whose content type must be JSON: a page of another site can't send that without asking.
    pub(super) fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Self, Refusal> {
        if !is_json(headers) {
            let detail = "The body's Content-Type must be application/json.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).into());
        }
        let Once(value) = serde_json::from_slice(bytes).map_err(|error| match error.is_data() {
            true => Refusal::unprocessable(format!("The body says two things: {error}.")),
            false => Refusal::bad_request(format!("The body can't be read as JSON: {error}.")),
        })?;
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(Refusal::unprocessable("The body must be a JSON object.")),
        }
    }

    /// Takes a member out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name)
    }

    /// Nothing else may be there: a misspelt member would be lost silently.
    pub(super) fn end(self) -> Result<(), Refusal> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                let name = short(name);
                Err(Refusal::unprocessable(format!("The body has a member {name:?}, which means nothing here.")))
            }
        }
    }
}

/// Any JSON in which no object has two members of the same name: of two readers one would see the first, another the last.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(Once(element)) = from.next_element()? {
            elements.push(element);
        }
        Ok(elements.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the member {:?} stands twice in an object", short(&name))));
            }
            let Once(value) = from.next_value()?;
            members.insert(name, value);
        }
        Ok(members.into())
    }
}

/// As much of a name as is repeated.
fn short(name: &str) -> String {
    name.chars().take(60).collect()
}

/// Whether the content type is `application/json` or another one of JSON's.
fn is_json(headers: &HeaderMap) -> bool {
    let content = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The last one won, silently: `{"status":"consumed",...,"status":"inserted"}` was queued.
    #[test]
    fn a_member_that_stands_twice_is_refused_by_its_name() {
        for text in [
            r#"{"status":"consumed","data":1,"status":"inserted"}"#,
            r#"{"data":[{"a":{"status":1,"b":2,"st\u0061tus":1}}]}"#,
        ] {
            let error = serde_json::from_str::<Once>(text).err().unwrap();
            assert!(error.is_data() && error.to_string().contains("\"status\""), "{error}");
        }
        assert!(serde_json::from_str::<Once>("{\"a\":").err().unwrap().is_eof());
    }

    #[test]
    fn everything_else_is_read_as_it_is() {
        let text = r#"{"z":[null,true,-1,18446744073709551615,1e300,0.1,"ä\n",{}],"a":{"z":[],"a":{"z":1}}}"#;
        let Once(read) = serde_json::from_str(text).unwrap();
        assert_eq!(read, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(read.as_object().unwrap().keys().collect::<Vec<_>>(), ["z", "a"]);
        assert!(serde_json::from_str::<Once>(&"[".repeat(200)).is_err());
    }
}
