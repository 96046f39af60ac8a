//! Who asks, and whom a statement speaks of.

use std::borrow::Cow;

use text::arn::{self, Arn};

/// The one who makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal<'a> {
    /// An AWS service on its own behalf, e.g. `sns.amazonaws.com`.
    Service(&'a str),
    /// An account's root or any of its users, by the account's id.
    Account(&'a str),
    /// A role, a role's session or a user, by its ARN.
    Arn(&'a str),
    /// Nobody that is known.
    Anonymous,
}

impl<'a> Principal<'a> {
    /// The account's id: the ARN's fifth field.
    pub fn account(&self) -> Option<&'a str> {
        match *self {
            Principal::Account(id) => Some(id),
            Principal::Arn(arn) => Some(arn::account(arn)).filter(|id| !id.is_empty()),
            Principal::Service(_) | Principal::Anonymous => None,
        }
    }

    pub(super) fn arn(&self) -> Option<Cow<'a, str>> {
        match *self {
            // A session acts as its role ("AWS global condition context keys", aws:PrincipalArn).
            Principal::Arn(arn) => Some(role_of_session(arn).map_or(Cow::Borrowed(arn), Cow::Owned)),
            Principal::Account(id) => Some(Cow::Owned(format!("arn:aws:iam::{id}:root"))),
            Principal::Service(_) | Principal::Anonymous => None,
        }
    }
}

/// The role's ARN (without its path, which a session's ARN doesn't have).
fn role_of_session(arn: &str) -> Option<String> {
    let Arn { partition, account, resource, .. } = Arn::parse(arn)?;
    let role = resource.strip_prefix("assumed-role/")?.split('/').next()?;
    Some(format!("arn:{partition}:iam::{account}:role/{role}"))
}

/// One entry of `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// `"*"` or `{"AWS": "*"}`.
    Everyone,
    /// An account: its id, or its root's ARN.
    Account(Box<str>),
    /// A user, role or session.
    Arn(Box<str>),
    /// A service; `*` is each of them.
    Service(Box<str>),
    /// A kind that no request here has, e.g. a federated one.
    Foreign(Box<str>),
}

impl Named {
    /// From an entry under `AWS`; `None` if it is neither an account nor an ARN of IAM or STS.
    pub(super) fn aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Named::Everyone);
        }
        if arn::is_account(text) {
            return Some(Named::Account(text.into()));
        }
        let Some(Arn { service: "iam" | "sts", account, resource: name, .. }) = Arn::parse(text) else {
            // AWS writes the unique id of a deleted user or role in the place of its ARN.
            let unique = text.len() >= 16
                && (text.starts_with("AIDA") || text.starts_with("AROA"))
                && text.bytes().all(|b| b.is_ascii_alphanumeric());
            return unique.then(|| Named::Foreign(text.into()));
        };
        if account == "cloudfront" {
            // "Restricting access to Amazon S3 content by using an origin access identity": a user of CloudFront's own.
            return Some(Named::Foreign(text.into()));
        }
        if !arn::is_account(account) || name.is_empty() {
            return None;
        }
        Some(if name == "root" { Named::Account(account.into()) } else { Named::Arn(text.into()) })
    }

    pub(super) fn covers(&self, who: &Principal<'_>) -> bool {
        match (self, who) {
            (Named::Everyone, _) => true,
            (Named::Account(id), _) => who.account() == Some(id),
            (Named::Arn(arn), Principal::Arn(asking)) => **arn == **asking || same_role(arn, asking),
            (Named::Service(name), Principal::Service(asking)) => **name == *"*" || name.eq_ignore_ascii_case(asking),
            _ => false,
        }
    }
}

/// Whether a session is one of the role's; a role's path is not in a session's ARN.
fn same_role(named: &str, session: &str) -> bool {
    let Some(role) = role_of_session(session) else { return false };
    let (Some((named_head, named_role)), Some((head, name))) = (named.split_once(":role/"), role.split_once(":role/"))
    else {
        return false;
    };
    named_head == head && named_role.rsplit('/').next() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_covered() {
        const ROLE: &str = "arn:aws:iam::123456789012:role/path/writer";
        let session = Principal::Arn("arn:aws:sts::123456789012:assumed-role/writer/s1");
        let sns = Principal::Service("sns.amazonaws.com");
        let cases = [
            ("*", sns, true),
            ("*", Principal::Anonymous, true),
            ("123456789012", Principal::Account("123456789012"), true),
            ("arn:aws:iam::123456789012:root", session, true),
            ("210987654321", session, false),
            (ROLE, Principal::Arn(ROLE), true),
            (ROLE, session, true),
            ("arn:aws:iam::123456789012:role/reader", session, false),
            (ROLE, sns, false),
        ];
        for (named, who, wanted) in cases {
            assert_eq!(Named::aws(named).unwrap().covers(&who), wanted, "{named} {who:?}");
        }
        assert!(Named::Service("sns.amazonaws.com".into()).covers(&sns));
        for bad in ["", "12345", "arn:aws:sqs:x:123456789012:q", "arn:aws:iam::12:role/x", "arn:aws:iam::123456789012:"]
        {
            assert_eq!(Named::aws(bad), None, "{bad}");
        }
    }
}
