//! How a bucket is served as a web site: PutBucketWebsite and its like.
//!
//! Source: "PutBucketWebsite" (API reference), "Hosting a static website using Amazon S3" (User Guide).

use s3s::dto::*;

use super::error::{Failure, Result};
use super::record::Bucket;

/// The most routing rules ("PutBucketWebsite").
const MAX_RULES: usize = 50;
/// Bytes of a key ("Naming Amazon S3 objects").
const MAX_KEY: usize = 1_024;

/// Refuses what S3 doesn't take as a website configuration.
pub(super) fn check(site: &WebsiteConfiguration) -> Result<()> {
    if let Some(all) = &site.redirect_all_requests_to {
        if site.index_document.is_some() || site.error_document.is_some() || site.routing_rules.is_some() {
            let message = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.";
            return Err(Failure::invalid_argument(message, "RedirectAllRequestsTo", "not null"));
        }
        check_text("HostName", Some(&all.host_name))?;
        return check_protocol(all.protocol.as_ref());
    }
    let Some(index) = &site.index_document else {
        let message = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
        return Err(Failure::invalid_argument(message, "IndexDocument", "null"));
    };
    if index.suffix.is_empty() || index.suffix.len() > MAX_KEY || index.suffix.contains('/') {
        let message = "The IndexDocument Suffix is not well formed";
        return Err(Failure::invalid_argument(message, "IndexDocument", index.suffix.clone()));
    }
    if site.error_document.as_ref().is_some_and(|document| document.key.is_empty() || document.key.len() > MAX_KEY) {
        let message = "The ErrorDocument Key is not well formed";
        return Err(Failure::invalid_argument(message, "ErrorDocument", ""));
    }
    let Some(rules) = &site.routing_rules else { return Ok(()) };
    if rules.is_empty() {
        return Err(Failure::malformed_xml());
    }
    if rules.len() > MAX_RULES {
        return Err(Failure::invalid_request(format!(
            "{} routing rules provided, the number of routing rules in a website configuration is limited to {MAX_RULES}.",
            rules.len()
        )));
    }
    rules.iter().try_for_each(check_rule)
}

