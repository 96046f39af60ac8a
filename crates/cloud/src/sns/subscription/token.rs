//! The tokens by which the owner of an endpoint confirms a subscription, or brings back one that has ended.

use crate::request::Context;
use engine::Millis;

/// API reference of Subscribe: a token is valid for two days, in milliseconds.
pub(super) const TOKEN_LIFE: Millis = 2 * 24 * 3_600_000;

/// A new token: 288 hex digits, as AWS's.
pub(super) fn make_token(cx: &Context) -> String {
    let mut token = String::with_capacity(288);
    for _ in 0..9 {
        token.extend(cx.cloud.core.uuid().chars().filter(|c| *c != '-'));
    }
    token
}

/// Whether two topics are of one account and Region. The token says which subscription is meant: AWS doesn't look whether it is of the
/// topic that the request names, or whether there is such a topic (recorded on AWS).
pub(super) fn are_neighbours(one: &str, other: &str) -> bool {
    one.rsplit_once(':').map(|(place, _)| place) == other.rsplit_once(':').map(|(place, _)| place)
}
