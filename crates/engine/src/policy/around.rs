//! What a request has of condition keys: their values, none, or what nobody here can tell.
//!
//! Source: "AWS global condition context keys" (IAM User Guide), with the availability that it gives for each.

use std::borrow::Cow;
use std::net::IpAddr;

use super::{Principal, Request};
use crate::Millis;
use crate::config::Attributes;

/// What is known around a request, for keys that most requests have. Values are made only of keys that a policy asks for.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// When it is asked.
    pub now: Millis,
    /// Of the endpoint that is asked.
    pub region: &'a str,
    /// The account that owns the resource.
    pub owner: &'a str,
    /// Whether it counts as having come by TLS.
    pub secure: bool,
    /// The way the request came.
    pub via: Via<'a>,
    /// Whether who asks has temporary credentials.
    pub temporary: bool,
    /// When these were issued.
    pub issued: Option<Millis>,
    /// `aws:userid` of a role or its session; an account's is the account.
    pub user_id: Option<&'a str>,
    /// The tags of the role or session that asks, where known.
    pub principal_tags: Option<&'a Attributes>,
    /// Who began the session that asks, as was said then.
    pub source_identity: Option<&'a str>,
    /// The resource's tags, where known.
    pub resource_tags: Option<&'a Attributes>,
    /// Keys of services that such a request doesn't have; with `/` at the end, all that begin so.
    pub absent: &'a [&'a str],
}

/// The way a request came.
#[derive(Debug, Clone, Copy)]
pub enum Via<'a> {
    /// From a client: its address, where known, and its headers.
    Client {
        /// The other end of the connection.
        address: Option<IpAddr>,
        /// The header `User-Agent`.
        agent: Option<&'a str>,
        /// The header `Referer`.
        referer: Option<&'a str>,
    },
    /// From a service that asks in a client's name, such as `cloudformation.amazonaws.com`.
    Behalf(&'a str),
    /// From a service in its own name, or through a role that was handed to it.
    Service,
}

/// What a request has of a key.
pub(super) enum Found<'a> {
    /// AWS's values; empty where AWS has none.
    Values(Vec<Cow<'a, str>>),
    /// AWS may have values, and here nobody knows them.
    Unjudged,
}

impl<'a> Around<'a> {
    /// Around what a service does in its own name; services talk to each other by TLS.
    pub fn service(now: Millis, region: &'a str, owner: &'a str) -> Self {
        Self {
            now,
            region,
            owner,
            secure: true,
            via: Via::Service,
            temporary: false,
            issued: None,
            user_id: None,
            principal_tags: None,
            source_identity: None,
            resource_tags: None,
            absent: &[],
        }
    }

    fn lacks(&self, key: &str) -> bool {
        self.absent.iter().any(|absent| match absent.ends_with('/') {
            true => key.get(..absent.len()).is_some_and(|start| start.eq_ignore_ascii_case(absent)),
            false => key.eq_ignore_ascii_case(absent),
        })
    }
}

