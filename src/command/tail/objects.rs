//! A bucket that is followed: by listing it again and again.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::Wanted;
use crate::aws::{Target, TargetKind};
use crate::command::Context;
use crate::command::listing::{self, LOOKED_AT, Place};
use crate::command::object::refuse;
use crate::command::objects::{Record, cat, line};
use crate::exit::{Exit, Failure};
use crate::ui::reader_left;
use crate::units::count;

/// How often it is listed: on AWS every thousand keys are a request that costs.
const LOCAL: Duration = Duration::from_secs(1);
const AWS: Duration = Duration::from_secs(5);

/// Follows a place until the user ends it, or enough was shown.
pub(super) async fn follow(
    context: &Context,
    target: &Target,
    place: &Place,
    cats: bool,
    mut wanted: Wanted,
) -> Result<Exit, Failure> {
    let every = if target.kind == TargetKind::Aws { AWS } else { LOCAL };
    let name = format!("s3://{}/{}", place.bucket, place.prefix);
    context.ui.note(format!("Following {name}; Ctrl-C ends."));
    // Not by the time of the last one alone: an object that took long to upload has the time at which that began.
    let mut seen: Option<HashMap<String, Timestamp>> = None;
    loop {
        let listed = listing::newest(target, place, LOOKED_AT).await;
        let listed = listed.map_err(|error| refuse(&error, target, &place.bucket, &format!("list {name}")))?;
        if listed.more {
            return Err(Failure::usage(format!("{name} holds more than {} objects", count(LOOKED_AT as u64)))
                .why("each look lists all of them")
                .help("Name a part of it with a longer prefix, as s3://BUCKET/PREFIX."));
        }
        let is_new = |key: &str, modified| seen.as_ref().is_none_or(|seen| seen.get(key) != Some(&modified));
        let most = if seen.is_none() { wanted.last } else { usize::MAX };
        let new: Vec<_> = listed.objects.iter().filter(|it| is_new(&it.key, it.modified)).take(most).collect();
        for object in new.into_iter().rev() {
            if cats {
                cat(context, target, place, object).await?;
            } else {
                context.ui.record(&Record::of(place, object));
                context.ui.line(line(context, place, object));
            }
            if wanted.is_done() {
                return Ok(Exit::Ok);
            }
        }
        seen = Some(listed.objects.into_iter().map(|object| (object.key, object.modified)).collect());
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = context.stop.requested() => return Ok(Exit::Ok),
            () = reader_left() => return Ok(Exit::Ok),
        }
    }
}
