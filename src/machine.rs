//! What every machine of this crate is: a function from inputs and times to actions.

use alloc::collections::VecDeque;
use core::fmt;

use crate::time::Time;
use crate::wire::Message;

/// A protocol role as a pure state machine.
///
/// A driver hands in what happened and when, takes out what is to be done, and sends a wake-up at the deadline:
///
/// ```text
///            handle(now, event)                    poll() -> action
///   driver ───────────────────────▶  machine  ───────────────────────▶ driver
///      ▲                                │
///      └──────── deadline() ◀───────────┘   at that time: handle(now, Event::Wake)
/// ```
///
/// - Any number of `handle` calls may come before a drain, and a drain may be partial.
/// - The same inputs at the same times give the same actions, to the byte.
/// - A peer's fault is never an error and never a panic: what follows from it is an action.
pub trait Machine {
    /// What can happen to it.
    type Event;
    /// What it wants done.
    type Action;

    /// Takes one input at `now`. Infallible, bounded, never blocks. `now` may repeat; going back is clamped.
    fn handle(&mut self, now: Time, event: Self::Event);

    /// A look at messages that are about to be handed in. It changes nothing: a machine with a large table fetches what
    /// it will need from memory, for all of them at once instead of for one after the other. Bounded work for each; optional.
    fn foresee<'a>(&self, _coming: impl Iterator<Item = &'a Message>) {}

    /// The oldest pending action, O(1).
    fn poll(&mut self) -> Option<Self::Action>;

    /// When a wake-up is wanted, and which timer wants it, O(1). Early, late and spurious wake-ups are harmless.
    fn deadline(&self) -> Option<Deadline>;
}

/// When a machine wants to be woken, and by which of its timers: the name makes a busy loop explain itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The moment.
    pub at: Time,
    /// The timer, in words that a trace can show.
    pub timer: &'static str,
}

/// A connection, as a machine and its driver name it.
///
/// Connections that the driver accepted are named by the driver, in `space` 0; those that a machine dials are named
/// by the machine, in a space that its owner gave it, so that names never clash. `generation` grows each time a
/// `slot` is used again: events of a closed link that come late are recognized and ignored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// Who named it: 0 for the driver (accepted), others for machines (dialled).
    pub space: u16,
    /// Which of its connections.
    pub slot: u16,
    /// Which use of the slot.
    pub generation: u32,
}

impl Link {
    /// The space of accepted links, named by the driver.
    pub const ACCEPTED: u16 = 0;
}

impl fmt::Debug for Link {
    /// `space.slot#generation`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}#{}", self.space, self.slot, self.generation)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Link {
    /// As traces print it.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Link {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <alloc::string::String as serde::Deserialize>::deserialize(deserializer)?;
        let parse = || {
            let ((space, rest), parse) = (text.split_once('.')?, str::parse);
            let (slot, generation) = rest.split_once('#')?;
            let generation = generation.parse().ok()?;
            Some(Self { space: parse(space).ok()?, slot: parse(slot).ok()?, generation })
        };
        parse().ok_or_else(|| serde::de::Error::custom("a link is SPACE.SLOT#GENERATION"))
    }
}

/// The actions that a machine has not handed out yet, oldest first.
#[derive(Debug)]
pub struct Outbox<A>(VecDeque<A>);

impl<A> Outbox<A> {
    /// An empty one.
    pub const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Adds an action at the end.
    pub fn push(&mut self, action: A) {
        self.0.push_back(action);
    }

    /// Takes the oldest action.
    pub fn pop(&mut self) -> Option<A> {
        let oldest = self.0.pop_front();
        if self.0.is_empty() {
            // Begins anew in front: else one action at a time would wander through all of the ring's memory.
            self.0.clear();
        }
        oldest
    }

    /// How many actions wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Is nothing waiting?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<A> Default for Outbox<A> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_leave_in_the_order_they_came() {
        let mut outbox = Outbox::new();
        outbox.push(1);
        outbox.push(2);
        assert_eq!((outbox.pop(), outbox.len()), (Some(1), 1));
        assert_eq!((outbox.pop(), outbox.pop()), (Some(2), None));
        assert!(outbox.is_empty());
    }
}
