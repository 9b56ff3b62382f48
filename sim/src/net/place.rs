//! Where hosts are in the network, and what is on their lines.

use std::time::Duration;

use samara::Time;

/// Where a host is in the network.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// From it to the middle of the network; a message takes the sum of both ends'.
    pub latency: Duration,
    /// Bytes per second sent; 0: no limit.
    pub up: u64,
    /// Bytes per second received; 0: no limit.
    pub down: u64,
    /// How often what is sent from or to it breaks its connection, in millionths.
    pub loss: u32,
}

/// A host's place and lines. Each parcel looks at two hosts', so all of them are kept together, one in each line of a
/// processor's cache: those of ten thousand hosts stay there.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Access {
    pub(crate) place: Place,
    up: Line,
    down: Line,
}

/// How something goes onto a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Behind what is on it.
    Queue,
    /// Something small: it passes what is on the line, and takes it up all the same.
    Express,
}

/// One direction of a host's line: when what is on it will be through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line(Time);

impl Access {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, up: Line::default(), down: Line::default() }
    }

    /// Sends `bytes` at `now`; gives when the last of them is on its way.
    pub(crate) fn send(&mut self, now: Time, bytes: u64, lane: Lane) -> Time {
        self.up.put(now, bytes, self.place.up, lane)
    }

    /// Receives `bytes` that were sent at `now`; gives when the last of them is through, but for the way.
    pub(crate) fn receive(&mut self, now: Time, bytes: u64, lane: Lane) -> Time {
        self.down.put(now, bytes, self.place.down, lane)
    }
}

impl Line {
    fn put(&mut self, from: Time, bytes: u64, rate: u64, lane: Lane) -> Time {
        match lane {
            Lane::Queue => self.carry(from, bytes, rate),
            Lane::Express => self.slip(from, bytes, rate),
        }
    }

    /// Puts `bytes` on the line, no earlier than `from`; gives when the last of them is through.
    pub(crate) fn carry(&mut self, from: Time, bytes: u64, rate: u64) -> Time {
        if rate > 0 {
            let micros = bytes.saturating_mul(1_000_000).div_ceil(rate);
            self.0 = self.0.max(from) + Duration::from_micros(micros);
        }
        self.0.max(from)
    }

    /// The same for something small that passes before what is on the line.
    fn slip(&mut self, from: Time, bytes: u64, rate: u64) -> Time {
        let micros = bytes.saturating_mul(1_000_000).checked_div(rate).unwrap_or(0);
        self.carry(from, bytes, rate);
        from + Duration::from_micros(micros)
    }
}
