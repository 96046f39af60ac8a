//! Prints what a service says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use service::record::{Record, Tell};
use tokio::time::timeout;

use crate::ui::Ui;
use crate::units::plural;

/// So many records wait to be printed.
const WAITING: usize = 10_000;
/// How long the last records may take to be printed: nobody may read stdout.
const LAST_RECORDS: Duration = Duration::from_secs(2);

/// A thread that prints, since whoever reads stdout may be slow. What doesn't fit in between is dropped, and counted.
pub(super) struct Printer {
    /// Told what is to be printed.
    pub tell: Tell,
    thread: Option<JoinHandle<()>>,
}

impl Printer {
    pub(super) fn start(ui: &Ui) -> Self {
        let (sender, records) = sync_channel::<Record>(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let (lost, ui) = (dropped.clone(), ui.clone());
        let thread = std::thread::Builder::new().name("records".into()).spawn(move || print(&records, &lost, &ui));
        let tell = Tell::new(move |record| {
            if sender.try_send(record).is_err() {
                dropped.fetch_add(1, Ordering::Relaxed);
            }
        });
        // Without a thread nobody receives, and everything counts as dropped.
        Self { tell, thread: thread.ok() }
    }

    /// Prints what waits, once nobody else has the way to tell.
    pub(super) async fn finish(self) {
        drop(self.tell);
        let Some(thread) = self.thread else { return };
        // A thread that doesn't end is left behind: the program ends.
        _ = timeout(LAST_RECORDS, tokio::task::spawn_blocking(move || thread.join())).await;
    }
}

fn print(records: &Receiver<Record>, dropped: &AtomicU64, ui: &Ui) {
    for record in records {
        if let Some(text) = &record.text {
            ui.line(text);
        }
        ui.record(&record.json);
        match dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            lost => ui.warn(format!("{} not printed: stdout is read too slowly", plural(lost, "record"))),
        }
    }
}
