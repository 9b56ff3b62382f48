//! The rules of a conversation, as the side that accepted it knows them: the protocol's "Conversations", once more.

use samara::wire::Message;
use samara::wire::frame::Class;
use samara::wire::message::VERSION;
use samara::wire::session::Fault;

/// One accepted connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Talk {
    /// The number of the process at the other end, once it said hello.
    pub(super) token: Option<u64>,
    /// The number of its last request.
    pub(super) last: u32,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A greeting, to be answered with one.
    Hello,
    /// A request, to be answered once.
    Request,
    /// The wish not to be answered.
    Cancel,
    /// A reason to close.
    Fault(Fault),
}

impl Talk {
    /// Hears a message.
    #[expect(clippy::wildcard_enum_match_arm, reason = "they are told apart by their class")]
    pub(super) fn hear(&mut self, request: u32, message: &Message) -> Heard {
        match message {
            Message::Hello(hello) if self.token.is_none() && request == 0 => {
                self.token = Some(hello.node);
                match hello.version {
                    VERSION => Heard::Hello,
                    other => Heard::Fault(Fault::Version(other)),
                }
            }
            Message::Hello(_) => Heard::Fault(Fault::NoHello),
            _ if self.token.is_none() => Heard::Fault(Fault::NoHello),
            Message::Cancel { .. } if request == 0 => Heard::Cancel,
            Message::Cancel { .. } => Heard::Fault(Fault::OutOfTurn),
            other if other.class() != Class::Request => Heard::Fault(Fault::Unexpected),
            _ => self.hear_unknown(request),
        }
    }

    /// Hears a request, be it of a kind that nobody knows.
    pub(super) fn hear_unknown(&mut self, request: u32) -> Heard {
        match self.token {
            None => Heard::Fault(Fault::NoHello),
            Some(_) if request <= self.last => Heard::Fault(Fault::OutOfTurn),
            Some(_) => {
                self.last = request;
                Heard::Request
            }
        }
    }
}
