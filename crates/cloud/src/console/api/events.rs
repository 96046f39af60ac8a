//! What moves, as it moves: server-sent events, each with an id that a client names when it comes again.
//! Source: "Server-sent events" (HTML Standard).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{BoxStream, unfold};
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde_json::{Map, Value as Json, json};

use crate::console::watch::hub::{Event, Hub, Listening, Next};
use text::arn;

/// So often at least something is sent, so that both ends see that the other is there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What is sent, piece by piece.
type Frames = BoxStream<'static, Result<Frame<Bytes>, Infallible>>;

/// A listener.
struct Listener {
    place: Listening,
    /// Whose events it may see; none: everybody's.
    account: Option<String>,
    /// The number of the last event that it was sent.
    last: u64,
    /// What waits to be sent.
    begin: Option<String>,
    closed: Box<dyn Fn() -> bool + Send>,
}

/// The body of an answer that goes on until the client leaves, or `closed` says that the server stops. `seen` is the id that the
/// client saw last. None where too many listen already.
pub(crate) fn listen(
    hub: &Arc<Hub>,
    account: Option<String>,
    seen: Option<&str>,
    closed: impl Fn() -> bool + Send + 'static,
) -> Option<StreamBody<Frames>> {
    let place = hub.join(account.as_deref().unwrap_or_default())?;
    let last = hub.last();
    let (last, begin) = match seen.map(|seen| hub.number(seen).filter(|number| *number <= last)) {
        // Another run of the server has forgotten what this client knows.
        Some(None) => (last, dropped(hub, last)),
        Some(Some(number)) => (number, "retry: 1000\n\n".to_owned()),
        None => (last, format!("retry: 1000\nid: {}\nevent: hello\ndata: {{}}\n\n", hub.id(last))),
    };
    let listener = Listener { place, account, last, begin: Some(begin), closed: Box::new(closed) };
    let frames = unfold(listener, async |mut listener| {
        let text = listener.next().await?;
        Some((Ok(Frame::data(Bytes::from(text))), listener))
    });
    Some(StreamBody::new(frames.boxed()))
}

fn dropped(hub: &Hub, number: u64) -> String {
    format!("id: {}\nevent: dropped\ndata: {{}}\n\n", hub.id(number))
}

impl Listener {
    /// What is sent next; none when there is nothing more.
    async fn next(&mut self) -> Option<String> {
        if let Some(begin) = self.begin.take() {
            return Some(begin);
        }
        loop {
            if (self.closed)() {
                return None;
            }
            let hub = &self.place.0;
            match hub.after(self.last) {
                Some(Next::Dropped(last)) => {
                    self.last = last;
                    return Some(dropped(hub, last));
                }
                Some(Next::Events(events)) => {
                    let mut text = String::new();
                    for event in events {
                        self.last = event.number;
                        text += &self.told(&event).unwrap_or_default();
                    }
                    if !text.is_empty() {
                        return Some(text);
                    }
                }
                None => {
                    let waited = tokio::time::timeout(HEARTBEAT, hub.wait(self.last)).await;
                    if waited.is_err() {
                        return Some(": still here\n\n".to_owned());
                    }
                }
            }
        }
    }

    /// An event as this listener may see it, if there is anything in it for it.
    fn told(&self, event: &Event) -> Option<String> {
        let sees =
            |of: &str| of.is_empty() || self.account.as_deref().is_none_or(|account| account == arn::account(of));
        let seen: Vec<_> = event.parts.iter().filter(|(_, of, _)| sees(of)).collect();
        if seen.is_empty() {
            return None;
        }
        let data = match event.name {
            "notice" => seen[0].2.clone(),
            _ => {
                let mut data = Map::new();
                data.insert("now".into(), event.at.into());
                for field in ["nodes", "edges"] {
                    let of_field = seen.iter().filter(|(name, ..)| *name == field).map(|(.., part)| part.clone());
                    data.insert(field.into(), Json::Array(of_field.collect()));
                }
                json!(data)
            }
        };
        Some(format!("id: {}\nevent: {}\ndata: {data}\n\n", self.place.0.id(event.number), event.name))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_listener_hears_of_its_account_alone_and_stops_with_the_server() {
        let hub = Arc::new(Hub::default());
        let closed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stops = closed.clone();
        let is_closed = move || stops.load(std::sync::atomic::Ordering::Relaxed);
        let mut body = listen(&hub, Some("111111111111".into()), None, is_closed).unwrap();
        let part = |account: &str| ("nodes", format!("arn:aws:sqs:us-east-1:{account}:q"), json!({"of": account}));
        hub.push("figures", 1, vec![part("222222222222")]);
        hub.push("figures", 2, vec![part("111111111111"), part("222222222222")]);
        let mut heard = String::new();
        for _ in 0..2 {
            let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
            heard += std::str::from_utf8(&frame).unwrap();
        }
        assert!(heard.contains("event: hello") && heard.contains("111111111111"), "{heard}");
        assert!(heard.contains(&hub.id(2)) && !heard.contains("222222222222"), "{heard}");
        closed.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(body.frame().await.is_none());
    }
}
