//! Endpoints as notices name them: notices go to logs.

/// An endpoint without its secrets: of a URL neither the password nor the query, which may be one as well.
pub(crate) fn redacted(endpoint: &str) -> String {
    let Some((scheme, rest)) = endpoint.split_once("://") else { return endpoint.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notices go to logs: no password of an endpoint may stand there.
    #[test]
    fn a_notice_names_an_endpoint_without_its_secrets() {
        for (endpoint, shown) in [
            ("https://user:pa%40ss@localhost:8443/here?key=secret#x", "https://localhost:8443/here"),
            ("http://127.0.0.1/a@b", "http://127.0.0.1/a@b"),
            ("http://u@h", "http://h"),
            ("arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:sqs:us-east-1:000000000000:q"),
            ("a@example.com", "a@example.com"),
        ] {
            assert_eq!(redacted(endpoint), shown);
        }
    }
}
