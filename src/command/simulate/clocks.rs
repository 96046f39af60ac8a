//! The clocks of this machine and of a cloud, held beside each other.

use std::time::Duration;

use jiff::SignedDuration;

use crate::aws::Target;
use crate::clock;
use crate::command::Context;
use crate::units::duration;

/// Clocks that are so close are taken to be together: an answer's Date has whole seconds.
const CLOCKS_CLOSE: Duration = Duration::from_secs(5);

/// By how much the cloud's clock is ahead of this machine's, to about a second; and that they are apart, in words, which the user
/// hears of.
pub(super) async fn compare_clocks(context: &Context, target: &Target) -> (SignedDuration, Option<String>) {
    if clock::is_stepped() {
        // There is one for both, which no answer's Date tells.
        return Default::default();
    }
    let gap = target.time().await.map(|there| there.duration_since(clock::now())).unwrap_or_default();
    let apart = clocks_apart(gap);
    if let Some(apart) = &apart {
        context.ui.warn(format!("Times are off: {apart}."));
    }
    (gap, apart)
}

/// That the clocks of this machine and the cloud are apart, in words; nothing if they are close.
fn clocks_apart(gap: SignedDuration) -> Option<String> {
    let by = gap.unsigned_abs();
    let direction = if gap.is_negative() { "behind" } else { "ahead of" };
    (by > CLOCKS_CLOSE).then(|| format!("the cloud's clock is {} {direction} this machine's", duration(by)))
}
