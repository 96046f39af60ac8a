//! Which web pages of other origins may use a bucket: PutBucketCors and its like.
//!
//! Source: "Using cross-origin resource sharing (CORS)" (Amazon S3 User Guide), "PutBucketCors" (API reference).

use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::Bucket;

/// The most rules of a bucket ("Elements of a CORS configuration").
const MAX_RULES: usize = 100;
/// Characters of a rule's ID ("CORSRule", API reference).
const MAX_ID: usize = 255;
/// "PutBucketCors" (API reference): the document is limited to 64 KB.
const MAX_BYTES: usize = 64 << 10;
const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];

/// Refuses what S3 doesn't take as a CORS configuration.
pub(super) fn check(configuration: &CORSConfiguration) -> Result<()> {
    let rules = &configuration.cors_rules;
    if rules.is_empty() {
        return Err(Failure::malformed_xml());
    }
    if rules.len() > MAX_RULES {
        let message = format!("The number of CORS rules should not exceed allowed limit of {MAX_RULES} rules.");
        return Err(Failure::invalid_request(message));
    }
    rules.iter().try_for_each(check_rule)?;
    if rules.iter().map(size).sum::<usize>() > MAX_BYTES {
        return Err(Failure::new(400, "MaxMessageLengthExceeded", "Your request was too big.")
            .with("MaxMessageLengthBytes", MAX_BYTES.to_string()));
    }
    Ok(())
}

/// Bytes of a rule's texts.
fn size(rule: &CORSRule) -> usize {
    let lists = [rule.allowed_headers.as_ref(), rule.expose_headers.as_ref()].into_iter().flatten();
    let texts = lists.chain([&rule.allowed_methods, &rule.allowed_origins]).flatten();
    texts.chain(&rule.id).map(String::len).sum()
}

fn check_rule(rule: &CORSRule) -> Result<()> {
    if rule.id.as_ref().is_some_and(|id| id.chars().count() > MAX_ID) {
        return Err(Failure::invalid_request(format!("The ID of a CORS rule must not be longer than {MAX_ID}.")));
    }
    if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
        return Err(Failure::malformed_xml());
    }
    if let Some(method) = rule.allowed_methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
        let message = format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}");
        return Err(Failure::invalid_request(message));
    }
    let one_wildcard = |what: &str, texts: &[String]| match texts.iter().find(|text| text.matches('*').count() > 1) {
        Some(text) => Err(Failure::invalid_request(format!("{what} \"{text}\" can not have more than one wildcard."))),
        None => Ok(()),
    };
    one_wildcard("AllowedOrigin", &rule.allowed_origins)?;
    one_wildcard("AllowedHeader", rule.allowed_headers.as_deref().unwrap_or_default())?;
    match rule.expose_headers.iter().flatten().find(|header| header.contains('*')) {
        Some(header) => Err(Failure::invalid_request(format!(
            "ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
        ))),
        None => Ok(()),
    }
}

/// The CORS configuration of a bucket.
///
/// # Errors
/// `NoSuchCORSConfiguration` without.
pub(super) fn read(bucket: Bucket) -> Result<GetBucketCorsOutput> {
    let Some(configuration) = bucket.cors else {
        let message = "The CORS configuration does not exist";
        return Err(Failure::new(404, "NoSuchCORSConfiguration", message).with("BucketName", bucket.name));
    };
    Ok(GetBucketCorsOutput { cors_rules: Some(configuration.cors_rules) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations() {
        let rule = |methods: &[&str], origins: &[&str]| CORSRule {
            allowed_methods: methods.iter().map(|text| (*text).to_owned()).collect(),
            allowed_origins: origins.iter().map(|text| (*text).to_owned()).collect(),
            ..Default::default()
        };
        let good = rule(&["GET", "HEAD"], &["https://*.shop.example", "*"]);
        let header = |name: &str| Some(vec![name.to_owned()]);
        let table = [
            (vec![good.clone()], None),
            (vec![good.clone(); 100], None),
            (vec![good.clone(); 101], Some("should not exceed allowed limit of 100 rules")),
            (vec![], Some("not well-formed")),
            (vec![rule(&[], &["*"])], Some("not well-formed")),
            (vec![rule(&["GET"], &[])], Some("not well-formed")),
            (vec![rule(&["PATCH"], &["*"])], Some("Unsupported method is PATCH")),
            (vec![rule(&["get"], &["*"])], Some("Unsupported method is get")),
            (vec![rule(&["GET"], &["*.*"])], Some("AllowedOrigin \"*.*\" can not have more than one wildcard.")),
            (vec![CORSRule { allowed_headers: header("*-*"), ..good.clone() }], Some("AllowedHeader \"*-*\"")),
            (vec![CORSRule { expose_headers: header("x-*"), ..good }], Some("ExposeHeader \"x-*\" contains wildcard")),
        ];
        for (cors_rules, expected) in table {
            let refused = check(&CORSConfiguration { cors_rules }).err().map(|failure| failure.message);
            match expected {
                Some(text) => assert!(refused.as_deref().is_some_and(|got| got.contains(text)), "{refused:?} {text}"),
                None => assert_eq!(refused, None),
            }
        }
    }
}
