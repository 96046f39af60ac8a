//! An error as each protocol shows it.

use super::json::negotiated;
use super::xml::Writer;
use super::{AwsError, Fault, Names, Protocol};

/// The namespace of errors that AWS raises before a service is known.
pub const NO_SERVICE: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";

/// What an error's rendering needs to know of its service.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The protocol that the client speaks.
    pub protocol: Protocol,
    /// How the service's query protocol names things.
    pub names: Names,
    /// The service's XML namespace.
    pub namespace: &'static str,
    /// What stands before the code in JSON, e.g. `com.amazonaws.sqs#`.
    pub prefix: &'static str,
}

/// An error's body and the headers that go with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The HTTP status.
    pub status: u16,
    /// In the protocol's form.
    pub body: Vec<u8>,
    /// `x-amzn-query-error`: what the query protocol would call this, for clients that were written for it.
    pub query_error: Option<String>,
    /// `x-amzn-ErrorType`.
    pub error_type: Option<String>,
}

/// Renders an error.
pub fn render(error: &AwsError, style: Style, request_id: &str) -> Rendered {
    match style.protocol {
        Protocol::Query => without_headers(error.status, to_xml(error, style, request_id)),
        Protocol::QueryJson => without_headers(error.status, negotiated::error(error, request_id)),
        Protocol::Rest => without_headers(error.status, to_rest_xml(error, request_id)),
        Protocol::Json10 | Protocol::Json11 => {
            let flat = style.names == Names::Flat;
            let fault = fault_name(error);
            Rendered {
                status: error.status,
                body: to_json(error, style),
                query_error: error.query_code.as_ref().filter(|_| flat).map(|code| format!("{code};{fault}")),
                error_type: Some(error.code.to_string()).filter(|_| !flat),
            }
        }
    }
}

fn without_headers(status: u16, body: Vec<u8>) -> Rendered {
    Rendered { status, body, query_error: None, error_type: None }
}

fn fault_name(error: &AwsError) -> &'static str {
    match error.fault {
        Fault::Sender => "Sender",
        Fault::Receiver => "Receiver",
    }
}

/// Errors that AWS's framework raises, not the service.
fn is_of_framework(code: &str) -> bool {
    matches!(
        code,
        "SerializationException"
            | "UnknownOperationException"
            | "InternalFailure"
            | "InvalidClientTokenId"
            | "MissingAuthenticationToken"
            | "IncompleteSignature"
            | "SignatureDoesNotMatch"
            | "RequestExpired"
    )
}

fn to_json(error: &AwsError, style: Style) -> Vec<u8> {
    let prefix = match style.prefix {
        "" => "",
        _ if is_of_framework(&error.code) => "com.amazon.coral.service#",
        prefix => prefix,
    };
    let kind = format!("{prefix}{}", error.code);
    // `UnknownOperationException` is the one error that AWS gives without a message when there is nothing to say.
    let body = match error.message.as_str() {
        "" => serde_json::json!({ "__type": kind }),
        message => serde_json::json!({ "__type": kind, "message": message }),
    };
    body.to_string().into_bytes()
}

fn to_xml(error: &AwsError, style: Style, request_id: &str) -> Vec<u8> {
    let code = error.query_code.as_ref().unwrap_or(&error.code);
    let namespace = if code == "InvalidAction" && style.names == Names::Wrapped { NO_SERVICE } else { style.namespace };
    let (prolog, detail) = match style.names {
        Names::Flat => ("<?xml version=\"1.0\"?>", "<Detail/>"),
        Names::Wrapped => ("", ""),
    };
    let mut xml = Writer::with_capacity(512);
    for part in [prolog, "<ErrorResponse xmlns=\"", namespace, "\"><Error>"] {
        xml.raw(part);
    }
    xml.element("Type", fault_name(error));
    xml.element("Code", code);
    xml.element("Message", &error.message);
    xml.raw(detail);
    xml.close("Error");
    xml.element("RequestId", request_id);
    xml.close("ErrorResponse");
    xml.into_bytes()
}

/// As S3 has it.
fn to_rest_xml(error: &AwsError, request_id: &str) -> Vec<u8> {
    let mut xml = Writer::with_capacity(512);
    xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.open("Error");
    xml.element("Code", &error.code);
    xml.element("Message", &error.message);
    xml.element("RequestId", request_id);
    xml.close("Error");
    xml.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQS: Style = Style {
        protocol: Protocol::Json10,
        names: Names::Flat,
        namespace: "http://queue.amazonaws.com/doc/2012-11-05/",
        prefix: "com.amazonaws.sqs#",
    };

    fn missing_queue() -> AwsError {
        AwsError::bad("QueueDoesNotExist", "No \"q\" & no <q>.").query_code("AWS.SimpleQueueService.NonExistentQueue")
    }

    #[test]
    fn sqs_names_its_errors_in_both_protocols() {
        let rendered = render(&missing_queue(), SQS, "id");
        assert_eq!(rendered.query_error.as_deref(), Some("AWS.SimpleQueueService.NonExistentQueue;Sender"));
        assert_eq!(
            String::from_utf8(rendered.body).unwrap(),
            r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"No \"q\" & no <q>."}"#
        );
        let rendered = render(&missing_queue(), Style { protocol: Protocol::Query, ..SQS }, "id");
        assert_eq!(
            String::from_utf8(rendered.body).unwrap(),
            "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error>\
             <Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>\
             <Message>No &quot;q&quot; &amp; no &lt;q&gt;.</Message><Detail/></Error><RequestId>id</RequestId>\
             </ErrorResponse>"
        );
    }

    #[test]
    fn framework_errors_have_the_frameworks_prefix() {
        let error = AwsError::bad("SerializationException", "x");
        let body = String::from_utf8(render(&error, SQS, "id").body).unwrap();
        assert_eq!(body, r#"{"__type":"com.amazon.coral.service#SerializationException","message":"x"}"#);
        let firehose = Style { prefix: "", names: Names::Wrapped, protocol: Protocol::Json11, ..SQS };
        let rendered = render(&error, firehose, "id");
        assert_eq!(String::from_utf8(rendered.body).unwrap(), r#"{"__type":"SerializationException","message":"x"}"#);
        assert_eq!(rendered.error_type.as_deref(), Some("SerializationException"));
    }
}