impl<'a> Request<'a> {
    /// What the request has of a key, whose name is compared without case.
    pub(super) fn find(&self, key: &str) -> Found<'a> {
        let given = self.context.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        let given: Vec<Cow<'a, str>> = given.map(|(_, value)| Cow::Borrowed(*value)).collect();
        if !given.is_empty() || self.around.lacks(key) {
            return Found::Values(given);
        }
        let key = key.to_ascii_lowercase();
        if let Some(name) = key.strip_prefix("aws:principaltag/") {
            return match (self.around.principal_tags, self.principal) {
                (Some(tags), _) => tag(tags, name),
                (None, Principal::Arn(_)) => Found::Unjudged,
                (None, _) => Found::none(),
            };
        }
        if let Some(name) = key.strip_prefix("aws:resourcetag/") {
            return self.around.resource_tags.map_or(Found::Unjudged, |tags| tag(tags, name));
        }
        if key == "aws:tagkeys" || key.starts_with("aws:requesttag/") {
            let action = self.action.to_ascii_lowercase();
            let may_tag = action.contains("tag") || action.contains("create");
            return if may_tag { Found::Unjudged } else { Found::none() };
        }
        self.of_principal(&key).or_else(|| self.of_request(&key)).unwrap_or(Found::Unjudged)
    }

    /// Keys that tell who asks ("Properties of the principal", "Properties of a role session").
    fn of_principal(&self, key: &str) -> Option<Found<'a>> {
        let Around { temporary, .. } = self.around;
        Some(match key {
            "aws:principalarn" => self.principal.arn().into(),
            "aws:principalaccount" => match self.principal {
                Principal::Anonymous => Found::one("anonymous"),
                principal => principal.account().map(Cow::Borrowed).into(),
            },
            "aws:principalisawsservice" => Found::flag(matches!(self.principal, Principal::Service(_))),
            "aws:principalservicename" => match self.principal {
                Principal::Service(name) => Found::one(name),
                _ => Found::none(),
            },
            // A service has a name in each region besides.
            "aws:principalservicenameslist" => match self.principal {
                Principal::Service(name) => {
                    let regional = name.split_once('.').map(|(id, rest)| format!("{id}.{}.{rest}", self.around.region));
                    Found::Values([Cow::Borrowed(name)].into_iter().chain(regional.map(Cow::Owned)).collect())
                }
                _ => Found::none(),
            },
            // "Principal key values" ("IAM policy elements: Variables and tags").
            "aws:principaltype" => match self.principal {
                Principal::Account(_) => Found::one("Account"),
                Principal::Anonymous => Found::one("Anonymous"),
                Principal::Arn(arn) if arn.contains(":assumed-role/") || arn.contains(":role/") => {
                    Found::one("AssumedRole")
                }
                Principal::Arn(arn) if arn.contains(":user/") => Found::one("User"),
                Principal::Arn(_) | Principal::Service(_) => Found::Unjudged,
            },
            "aws:userid" => match (self.around.user_id, self.principal) {
                (Some(id), _) => Found::one(id),
                (None, Principal::Account(id)) => Found::one(id),
                (None, Principal::Anonymous) => Found::one("anonymous"),
                (None, Principal::Service(_)) => Found::none(),
                (None, Principal::Arn(_)) => Found::Unjudged,
            },
            "aws:username" => match self.principal {
                Principal::Arn(arn) => arn.split_once(":user/").and_then(|(_, path)| path.rsplit('/').next()).into(),
                _ => Found::none(),
            },
            "aws:sourceidentity" => self.around.source_identity.into(),
            "aws:tokenissuetime" => match self.around.issued {
                Some(issued) => moment(issued),
                None if temporary => Found::Unjudged,
                None => Found::none(),
            },
            // Nobody has a second factor here; only temporary credentials say so.
            "aws:multifactorauthpresent" if temporary => Found::flag(false),
            // There are no organizations here, no identity providers, no networks of a customer's own.
            "aws:multifactorauthpresent"
            | "aws:multifactorauthage"
            | "aws:assumedroot"
            | "aws:ec2instancesourceprivateipv4"
            | "aws:ec2instancesourcevpc"
            | "aws:federatedprovider"
            | "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:resourceorgid"
            | "aws:resourceorgpaths"
            | "aws:sourceorgid"
            | "aws:sourceorgpaths"
            | "aws:sourcevpc"
            | "aws:sourcevpcarn"
            | "aws:sourcevpce"
            | "aws:vpceaccount"
            | "aws:vpceorgid"
            | "aws:vpceorgpaths"
            | "aws:vpcsourceip" => Found::none(),
            _ => return None,
        })
    }

    /// Keys that tell of the request itself ("Properties of the network", "of the resource", "of the request").
    fn of_request(&self, key: &str) -> Option<Found<'a>> {
        let Around { now, region, owner, secure, via, .. } = self.around;
        Some(match (key, via) {
            ("aws:currenttime", _) => moment(now),
            ("aws:epochtime", _) => Found::Values(vec![Cow::Owned((now / 1000).to_string())]),
            ("aws:requestedregion", _) if !region.is_empty() => Found::one(region),
            ("aws:resourceaccount", _) if !owner.is_empty() => Found::one(owner),
            ("aws:securetransport", _) => Found::flag(secure),
            ("aws:viaawsservice", Via::Behalf(_)) => Found::flag(true),
            ("aws:viaawsservice", _) => Found::flag(false),
            ("aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast" | "aws:useragent", Via::Behalf(service)) => {
                Found::one(service)
            }
            ("aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast", _) => Found::none(),
            // The address of a service of AWS's is AWS's affair.
            ("aws:sourceip", Via::Client { address: Some(address), .. }) => {
                Found::Values(vec![Cow::Owned(address.to_canonical().to_string())])
            }
            ("aws:useragent", Via::Client { agent, .. }) => agent.into(),
            ("aws:referer", Via::Client { referer, .. }) => referer.into(),
            ("aws:referer", _) => Found::none(),
            // "Only when the call is made directly by an AWS service principal", which gives what it gives.
            ("aws:sourcearn" | "aws:sourceaccount" | "aws:sourceowner", _)
                if !matches!(self.principal, Principal::Service(_)) =>
            {
                Found::none()
            }
            _ => return None,
        })
    }

    /// A variable has a value only if its key has exactly one; `doubt` is told of a key that can't be judged.
    pub(super) fn variable(&self, key: &str, doubt: &dyn Fn()) -> Option<Cow<'a, str>> {
        match self.find(key) {
            Found::Values(mut values) if values.len() == 1 => values.pop(),
            Found::Values(_) => None,
            Found::Unjudged => {
                doubt();
                None
            }
        }
    }
}

impl<'a> Found<'a> {
    fn none() -> Self {
        Found::Values(Vec::new())
    }

    fn one(value: &'a str) -> Self {
        Found::Values(vec![Cow::Borrowed(value)])
    }

    fn flag(value: bool) -> Self {
        Found::one(if value { "true" } else { "false" })
    }
}

impl<'a> From<Option<&'a str>> for Found<'a> {
    fn from(value: Option<&'a str>) -> Self {
        value.map(Cow::Borrowed).into()
    }
}

impl<'a> From<Option<Cow<'a, str>>> for Found<'a> {
    fn from(value: Option<Cow<'a, str>>) -> Self {
        Found::Values(value.into_iter().collect())
    }
}

/// Names of tags in keys are compared without case ("aws:PrincipalTag/tag-key").
fn tag<'a>(tags: &'a Attributes, name: &str) -> Found<'a> {
    tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).into()
}

/// A moment as AWS writes it, to the second.
fn moment(at: Millis) -> Found<'static> {
    match text::time::iso_seconds(at) {
        beyond if beyond.is_empty() => Found::Unjudged,
        text => Found::Values(vec![Cow::Owned(text)]),
    }
}
