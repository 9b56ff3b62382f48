//! Where hosts are in the network.

use std::time::Duration;

use samara::Time;

use super::{Lane, Line};

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

const _: () = assert!(size_of::<Access>() == 64);

impl Access {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, up: Line::default(), down: Line::default() }
    }

    /// Sends `bytes` at `now`; gives when the last of them is on its way.
    pub(crate) fn send(&mut self, now: Time, bytes: u64, lane: Lane) -> Time {
        self.up.put(now, bytes, self.place.up, lane)
    }

    /// Receives `bytes` that are sent at `now`; gives when the last of them would be through if the way took no time.
    pub(crate) fn receive(&mut self, now: Time, bytes: u64, lane: Lane) -> Time {
        self.down.put(now, bytes, self.place.down, lane)
    }
}
