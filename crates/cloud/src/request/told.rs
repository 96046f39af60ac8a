//! What the log of requests tells of one request, noted on the request's way. Nothing of it is there while there is no log.

use std::sync::Arc;

use parking_lot::Mutex;

/// What was noted of one request.
#[derive(Debug, Default)]
pub struct Told(Mutex<Facts>);

/// What a line tells.
#[derive(Debug, Default, Clone)]
pub(crate) struct Facts {
    /// `sqs`
    pub service: &'static str,
    /// `SendMessage`
    pub operation: String,
    /// What the request is about, as its sender wrote it.
    pub resource: String,
    /// The error's code; empty without one.
    pub code: String,
    /// What the answer holds, where that is worth a word: `3 messages`.
    pub answer: String,
    pub account: Option<Arc<str>>,
    pub region: Option<Arc<str>>,
    /// It is for a page of the server's own, which isn't logged.
    pub is_page: bool,
}

impl Told {
    /// What is known so far.
    pub(crate) fn facts(&self) -> Facts {
        self.0.lock().clone()
    }

    /// Which operation it calls, whether there is one of that name or not.
    pub(crate) fn operation(&self, service: &'static str, operation: &str) {
        let mut facts = self.0.lock();
        facts.service = service;
        operation.clone_into(&mut facts.operation);
    }

    /// What it is about.
    pub(crate) fn resource(&self, resource: &str) {
        resource.clone_into(&mut self.0.lock().resource);
    }

    /// What the answer holds.
    pub(crate) fn answer(&self, answer: String) {
        self.0.lock().answer = answer;
    }

    /// The code of the error that it is answered with.
    pub(crate) fn error(&self, code: &str) {
        code.clone_into(&mut self.0.lock().code);
    }

    /// Who asks, and where.
    pub(crate) fn who(&self, account: &Arc<str>, region: &Arc<str>) {
        let mut facts = self.0.lock();
        (facts.account, facts.region) = (Some(account.clone()), Some(region.clone()));
    }

    /// It is for a page of the server's own.
    pub(crate) fn is_page(&self) {
        self.0.lock().is_page = true;
    }
}
