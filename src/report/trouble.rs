//! Requests that failed on the way, and what that may have left.

use console::Style;

use super::{Published, Queue};
use crate::traffic::stats::Requests;
use crate::ui::paint;
use crate::units::{count, plural};

/// What failed on the way of the events to the topic, and what that may have left.
pub(super) fn publishing_trouble(published: &Published) -> Option<String> {
    let lost = match (published.requests.lost_answers, published.maybe_twice) {
        (0, _) => String::new(),
        (answers, 0) => format!("; {} lost", plural(answers, "answer")),
        (answers, events) => {
            format!("; {} lost: up to {} may be there twice", plural(answers, "answer"), plural(events, "event"))
        }
    };
    trouble_line("publishing", published.requests, &lost)
}

/// What failed on the way of a queue's messages to us: what a lost answer held comes again.
pub(super) fn receiving_trouble(queue: &Queue) -> Option<String> {
    let lost = match queue.requests.lost_answers {
        0 => String::new(),
        answers => {
            format!("; {} lost: messages in them come again after their visibility timeout", plural(answers, "answer"))
        }
    };
    trouble_line(&format!("the {} queue", queue.api.name()), queue.requests, &lost)
}

fn trouble_line(of: &str, requests: Requests, lost: &str) -> Option<String> {
    if requests == Requests::default() {
        return None;
    }
    let (failed, retries) = (plural(requests.failed_requests, "request"), count(requests.retries));
    let text = format!("{of}: {failed} failed, {retries} sent again{lost}");
    Some(paint(&Style::new().yellow(), text))
}
