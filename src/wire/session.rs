//! The rules of one connection that all roles share: who may say what, and under which number.
//!
//! (PROTOCOL.md, "Conversations".) The side that dialled asks, the side that accepted answers: a [`Caller`] keeps the
//! questions that are open, a [`Callee`] sees that numbers only grow. Each says what a frame is, or which
//! [`Fault`] it is.

use alloc::vec::Vec;
use core::fmt;

use super::frame::{Class, DecodeError};
use super::limits;
use super::message::{Hello, Message, VERSION};
use crate::time::Time;

/// Why a connection is closed. The first group is the peer's doing, the second is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It sent bytes that are no frame.
    Malformed(DecodeError),
    /// It didn't say hello in time, or not first, or twice.
    NoHello,
    /// It speaks another version of the protocol.
    Version(u16),
    /// A request number that goes back, or an answer that nobody asked for.
    OutOfTurn,
    /// A message that its role may not send, or that doesn't fit the request it answers.
    Unexpected,
    /// A chunk that wasn't among the candidates, or of the wrong length.
    Unsolicited,
    /// A chunk that doesn't fit its step.
    BadChunk {
        /// Which chunk.
        index: u32,
    },
    /// An index or bitmap that doesn't fit the file.
    OutOfRange,
    /// More requests, or unknown frames, than the rules allow.
    Flood,
    /// It reads or answers too slowly while others wait.
    Slow,

    /// It is this very node.
    Myself,
    /// The work is done.
    Finished,
    /// Nothing happened for a long time.
    Idle,
    /// No room for more connections.
    Full,
    /// It keeps failing its promises, or is banned for an earlier fault.
    Useless,
    /// This node is stopping.
    Stopping,
}

impl Fault {
    /// Is it in the ordinary course of things? All others are worth telling an operator.
    pub const fn is_routine(&self) -> bool {
        match self {
            Self::Myself | Self::Finished | Self::Idle | Self::Stopping => true,
            Self::Malformed(_)
            | Self::NoHello
            | Self::Version(_)
            | Self::OutOfTurn
            | Self::Unexpected
            | Self::Unsolicited
            | Self::BadChunk { .. }
            | Self::OutOfRange
            | Self::Flood
            | Self::Slow
            | Self::Full
            | Self::Useless => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::NoHello => f.write_str("said no hello"),
            Self::Version(theirs) => write!(f, "speaks version {theirs} of the protocol, not {VERSION}"),
            Self::OutOfTurn => f.write_str("spoke out of turn"),
            Self::Unexpected => f.write_str("sent a message that does not fit"),
            Self::Unsolicited => f.write_str("sent a chunk that was not asked for"),
            Self::BadChunk { index } => write!(f, "sent bad bytes for chunk {index}"),
            Self::OutOfRange => f.write_str("named a chunk that the file does not have"),
            Self::Flood => f.write_str("sent too many requests"),
            Self::Slow => f.write_str("was too slow"),
            Self::Myself => f.write_str("is this node itself"),
            Self::Finished => f.write_str("no longer needed"),
            Self::Idle => f.write_str("idle"),
            Self::Full => f.write_str("no room for more connections"),
            Self::Useless => f.write_str("did not keep its promises"),
            Self::Stopping => f.write_str("stopping"),
        }
    }
}

/// The answering side of one connection.
#[derive(Clone, Debug)]
pub struct Callee {
    hello: Option<Hello>,
    due: Time,
    last: u32,
}

/// What a frame from a dialer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Its first frame.
    Hello(Hello),
    /// A request to be answered exactly once, under its number.
    Request,
    /// The wish not to be sent the rest of an answer.
    Cancel {
        /// Whose answer.
        target: u32,
    },
}

impl Callee {
    /// For a connection accepted at `now`.
    pub fn new(now: Time) -> Self {
        Self { hello: None, due: now + limits::HELLO_TIMEOUT, last: 0 }
    }

    /// When the dialer has to have said hello, if it hasn't yet.
    pub const fn hello_due(&self) -> Option<Time> {
        if self.hello.is_none() { Some(self.due) } else { None }
    }

