//! The way to the console's API: who may look, what is asked, and what is answered.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{Method, Response};
use hyper::body::Incoming;
use serde_json::{Value as Json, json};
use subtle::ConstantTimeEq;

use super::answer::plain;
use super::guard::is_same_origin;
use super::{Gateway, chaos, clock, pages};
use crate::console::api::input::Input;
use crate::console::api::{self, action, events, parameters};
use crate::console::{Viewer, absent, sign_in, wrong};
use crate::http::body::{self, Body};
use crate::request::{
    Context, DEFAULT_ACCOUNT, Identity, KeyUser, RequestId, account_of, host_of, intern, is_account, is_region,
    user_key,
};
use crate::s3;
use crate::sigv4::{Family, Payload as Signed};
use wire::{AwsError, Form};

static SNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
static LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// The longest body of an action: a message of a megabyte, encoded for a form.
pub(super) const MAX_BODY: usize = 4 << 20;
/// The paths where a browser signs in and out.
pub(super) const SIGN_IN: &str = "/_messaging/sign-in";
pub(super) const SIGN_OUT: &str = "/_messaging/sign-out";

/// Who looks: what a key has proven, and its secret if it is known.
struct Who {
    identity: Identity,
    secret: Option<String>,
}

impl Gateway {
    /// The console's API, and its sign-in.
    pub(super) async fn console(&self, cx: Context, parts: &Parts, incoming: &mut Option<Incoming>) -> Response<Body> {
        let id = cx.request_id;
        let answered = Box::pin(self.console_answer(cx, parts, incoming)).await;
        let mut response = answered.unwrap_or_else(|error| {
            if let Some(page) = self.sign_in_again(parts, &error, id) {
                return page;
            }
            let told = json!({"api": api::VERSION, "error": {"code": error.code, "message": error.message}});
            json_answer(error.status, &told, id)
        });
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(&SNIFF, HeaderValue::from_static("nosniff"));
        response
    }

    async fn console_answer(
        &self,
        cx: Context,
        parts: &Parts,
        incoming: &mut Option<Incoming>,
    ) -> Result<Response<Body>, AwsError> {
        let id = cx.request_id;
        let posts = parts.method == Method::POST;
        let body = if posts { self.collect(incoming, MAX_BODY).await? } else { bytes::Bytes::new() };
        refuse_foreign_pages(parts)?;
        match parts.uri.path() {
            SIGN_IN => return self.sign_in(&cx, parts, &body),
            SIGN_OUT => return Ok(self.sign_out(parts, id)),
            _ => {}
        }
        let form = Form::parse(&[parts.uri.query().unwrap_or_default().as_bytes()])?;
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let input = posts.then(|| Input::read(content_type, &body)).transpose()?;
        let viewer = self.viewer(cx, parts, &body, &form, input.as_ref())?;
        let path = parts.uri.path().strip_prefix(api::BASE).unwrap_or_default();
        let asked = api::parts(path);
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        if posts || asked == ["events"] {
            parameters::check(&asked, &form)?;
        }
        let shown = match (&asked[..], input) {
            (["actions", action], Some(input)) => {
                let (result, cli) = self.act(&viewer, action, &input).await?;
                json!({"api": api::VERSION, "action": action, "result": result, "cli": cli})
            }
            (["topics", name, "try"], Some(input)) => action::try_policy(&viewer, name, &input)?,
            (["actions", _] | ["topics", _, "try"], None) => return Err(untaken("POST")),
            (_, Some(_)) => return Err(untaken("GET, HEAD")),
            _ if parts.method != Method::GET && parts.method != Method::HEAD => return Err(untaken("GET, HEAD")),
            (["events"], None) => return self.events(&viewer, parts),
            (asked, None) => api::look(&viewer, asked, &form).await?,
        };
        // What it tells is in the log.
        self.cloud.core.wait_durable().await;
        Ok(json_answer(200, &shown, id))
    }

    /// Who looks, and at what.
    ///
    /// # Errors
    /// Where keys are wanted: no signature and no session. An account or a region that is none.
    pub(super) fn viewer(
        &self,
        mut cx: Context,
        parts: &Parts,
        body: &[u8],
        form: &Form,
        input: Option<&Input>,
    ) -> Result<Viewer, AwsError> {
        let who = self.who(parts, body)?;
        let given = |name: &str| {
            let given = form.get(name).or_else(|| input?.given(name)).unwrap_or_default();
            (!given.is_empty()).then(|| given.to_owned())
        };
        let (account, region) = (given("account"), given("region"));
        if account.as_deref().is_some_and(|account| !is_account(account)) {
            return Err(wrong("The parameter account has 12 digits."));
        }
        if region.as_deref().is_some_and(|region| !is_region(region)) {
            return Err(wrong("The parameter region names one, as us-east-1."));
        }
        // Where no keys are checked, one of twelve digits is that account's.
        let mut key = Some((account.clone().unwrap_or_else(|| "test".to_owned()), "test".to_owned()));
        let is_signed = who.is_some();
        match who {
            Some(Who { identity, secret }) => {
                cx.become_whom(&identity);
                if account.as_deref().is_some_and(|account| account != &*cx.account) {
                    let message = "A key sees its own account and no other.";
                    return Err(AwsError::new(403, "AccessDenied", message));
                }
                key = secret.map(|secret| (identity.access_key.to_string(), secret));
            }
            None => {
                if let Some(account) = account {
                    cx.account = intern(&account);
                }
                (cx.access_key, cx.session, cx.user) = (None, None, None);
            }
        }
        if let Some(region) = &region {
            cx.region = intern(region);
        }
        Ok(Viewer { cx, region, is_signed, watch: self.watch.clone(), key })
    }

