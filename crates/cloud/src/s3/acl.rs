//! Access control lists: how a request names one, what S3 checks of it, and whom it lets in.
//!
//! A list belongs to a bucket or to an object. It has an effect only for who has no key of the account's: where signatures are
//! looked at, and on websites. Where the bucket's owner is enforced lists are off: they can't be put, and those that are kept
//! don't count.
//! Source: "Access control list (ACL) overview", "Controlling ownership of objects and disabling ACLs for your bucket" (Amazon S3
//! User Guide); "PutBucketAcl", "PutObjectAcl" (API reference). What is said of wrong lists is what S3 says.

use s3s::dto;

use super::error::{Failure, Result};
use super::names::canonical_id;
use super::public_access;
use super::record::{Acl, Bucket, Grant, Grantee};
use super::s3s::call::Call;

/// The most grants of a list ("Access control list (ACL) overview").
const MAX_GRANTS: usize = 100;
/// Everybody.
const ALL: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
/// Everybody who has a key of some account.
const AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
/// Who writes access logs.
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";
/// The canonical user in whose name EC2 reads machine images ("aws-exec-read").
const EC2: &str = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";

const PERMISSIONS: [&str; 5] = ["FULL_CONTROL", "READ", "READ_ACP", "WRITE", "WRITE_ACP"];
/// The headers that grant, each with its permission.
const HEADERS: [(&str, &str); 5] = [
    ("x-amz-grant-full-control", "FULL_CONTROL"),
    ("x-amz-grant-read", "READ"),
    ("x-amz-grant-read-acp", "READ_ACP"),
    ("x-amz-grant-write", "WRITE"),
    ("x-amz-grant-write-acp", "WRITE_ACP"),
];

/// What a list belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Bucket,
    Object,
}

impl Acl {
    /// The list that a request's headers name; `None` where they name none.
    ///
    /// # Errors
    /// `InvalidRequest` for two ways in one request; `InvalidArgument` for a list, a group or a user that isn't one.
    pub(super) fn of_headers(call: &Call, of: Of, account: &str) -> Result<Option<Self>> {
        let names_one = |name: &str| name == "x-amz-acl" || name.starts_with("x-amz-grant-");
        if !call.headers.keys().any(|name| names_one(name.as_str())) {
            return Ok(None);
        }
        let canned = call.header("x-amz-acl").map(|name| Self::canned(&name, of, account)).transpose()?;
        let mut grants = Vec::new();
        for (header, permission) in HEADERS {
            let Some(value) = call.header(header) else { continue };
            for part in value.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                let to = Grantee::of_header(part, header, &value)?;
                grants.push(Grant { to, permission: permission.to_owned() });
            }
        }
        let granted = HEADERS.iter().any(|(header, _)| call.has(header));
        match (canned, granted) {
            (Some(_), true) => {
                Err(Failure::invalid_request("Specifying both Canned ACLs and Header Grants is not allowed"))
            }
            (canned, false) => Ok(canned),
            (None, true) => Self { grants }.bounded().map(Some),
        }
    }

    /// A list that has a name.
    pub(super) fn canned(name: &str, of: Of, account: &str) -> Result<Self> {
        let group = |uri: &str, permission: &str| Grant {
            to: Grantee::Group(uri.to_owned()),
            permission: permission.to_owned(),
        };
        let more = match (name, of) {
            // The owner of the bucket owns the objects as well.
            ("private", _) | ("bucket-owner-read" | "bucket-owner-full-control", _) => Vec::new(),
            ("public-read", _) => vec![group(ALL, "READ")],
            ("public-read-write", _) => vec![group(ALL, "READ"), group(ALL, "WRITE")],
            ("authenticated-read", _) => vec![group(AUTHENTICATED, "READ")],
            ("aws-exec-read", _) => vec![Grant { to: Grantee::User(EC2.to_owned()), permission: "READ".to_owned() }],
            ("log-delivery-write", Of::Bucket) => vec![group(LOG_DELIVERY, "WRITE"), group(LOG_DELIVERY, "READ_ACP")],
            // S3 says nothing of what is wrong with it.
            _ => return Err(Failure::invalid_argument("", "x-amz-acl", name)),
        };
        let mut acl = Self::private(account);
        acl.grants.extend(more);
        Ok(acl)
    }

    /// The list that a document says; `account` is whose it must be.
    ///
    /// # Errors
    /// `MalformedACLError`, `InvalidArgument` for a user or a group that isn't one, `AccessDenied` for another owner.
    pub(super) fn of_document(document: dto::AccessControlPolicy, account: &str) -> Result<Self> {
        let owner = document.owner.and_then(|owner| owner.id).ok_or_else(malformed)?;
        check_id(&owner, "CanonicalUser/ID")?;
        let mut grants = Vec::new();
        for grant in document.grants.unwrap_or_default() {
            let permission = grant.permission.as_ref().map(dto::Permission::as_str).unwrap_or_default();
            if !PERMISSIONS.contains(&permission) {
                return Err(malformed());
            }
            let to = Grantee::of_document(grant.grantee.ok_or_else(malformed)?)?;
            grants.push(Grant { to, permission: permission.to_owned() });
        }
        if owner != canonical_id(account) {
            return Err(Failure::access_denied());
        }
        Self { grants }.bounded()
    }

    /// The list of who may read access logs.
    ///
    /// # Errors
    /// As of [`of_document`](Self::of_document), with `MalformedXML`.
    pub(super) fn of_log_grants(given: Vec<dto::TargetGrant>) -> Result<Self> {
        let mut grants = Vec::new();
        for grant in given {
            let permission = grant.permission.as_ref().map(dto::BucketLogsPermission::as_str).unwrap_or_default();
            if !matches!(permission, "FULL_CONTROL" | "READ" | "WRITE") {
                return Err(Failure::malformed_xml());
            }
            let to = Grantee::of_document(grant.grantee.ok_or_else(Failure::malformed_xml)?)?;
            grants.push(Grant { to, permission: permission.to_owned() });
        }
        Self { grants }.bounded()
    }

    /// The same list as S3 shows who may read access logs.
    pub(super) fn log_grants(&self) -> Vec<dto::TargetGrant> {
        let of = |grant: &Grant| dto::TargetGrant {
            grantee: grant.shown().grantee,
            permission: Some(grant.permission.clone().into()),
        };
        self.grants.iter().map(of).collect()
    }

    fn bounded(self) -> Result<Self> {
        if self.grants.len() > MAX_GRANTS { Err(malformed()) } else { Ok(self) }
    }

    /// The list of what has none: its owner may do all.
    pub(super) fn private(account: &str) -> Self {
        let to = Grantee::User(canonical_id(account));
        Self { grants: vec![Grant { to, permission: "FULL_CONTROL".to_owned() }] }
    }

    /// The same list as it is kept: none, where its owner alone may do all.
    pub(super) fn kept(self, account: &str) -> Option<Self> {
        (self != Self::private(account)).then_some(self)
    }

    /// Whether it lets in more than its owner's account knows by name.
    pub(super) fn is_public(&self) -> bool {
        self.grants.iter().any(|grant| matches!(&grant.to, Grantee::Group(uri) if uri == ALL || uri == AUTHENTICATED))
    }

    /// Whether it lets somebody without any key read.
    fn lets_all_read(&self) -> bool {
        let to_all = |grant: &&Grant| grant.to == Grantee::Group(ALL.to_owned());
        self.grants.iter().filter(to_all).any(|grant| matches!(grant.permission.as_str(), "READ" | "FULL_CONTROL"))
    }

    /// The list as S3 shows it.
    pub(super) fn shown(acl: Option<&Self>, account: &str) -> (dto::Owner, Vec<dto::Grant>) {
        let owner = dto::Owner { display_name: None, id: Some(canonical_id(account)) };
        let private = Self::private(account);
        let grants = acl.unwrap_or(&private).grants.iter().map(Grant::shown).collect();
        (owner, grants)
    }
}