    /// What the dialer said of itself.
    pub const fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Judges one message.
    ///
    /// # Errors
    /// The [`Fault`] for which to close the connection; for [`Fault::Version`], after `Hello` and
    /// `Refused(Version)` were sent.
    pub const fn admit(&mut self, request: u32, message: &Message) -> Result<Asked, Fault> {
        match (message, &self.hello) {
            (Message::Hello(hello), None) if request == 0 => {
                self.hello = Some(*hello);
                if hello.version == VERSION {
                    Ok(Asked::Hello(*hello))
                } else {
                    Err(Fault::Version(hello.version))
                }
            }
            (Message::Hello(_), _) | (_, None) => Err(Fault::NoHello),
            (Message::Cancel { target }, Some(_)) if request == 0 => Ok(Asked::Cancel { target: *target }),
            (Message::Cancel { .. }, Some(_)) => Err(Fault::OutOfTurn),
            (_, Some(_)) => match message.class() {
                Class::Request if request > self.last => {
                    self.last = request;
                    Ok(Asked::Request)
                }
                Class::Request => Err(Fault::OutOfTurn),
                Class::Answer | Class::Push | Class::Data => Err(Fault::Unexpected),
            },
        }
    }

    /// Takes note of a request of an unknown kind, which has a number like any other.
    ///
    /// # Errors
    /// As [`Callee::admit`].
    pub const fn admit_unknown(&mut self, request: u32) -> Result<(), Fault> {
        if self.hello.is_none() {
            return Err(Fault::NoHello);
        }
        if request <= self.last {
            return Err(Fault::OutOfTurn);
        }
        self.last = request;
        Ok(())
    }
}

/// The asking side of one connection, with a `T` for each request that is still open.
#[derive(Clone, Debug)]
pub struct Caller<T> {
    hello: Option<Hello>,
    due: Time,
    last: u32,
    /// By number, which only grows: few at a time, so a list beats a tree.
    open: Vec<(u32, T)>,
}

/// What a frame from an acceptor is.
#[derive(Debug, PartialEq, Eq)]
pub enum Told<'a, T> {
    /// Its first frame.
    Hello(Hello),
    /// An answer to this open request, which stays open until [`Caller::close`]: a chunk's answer goes on.
    Answer(&'a mut T),
    /// News for the subscription of this number, which the caller looks up itself.
    Push {
        /// The number of the `Test`.
        subscription: u32,
    },
}

impl<T> Caller<T> {
    /// For a connection opened at `now`.
    pub fn new(now: Time) -> Self {
        Self { hello: None, due: now + limits::HELLO_TIMEOUT, last: 0, open: Vec::new() }
    }

    /// When the acceptor has to have said hello, if it hasn't yet.
    pub const fn hello_due(&self) -> Option<Time> {
        if self.hello.is_none() { Some(self.due) } else { None }
    }

    /// What the acceptor said of itself.
    pub const fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Opens a request and numbers it.
    pub fn open(&mut self, what: T) -> u32 {
        self.last = self.last.saturating_add(1);
        self.open.push((self.last, what));
        self.last
    }

    /// The open request of this number.
    pub fn get(&self, request: u32) -> Option<&T> {
        let at = self.place(request)?;
        self.open.get(at).map(|(_, what)| what)
    }

    /// The open request of this number, to change.
    pub fn get_mut(&mut self, request: u32) -> Option<&mut T> {
        let at = self.place(request)?;
        self.open.get_mut(at).map(|(_, what)| what)
    }

    /// Ends a request: its answer is complete.
    pub fn close(&mut self, request: u32) -> Option<T> {
        self.place(request).map(|at| self.open.remove(at).1)
    }