    /// Who asks, by a session or by a signature; none where keys aren't wanted.
    fn who(&self, parts: &Parts, body: &[u8]) -> Result<Option<Who>, AwsError> {
        let Some(credentials) = &self.access.credentials else { return Ok(None) };
        if let Some(session) = self.session(parts) {
            let Identity { access_key, .. } = &session.identity;
            let good = match credentials.get(access_key) {
                Some(key) => key.secret == session.secret,
                None => user_key(&self.cloud, access_key).is_some_and(|key| key.active && key.secret == session.secret),
            };
            if good {
                return Ok(Some(Who { identity: session.identity, secret: Some(session.secret) }));
            }
        }
        let declared = parts.headers.contains_key("x-amz-content-sha256");
        let payload = if declared && body.is_empty() { Signed::Declared } else { Signed::Whole(body) };
        let proof = self.access.verify(&self.cloud, parts, payload, Family::Query(None))?;
        Ok(proof.map(|proof| {
            let key = credentials.get(&proof.identity.access_key).filter(|key| key.session_token.is_none());
            Who { secret: key.map(|key| key.secret.clone()), identity: proof.identity }
        }))
    }

    pub(super) fn session(&self, parts: &Parts) -> Option<sign_in::Session> {
        let cookies = parts.headers.get(COOKIE)?.to_str().ok()?;
        self.sessions.of(cookies, self.cloud.core.clients_now())
    }

    /// Begins a session for who has a key and its secret.
    ///
    /// # Errors
    /// 403 where they don't belong together; 404 where no key is wanted.
    fn sign_in(&self, cx: &Context, parts: &Parts, body: &[u8]) -> Result<Response<Body>, AwsError> {
        if self.access.credentials.is_none() {
            return Err(AwsError::new(404, "NotFound", "Nobody has to sign in: this server looks at no keys."));
        }
        let authority = cx.host.split_once("://").map_or(&*cx.host, |(_, authority)| authority);
        if s3::is_of_a_bucket(host_of(authority)) {
            let message = "A bucket's pages have this name: sign in by the server's own.";
            return Err(AwsError::new(403, "AccessDenied", message));
        }
        let form = Form::parse(&[body])?;
        let (id, secret) = (form.get("access_key").unwrap_or_default(), form.get("secret").unwrap_or_default());
        let Some(identity) = self.identity_of(id, secret) else {
            // Only keys that there are: strangers would fill the notices with others.
            let is_known = self.access.credentials.as_ref().is_some_and(|keys| keys.get(id).is_some());
            let key = if is_known { id.escape_debug().to_string() } else { "that there isn't".to_owned() };
            self.cloud.notice(&format!("a sign-in with the access key {key} was refused"));
            return Err(AwsError::new(403, "AccessDenied", "The access key and the secret don't belong together."));
        };
        let account = identity.account.to_string();
        let session = self.sessions.begin(identity, secret.to_owned(), self.cloud.core.clients_now());
        let cookie = sign_in::cookie(&session, cx.host.starts_with("https:"));
        let told = json!({"api": api::VERSION, "account": account});
        Ok(with_cookie(entered(parts, &told, cx.request_id), &cookie))
    }

