//! One request's parameters, in whatever protocol they came.

use serde::de::DeserializeSeed;
use serde::{Deserialize, Serialize};

use super::json::Json;
use super::{AwsError, Form, Names, json, query, xml};

/// How client and server talk in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Form parameters in, XML out.
    Query,
    /// Form parameters in, JSON out, as the client said.
    QueryJson,
    /// `application/x-amz-json-1.0`: SQS.
    Json10,
    /// `application/x-amz-json-1.1`: Firehose.
    Json11,
    /// S3: REST, answers in XML.
    Rest,
}

impl Protocol {
    /// The `Content-Type` of answers.
    pub fn content_type(self) -> &'static str {
        match self {
            Protocol::Query => "text/xml",
            Protocol::QueryJson => "application/json",
            Protocol::Rest => "application/xml",
            Protocol::Json10 => "application/x-amz-json-1.0",
            Protocol::Json11 => "application/x-amz-json-1.1",
        }
    }
}

/// The undecoded input of one operation, and what its answer needs.
#[derive(Debug)]
pub struct Payload<'b> {
    /// The operation's name.
    pub operation: &'static str,
    /// The parameters.
    pub source: Source<'b>,
    /// How the service's query protocol names things.
    pub names: Names,
    /// The XML namespace of the service.
    pub namespace: &'static str,
}

/// Parameters that are not decoded yet.
#[derive(Debug)]
pub enum Source<'b> {
    /// Of the query protocol.
    Form(Form),
    /// Of the query protocol, to be answered in JSON.
    Negotiated(Form),
    /// Of a JSON protocol.
    Json(Json<'b>),
}

impl Payload<'_> {
    /// Reads the operation's input; borrows strings from the request.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, AwsError> {
        match &self.source {
            Source::Form(form) | Source::Negotiated(form) => query::from_form(form, self.names),
            Source::Json(body) => body.read(),
        }
    }

    /// Looks at the parameters without making anything of them. `seed` is asked for again where they have to be read twice.
    ///
    /// # Errors
    /// The protocol's for what can't be read, and the seed's.
    pub fn look<'a, S: DeserializeSeed<'a>>(&'a self, seed: impl Fn() -> S) -> Result<S::Value, AwsError> {
        match &self.source {
            Source::Form(form) | Source::Negotiated(form) => query::look(form, self.names, seed),
            Source::Json(body) => body.look(seed),
        }
    }

    /// Writes the operation's output in the protocol that asked.
    pub fn encode<T: Serialize>(&self, output: &T, request_id: &str) -> Result<Vec<u8>, AwsError> {
        match &self.source {
            Source::Form(_) => xml::response(self.operation, self.namespace, self.names, request_id, output),
            Source::Negotiated(_) => json::response(self.operation, self.names, request_id, output),
            Source::Json(_) => json::to_vec(output),
        }
    }
}
