//! Who has signed in: sessions of browsers, which show a key once and a random cookie from then on.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::request::Identity;
use engine::Millis;

/// The cookie's name.
const COOKIE: &str = "messaging-session";
/// Sessions of one account at once, and of all; beyond it the account's oldest ends, or that of the account that has most.
const MOST_OF_ONE: usize = 64;
const MOST: usize = 256;
/// How long one lasts, by the wall clock.
const LIFE: Millis = 12 * 60 * 60 * 1_000;

/// A session.
#[derive(Clone)]
pub(crate) struct Session {
    pub identity: Identity,
    /// Of the key that was shown: links are signed with it. It has to be good still, each time.
    pub secret: String,
    began: Millis,
}

/// The sessions.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    /// Begins a session; the value of its cookie.
    pub(crate) fn begin(&self, identity: Identity, secret: String, now: Millis) -> String {
        let id = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        let mut all = self.0.lock();
        all.retain(|_, session| is_alive(session, now));
        let mut counts: HashMap<&str, usize> = HashMap::new();
        all.values().for_each(|session| *counts.entry(&session.identity.account).or_default() += 1);
        let greedy = match counts.get(&*identity.account) {
            Some(own) if *own >= MOST_OF_ONE => Some(&*identity.account),
            _ if all.len() >= MOST => counts.iter().max_by_key(|(_, count)| **count).map(|(account, _)| *account),
            _ => None,
        };
        if let Some(greedy) = greedy {
            // Nobody signs others out.
            let own = all.iter().filter(|(_, session)| &*session.identity.account == greedy);
            let oldest = own.min_by_key(|(_, session)| session.began).map(|(id, _)| id.clone());
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        all.insert(id.clone(), Session { identity, secret, began: now });
        id
    }

    /// The session that a request's cookies name.
    pub(crate) fn of(&self, cookies: &str, now: Millis) -> Option<Session> {
        // Ids are random and long: what a lookup's time tells of them is of no use.
        let all = self.0.lock();
        all.get(id_in(cookies)?).filter(|session| is_alive(session, now)).cloned()
    }

    /// Ends the session that a request's cookies name.
    pub(crate) fn end(&self, cookies: &str) {
        if let Some(id) = id_in(cookies) {
            self.0.lock().remove(id);
        }
    }
}

fn is_alive(session: &Session, now: Millis) -> bool {
    // A clock that was set back ends it too.
    now.checked_sub(session.began).is_some_and(|age| age < LIFE)
}

fn id_in(cookies: &str) -> Option<&str> {
    let mut all = cookies.split(';').map(str::trim);
    all.find_map(|cookie| cookie.strip_prefix(COOKIE)?.strip_prefix('='))
}

/// The header `Set-Cookie` of a session that begins.
pub(crate) fn cookie(id: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={id}; Path=/_messaging; Max-Age={}; HttpOnly; SameSite=Strict{secure}", LIFE / 1_000)
}

/// The header `Set-Cookie` of one that ends.
pub(crate) fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/_messaging; Max-Age=0; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let (account, region, access_key) = ("111111111111".into(), "us-east-1".into(), "AKIA".into());
        Identity { account, region, access_key, session: None, user: None }
    }

    #[test]
    fn sessions_end_and_are_bounded() {
        let sessions = Sessions::default();
        let first = sessions.begin(identity(), "s".into(), 5);
        let cookies = format!("other=1; {COOKIE}={first}");
        assert!(sessions.of(&cookies, 5 + LIFE - 1).is_some() && sessions.of(&cookies, 5 + LIFE).is_none());
        assert!(sessions.of(&cookies, 4).is_none() && sessions.of("", 5).is_none());
        let second = sessions.begin(identity(), "s".into(), 6);
        sessions.end(&format!("{COOKIE}={second}"));
        assert!(sessions.of(&format!("{COOKIE}={second}"), 6).is_none());
        let other = Identity { account: "222222222222".into(), ..identity() };
        (0..MOST as u64).for_each(|at| _ = sessions.begin(other.clone(), "s".into(), 10 + at));
        assert!(sessions.of(&cookies, 20).is_some(), "another account's sessions end its own");
        assert_eq!(sessions.0.lock().len(), 1 + MOST_OF_ONE);
        (0..MOST as u64).for_each(|at| _ = sessions.begin(identity(), "s".into(), 1_000 + at));
        assert!(sessions.of(&cookies, 1_300).is_none() && sessions.0.lock().len() == 2 * MOST_OF_ONE);
        assert!(cookie("x", true).ends_with("; Secure") && cookie("x", false).contains("HttpOnly; SameSite=Strict"));
    }
}