fn check_rule(rule: &RoutingRule) -> Result<()> {
    let redirect = &rule.redirect;
    if *redirect == Redirect::default() {
        return Err(Failure::malformed_xml());
    }
    check_protocol(redirect.protocol.as_ref())?;
    check_text("HostName", redirect.host_name.as_ref())?;
    check_text("ReplaceKeyPrefixWith", redirect.replace_key_prefix_with.as_ref())?;
    check_text("ReplaceKeyWith", redirect.replace_key_with.as_ref())?;
    check_text("KeyPrefixEquals", rule.condition.as_ref().and_then(|condition| condition.key_prefix_equals.as_ref()))?;
    if redirect.replace_key_prefix_with.is_some() && redirect.replace_key_with.is_some() {
        return Err(Failure::invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both."));
    }
    let number = |code: &str| code.parse::<u16>().ok();
    if let Some(code) = &redirect.http_redirect_code
        && !number(code).is_some_and(|code| (301..400).contains(&code))
    {
        return Err(Failure::invalid_request(format!(
            "The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300."
        )));
    }
    let Some(condition) = &rule.condition else { return Ok(()) };
    if condition.key_prefix_equals.is_none() && condition.http_error_code_returned_equals.is_none() {
        return Err(Failure::invalid_request(
            "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be \
             present.",
        ));
    }
    match &condition.http_error_code_returned_equals {
        Some(code) if !number(code).is_some_and(|code| (400..600).contains(&code)) => Err(Failure::invalid_request(
            format!("The provided HTTP error code ({code}) is not valid. Valid codes are 4XX or 5XX."),
        )),
        _ => Ok(()),
    }
}

/// No key, and so no part of one, is longer.
fn check_text(name: &str, text: Option<&String>) -> Result<()> {
    match text.is_some_and(|text| text.len() > MAX_KEY) {
        true => Err(Failure::invalid_request(format!("{name} exceeds the maximum allowed length of {MAX_KEY}"))),
        false => Ok(()),
    }
}

fn check_protocol(protocol: Option<&Protocol>) -> Result<()> {
    match protocol.map(Protocol::as_str) {
        None | Some("http" | "https") => Ok(()),
        Some(_) => Err(Failure::invalid_request(
            "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
        )),
    }
}

/// What S3 says of a bucket that is no web site.
pub(super) fn no_website(bucket: &str) -> Failure {
    let message = "The specified bucket does not have a website configuration";
    Failure::new(404, "NoSuchWebsiteConfiguration", message).with("BucketName", bucket)
}

/// The website configuration of a bucket.
///
/// # Errors
/// `NoSuchWebsiteConfiguration` without.
pub(super) fn read(bucket: Bucket) -> Result<GetBucketWebsiteOutput> {
    let site = bucket.website.ok_or_else(|| no_website(&bucket.name))?;
    Ok(GetBucketWebsiteOutput {
        error_document: site.error_document,
        index_document: site.index_document,
        redirect_all_requests_to: site.redirect_all_requests_to,
        routing_rules: site.routing_rules,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(suffix: &str, rules: Option<Vec<RoutingRule>>) -> WebsiteConfiguration {
        WebsiteConfiguration {
            index_document: Some(IndexDocument { suffix: suffix.into() }),
            routing_rules: rules,
            ..Default::default()
        }
    }

    #[test]
    fn configurations() {
        let to = |code: &str| Redirect { http_redirect_code: Some(code.into()), ..Default::default() };
        let rule = |redirect: Redirect| Some(vec![RoutingRule { condition: None, redirect }]);
        let both = Redirect {
            replace_key_prefix_with: Some("a".into()),
            replace_key_with: Some("b".into()),
            ..Default::default()
        };
        let on = |code: Option<&str>| {
            let condition =
                Condition { http_error_code_returned_equals: code.map(Into::into), key_prefix_equals: None };
            Some(vec![RoutingRule { condition: Some(condition), redirect: to("302") }])
        };
        let all = |protocol: &'static str| {
            let protocol = Some(Protocol::from_static(protocol));
            Some(RedirectAllRequestsTo { host_name: "shop.example".into(), protocol })
        };
        let redirecting = |to, base| WebsiteConfiguration { redirect_all_requests_to: to, ..base };
        let table = [
            (site("index.html", None), None),
            (site("index.html", rule(to("302"))), None),
            (site("index.html", on(Some("404"))), None),
            (redirecting(all("https"), WebsiteConfiguration::default()), None),
            (WebsiteConfiguration::default(), Some("IndexDocument Suffix must be provided")),
            (site("a/b", None), Some("Suffix is not well formed")),
            (site("", None), Some("Suffix is not well formed")),
            (redirecting(all("http"), site("i", None)), Some("in conjunction with other Routing Rules")),
            (redirecting(all("ftp"), WebsiteConfiguration::default()), Some("Invalid protocol")),
            (site("i", Some(vec![])), Some("not well-formed")),
            (site("i", rule(Redirect::default())), Some("not well-formed")),
            (site("i", rule(to("300"))), Some("redirect code (300) is not valid")),
            (site("i", rule(both)), Some("ReplaceKeyPrefix or ReplaceKey but not both")),
            (site("i", on(None)), Some("Condition cannot be empty")),
            (site("i", on(Some("200"))), Some("error code (200) is not valid")),
            (site("i", rule(to("302")).map(|rules| vec![rules[0].clone(); 51])), Some("51 routing rules provided")),
        ];
        for (site, expected) in table {
            let refused = check(&site).err().map(|failure| failure.message);
            match expected {
                Some(text) => assert!(refused.as_deref().is_some_and(|got| got.contains(text)), "{refused:?} {text}"),
                None => assert_eq!(refused, None),
            }
        }
    }
}