impl Grant {
    fn shown(&self) -> dto::Grant {
        let (type_, id, uri) = match &self.to {
            Grantee::User(id) => (dto::Type::CANONICAL_USER, Some(id.clone()), None),
            Grantee::Group(uri) => (dto::Type::GROUP, None, Some(uri.clone())),
        };
        let type_ = dto::Type::from_static(type_);
        let grantee = dto::Grantee { display_name: None, email_address: None, id, type_, uri };
        dto::Grant { grantee: Some(grantee), permission: Some(self.permission.clone().into()) }
    }
}

impl Grantee {
    /// e.g. `id="1234"`; `value` is all of the header that it stands in.
    fn of_header(part: &str, header: &'static str, value: &str) -> Result<Self> {
        let unknown = || Failure::invalid_argument("Argument format not recognized", header, value);
        let (kind, text) = part.split_once('=').ok_or_else(unknown)?;
        let text = text.trim().trim_matches('"');
        match kind.trim() {
            "id" => Self::user(text, "id"),
            "uri" => Self::group(text, "uri"),
            "emailAddress" => Err(email()),
            _ => Err(unknown()),
        }
    }

    fn of_document(grantee: dto::Grantee) -> Result<Self> {
        match (grantee.type_.as_str(), grantee.id, grantee.uri) {
            (dto::Type::CANONICAL_USER, Some(id), None) => Self::user(&id, "CanonicalUser/ID"),
            (dto::Type::GROUP, None, Some(uri)) => Self::group(&uri, "Group/URI"),
            (dto::Type::AMAZON_CUSTOMER_BY_EMAIL, None, None) if grantee.email_address.is_some() => Err(email()),
            _ => Err(malformed()),
        }
    }

    fn user(id: &str, argument: &'static str) -> Result<Self> {
        check_id(id, argument)?;
        Ok(Self::User(id.to_owned()))
    }

    fn group(uri: &str, argument: &'static str) -> Result<Self> {
        match uri {
            ALL | AUTHENTICATED | LOG_DELIVERY => Ok(Self::Group(uri.to_owned())),
            _ => Err(Failure::invalid_argument("Invalid group uri", argument, uri)),
        }
    }
}