    /// The open requests, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.open.iter().map(|(request, what)| (*request, what))
    }

    /// How many requests are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Is none open?
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Judges one message.
    ///
    /// # Errors
    /// The [`Fault`] for which to close the connection.
    pub fn admit(&mut self, request: u32, message: &Message) -> Result<Told<'_, T>, Fault> {
        match (message, &self.hello) {
            (Message::Hello(hello), None) if request == 0 => {
                self.hello = Some(*hello);
                if hello.version == VERSION {
                    Ok(Told::Hello(*hello))
                } else {
                    Err(Fault::Version(hello.version))
                }
            }
            (Message::Hello(_), _) | (_, None) => Err(Fault::NoHello),
            (Message::Gone(_), Some(_)) if self.place(request).is_none() => self.push(request),
            (_, Some(_)) => match message.class() {
                Class::Answer => self.get_mut(request).map(Told::Answer).ok_or(Fault::OutOfTurn),
                Class::Push => self.push(request),
                Class::Request | Class::Data => Err(Fault::Unexpected),
            },
        }
    }

    /// Where in `open` it is.
    fn place(&self, request: u32) -> Option<usize> {
        self.open.binary_search_by_key(&request, |(number, _)| *number).ok()
    }

    /// A push belongs to a request that was once made.
    const fn push<'a>(&self, subscription: u32) -> Result<Told<'a, T>, Fault> {
        if subscription == 0 || subscription > self.last {
            return Err(Fault::OutOfTurn);
        }
        Ok(Told::Push { subscription })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(version: u16) -> Message {
        Message::Hello(Hello { version, features: 0, node: 1 })
    }

    #[test]
    fn a_callee_wants_hello_first_and_numbers_that_grow() {
        let mut callee = Callee::new(Time::ZERO);
        assert_eq!(callee.admit(1, &Message::Leave), Err(Fault::NoHello));
        assert!(matches!(callee.admit(0, &hello(VERSION)), Ok(Asked::Hello(_))));
        assert_eq!(callee.hello_due(), None);
        assert_eq!(callee.admit(0, &hello(VERSION)), Err(Fault::NoHello));
        assert_eq!(callee.admit(2, &Message::Leave), Ok(Asked::Request));
        assert_eq!(callee.admit(2, &Message::Leave), Err(Fault::OutOfTurn));
        assert_eq!(callee.admit_unknown(2), Err(Fault::OutOfTurn));
        assert_eq!(callee.admit_unknown(3), Ok(()));
        assert_eq!(callee.admit(0, &Message::Cancel { target: 2 }), Ok(Asked::Cancel { target: 2 }));
        assert_eq!(callee.admit(4, &Message::Cancel { target: 2 }), Err(Fault::OutOfTurn));
        assert_eq!(callee.admit(4, &Message::Published), Err(Fault::Unexpected));
        assert_eq!(callee.admit(4, &Message::Gained(alloc::vec![1])), Err(Fault::Unexpected));
    }

    #[test]
    fn a_caller_takes_answers_only_to_what_it_asked() {
        let mut caller = Caller::new(Time::ZERO);
        let first = caller.open("update");
        assert_eq!(caller.admit(first, &Message::Published), Err(Fault::NoHello));
        assert!(matches!(caller.admit(0, &hello(VERSION)), Ok(Told::Hello(_))));
        assert_eq!(caller.admit(first, &Message::Published), Ok(Told::Answer(&mut "update")));
        assert_eq!(caller.close(first), Some("update"));
        assert_eq!(caller.admit(first, &Message::Published), Err(Fault::OutOfTurn));
        assert_eq!(
            caller.admit(first, &Message::Gained(alloc::vec![1])),
            Ok(Told::Push { subscription: first })
        );
        assert_eq!(caller.admit(9, &Message::Gained(alloc::vec![1])), Err(Fault::OutOfTurn));
        assert_eq!(caller.admit(2, &Message::Leave), Err(Fault::Unexpected));
    }

    #[test]
    fn another_version_is_a_fault_of_its_own() {
        assert_eq!(Callee::new(Time::ZERO).admit(0, &hello(9)), Err(Fault::Version(9)));
        assert_eq!(Caller::<()>::new(Time::ZERO).admit(0, &hello(9)), Err(Fault::Version(9)));
    }
}
