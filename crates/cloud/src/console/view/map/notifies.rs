//! S3's notifications: which buckets tell whom of what happens in them.

use super::drawn::{Drawn, plain};
use super::{Edge, EdgeFigures, EdgeKind};
use crate::console::Viewer;
use crate::console::view::SLICE;
use crate::s3;

/// Buckets that are looked at, and edges that are drawn of them.
const BUCKETS: usize = 5_000;
const EDGES: usize = 500;

impl Drawn {
    /// Draws the buckets that tell somebody, and whom.
    pub(super) fn notifications(&mut self, viewer: &Viewer) {
        let core = &viewer.cx.cloud.core;
        let names: Vec<String> =
            core.read(|engine, _| s3::bucket_names(engine).take(BUCKETS).map(str::to_owned).collect());
        let mut drawn = 0;
        for slice in names.chunks(SLICE) {
            core.look(|engine, journal, _| {
                for name in slice {
                    // One that can't be read is told where buckets are listed.
                    let Ok(Some(bucket)) = s3::find_bucket(engine, name) else { continue };
                    let told = s3::told(&bucket);
                    let seen = bucket.account == *viewer.cx.account
                        && viewer.region.as_ref().is_none_or(|region| *region == bucket.region);
                    if !seen || told.is_empty() || drawn + told.len() > EDGES {
                        continue;
                    }
                    drawn += told.len();
                    self.bucket(name.clone(), &bucket.region, 0);
                    let from = format!("arn:aws:s3:::{name}");
                    for (to, what) in told {
                        let counted = journal.notified.get(name, to);
                        let figures = EdgeFigures { refused: counted.refused, ..EdgeFigures::default() };
                        let edge = plain(&from, to, EdgeKind::Notifies, counted.sent, 0.0);
                        let figures = EdgeFigures { delivered: edge.figures.delivered, ..figures };
                        match self.edges.iter_mut().find(|it| it.id == edge.id) {
                            // Several rules may lead to one place.
                            Some(Edge { what: Some(known), .. }) => *known = format!("{known}; {what}"),
                            _ => self.edges.push(Edge { what: Some(what), figures, ..edge }),
                        }
                    }
                }
            });
        }
    }
}