/// Whether a text can be a canonical user's id. Ids of accounts that this cloud hasn't seen are taken.
fn check_id(id: &str, argument: &'static str) -> Result<()> {
    match id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(()),
        false => Err(Failure::invalid_argument("Invalid id", argument, id)),
    }
}

/// A document that isn't a list.
pub(super) fn malformed() -> Failure {
    Failure { code: "MalformedACLError".into(), ..Failure::malformed_xml() }
}

/// Since October 2025 S3 takes no new grants by mail address ("PutBucketAcl").
fn email() -> Failure {
    Failure::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
}

/// Whether a bucket's lists are off.
pub(super) fn is_off(bucket: &Bucket) -> bool {
    bucket.ownership.as_deref() == Some("BucketOwnerEnforced")
}

/// Refuses a list that a bucket doesn't take: `operation` is whose request it is, `resource` what it would belong to.
///
/// # Errors
/// `AccessControlListNotSupported`; `AccessDenied` for a public one where `BlockPublicAcls` is on.
pub(super) fn check(acl: &Acl, bucket: &Bucket, call: &Call, operation: &str, resource: &str) -> Result<()> {
    if is_off(bucket) {
        return Err(Failure::new(400, "AccessControlListNotSupported", "The bucket does not allow ACLs"));
    }
    let block = bucket.public_access_block.as_ref();
    if acl.is_public() && block.and_then(|block| block.block_public_acls) == Some(true) {
        let what = "public access control lists (ACLs)";
        return Err(public_access::prevented(call, operation, resource, what, "BlockPublicAcls"));
    }
    Ok(())
}

/// The list of an object that a request makes, in this bucket.
pub(super) fn of_new_object(call: &Call, bucket: &Bucket, key: &str) -> Result<Option<Acl>> {
    let Some(acl) = Acl::of_headers(call, Of::Object, &bucket.account)? else { return Ok(None) };
    // Where lists are off, one that says what is so anyhow is taken.
    let Some(acl) = acl.kept(&bucket.account) else { return Ok(None) };
    check(&acl, bucket, call, "s3:PutObject", &format!("{}/{key}", bucket.name))?;
    Ok(Some(acl))
}

/// Whether a list of this bucket lets somebody without any key read what it belongs to.
pub(super) fn opens(acl: Option<&Acl>, bucket: &Bucket) -> bool {
    let block = bucket.public_access_block.as_ref();
    let ignored = is_off(bucket) || block.and_then(|block| block.ignore_public_acls) == Some(true);
    !ignored && acl.is_some_and(Acl::lets_all_read)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "000000000000";

    fn canned(name: &str, of: Of) -> Option<String> {
        let acl = Acl::canned(name, of, ACCOUNT).ok()?;
        let of = |grant: &Grant| match &grant.to {
            Grantee::User(id) if *id == canonical_id(ACCOUNT) => format!("owner {}", grant.permission),
            Grantee::User(_) => format!("user {}", grant.permission),
            Grantee::Group(uri) => {
                format!("{} {}", uri.trim_start_matches("http://acs.amazonaws.com/groups/"), grant.permission)
            }
        };
        Some(acl.grants.iter().map(of).collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn lists_by_name() {
        let table = [
            ("private", "owner FULL_CONTROL"),
            ("bucket-owner-full-control", "owner FULL_CONTROL"),
            ("public-read", "owner FULL_CONTROL, global/AllUsers READ"),
            ("public-read-write", "owner FULL_CONTROL, global/AllUsers READ, global/AllUsers WRITE"),
            ("authenticated-read", "owner FULL_CONTROL, global/AuthenticatedUsers READ"),
            ("aws-exec-read", "owner FULL_CONTROL, user READ"),
        ];
        for (name, expected) in table {
            assert_eq!(canned(name, Of::Object).as_deref(), Some(expected), "{name}");
        }
        assert!(canned("log-delivery-write", Of::Bucket).is_some_and(|acl| acl.ends_with("s3/LogDelivery READ_ACP")));
        for bad in ["log-delivery-write", "Private", "", "public"] {
            assert_eq!(canned(bad, Of::Object), None, "{bad}");
        }
        assert_eq!(Acl::private(ACCOUNT).kept(ACCOUNT), None);
    }

    #[test]
    fn grantees_in_headers() {
        let id = "a".repeat(64);
        let header = "x-amz-grant-read";
        let of = |part: &str| Grantee::of_header(part, header, part).map_err(|failure| failure.message);
        assert_eq!(of(&format!("id=\"{id}\"")), Ok(Grantee::User(id.clone())));
        assert_eq!(of(&format!("id={id}")), Ok(Grantee::User(id)));
        assert_eq!(of(&format!("uri=\"{ALL}\"")), Ok(Grantee::Group(ALL.to_owned())));
        assert_eq!(of("id=\"1\""), Err("Invalid id".to_owned()));
        assert_eq!(of("uri=\"http://acs.amazonaws.com/groups/global/None\""), Err("Invalid group uri".to_owned()));
        for bad in ["x", "key=\"1\"", "ID=1"] {
            assert_eq!(of(bad), Err("Argument format not recognized".to_owned()), "{bad}");
        }
    }
}
