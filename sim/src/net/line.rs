//! Lines: what is on them will be through at some time.

use std::time::Duration;

use samara::Time;

/// One direction of a host's line, or its disk's: when what is on it will be through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line(Time);

/// How something goes onto a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Behind what is on it.
    Queue,
    /// Something small: it passes what is on the line, and takes it up all the same.
    Express,
}

impl Line {
    /// Puts `bytes` on the line, no earlier than `from`; gives when the last of them is through.
    pub(crate) fn put(&mut self, from: Time, bytes: u64, rate: u64, lane: Lane) -> Time {
        let through = self.carry(from, bytes, rate);
        match lane {
            Lane::Queue => through,
            Lane::Express => {
                let micros = bytes.saturating_mul(1_000_000).checked_div(rate).unwrap_or(0);
                from + Duration::from_micros(micros)
            }
        }
    }

    /// The same behind what is on the line.
    pub(crate) fn carry(&mut self, from: Time, bytes: u64, rate: u64) -> Time {
        if rate > 0 {
            let micros = bytes.saturating_mul(1_000_000).div_ceil(rate);
            self.0 = self.0.max(from) + Duration::from_micros(micros);
        }
        self.0.max(from)
    }
}