    fn sign_out(&self, parts: &Parts, id: RequestId) -> Response<Body> {
        if let Some(cookies) = parts.headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()) {
            self.sessions.end(cookies);
        }
        with_cookie(entered(parts, &json!({"api": api::VERSION}), id), &sign_in::no_cookie())
    }

    /// Whose a long-lived key is, if this is its secret. A temporary key has a token as well, and is none.
    fn identity_of(&self, id: &str, secret: &str) -> Option<Identity> {
        let known = self.access.credentials.as_ref()?.get(id).filter(|key| key.session_token.is_none());
        let user = if known.is_none() { user_key(&self.cloud, id).filter(|key| key.active) } else { None };
        let wanted = known.map(|key| key.secret.as_str()).or(user.as_ref().map(|key| key.secret.as_str()));
        // Compared also where there is none, with what nobody has.
        let same: bool = secret.as_bytes().ct_eq(wanted.unwrap_or("\0").as_bytes()).into();
        if !same || wanted.is_none() {
            return None;
        }
        let account = known.and_then(|key| key.account.clone()).or(user.as_ref().map(|key| key.account.clone()));
        let account = account.or_else(|| account_of(id).map(str::to_owned));
        Some(Identity {
            account: intern(account.as_deref().unwrap_or(DEFAULT_ACCOUNT)),
            region: intern(crate::request::DEFAULT_REGION),
            access_key: intern(id),
            session: None,
            user: user.as_ref().map(|key| Arc::new(KeyUser::of(key))),
        })
    }

    fn events(&self, viewer: &Viewer, parts: &Parts) -> Result<Response<Body>, AwsError> {
        let seen = parts.headers.get(&LAST_EVENT).and_then(|seen| seen.to_str().ok());
        let cloud = self.cloud.clone();
        let closed = move || cloud.core.waiters.is_closed();
        let account = Some(viewer.cx.account.to_string());
        let Some(listening) = events::listen(&self.watch.hub, account, seen, closed) else {
            let message = "Too many listen already: close another page of the console.";
            return Err(AwsError::new(503, "TooManyListeners", message));
        };
        let mut response = plain(200, "text/event-stream; charset=utf-8", viewer.cx.request_id, bytes::Bytes::new());
        *response.body_mut() = body::stream(listening);
        Ok(response)
    }

    /// Does an action: chaos and the clock are the server's own, the others are operations of services.
    pub(super) async fn act(&self, viewer: &Viewer, name: &str, input: &Input) -> Result<(Json, String), AwsError> {
        let account = viewer.is_signed.then_some(&*viewer.cx.account);
        // Of a policy that is tried, which is no action, there is a path of its own.
        let fields = parameters::fields(name).filter(|_| name != "try").ok_or_else(|| absent("action", name))?;
        input.check(fields)?;
        Ok(match name {
            "chaos" => self.act_chaos(account, input, &viewer.cx.host)?,
            "clock" => {
                if viewer.is_signed {
                    let why =
                        "The clock of a server that checks signatures isn't moved: its keys are of several accounts.";
                    return Err(AwsError::new(403, "AccessDenied", why));
                }
                let (query, cli) = match (input.given("by"), input.given("to")) {
                    (Some(by), None) => (format!("advance={}", encoded(by)), format!("messaging clock advance {by}")),
                    (None, Some(to)) => (format!("to={}", encoded(to)), format!("messaging clock to {to}")),
                    _ => return Err(wrong("The clock is moved by a time, as 2h, or to a moment.")),
                };
                (Box::pin(clock::advance(&self.cloud, &query)).await?, cli)
            }
            name => {
                let done = Box::pin(action::act(viewer, name, input)).await?;
                (done.result, done.cli)
            }
        })
    }

    fn act_chaos(&self, account: Option<&str>, input: &Input, host: &str) -> Result<(Json, String), AwsError> {
        let rules = match input.value("rules") {
            Some(Json::String(text)) => text.clone(),
            Some(rules) => rules.to_string(),
            None => String::new(),
        };
        let quoted = rules.replace('\'', r"'\''");
        let (method, cli) = match input.given("do") {
            Some("add") => (Method::PATCH, format!("messaging chaos add '{quoted}'")),
            Some("remove") => (Method::DELETE, format!("curl -X DELETE {host}/_messaging/chaos -d '{quoted}'")),
            Some("clear") => (Method::DELETE, "messaging chaos clear".to_owned()),
            _ => return Err(wrong("do says what is done with the rules: add, remove or clear.")),
        };
        let is_clear = input.given("do") == Some("clear");
        if !is_clear && rules.trim().is_empty() {
            return Err(wrong("rules are a rule or a list of rules, JSON."));
        }
        let body = if is_clear { "" } else { &rules };
        Ok((chaos::page(&self.cloud, account, &method, body.as_bytes())?, cli))
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Another port of this machine is another server, whose pages may look as anybody there may, and do nothing here.
///
/// # Errors
/// Something is to be done for such a page.
pub(super) fn refuse_foreign_pages(parts: &Parts) -> Result<(), AwsError> {
    match parts.method == Method::POST && !is_same_origin(parts) {
        true => Err(AwsError::new(403, "AccessDenied", "A page of another server may not act here.")),
        false => Ok(()),
    }
}

fn untaken(takes: &str) -> AwsError {
    AwsError::new(405, "MethodNotAllowed", format!("This path takes {takes}."))
}

fn json_answer(status: u16, json: &Json, id: RequestId) -> Response<Body> {
    plain(status, "application/json", id, json.to_string().into())
}

/// The answer to a sign-in or a sign-out: a browser goes on to the console.
fn entered(parts: &Parts, told: &Json, id: RequestId) -> Response<Body> {
    if !pages::wants_html(&parts.headers) {
        return json_answer(200, told, id);
    }
    let mut response = plain(303, "text/plain; charset=utf-8", id, bytes::Bytes::new());
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/_messaging/"));
    response
}

fn with_cookie(mut response: Response<Body>, cookie: &str) -> Response<Body> {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}
