//! How much to ask for: of all peers together, and of each.

use core::time::Duration;

use crate::time::Time;

#[cfg(test)]
mod tests;

/// Chunks that the budget always allows, however large they are.
const MIN_CHUNKS: u64 = 4;
/// The fewest and the most requests in all. In a crowd that is busy everywhere, four keep all uplinks at work; with more,
/// chunks wait longer in line at some while others are idle.
const MIN_REQUESTS: usize = 4;
const MAX_REQUESTS: usize = 256;
const SIXTEENTHS: usize = 16;
/// Where chunks take no longer than this, many peers together are as quick as a source.
const SWIFT: Duration = Duration::from_millis(50);
/// How long a peer of which nothing is known may keep others waiting.
const LATE: Duration = Duration::from_secs(1);
/// Chunk times that a peer may keep others waiting.
const LATE_TIMES: u32 = 3;
/// How long the only peer that has a chunk may send nothing before a new connection is tried, and in chunk times.
const SILENCE: Duration = Duration::from_secs(10);
const SILENCE_TIMES: u32 = 30;
/// The same for one of which nothing is known.
const UNKNOWN_SILENCE: Duration = Duration::from_secs(30);
/// How far a rate limit may catch up after a time in which less came.
const CATCH_UP: Duration = Duration::from_millis(40);
/// The least time that a request is given.
const MIN_PATIENCE: Duration = Duration::from_secs(2);
/// The time that the first requests to a peer are given, besides what their size takes.
const UNKNOWN: Duration = Duration::from_secs(10);
/// The same, if nothing else can be done meanwhile.
const UNKNOWN_URGENT: Duration = Duration::from_secs(4);
/// The same in times that others' chunks take, once any have come, but never less than a second.
const STRANGE_TIMES: u32 = 6;
/// Chunk times that a request is given.
const CHUNK_TIMES: u32 = 10;
/// Bytes asked of the only peer.
const ALONE: u64 = 2 << 20;
/// Bytes asked of each of several.
const AMONG_OTHERS: u64 = 1 << 20;
/// Chunks after which a peer that was too busy once is asked for one more at a time.
const RAISE: u32 = 64;
/// The same if they come quickly: then a refusal costs little, and a peer that was too busy may have made more room.
const QUICK: Duration = Duration::from_millis(1);
const RAISE_QUICK: u32 = 4;
/// Chunks asked of one peer, however small they are.
const MAX_OUTSTANDING: u64 = 64;

/// What is requested or not yet stored, against the budget; what may come, against the rate limit; and how many
/// requests there may be in all, which is nobody's concern until peers say that they are busy: from then on it is
/// what they can take.
#[derive(Debug)]
pub(super) struct Window {
    budget: u64,
    used: u64,
    /// Requests in all, in sixteenths.
    share: usize,
    /// Bytes per second; 0: none.
    limit: u64,
    /// With a limit: when everything asked for so far will have come at that rate.
    paid: Time,
    /// How long chunks take to come, smoothed over all peers; none came yet if none.
    usual: Option<Duration>,
}

impl Window {
    /// With this budget in bytes and this limit in bytes per second.
    pub(super) const fn new(budget: u64, limit: u64, now: Time) -> Self {
        Self { budget, used: 0, share: MAX_REQUESTS * SIXTEENTHS, limit, paid: now, usual: None }
    }

    /// How many requests there may be in all.
    #[cfg(test)]
    const fn share(&self) -> usize {
        self.share / SIXTEENTHS
    }

    /// How many more requests there may be if those under way weigh so much.
    pub(super) const fn left(&self, under_way: usize) -> usize {
        up_to(self.share / SIXTEENTHS, under_way)
    }

    /// How many more requests keep a crowd busy if those under way weigh so much.
    pub(super) const fn lacking(under_way: usize) -> usize {
        up_to(MIN_REQUESTS, under_way)
    }

    /// Do chunks come quickly, as on one machine or in a fast local network?
    pub(super) fn is_swift(&self) -> bool {
        self.usual.is_some_and(|usual| usual <= SWIFT)
    }

    /// What a request to this peer counts, in sixteenths: less if its chunks take more than twice as long as others',
    /// for whoever has slow peers only needs more of them at a time.
    pub(super) fn weight(&self, pace: &Pace, chunk_size: u32) -> usize {
        let Some((usual, took)) = self.usual.zip(pace.takes(chunk_size)) else { return SIXTEENTHS };
        let part = usual.as_micros().saturating_mul(2 * SIXTEENTHS as u128).checked_div(took.as_micros());
        part.and_then(|part| usize::try_from(part).ok()).map_or(SIXTEENTHS, |part| part.clamp(1, SIXTEENTHS))
    }

