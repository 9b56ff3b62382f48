//! Who is dialled first, and how long after a failure.

use core::time::Duration;

/// The wait after the first failed dial; doubles with each.
const BACKOFF: Duration = Duration::from_secs(1);
/// The longest wait between dials.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// The longest wait for one that the user gave or that was of use.
const MAX_GOOD_BACKOFF: Duration = Duration::from_secs(8);

/// Who is dialled first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    Given,
    /// It has sent chunks before: a tracker that names one dead address after another doesn't keep it waiting.
    Proven,
    New,
    Again,
}

/// The wait after so many failures in a row; `good` for one that the user gave or that was of use.
pub(super) fn backoff(failures: u32, good: bool) -> Duration {
    let most = if good { MAX_GOOD_BACKOFF } else { MAX_BACKOFF };
    BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(6)).min(most)
}
