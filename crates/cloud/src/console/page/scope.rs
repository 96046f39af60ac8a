//! Of which account and region a page is, and links that keep both.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use text::arn;

/// Where the pages begin.
pub(super) const BASE: &str = "/_messaging/console";

/// What a part of an address keeps as it is. Source: RFC 3986, 2.3.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a page is of.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// As the query has it.
    pub(super) account: Option<String>,
    /// As the query has it.
    pub(super) region: Option<String>,
    /// Whether names are told with their regions, for there are several.
    pub(super) many: bool,
    /// How the client calls the server.
    pub(super) url: String,
}

/// A text as a part of an address.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

impl Scope {
    /// The address of a page, with what the query is to say beside account and region; what is empty is left out.
    pub(super) fn link(&self, page: &str, more: &[(&str, &str)]) -> String {
        self.address(&format!("{BASE}{page}"), more)
    }

    /// The address of a page of a resource in a region.
    pub(super) fn link_in(&self, page: &str, region: &str, more: &[(&str, &str)]) -> String {
        let mut scope = self.clone();
        if self.many && self.region.is_none() {
            scope.region = Some(region.to_owned());
        }
        scope.link(page, more)
    }

    /// The address of something else of this server, e.g. of its API.
    pub(super) fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let own = [("account", self.account.as_deref()), ("region", self.region.as_deref())];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let mut address = path.to_owned();
        let mut sign = '?';
        for (name, value) in own.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty()) {
            address.push(sign);
            address.push_str(name);
            address.push('=');
            address.push_str(&encoded(value));
            sign = '&';
        }
        address
    }

    /// The page of a resource, if there is one of its kind.
    pub(super) fn of_arn(&self, name: &str) -> Option<String> {
        let mut parts = name.splitn(6, ':');
        let service = parts.nth(2)?;
        let rest = parts.nth(2)?;
        let page = match service {
            "sqs" => format!("/queues/{}", encoded(rest)),
            "sns" => format!("/topics/{}", encoded(rest.split(':').next()?)),
            "firehose" => format!("/streams/{}", encoded(rest.strip_prefix("deliverystream/")?)),
            "s3" => format!("/buckets/{}", encoded(rest.split('/').next()?)),
            _ => return None,
        };
        let region = arn::region(name);
        Some(if region.is_empty() { self.link(&page, &[]) } else { self.link_in(&page, region, &[]) })
    }

    /// A line for the shell.
    pub(super) fn cli(&self, command: &str) -> String {
        self.line(self.region.as_deref(), command)
    }

    /// The same about a resource, in whose region it is asked.
    pub(super) fn cli_of(&self, name: &str, command: &str) -> String {
        self.line(Some(arn::region(name)).filter(|region| !region.is_empty()), command)
    }

    fn line(&self, region: Option<&str>, command: &str) -> String {
        let region = region.map_or_else(String::new, |region| format!(" --region {region}"));
        format!("aws --endpoint-url {}{region} {command}", self.url)
    }
}

/// What people call a resource: the last part of its ARN.
pub(super) fn name_of(arn: &str) -> &str {
    let rest = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    rest.strip_prefix("deliverystream/").unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_account_and_region_and_escape_what_is_in_them() {
        let mut scope = Scope { account: None, region: None, many: false, url: "http://localhost".into() };
        assert_eq!(scope.link("/queues", &[("text", "")]), "/_messaging/console/queues");
        scope.account = Some("111111111111".into());
        let link = scope.link("/queues", &[("text", "a&b=\"<")]);
        assert_eq!(link, "/_messaging/console/queues?account=111111111111&text=a%26b%3D%22%3C");
        let topic = scope.of_arn("arn:aws:sns:eu-west-1:111111111111:t:0a1b");
        assert_eq!(topic.as_deref(), Some("/_messaging/console/topics/t?account=111111111111"));
        scope.many = true;
        let stream = scope.of_arn("arn:aws:firehose:eu-west-1:111111111111:deliverystream/s").unwrap();
        assert!(stream.ends_with("/streams/s?account=111111111111&region=eu-west-1"), "{stream}");
        assert_eq!(scope.of_arn("arn:aws:s3:::b").unwrap(), "/_messaging/console/buckets/b?account=111111111111");
        assert_eq!(scope.of_arn("https://example.com/"), None);
        assert_eq!(name_of("arn:aws:firehose:eu-west-1:111111111111:deliverystream/s"), "s");
    }
}