    /// A peer was too busy: somewhat fewer requests, but never less than four.
    pub(super) fn ease(&mut self) {
        self.share = (self.share.saturating_sub(self.share / 8)).max(MIN_REQUESTS * SIXTEENTHS);
    }

    /// A chunk came, `took` after it was awaited: a quarter of a request more.
    pub(super) fn press(&mut self, took: Duration) {
        let usual = self.usual.unwrap_or(took);
        self.usual = Some(usual.saturating_mul(7).saturating_add(took) / 8);
        self.share = self.share.saturating_add(SIXTEENTHS / 4).min(MAX_REQUESTS * SIXTEENTHS);
    }

    /// Has any chunk come yet?
    pub(super) const fn is_flowing(&self) -> bool {
        self.usual.is_some()
    }

    /// How long to wait for a chunk of `len` bytes from a peer that hasn't sent any yet. `urgent`: nothing else can be
    /// done meanwhile, so it is given up early. Otherwise, unless it is `coming`, a few times what others' chunks take:
    /// it may be one that says it has everything, and keeps what it is asked for from being asked of others.
    pub(super) fn for_strangers(&self, len: u64, urgent: bool, coming: bool) -> Duration {
        if urgent {
            return UNKNOWN_URGENT.saturating_add(span(len, 256 << 10));
        }
        let most = UNKNOWN.saturating_add(span(len, 128 << 10));
        let usual = self.usual.filter(|_| !coming);
        usual.map_or(most, |usual| usual.saturating_mul(STRANGE_TIMES).max(LATE).min(most))
    }

    /// Is there room for `bytes` more, of a file with chunks of `chunk_size`?
    pub(super) fn has_room(&self, bytes: u64, chunk_size: u32) -> bool {
        let least = u64::from(chunk_size).saturating_mul(MIN_CHUNKS);
        self.used.saturating_add(bytes) <= self.budget.max(least)
    }

    /// When the limit allows the next request, if it doesn't now.
    pub(super) fn wait(&self, now: Time) -> Option<Time> {
        (self.limit > 0 && self.paid > now).then_some(self.paid)
    }

    /// `bytes` are asked for.
    pub(super) fn spend(&mut self, now: Time, bytes: u64) {
        self.reserve(bytes);
        if self.limit > 0 {
            let oldest = Time::ZERO + now.since(Time::ZERO).saturating_sub(CATCH_UP);
            self.paid = self.paid.max(oldest) + self.at_limit(bytes);
        }
    }

    /// `bytes` that were asked for won't come.
    pub(super) fn refund(&mut self, bytes: u64) {
        self.free(bytes);
        if self.limit > 0 {
            self.paid = Time::ZERO + self.paid.since(Time::ZERO).saturating_sub(self.at_limit(bytes));
        }
    }

    const fn reserve(&mut self, bytes: u64) {
        self.used = self.used.saturating_add(bytes);
    }

    /// `bytes` are stored or dropped.
    pub(super) const fn free(&mut self, bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// How long `bytes` take at the limit; no time without one.
    pub(super) fn at_limit(&self, bytes: u64) -> Duration {
        if self.limit == 0 { Duration::ZERO } else { span(bytes, self.limit) }
    }
}

/// How fast one peer is, and how long it is waited for.
#[derive(Clone, Debug)]
#[repr(C)]
pub(super) struct Pace {
    /// It is not asked before.
    busy: Option<Time>,
    /// Since when the chunk that comes next is awaited.
    since: Time,
    /// Requests in a row that it let expire.
    snubs: u32,
    /// Chunks that came since the ceiling was set or raised.
    streak: u32,
    /// Weighted sums of what came and of the time it took, the last eight chunks or so.
    bytes: u64,
    micros: u64,
    /// How many requests it takes at a time, as far as its refusals show.
    ceiling: Option<usize>,
}

impl Pace {
    /// Of a peer of which nothing is known.
    pub(super) const fn new(now: Time) -> Self {
        Self { bytes: 0, micros: 0, since: now, snubs: 0, busy: None, ceiling: None, streak: 0 }
    }

    /// A request was sent; `outstanding` others were already.
    pub(super) const fn asked(&mut self, now: Time, outstanding: usize) {
        if outstanding == 0 {
            self.since = now;
        }
    }

    /// A chunk of `len` bytes came. Gives how long after it was awaited.
    pub(super) fn delivered(&mut self, now: Time, len: u32) -> Duration {
        let span = now.since(self.since);
        let took = u64::try_from(span.as_micros()).unwrap_or(u64::MAX).max(1);
        self.bytes = (self.bytes / 8).saturating_mul(7).saturating_add(u64::from(len));
        self.micros = (self.micros / 8).saturating_mul(7).saturating_add(took);
        self.since = now;
        self.snubs = 0;
        self.streak = self.streak.saturating_add(1);
        let raise = if span < QUICK { RAISE_QUICK } else { RAISE };
        if self.streak >= raise {
            self.streak = 0;
            self.ceiling = self.ceiling.map(|ceiling| ceiling.saturating_add(1));
        }
        span
    }

