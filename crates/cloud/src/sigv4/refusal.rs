//! Why a request's signature is refused, and how each family of services says it.
//! Source: "Common error types" of each API reference; S3's "Error responses".

use super::{Scheme, time};
use crate::request::Service;
use wire::AwsError;

/// Services that refuse in the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// XML's services, by name.
    Query(Option<&'static Service>),
    /// Firehose, and SQS in JSON.
    Json(&'static Service),
    S3,
}

impl Family {
    /// The service that the credential scope must name.
    pub fn service(self) -> Option<&'static str> {
        match self {
            Family::Query(service) => service.map(|service| service.id),
            Family::Json(service) => Some(service.id),
            Family::S3 => Some("s3"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not signed at all.
    Missing,
    /// A part of the signature, or a header that belongs to it, is there twice.
    Twice(Scheme, &'static str),
    /// More signed headers than a request can have.
    TooManyHeaders(Scheme),
    /// Two signatures in one request; with the `Authorization` header, if that is one of them.
    TwoWays(String),
    /// An algorithm other than AWS4-HMAC-SHA256; `AWS` is version 2.
    Algorithm(Scheme, String),
    /// Parts of the signature are missing or malformed.
    Incomplete(String),
    /// A part of the signature is missing in a query or a form, by its name after `X-Amz-`.
    PresignedWithout(&'static str),
    FormWithout(&'static str),
    /// A credential that hasn't five parts.
    Credential(Scheme, String),
    Expires(&'static str),
    UnknownKey,
    WrongToken,
    /// A session that has ended.
    ExpiredToken,
    /// Too old or from the future, in words.
    Skewed(String),
    /// A presigned request after its end; `life` is in seconds, the others in milliseconds.
    Expired {
        life: u64,
        end: u64,
        now: u64,
    },
    /// The credential scope is wrong.
    Scope(Scheme, Wrong),
    /// Headers that had to be signed, by their names.
    UnsignedHeaders(String),
    NoContentHash,
    Mismatch(Box<Compared>),
}

/// What is wrong in a credential scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    Terminator(String),
    Service { given: String, expected: &'static str },
    Region(String),
    Day { day: String, date: String },
}

/// A signature that isn't the right one, and what the right one would have been made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    pub access_key: String,
    pub signature: String,
    pub to_sign: String,
    /// Empty where a policy is signed.
    pub canonical: String,
}

impl Refusal {
    pub fn error(self, family: Family) -> AwsError {
        match family {
            Family::S3 => self.of_s3(),
            Family::Query(_) => self.of_query(),
            Family::Json(_) => self.of_json(),
        }
    }

    fn of_query(self) -> AwsError {
        let (status, code, message) = self.plain();
        AwsError::new(status, code, message)
    }

    /// JSON's services have other codes; SQS shows the query protocol's beside them.
    fn of_json(self) -> AwsError {
        let (_, query, message) = self.plain();
        let code = match query {
            "MissingAuthenticationToken" => "MissingAuthenticationTokenException",
            "IncompleteSignature" => "IncompleteSignatureException",
            "InvalidClientTokenId" => "UnrecognizedClientException",
            "RequestExpired" => "RequestExpired",
            "ExpiredToken" => "ExpiredTokenException",
            _ => "InvalidSignatureException",
        };
        AwsError::bad(code, message).query_code(query)
    }

    fn plain(self) -> (u16, &'static str, String) {
        let incomplete = |message: String| (400, "IncompleteSignature", message);
        match self {
            Refusal::Missing => {
                (403, "MissingAuthenticationToken", "Request is missing Authentication Token".to_owned())
            }
            Refusal::Twice(_, name) => incomplete(format!("'{name}' is given more than once.")),
            Refusal::TooManyHeaders(_) => incomplete("SignedHeaders names too many headers.".to_owned()),
            Refusal::TwoWays(_) => incomplete(
                "Only one of the Authorization header and a signature in the query string may be given.".into(),
            ),
            Refusal::Algorithm(_, algorithm) => {
                incomplete(format!("Unsupported algorithm '{}': use AWS4-HMAC-SHA256.", algorithm.escape_debug()))
            }
            Refusal::Incomplete(message) => incomplete(message),
            Refusal::PresignedWithout(name) | Refusal::FormWithout(name) => {
                incomplete(format!("AWS query-string parameters must include 'X-Amz-{name}'."))
            }
            Refusal::Credential(_, given) => incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{given}'"
            )),
            Refusal::Expires(message) => incomplete(message.to_owned()),
            Refusal::UnknownKey | Refusal::WrongToken => {
                (403, "InvalidClientTokenId", "The security token included in the request is invalid.".to_owned())
            }
            Refusal::ExpiredToken => {
                (403, "ExpiredToken", "The security token included in the request is expired".to_owned())
            }
            Refusal::Skewed(message) => (403, "SignatureDoesNotMatch", message),
            Refusal::Scope(_, wrong) => (403, "SignatureDoesNotMatch", wrong.plain()),
            Refusal::Expired { .. } => (400, "RequestExpired", "Request has expired.".to_owned()),
            Refusal::UnsignedHeaders(names) => (
                403,
                "SignatureDoesNotMatch",
                format!("There were headers present in the request which were not signed: {names}"),
            ),
            Refusal::NoContentHash | Refusal::Mismatch(_) => (
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details."
                    .to_owned(),
            ),
        }
    }

    fn of_s3(self) -> AwsError {
        let denied = |message: &'static str| AwsError::new(403, "AccessDenied", message);
        match self {
            Refusal::Missing => denied("Access Denied"),
            Refusal::Twice(scheme, name) => malformed(scheme, &format!("{name} is given more than once.")),
            Refusal::TooManyHeaders(scheme) => malformed(scheme, "SignedHeaders names too many headers."),
            Refusal::TwoWays(given) => argument(
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
                 parameter or the Authorization header should be specified",
                "Authorization",
                given,
            ),
            Refusal::Algorithm(scheme, algorithm) => unsupported(scheme, algorithm),
            Refusal::Incomplete(message) => AwsError::bad("AuthorizationHeaderMalformed", message),
            Refusal::PresignedWithout(_) => AwsError::bad(
                "AuthorizationQueryParametersError",
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
                 X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            ),
            Refusal::FormWithout(name) => {
                let text = "If it is specified, please check the order of the fields.";
                let name = format!("X-Amz-{name}");
                argument(format!("Bucket POST must contain a field named '{name}'.  {text}"), &name, String::new())
            }
            Refusal::Credential(scheme, _) => malformed(
                scheme,
                "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
            ),
            Refusal::Scope(scheme, wrong) => wrong.of_s3(scheme),
            Refusal::Expires(message) => AwsError::bad("AuthorizationQueryParametersError", message),
            Refusal::UnknownKey => AwsError::new(
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            ),
            Refusal::WrongToken => {
                AwsError::bad("InvalidToken", "The provided token is malformed or otherwise invalid.")
            }
            Refusal::ExpiredToken => AwsError::bad("ExpiredToken", "The provided token has expired."),
            Refusal::Skewed(_) => AwsError::new(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            Refusal::Expired { life, end, now } => denied("Request has expired")
                .with("X-Amz-Expires", life.to_string())
                .with("Expires", time::iso(end))
                .with("ServerTime", time::iso(now)),
            Refusal::UnsignedHeaders(names) => {
                denied("There were headers present in the request which were not signed")
                    .with("HeadersNotSigned", names)
            }
            Refusal::NoContentHash => {
                AwsError::bad("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
            }
            Refusal::Mismatch(compared) => compared.of_s3(),
        }
    }
}

/// S3's refusal of a credential; `what` is what is wrong with it.
fn malformed(scheme: Scheme, what: &str) -> AwsError {
    match scheme {
        Scheme::Header => {
            AwsError::bad("AuthorizationHeaderMalformed", format!("The authorization header is malformed; {what}"))
        }
        Scheme::Query => AwsError::bad(
            "AuthorizationQueryParametersError",
            format!("Error parsing the X-Amz-Credential parameter; {what}"),
        ),
        Scheme::Form => AwsError::bad("InvalidArgument", format!("Error parsing the X-Amz-Credential field; {what}")),
    }
}

fn argument(message: impl Into<String>, name: &str, value: String) -> AwsError {
    AwsError::bad("InvalidArgument", message).with("ArgumentName", name).with("ArgumentValue", value)
}

/// S3's refusal of a way to sign that isn't version 4.
fn unsupported(scheme: Scheme, algorithm: String) -> AwsError {
    match (scheme, algorithm.as_str()) {
        // What regions say that are younger than 2014; here it is said in all.
        (_, "AWS") => AwsError::bad(
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        ),
        (Scheme::Header, _) => argument("Unsupported Authorization Type", "Authorization", algorithm),
        (Scheme::Query | Scheme::Form, _) => AwsError::bad(
            "AuthorizationQueryParametersError",
            "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"",
        ),
    }
}

impl Wrong {
    fn plain(&self) -> String {
        match self {
            Wrong::Terminator(given) => {
                let given = given.escape_debug();
                format!("Credential should be scoped with a valid terminator: 'aws4_request', not '{given}'.")
            }
            Wrong::Service { expected, .. } => {
                format!("Credential should be scoped to correct service: '{expected}'.")
            }
            Wrong::Region(given) => {
                format!("Credential should be scoped to a valid region, not '{}'. ", given.escape_debug())
            }
            Wrong::Day { day, date } => format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', \
                 from '{date}'.",
                day.escape_debug(),
                date.get(..8).unwrap_or_default(),
            ),
        }
    }

    fn of_s3(self, scheme: Scheme) -> AwsError {
        match self {
            Wrong::Terminator(given) => {
                malformed(scheme, &format!("incorrect terminal \"{given}\". This endpoint uses \"aws4_request\"."))
            }
            Wrong::Service { given, expected } => {
                malformed(scheme, &format!("incorrect service \"{given}\". This endpoint belongs to \"{expected}\"."))
            }
            Wrong::Region(given) => malformed(scheme, &format!("the region '{given}' is wrong; expecting 'us-east-1'"))
                .with("Region", "us-east-1"),
            Wrong::Day { day, date } => {
                let date = date.get(..8).unwrap_or_default();
                let text =
                    format!("Invalid credential date \"{day}\". This date is not the same as X-Amz-Date: \"{date}\".");
                malformed(scheme, &text)
            }
        }
    }
}

/// The longest text that a refusal shows of what was signed, in bytes; as hexadecimals it is three times as long. The head of
/// a request to S3 is at most 8 KB ("Uploading objects", Amazon S3 user guide).
const MAX_SHOWN: usize = 16 * 1024;

impl Compared {
    /// With all that a client needs to find its mistake ("SignatureDoesNotMatch", Amazon S3 user guide), but for what no
    /// client of AWS signs.
    fn of_s3(self) -> AwsError {
        let bytes = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let error = AwsError::new(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing \
             method.",
        );
        let mut error = error.with("AWSAccessKeyId", self.access_key).with("SignatureProvided", self.signature);
        let made = [
            ("StringToSignBytes", "StringToSign", self.to_sign),
            ("CanonicalRequestBytes", "CanonicalRequest", self.canonical),
        ];
        for (in_bytes, name, text) in made {
            if (1..=MAX_SHOWN).contains(&text.len()) {
                error = error.with(in_bytes, bytes(&text)).with(name, text);
            }
        }
        error
    }
}
