//! Who made something happen, as events tell it.

/// Who made something happen, and in which request.
#[derive(Debug, Clone, Default)]
pub(super) struct Actor {
    /// An access key, or a service's name.
    pub principal: String,
    pub request_id: String,
    pub host_id: String,
    /// `X-Amzn-Trace-Id`, passed on to queues.
    pub trace: Option<String>,
}
