//! What `consume --json` says of a message.

use serde::Serialize;

use crate::event::envelope::Arrived;
use crate::traffic::api::Api;
use crate::traffic::trace::Traced;

/// A message in `--json` mode.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    pub record: &'static str,
    pub api: Api,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receives: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<&'a str>,
    /// Where the publisher says that it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// Of what was handled: whether anything was done, or it was known to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<bool>,
    /// Of what a worker died of: whether it was handled before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handled: Option<bool>,
    /// An event of somebody's own, as it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'a str>,
    #[serde(flatten)]
    pub trace: Option<&'a Traced>,
}

impl<'a> Record<'a> {
    /// Says which event it is about.
    pub(super) fn of(&mut self, event: &'a Arrived) {
        (self.event_id, self.event_type) = (Some(event.id.as_str()), Some(event.event_type.as_str()));
        if let Some((run, place)) = &event.run {
            (self.run, self.publisher, self.sequence) =
                (Some(run.as_str()), Some(place.publisher), Some(place.sequence));
        }
    }

    pub(super) fn new(api: Api) -> Self {
        Self {
            record: "",
            api,
            message_id: None,
            event_id: None,
            event_type: None,
            receives: None,
            age_ms: None,
            summary: None,
            run: None,
            publisher: None,
            sequence: None,
            effect: None,
            handled: None,
            own: None,
            why: None,
            trace: None,
        }
    }
}
