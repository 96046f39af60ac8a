//! What the address of a request names: a host, a region, a queue.

use super::account::{is_account, is_region};
use super::service::Services;

/// The region that an address names: `sqs.eu-west-1.amazonaws.com`, `api.ecr.eu-west-1.amazonaws.com`, `eu-west-1.queue.localhost`,
/// or the path `/queue/eu-west-1/000000000000/name`.
pub(crate) fn region_of_address<'r>(services: &Services, host: &'r str, path: &'r str) -> Option<&'r str> {
    let mut labels = host.split('.');
    let named = match (labels.next(), labels.next()) {
        (Some(region), Some("queue")) => Some(region),
        (Some("api"), Some("ecr")) => labels.next(),
        (Some(service), Some(region)) if services.by_id(service).is_some() => Some(region),
        _ => None,
    };
    named.or_else(|| path.strip_prefix("/queue/")?.split('/').next()).filter(|name| looks_like_region(name))
}

fn looks_like_region(text: &str) -> bool {
    text.split('-').count() >= 3 && text.ends_with(|c: char| c.is_ascii_digit()) && is_region(text)
}

/// The account and name of the queue whose URL has this path: `/000000000000/name` or `/queue/region/000000000000/name`.
pub(crate) fn queue_path(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    let path = match path.strip_prefix("queue/") {
        Some(rest) => rest.split_once('/')?.1,
        None => path,
    };
    let (account, name) = path.split_once('/')?;
    let named = !name.is_empty()
        && name.len() <= 80
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    (is_account(account) && named).then_some((account, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::SERVICES;

    #[test]
    fn addresses_name_regions() {
        assert_eq!(region_of_address(&SERVICES, "sqs.eu-west-1.amazonaws.com", "/"), Some("eu-west-1"));
        assert_eq!(region_of_address(&SERVICES, "eu-west-1.queue.localhost", "/"), Some("eu-west-1"));
        assert_eq!(region_of_address(&SERVICES, "localhost", "/queue/eu-west-1/000000000000/q"), Some("eu-west-1"));
        assert_eq!(region_of_address(&SERVICES, "api.ecr.eu-west-1.amazonaws.com", "/"), Some("eu-west-1"));
        assert_eq!(region_of_address(&SERVICES, "sqs.localhost", "/"), None);
        assert_eq!(region_of_address(&SERVICES, "api.ecr", "/"), None);
        assert_eq!(region_of_address(&SERVICES, "127.0.0.1", "/queue/x"), None);
    }

    #[test]
    fn paths_name_queues() {
        assert_eq!(queue_path("/000000000000/q"), Some(("000000000000", "q")));
        assert_eq!(queue_path("/queue/us-east-1/000000000000/q.fifo"), Some(("000000000000", "q.fifo")));
        for path in ["/", "/0000/q", "/000000000000/", "/000000000000/a/b", "/bucket/key"] {
            assert_eq!(queue_path(path), None, "{path}");
        }
    }
}
