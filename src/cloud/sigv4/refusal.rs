//! Why a request's signature is refused, and how each family of services says it.
//! Source: "Common error types" of each API reference; S3's "Error responses".

use crate::cloud::gateway::Service;
use crate::cloud::wire::AwsError;

/// Services that refuse in the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// XML's services, by name.
    Query(Option<Service>),
    /// Firehose, and SQS in JSON.
    Json(Service),
    S3,
}

impl Family {
    /// The service that the credential scope must name.
    pub fn service(self) -> Option<&'static str> {
        match self {
            Family::Query(service) => service.map(Service::id),
            Family::Json(service) => Some(service.id()),
            Family::S3 => Some("s3"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not signed at all.
    Missing,
    /// An algorithm other than AWS4-HMAC-SHA256.
    Algorithm(String),
    /// Parts of the signature are missing or malformed.
    Incomplete(String),
    PresignedWithout(&'static str),
    Expires(&'static str),
    UnknownKey,
    WrongToken,
    /// A session that has ended.
    ExpiredToken,
    /// Too old or from the future, in words.
    Skewed(String),
    /// A presigned request that has expired.
    Expired,
    /// The credential scope is wrong, in words.
    Scope(String),
    UnsignedHeaders,
    NoContentHash,
    Mismatch,
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
        match self {
            Refusal::Missing => {
                (403, "MissingAuthenticationToken", "Request is missing Authentication Token".to_owned())
            }
            Refusal::Algorithm(algorithm) => (
                400,
                "IncompleteSignature",
                format!("Unsupported algorithm '{}': use AWS4-HMAC-SHA256.", algorithm.escape_debug()),
            ),
            Refusal::Incomplete(message) => (400, "IncompleteSignature", message),
            Refusal::PresignedWithout(name) => {
                (400, "IncompleteSignature", format!("AWS query-string parameters must include '{name}'."))
            }
            Refusal::Expires(message) => (400, "IncompleteSignature", message.to_owned()),
            Refusal::UnknownKey | Refusal::WrongToken => {
                (403, "InvalidClientTokenId", "The security token included in the request is invalid.".to_owned())
            }
            Refusal::ExpiredToken => {
                (403, "ExpiredToken", "The security token included in the request is expired".to_owned())
            }
            Refusal::Skewed(message) | Refusal::Scope(message) => (403, "SignatureDoesNotMatch", message),
            Refusal::Expired => (400, "RequestExpired", "Request has expired.".to_owned()),
            Refusal::UnsignedHeaders | Refusal::NoContentHash | Refusal::Mismatch => (
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details."
                    .to_owned(),
            ),
        }
    }

    fn of_s3(self) -> AwsError {
        match self {
            Refusal::Missing => AwsError::new(403, "AccessDenied", "Access Denied"),
            Refusal::Algorithm(_) => AwsError::bad(
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
            ),
            Refusal::Incomplete(message) | Refusal::Scope(message) => {
                AwsError::bad("AuthorizationHeaderMalformed", message)
            }
            Refusal::PresignedWithout(_) => AwsError::bad(
                "AuthorizationQueryParametersError",
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
                 X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            ),
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
            Refusal::Expired => AwsError::new(403, "AccessDenied", "Request has expired"),
            Refusal::UnsignedHeaders => {
                AwsError::new(403, "AccessDenied", "There were headers present in the request which were not signed")
            }
            Refusal::NoContentHash => {
                AwsError::bad("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
            }
            Refusal::Mismatch => AwsError::new(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and signing \
                 method.",
            ),
        }
    }
}