    /// It was too busy for one more request, with `outstanding` others still open: so many it takes.
    pub(super) const fn narrow(&mut self, outstanding: usize) {
        self.ceiling = Some(outstanding);
        self.streak = 0;
    }

    /// It let a request expire.
    pub(super) const fn snub(&mut self) {
        self.snubs = self.snubs.saturating_add(1);
    }

    /// How many requests it let expire since its last chunk.
    pub(super) const fn snubs(&self) -> u32 {
        self.snubs
    }

    /// Did it let its last request expire?
    pub(super) const fn is_snubbed(&self) -> bool {
        self.snubs > 0
    }

    /// Has it been waited for so long that others shouldn't be kept waiting for it?
    pub(super) fn is_late(&self, now: Time, chunk_size: u32) -> bool {
        let usual = self.takes(chunk_size).map(|usual| usual.saturating_mul(LATE_TIMES));
        self.is_snubbed() || now.since(self.since) > usual.map_or(LATE, |usual| usual.min(LATE))
    }

    /// Has nothing come for so long, although a chunk of `len` bytes was asked for, that the connection may be dead?
    pub(super) fn is_silent(&self, now: Time, len: u64) -> bool {
        let usual = self.rate().map(|rate| span(len, rate).saturating_mul(SILENCE_TIMES));
        now.since(self.since) >= usual.map_or(UNKNOWN_SILENCE, |usual| usual.max(SILENCE))
    }

    /// It asked for a pause.
    pub(super) const fn pause(&mut self, until: Time) {
        self.busy = Some(until);
    }

    /// Until when it is to be left alone, if it is.
    pub(super) fn paused_until(&self, now: Time) -> Option<Time> {
        self.busy.filter(|until| now < *until)
    }

    /// Is it to be left alone for now?
    pub(super) fn is_paused(&self, now: Time) -> bool {
        self.paused_until(now).is_some()
    }

    /// How long it takes for a chunk of this size, if anything has come yet.
    pub(super) fn takes(&self, chunk_size: u32) -> Option<Duration> {
        self.rate().map(|rate| span(chunk_size.into(), rate))
    }

    /// Bytes per second, if anything has come yet.
    pub(super) fn rate(&self) -> Option<u64> {
        let per_second = self.bytes.saturating_mul(1_000_000).checked_div(self.micros)?;
        Some(per_second.max(1))
    }

    /// How many requests it may have at a time, for chunks of `chunk_size` bytes. One of whom nothing has
    /// come yet has few, one on probation has one.
    pub(super) fn room(&self, chunk_size: u32, alone: bool) -> usize {
        if self.is_snubbed() {
            return 1;
        }
        let room = self.rate().map_or(if alone { 4 } else { 2 }, |rate| worth(rate, chunk_size, alone));
        room.min(self.ceiling.unwrap_or(room)).max(1)
    }

    /// How long to wait for a chunk of `len` bytes behind `ahead` bytes; `slowest` is what it takes at the rate
    /// limit, `stranger` how long one waits if nothing is known of the peer. Longer each time that it was in vain:
    /// somebody slow gets there in the end.
    pub(super) fn patience(&self, len: u64, ahead: u64, slowest: Duration, stranger: Duration) -> Duration {
        let patience = self.rate().map_or(stranger, |rate| {
            let chunk = span(len, rate).max(slowest);
            chunk.saturating_mul(CHUNK_TIMES).saturating_add(span(ahead, rate)).max(MIN_PATIENCE)
        });
        patience.saturating_add(slowest).saturating_mul(1 << self.snubs.min(3))
    }
}

/// How many more requests make so many if those under way weigh `under_way` sixteenths.
const fn up_to(requests: usize, under_way: usize) -> usize {
    requests.saturating_mul(SIXTEENTHS).saturating_sub(under_way).div_ceil(SIXTEENTHS)
}

/// How many chunks of `chunk_size` bytes to ask of a peer that sends `rate` bytes per second.
fn worth(rate: u64, chunk_size: u32, alone: bool) -> usize {
    let chunk_size = u64::from(chunk_size).max(1);
    // At a high rate, 20 ms worth: so much is on its way through sockets, hashing and disk.
    let flow = rate / 50 / chunk_size;
    let base = if alone { (ALONE / chunk_size).max(4) } else { (AMONG_OTHERS / chunk_size).clamp(2, 4) };
    usize::try_from(base.max(flow).min(MAX_OUTSTANDING)).unwrap_or(1)
}

/// How long `bytes` take at `rate` bytes per second.
fn span(bytes: u64, rate: u64) -> Duration {
    Duration::from_micros(bytes.saturating_mul(1_000_000).div_ceil(rate.max(1)))
}
