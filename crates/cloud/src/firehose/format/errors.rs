//! What lands under the error prefix: one JSON document a line for each record that failed
//! ("Handle failure in data transformation").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::Failure;

/// In the order in which AWS writes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    attempts_made: u32,
    arrival_timestamp: i64,
    error_code: &'a str,
    error_message: &'a str,
    attempt_ending_timestamp: i64,
    raw_data: String,
}

/// The line for a failed record. `arrived` and `ended`, its last attempt, are milliseconds since 1970.
pub(crate) fn error_line(failure: &Failure, attempts: u32, arrived: i64, ended: i64) -> Vec<u8> {
    let document = Document {
        attempts_made: attempts,
        arrival_timestamp: arrived,
        error_code: failure.code,
        error_message: &failure.message,
        attempt_ending_timestamp: ended,
        raw_data: STANDARD.encode(&failure.raw),
    };
    // Strings and numbers always serialize.
    let mut line = serde_json::to_vec(&document).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::super::Pipeline;
    use super::super::Processor;
    use super::*;

    #[test]
    fn a_line_has_awss_fields() {
        let parameters = [("MetadataExtractionQuery", "{a: .a}"), ("JsonParsingEngine", "JQ-1.6")];
        let parameters = parameters.map(|(n, v)| (n.to_string(), v.to_string())).to_vec();
        let pipeline = Pipeline::new(&[Processor { kind: "MetadataExtraction".into(), parameters }]).unwrap();
        let failure = pipeline.run(b"{}", &mut jq::Allowance::new(0)).remove(0).unwrap_err();
        assert_eq!(
            String::from_utf8(error_line(&failure, 1, 1000, 2000)).unwrap(),
            concat!(
                r#"{"attemptsMade":1,"arrivalTimestamp":1000,"errorCode":"DynamicPartitioning.MetadataExtractionFailed","#,
                r#""errorMessage":"partitionKeys values must not be null or empty","attemptEndingTimestamp":2000,"#,
                "\"rawData\":\"e30=\"}\n"
            )
        );
    }
}
